//! Renames carried out by SQLite's own ALTER, so that foreign keys, indexes, triggers and views follow. A source's schema is
//! built, empty, in memory, and renamed there: no text of a schema is edited but the name at its beginning. Reads no row.

use rusqlite::Connection;

use super::catalogue::{self, Catalogue, Object, same};
use crate::db::quote;
use crate::migrate::{Stop, connect};

/// What gets another name, in one source.
#[derive(Debug, Clone, Default)]
pub(super) struct Renames {
    pub(super) tables: Vec<(String, String)>,
    /// Table (its old name), column, new name.
    pub(super) columns: Vec<(String, String, String)>,
    /// Table (its old name), column that the result does not get.
    pub(super) drops: Vec<(String, String)>,
}

/// A schema under its new names.
#[derive(Debug)]
pub(super) struct Shaped {
    pub(super) catalogue: Catalogue,
    /// Views and triggers that do not work in the source, as they were.
    pub(super) broken: Vec<(&'static str, Object)>,
}

/// The schema of a source, without the tables in `leave`, under new names.
pub(super) fn shaped(source: &Catalogue, leave: &[String], renames: &Renames) -> Result<Shaped, Stop> {
    let scratch = connect::scratch()?;
    let left = |name: &str| leave.iter().any(|table| same(table, name));
    for table in source.tables.iter().filter(|table| !left(&table.name)) {
        create(&scratch, &table.sql, "table", &table.name)?;
    }
    for index in source.indexes.iter().filter(|index| !left(&index.table)) {
        create(&scratch, &index.sql, "index", &index.name)?;
    }
    for view in &source.views {
        create(&scratch, &view.sql, "view", &view.name)?;
    }
    for trigger in source.triggers.iter().filter(|trigger| !left(&trigger.table)) {
        create(&scratch, &trigger.sql, "trigger", &trigger.name)?;
    }
    let broken = rename(&scratch, renames)?;
    Ok(Shaped { catalogue: catalogue::read(&scratch, "main")?, broken })
}

fn create(connection: &Connection, sql: &str, kind: &str, name: &str) -> Result<(), Stop> {
    connection.execute_batch(sql).map_err(|error| {
        let words = Stop::from(error).happened;
        Stop::new(
            format!("the {kind} `{name}` cannot be made anew"),
            words,
            "make its database the base of the target (it is copied page by page), or leave the table out of the plan",
        )
    })
}

/// Renames within `main`. What SQLite cannot follow through, because it is broken, is taken out and returned.
pub(super) fn rename(connection: &Connection, renames: &Renames) -> Result<Vec<(&'static str, Object)>, Stop> {
    let mut broken = Vec::new();
    for (table, column) in &renames.drops {
        let sql = format!("ALTER TABLE main.{} DROP COLUMN {}", quote(table), quote(column));
        alter(connection, &sql, &mut broken)?;
    }
    for (table, from, to) in
        in_two_steps(&renames.columns, |(table, from, to)| (table.clone(), from.clone(), to.clone()))
    {
        let sql = format!("ALTER TABLE main.{} RENAME COLUMN {} TO {}", quote(&table), quote(&from), quote(&to));
        alter(connection, &sql, &mut broken)?;
    }
    let tables: Vec<(String, String, String)> =
        renames.tables.iter().map(|(from, to)| (String::new(), from.clone(), to.clone())).collect();
    for (_, from, to) in in_two_steps(&tables, Clone::clone) {
        let sql = format!("ALTER TABLE main.{} RENAME TO {}", quote(&from), quote(&to));
        alter(connection, &sql, &mut broken)?;
    }
    Ok(broken)
}

/// Names that go round in a circle, or onto one that is still taken, move by way of names that nobody has.
fn in_two_steps<T>(renames: &[T], parts: impl Fn(&T) -> (String, String, String)) -> Vec<(String, String, String)> {
    let all: Vec<(String, String, String)> = renames.iter().map(parts).filter(|(_, from, to)| from != to).collect();
    let meets = |it: &(String, String, String)| {
        all.iter().any(|other| other != it && same(&other.0, &it.0) && same(&other.1, &it.2))
    };
    if !all.iter().any(meets) {
        return all;
    }
    let between = |index: usize| format!("dbguard between names {index}");
    let away = all.iter().enumerate().map(|(at, (table, from, _))| (table.clone(), from.clone(), between(at)));
    let back = all.iter().enumerate().map(|(at, (table, _, to))| (table.clone(), between(at), to.clone()));
    away.chain(back).collect()
}

fn alter(connection: &Connection, sql: &str, broken: &mut Vec<(&'static str, Object)>) -> Result<(), Stop> {
    loop {
        let error = match connection.execute_batch(sql) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let words = Stop::from(error);
        let Some((kind, object)) = blamed(connection, &words.happened)? else { return Err(words) };
        connection.execute_batch(&format!("DROP {kind} main.{}", quote(&object.name)))?;
        broken.push((kind, object));
    }
}

/// The view or trigger that `error in view …` speaks of.
fn blamed(connection: &Connection, words: &str) -> Result<Option<(&'static str, Object)>, Stop> {
    let catalogue = catalogue::read(connection, "main")?;
    let named = |kind: &str, object: &Object| {
        words.strip_prefix(&format!("error in {kind} {}", object.name)).is_some_and(|rest| rest.starts_with([':', ' ']))
    };
    let views = catalogue.views.into_iter().map(|view| ("VIEW", view));
    let triggers = catalogue.triggers.into_iter().map(|trigger| ("TRIGGER", trigger));
    Ok(views
        .chain(triggers)
        .filter(|(kind, object)| named(&kind.to_ascii_lowercase(), object))
        .max_by_key(|(_, object)| object.name.len()))
}

/// The text of an object with another name at its beginning: `CREATE UNIQUE INDEX name …`, as SQLite stores it.
pub(super) fn named(object: &Object, name: &str) -> Option<String> {
    let mut rest = object.sql.as_str();
    let mut head = String::new();
    loop {
        let trimmed = rest.trim_start();
        head.push_str(rest.get(..rest.len() - trimmed.len())?);
        let word = trimmed.split(|letter: char| !letter.is_ascii_alphabetic()).next()?;
        let is_name = !["CREATE", "UNIQUE", "VIRTUAL", "INDEX", "VIEW", "TRIGGER", "TABLE"]
            .iter()
            .any(|keyword| word.eq_ignore_ascii_case(keyword));
        if is_name {
            let tail = after_name(trimmed)?;
            return Some(format!("{head}{}{tail}", quote(name)));
        }
        head.push_str(word);
        rest = trimmed.get(word.len()..)?;
        if ["INDEX", "VIEW", "TRIGGER", "TABLE"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword)) {
            let trimmed = rest.trim_start();
            let tail = after_name(trimmed)?;
            return Some(format!("{head} {}{tail}", quote(name)));
        }
    }
}

/// What follows an identifier, quoted or not.
fn after_name(text: &str) -> Option<&str> {
    let first = text.chars().next()?;
    let close = match first {
        '"' | '`' | '\'' => first,
        '[' => ']',
        _ => {
            let end = text.find(|letter: char| {
                !(letter.is_ascii_alphanumeric() || letter == '_' || letter == '$' || !letter.is_ascii())
            });
            return Some(end.and_then(|end| text.get(end..)).unwrap_or(""));
        }
    };
    let mut at = first.len_utf8();
    loop {
        let found = text.get(at..)?.find(close)? + at;
        let next = found + close.len_utf8();
        if close != ']' && text.get(next..)?.starts_with(close) {
            at = next + close.len_utf8();
        } else {
            return text.get(next..);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(sql: &str) -> Connection {
        let connection = connect::scratch().unwrap();
        connection.execute_batch(sql).unwrap();
        connection
    }

    #[test]
    fn an_object_gets_another_name_and_nothing_else_changes() {
        for (sql, expected) in [
            ("CREATE INDEX i ON t(a)", "CREATE INDEX \"n\" ON t(a)"),
            ("CREATE UNIQUE INDEX \"a\"\"b\" ON t(\"i\")", "CREATE UNIQUE INDEX \"n\" ON t(\"i\")"),
            ("CREATE INDEX [index]ON t(a) WHERE x='i'", "CREATE INDEX \"n\"ON t(a) WHERE x='i'"),
            ("CREATE VIEW\n  `v` AS SELECT 1", "CREATE VIEW \"n\" AS SELECT 1"),
            (
                "CREATE TRIGGER é$1 AFTER INSERT ON t BEGIN SELECT 1; END",
                "CREATE TRIGGER \"n\" AFTER INSERT ON t BEGIN SELECT 1; END",
            ),
            ("CREATE INDEX 'index' ON t(a)", "CREATE INDEX \"n\" ON t(a)"),
        ] {
            let object = Object { name: String::new(), table: String::new(), sql: sql.to_owned() };
            assert_eq!(named(&object, "n").as_deref(), Some(expected));
        }
    }

    #[test]
    fn b17_a_rename_is_followed_by_everything_that_names_the_table() {
        let source = built(
            "CREATE TABLE p(id INTEGER PRIMARY KEY, a); CREATE TABLE c(p REFERENCES p(id));
             CREATE INDEX i ON p(a) WHERE a > 1; CREATE VIEW v AS SELECT a FROM p; CREATE VIEW w AS SELECT * FROM v;
             CREATE TRIGGER g AFTER INSERT ON c BEGIN UPDATE p SET a = 1; END;
             CREATE VIEW bad AS SELECT * FROM gone;",
        );
        let catalogue = catalogue::read(&source, "main").unwrap();
        let renames = Renames {
            tables: vec![("p".into(), "c".into()), ("c".into(), "p".into())],
            columns: vec![("p".into(), "a".into(), "b".into())],
            drops: Vec::new(),
        };
        let shaped = shaped(&catalogue, &[], &renames).unwrap();
        let sql = |objects: &[Object]| objects.iter().map(|it| it.sql.clone()).collect::<Vec<_>>();
        assert_eq!(shaped.catalogue.table("p").unwrap().keys[0].parent, "c");
        assert_eq!(sql(&shaped.catalogue.indexes), ["CREATE INDEX i ON \"c\"(\"b\") WHERE \"b\" > 1"]);
        assert_eq!(
            sql(&shaped.catalogue.views),
            ["CREATE VIEW v AS SELECT \"b\" FROM \"c\"", "CREATE VIEW w AS SELECT * FROM v"]
        );
        assert!(sql(&shaped.catalogue.triggers)[0].contains("UPDATE \"c\" SET \"b\" = 1"));
        assert_eq!(shaped.broken.iter().map(|(_, it)| it.name.as_str()).collect::<Vec<_>>(), ["bad"]);
    }
}
