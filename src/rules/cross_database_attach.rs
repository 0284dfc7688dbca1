//! One connection reaches into a second database.

use super::sink::Offence;
use super::{Applied, Sink, Standing};
use crate::db::HOLE;
use crate::scan::{Context, Inventory};

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for attach in &inventory.attaches {
        if policy.context(&attach.fact.place.file, attach.context) != Context::Code {
            continue;
        }
        let Some(database) = attach.databases.first().copied() else { continue };
        if policy.standing(database) == Standing::Temporary || !super::has_a_name(inventory.database(database)) {
            continue;
        }
        let name = &inventory.database(database).name;
        let alias = attach.fact.alias.replace(HOLE, "…");
        sink.report(Offence::at(&attach.fact.place).hole("database", name).hole("alias", alias).about(Some(database)));
    }
}
