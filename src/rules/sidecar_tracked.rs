//! Git has the `-wal`, `-shm` or `-journal` of a database.

use super::sink::Offence;
use super::{Applied, Sink, names};
use crate::finding::Remedy;
use crate::scan::{DatabaseId, Inventory};
use crate::text::Place;

pub(super) fn judge(inventory: &Inventory, _: &Applied<'_>, sink: &mut Sink<'_>) {
    for path in &inventory.tracked_sidecars {
        if names::is_fixture(path) {
            continue;
        }
        let owner = names::without_side_ending(path);
        let database = inventory.databases.iter().position(|database| database.path == owner).map(DatabaseId);
        let name = owner.rsplit('/').next().unwrap_or(owner);
        sink.report(
            Offence::at(&Place::whole(path.as_str().into()))
                .hole("path", path)
                .hole("database", name)
                .about(database)
                .remedy(Remedy::AddIgnore { file: ".gitignore".to_owned(), line: format!("/{path}") }),
        );
    }
}
