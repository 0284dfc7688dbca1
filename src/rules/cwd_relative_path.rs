//! A path that names another file as soon as the process starts elsewhere.

use super::sink::Offence;
use super::{Applied, Sink, Standing};
use crate::lang::{Base, Confidence, Language, Part};
use crate::scan::{Context, Inventory};

pub(super) fn judge(_: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for cause in &policy.causes {
        let program =
            matches!(cause.lead.fact.language, Language::Python | Language::Javascript | Language::Typescript);
        let begins_with_text = matches!(cause.value.parts.first(), Some(Part::Text(_)));
        if !cause.opened
            || !program
            || !begins_with_text
            || cause.context != Context::Code
            || cause.value.base != Base::Written
            || cause.confidence == Confidence::Low
            || !cause.value.envs().is_empty()
            || matches!(cause.standing(policy), Some(Standing::Temporary | Standing::Server | Standing::External(_)))
        {
            continue;
        }
        let path = cause.written();
        if !is_relative(&path) {
            continue;
        }
        let mut offence = Offence::at(cause.place).hole("path", &path).about(cause.database);
        for follower in &cause.followers {
            offence = offence.label(&follower.fact.place, "opened");
        }
        sink.report(offence);
    }
}

fn is_relative(path: &str) -> bool {
    let drive = path.as_bytes().get(1) == Some(&b':');
    !path.is_empty() && !drive && !path.starts_with(['/', '\\', '~', '*', '$', '%', '{', '<', ':'])
}
