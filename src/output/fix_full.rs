//! `fix` for people: what was changed in each file and why, what stays and why.

use std::io::{self, Write};

use super::Fixed;
use super::fix_left::fix_left;
use super::look::{BAD, CAUTION, GOOD, HEADING, Look, NAME, count, escape};
use crate::finding::Safety;
use crate::fix::DECLINED;

/// Writes each file with its fixes, then what stays with the reasons.
pub fn fix_full(fixed: &Fixed<'_>, verbose: bool, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    for patch in &fixed.patches.patches {
        if fixed.unsaved.iter().any(|unsaved| *unsaved.file == *patch.file) {
            continue;
        }
        let edits = count(patch.edits().len(), "edit", "edits");
        writeln!(out, "{}  {edits}", look.paint(HEADING, &escape(&patch.file)))?;
        for done in &patch.done {
            let start = done.finding.place.start;
            let (line, column) = (start.line, start.column);
            let safety = match done.safety {
                Safety::Safe => String::new(),
                Safety::Unsafe => format!(" {}", look.paint(CAUTION, "unsafe")),
            };
            writeln!(
                out,
                "  {line}:{column}  {} [{}]{safety}: {}",
                escape(&done.title),
                look.paint(NAME, &done.finding.rule),
                escape(&done.why)
            )?;
        }
    }
    for unsaved in fixed.unsaved {
        writeln!(
            out,
            "{}: {}: {}",
            look.paint(BAD, "not written"),
            look.paint(HEADING, &escape(&unsaved.file)),
            escape(&unsaved.reason)
        )?;
    }
    fix_left(&fixed.patches.left, verbose, look, out)
}

/// `Fixed 12 findings in 5 files. 3 stay: 2 could be fixed with --unsafe, 1 needs a person.`
#[must_use]
pub fn fix_verdict(fixed: &Fixed<'_>, look: &Look) -> String {
    let patches = &fixed.patches.patches;
    let made = patches.iter().filter(|patch| !fixed.unsaved.iter().any(|it| *it.file == *patch.file));
    let (files, fixes) = made.fold((0, 0), |(files, fixes), patch| (files + 1, fixes + patch.done.len()));
    let verb = if fixed.written { "Fixed" } else { "Would fix" };
    let mut words = match fixes {
        0 if fixed.written => "Nothing was fixed.".to_owned(),
        0 => "Nothing would be fixed.".to_owned(),
        fixes => format!("{verb} {} in {}.", count(fixes, "finding", "findings"), count(files, "file", "files")),
    };
    let left = &fixed.patches.left;
    if left.is_empty() && fixed.unsaved.is_empty() {
        return look.paint(GOOD, &if fixes == 0 { "Nothing to fix.".to_owned() } else { words });
    }
    let unsafe_left = left.iter().filter(|left| left.needs.is_some()).count();
    let declined = left.iter().filter(|left| left.reason.as_deref() == Some(DECLINED)).count();
    let refused = left.iter().filter(|left| left.reason.is_some()).count() - declined;
    let others = left.len() - unsafe_left - refused - declined;
    let parts: Vec<String> = [
        (unsafe_left, "that --unsafe would fix"),
        (declined, "that you left"),
        (refused, "that cannot be rewritten"),
        (others, if others == 1 { "that needs a person" } else { "that need a person" }),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, words)| format!("{number} {words}"))
    .collect();
    if !left.is_empty() {
        words.push_str(&format!(" {}: {}.", count(left.len(), "finding stays", "findings stay"), parts.join(", ")));
    }
    look.paint(HEADING, &words)
}
