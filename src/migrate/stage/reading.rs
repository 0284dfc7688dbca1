//! What is known of one source while it is attached: its references, where its keys go, and SQL for each of its values as the
//! target has them. Runs no statement.

use super::Work;
use super::catalogue::{Column, Table, same};
use super::layout::Member;
use super::refs::{Reference, is_rowid_name};
use crate::db::quote;
use crate::migrate::Stop;

/// How far the integer keys of one source table move: those from `low` to `high` by `by`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shift {
    pub(super) by: i64,
    pub(super) low: i64,
    pub(super) high: i64,
}

/// A table in `temp` that lists the keys of a parent which did not move by its shift: `o0…` became `n0…`.
#[derive(Debug, Clone)]
pub(super) struct Exceptions {
    pub(super) parent: String,
    pub(super) columns: Vec<String>,
    pub(super) table: String,
}

#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) source: usize,
    pub(super) refs: Vec<Reference>,
    /// By member.
    pub(super) shifts: Vec<(usize, Shift)>,
    pub(super) exceptions: Vec<Exceptions>,
    /// Members of which `temp.k…` lists primary keys that are new, each with its column.
    pub(super) rekeyed: Vec<(usize, String)>,
    /// References that become NULL where their condition on row `s` holds.
    pub(super) nulled: Vec<(Reference, String)>,
}

/// SQLite's affinity of a declared type, as a type's name.
pub(super) fn affinity(declared: &str) -> &'static str {
    let declared = declared.to_ascii_uppercase();
    let has = |word: &str| declared.contains(word);
    if has("INT") {
        "INTEGER"
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        "TEXT"
    } else if has("BLOB") || declared.is_empty() {
        "BLOB"
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        "REAL"
    } else {
        "NUMERIC"
    }
}

/// The integer that a value stands for when it is compared with an integer key, else NULL.
pub(super) fn number_of(value: &str, column: Option<&Column>) -> String {
    let integer = format!("WHEN 'integer' THEN {value}");
    let text = format!(
        "WHEN 'text' THEN CASE WHEN CAST(CAST({value} AS INTEGER) AS TEXT) = {value} COLLATE BINARY THEN CAST({value} AS INTEGER) END"
    );
    let real = format!(
        "WHEN 'real' THEN CASE WHEN CAST(CAST({value} AS INTEGER) AS REAL) = {value} THEN CAST({value} AS INTEGER) END"
    );
    match column.map_or("BLOB", |column| affinity(&column.declared)) {
        "INTEGER" => format!("CASE typeof({value}) {integer} END"),
        "TEXT" => format!("CASE typeof({value}) {text} END"),
        _ => format!("CASE typeof({value}) {integer} {text} {real} END"),
    }
}

/// A moved key in the storage class that the value had.
fn like(value: &str, moved: &str, column: Option<&Column>) -> String {
    match column.map_or("BLOB", |column| affinity(&column.declared)) {
        "INTEGER" => moved.to_owned(),
        "TEXT" => format!("CAST({moved} AS TEXT)"),
        _ => format!(
            "CASE typeof({value}) WHEN 'text' THEN CAST({moved} AS TEXT) WHEN 'real' THEN CAST({moved} AS REAL) ELSE {moved} END"
        ),
    }
}

impl Reading {
    pub(super) fn shift(&self, member: usize) -> Option<Shift> {
        self.shifts.iter().find(|(at, _)| *at == member).map(|(_, shift)| *shift)
    }

    /// The table whose integer keys a column holds: the end of the references that lead away from it.
    pub(super) fn root<'t>(&self, work: &'t Work<'_>, table: &str, column: &str) -> Option<&'t Table> {
        let catalogue = &work.sources.get(self.source)?.catalogue;
        let (mut table, mut column) = (catalogue.table(table)?, column.to_owned());
        let mut seen: Vec<(String, String)> = Vec::new();
        loop {
            let is_key = is_rowid_name(table, &column) || table.id.as_ref().is_some_and(|id| same(id, &column));
            let here = (table.name.to_ascii_lowercase(), column.to_ascii_lowercase());
            if seen.contains(&here) {
                return is_key.then_some(table);
            }
            seen.push(here);
            let away = |reference: &&Reference| {
                same(&reference.child, &table.name) && reference.columns.iter().any(|it| same(it, &column))
            };
            let mut leading: Vec<&Reference> = self.refs.iter().filter(away).collect();
            leading.sort_by_key(|reference| reference.columns.len());
            let next = leading.into_iter().find_map(|reference| {
                let at = reference.columns.iter().position(|it| same(it, &column))?;
                Some((catalogue.table(&reference.parent)?, reference.parent_columns.get(at)?.clone()))
            });
            match next {
                Some((parent, own)) => (table, column) = (parent, own),
                None => return is_key.then_some(table),
            }
        }
    }

    /// Whether a table's rowids are its own, and not those of a parent.
    pub(super) fn owns_its_keys(&self, work: &Work<'_>, table: &Table) -> bool {
        let column = &table.row_name();
        table.without_rowid || self.root(work, &table.name, column).is_none_or(|root| same(&root.name, &table.name))
    }

    /// SQL for a value of row `s`, with keys as the target has them.
    pub(super) fn value(&self, work: &Work<'_>, table: &Table, column: &str) -> Result<String, Stop> {
        let declared = table.column(column);
        let bare = match declared {
            Some(column) => format!("s.{}", quote(&column.name)),
            None => format!("s.{}", table.rowid().map_or_else(|| "rowid".to_owned(), |name| quote(&name))),
        };
        let number = number_of(&bare, declared);
        let is_key = table.id.as_ref().is_some_and(|id| same(id, column)) || declared.is_none();
        let mut sql = bare.clone();
        let shift = self
            .root(work, &table.name, column)
            .and_then(|root| {
                work.layout.members.iter().position(|it| it.source == self.source && it.table == root.name)
            })
            .and_then(|member| self.shift(member))
            .filter(|shift| shift.by != 0);
        if let Some(Shift { by, low, high }) = shift {
            sql = if is_key {
                format!("CASE WHEN {bare} BETWEEN {low} AND {high} THEN {bare} + {by} ELSE {bare} END")
            } else {
                let moved = like(&bare, &format!("({number} + {by})"), declared);
                format!("CASE WHEN {number} BETWEEN {low} AND {high} THEN {moved} ELSE {bare} END")
            };
        }
        let mut covering: Vec<&Reference> = self
            .refs
            .iter()
            .filter(|it| same(&it.child, &table.name) && it.columns.iter().any(|it| same(it, column)))
            .collect();
        covering.sort_by_key(|it| it.columns.len());
        for reference in covering {
            let Some(exceptions) = self.exceptions_of(reference) else { continue };
            let Some(at) = reference.columns.iter().position(|it| same(it, column)) else { continue };
            let integers =
                self.root(work, &reference.parent, reference.parent_columns.get(at).map_or("", |it| it)).is_some();
            let condition: Vec<String> = reference
                .columns
                .iter()
                .zip(&reference.parent_columns)
                .enumerate()
                .map(|(at, (own, theirs))| {
                    let own_value = format!("s.{}", quote(own));
                    let is_number = self.root(work, &reference.parent, theirs).is_some();
                    let own = if is_number { number_of(&own_value, table.column(own)) } else { own_value };
                    format!("x.o{at} = {own}")
                })
                .collect();
            let found = format!(
                "(SELECT x.n{at} FROM temp.{} AS x WHERE {})",
                quote(&exceptions.table),
                condition.join(" AND ")
            );
            let found = if integers && !is_key { like(&bare, &found, declared) } else { found };
            sql = format!("coalesce({found}, {sql})");
        }
        let own = work.layout.members.iter().position(|it| it.source == self.source && it.table == table.name);
        if let Some((member, _)) = self.rekeyed.iter().find(|(at, name)| Some(*at) == own && same(name, column)) {
            sql = format!("coalesce((SELECT x.n FROM temp.k{member} AS x WHERE x.o = {bare}), {sql})");
        }
        for (reference, condition) in self.nulled.iter().filter(|(it, _)| same(&it.child, &table.name)) {
            if reference.columns.iter().any(|it| same(it, column)) {
                sql = format!("CASE WHEN {condition} THEN NULL ELSE {sql} END");
            }
        }
        Ok(sql)
    }

    fn exceptions_of(&self, reference: &Reference) -> Option<&Exceptions> {
        self.exceptions.iter().find(|it| {
            same(&it.parent, &reference.parent)
                && it.columns.len() == reference.parent_columns.len()
                && it.columns.iter().zip(&reference.parent_columns).all(|(left, right)| same(left, right))
        })
    }

    /// SQL for what a member puts into a column of the target; `None` where it has nothing for it.
    pub(super) fn column(
        &self,
        work: &Work<'_>,
        member: &Member,
        table: &Table,
        target: &Column,
    ) -> Result<Option<String>, Stop> {
        let value = match member.columns.iter().find(|(result, _)| same(result, &target.name)) {
            Some((_, own)) => Some(work.in_data(member, &target.name, self.value(work, table, own)?)),
            None => None,
        };
        let template = member.block.and_then(|at| work.plan.tables.get(at)).and_then(|block| {
            block.fill.iter().find(|(name, _)| same(name, &target.name)).map(|(_, template)| template.as_str())
        });
        let Some(template) = template else { return Ok(value) };
        let filled = self.filled(work, member, table, template)?;
        Ok(Some(match value {
            Some(value) if target.not_null => format!("coalesce({value}, {filled})"),
            Some(value) => value,
            None => filled,
        }))
    }

    /// SQL for `text {column} text`.
    fn filled(&self, work: &Work<'_>, member: &Member, table: &Table, template: &str) -> Result<String, Stop> {
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some(start) = rest.find('{') {
            let Some(end) = rest.get(start..).and_then(|tail| tail.find('}')).map(|end| start + end) else { break };
            let name = rest.get(start + 1..end).unwrap_or("");
            let Some((_, own)) = member.columns.iter().find(|(result, _)| same(result, name)) else {
                return Err(Stop::new(
                    format!("`{}`: a fill names the column `{name}`", member.target),
                    format!("`{template}` cannot be filled in: this source has no such column"),
                    "use columns that every source of the table has, or plain text",
                ));
            };
            parts.push(text(rest.get(..start).unwrap_or("")));
            parts.push(format!("coalesce({}, '')", self.value(work, table, own)?));
            rest = rest.get(end + 1..).unwrap_or("");
        }
        parts.push(text(rest));
        Ok(format!("({})", parts.join(" || ")))
    }
}

fn text(words: &str) -> String {
    format!("'{}'", words.replace('\'', "''"))
}
