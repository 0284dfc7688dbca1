//! The laws of the rules, held for every card: its examples are laid out as real trees with real databases, and checked.

use std::path::Path;
use std::process::Command;

use super::*;
use crate::lang::program::WrapperOpener;
use crate::policy::{Argument, Globs, Moves, parse};
use crate::rules::Example;
use crate::scan::{self, scan};
use crate::text::{Place, Source};

const BASELINE: &str = ".dbguard-baseline.toml";

/// Lays an example out in a folder of its own.
#[expect(clippy::disallowed_methods, reason = "the test makes the files and databases it looks at")]
pub(crate) fn lay_out(root: &Path, example: &Example) {
    for (path, text) in &example.files {
        let file = root.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let database = [".db", ".sqlite", ".sqlite3"].iter().any(|ending| path.ends_with(ending));
        if database && !text.is_empty() {
            rusqlite::Connection::open(&file).unwrap().execute_batch(text).unwrap();
        } else {
            std::fs::write(&file, text).unwrap();
        }
    }
    if !example.tracked.is_empty() {
        let git = |arguments: &[&str]| {
            let done = Command::new("git")
                .args(arguments)
                .current_dir(root)
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .env("GIT_CONFIG_SYSTEM", "/dev/null")
                .env_remove("GIT_DIR")
                .env_remove("GIT_INDEX_FILE")
                .output()
                .unwrap();
            assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        };
        git(&["init", "-q"]);
        let tracked: Vec<&str> =
            ["add", "-f", "--"].into_iter().chain(example.tracked.iter().map(String::as_str)).collect();
        git(&tracked);
    }
}

/// What `dbguard check` does with a folder.
pub(in crate::check) fn look_at(root: &Path) -> (Inventory, Policy) {
    look_at_with(root, &scan::Overlay::new())
}

/// The same, with some files replaced.
pub(crate) fn look_at_with(root: &Path, overlay: &scan::Overlay) -> (Inventory, Policy) {
    let policy = ["dbguard.toml", "pyproject.toml"]
        .iter()
        .find_map(|name| Some(parse(&Source::new(*name, std::fs::read(root.join(name)).ok()?))))
        .unwrap_or_default();
    let openers = policy.python.openers.iter().map(|opener| WrapperOpener {
        function: opener.value.function.clone(),
        position: match opener.value.argument {
            Argument::Position(position) => Some(position),
            Argument::Keyword(_) => None,
        },
        keyword: match &opener.value.argument {
            Argument::Keyword(keyword) => Some(keyword.clone()),
            Argument::Position(_) => None,
        },
    });
    let options = scan::Options {
        tests: Some(Globs::of(&policy.places.tests).into_set()),
        mounts: policy.mounts.iter().map(|(from, to)| (from.value.clone(), to.clone())).collect(),
        openers: openers.collect(),
        tables: Moves::of(&policy).iter().map(|own| own.from.table.clone()).collect(),
        threads: 1,
        overlay: overlay.clone(),
        ..scan::Options::default()
    };
    (scan(root, &options).unwrap(), policy)
}

/// The text a finding underlines, or its file where it speaks of that as a whole.
fn underlined(root: &Path, place: &Place) -> String {
    if place.span.is_empty() {
        return place.file.to_string();
    }
    let source = Source::new(&*place.file, std::fs::read(root.join(&*place.file)).unwrap());
    source.slice(place.span).to_owned()
}

fn findings_of(example: &Example) -> Vec<(String, String, String)> {
    let root = tempfile::tempdir().unwrap();
    lay_out(root.path(), example);
    let (inventory, policy) = look_at(root.path());
    let mut report = check(&inventory, &policy, &Options::default());
    if let Some(text) = example.files.get(BASELINE) {
        let baseline = parse_baseline(&Source::new(BASELINE, text.clone().into_bytes())).unwrap();
        let present = Present {
            inventory: &inventory,
            policy: &policy,
            options: &Options::default(),
            renames: &BTreeMap::new(),
            today: (2026, 1, 1),
            whole: true,
            already: BTreeMap::new(),
        };
        let mut lookup = |file: &str| Some(Source::new(file, std::fs::read(root.path().join(file)).ok()?));
        let mut prints = fingerprints(&report.findings, &inventory, &mut lookup);
        baseline.accept(&mut report, &mut prints, &present);
        assert_eq!(prints.len(), report.findings.len());
    }
    let line = |it: &Finding| (it.rule.clone(), underlined(root.path(), &it.place), it.message.to_string());
    report.findings.iter().map(line).collect()
}

#[test]
fn bad_examples_give_their_flags_and_good_ones_nothing() {
    let mut faults = Vec::new();
    for card in rules::all().iter().map(|rule| &rule.card) {
        let examples = card.examples().unwrap();
        for (number, example) in examples.bad.iter().enumerate() {
            let found = findings_of(example);
            let mut flagged: Vec<&str> =
                found.iter().filter(|(rule, _, _)| rule == card.id).map(|(_, text, _)| text.as_str()).collect();
            flagged.sort_unstable();
            let mut flags: Vec<&str> = example.flags.iter().map(String::as_str).collect();
            flags.sort_unstable();
            if flagged != flags {
                faults.push(format!("{} bad {number}: expected {flags:?}, found {found:#?}", card.id));
            }
        }
        for (number, example) in examples.good.iter().enumerate() {
            let found = findings_of(example);
            if !found.is_empty() {
                faults.push(format!("{} good {number}: {found:#?}", card.id));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Every hole of a card is filled, and every label and case that a judgement uses is on its card.
#[test]
fn every_hole_is_filled() {
    for card in rules::all().iter().map(|rule| &rule.card) {
        let examples = card.examples().unwrap();
        for example in examples.bad.iter().chain(&examples.good) {
            let root = tempfile::tempdir().unwrap();
            lay_out(root.path(), example);
            let (inventory, policy) = look_at(root.path());
            let applied = Applied::new(&inventory, &policy);
            let mut findings = Vec::new();
            for rule in rules::all() {
                let mut sink = Sink::new(&rule.card, rule.card.severity, &inventory, &mut findings);
                (rule.judge)(&inventory, &applied, &mut sink);
                assert_eq!(sink.faults, Vec::<String>::new());
            }
        }
    }
}
