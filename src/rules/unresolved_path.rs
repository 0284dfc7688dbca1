//! An open whose database cannot be known from the code.

use super::sink::Offence;
use super::{Applied, Sink};
use crate::lang::{Part, Role};
use crate::scan::{Context, Inventory};

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for reference in &inventory.references {
        let fact = &reference.fact;
        if fact.role != Role::Opens
            || fact.generated
            || !reference.databases.is_empty()
            || policy.context(&fact.place.file, reference.context) != Context::Code
            || !fact.values.iter().all(crate::lang::Value::is_opaque)
        {
            continue;
        }
        let words = fact.values.iter().flat_map(|value| &value.parts).find_map(|part| match part {
            Part::Unknown(words) if !words.is_empty() => Some(words.as_str()),
            _ => None,
        });
        let offence = Offence::at(&fact.place).hole("construct", &fact.construct);
        sink.report(match words {
            Some(words) => offence.hole("words", words),
            None => offence.case("nothing"),
        });
    }
}
