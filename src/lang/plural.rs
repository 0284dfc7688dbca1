//! English plurals, as mappers make names of tables from those of models: more of them than are right, so that no table is missed.
//! Knows no table.

use std::collections::BTreeSet;

/// How a word may end, and how its plural ends then. Data.
const ENDINGS: [(&str, &str); 19] = [
    ("", ""),
    ("", "s"),
    ("", "es"),
    ("y", "ies"),
    ("f", "ves"),
    ("fe", "ves"),
    ("um", "a"),
    ("on", "a"),
    ("is", "es"),
    ("us", "i"),
    ("ix", "ices"),
    ("ex", "ices"),
    ("z", "zzes"),
    ("person", "people"),
    ("child", "children"),
    ("man", "men"),
    ("mouse", "mice"),
    ("foot", "feet"),
    ("tooth", "teeth"),
];

/// What the plural of a name can be, itself included: `books` and `bookes` for `book`.
#[must_use]
pub fn plurals(name: &str) -> BTreeSet<String> {
    ENDINGS.iter().filter_map(|(one, many)| exchanged(name, one, many)).collect()
}

/// What a name can be the plural of, itself included.
#[must_use]
pub fn singulars(name: &str) -> BTreeSet<String> {
    ENDINGS.iter().filter_map(|(one, many)| exchanged(name, many, one)).collect()
}

fn exchanged(name: &str, old: &str, new: &str) -> Option<String> {
    let at = name.len().checked_sub(old.len())?;
    let ending = name.get(at..)?;
    ending.eq_ignore_ascii_case(old).then(|| format!("{}{new}", name.get(..at).unwrap_or("")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_and_its_table_find_each_other() {
        for (one, many) in [
            ("book", "books"),
            ("series", "series"),
            ("mediaProgress", "mediaProgresses"),
            ("Library", "Libraries"),
            ("salesPerson", "salespeople"),
            ("shelf", "shelves"),
            ("medium", "media"),
            ("analysis", "analyses"),
            ("index", "indices"),
            ("quiz", "quizzes"),
        ] {
            let has = |found: BTreeSet<String>, name: &str| found.iter().any(|own| own.eq_ignore_ascii_case(name));
            assert!(has(plurals(one), many), "{one}");
            assert!(has(singulars(many), one), "{many}");
        }
        assert!(!plurals("book").contains("booksy"));
    }
}
