//! A comment that allows a rule which does not exist, or a block of lines that has no end or no beginning.

use super::sink::Offence;
use super::{Applied, Sink};
use crate::finding::Remedy;
use crate::policy::nearest;
use crate::scan::Inventory;

pub(super) fn judge(inventory: &Inventory, _: &Applied<'_>, sink: &mut Sink<'_>) {
    for allow in inventory.allows.iter().filter(|allow| !super::ids().any(|id| id == allow.rule)) {
        let offence = Offence::at(&allow.place).hole("rule", &allow.rule);
        sink.report(match nearest(&allow.rule, super::ids()) {
            Some(meant) => offence.case("near").hole("meant", meant),
            // Where another rule is meant, a person writes it.
            None => offence.remedy(Remedy::RemoveAllow { rule: allow.rule.clone() }),
        });
    }
    for allow in inventory.allows.iter().filter(|allow| allow.is_open && super::card(&allow.rule).is_some()) {
        let case = if allow.lines.1 == u32::MAX { "begun" } else { "ended" };
        sink.report(Offence::at(&allow.place).case(case).hole("rule", &allow.rule));
    }
}
