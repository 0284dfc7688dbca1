//! A reference to a database that the policy does not speak of.

use super::sink::Offence;
use super::{Applied, Sink, Standing, names};
use crate::lang::names::is_database_path;
use crate::lang::{Confidence, Engine, Language};
use crate::scan::{Context, Inventory};

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    // Beside a server every SQLite file is forbidden, not just unknown.
    if policy.primary.as_ref().is_some_and(|primary| primary.engine != Engine::Sqlite) {
        return;
    }
    for cause in &policy.causes {
        let Some(id) = cause.database.filter(|id| policy.standing(*id) == Standing::Unknown) else { continue };
        let database = inventory.database(id);
        if !matches!(cause.context, Context::Code | Context::Config)
            || cause.confidence == Confidence::Low
            || !super::has_a_name(database)
            || names::is_copy(&database.path)
            || names::without_side_ending(&database.path) != database.path
            || super::is_trial(&cause.place.file)
            // What is read by its literals alone is sure only where the name says so.
            || cause.lead.fact.language == Language::Other && !is_database_path(&database.name)
        {
            continue;
        }
        let mut offence = Offence::at(cause.place).hole("database", cause.written()).about(Some(id));
        for follower in &cause.followers {
            offence = offence.label(&follower.fact.place, "used");
        }
        sink.report(match names::known_owner(&database.path) {
            Some(owner) => offence.case("owner").hole("owner", owner),
            None => offence,
        });
    }
}
