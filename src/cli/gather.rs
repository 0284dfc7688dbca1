//! What commands that look at a tree begin with: root and paths, the policy, the inventory.

use std::path::PathBuf;

use super::Session;
use super::failure::{Exit, Failure};
use super::options::{Scope, scope};
use crate::output::{escape, show_files};
use crate::policy::{self, Policy};
use crate::scan::Inventory;

/// A tree as it was found.
pub(super) struct Gathered {
    pub(super) inventory: Inventory,
    /// `None` where there is no policy.
    pub(super) policy: Option<Policy>,
    /// A path that was asked for is not there.
    incomplete: bool,
}

impl Gathered {
    /// How a run ends that found nothing to complain of.
    pub(super) fn exit(&self) -> Exit {
        let mistaken = self.policy.as_ref().is_some_and(|policy| !policy.mistakes.is_empty());
        if self.incomplete || mistaken { Exit::Usage } else { Exit::Clean }
    }

    /// Mistakes of the policy, for commands that report no findings.
    pub(super) fn tell_mistakes(&self, session: &Session<'_>) {
        for mistake in self.policy.iter().flat_map(|policy| &policy.mistakes) {
            let place = &mistake.place;
            let help = mistake.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
            let words =
                format!("{}:{}:{}: {}{help}", place.file, place.start.line, place.start.column, mistake.message);
            session.warn(&escape(&words));
        }
    }

    pub(super) fn files(&self) -> Result<Vec<u8>, Failure> {
        let mut out = Vec::new();
        show_files(&self.inventory, &mut out).map_err(|error| Failure::output(&error))?;
        Ok(out)
    }
}

/// Reads the policy and the tree.
pub(super) fn gather(session: &Session<'_>, paths: &[PathBuf]) -> Result<Gathered, Failure> {
    let scope = scope(session.world, session.global, paths)?;
    for path in &scope.missing {
        session.warn(&format!("no such file or folder: {}", escape(&path.display().to_string())));
    }
    if !paths.is_empty() && scope.missing.len() == paths.len() {
        return Err(Failure::usage(
            "nothing to read",
            "none of the given paths exists",
            "look at their spelling; they are taken from the working directory",
        ));
    }
    let policy = policy(&scope)?;
    let inventory = Inventory { root: scope.root, ..Inventory::default() };
    Ok(Gathered { inventory, policy, incomplete: !scope.missing.is_empty() })
}

fn policy(scope: &Scope) -> Result<Option<Policy>, Failure> {
    let Some((file, shown)) = &scope.policy else { return Ok(None) };
    match policy::load(file, shown) {
        Ok(policy) => Ok(Some(policy)),
        Err(error) => Err(Failure::usage(
            "the policy cannot be read",
            format!("{}: {error}", escape(shown)),
            "look at its path and rights, or name another with --config",
        )),
    }
}
