//! The laws of fixes, held for every example of every card: made in memory, told again, compiled by Python.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::*;
use crate::check::{self, laws_tests::lay_out, laws_tests::look_at_with};
use crate::lang::Language;
use crate::lang::write::parses_as_well;
use crate::rules;
use crate::scan::Overlay;
use crate::text::Source;

/// What `dbguard fix --unsafe` makes of a tree.
pub(super) fn fixed(root: &Path, unsafe_too: bool) -> Patches {
    let (_, policy) = look_at_with(root, &Overlay::new());
    let mut look = |overlay: &Overlay| -> Result<_, Infallible> {
        let (inventory, policy) = look_at_with(root, overlay);
        let report = check::check(&inventory, &policy, &check::Options::default());
        Ok((inventory, report))
    };
    let mut decide =
        |_: &crate::finding::Finding, fix: &crate::finding::Fix, _: &Source| Verdict::by_safety(fix, unsafe_too);
    patches(root, &policy, &Moved::new(), &mut look, &mut decide).unwrap()
}

/// What Python has to say of the files that are patched: they compile as before, and differ only where an edit stands.
pub(super) fn not_the_same_tree(root: &Path, done: &Patches) -> Vec<String> {
    let mut cases = String::new();
    for patch in done.patches.iter().filter(|patch| patch.file.ends_with(".py") && !patch.is_new()) {
        let contents = patch.contents(root).unwrap();
        let text = |bytes: Vec<u8>| Source::new(&*patch.file, bytes).text;
        let edits: Vec<[u32; 2]> = patch.edits().map(|(edit, _)| [edit.span.start, edit.span.end]).collect();
        let (before, after) = (text(contents.before.unwrap_or_default()), text(contents.after));
        let case = serde_json::json!({ "name": &*patch.file, "before": before, "after": after, "edits": edits });
        cases.push_str(&format!("{case}\n"));
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/same_tree.py");
    let mut child = Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(cases.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn every_example_of_every_card_is_fixed_for_good() {
    let mut faults = Vec::new();
    for card in rules::all().iter().map(|rule| &rule.card) {
        let examples = card.examples().unwrap();
        for (number, example) in examples.bad.iter().chain(&examples.good).enumerate() {
            let root = tempfile::tempdir().unwrap();
            lay_out(root.path(), example);
            let done = fixed(root.path(), true);
            let name = format!("{} example {number}", card.id);
            for patch in &done.patches {
                let file = &patch.file;
                let contents = patch.contents(root.path()).unwrap();
                let source = Source::new(&**file, contents.before.clone().unwrap_or_default());
                let after = Source::new(&**file, contents.after.clone());
                let language = if file.ends_with(".py") { Language::Python } else { Language::Other };
                if !parses_as_well(language, &source.text, &after.text) {
                    faults.push(format!("{name}: {file} does not parse:\n{}", after.text));
                }
                if let Some(expected) = example.fixed.get(&**file).filter(|it| **it != after.text) {
                    faults.push(format!("{name}: {file} should be\n{expected}\nand is\n{}", after.text));
                }
            }
            let patched: BTreeSet<&str> = done.patches.iter().map(|patch| &*patch.file).collect();
            for file in example.fixed.keys().filter(|file| !patched.contains(file.as_str())) {
                faults.push(format!("{name}: {file} is not fixed: {:?}", done.left));
            }
            faults.extend(not_the_same_tree(root.path(), &done).into_iter().map(|words| format!("{name}: {words}")));
            save(root.path(), &done.patches).into_iter().for_each(|saved| drop(saved.unwrap()));
            let again = fixed(root.path(), true);
            for patch in again.patches {
                let after = patch.contents(root.path()).unwrap().after;
                let text = String::from_utf8_lossy(&after).into_owned();
                faults.push(format!("{name}: {} is changed again:\n{text}", patch.file));
            }
            if rules::card(card.id).is_some_and(|card| card.fix == rules::Fixable::None) {
                let made = done.patches.iter().flat_map(|patch| &patch.done).filter(|it| it.finding.rule == card.id);
                faults.extend(made.map(|it| format!("{name}: the card has no fix, and {} was made", it.title)));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A fix is never safer than its card says.
#[test]
fn without_leave_only_safe_fixes_are_made() {
    for card in rules::all().iter().map(|rule| &rule.card) {
        let examples = card.examples().unwrap();
        for example in &examples.bad {
            let root = tempfile::tempdir().unwrap();
            lay_out(root.path(), example);
            for done in fixed(root.path(), false).patches.iter().flat_map(|patch| &patch.done) {
                let best = rules::card(&done.finding.rule).unwrap().fix;
                assert_eq!(best, rules::Fixable::Safe, "{}: {}", done.finding.rule, done.title);
            }
        }
    }
}
