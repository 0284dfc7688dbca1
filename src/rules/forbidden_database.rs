//! A reference to a database that may not be used any more.

use super::cause::Cause;
use super::sink::Offence;
use super::{Applied, Sink, Standing, names, spelling};
use crate::finding::Remedy;
use crate::lang::Engine;
use crate::scan::{Context, DatabaseId, Inventory};

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    let server = policy.primary.as_ref().filter(|primary| primary.engine != Engine::Sqlite);
    for cause in &policy.causes {
        let Some(id) = cause.database else { continue };
        let database = inventory.database(id);
        let in_program = matches!(cause.context, Context::Code | Context::Config);
        let mut offence = Offence::at(cause.place).hole("database", cause.written()).about(Some(id));
        match (policy.standing(id), server) {
            (Standing::Retired(entry), _) if in_program || cause.opened && cause.has_known_folder() => {
                let Some(retired) = policy.retired.get(entry) else { continue };
                let successor = policy.file_primary();
                offence = offence.label(&retired.path.place, "policy");
                match (&retired.why, successor) {
                    (Some(why), _) => offence = offence.case("why").hole("why", why),
                    (None, Some(successor)) => offence = offence.hole("successor", &successor.path.value),
                    (None, None) => offence = offence.case("gone"),
                }
                if let Some(primary) = successor {
                    let path = spelled(inventory, policy, cause, id, &primary.path.value);
                    let env = Some(primary.env.value.clone());
                    offence = offence.remedy(Remedy::Retarget { path, env });
                }
            }
            (Standing::Unknown, Some(primary))
                if in_program && !names::is_copy(&database.path) && super::has_a_name(database) =>
            {
                offence = offence.case("engine").hole("env", &primary.env.value).label(&primary.path.place, "engine");
            }
            _ => continue,
        }
        for follower in &cause.followers {
            offence = offence.label(&follower.fact.place, "used");
        }
        sink.report(offence);
    }
}

/// Configuration spells paths out, and one of the host stays one of the host; code gets the policy's.
fn spelled(inventory: &Inventory, policy: &Applied<'_>, cause: &Cause<'_>, id: DatabaseId, path: &str) -> String {
    match cause.context {
        Context::Config => spelling::beside(inventory, policy, id, &cause.value.pattern(), path),
        _ => path.to_owned(),
    }
}
