//! A comment that allows a rule without a reason, where the policy asks for reasons.

use super::sink::Offence;
use super::{Applied, Sink};
use crate::scan::Inventory;

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    let Some(asked) = policy.suppression.require_reason.as_ref().filter(|asked| asked.value) else { return };
    // The end of a block is no allowance of its own, and one of an unknown rule is told as such.
    for allow in inventory.allows.iter().filter(|allow| allow.reason.is_none() && !allow.is_open) {
        if super::card(&allow.rule).is_some() {
            sink.report(Offence::at(&allow.place).hole("rule", &allow.rule).label(&asked.place, "policy"));
        }
    }
}
