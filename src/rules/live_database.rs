//! Git has a database that a program is using.

use super::sink::Offence;
use super::{Applied, Sink, names};
use crate::db::Use;
use crate::scan::{DatabaseId, Inventory};
use crate::text::Place;

pub(super) fn judge(inventory: &Inventory, _: &Applied<'_>, sink: &mut Sink<'_>) {
    for (path, sign) in &inventory.in_use {
        if names::is_fixture(path) {
            continue;
        }
        let how = match sign {
            Use::Open(program) => format!("`{program}` has it open"),
            Use::Rows(ending) => format!("rows of it stand in `{path}{ending}`"),
        };
        let database = inventory.databases.iter().position(|database| database.path == *path).map(DatabaseId);
        sink.report(
            Offence::at(&Place::whole(path.as_str().into())).hole("path", path).hole("how", how).about(database),
        );
    }
}
