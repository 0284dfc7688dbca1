//! Which texts are read at all: most of a tree names no database, and to know that must cost next to nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use aho_corasick::packed::Searcher;
use regex::bytes::Regex;

use super::Options;
use super::steps::Steps;
use crate::lang::plural::singulars;
use crate::lang::program::WrapperOpener;
use crate::lang::{self, Facts, Language};
use crate::text::Source;
use crate::tree::Entry;

/// What a text speaks of, by its bytes alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Words {
    /// It may name a database, or a variable that holds one.
    pub(super) name_database: bool,
    /// It may run SQL on a connection that it gets from elsewhere.
    pub(super) run_sql: bool,
}

const NAMES: &str = concat!(
    r"(?i:sqlite)|\.(?:db|DB|db3|s3db|sl3)(?:[^A-Za-z0-9_ (.=]| [^i=]|\.(?:b|o|t)|$)|DATABASE_|_DATABASE\b|_DB_|\bDB_[A-Z]|_db_path|\bdb_path|\bdbguard:",
    r"|create_(?:async_)?engine|engine_from_config|postgres(?:ql)?(?:\+\w+)?://|mysql(?:\+\w+)?://|:memory:",
    r"|__tablename__|\bdb_table\b|from alembic|sqliteTable\(|requests_cache",
);
const RUNS: &str = r"\.execute|executemany|executescript|\.prepare\(|\.query\(|\.upsert|\.table_names\(|ForeignKey\(";

static NAMES_DATABASE: LazyLock<Regex> = LazyLock::new(|| regex(NAMES));
static RUNS_SQL: LazyLock<Regex> = LazyLock::new(|| regex(RUNS));

/// What the policy names: a text that speaks of it matters as one does that names a database.
#[derive(Clone, Default)]
pub(super) struct Named {
    pub(super) openers: Vec<WrapperOpener>,
    /// Tables that get another name.
    pub(super) renamed: Vec<String>,
    /// What may not change of the tree that is read.
    pub(super) steps: Steps,
    /// Every way to speak of a table that gets another name.
    tables: Option<Regex>,
}

impl Named {
    pub(super) fn of(options: &Options) -> Self {
        let renamed = options.tables.clone();
        Self { openers: options.openers.clone(), tables: tables(&renamed), renamed, steps: Steps::default() }
    }

    /// The same for one tree. `read` gives a file of it by its path.
    pub(super) fn within(&self, entries: &[Entry], read: &dyn Fn(&Arc<str>) -> Option<Vec<u8>>) -> Self {
        let steps = if self.renamed.is_empty() { Steps::default() } else { Steps::of(entries, read) };
        Self { steps, ..self.clone() }
    }

    /// What a text that is no program says of renamed tables beside its SQL, and why its SQL may not be changed.
    pub(super) fn describe(&self, source: &Source, language: Language, facts: &mut Facts) {
        if self.renamed.is_empty() {
            return;
        }
        lang::described(source, language, &self.renamed, facts);
        if language == Language::Sql
            && let Some(reason) = self.steps.kept(&source.path, &source.text)
        {
            facts.table_uses.iter_mut().for_each(|found| found.fixed = Some(reason.into()));
        }
    }

    /// What a text speaks of, by its bytes: a function that the policy calls an opener is as good as the name of a database.
    pub(super) fn words(&self, bytes: &[u8]) -> Words {
        let mut words = words(bytes);
        words.name_database = words.name_database
            || self.openers.iter().any(|opener| {
                let name = opener.function.rsplit('.').next().unwrap_or(&opener.function);
                memchr::memmem::find(bytes, name.as_bytes()).is_some()
            })
            || self.tables.as_ref().is_some_and(|tables| tables.is_match(bytes));
        words
    }

    /// Another value for another set of patterns.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        let openers = self.openers.iter().map(|opener| opener.function.as_str());
        let tables = self.tables.as_ref().map_or("", Regex::as_str);
        for pattern in [NAMES, RUNS].into_iter().chain(LITERALS).chain(openers).chain([tables]) {
            hasher.update(pattern.as_bytes()).update(b"\0");
        }
        *hasher.finalize().as_bytes()
    }
}

/// Every way in which a text can speak of a table: `"users"`, `FROM users`, SQL into which the name may be filled, the class or model that
/// a library would call it by (`User`, `BlogUser`, `modelName: "user"`), what an index of it may be called (`"ix_users_email"`).
fn tables(names: &[String]) -> Option<Regex> {
    if names.is_empty() {
        return None;
    }
    let escaped: Vec<String> = names.iter().map(|name| regex::escape(name)).collect();
    let models: BTreeSet<String> = names.iter().flat_map(|name| singulars(name)).collect();
    let classes: BTreeSet<String> = models
        .iter()
        .flat_map(|name| {
            std::iter::once(name.as_str()).chain(name.match_indices('_').filter_map(|(at, _)| name.get(at + 1..)))
        })
        .map(|name| regex::escape(&name.replace('_', "")))
        .filter(|name| !name.is_empty())
        .collect();
    let models: Vec<String> = models.iter().filter(|name| !name.is_empty()).map(|name| regex::escape(name)).collect();
    let (names, models) = (escaped.join("|"), models.join("|"));
    let classes = classes.into_iter().collect::<Vec<_>>().join("|");
    let words = "FROM|JOIN|INTO|UPDATE|TABLE|EXISTS|REFERENCES|ON|VIEW|ONLY|IGNORE|REPLACE";
    let ways = [
        // `"users"`, `"users.id"`, `"users as u"`
        format!(r#"["'`](?:{names})(?:["'`.]|\s+as\b)"#),
        format!(r#"\b(?:{words})(?:\s+|\\s[+*]?)(?:\w+\.)?["'`\[\\]*(?:{names})\b"#),
        // SQL into which it may be filled.
        r#"(?-i:\b(?:FROM|JOIN|INTO|UPDATE|TABLE|EXISTS)\s+["'`\[\\]*(?:%[s(]|\$?\{))"#.to_owned(),
        // What a library, a schema or a mapper calls by it.
        format!(r"\b(?:class|model|struct|object|type|record)\s+(?:{classes}|{names})\b"),
        format!(r"\b(?:{names})\s*\(\w+\)\s*\{{"),
        format!(r"\btable_name\s*=\s*(?:{names})\b|DbSet<\w+>\s+(?:{names})\b|:(?:{names})\b"),
        format!(r"^\s*-?\s*(?:name:\s*)?(?:{names}):?\s*$"),
        format!(r#"\b(?:modelName\s*:|define\()\s*["'`](?:{models})["'`]"#),
        r"\bManyToManyField\(|= Set\(|\bKysely<|\bCreateModel\(".to_owned(),
        format!(r#"(?:^|[{{;,])\s*(?:readonly\s+)?["']?(?:{names})["']?\??\s*:\s*[\w{{"']"#),
        // Indexes.
        format!(r#"["'`](?:[a-z0-9_]+_)?(?:{names})(?:_[a-z0-9_]+)?["'`]"#),
        format!(r#"\bINDEX(?:ED\s+BY)?\s+(?:IF\s+EXISTS\s+)?["'`\[\\]*(?:[a-z0-9_]+_)?(?:{names})_"#),
    ];
    let pattern = format!("(?im:{})", ways.join("|"));
    Regex::new(&pattern).ok()
}

/// Constant patterns; a test compiles both.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

/// One of these is in every match of either pattern, in the spellings that people use: they are looked for many bytes at a
/// time, and the patterns decide only where one is found.
///
/// The search looks at the first three bytes of each; those here are rare in programs, which makes it three times as fast as
/// the words' own beginnings.
const LITERALS: [&str; 27] = [
    "qlite",
    "qLite",
    "QLite",
    "QLITE",
    ".db",
    ".DB",
    ".s3db",
    ".sl3",
    "DATABASE",
    "DB_",
    "db_path",
    "dbguard:",
    "_engine",
    "_from_config",
    "tgres",
    "ysql",
    ":memory:",
    "xecut",
    ".prepare(",
    ".query(",
    "__tablename__",
    "db_table",
    "mbic",
    "upsert",
    ".table_names(",
    "nKey(",
    "ts_cache",
];

/// `None` on machines without the instructions it needs.
static QUICK: LazyLock<Option<Searcher>> = LazyLock::new(|| Searcher::new(LITERALS));

pub(super) fn words(bytes: &[u8]) -> Words {
    if QUICK.as_ref().is_some_and(|quick| quick.find(bytes).is_none()) {
        return Words::default();
    }
    Words { name_database: NAMES_DATABASE.is_match(bytes), run_sql: RUNS_SQL.is_match(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_pass_and_little_else() {
        for yes in [
            "x = 'a.db'",
            "SQLite",
            "sqlite3",
            "Sqlite",
            "SQLITE",
            "SqLite",
            "P = os.environ['DATABASE_PATH']",
            "APP_DATABASE = 1",
            "DB_PATH",
            "def f(db_path):",
            "a.db",
            "x.db3\n",
            "x.s3db'",
            "see a.db and",
            "a.db.bak",
            "# dbguard: allow[x]",
            "create_async_engine(url)",
            "create_engine(url)",
            "postgresql+asyncpg://h",
            "mysql://h",
            "':memory:'",
            "engine_from_config(section)",
            "__tablename__ = 'users'",
            "db_table = 'users'",
            "from alembic import op",
            "sqliteTable('users')",
            "requests_cache.install_cache('answers')",
        ] {
            assert!(words(yes.as_bytes()).name_database, "{yes}");
        }
        for no in
            ["from app.db import x", "self.db.get()", "app.db.init_db()", "self.db = 1", "models.dbx", "session.db(1)"]
        {
            assert!(!words(no.as_bytes()).name_database, "{no}");
        }
    }

    #[test]
    fn who_speaks_of_a_table_that_is_renamed_matters() {
        let options = Options { tables: vec!["blog_user_tag".to_owned(), "log".to_owned()], ..Options::default() };
        let named = Named::of(&options);
        for yes in [
            "db['log'].insert(row)",
            "Table(\"Log\", metadata)",
            "ForeignKey('log.id')",
            "x('SELECT 1 FROM\n  \\\"log\\\" l')",
            "INSERT INTO main.log",
            "class Log(db.Model):",
            "class UserTag(models.Model):",
            "class Tag(Base):",
            "class BlogUserTag(Base):",
            "CREATE TABLE IF NOT EXISTS [log] (id)",
            "selectFrom('log as l')",
            // A table between two models takes its name from theirs.
            "tags = ManyToManyField('models.Tag')",
            "tags = Set('Tag')",
            // What is filled in stands elsewhere.
            "COUNT = 'SELECT count(*) FROM {}'",
            "f'UPDATE \"{table}\" SET x = 1'",
            "`DELETE FROM ${table}`",
            "'INSERT INTO %s VALUES (1)'",
            // The migration that makes a model.
            "migrations.CreateModel(\n    name='UserTag',",
            "CreateModel('Tag', [])",
        ] {
            assert!(named.words(yes.as_bytes()).name_database, "{yes}");
        }
        for no in ["import logging", "'logs'", "class Logger(X)", "from logs import x", "log = 1", "blog", "on {host}"]
        {
            assert!(!named.words(no.as_bytes()).name_database, "{no}");
        }
        let options = Options { tables: vec!["libraryItems".to_owned(), "people".to_owned()], ..Options::default() };
        let named = Named::of(&options);
        for yes in
            ["modelName: 'libraryItem'", "sequelize.define(\n  'person'", "export class Person extends BaseEntity"]
        {
            assert!(named.words(yes.as_bytes()).name_database, "{yes}");
        }
        assert_ne!(named.fingerprint(), Named::default().fingerprint());
    }

    #[test]
    fn programs_that_run_sql_may_matter() {
        for yes in [
            "cur.execute('SELECT 1')",
            "db.executemany(x)",
            "executescript(",
            "db.prepare(x)",
            "db.query(x)",
            "t.upsert(x)",
            "d.table_names()",
            "ForeignKey('a.b')",
        ] {
            assert_eq!(words(yes.as_bytes()), Words { name_database: false, run_sql: true }, "{yes}");
        }
        assert_eq!(words(b"print(1)"), Words::default());
    }
}
