//! A database is kept in Git LFS.

use super::sink::Offence;
use super::{Applied, Sink};
use crate::scan::{DatabaseId, Inventory};
use crate::text::Place;

pub(super) fn judge(inventory: &Inventory, _: &Applied<'_>, sink: &mut Sink<'_>) {
    for (index, database) in inventory.databases.iter().enumerate() {
        if !database.tracking.lfs || !database.tracking.tracked || super::names::is_fixture(&database.path) {
            continue;
        }
        let place = Place::whole(database.path.as_str().into());
        sink.report(Offence::at(&place).hole("path", &database.path).about(Some(DatabaseId(index))));
    }
}
