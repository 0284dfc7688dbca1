//! One variable with several defaults: unset, each part of the program has its own database.

use std::collections::BTreeMap;

use super::sink::Offence;
use super::{Applied, Sink, Standing};
use crate::finding::Remedy;
use crate::lang::{EnvRead, names};
use crate::scan::{Context, DatabaseId, Inventory, Linked};
use crate::text::Place;

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    let mut variables: BTreeMap<&str, Vec<Default<'_>>> = BTreeMap::new();
    for read in &inventory.env_reads {
        let in_code = policy.context(&read.fact.place.file, read.context) == Context::Code;
        // The policy knows which default is right: default-mismatch says so.
        if in_code
            && !policy.governs(&read.fact.name)
            && let Some(default) = default_of(inventory, policy, read)
        {
            variables.entry(&read.fact.name).or_default().push(default);
        }
    }
    for (name, reads) in variables {
        let Some(usual) = most_common(&reads) else { continue };
        for odd in reads.iter().filter(|read| differ(usual, read)) {
            let mut offence = Offence::at(odd.place())
                .hole("env", name)
                .hole("default", &odd.text)
                .hole("usual", &usual.text)
                .about(Some(odd.database))
                .remedy(Remedy::SetDefault { env: name.to_owned(), default: usual.text.clone() });
            for read in &reads {
                offence = offence.label_with(read.place(), "default", vec![("text", read.text.clone())]);
            }
            sink.report(offence);
        }
    }
}

struct Default<'a> {
    read: &'a Linked<EnvRead>,
    text: String,
    database: DatabaseId,
}

impl Default<'_> {
    /// The default where it is written beside the variable; else the reading of the variable.
    fn place(&self) -> &Place {
        let read = &self.read.fact;
        let origin = read.default.as_ref().and_then(|default| default.origin.as_ref());
        origin
            .filter(|origin| origin.file == read.place.file && read.place.span.contains(origin.span))
            .unwrap_or(&read.place)
    }
}

fn default_of<'a>(inventory: &Inventory, policy: &Applied<'_>, read: &'a Linked<EnvRead>) -> Option<Default<'a>> {
    let text = read.fact.default.as_ref()?.rendered().filter(|text| !text.trim().is_empty())?;
    let database = *read.databases.first()?;
    let unlike = matches!(policy.standing(database), Standing::Temporary | Standing::Server);
    (!unlike && !inventory.database(database).temporary).then_some(Default { read, text, database })
}

fn most_common<'a, 'i>(reads: &'a [Default<'i>]) -> Option<&'a Default<'i>> {
    let votes = |of: &Default<'_>| reads.iter().filter(|read| read.database == of.database).count();
    let most = reads.iter().map(votes).max()?;
    reads.iter().find(|read| votes(read) == most)
}

/// `/app/data/x.db` and `data/x.db` are most likely one file, seen from the container and from the desk.
fn differ(one: &Default<'_>, other: &Default<'_>) -> bool {
    let name = |text: &str| names::strip_url(text).rsplit('/').next().unwrap_or("").to_owned();
    let absolute = |text: &str| names::strip_url(text).starts_with('/');
    one.database != other.database
        && (name(&one.text) != name(&other.text) || absolute(&one.text) == absolute(&other.text))
}
