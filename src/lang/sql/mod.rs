//! SQL: which statements stand in a text and which tables each reads, writes or defines. Knows no connection and no database.
//!
//! A tolerant walk over tokens and not a grammar: code holds fragments, holes and three dialects, and must never be lost
//! for a statement that SQLite would refuse.

mod define;
mod lines;
mod recognise;
mod scope;
mod script;
mod split;
mod token;
mod walk;
mod words;
mod write;

use std::ops::Range;

use super::{Access, Naming};

pub(in crate::lang) use lines::goes_on;
pub(in crate::lang) use recognise::begins_statement;
pub use recognise::{awaits_table, goes_on_like_sql, holds_sql, looks_like_sql};
pub(in crate::lang) use script::{Run, Script, read};
pub use write::is_plain;
pub(in crate::lang) use write::write;

/// Stands in a text for a part that code fills in: an f-string's hole, the `{}` of a format.
pub const HOLE: char = '\u{FFFC}';

/// One statement of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlStatement {
    /// Bytes in the text, from the first token to the last; without `;`.
    pub span: Range<usize>,
    pub verb: Verb,
    /// In the order in which they stand.
    pub uses: Vec<SqlUse>,
    pub attach: Option<SqlAttach>,
    /// Names of tables that code fills in, whole: `FROM {table}`.
    pub filled: Vec<(Range<usize>, Access)>,
    /// Parameters that are compared with the names of tables in SQLite's own catalogue.
    pub catalogue: Vec<Parameter>,
    /// Names under which the statement speaks of its sources: of each whether it is the table's own, and not an alias.
    pub visible: Vec<(String, bool)>,
    /// Parts that code fills in with text, bound parameters not counted.
    pub holes: usize,
    /// It creates a table or a view that lives as long as its connection.
    pub creates_temp: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    Select,
    Insert,
    Replace,
    Update,
    Delete,
    Create,
    Alter,
    Drop,
    Attach,
    Detach,
    Pragma,
    Vacuum,
    Transaction,
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlUse {
    /// The table, with its quotes and without its schema.
    pub span: Range<usize>,
    /// Unquoted.
    pub table: String,
    /// `main`, `temp` or the alias of an ATTACH, unquoted.
    pub schema: Option<String>,
    pub access: Access,
    pub naming: Naming,
}

/// A bound parameter: `?` by its place among them, `:name` by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameter {
    Position(usize),
    Name(String),
}

/// `ATTACH DATABASE 'x' AS y`; `VACUUM INTO 'x'` too, without an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlAttach {
    /// The expression that names the file, with its quotes; `None` when it is missing.
    pub path: Option<Range<usize>>,
    /// The file, where it is written out without holes.
    pub literal: Option<String>,
    pub alias: String,
}

/// The statements of a text, in order. Commands of the sqlite3 shell (`.open x.db`) and comments are none.
#[must_use]
pub fn statements(text: &str) -> Vec<SqlStatement> {
    let all = token::tokens(text);
    split::split(text, &all).into_iter().filter_map(|range| walk::statement(text, all.get(range)?)).collect()
}

/// The tables named in a piece of a statement (` JOIN teams ON ..`, `users.id = ?`), beside the names that its other pieces
/// make visible.
#[must_use]
pub fn fragment(text: &str, visible: &[(String, bool)]) -> Vec<SqlUse> {
    walk::fragment(text, &token::tokens(text), visible)
}

/// The parts of a range of the text that code, or a driver, fills in: holes, `{name}`, `%s`.
pub(in crate::lang) fn fillable(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    token::fillable(text, range)
}

/// A name without its quotes.
fn unquote(text: &str) -> String {
    let mut chars = text.chars();
    let (Some(open), Some(close)) = (chars.next(), chars.next_back()) else { return text.to_owned() };
    let inner = chars.as_str();
    match (open, close) {
        ('"', '"') => inner.replace("\"\"", "\""),
        ('\'', '\'') => inner.replace("''", "'"),
        ('`', '`') => inner.replace("``", "`"),
        ('[', ']') => inner.to_owned(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod authorizer;
#[cfg(test)]
mod rename_tests;
#[cfg(test)]
mod tests;
