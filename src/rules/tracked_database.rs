//! Git has a database.

use super::sink::Offence;
use super::{Applied, Sink, names};
use crate::db::{DatabaseFile, Schema, State, TableKind};
use crate::finding::Remedy;
use crate::scan::{DatabaseId, Inventory, is_bookkeeping};
use crate::text::Place;

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for (index, database) in inventory.databases.iter().enumerate() {
        let not_one = database.file.as_ref().is_some_and(|file| matches!(file.state, State::NotSqlite(_)));
        let in_tests = policy.context(&database.path, crate::scan::Context::Code) == crate::scan::Context::Test;
        if !database.tracking.tracked || not_one || in_tests || names::is_fixture(&database.path) {
            continue;
        }
        let mut offence = Offence::at(&Place::whole(database.path.as_str().into()))
            .hole("path", &database.path)
            .hole("contents", database.file.as_ref().map_or_else(String::new, |file| contents(file, inventory)))
            .about(Some(DatabaseId(index)));
        // What is ignored already only has to leave the index.
        if !database.tracking.ignored {
            let line = format!("/{}", database.path);
            offence = offence.remedy(Remedy::AddIgnore { file: ".gitignore".to_owned(), line });
        }
        sink.report(offence);
    }
}

/// Tables that a message names.
const SHOWN: usize = 4;

/// What would be in everybody's clone: tables and rows, and where else the same tables stand.
fn contents(file: &DatabaseFile, inventory: &Inventory) -> String {
    let schema = match (&file.state, &file.schema) {
        (State::Readable, Some(schema)) => schema,
        (State::Empty, _) => return " (it is empty)".to_owned(),
        (State::Encrypted, _) => return " (it is encrypted)".to_owned(),
        (State::Corrupt(words), _) => return format!(" (it is damaged: {words})"),
        _ => return String::new(),
    };
    let names = names_of(schema);
    let mut words = format!(": {}, {}", counted(names.len() as u64, "table"), counted(schema.rows(), "row"));
    if !names.is_empty() {
        words.push_str(&format!(" ({})", listed(&names)));
    }
    let known = inventory.databases.iter().filter_map(|other| other.file.as_ref()).chain(&inventory.beside);
    let mut again: Vec<String> = Vec::new();
    for other in known.filter(|other| other.path != file.path && !names::is_copy(&other.path)) {
        let Some(theirs) = &other.schema else { continue };
        let theirs = names_of(theirs);
        let same: Vec<&str> = names.iter().filter(|name| has(&theirs, name)).copied().collect();
        let words = format!("{} of them also in `{}`: {}", same.len(), other.path, listed(&same));
        if !same.is_empty() && !again.contains(&words) {
            again.push(words);
        }
    }
    for other in again.iter().take(SHOWN) {
        words.push_str("; ");
        words.push_str(other);
    }
    words
}

/// Tables that people made; each database has its own of what tools keep.
fn names_of(schema: &Schema) -> Vec<&str> {
    let own = schema.own_tables().filter(|table| table.kind == TableKind::Ordinary);
    own.map(|table| table.name.as_str()).filter(|name| !is_bookkeeping(&name.to_lowercase())).collect()
}

fn has(names: &[&str], name: &str) -> bool {
    names.iter().any(|other| other.eq_ignore_ascii_case(name))
}

fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
