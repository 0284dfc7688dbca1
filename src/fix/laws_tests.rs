//! The laws of fixes, held for every example of every card: made in memory, told again, compiled by Python.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::process::Command;

use super::*;
use crate::check::{self, laws_tests::lay_out, laws_tests::look_at_with};
use crate::lang::Language;
use crate::lang::write::parses_as_well;
use crate::rules;
use crate::scan::Overlay;
use crate::text::{Source, apply};

/// What `dbguard fix --unsafe` makes of a tree.
fn fixed(root: &std::path::Path, unsafe_too: bool) -> Patches {
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

fn compiles(text: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.py");
    #[expect(clippy::disallowed_methods, reason = "the test makes the file it looks at")]
    std::fs::write(&file, text).unwrap();
    let program = "import sys; compile(open(sys.argv[1], 'rb').read(), 'it.py', 'exec')";
    Command::new("python3").args(["-W", "ignore", "-c", program]).arg(&file).output().unwrap().status.success()
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
                let after = Source::new(&**file, patch.after.clone());
                if apply(&patch.source.text, &patch.edits).as_deref() != Ok(&after.text) {
                    faults.push(format!("{name}: the edits of {file} do not give its new text"));
                }
                let language = if file.ends_with(".py") { Language::Python } else { Language::Other };
                if !parses_as_well(language, &patch.source.text, &after.text) {
                    faults.push(format!("{name}: {file} does not parse:\n{}", after.text));
                }
                let before = patch.before.clone().unwrap_or_default();
                if file.ends_with(".py") && compiles(&before) && !compiles(&patch.after) {
                    faults.push(format!("{name}: {file} does not compile:\n{}", after.text));
                }
                if let Some(expected) = example.fixed.get(&**file).filter(|it| **it != after.text) {
                    faults.push(format!("{name}: {file} should be\n{expected}\nand is\n{}", after.text));
                }
            }
            let patched: BTreeSet<&str> = done.patches.iter().map(|patch| &*patch.file).collect();
            for file in example.fixed.keys().filter(|file| !patched.contains(file.as_str())) {
                faults.push(format!("{name}: {file} is not fixed: {:?}", done.left));
            }
            for patch in &done.patches {
                save(root.path(), patch).unwrap();
            }
            let again = fixed(root.path(), true);
            for patch in again.patches {
                let text = String::from_utf8_lossy(&patch.after).into_owned();
                faults.push(format!("{name}: {} is changed again:\n{text}", patch.file));
            }
            if rules::card(card.id).is_some_and(|card| card.fix == rules::Fixable::None) {
                let made = done.patches.iter().flat_map(|patch| &patch.done).filter(|it| it.finding.rule == card.id);
                faults.extend(made.map(|it| format!("{name}: the card has no fix, and {} was made", it.fix.title)));
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
                assert_eq!(best, rules::Fixable::Safe, "{}: {}", done.finding.rule, done.fix.title);
            }
        }
    }
}
