//! Changes as tables of text: the place stands between `‹` and `›`. For tests only.

use super::{Access, Change, Written, parses_as_well, write};
use crate::finding::Declared;
use crate::lang::Language;
use crate::text::{Source, Span, apply};

/// The text after the path at the mark is read from `DATABASE_PATH`, or why it is not.
#[track_caller]
pub(in crate::lang) fn environment(path: &str, language: Language, marked: &str) -> String {
    defaulted(path, language, marked, "/app/data/zoe.db")
}

/// The same with another path to fall back to.
#[track_caller]
pub(in crate::lang) fn defaulted(path: &str, language: Language, marked: &str, default: &str) -> String {
    let access = Access { template: "os.environ.get(\"{env}\", \"{path}\")".to_owned(), import: None };
    let env = "DATABASE_PATH";
    changed(path, language, marked, |at| Change::UseEnvironment {
        at,
        env,
        default,
        access: &access,
        keep: crate::lang::write::Keep::Whole,
        value: "",
    })
}

/// The text after the path at the mark is `/app/data/zoe.db`, or why it is not.
#[track_caller]
pub(in crate::lang) fn retargeted(path: &str, language: Language, marked: &str) -> String {
    changed(path, language, marked, |at| Change::Retarget { at, path: "/app/data/zoe.db" })
}

/// The text after the value at the mark is `value`, or why it is not.
#[track_caller]
pub(in crate::lang) fn valued(path: &str, language: Language, marked: &str, value: &str) -> String {
    changed(path, language, marked, |at| Change::SetValue { at, value })
}

/// The text after the variable `from` at the mark is `DATABASE_PATH`, or why it is not.
#[track_caller]
pub(in crate::lang) fn renamed(path: &str, language: Language, marked: &str, from: &str) -> String {
    changed(path, language, marked, |at| Change::RenameVariable { at, from, to: "DATABASE_PATH" })
}

#[track_caller]
fn changed<'a>(path: &str, language: Language, marked: &str, change: impl Fn(Span) -> Change<'a>) -> String {
    let (before, rest) = marked.split_once('‹').unwrap();
    let (place, after) = rest.split_once('›').unwrap();
    let source = Source::new(path, format!("{before}{place}{after}").into_bytes());
    let at = Span::new(before.len(), before.len() + place.len());
    match only(write(&source, language, &[change(at)])) {
        Ok(edits) => {
            let changed = apply(&source.text, &edits).unwrap();
            assert!(parses_as_well(language, &source.text, &changed), "{changed}");
            changed
        }
        Err(refusal) => format!("refused: {}", refusal.0),
    }
}

fn only(written: Vec<Written>) -> Written {
    assert_eq!(written.len(), 1);
    written.into_iter().next().unwrap()
}

/// Whatever the text and the place: no panic, and edits that can be made.
pub(in crate::lang) fn sound(path: &str, language: Language, text: &str, from: usize, length: usize) {
    let source = Source::new(path, text.as_bytes().to_vec());
    let at = Span::new(from, from + length);
    let access = Access { template: "f(\"{env}\", \"{path}\")".to_owned(), import: None };
    let (env, default) = ("DATABASE_PATH", "/app/data/zoe.db");
    let changes = [
        Change::UseEnvironment { at, env, default, access: &access, keep: crate::lang::write::Keep::Whole, value: "" },
        Change::Retarget { at, path: default },
        Change::RenameVariable { at, from: "DATABASE_PATH", to: "X" },
        Change::SetValue { at, value: default },
        Change::DeclareTable { at, to: "people", how: &Declared::Meta { base: Some("Base".into()) } },
        Change::DeclareTable { at, to: "people", how: &Declared::Options },
        Change::DeclareTable { at, to: "people", how: &Declared::Argument { keyword: "db_table".into(), value: None } },
    ];
    for change in changes {
        if let Ok(edits) = only(write(&source, language, &[change])) {
            assert!(apply(&source.text, &edits).is_ok(), "{edits:?}");
        }
    }
}
