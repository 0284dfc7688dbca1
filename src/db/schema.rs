//! The shape of a database, as its PRAGMAs tell it.

/// All that `sqlite_schema` and the PRAGMAs say, in name order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    pub tables: Vec<Table>,
    pub views: Vec<Object>,
    pub triggers: Vec<Object>,
    pub user_version: i64,
    pub application_id: i64,
    pub journal_mode: String,
    pub page_size: i64,
    pub encoding: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum TableKind {
    Ordinary,
    Virtual,
    /// Belongs to a virtual table (`docs_fts_data`); never copied by itself.
    Shadow,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub name: String,
    pub kind: TableKind,
    pub columns: Vec<Column>,
    pub foreign_keys: Vec<ForeignKey>,
    pub indexes: Vec<Index>,
    pub without_rowid: bool,
    pub strict: bool,
    /// `None` when the rows could not be counted (a virtual table whose module is missing).
    pub rows: Option<u64>,
    pub sql: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub declared_type: String,
    pub not_null: bool,
    pub default: Option<String>,
    /// 1-based position in the primary key; 0 when not part of it.
    pub primary_key: u32,
    /// Hidden or generated (`PRAGMA table_xinfo`).
    pub hidden: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    pub columns: Vec<String>,
    pub parent: String,
    /// Empty when the parent's primary key is meant.
    pub parent_columns: Vec<String>,
    pub on_update: String,
    pub on_delete: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    pub name: String,
    pub unique: bool,
    pub partial: bool,
    /// `None` stands for an expression.
    pub columns: Vec<Option<String>>,
    /// `c` made by CREATE INDEX, `u` by UNIQUE, `pk` by PRIMARY KEY.
    pub origin: String,
}

/// A view or a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub name: String,
    /// The table a trigger hangs on; the view's own name for a view.
    pub table: String,
    pub sql: String,
}

impl Schema {
    /// Tables that hold the application's own rows: neither shadow tables nor SQLite's.
    pub fn own_tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(|table| table.kind != TableKind::Shadow && !table.name.starts_with("sqlite_"))
    }

    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name.eq_ignore_ascii_case(name))
    }

    /// Rows of all own ordinary tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.own_tables().filter(|table| table.kind == TableKind::Ordinary).filter_map(|table| table.rows).sum()
    }
}
