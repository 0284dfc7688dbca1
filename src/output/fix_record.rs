//! What `fix` says to programs, version 1: each file with its edits in the text as it was, and what stays.
//!
//! `docs/schema/fix-v1.schema.json` is made from these types; a field may be added to version 1, never renamed or dropped.

use serde::Serialize;

use super::check_record::Finding;
use super::each::Each;
use super::scan_record::Where;
use crate::finding::Safety;
use crate::fix::{Left, Patch, Patches};

/// Edits of files, and the findings that stay.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "dbguard fix, version 1"))]
pub(super) struct Run<'a> {
    /// Always 1.
    pub(super) version: u32,
    /// The dbguard that wrote this.
    pub(super) dbguard: &'static str,
    /// The policy file, where there is one.
    pub(super) policy: Option<String>,
    /// The files were written; with `--diff` they were not.
    pub(super) written: bool,
    pub(super) summary: Summary,
    /// Files that change, in order of their path.
    #[cfg_attr(test, schemars(with = "Vec<File>"))]
    pub(super) files: Each<'a, Patch, File>,
    /// Findings that stay.
    #[cfg_attr(test, schemars(with = "Vec<Stays>"))]
    pub(super) left: Each<'a, Left, Stays>,
    /// Files that could not be written, and were left as they were.
    pub(super) unsaved: Vec<Unsaved>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Summary {
    pub(super) files: usize,
    pub(super) fixes: usize,
    pub(super) edits: usize,
    pub(super) left: usize,
    /// Of those that stay, how many `--unsafe` would fix.
    pub(super) unsafe_left: usize,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct File {
    /// Relative to the root, separated by `/`.
    pub(super) file: String,
    /// All edits together, in order of place; they do not overlap.
    pub(super) edits: Vec<Edit>,
    pub(super) fixes: Vec<Fix>,
}

/// What is put in the place of what. Bytes count in the file's text as UTF-8, without a byte-order mark.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Edit {
    #[serde(flatten)]
    pub(super) place: Where,
    pub(super) start_byte: u32,
    /// Exclusive.
    pub(super) end_byte: u32,
    pub(super) text: String,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Fix {
    #[serde(flatten)]
    pub(super) place: Where,
    pub(super) rule: String,
    /// What it changes.
    pub(super) title: String,
    pub(super) safety: Safety,
    /// Why it is safe, or why it is not.
    pub(super) why: String,
}

/// A finding that stays.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Stays {
    pub(super) finding: Finding,
    /// Why it is not fixed, where its rule knows a remedy.
    pub(super) reason: Option<String>,
    /// The safety of the fix that was not asked for.
    pub(super) needs: Option<Safety>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Unsaved {
    pub(super) file: String,
    pub(super) reason: String,
}

impl Summary {
    pub(super) fn of(patches: &Patches) -> Self {
        Self {
            files: patches.patches.len(),
            fixes: patches.patches.iter().map(|patch| patch.done.len()).sum(),
            edits: patches.patches.iter().map(|patch| patch.edits().len()).sum(),
            left: patches.left.len(),
            unsafe_left: patches.left.iter().filter(|left| left.needs.is_some()).count(),
        }
    }
}

impl File {
    pub(super) fn of(patch: &Patch) -> Self {
        let edit = |(edit, place): (&crate::text::Edit, &crate::text::Place)| Edit {
            place: Where::of(place),
            start_byte: edit.span.start,
            end_byte: edit.span.end,
            text: edit.text.clone(),
        };
        let fix = |done: &crate::fix::Done| Fix {
            place: Where::of(&done.finding.place),
            rule: done.finding.rule.clone(),
            title: done.title.clone(),
            safety: done.safety,
            why: done.why.clone(),
        };
        Self {
            file: patch.file.to_string(),
            edits: patch.edits().map(edit).collect(),
            fixes: patch.done.iter().map(fix).collect(),
        }
    }
}

impl Stays {
    pub(super) fn of(left: &Left) -> Self {
        Self { finding: Finding::of(&left.finding, None), reason: left.reason.clone(), needs: left.needs }
    }
}
