//! A database is copied into a container image.

use super::sink::Offence;
use super::{Applied, Sink};
use crate::lang::Language;
use crate::scan::{Context, Inventory};

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for copy in inventory.copies.iter().filter(|copy| copy.fact.language == Language::Dockerfile) {
        let context = policy.context(&copy.fact.place.file, copy.context);
        if matches!(context, Context::Test | Context::Docs | Context::Vendored) {
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
