//! The right variable, with a default that is another database.

use super::sink::Offence;
use super::{Applied, Sink, Standing};
use crate::finding::Remedy;
use crate::scan::{Context, Inventory};

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for cause in &policy.causes {
        let (Some((variable, Some(default))), Some(database)) = (cause.value.whole_env(), cause.database) else {
            continue;
        };
        let Some((expected, entry)) = policy.meaning(variable) else { continue };
        let standing = policy.standing(database);
        if cause.context != Context::Code
            || standing == expected
            || entry.value.is_empty()
            || default.rendered().is_none_or(|text| text.trim().is_empty())
            || standing == Standing::Temporary && inventory.database(database).path != ":memory:"
        {
            continue;
        }
        let mut offence = Offence::at(cause.place)
            .hole("env", variable)
            .hole("default", default.pattern())
            .hole("path", &entry.value)
            .label(&entry.place, "policy")
            .about(Some(database))
            .remedy(Remedy::SetDefault { env: variable.to_owned(), default: entry.value.clone() });
        for follower in &cause.followers {
            offence = offence.label(&follower.fact.place, "used");
        }
        sink.report(offence);
    }
}
