//! Mistakes in the policy itself.

use super::sink::Offence;
use super::{Applied, Sink};
use crate::policy::nearest;
use crate::scan::Inventory;

pub(super) fn judge(_: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for mistake in &policy.mistakes {
        let offence = Offence::at(&mistake.place).hole("mistake", &mistake.message);
        sink.report(match &mistake.help {
            Some(help) => offence.case("helped").hole("help", help),
            None => offence,
        });
    }
    for (id, severity) in &policy.rules {
        if super::ids().any(|known| known == id) {
            continue;
        }
        let offence = Offence::at(&severity.place).hole("mistake", format!("no rule is called `{id}`"));
        sink.report(match nearest(id, super::ids()) {
            Some(meant) => offence.case("helped").hole("help", format!("did you mean `{meant}`?")),
            None => offence,
        });
    }
}
