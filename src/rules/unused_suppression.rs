//! A comment that allows what nothing breaks. Judged last: it asks what all the other rules found.

use super::sink::Offence;
use super::{Applied, Sink};
use crate::scan::Inventory;

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    let mut offences = Vec::new();
    for allow in &inventory.allows {
        let Some(card) = super::card(&allow.rule) else { continue };
        // Without a policy half of the rules are silent: the comment may be right.
        let silent = card.needs_policy && !policy.is_there() || card.id == "unused-suppression";
        if !silent && !sink.so_far().iter().any(|finding| super::allowed_by(finding, allow)) {
            offences.push(Offence::at(&allow.place).hole("rule", &allow.rule));
        }
    }
    for offence in offences {
        sink.report(offence);
    }
}
