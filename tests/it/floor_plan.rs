//! The house keeps to its plan: who may import whom, and what each file begins with.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room with what it may import. `docs/design.md` gives the reasons.
const ROOMS: [(&str, &[&str]); 14] = [
    ("text", &[]),
    ("finding", &["text"]),
    ("tree", &["text"]),
    ("db", &[]),
    ("lang", &["text", "finding"]),
    ("scan", &["text", "tree", "db", "lang"]),
    ("policy", &["text", "finding", "tree", "db", "lang", "scan"]),
    ("rules", &["text", "finding", "tree", "db", "lang", "scan", "policy"]),
    ("check", &["text", "finding", "tree", "db", "lang", "scan", "policy", "rules"]),
    ("fix", &["text", "finding", "lang", "scan", "policy", "rules", "check"]),
    ("migrate", &["text", "finding", "db", "policy", "fix"]),
    ("docs", &["db", "lang", "scan", "migrate"]),
    (
        "output",
        &["text", "finding", "tree", "db", "lang", "scan", "policy", "rules", "check", "fix", "migrate", "docs"],
    ),
    (
        "cli",
        &[
            "text", "finding", "tree", "db", "lang", "scan", "policy", "rules", "check", "fix", "migrate", "docs",
            "output",
        ],
    ),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The rooms that a text imports: the first name after each `crate::`, each name of a group after it.
fn imports(text: &str) -> BTreeSet<String> {
    let code: String = text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n");
    let mut rooms = BTreeSet::new();
    for (at, found) in code.match_indices("crate::") {
        if code[..at].chars().next_back().is_some_and(|before| before.is_alphanumeric() || "_$".contains(before)) {
            continue;
        }
        let rest = code[at + found.len()..].trim_start();
        if let Some(group) = rest.strip_prefix('{') {
            rooms.extend(names_of_group(group));
        } else {
            rooms.insert(name(rest));
        }
    }
    rooms
}

/// The first name of each path in `a, b::{c, d}, e}`: what stands at depth one.
fn names_of_group(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 1;
    let mut start = 0;
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => {
                names.push(name(group[start..at].trim()));
                start = at + 1;
            }
            _ => {}
        }
        if depth == 0 {
            names.push(name(group[start..at].trim()));
            break;
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn name(path: &str) -> String {
    path.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

#[test]
fn imports_are_read_in_every_form() {
    let text = "use crate::text::Place;\nuse crate::{db, lang::{Value, Role},\n    scan as s};\n\
                let x = crate::policy::load(); // crate::cli\n$crate::no; mycrate::no::x();";
    assert_eq!(imports(text).into_iter().collect::<Vec<_>>(), ["db", "lang", "policy", "scan", "text"]);
}

#[test]
fn imports_only_go_up_the_table() {
    for path in sources() {
        let relative = path.strip_prefix(root().join("src")).unwrap();
        let room = relative.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        if ["lib", "main"].contains(&room) {
            continue;
        }
        let (_, allowed) = ROOMS
            .iter()
            .find(|(known, _)| *known == room)
            .unwrap_or_else(|| panic!("src/{room} is on no floor plan: add it to ROOMS and to docs/design.md"));
        for import in imports(&fs::read_to_string(&path).unwrap()) {
            assert!(
                import == room || allowed.contains(&import.as_str()),
                "src/{} imports crate::{import}, which `{room}` may not",
                relative.display()
            );
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} does not begin with what it is for", path.display());
    }
}

#[test]
fn no_room_is_a_lumber_room() {
    for path in sources() {
        for part in path.strip_prefix(root()).unwrap().components() {
            let name = part.as_os_str().to_str().unwrap().trim_end_matches(".rs");
            assert!(!["utils", "util", "helpers", "helper", "common", "misc"].contains(&name), "{}", path.display());
        }
    }
}

#[test]
fn main_is_a_door_and_nothing_more() {
    let lines = fs::read_to_string(root().join("src/main.rs")).unwrap().lines().count();
    assert!(lines <= 20, "src/main.rs has {lines} lines");
}
