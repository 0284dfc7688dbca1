//! The baseline accepts what is gone. What is stale is known once all findings are, so `check` hands it in.

use super::sink::Offence;
use super::{Applied, Sink};
use crate::scan::Inventory;
use crate::text::Place;

/// Something in a baseline that no longer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stale {
    Gone { place: Place, rule: String, file: String },
    Fewer { place: Place, rule: String, file: String, count: usize, left: usize },
    Expired { place: Place, day: String },
}

/// Facts and policy alone say nothing of a baseline.
pub(super) fn judge(_: &Inventory, _: &Applied<'_>, _: &mut Sink<'_>) {}

pub(crate) fn report(stale: Vec<Stale>, sink: &mut Sink<'_>) {
    for stale in stale {
        sink.report(match stale {
            Stale::Gone { place, rule, file } => Offence::at(&place).hole("rule", rule).hole("file", file),
            Stale::Fewer { place, rule, file, count, left } => {
                let offence = Offence::at(&place).case("fewer").hole("rule", rule).hole("file", file);
                offence.hole("count", count).hole("left", left)
            }
            Stale::Expired { place, day } => Offence::at(&place).case("expired").hole("day", day),
        });
    }
}
