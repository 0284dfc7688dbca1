//! What `scan` says to programs, version 1: the inventory as records with paths relative to the root.
//!
//! `docs/schema/scan-v1.schema.json` is made from these types; a field may be added to version 1, never renamed or dropped.

use serde::Serialize;

use crate::lang::{Access, Confidence, Engine, Language, Naming, Role};
use crate::scan::{Context, Tracking};
use crate::text::Place;

/// The facts of one run, without opinion; `standing` alone tells what the policy says.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "dbguard scan, version 1"))]
pub(super) struct Scan {
    /// Always 1.
    pub(super) version: u32,
    /// The dbguard that wrote this.
    pub(super) dbguard: &'static str,
    /// The policy file, where there is one.
    pub(super) policy: Option<String>,
    pub(super) summary: Summary,
    pub(super) databases: Vec<Database>,
    pub(super) references: Vec<Reference>,
    pub(super) table_uses: Vec<TableUse>,
    pub(super) statements: Vec<Statement>,
    /// Who reads and writes which table of which database, where that is known.
    pub(super) usage: Vec<Usage>,
    /// Tables that stand in several databases.
    pub(super) duplicates: Vec<Duplicate>,
    /// Places that set an environment variable.
    pub(super) settings: Vec<Setting>,
    /// Places that read an environment variable.
    pub(super) env_reads: Vec<EnvRead>,
    /// Folders of the host as containers see them.
    pub(super) mounts: Vec<Mount>,
    /// Copies of database files by means that do not know of a write-ahead log.
    pub(super) copies: Vec<FileCopy>,
    /// One database attached to the connection of another.
    pub(super) attaches: Vec<Attach>,
    /// What was not read, with the reason.
    pub(super) skipped: Vec<Skipped>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Summary {
    /// Sources that were read.
    pub(super) sources: usize,
    /// Sources that hold at least one reference.
    pub(super) files_with_references: usize,
    pub(super) databases: usize,
    pub(super) references: usize,
    pub(super) table_uses: usize,
    pub(super) statements: usize,
    /// How the statements of the program fare, those of tests and documents left out.
    pub(super) judgement: Judgement,
}

/// Statements by verdict.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Judgement {
    pub(super) compiles: usize,
    pub(super) broken: usize,
    /// Nobody can tell without running the code, or without a database that is not here.
    pub(super) undecided: usize,
    /// SQL of another engine.
    pub(super) foreign: usize,
}

/// Where something stands. Lines and columns are 1-based, columns count characters; the end is exclusive.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Where {
    /// Relative to the root, separated by `/`.
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) end_line: u32,
    pub(super) end_column: u32,
}

impl Where {
    pub(super) fn of(place: &Place) -> Self {
        Self {
            file: place.file.to_string(),
            line: place.start.line,
            column: place.start.column,
            end_line: place.end.line,
            end_column: place.end.column,
        }
    }
}

/// A database, as another record points to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct DatabaseName {
    /// The last component of the path.
    pub(super) name: String,
    /// Relative to the root where it lies below it; a glob where parts are built at run time.
    pub(super) path: String,
    pub(super) engine: Engine,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Reference {
    #[serde(flatten)]
    pub(super) place: Where,
    pub(super) role: Role,
    /// The role is `opens`.
    pub(super) opens: bool,
    /// The likeliest database; null when it cannot be known.
    pub(super) database: Option<DatabaseName>,
    /// The others it can be.
    pub(super) candidates: Vec<DatabaseName>,
    /// The path as a glob, where parts of it are not known.
    pub(super) pattern: Option<String>,
    /// Environment variables that can change the path, outermost first.
    pub(super) env: Vec<String>,
    pub(super) context: Context,
    pub(super) language: Language,
    pub(super) confidence: Confidence,
    /// What names it: `sqlite3.connect`, `constant`, `compose environment`.
    pub(super) construct: String,
    /// The name that the place gives the path: `DB_PATH`, `sqlalchemy.url`.
    pub(super) variable: Option<String>,
    /// The function or class around it.
    pub(super) symbol: Option<String>,
    /// The text is written out for another program (a heredoc, a template).
    pub(super) generated: bool,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct TableUse {
    #[serde(flatten)]
    pub(super) place: Where,
    pub(super) table: String,
    pub(super) access: Access,
    /// How the place names it: in a statement, before a column, in SQLite's catalogue, as a library's argument, filled in.
    pub(super) naming: Naming,
    /// The database of the connection, where it is known.
    pub(super) database: Option<DatabaseName>,
    pub(super) context: Context,
    pub(super) language: Language,
    pub(super) symbol: Option<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Statement {
    #[serde(flatten)]
    pub(super) place: Where,
    /// The SQL, with `?` for each hole that code fills in.
    pub(super) sql: String,
    /// Holes filled with text, not counting bound parameters.
    pub(super) holes: usize,
    pub(super) database: Option<DatabaseName>,
    /// What SQLite says of it against the schema of its database: `compiles`, `broken`, `undecided`, `foreign`.
    pub(super) verdict: &'static str,
    /// Why it is broken, or why nobody can tell.
    pub(super) reason: Option<String>,
    pub(super) context: Context,
    pub(super) language: Language,
    pub(super) symbol: Option<String>,
}

/// One table of one database and the functions that use it, as `file:function`, or `file:line` outside of any.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Usage {
    pub(super) database: DatabaseName,
    pub(super) table: String,
    pub(super) readers: Vec<String>,
    pub(super) writers: Vec<String>,
    pub(super) definers: Vec<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Database {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) engine: Engine,
    /// Other spellings that code uses for it.
    pub(super) spellings: Vec<String>,
    /// `primary`, `specialised`, `retired`, `external`, `temporary`, `server`, `unknown`; null without a policy.
    pub(super) standing: Option<&'static str>,
    pub(super) references: usize,
    /// Files that refer to it.
    pub(super) files: usize,
    /// In memory, or below a temporary folder.
    pub(super) temporary: bool,
    /// `path` is a glob: parts of it are built at run time.
    pub(super) is_pattern: bool,
    #[serde(flatten)]
    pub(super) tracking: Tracking,
    /// Null when there is no such file.
    pub(super) file: Option<DatabaseFile>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct DatabaseFile {
    pub(super) bytes: u64,
    pub(super) state: State,
    /// Why it could not be read.
    pub(super) reason: Option<String>,
    pub(super) sidecars: Vec<String>,
    pub(super) schema: Option<Schema>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) enum State {
    Readable,
    Empty,
    NotSqlite,
    Encrypted,
    Corrupt,
    Locked,
    Unreadable,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Schema {
    pub(super) journal_mode: String,
    pub(super) user_version: i64,
    pub(super) application_id: i64,
    pub(super) encoding: String,
    pub(super) page_size: i64,
    /// Rows of all ordinary tables.
    pub(super) rows: u64,
    pub(super) tables: Vec<Table>,
    pub(super) views: Vec<String>,
    pub(super) triggers: Vec<Trigger>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) kind: crate::db::TableKind,
    /// Null when they could not be counted.
    pub(super) rows: Option<u64>,
    pub(super) without_rowid: bool,
    pub(super) strict: bool,
    pub(super) columns: Vec<Column>,
    pub(super) foreign_keys: Vec<ForeignKey>,
    pub(super) indexes: Vec<Index>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Column {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) declared_type: String,
    pub(super) not_null: bool,
    pub(super) default: Option<String>,
    /// 1-based position in the primary key; 0 when not part of it.
    pub(super) primary_key: u32,
    pub(super) hidden: bool,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct ForeignKey {
    pub(super) columns: Vec<String>,
    pub(super) parent: String,
    /// Empty when the parent's primary key is meant.
    pub(super) parent_columns: Vec<String>,
    pub(super) on_update: String,
    pub(super) on_delete: String,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) unique: bool,
    pub(super) partial: bool,
    /// Null stands for an expression.
    pub(super) columns: Vec<Option<String>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Trigger {
    pub(super) name: String,
    pub(super) table: String,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Duplicate {
    pub(super) table: String,
    /// Columns by which rows were matched; empty when none could be found.
    pub(super) matched_on: Vec<String>,
    /// The columns differ between sides.
    pub(super) drifted: bool,
    /// The database with the most rows first.
    pub(super) sides: Vec<Side>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Side {
    pub(super) database: Option<DatabaseName>,
    pub(super) rows: u64,
    pub(super) columns: Vec<String>,
    /// Rows of this side that the first side lacks; null where rows cannot be matched.
    pub(super) missing_in_first: Option<u64>,
    /// Rows of the first side that this side lacks; null where rows cannot be matched.
    pub(super) lacks_of_first: Option<u64>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Setting {
    #[serde(flatten)]
    pub(super) place: Where,
    pub(super) name: String,
    /// The value, with `*` for what is not known; null when it is the address of a server, which may hold a password.
    pub(super) value: Option<String>,
    pub(super) database: Option<DatabaseName>,
    pub(super) context: Context,
    pub(super) language: Language,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct EnvRead {
    #[serde(flatten)]
    pub(super) place: Where,
    pub(super) name: String,
    /// What stands in when the variable is not set, with `*` for what is not known.
    pub(super) default: Option<String>,
    pub(super) database: Option<DatabaseName>,
    pub(super) context: Context,
    pub(super) language: Language,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Mount {
    #[serde(flatten)]
    pub(super) place: Where,
    /// A path of the host as it is written, or a named volume.
    pub(super) host: String,
    pub(super) container: String,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct FileCopy {
    #[serde(flatten)]
    pub(super) place: Where,
    /// `shutil.copy`, `cp`, `COPY`.
    pub(super) construct: String,
    pub(super) database: Option<DatabaseName>,
    pub(super) context: Context,
    pub(super) language: Language,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Attach {
    #[serde(flatten)]
    pub(super) place: Where,
    pub(super) alias: String,
    /// The database that is attached.
    pub(super) database: Option<DatabaseName>,
    pub(super) context: Context,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Skipped {
    pub(super) path: String,
    pub(super) reason: String,
}
