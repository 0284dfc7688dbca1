//! References gathered by what causes them: a constant that is opened eight times is one thing to mend.

use std::collections::BTreeMap;

use super::standing::{Applied, Standing};
use crate::lang::{Base, Confidence, Engine, Part, Reference, Role, Value, names};
use crate::scan::{Context, DatabaseId, Inventory, Linked};
use crate::text::Place;

/// A place that says which database it is, with every place that follows from it.
#[derive(Debug)]
pub(crate) struct Cause<'a> {
    /// The literal or expression to mend.
    pub(crate) place: &'a Place,
    pub(crate) value: &'a Value,
    pub(crate) database: Option<DatabaseId>,
    pub(crate) context: Context,
    /// The reference at the place itself, or the first that follows from it.
    pub(crate) lead: &'a Linked<Reference>,
    /// In order of place, without the cause's own.
    pub(crate) followers: Vec<&'a Linked<Reference>>,
    /// Something opens it.
    pub(crate) opened: bool,
    pub(crate) confidence: Confidence,
}

impl Cause<'_> {
    /// The path as it is written there, for people.
    pub(crate) fn written(&self) -> String {
        let pattern = self.value.pattern();
        let path = names::strip_url(&pattern);
        let mut parts: Vec<&str> = Vec::new();
        for part in path.split('/') {
            match part {
                ".." if parts.last().is_some_and(|last| !matches!(*last, ".." | "" | "*")) => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        parts.join("/")
    }

    /// Where it lies is known from its beginning: a folder that a test is handed can be any, and mostly is a throw-away one.
    pub(crate) fn has_known_folder(&self) -> bool {
        !matches!(self.value.parts.first(), Some(Part::Unknown(_)))
    }

    pub(crate) fn standing(&self, applied: &Applied<'_>) -> Option<Standing> {
        self.database.map(|database| applied.standing(database))
    }

    /// Nothing but a variable stands there: no file name is spelled out.
    pub(crate) fn is_bare_variable(&self) -> bool {
        matches!(self.value.parts.as_slice(), [Part::Env { default: None, .. }])
    }
}

/// Every cause in code, configuration and tests, in order of place. Prose and vendored code cause nothing.
pub(super) fn causes<'a>(inventory: &'a Inventory, applied: &Applied<'a>) -> Vec<Cause<'a>> {
    let mut found: BTreeMap<(&'a Place, Option<DatabaseId>), Cause<'a>> = BTreeMap::new();
    for reference in &inventory.references {
        let context = applied.context(&reference.fact.place.file, reference.context);
        let silent = reference.fact.role == Role::Mentions || applied.is_own(&reference.fact.place.file);
        if silent || matches!(context, Context::Docs | Context::Vendored) {
            continue;
        }
        for (index, value) in reference.fact.values.iter().enumerate() {
            if value.is_opaque() || value.engine != Engine::Sqlite && value.parts.is_empty() {
                continue;
            }
            let place = value.origin.as_ref().unwrap_or(&reference.fact.place);
            let database = database_of(inventory, reference, index, value);
            if database.is_none() && value.base == Base::Temporary || names::is_placeholder(&value.pattern()) {
                continue;
            }
            let own = *place == reference.fact.place;
            let cause = found.entry((place, database)).or_insert_with(|| Cause {
                place,
                value,
                database,
                context: applied.context(&place.file, context),
                lead: reference,
                followers: Vec::new(),
                opened: false,
                confidence: Confidence::Low,
            });
            cause.opened |= reference.fact.role == Role::Opens;
            cause.confidence = cause.confidence.min(reference.fact.confidence);
            if own {
                cause.lead = reference;
            } else {
                cause.followers.push(reference);
            }
        }
    }
    merge_nested(found.into_values().collect())
}

/// The same literal told twice, once with and once without what stands around it, is one cause.
fn merge_nested(causes: Vec<Cause<'_>>) -> Vec<Cause<'_>> {
    let mut merged: Vec<Cause<'_>> = Vec::with_capacity(causes.len());
    for cause in causes {
        let twin = merged.iter_mut().rev().take(4).find(|other| {
            other.place.file == cause.place.file
                && other.database == cause.database
                && !cause.place.span.is_empty()
                && (other.place.span.contains(cause.place.span) || cause.place.span.contains(other.place.span))
        });
        match twin {
            Some(other) => {
                other.opened |= cause.opened;
                other.confidence = other.confidence.min(cause.confidence);
                other.followers.extend(cause.followers);
                other.followers.sort_by(|one, two| one.fact.place.cmp(&two.fact.place));
                other.followers.dedup_by(|one, two| one.fact.place == two.fact.place);
            }
            None => merged.push(cause),
        }
    }
    merged
}

/// Which of a reference's databases one of its values names.
pub(super) fn database_of(
    inventory: &Inventory,
    reference: &Linked<Reference>,
    index: usize,
    value: &Value,
) -> Option<DatabaseId> {
    // What lies below a throw-away folder is none of the live databases, whatever it is called.
    if value.base == Base::Temporary {
        return reference.databases.iter().copied().find(|id| inventory.database(*id).temporary);
    }
    let pattern = value.pattern();
    let path = names::strip_url(&pattern).trim_start_matches("./");
    let called = |id: &&DatabaseId| inventory.databases.get(id.0).is_some_and(|database| database.is_called(path));
    if let Some(id) = reference.databases.iter().find(called) {
        return Some(*id);
    }
    if reference.databases.len() == reference.fact.values.len() {
        return reference.databases.get(index).copied();
    }
    reference.databases.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Language;
    use crate::scan::{Database, Tracking};
    use crate::text::Source;

    #[test]
    fn a_throw_away_file_is_no_live_database_of_the_same_name() {
        let database = |path: &str, temporary: bool| Database {
            name: "zoe.db".to_owned(),
            path: path.to_owned(),
            engine: Engine::Sqlite,
            spellings: Vec::new(),
            file: None,
            tracking: Tracking::default(),
            temporary,
            is_pattern: false,
        };
        let mut inventory = Inventory {
            databases: vec![database("/app/data/zoe.db", false), database("<temporary>/zoe.db", true)],
            ..Inventory::default()
        };
        let parts = vec![Part::Unknown("tmp_path".to_owned()), Part::Text("/zoe.db".to_owned())];
        let thrown_away = Value { base: Base::Temporary, parts: parts.clone(), ..Value::default() };
        let handed = Value { parts, ..Value::default() };
        let source = Source::new("app.py", b"open(path)".to_vec());
        let reference = |ids: &[usize]| Linked {
            fact: Reference {
                place: source.place(crate::text::Span::new(5, 9)),
                role: Role::Opens,
                values: vec![thrown_away.clone(), handed.clone()].into(),
                construct: "sqlite3.connect".into(),
                language: Language::Python,
                confidence: Confidence::Medium,
                name: None,
                symbol: None,
                generated: false,
            },
            databases: ids.iter().map(|id| DatabaseId(*id)).collect(),
            context: Context::Code,
        };
        let both = reference(&[0, 1]);
        assert_eq!(database_of(&inventory, &both, 0, &thrown_away), Some(DatabaseId(1)));
        assert_eq!(database_of(&inventory, &both, 1, &handed), Some(DatabaseId(1)));
        assert_eq!(database_of(&inventory, &reference(&[0]), 0, &thrown_away), None);
        inventory.databases.truncate(1);
        assert_eq!(database_of(&inventory, &reference(&[0]), 1, &handed), Some(DatabaseId(0)));
    }
}
