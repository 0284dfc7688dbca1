//! What is said when something cannot be done: a title, what happened, what to do next.

use std::io;
use std::path::Path;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    Clean = 0,
    Findings = 1,
    /// The command line or the policy is wrong.
    Usage = 2,
    /// It could not be done.
    Failed = 3,
}

/// Why a command ends early.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) title: String,
    pub(crate) happened: String,
    pub(crate) next: String,
    pub(crate) exit: Exit,
}

impl Failure {
    pub(crate) fn usage(title: impl Into<String>, happened: impl Into<String>, next: impl Into<String>) -> Self {
        Self { title: title.into(), happened: happened.into(), next: next.into(), exit: Exit::Usage }
    }

    pub(crate) fn failed(title: impl Into<String>, happened: impl Into<String>, next: impl Into<String>) -> Self {
        Self { title: title.into(), happened: happened.into(), next: next.into(), exit: Exit::Failed }
    }

    /// A file that could not be written.
    pub(crate) fn unwritten(path: &Path, error: &io::Error) -> Self {
        Self::failed(
            "could not write a file",
            format!("{}: {error}", path.display()),
            "look at its folder and at your rights there, or name another file",
        )
    }

    /// Standard output or error that cannot be written to, for another reason than a reader that went away.
    pub(crate) fn output(error: &io::Error) -> Self {
        Self::failed("could not write the report", error.to_string(), "look at where the output goes: a full disk?")
    }
}
