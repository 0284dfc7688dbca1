//! A path that names another file as soon as the process starts elsewhere.

use std::collections::BTreeMap;

use super::cause::Cause;
use super::sink::Offence;
use super::{Applied, Sink, Standing};
use crate::lang::{Base, Confidence, Language, Part, Role, names};
use crate::scan::{Context, Inventory};

/// One finding for each database: a script that spells a path out in many places has one thing to mend.
pub(super) fn judge(_: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    let mut found: BTreeMap<_, Vec<&Cause<'_>>> = BTreeMap::new();
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
        if is_relative(&cause.written()) && is_opened_so(cause) {
            // What is no database that is known stands for itself.
            let place = cause.database.is_none().then_some(cause.place);
            found.entry((cause.database, place)).or_default().push(cause);
        }
    }
    for causes in found.into_values() {
        let Some((first, others)) = causes.split_first() else { continue };
        let mut offence = Offence::at(first.place).hole("path", first.written()).about(first.database);
        for follower in causes.iter().flat_map(|cause| &cause.followers) {
            offence = offence.label(&follower.fact.place, "opened");
        }
        for other in others {
            offence = offence.label(other.place, "also");
        }
        sink.report(offence);
    }
}

/// A name that a folder is put before on its way (`os.path.join(DATA_DIR, filename)`) is relative where it stands and not where
/// it is opened.
fn is_opened_so(cause: &Cause<'_>) -> bool {
    let opened = cause.followers.iter().chain([&cause.lead]).filter(|it| it.fact.role == Role::Opens);
    let mut values = opened
        .flat_map(|it| &*it.fact.values)
        .filter(|value| value.origin.as_ref().is_some_and(|origin| origin == cause.place))
        .peekable();
    values.peek().is_none()
        || values.any(|value| {
            value.base == Base::Written
                && matches!(value.parts.first(), Some(Part::Text(_)))
                && is_relative(names::strip_url(&value.pattern()))
        })
}

fn is_relative(path: &str) -> bool {
    let drive = path.as_bytes().get(1) == Some(&b':');
    !path.is_empty() && !drive && !path.starts_with(['/', '\\', '~', '*', '$', '%', '{', '<', ':'])
}
