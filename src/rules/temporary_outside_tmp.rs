//! A throw-away database that is not made where throw-away files belong.

use super::sink::Offence;
use super::{Applied, Sink, Standing, names};
use crate::lang::{Confidence, Language, Role};
use crate::scan::{Context, Inventory};

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for cause in &policy.causes {
        let Some(id) = cause.database.filter(|id| policy.standing(*id) == Standing::Unknown) else { continue };
        let database = inventory.database(id);
        let throw_away = match cause.context {
            // A test that opens a file which is kept in the tree reads a fixture.
            Context::Test => {
                let kept = database.file.is_some() && (database.tracking.tracked || !inventory.in_git);
                // Of other languages too little is understood to know a temporary folder when it comes.
                let program =
                    matches!(cause.lead.fact.language, Language::Python | Language::Javascript | Language::Typescript);
                program && (cause.opened || cause.lead.fact.role == Role::Configures) && !kept
            }
            Context::Code => names::is_throw_away(&database.name) && database.file.is_none(),
            _ => false,
        };
        if !throw_away || cause.confidence == Confidence::Low || !super::has_a_name(database) {
            continue;
        }
        let mut offence = Offence::at(cause.place).hole("path", cause.written()).about(Some(id));
        for follower in &cause.followers {
            offence = offence.label(&follower.fact.place, "opened");
        }
        if let Some(temporary) = policy.places.temporary.first() {
            offence = offence.label(&temporary.place, "policy");
        }
        sink.report(match cause.context {
            Context::Test if cause.opened => offence.case("test"),
            Context::Test => offence.case("named"),
            _ => offence,
        });
    }
}
