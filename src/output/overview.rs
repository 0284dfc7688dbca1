//! An inventory summed up for people: what both the terminal and the audit report show, in the same order and words.

use std::collections::{BTreeMap, BTreeSet};

use super::look::{count, grouped};
use super::{Opinion, shown};
use crate::db::State;
use crate::lang::{Engine, Part, Reference, Role, Value};
use crate::rules::Standing;
use crate::scan::{Context, Database, DatabaseId, Duplicate, Inventory, Linked};

/// Everything worth a line.
pub(super) struct Overview<'a> {
    /// Databases that matter, the most referenced first.
    pub(super) rows: Vec<Row<'a>>,
    /// Databases of tests, of temporary folders, and those that documents alone name.
    pub(super) aside: Vec<Row<'a>>,
    pub(super) duplicates: Vec<&'a Duplicate>,
    /// Referred to by code or configuration, and not there.
    pub(super) dangling: Vec<(DatabaseId, Vec<&'a Linked<Reference>>)>,
    /// There, and referred to by neither code nor configuration.
    pub(super) unreferenced: Vec<DatabaseId>,
    /// Opens of which no database is known.
    pub(super) unresolved: Vec<&'a Linked<Reference>>,
    labels: Vec<String>,
}

/// One database with its numbers.
pub(super) struct Row<'a> {
    pub(super) id: DatabaseId,
    pub(super) database: &'a Database,
    pub(super) path: String,
    pub(super) references: usize,
    pub(super) files: usize,
    pub(super) tables: Option<usize>,
    pub(super) rows: Option<u64>,
    pub(super) standing: Option<Standing>,
    /// What the policy says of it.
    pub(super) says: String,
    /// What is odd about it; empty for a healthy file.
    pub(super) note: String,
}

impl<'a> Overview<'a> {
    pub(super) fn of(inventory: &'a Inventory, opinion: &Opinion<'_>) -> Self {
        let mut to: BTreeMap<DatabaseId, Vec<&Linked<Reference>>> = BTreeMap::new();
        let mut unresolved = Vec::new();
        for reference in &inventory.references {
            if reference.databases.is_empty() && reference.fact.role == Role::Opens {
                unresolved.push(reference);
            }
            for &id in &*reference.databases {
                to.entry(id).or_default().push(reference);
            }
        }
        let mut overview = Self {
            rows: Vec::new(),
            aside: Vec::new(),
            duplicates: inventory.duplicates.iter().collect(),
            dangling: Vec::new(),
            unreferenced: Vec::new(),
            unresolved,
            labels: labels(inventory),
        };
        overview.duplicates.sort_by_key(|duplicate| std::cmp::Reverse(lost(duplicate)));
        for (index, database) in inventory.databases.iter().enumerate() {
            let id = DatabaseId(index);
            let references = to.remove(&id).unwrap_or_default();
            overview.place(id, database, references, inventory, opinion);
        }
        for rows in [&mut overview.rows, &mut overview.aside] {
            rows.sort_by(|one, other| {
                let rank = |row: &Row<'_>| (row.standing != Some(Standing::Primary), std::cmp::Reverse(row.references));
                rank(one).cmp(&rank(other)).then_with(|| one.path.cmp(&other.path))
            });
        }
        overview
    }

    fn place(
        &mut self,
        id: DatabaseId,
        database: &'a Database,
        references: Vec<&'a Linked<Reference>>,
        inventory: &'a Inventory,
        opinion: &Opinion<'_>,
    ) {
        let standing = opinion.standing(id);
        let matters = references.iter().any(|reference| is_use(reference));
        let schema = database.file.as_ref().and_then(|file| file.schema.as_ref());
        let row = Row {
            id,
            database,
            path: shown(&inventory.root, &database.path),
            references: references.iter().filter(|reference| is_said_by_program(reference)).count(),
            files: super::files_of(references.iter().copied().filter(|reference| is_said_by_program(reference))),
            tables: schema.map(|schema| schema.own_tables().count()),
            rows: schema.map(crate::db::Schema::rows),
            standing,
            says: standing.map_or_else(String::new, |standing| opinion.says(standing)),
            note: note(database),
        };
        let foreign = database.file.as_ref().is_some_and(|file| matches!(file.state, State::NotSqlite(_)));
        let is_file = database.file.is_some() && !foreign;
        if (matters || is_file || standing.is_some_and(is_named)) && !database.temporary {
            self.rows.push(row);
        } else {
            self.aside.push(row);
        }
        if database.temporary || database.is_pattern || database.engine != Engine::Sqlite {
            return;
        }
        if is_file && !references.iter().any(|reference| reference.fact.role != Role::Mentions) {
            self.unreferenced.push(id);
        } else if database.file.is_none() && matters {
            self.dangling.push((id, references.into_iter().filter(|reference| is_use(reference)).collect()));
        }
    }

    /// A database's name; its path where two share the name.
    pub(super) fn label(&self, id: DatabaseId) -> &str {
        self.labels.get(id.0).map_or("", String::as_str)
    }

    /// `users: 4 in zoe.db, 2 in auth.db, 2 of the 4 missing there`, without the table's name.
    pub(super) fn sides(&self, duplicate: &Duplicate) -> String {
        let mut words = Vec::new();
        for (index, side) in duplicate.sides.iter().enumerate() {
            words.push(format!("{} in {}", grouped(side.rows), self.label(side.database)));
            let Some(first) = duplicate.sides.first().filter(|first| index > 0 && first.rows > 0 && side.rows > 0)
            else {
                continue;
            };
            match side.lacks_of_first {
                Some(0) | None => {}
                Some(lacks) => words.push(format!("{} of the {} missing there", grouped(lacks), grouped(first.rows))),
            }
            match side.missing_in_first {
                Some(0) | None => {}
                Some(missing) => {
                    words.push(format!("{} of its own missing in {}", grouped(missing), self.label(first.database)))
                }
            }
            if side.lacks_of_first == Some(0) && side.missing_in_first == Some(0) {
                words.push("the same rows".to_owned());
            }
        }
        words.join(", ")
    }

    /// What must be known besides the rows: how they were matched, and whether the columns differ.
    pub(super) fn asides(duplicate: &Duplicate) -> Vec<String> {
        let mut words = Vec::new();
        if !duplicate.matched_on.is_empty() {
            words.push(format!("matched on {}", duplicate.matched_on.join(", ")));
        } else if duplicate.sides.iter().filter(|side| side.rows > 0).count() > 1 {
            words.push("rows cannot be matched".to_owned());
        }
        if duplicate.drifted {
            words.push("columns differ".to_owned());
        }
        words
    }
}

/// The policy speaks of it by name.
fn is_named(standing: Standing) -> bool {
    !matches!(standing, Standing::Temporary | Standing::Server | Standing::Unknown)
}

/// The first line of every report.
pub(super) fn headline(inventory: &Inventory) -> String {
    let files = inventory.databases.iter().filter(|database| database.file.is_some()).count();
    let (said, mentions): (Vec<_>, Vec<_>) =
        inventory.references.iter().partition(|reference| is_said_by_program(reference));
    let mentions = match mentions.len() {
        0 => String::new(),
        mentions => format!(", {}", count(mentions, "mention", "mentions")),
    };
    format!(
        "{} ({}), {} in {}{mentions}, {}",
        count(inventory.databases.len(), "database", "databases"),
        count(files, "file", "files"),
        count(said.len(), "reference", "references"),
        count(super::files_of(said.into_iter()), "file", "files"),
        count(inventory.table_uses.len(), "table use", "table uses"),
    )
}

/// A program or its configuration means it; comments, messages and documents only speak of it.
fn is_said_by_program(reference: &Linked<Reference>) -> bool {
    reference.fact.role != Role::Mentions && reference.context != Context::Docs
}

/// Code or configuration that depends on the database: neither a test nor a document.
fn is_use(reference: &Linked<Reference>) -> bool {
    reference.fact.role != Role::Mentions && matches!(reference.context, Context::Code | Context::Config)
}

/// Rows that a merge into the first side would have to bring along.
fn lost(duplicate: &Duplicate) -> u64 {
    duplicate.sides.iter().filter_map(|side| side.missing_in_first).sum()
}

fn labels(inventory: &Inventory) -> Vec<String> {
    let mut seen = BTreeSet::new();
    // Tables stand in files only, so only files can be taken for one another.
    let shared: BTreeSet<&str> = inventory
        .databases
        .iter()
        .filter(|database| database.file.is_some())
        .map(|database| database.name.as_str())
        .filter(|&name| name.is_empty() || !seen.insert(name))
        .collect();
    let label = |database: &Database| {
        if shared.contains(database.name.as_str()) {
            shown(&inventory.root, &database.path)
        } else {
            database.name.clone()
        }
    };
    inventory.databases.iter().map(label).collect()
}

fn note(database: &Database) -> String {
    match (&database.file, database.engine) {
        (_, Engine::Postgresql) => "PostgreSQL".to_owned(),
        (_, Engine::Mysql) => "MySQL".to_owned(),
        (_, Engine::Other) => "a server".to_owned(),
        (None, _) if database.path.contains(":memory:") => "in memory".to_owned(),
        (None, _) if database.temporary => "temporary".to_owned(),
        (None, _) if database.is_pattern => "named at run time".to_owned(),
        (None, _) => "no such file".to_owned(),
        (Some(file), _) => match &file.state {
            State::Readable if !file.sidecars.is_empty() => "has a write-ahead log or journal".to_owned(),
            State::Readable => String::new(),
            State::Empty => "empty file".to_owned(),
            State::NotSqlite(what) => format!("not SQLite: {what}"),
            State::Encrypted => "encrypted, or overwritten".to_owned(),
            State::Corrupt(why) => format!("corrupt: {why}"),
            State::Locked(why) => format!("locked: {why}"),
            State::Unreadable(why) => format!("unreadable: {why}"),
        },
    }
}

/// `services/a.py:12:5`.
pub(super) fn at(reference: &Linked<Reference>) -> String {
    let place = &reference.fact.place;
    format!("{}:{}:{}", place.file, place.start.line, place.start.column)
}

/// What is known of an open: the call, and the words of the source that stand for the path.
pub(super) fn open_words(reference: &Reference) -> String {
    let values: Vec<String> = reference.values.iter().map(value_words).filter(|words| !words.is_empty()).collect();
    let more = if values.len() > 2 { " or something else" } else { "" };
    match values.get(..values.len().min(2)).filter(|first| !first.is_empty()) {
        Some(first) => format!("{} of {}{more}", reference.construct, first.join(" or ")),
        None => reference.construct.to_string(),
    }
}

fn value_words(value: &Value) -> String {
    let mut out = String::new();
    for part in &value.parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Env { name, .. } => out.extend(["${", name, "}"]),
            Part::Unknown(words) if value.parts.len() == 1 => out.push_str(words),
            Part::Unknown(words) => out.extend(["{", words, "}"]),
        }
    }
    super::look::shorten(&out, 80)
}
