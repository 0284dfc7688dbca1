//! A specialised database is used outside the code it is there for.

use super::sink::Offence;
use super::{Applied, Sink, Standing};
use crate::lang::Role;
use crate::policy::Globs;
use crate::scan::{Context, Inventory};

pub(super) fn judge(_: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    let allowed: Vec<Globs> = policy.specialised.iter().map(|entry| Globs::of(&entry.allowed_in)).collect();
    for cause in &policy.causes {
        let Some(Standing::Specialised(index)) = cause.standing(policy) else { continue };
        let (Some(entry), Some(globs)) = (policy.specialised.get(index), allowed.get(index)) else { continue };
        if globs.is_empty() {
            continue;
        }
        let trespasses = |file: &str, context: Context| context == Context::Code && !globs.is_match(file);
        let offence = |place| {
            Offence::at(place)
                .hole("database", &entry.path.value)
                .hole(
                    "allowed",
                    entry.allowed_in.iter().map(|glob| format!("`{}`", glob.value)).collect::<Vec<_>>().join(", "),
                )
                .label(&entry.path.place, "policy")
                .about(cause.database)
        };
        if trespasses(&cause.place.file, cause.context) {
            let mut offence = offence(cause.place);
            for follower in &cause.followers {
                offence = offence.label(&follower.fact.place, "used");
            }
            sink.report(offence);
            continue;
        }
        // The path is given in a place that may; who opens it elsewhere trespasses there.
        for follower in cause.followers.iter().filter(|follower| follower.fact.role == Role::Opens) {
            let file = &follower.fact.place.file;
            if *file != cause.place.file && trespasses(file, policy.context(file, follower.context)) {
                sink.report(offence(&follower.fact.place).label(cause.place, "given"));
            }
        }
    }
}
