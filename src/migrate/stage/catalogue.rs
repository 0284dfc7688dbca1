//! What stands in a database that is open, as its PRAGMAs tell it: everything that a copy must carry. Decides nothing.

use rusqlite::{Connection, Row};

use crate::db::quote;
use crate::migrate::Stop;

#[derive(Debug, Clone, Default)]
pub(super) struct Catalogue {
    /// Ordinary and virtual tables, in the order of their creation; neither SQLite's own nor shadow tables.
    pub(super) tables: Vec<Table>,
    /// What CREATE INDEX made.
    pub(super) indexes: Vec<Object>,
    pub(super) views: Vec<Object>,
    pub(super) triggers: Vec<Object>,
}

#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) name: String,
    /// The table that an index or a trigger hangs on.
    pub(super) table: String,
    pub(super) sql: String,
}

#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) sql: String,
    pub(super) is_virtual: bool,
    pub(super) without_rowid: bool,
    pub(super) columns: Vec<Column>,
    pub(super) keys: Vec<ForeignKey>,
    pub(super) uniques: Vec<Unique>,
    /// The column that is the rowid: INTEGER PRIMARY KEY.
    pub(super) id: Option<String>,
    pub(super) autoincrement: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) declared: String,
    pub(super) not_null: bool,
    pub(super) default: Option<String>,
    /// 1-based place in the primary key, 0 outside it.
    pub(super) key: i64,
    pub(super) hidden: Hidden,
    pub(super) collation: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hidden {
    No,
    /// A column of a virtual table that `SELECT *` leaves out.
    Virtual,
    Generated,
}

#[derive(Debug, Clone)]
pub(super) struct ForeignKey {
    pub(super) columns: Vec<String>,
    pub(super) parent: String,
    /// Empty where the parent's primary key is meant.
    pub(super) parent_columns: Vec<String>,
    /// `ON UPDATE … ON DELETE …`, as declared.
    pub(super) actions: String,
}

#[derive(Debug, Clone)]
pub(super) struct Unique {
    /// The index that holds it unique.
    pub(super) index: String,
    /// `None` where it is partial or has an expression.
    pub(super) columns: Option<Vec<String>>,
    /// Of each part.
    pub(super) collations: Vec<String>,
    /// By UNIQUE in the definition of the table, and not by CREATE INDEX or a primary key.
    pub(super) declared: bool,
}

impl Table {
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| same(&column.name, name))
    }

    /// Columns that rows are copied by: what is stored, and what a statement may write.
    pub(super) fn stored(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.hidden == Hidden::No)
    }

    /// The primary key's columns in its order.
    pub(super) fn primary_key(&self) -> Vec<String> {
        let mut parts: Vec<&Column> = self.columns.iter().filter(|column| column.key > 0).collect();
        parts.sort_by_key(|column| column.key);
        parts.into_iter().map(|column| column.name.clone()).collect()
    }

    /// The name by which its rowid is spoken of, whether it can be read or not.
    pub(super) fn row_name(&self) -> String {
        self.rowid().unwrap_or_else(|| "rowid".to_owned())
    }

    /// The name by which its rowid is read; `None` where it has none, or columns hide it.
    pub(super) fn rowid(&self) -> Option<String> {
        if self.without_rowid {
            return None;
        }
        self.id.clone().or_else(|| {
            let free = |name: &&&str| !self.columns.iter().any(|column| same(&column.name, name));
            ["rowid", "_rowid_", "oid"].iter().find(free).map(|name| (*name).to_owned())
        })
    }
}

impl Catalogue {
    pub(super) fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| same(&table.name, name))
    }
}

/// SQLite folds ASCII alone: É and é are two tables.
pub(super) fn same(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
}

/// Reads `schema` (`main`, or the name of an attached database).
pub(super) fn read(connection: &Connection, schema: &str) -> Result<Catalogue, Stop> {
    let mut catalogue = Catalogue::default();
    let q = quote(schema);
    let listed: Vec<(String, String, bool)> =
        rows(connection, &format!("PRAGMA {q}.table_list"), |row| Ok((row.get(1)?, row.get(2)?, row.get(4)?)))?;
    let sql = format!("SELECT type, name, tbl_name, sql FROM {q}.sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid");
    let objects: Vec<(String, Object)> = rows(connection, &sql, |row| {
        Ok((row.get(0)?, Object { name: row.get(1)?, table: row.get(2)?, sql: row.get(3)? }))
    })
    .map_err(|stop| Stop { happened: format!("a schema could not be read as text: {}", stop.happened), ..stop })?;
    for (kind, object) in objects {
        match kind.as_str() {
            "table" if object.name.to_ascii_lowercase().starts_with("sqlite_") => {}
            "table" => {
                let Some((_, kind, without_rowid)) = listed.iter().find(|(name, ..)| *name == object.name) else {
                    continue;
                };
                if kind != "shadow" {
                    catalogue.tables.push(table(connection, schema, object, kind == "virtual", *without_rowid)?);
                }
            }
            "index" => catalogue.indexes.push(object),
            "view" => catalogue.views.push(object),
            "trigger" => catalogue.triggers.push(object),
            _ => {}
        }
    }
    Ok(catalogue)
}

fn table(
    connection: &Connection,
    schema: &str,
    object: Object,
    is_virtual: bool,
    without_rowid: bool,
) -> Result<Table, Stop> {
    let (q, name) = (quote(schema), quote(&object.name));
    let columns = rows(connection, &format!("PRAGMA {q}.table_xinfo({name})"), |row| {
        Ok(Column {
            name: row.get(1)?,
            declared: row.get(2)?,
            not_null: row.get(3)?,
            default: row.get(4)?,
            key: row.get(5)?,
            hidden: match row.get::<_, i64>(6)? {
                0 => Hidden::No,
                1 => Hidden::Virtual,
                _ => Hidden::Generated,
            },
            collation: "BINARY".to_owned(),
        })
    });
    // A virtual table whose module is missing has no columns that anybody could name.
    let mut columns = if is_virtual { columns.unwrap_or_default() } else { columns? };
    let mut autoincrement = false;
    if !is_virtual {
        for column in &mut columns {
            let (_, collation, _, _, automatic) =
                connection.column_metadata(Some(schema), object.name.as_str(), column.name.as_str())?;
            if let Some(collation) = collation {
                column.collation = collation.to_string_lossy().into_owned();
            }
            autoincrement |= automatic;
        }
    }
    let mut uniques = Vec::new();
    let mut keyed_by_index = false;
    let listed: Vec<(String, bool, String, bool)> =
        rows(connection, &format!("PRAGMA {q}.index_list({name})"), |row| {
            Ok((row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })?;
    for (index, unique, origin, partial) in listed {
        keyed_by_index |= origin == "pk";
        if unique {
            let sql = format!("PRAGMA {q}.index_xinfo({})", quote(&index));
            let mut parts: Vec<(Option<String>, Option<String>, bool)> =
                rows(connection, &sql, |row| Ok((row.get(2)?, row.get(4)?, row.get(5)?)))?;
            parts.retain(|(_, _, key)| *key);
            let columns = parts.iter().map(|(name, ..)| name.clone()).collect::<Option<Vec<_>>>();
            let columns = if partial { None } else { columns };
            let collations = parts.into_iter().map(|(_, it, _)| it.unwrap_or_else(|| "BINARY".to_owned())).collect();
            uniques.push(Unique { index, columns, collations, declared: origin == "u" });
        }
    }
    let keys: Vec<&Column> = columns.iter().filter(|column| column.key > 0).collect();
    let id = match keys.as_slice() {
        [one] if !without_rowid && !is_virtual && !keyed_by_index && same(&one.declared, "INTEGER") => {
            Some(one.name.clone())
        }
        _ => None,
    };
    let keys = foreign_keys(connection, schema, &object.name)?;
    Ok(Table {
        name: object.name,
        sql: object.sql,
        is_virtual,
        without_rowid,
        columns,
        keys,
        uniques,
        id,
        autoincrement,
    })
}

fn foreign_keys(connection: &Connection, schema: &str, table: &str) -> Result<Vec<ForeignKey>, Stop> {
    let sql = format!("PRAGMA {}.foreign_key_list({})", quote(schema), quote(table));
    let mut parts: Vec<(i64, i64, ForeignKey)> = rows(connection, &sql, |row| {
        let (update, delete): (String, String) = (row.get(5)?, row.get(6)?);
        Ok((
            row.get(0)?,
            row.get(1)?,
            ForeignKey {
                parent: row.get(2)?,
                columns: vec![row.get(3)?],
                parent_columns: row.get::<_, Option<String>>(4)?.into_iter().collect(),
                actions: format!("ON UPDATE {update} ON DELETE {delete}"),
            },
        ))
    })?;
    parts.sort_by_key(|(id, sequence, _)| (*id, *sequence));
    let mut keys: Vec<(i64, ForeignKey)> = Vec::new();
    for (id, _, part) in parts {
        match keys.last_mut() {
            Some((last, key)) if *last == id => {
                key.columns.extend(part.columns);
                key.parent_columns.extend(part.parent_columns);
            }
            _ => keys.push((id, part)),
        }
    }
    // SQLite lists the last declared first.
    Ok(keys.into_iter().rev().map(|(_, key)| key).collect())
}

pub(super) fn rows<T>(
    connection: &Connection,
    sql: &str,
    of: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Stop> {
    Ok(connection.prepare(sql)?.query_map([], of)?.collect::<rusqlite::Result<Vec<T>>>()?)
}

pub(super) fn number(connection: &Connection, sql: &str) -> Result<i64, Stop> {
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}
