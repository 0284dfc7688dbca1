//! The rules: each is a card of words (`rules/<id>.toml`) and a plain function. Touches no file and knows no output.
//!
//! A new rule is a card, a file here, and two lines below. `rules/README.md` is made from the cards.

mod about;
mod card;
mod catalogue;
mod cause;
mod index_names;
pub mod names;
mod sink;
mod spelling;
mod standing;
#[cfg(test)]
mod tests;

mod broken_statement;
mod config_mismatch;
mod cross_database_attach;
mod cwd_relative_path;
mod dangling_reference;
mod database_in_image;
mod database_in_lfs;
mod dead_database;
mod default_mismatch;
mod drifted_table;
mod env_contract;
mod forbidden_database;
mod hardcoded_path;
mod invalid_policy;
mod live_copy;
mod live_database;
mod missing_ignore;
mod needless_view;
mod reader_without_writer;
mod reasonless_suppression;
mod replace_on_parent;
mod retired_table;
mod several_defaults;
mod shape_drift;
mod sidecar_tracked;
mod single_file_mount;
mod specialised_trespass;
mod split_table;
mod stale_baseline;
mod stray_database;
mod temporary_outside_tmp;
mod tracked_database;
mod two_writers;
mod unknown_database;
mod unknown_suppression;
mod unresolved_path;
mod unused_policy_entry;
mod unused_suppression;
mod wrong_env_var;

pub use card::{Card, Example, Examples, Fixable};
pub use catalogue::{page, readme};
pub use standing::{Applied, Standing};

pub(crate) use about::allowed_by;
pub(crate) use names::{is_fixture, known_owner};
pub(crate) use sink::Sink;
pub(crate) use stale_baseline::{Stale, report as report_stale};
pub(crate) use standing::spellings;

use about::{copied_database, has_a_name, is_trial, told_apart, used};

use std::sync::LazyLock;

use crate::scan::Inventory;

/// Looks at the facts and the policy, and reports what breaks the rule.
type Judge = fn(&Inventory, &Applied<'_>, &mut Sink<'_>);

/// The rule that speaks of the baseline.
pub(crate) const STALE: &str = "stale-baseline";

/// A rule: its card and its judgement.
pub struct Rule {
    pub card: Card,
    pub(crate) judge: Judge,
}

macro_rules! roster {
    ($($id:literal $module:ident)*) => {
        const ROSTER: &[(&str, &str, Judge)] =
            &[$(($id, include_str!(concat!("../../rules/", $id, ".toml")), $module::judge)),*];
    };
}

// The last one asks what all before it found.
roster! {
    "broken-statement" broken_statement
    "config-mismatch" config_mismatch
    "cross-database-attach" cross_database_attach
    "cwd-relative-path" cwd_relative_path
    "dangling-reference" dangling_reference
    "database-in-image" database_in_image
    "database-in-lfs" database_in_lfs
    "dead-database" dead_database
    "default-mismatch" default_mismatch
    "drifted-table" drifted_table
    "env-contract" env_contract
    "forbidden-database" forbidden_database
    "hardcoded-path" hardcoded_path
    "invalid-policy" invalid_policy
    "live-copy" live_copy
    "live-database" live_database
    "missing-ignore" missing_ignore
    "needless-view" needless_view
    "reader-without-writer" reader_without_writer
    "replace-on-parent" replace_on_parent
    "reasonless-suppression" reasonless_suppression
    "retired-table" retired_table
    "several-defaults" several_defaults
    "shape-drift" shape_drift
    "sidecar-tracked" sidecar_tracked
    "single-file-mount" single_file_mount
    "specialised-trespass" specialised_trespass
    "split-table" split_table
    "stale-baseline" stale_baseline
    "stray-database" stray_database
    "temporary-outside-tmp" temporary_outside_tmp
    "tracked-database" tracked_database
    "two-writers" two_writers
    "unknown-database" unknown_database
    "unknown-suppression" unknown_suppression
    "unresolved-path" unresolved_path
    "unused-policy-entry" unused_policy_entry
    "wrong-env-var" wrong_env_var
    "unused-suppression" unused_suppression
}

static RULES: LazyLock<Vec<Rule>> =
    LazyLock::new(|| ROSTER.iter().map(|&(id, text, judge)| Rule { card: read(id, text), judge }).collect());

/// The cards are part of the program; a test reads each.
#[expect(clippy::unwrap_used, reason = "a constant, read by a test")]
fn read(id: &'static str, text: &'static str) -> Card {
    Card::read(id, text).map_err(|error| format!("rules/{id}.toml: {error}")).unwrap()
}

/// All rules, in the order they are judged.
#[must_use]
pub fn all() -> &'static [Rule] {
    &RULES
}

/// The card of a rule.
#[must_use]
pub fn card(id: &str) -> Option<&'static Card> {
    RULES.iter().map(|rule| &rule.card).find(|card| card.id == id)
}

/// The ids of all rules.
pub fn ids() -> impl Iterator<Item = &'static str> {
    ROSTER.iter().map(|(id, _, _)| *id)
}
