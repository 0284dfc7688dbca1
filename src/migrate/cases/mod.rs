//! The cases that real databases bring, each a test: parts A and B of the list of cases, by their numbers; and the tricks of
//! merges made by hand, each of which the proofs must catch.

mod aliases;
mod conflicts;
mod constraints;
mod keys;
mod random;
mod schema;
mod tricks;
mod values;

/// Every case of the list has a test that names its number: parts A (1 to 18) and B (1 to 41).
#[test]
fn each_case_is_named_by_a_test() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = std::collections::BTreeSet::new();
    let mut folders = vec![root.join("src/migrate"), root.join("tests/it")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            for pair in lines.windows(2).filter(|pair| pair[0].trim() == "#[test]") {
                let name = pair[1].trim().trim_start_matches("fn ").split('(').next().unwrap();
                let words: Vec<&str> = name.split('_').collect();
                for (at, word) in words.iter().enumerate() {
                    let number = |word: &str| word.get(1..).and_then(|digits| digits.parse::<u32>().ok());
                    let Some(first) = number(word) else { continue };
                    let to = words.get(at + 1) == Some(&"to");
                    let last = words.get(at + 2).and_then(|word| number(word)).filter(|_| to).unwrap_or(first);
                    named.extend((first..=last).map(|number| format!("{}{number}", &word[..1])));
                }
            }
        }
    }
    let all = (1..=18).map(|n| format!("a{n}")).chain((1..=41).map(|n| format!("b{n}")));
    let missing: Vec<String> = all.filter(|case| !named.contains(case)).collect();
    assert!(missing.is_empty(), "no test names {missing:?}");
}
