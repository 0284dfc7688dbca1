//! An open that finds no file, while a database of that name lies elsewhere: SQLite makes an empty one.

use super::sink::Offence;
use super::{Applied, Sink, Standing, names};
use crate::lang::Confidence;
use crate::scan::{Context, Inventory};
use crate::text::Place;

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for cause in &policy.causes {
        let Some(id) = cause.database else { continue };
        let database = inventory.database(id);
        if !cause.opened
            || cause.context != Context::Code
            || cause.confidence == Confidence::Low
            || database.file.is_some()
            || database.is_pattern
            || !cause.value.envs().is_empty()
            || database.path.starts_with(['/', '~', '*', '$', '%', ':'])
            || matches!(policy.standing(id), Standing::Temporary | Standing::Server | Standing::External(_))
        {
            continue;
        }
        let elsewhere = inventory.databases.iter().find(|other| {
            other.name == database.name
                && other.file.is_some()
                // What git has is a template for the file that is not there yet.
                && !other.tracking.tracked
                && !names::is_copy(&other.path)
                && !names::is_fixture(&other.path)
        });
        let Some(elsewhere) = elsewhere else { continue };
        // One of several that the place can mean may well be missing.
        if policy.causes.iter().any(|other| other.place == cause.place && other.database != cause.database) {
            continue;
        }
        let mut offence = Offence::at(cause.place)
            .hole("path", &database.path)
            .hole("existing", &elsewhere.path)
            .label(&Place::whole(elsewhere.path.as_str().into()), "existing")
            .about(Some(id));
        for follower in &cause.followers {
            offence = offence.label(&follower.fact.place, "opened");
        }
        sink.report(offence);
    }
}
