//! A comment that allows what nothing breaks. Judged last: it asks what all the other rules found.

use super::sink::Offence;
use super::{Applied, Sink};
use crate::finding::Remedy;
use crate::scan::Inventory;

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    let mut offences = Vec::new();
    for allow in &inventory.allows {
        let Some(card) = super::card(&allow.rule) else { continue };
        // Without a policy half of the rules are silent: the comment may be right.
        // What is said of an open one is that it is open.
        let silent = card.needs_policy && !policy.is_there()
            || allow.is_open
            || matches!(card.id, "unused-suppression" | super::STALE);
        if !silent && !sink.so_far().iter().any(|finding| super::allowed_by(finding, allow)) {
            let remedy = Remedy::RemoveAllow { rule: allow.rule.clone() };
            offences.push(Offence::at(&allow.place).hole("rule", &allow.rule).remedy(remedy));
        }
    }
    for offence in offences {
        sink.report(offence);
    }
}
