//! Findings with a remedy become fixes, fixes become patches, patches are written. Judges nothing and prints nothing.

mod compose;
#[cfg(test)]
mod generated_tests;
mod ignore;
#[cfg(test)]
mod laws_tests;
mod listed;
mod patch;
mod propose;
mod save;
mod work;

pub use patch::{DECLINED, Done, Left, Look, Patch, Patches, Verdict, patches};
pub use propose::{Moved, Proposal, proposals};
pub use save::{Unsaved, save};
