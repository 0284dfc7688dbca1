//! A database file that nothing refers to.

use super::sink::Offence;
use super::{Applied, Sink, Standing, names};
use crate::db::State;
use crate::scan::{Context, DatabaseId, Inventory};
use crate::text::Place;

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    let program = |context: Context| matches!(context, Context::Code | Context::Config);
    if !inventory.sources.iter().any(|source| program(source.context)) {
        return;
    }
    for (index, database) in inventory.databases.iter().enumerate() {
        let id = DatabaseId(index);
        let Some(file) = &database.file else { continue };
        if !matches!(file.state, State::Readable | State::Empty)
            || matches!(policy.standing(id), Standing::External(_) | Standing::Temporary | Standing::Primary)
            || names::is_copy(&database.path)
            || names::is_fixture(&database.path)
            || names::known_owner(&database.path).is_some()
            || policy.is_used(id)
        {
            continue;
        }
        let offence = Offence::at(&Place::whole(database.path.as_str().into()))
            .hole("path", &database.path)
            .hole("rows", file.schema.as_ref().map_or(0, crate::db::Schema::rows))
            .about(Some(id));
        sink.report(match (&file.state, policy.standing(id)) {
            (State::Empty, _) => offence.case("empty"),
            (_, Standing::Retired(_)) => offence.case("retired"),
            _ => offence,
        });
    }
}
