//! A database file that the policy does not speak of, and that no code explains.

use super::sink::Offence;
use super::{Applied, Sink, Standing, names};
use crate::db::State;
use crate::scan::{DatabaseId, Inventory};
use crate::text::Place;

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for (index, database) in inventory.databases.iter().enumerate() {
        let id = DatabaseId(index);
        let Some(file) = &database.file else { continue };
        if policy.standing(id) != Standing::Unknown
            || matches!(file.state, State::NotSqlite(_) | State::Unreadable(_))
            || names::is_copy(&database.path)
            || names::is_fixture(&database.path)
            || policy.is_used(id)
        {
            continue;
        }
        let offence =
            Offence::at(&Place::whole(database.path.as_str().into())).hole("path", &database.path).about(Some(id));
        sink.report(match names::known_owner(&database.path) {
            Some(owner) => offence.case("owner").hole("owner", owner),
            None => offence,
        });
    }
}
