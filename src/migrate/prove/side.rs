//! One database of a proof, read by itself: its tables as SQLite's table-valued PRAGMAs tell them. Knows nothing of plans.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::db::quote;
use crate::migrate::{Stop, connect};

pub(super) struct Side {
    pub(super) id: String,
    /// By which another thread opens it for itself.
    pub(super) path: PathBuf,
    pub(super) db: Connection,
    pub(super) tables: Vec<Table>,
    /// Type, name, table, SQL of indexes, triggers and views.
    pub(super) objects: Vec<(String, String, String, String)>,
}

pub(super) struct Table {
    pub(super) name: String,
    pub(super) sql: String,
    pub(super) is_virtual: bool,
    pub(super) without_rowid: bool,
    pub(super) strict: bool,
    pub(super) columns: Vec<Column>,
    /// What names a row: its primary key without rowids, else a name of the rowid; empty where columns hide every such name.
    pub(super) key: Vec<String>,
    /// INTEGER PRIMARY KEY.
    pub(super) id: Option<String>,
    pub(super) parents: Vec<Parent>,
}

pub(super) struct Column {
    pub(super) name: String,
    pub(super) declared: String,
    pub(super) not_null: bool,
    pub(super) default: Option<String>,
    pub(super) key: i64,
    /// 0 stored, 1 hidden in a virtual table, 2 and 3 generated.
    pub(super) hidden: i64,
}

/// A foreign key.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Parent {
    pub(super) table: String,
    /// Column here, column there.
    pub(super) pairs: Vec<(String, String)>,
}

pub(super) fn eq(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
}

impl Table {
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| eq(&column.name, name))
    }

    pub(super) fn stored(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.hidden == 0)
    }

    /// Whether a name stands for the rowid.
    pub(super) fn is_key(&self, column: &str) -> bool {
        let named = self.id.as_ref().is_some_and(|id| eq(id, column));
        !self.without_rowid && (named || (self.column(column).is_none() && self.id.is_none()))
    }

    fn primary_key(&self) -> Vec<String> {
        let mut parts: Vec<&Column> = self.columns.iter().filter(|column| column.key > 0).collect();
        parts.sort_by_key(|column| column.key);
        parts.iter().map(|column| column.name.clone()).collect()
    }
}

impl Side {
    pub(super) fn open(id: &str, path: &Path) -> Result<Self, Stop> {
        let db = connect::readable(path)?;
        let mut side = Self { id: id.to_owned(), path: path.to_owned(), db, tables: Vec::new(), objects: Vec::new() };
        side.tables = side.read_tables()?;
        side.fill_in_parents();
        side.objects = side.list(
            "SELECT type, name, tbl_name, sql FROM sqlite_schema
             WHERE type IN ('index', 'trigger', 'view') AND sql IS NOT NULL ORDER BY type, name",
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )?;
        Ok(side)
    }

    pub(super) fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| eq(&table.name, name))
    }

    pub(super) fn list<T>(
        &self,
        sql: &str,
        of: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Stop> {
        let mut statement = self.db.prepare(sql)?;
        let rows = statement.query_map([], of)?;
        Ok(rows.collect::<rusqlite::Result<Vec<T>>>()?)
    }

    pub(super) fn count(&self, sql: &str) -> Result<u64, Stop> {
        let count: i64 = self.db.query_row(sql, [], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    fn read_tables(&self) -> Result<Vec<Table>, Stop> {
        let named = self.list(
            "SELECT l.name, l.type, l.wr, l.strict, s.sql FROM pragma_table_list AS l
             JOIN sqlite_schema AS s ON s.type = 'table' AND s.name = l.name
             WHERE l.schema = 'main' AND l.type IN ('table', 'virtual') AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
            |row| {
                let kind: String = row.get(1)?;
                Ok((row.get::<_, String>(0)?, kind == "virtual", row.get(2)?, row.get(3)?, row.get::<_, String>(4)?))
            },
        )?;
        let mut tables = Vec::new();
        for (name, is_virtual, without_rowid, strict, sql) in named {
            let columns = self.list(&format!("PRAGMA table_xinfo({})", quote(&name)), |row| {
                Ok(Column {
                    name: row.get(1)?,
                    declared: row.get(2)?,
                    not_null: row.get(3)?,
                    default: row.get(4)?,
                    key: row.get(5)?,
                    hidden: row.get(6)?,
                })
            });
            let columns = if is_virtual { columns.unwrap_or_default() } else { columns? };
            let mut table = Table {
                name,
                sql,
                is_virtual,
                without_rowid,
                strict,
                columns,
                key: Vec::new(),
                id: None,
                parents: Vec::new(),
            };
            let primary = table.primary_key();
            if without_rowid {
                table.key = primary;
            } else {
                let indexed =
                    self.list(&format!("PRAGMA index_list({})", quote(&table.name)), |row| row.get::<_, String>(3))?;
                if let [one] = primary.as_slice()
                    && !is_virtual
                    && !indexed.iter().any(|origin| origin == "pk")
                    && table.column(one).is_some_and(|column| eq(&column.declared, "INTEGER"))
                {
                    table.id = Some(one.clone());
                }
                let hidden = |name: &&str| table.column(name).is_some();
                let name = ["_rowid_", "oid", "rowid"].into_iter().find(|name| !hidden(name)).map(str::to_owned);
                table.key = table.id.clone().or(name).into_iter().collect();
            }
            let parts = self.list(&format!("PRAGMA foreign_key_list({})", quote(&table.name)), |row| {
                Ok((row.get::<_, i64>(0)?, row.get(2)?, row.get(3)?, row.get::<_, Option<String>>(4)?))
            })?;
            let mut last = None;
            for (number, parent, own, theirs) in parts {
                if last != Some(number) {
                    table.parents.push(Parent { table: parent, pairs: Vec::new() });
                    last = Some(number);
                }
                if let Some(parent) = table.parents.last_mut() {
                    parent.pairs.push((own, theirs.unwrap_or_default()));
                }
            }
            // SQLite lists the last declared first.
            table.parents.reverse();
            tables.push(table);
        }
        Ok(tables)
    }

    /// A foreign key without column names means the parent's primary key.
    fn fill_in_parents(&mut self) {
        let keys: Vec<(String, Vec<String>)> =
            self.tables.iter().map(|table| (table.name.clone(), table.primary_key())).collect();
        for table in &mut self.tables {
            for parent in &mut table.parents {
                let Some((_, key)) = keys.iter().find(|(name, _)| eq(name, &parent.table)) else { continue };
                if parent.pairs.iter().all(|(_, theirs)| theirs.is_empty()) && key.len() == parent.pairs.len() {
                    for ((_, theirs), own) in parent.pairs.iter_mut().zip(key) {
                        theirs.clone_from(own);
                    }
                }
            }
        }
    }
}
