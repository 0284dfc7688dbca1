//! A view under the old name of a table that nothing names any more.

use super::sink::Offence;
use super::{Applied, Sink};
use crate::scan::{DatabaseId, Inventory};
use crate::text::Place;

pub(super) fn judge(inventory: &Inventory, _: &Applied<'_>, sink: &mut Sink<'_>) {
    for (index, database) in inventory.databases.iter().enumerate() {
        let id = DatabaseId(index);
        for view in inventory.stand_ins(id).filter(|view| inventory.uses_of(id, view).is_empty()) {
            let offence = Offence::at(&Place::whole(database.path.as_str().into()))
                .hole("table", view)
                .hole("path", &database.path)
                .about(Some(id));
            sink.report(offence);
        }
    }
}
