//! Data that names tables: rewritten as the tables are renamed, where the plan says so. Knows SQLite only as the caller of a
//! function.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

use super::Work;
use super::catalogue::same;
use super::layout::Member;
use crate::db::quote;
use crate::migrate::Stop;

/// Table of a source, its name in the target.
type Names = Vec<(String, String)>;

/// The value with every table's name as the target has it; `None` where nothing changes.
fn renamed(text: &str, names: &[(String, String)], json: bool) -> Option<String> {
    let new = |name: &str| names.iter().find(|(old, new)| same(old, name) && old != new).map(|(_, new)| new.as_str());
    if !json {
        return new(text).map(str::to_owned);
    }
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    // Everything but the strings stays byte for byte.
    let mut out = String::new();
    let mut rest = text;
    let mut changed = false;
    while let Some(open) = rest.find('"') {
        let (before, tail) = rest.split_at_checked(open)?;
        out.push_str(before);
        let mut escaped = false;
        let close = tail.char_indices().skip(1).find(|(_, letter)| {
            let ends = *letter == '"' && !escaped;
            escaped = *letter == '\\' && !escaped;
            ends
        })?;
        let (literal, after) = tail.split_at_checked(close.0 + 1)?;
        match serde_json::from_str::<String>(literal).ok().as_deref().and_then(new) {
            Some(name) => {
                out.push_str(&serde_json::to_string(name).ok()?);
                changed = true;
            }
            None => out.push_str(literal),
        }
        rest = after;
    }
    out.push_str(rest);
    changed.then_some(out)
}

/// Makes `dbguard_renamed(value, json)` speak of the tables of one source.
fn teach(db: &Connection, names: Names) -> Result<(), Stop> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    db.create_scalar_function("dbguard_renamed", 2, flags, move |context| {
        let json: bool = context.get(1)?;
        let value = context.get_raw(0);
        let new = match value {
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok().and_then(|text| renamed(text, &names, json)),
            _ => None,
        };
        Ok(match new {
            Some(text) => ToSqlOutput::Owned(Value::Text(text)),
            None => ToSqlOutput::Owned(Value::try_from(value).unwrap_or(Value::Null)),
        })
    })?;
    Ok(())
}

impl Work<'_> {
    /// Before the rows of a source are read.
    pub(super) fn teach_names(&self, source: usize) -> Result<(), Stop> {
        if self.plan.names_in_data.is_empty() {
            return Ok(());
        }
        let names = self.layout.of_source(source).filter(|(_, member)| !member.skip);
        teach(
            &self.db,
            names.map(|(_, member)| (member.table.clone(), self.plan.renamed(&member.target).to_owned())).collect(),
        )
    }

    /// SQL for a value of a column that may name tables.
    pub(super) fn in_data(&self, member: &Member, result: &str, value: String) -> String {
        match self.names_json(&member.target, result) {
            Some(json) => format!(
                "CASE typeof({value}) WHEN 'text' THEN dbguard_renamed({value}, {}) ELSE {value} END",
                u8::from(json)
            ),
            None => value,
        }
    }

    fn names_json(&self, target: &str, column: &str) -> Option<bool> {
        self.plan.names_in_data.iter().find_map(|it| {
            let (table, name) = it.column.rsplit_once('.')?;
            let is_table = same(table, target) || same(table, self.plan.renamed(target));
            (is_table && same(name, column)).then_some(it.json)
        })
    }

    /// The base's rows stand in the stage already.
    pub(super) fn names_of_base(&self, member: &Member) -> Result<(), Stop> {
        for (result, _) in &member.columns {
            let Some(json) = self.names_json(&member.target, result) else { continue };
            let (table, column) = (quote(&member.target), quote(result));
            let value = format!("dbguard_renamed({column}, {})", u8::from(json));
            self.db.execute_batch(&format!(
                "UPDATE main.{table} SET {column} = {value} WHERE typeof({column}) = 'text' AND {value} IS NOT {column}"
            ))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tables_are_rewritten_and_nothing_else_is() {
        let names = [("users".to_owned(), "people".to_owned()), ("log".to_owned(), "log".to_owned())];
        for (text, json, expected) in [
            ("users", false, Some("people")),
            ("users, log", false, None),
            (
                "[\"Users\",  \"log\", {\"users\": [1e5, \"a \\\"users\\\" b\"]}]",
                true,
                Some("[\"people\",  \"log\", {\"people\": [1e5, \"a \\\"users\\\" b\"]}]"),
            ),
            ("[\"log\"]", true, None),
            ("\"users\" and more", true, None),
        ] {
            assert_eq!(renamed(text, &names, json).as_deref(), expected, "{text}");
        }
    }
}
