//! Fingerprints of findings: the underlined text comes from a lookup, the function around it from the facts. Reads no file.

use std::sync::Arc;

use crate::finding::{Finding, Fingerprint};
use crate::scan::{Inventory, Linked};
use crate::text::{Place, Source};

/// The fingerprint of each finding, in their order.
///
/// `lookup` gives a source by its path relative to the root: from disk, from git's index, from a commit. It is asked once
/// for each run of findings in one file.
#[must_use]
pub fn fingerprints(
    findings: &[Finding],
    inventory: &Inventory,
    lookup: &mut dyn FnMut(&str) -> Option<Source>,
) -> Vec<Fingerprint> {
    let mut open: Option<(Arc<str>, Option<Source>)> = None;
    let mut found = Vec::with_capacity(findings.len());
    for finding in findings {
        let place = &finding.place;
        let (mut snippet, mut around) = ("", None);
        if !place.span.is_empty() {
            if open.as_ref().is_none_or(|(file, _)| *file != place.file) {
                open = Some((Arc::clone(&place.file), lookup(&place.file)));
            }
            if let Some((_, Some(source))) = &open {
                snippet = source.slice(place.span);
            }
            around = symbol(inventory, place);
        }
        found.push(Fingerprint::of(finding, snippet, around));
    }
    found
}

/// The function around a place: that of the smallest fact that holds it, or lies in it.
fn symbol<'a>(inventory: &'a Inventory, place: &Place) -> Option<&'a str> {
    let references = of_file(&inventory.references, &place.file, |it| &it.place).map(|it| (&it.place, &it.symbol));
    let table_uses = of_file(&inventory.table_uses, &place.file, |it| &it.place).map(|it| (&it.place, &it.symbol));
    let statements = of_file(&inventory.statements, &place.file, |it| &it.place).map(|it| (&it.place, &it.symbol));
    references
        .chain(table_uses)
        .chain(statements)
        .map(|(own, symbol)| (own.span, symbol.as_deref()))
        .filter(|(span, _)| span.contains(place.span) || place.span.contains(*span))
        .min_by_key(|(span, symbol)| {
            (span.end.abs_diff(place.span.end) + span.start.abs_diff(place.span.start), *symbol)
        })?
        .1
}

/// What stands in a file, of facts in the order of their places.
fn of_file<'a, T>(facts: &'a [Linked<T>], file: &str, place: fn(&T) -> &Place) -> impl Iterator<Item = &'a T> {
    let start = facts.partition_point(|it| *place(&it.fact).file < *file);
    let rest = facts.get(start..).unwrap_or_default();
    let end = rest.partition_point(|it| *place(&it.fact).file == *file);
    rest.get(..end).unwrap_or_default().iter().map(|it| &it.fact)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test lays out its own folder")]
mod tests {
    use super::*;
    use crate::check::{Options, check, laws_tests::look_at};

    const POLICY: &str =
        "[primary]\npath = 'data/app.db'\n[[retired]]\npath = 'zoe.db'\n[[retired]]\npath = 'auth.db'\n";
    const CODE: &str = "import sqlite3\n\n\ndef login():\n    return sqlite3.connect('data/zoe.db')\n";

    /// Line and fingerprint of each finding about a retired database.
    fn read(files: &[(&str, &str)], database: Option<&str>) -> Vec<(u32, Fingerprint)> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files.iter().chain(&[("dbguard.toml", POLICY)]) {
            std::fs::write(root.path().join(path), text).unwrap();
        }
        if let Some(path) = database {
            std::fs::create_dir_all(root.path().join(path).parent().unwrap()).unwrap();
            rusqlite::Connection::open(root.path().join(path)).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        }
        let (inventory, policy) = look_at(root.path());
        let report = check(&inventory, &policy, &Options::default());
        let mut lookup = |file: &str| std::fs::read(root.path().join(file)).ok().map(|bytes| Source::new(file, bytes));
        let found = fingerprints(&report.findings, &inventory, &mut lookup);
        let retired = report.findings.iter().zip(found).filter(|(finding, _)| finding.rule == "forbidden-database");
        retired.map(|(finding, fingerprint)| (finding.place.start.line, fingerprint)).collect()
    }

    #[test]
    fn a_finding_is_told_by_what_it_says_and_not_by_where_it_stands() {
        let before = read(&[("app.py", CODE)], None);
        assert_eq!((before.len(), before[0].0), (1, 5));
        for (what, file, code, same) in [
            ("lines above it", "app.py", CODE.replace("import sqlite3\n", "import os\nimport sqlite3\n\n\n"), true),
            ("another indentation", "app.py", CODE.replace("    return ", "  conn = "), true),
            ("another kind of quote", "app.py", CODE.replace('\'', "\""), true),
            ("a renamed file", "login.py", CODE.to_owned(), true),
            ("another retired database", "app.py", CODE.replace("zoe.db", "auth.db"), false),
            ("another path to it", "app.py", CODE.replace("data/zoe.db", "old/zoe.db"), false),
            ("another function", "app.py", CODE.replace("login", "register"), false),
        ] {
            let after = read(&[(file, &code)], None);
            assert_eq!(after.len(), 1, "{what}");
            assert_eq!(after[0].1 == before[0].1, same, "{what}");
        }
    }

    #[test]
    fn whether_the_database_is_there_changes_nothing() {
        assert_eq!(read(&[("app.py", CODE)], Some("data/zoe.db")), read(&[("app.py", CODE)], None));
    }

    #[test]
    fn the_same_words_twice_in_one_function_are_one_fingerprint_twice() {
        let twice = format!("{CODE}    sqlite3.connect('data/zoe.db')\n");
        let found = read(&[("app.py", &twice)], None);
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [5, 6]);
        assert_eq!(found[0].1, found[1].1);
        assert_eq!(found[0].1.as_str().len(), 32);
    }
}
