//! Configuration gives a variable of the policy another database.

use super::sink::Offence;
use super::{Applied, Sink, Standing, is_trial, spelling};
use crate::finding::Remedy;
use crate::lang::{Setting, names};
use crate::scan::{Context, DatabaseId, Inventory, Linked};

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for setting in &inventory.settings {
        let file = &setting.fact.place.file;
        if !matches!(policy.context(file, setting.context), Context::Config | Context::Code) || is_trial(file) {
            continue;
        }
        let Some((expected, entry)) = policy.meaning(&setting.fact.name) else { continue };
        let Some(database) = setting.databases.first().copied() else { continue };
        let standing = policy.standing(database);
        if standing == expected
            || standing == Standing::Temporary
            || setting.fact.value.is_opaque()
            || names::is_placeholder(&setting.fact.value.pattern())
        {
            continue;
        }
        let mut offence = Offence::at(&setting.fact.place)
            .hole("env", &setting.fact.name)
            .hole("value", setting.fact.value.pattern())
            .about(Some(database));
        if entry.value.is_empty() {
            offence = offence.case("engine");
        } else {
            offence = offence.hole("path", &entry.value).remedy(Remedy::SetValue {
                name: setting.fact.name.clone(),
                value: spelled_like(inventory, policy, database, setting, &entry.value),
            });
        }
        sink.report(offence.label(&entry.place, "policy"));
    }
}

/// A path stays a path, a URL stays a URL, and a path of the host one of the host.
fn spelled_like(
    inventory: &Inventory,
    policy: &Applied<'_>,
    database: DatabaseId,
    setting: &Linked<Setting>,
    path: &str,
) -> String {
    let written = setting.fact.value.pattern();
    let path = spelling::beside(inventory, policy, database, &written, path);
    match written.split_once("://").filter(|(scheme, _)| scheme.starts_with("sqlite")) {
        Some((scheme, _)) => format!("{scheme}:///{path}"),
        None => path,
    }
}
