//! What commands that look at a tree begin with: root and paths, the policy, the inventory.

use std::path::PathBuf;

use super::Session;
use super::failure::{Exit, Failure};
use super::options::{Scope, scope};
use crate::output::{escape, show_files};
use crate::policy::Policy;
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

    pub(super) fn files(&self) -> Result<Vec<u8>, Failure> {
        let mut out = Vec::new();
        show_files(&self.inventory, &mut out).map_err(|error| Failure::output(&error))?;
        Ok(out)
    }
}

/// Reads the policy and the tree.
pub(super) fn gather(session: &Session<'_>, paths: &[PathBuf]) -> Result<Gathered, Failure> {
    let Scope { root, missing, .. } = scope(session.world, session.global, paths)?;
    for path in &missing {
        session.warn(&format!("no such file or folder: {}", escape(&path.display().to_string())));
    }
    if !paths.is_empty() && missing.len() == paths.len() {
        return Err(Failure::usage(
            "nothing to read",
            "none of the given paths exists",
            "look at their spelling; they are taken from the working directory",
        ));
    }
    let inventory = Inventory { root, ..Inventory::default() };
    Ok(Gathered { inventory, policy: None, incomplete: !missing.is_empty() })
}
