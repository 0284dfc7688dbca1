//! Configuration gives a variable of the policy another database.

use super::sink::Offence;
use super::{Applied, Sink, Standing, is_trial};
use crate::finding::Remedy;
use crate::lang::Setting;
use crate::scan::{Context, Inventory, Linked};

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for setting in &inventory.settings {
        let file = &setting.fact.place.file;
        if !matches!(policy.context(file, setting.context), Context::Config | Context::Code) || is_trial(file) {
            continue;
        }
        let Some((expected, entry)) = policy.meaning(&setting.fact.name) else { continue };
        let Some(database) = setting.databases.first().copied() else { continue };
        let standing = policy.standing(database);
        if standing == expected || standing == Standing::Temporary || setting.fact.value.is_opaque() {
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
                value: spelled_like(setting, &entry.value),
            });
        }
        sink.report(offence.label(&entry.place, "policy"));
    }
}

/// A path stays a path, a URL stays a URL.
fn spelled_like(setting: &Linked<Setting>, path: &str) -> String {
    let written = setting.fact.value.pattern();
    match written.split_once("://").filter(|(scheme, _)| scheme.starts_with("sqlite")) {
        Some((scheme, _)) => format!("{scheme}:///{path}"),
        None => path.to_owned(),
    }
}
