//! Code spells the path of a database out that it should be told by the environment.

use super::sink::Offence;
use super::{Applied, Sink, Standing, names};
use crate::finding::Remedy;
use crate::lang::{Confidence, Language, Role};
use crate::scan::{Context, Inventory};

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for cause in &policy.causes {
        let Some(id) = cause.database else { continue };
        let (env, path) = match policy.standing(id) {
            Standing::Primary => match policy.file_primary() {
                Some(primary) => (&primary.env, &primary.path),
                None => continue,
            },
            Standing::Specialised(entry) => match policy.specialised.get(entry) {
                Some(entry) => match &entry.env {
                    Some(env) => (env, &entry.path),
                    None => continue,
                },
                None => continue,
            },
            _ => continue,
        };
        let spelled = cause.value.whole_env().is_none() && !cause.is_bare_variable();
        let written = cause.written();
        // A test may speak of the live path; it may not open it.
        let asked = match cause.context {
            Context::Code => true,
            Context::Test => cause.opened && cause.has_known_folder() && inventory.database(id).path.contains('/'),
            _ => false,
        };
        if !asked
            || !spelled
            || cause.lead.fact.language == Language::Sql
            || cause.place.file.starts_with(".github/")
            || cause.confidence == Confidence::Low
            // A name in a list of files, never opened, is no path.
            || !cause.opened && !written.contains('/')
            || names::is_copy(&written)
            || names::without_side_ending(&written) != written
        {
            continue;
        }
        let mut offence = Offence::at(cause.place)
            .hole("path", &written)
            .hole("env", &env.value)
            .label(&path.place, "policy")
            .about(Some(id))
            .remedy(Remedy::UseEnvironment { env: env.value.clone(), default: path.value.clone() });
        for follower in &cause.followers {
            let words = if follower.fact.role == Role::Opens { "opened" } else { "used" };
            offence = offence.label(&follower.fact.place, words);
        }
        sink.report(offence);
    }
}
