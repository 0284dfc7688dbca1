//! A database is copied as a file, without what still stands in its `-wal`.

use super::sink::Offence;
use super::{Applied, Sink, Standing};
use crate::lang::Language;
use crate::scan::{Context, Inventory};

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for copy in inventory.copies.iter().filter(|copy| copy.fact.language != Language::Dockerfile) {
        let context = policy.context(&copy.fact.place.file, copy.context);
        // What git has is a template, and nobody writes to it.
        let lifeless = copy
            .databases
            .first()
            .is_some_and(|id| policy.standing(*id) == Standing::Temporary || inventory.database(*id).tracking.tracked);
        if !matches!(context, Context::Code | Context::Config) || lifeless || super::is_trial(&copy.fact.place.file) {
            continue;
        }
        let Some(name) = super::copied_database(inventory, copy) else { continue };
        sink.report(
            Offence::at(&copy.fact.place)
                .hole("database", name)
                .hole("construct", &copy.fact.construct)
                .about(copy.databases.first().copied()),
        );
    }
}
