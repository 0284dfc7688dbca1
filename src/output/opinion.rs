//! What a scan is shown with besides its facts: what the policy says of each database, and how much to tell.

use crate::rules::{Applied, Standing};
use crate::scan::DatabaseId;

/// The policy as it applies to the inventory, if there is one.
#[derive(Clone, Copy, Default)]
pub struct Opinion<'a> {
    pub applied: Option<&'a Applied<'a>>,
    /// Tell also what is left out by design.
    pub verbose: bool,
}

impl Opinion<'_> {
    pub(super) fn policy_file(&self) -> Option<&str> {
        self.applied?.file.as_deref()
    }

    /// `None` without a policy.
    pub(super) fn standing(&self, id: DatabaseId) -> Option<Standing> {
        self.applied.filter(|applied| applied.is_there()).map(|applied| applied.standing(id))
    }

    /// What the policy says, for people: `primary (DATABASE_PATH)`.
    pub(super) fn says(&self, standing: Standing) -> String {
        let more = self.applied.and_then(|applied| match standing {
            Standing::Primary => {
                let primary = applied.primary.as_ref()?;
                Some(primary.url_env.as_ref().unwrap_or(&primary.env).value.clone())
            }
            Standing::Specialised(entry) => Some(applied.specialised.get(entry)?.env.as_ref()?.value.clone()),
            Standing::External(entry) => applied.external.get(entry)?.owner.clone(),
            _ => None,
        });
        match more {
            Some(more) if !more.is_empty() => format!("{} ({more})", word(standing)),
            _ => word(standing).to_owned(),
        }
    }
}

/// A standing as every format names it.
pub(super) fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Primary => "primary",
        Standing::Specialised(_) => "specialised",
        Standing::Retired(_) => "retired",
        Standing::External(_) => "external",
        Standing::Temporary => "temporary",
        Standing::Server => "server",
        Standing::Unknown => "unknown",
    }
}
