//! Virtual tables: made anew by their module and filled with rows; shadow tables are never copied. An index over the content
//! of another table is rebuilt when that table is complete.

use super::Work;
use super::catalogue::{self, Table, number, same};
use super::load::Travelling;
use super::reading::Reading;
use crate::db::quote;
use crate::migrate::Stop;

/// Where a full-text table keeps what it indexes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// In itself, as every other virtual table.
    Own,
    /// Nowhere: the words alone are kept, from which no row can be read.
    None,
    /// In another table or view.
    Elsewhere(String),
}

/// Modules whose tables can be filled by INSERT.
const MODULES: [&str; 6] = ["fts3", "fts4", "fts5", "rtree", "rtree_i32", "geopoly"];

/// The module and its arguments, each as it is written, with where it stands.
fn arguments(sql: &str) -> Option<(String, Vec<(usize, String)>)> {
    let lower = sql.to_ascii_lowercase();
    let using = lower.find(" using ").or_else(|| lower.find("\nusing "))? + " using ".len();
    let rest = sql.get(using..)?;
    let open = rest.find('(');
    let module = rest.get(..open.unwrap_or(rest.len()))?.trim().trim_matches(['"', '`', '[', ']']).to_owned();
    let mut found = Vec::new();
    let Some(open) = open else { return Some((module, found)) };
    let start = using + open + 1;
    let (mut depth, mut quoted, mut begin) = (0_i32, None, start);
    for (at, letter) in sql.get(start..)?.char_indices() {
        let at = start + at;
        match (quoted, letter) {
            (Some(end), letter) if letter == end => quoted = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quoted = Some(letter),
            (None, '[') => quoted = Some(']'),
            (None, '(') => depth += 1,
            (None, ')') if depth > 0 => depth -= 1,
            (None, ',' | ')') if depth == 0 => {
                found.push((begin, sql.get(begin..at)?.to_owned()));
                begin = at + 1;
                if letter == ')' {
                    break;
                }
            }
            _ => {}
        }
    }
    Some((module, found))
}

fn option(argument: &str) -> Option<(&str, String)> {
    let (name, value) = argument.split_once('=')?;
    let value = value.trim();
    let bare = match value.chars().next() {
        Some(quote @ ('\'' | '"' | '`')) => {
            let inner = value.strip_prefix(quote)?.strip_suffix(quote)?;
            inner.replace(&format!("{quote}{quote}"), &quote.to_string())
        }
        Some('[') => value.trim_matches(['[', ']']).to_owned(),
        _ => value.to_owned(),
    };
    Some((name.trim(), bare))
}

pub(super) fn module(table: &Table) -> String {
    arguments(&table.sql).map_or_else(String::new, |(module, _)| module.to_ascii_lowercase())
}

pub(super) fn content(table: &Table) -> Content {
    let Some((module, arguments)) = arguments(&table.sql) else { return Content::Own };
    if !module.to_ascii_lowercase().starts_with("fts") {
        return Content::Own;
    }
    let content = arguments.iter().find_map(|(_, argument)| option(argument).filter(|(name, _)| same(name, "content")));
    match content {
        None => Content::Own,
        Some((_, name)) if name.is_empty() => Content::None,
        Some((_, name)) => Content::Elsewhere(name),
    }
}

/// The definition with the name of its content table as the target has it.
pub(super) fn with_content(sql: &str, name: &str) -> Option<String> {
    let (_, arguments) = arguments(sql)?;
    let (at, argument) =
        arguments.into_iter().find(|(_, argument)| option(argument).is_some_and(|(name, _)| same(name, "content")))?;
    let key = argument.split_once('=')?.0;
    let value = format!("{key}='{}'", name.replace('\'', "''"));
    Some(format!("{}{value}{}", sql.get(..at)?, sql.get(at + argument.len()..)?))
}

/// Rows of its own; none where the content is another table's.
pub(super) fn rows(work: &Work<'_>, table: &Table) -> Result<u64, Stop> {
    if content(table) != Content::Own || !MODULES.contains(&module(table).as_str()) {
        return Ok(0);
    }
    let rows = number(&work.db, &format!("SELECT count(*) FROM src.{}", quote(&table.name)))?;
    Ok(u64::try_from(rows).unwrap_or(0))
}

/// Fills the virtual tables of a source.
pub(super) fn load(work: &mut Work<'_>, reading: &Reading, travelling: &[Travelling]) -> Result<(), Stop> {
    let base = work.base == Some(reading.source);
    for (_, member, table) in travelling.iter().filter(|(_, member, table)| table.is_virtual && !member.skip) {
        match content(table) {
            Content::Elsewhere(_) => {
                let moved = work.layout.group(&member.target).is_some_and(|group| group.members.len() > 1);
                if (!base || content_grew(work, reading.source, table) || moved)
                    && !work.rebuild.contains(&member.target)
                {
                    work.rebuild.push(member.target.clone());
                }
                continue;
            }
            _ if base => continue,
            Content::None => {
                return Err(Stop::new(
                    format!("`{}` keeps words without the text they came from", table.name),
                    "no row can be read back from a contentless full-text table",
                    "make its database the base of the target, or leave the table out: action = \"skip\"",
                ));
            }
            Content::Own => {}
        }
        if !MODULES.contains(&module(table).as_str()) {
            return Err(Stop::new(
                format!("`{}` is a virtual table of the module {}", table.name, module(table)),
                "rows of such a table cannot be copied",
                "make its database the base of the target, or leave the table out: action = \"skip\"",
            ));
        }
        let is_tree = !module(table).starts_with("fts");
        let (mut into, mut from) = (Vec::new(), Vec::new());
        if !is_tree {
            into.push("rowid".to_owned());
            from.push(reading.value(work, table, &table.row_name())?);
        }
        for (at, column) in table.columns.iter().filter(|it| it.hidden == catalogue::Hidden::No).enumerate() {
            into.push(quote(&column.name));
            let referred = reading
                .refs
                .iter()
                .any(|it| same(&it.child, &table.name) && it.columns.iter().any(|own| same(own, &column.name)));
            from.push(if is_tree && at == 0 && !referred {
                reading.value(work, table, &table.row_name())?
            } else {
                reading.value(work, table, &column.name)?
            });
        }
        work.db.execute(
            &format!(
                "INSERT INTO main.{}({}) SELECT {} FROM src.{} AS s",
                quote(&member.target),
                into.join(", "),
                from.join(", "),
                quote(&table.name)
            ),
            [],
        )?;
    }
    Ok(())
}

/// Whether the table that the base's index is over gets rows of others.
fn content_grew(work: &Work<'_>, source: usize, table: &Table) -> bool {
    let Content::Elsewhere(name) = content(table) else { return false };
    match work.layout.member(source, &name) {
        Some(member) => {
            work.layout.group(&member.target).is_some_and(|group| group.members.len() > 1)
                || member.target != member.table
        }
        // A view: nobody can say what it shows now.
        None => true,
    }
}

/// Rebuilds the indexes over the content of other tables; these are complete, and views stand.
pub(super) fn rebuild(work: &Work<'_>) -> Result<(), Stop> {
    for target in &work.rebuild {
        let name = quote(target);
        work.db.execute_batch(&format!("INSERT INTO main.{name}({name}) VALUES ('rebuild')"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_of_an_index_is_read_from_its_definition() {
        for (sql, expected) in [
            ("CREATE VIRTUAL TABLE f USING fts5(a, b)", Content::Own),
            ("CREATE VIRTUAL TABLE f USING fts5(a, content='')", Content::None),
            (
                "CREATE VIRTUAL TABLE f USING FTS5(a, content = \"d'x\" , content_rowid='id')",
                Content::Elsewhere("d'x".into()),
            ),
            ("CREATE VIRTUAL TABLE f USING fts4(content=docs, a)", Content::Elsewhere("docs".into())),
            ("CREATE VIRTUAL TABLE f USING fts5(a, tokenize='porter, x', prefix='2 3')", Content::Own),
            ("CREATE VIRTUAL TABLE r USING rtree(id, x0, x1)", Content::Own),
        ] {
            let table = Table {
                name: "f".into(),
                sql: sql.into(),
                is_virtual: true,
                without_rowid: false,
                columns: Vec::new(),
                keys: Vec::new(),
                uniques: Vec::new(),
                id: None,
                autoincrement: false,
            };
            assert_eq!(content(&table), expected, "{sql}");
        }
        assert_eq!(
            with_content("CREATE VIRTUAL TABLE f USING fts5(a, content=\"d\", content_rowid='id')", "o'n").unwrap(),
            "CREATE VIRTUAL TABLE f USING fts5(a, content='o''n', content_rowid='id')"
        );
    }
}
