//! What the policy says of a database, in one word. Judges no reference.

use crate::policy::{Policy, matches_path};
use crate::scan::Database;

/// What a database is to the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    Primary,
    Specialised,
    Retired,
    External,
    Temporary,
    /// The policy does not speak of it.
    Unknown,
}

impl Standing {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Specialised => "specialised",
            Self::Retired => "retired",
            Self::External => "external",
            Self::Temporary => "temporary",
            Self::Unknown => "unknown",
        }
    }
}

/// What a report is written with besides the inventory: the policy, if there is one, and how much to tell.
#[derive(Debug, Clone, Copy, Default)]
pub struct Opinion<'a> {
    pub policy: Option<&'a Policy>,
    pub verbose: bool,
}

impl Opinion<'_> {
    pub(super) fn policy_file(&self) -> Option<&str> {
        self.policy?.file.as_deref()
    }

    /// `None` without a policy.
    pub(super) fn standing(&self, database: &Database) -> Option<Standing> {
        let policy = self.policy.filter(|policy| policy.file.is_some())?;
        let called = |words: &str| is_called(database, words);
        Some(if policy.primary.as_ref().is_some_and(|primary| called(&primary.path.value)) {
            Standing::Primary
        } else if policy.specialised.iter().any(|entry| called(&entry.path.value)) {
            Standing::Specialised
        } else if policy.retired.iter().any(|entry| called(&entry.path.value)) {
            Standing::Retired
        } else if policy.external.iter().any(|entry| called(&entry.path.value)) {
            Standing::External
        } else if database.temporary {
            Standing::Temporary
        } else {
            Standing::Unknown
        })
    }
}

/// Whether the policy means this database by its words.
pub(super) fn is_called(database: &Database, words: &str) -> bool {
    !words.is_empty()
        && std::iter::once(&database.path).chain(&database.spellings).any(|path| matches_path(words, path))
}
