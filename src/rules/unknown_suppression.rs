//! A comment that allows a rule which does not exist.

use super::sink::Offence;
use super::{Applied, Sink};
use crate::policy::nearest;
use crate::scan::Inventory;

pub(super) fn judge(inventory: &Inventory, _: &Applied<'_>, sink: &mut Sink<'_>) {
    for allow in inventory.allows.iter().filter(|allow| !super::ids().any(|id| id == allow.rule)) {
        let offence = Offence::at(&allow.place).hole("rule", &allow.rule);
        sink.report(match nearest(&allow.rule, super::ids()) {
            Some(meant) => offence.case("near").hole("meant", meant),
            None => offence,
        });
    }
}
