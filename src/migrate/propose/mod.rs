//! Databases to a plan: what each table of each source could become, and which decisions are a person's. Writes nothing.

mod keep;
mod overlap;
mod refs;
mod tables;

use std::collections::HashMap;
use std::path::PathBuf;

use super::Stop;
use super::examine::{self, Kind, Trouble};
use super::plan::{Action, After, Choice, Defaults, Expect, NamesInData, Plan, Remark, RenamePlan, SourcePlan, Target};
use crate::db::{self, Schema, State};
pub use overlap::Example;

/// A database that the plan will speak of.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// As the plan writes it: relative to the root where it lies below it.
    pub path: String,
    pub absolute: PathBuf,
    pub role: Role,
    pub state: State,
    pub schema: Option<Schema>,
    /// Its tables under other names in the target: old, new.
    pub tables: Vec<(String, String)>,
    pub why: Option<String>,
}

/// What the policy wants of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Target,
    Merge,
    Keep,
    External,
    Undecided,
}

/// What a proposal is made of.
#[derive(Debug)]
pub struct Wish<'a> {
    /// The path of the target, as the plan writes it.
    pub target: &'a str,
    pub candidates: &'a [Candidate],
    /// Tables that get another name in the target: old, new.
    pub renames: &'a [(String, String)],
    /// A plan that somebody has worked on: its decisions stay.
    pub previous: Option<&'a Plan>,
}

/// A plan with what a person should know of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    pub plan: Plan,
    pub remarks: Vec<Remark>,
    /// Decisions that are open, in the order of the plan.
    pub conflicts: Vec<Conflict>,
    pub troubles: Vec<Trouble>,
    /// Tables and rows of each source that could be read, by its id.
    pub sizes: Vec<(String, u64, u64)>,
}

/// A decision that is a person's.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// A table, or the id of a source.
    pub subject: String,
    /// The key in the plan: `strategy`, `fill`, `action`.
    pub key: String,
    pub words: String,
    /// What could be written, and what each would do, in numbers.
    pub options: Vec<(String, String)>,
    pub examples: Vec<Example>,
}

/// A source whose rows move, open for reading.
struct Open<'a> {
    id: String,
    candidate: &'a Candidate,
    schema: &'a Schema,
    reading: db::Reading,
}

/// Reads every candidate that may move and proposes a plan.
///
/// # Errors
/// Where there is nothing to plan, or a page cannot be read.
pub fn propose(wish: &Wish<'_>) -> Result<Proposal, Stop> {
    let ids = ids(wish);
    let mut out = Proposal {
        plan: Plan {
            version: 1,
            target: Target { path: wish.target.to_owned(), base: None },
            defaults: Defaults::default(),
            sources: Vec::new(),
            tables: Vec::new(),
            refs: Vec::new(),
            renames: Vec::new(),
            names_in_data: Vec::new(),
            code: super::plan::Code::default(),
            after: After::default(),
        },
        remarks: Vec::new(),
        conflicts: Vec::new(),
        troubles: Vec::new(),
        sizes: Vec::new(),
    };
    let mut merged = Vec::new();
    let mut digests: HashMap<String, String> = HashMap::new();
    for (candidate, id) in wish.candidates.iter().zip(&ids) {
        let mut source = SourcePlan {
            id: id.clone(),
            path: candidate.path.clone(),
            action: Choice::Made(Action::Merge),
            expect: None,
            why: candidate.why.clone(),
        };
        let planned = wish.previous.and_then(|plan| plan.sources.iter().find(|it| it.path == source.path));
        source.action = match (planned.map(|it| it.action), candidate.role) {
            (Some(Choice::Made(action)), _) => Choice::Made(action),
            (_, Role::Target | Role::Merge) => Choice::Made(Action::Merge),
            (_, Role::Keep) => Choice::Made(Action::Keep),
            (_, Role::External) => Choice::Made(Action::External),
            (_, Role::Undecided) => Choice::Open,
        };
        let schema = candidate.schema.as_ref().filter(|_| candidate.state == State::Readable);
        if let Some(schema) = schema {
            let tables = schema.own_tables().count() as u64;
            out.sizes.push((id.clone(), tables, schema.rows()));
        }
        if source.action.made().is_some_and(|action| *action != Action::Merge) {
            out.plan.sources.push(source);
            continue;
        }
        let nothing = candidate.state == State::Empty || schema.is_some_and(|schema| schema.own_tables().count() == 0);
        if nothing && candidate.role != Role::Target {
            source.action = Choice::Made(Action::DeleteEmpty);
            out.plan.sources.push(source);
            continue;
        }
        let Some(schema) = schema else {
            if candidate.state != State::Empty {
                unreadable(&mut out, &mut source, candidate);
            }
            if candidate.role != Role::Target {
                out.plan.sources.push(source);
            }
            continue;
        };
        let reading = db::reading(&candidate.absolute).map_err(|state| cannot(&candidate.path, &state))?;
        let content = db::content::of_connection(&reading.connection)?;
        source.expect = Some(Expect { tables: content.tables, rows: content.rows, content: content.digest.clone() });
        if let Some(twin) = digests.get(&content.digest) {
            source.action = Choice::Made(Action::Archive);
            source.why = Some(format!("a copy of {twin}, row for row"));
            let words = format!("holds what {twin} holds, row for row");
            out.troubles.push(Trouble { source: id.clone(), subject: String::new(), kind: Kind::Copy, words });
            out.plan.sources.push(source);
            continue;
        }
        digests.insert(content.digest, candidate.path.clone());
        out.troubles.extend(examine::examine(id, &reading.connection, schema)?);
        if source.action.is_open() {
            out.conflicts.push(undecided(&source, schema));
        } else {
            merged.push(Open { id: id.clone(), candidate, schema, reading });
        }
        out.plan.sources.push(source);
    }
    if merged.is_empty() && out.conflicts.is_empty() {
        return Err(Stop::new(
            "nothing to merge",
            "no database holds rows that would move to another",
            "name the databases to merge, or mark them as [[retired]] in dbguard.toml",
        ));
    }
    merged.sort_by_key(|open| (open.candidate.role != Role::Target, std::cmp::Reverse(open.schema.rows())));
    out.plan.target.base = merged.first().map(|open| open.id.clone());
    out.troubles.extend(versions(&merged));
    for source in &mut out.plan.sources {
        let (tables, rows) = out.sizes.iter().find(|(id, ..)| *id == source.id).map_or((0, 0), |it| (it.1, it.2));
        let mut lines = vec![format!("{}, {}", examine::counted(tables, "table"), examine::counted(rows, "row"))];
        let of_source = out.troubles.iter().filter(|it| it.source == source.id);
        lines.extend(
            of_source.map(|it| {
                if it.subject.is_empty() { it.words.clone() } else { format!("{}: {}", it.subject, it.words) }
            }),
        );
        out.remarks.push(Remark { block: format!("source {}", source.id), lines });
    }
    tables::decide(&merged, &mut out)?;
    refs::declare(&merged, &mut out)?;
    renames(wish, &merged, &mut out);
    out.plan.names_in_data = describing(&merged);
    if let Some(previous) = wish.previous {
        keep::keep(previous, &mut out);
    }
    Ok(out)
}

/// Databases whose `PRAGMA user_version` the target does not take over: it has but one, and that of the base stays.
fn versions(merged: &[Open<'_>]) -> Vec<Trouble> {
    let Some((base, others)) = merged.split_first() else { return Vec::new() };
    let stays = base.schema.user_version;
    let other = others.iter().filter(|open| open.schema.user_version != stays && open.schema.user_version != 0);
    other
        .map(|open| Trouble {
            source: open.id.clone(),
            subject: "PRAGMA user_version".to_owned(),
            kind: Kind::Version,
            words: format!("{} here and {stays} in {}, whose stays", open.schema.user_version, base.id),
        })
        .collect()
}

/// A table in which databases describe their tables speaks of them under the names that they get.
fn describing(merged: &[Open<'_>]) -> Vec<NamesInData> {
    let table = merged.iter().find_map(|open| open.schema.table("schema_metadata"));
    let column = table.and_then(|table| table.columns.iter().find(|it| it.name.eq_ignore_ascii_case("table_name")));
    let name = table.zip(column).map(|(table, column)| format!("{}.{}", table.name, column.name));
    name.into_iter().map(|column| NamesInData { column, json: false }).collect()
}

/// Renames of the policy whose table some source has.
fn renames(wish: &Wish<'_>, merged: &[Open<'_>], out: &mut Proposal) {
    let arrives = |name: &str| merged.iter().any(|open| open.schema.table(name).is_some());
    for (from, to) in wish.renames.iter().filter(|(from, _)| arrives(from)) {
        out.plan.renames.push(RenamePlan { from: from.clone(), to: to.clone(), compat: super::plan::Compat::None });
    }
}

fn unreadable(out: &mut Proposal, source: &mut SourcePlan, candidate: &Candidate) {
    source.action = Choice::Open;
    let words = words(&candidate.state);
    let trouble =
        Trouble { source: source.id.clone(), subject: String::new(), kind: Kind::Damage, words: words.clone() };
    out.troubles.push(trouble);
    out.conflicts.push(Conflict {
        subject: source.id.clone(),
        key: "action".to_owned(),
        words: format!("{} cannot be merged: {words}", source.path),
        options: vec![
            ("keep".to_owned(), "it stays where it is".to_owned()),
            ("archive".to_owned(), "the file moves into the archive as it is".to_owned()),
        ],
        examples: Vec::new(),
    });
}

fn undecided(source: &SourcePlan, schema: &Schema) -> Conflict {
    let rows = schema.rows();
    Conflict {
        subject: source.id.clone(),
        key: "action".to_owned(),
        words: format!("the policy does not say what becomes of {}", source.path),
        options: vec![
            ("merge".to_owned(), format!("its {} move to the target", examine::counted(rows, "row"))),
            ("keep".to_owned(), "it stays a database of its own".to_owned()),
            ("external".to_owned(), "it belongs to another program".to_owned()),
            ("archive".to_owned(), "the file moves into the archive, no row to the target".to_owned()),
        ],
        examples: Vec::new(),
    }
}

/// What a state says, for people.
#[must_use]
pub fn words(state: &State) -> String {
    match state {
        State::Readable => "readable".to_owned(),
        State::Empty => "an empty file".to_owned(),
        State::NotSqlite(what) => format!("not SQLite: {what}"),
        State::Encrypted => "encrypted, or not a database".to_owned(),
        State::Corrupt(words) => format!("damaged: {words}"),
        State::Locked(words) => format!("locked: {words}"),
        State::Unreadable(words) => words.clone(),
    }
}

fn cannot(path: &str, state: &State) -> Stop {
    Stop::new(
        format!("{path} cannot be read"),
        words(state),
        "close what holds it or mend it, then make the plan again",
    )
}

/// Short unique names: the file's stem, with its folder where two share it.
fn ids(wish: &Wish<'_>) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for candidate in wish.candidates {
        let known = wish.previous.and_then(|plan| plan.sources.iter().find(|it| it.path == candidate.path));
        if let Some(known) = known.filter(|it| !ids.contains(&it.id)) {
            ids.push(known.id.clone());
            continue;
        }
        let parts: Vec<&str> = candidate.path.split('/').filter(|part| !part.is_empty()).collect();
        let stem = parts.last().map_or("source", |name| name.split_once('.').map_or(*name, |(stem, _)| stem));
        let stem = if stem.is_empty() { "source" } else { stem };
        let mut id = plain(stem);
        for folder in parts.iter().rev().skip(1) {
            if !ids.contains(&id) {
                break;
            }
            id = format!("{}-{id}", plain(folder));
        }
        let mut unique = id.clone();
        let mut number = 2;
        while ids.contains(&unique) {
            unique = format!("{id}-{number}");
            number += 1;
        }
        ids.push(unique);
    }
    ids
}

/// Letters, digits, `-` and `_`: what can stand before the colon of `source:key`.
fn plain(word: &str) -> String {
    word.chars().map(|letter| if letter.is_alphanumeric() || letter == '_' { letter } else { '-' }).collect()
}

#[cfg(test)]
mod tests;
