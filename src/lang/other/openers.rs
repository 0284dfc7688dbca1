//! Calls that open a database, in the languages that have no front end of their own. Data only.

/// What tells the engine of a call that opens a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    /// It opens SQLite and nothing else.
    Sqlite,
    /// The first argument names the driver.
    Driver,
    /// The URL's scheme, or nothing.
    Url,
    /// It opens a database of a server.
    Server(crate::lang::Engine),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Opener {
    /// The end of the callee's name.
    pub(super) name: &'static str,
    /// Which argument is the path or URL.
    pub(super) argument: usize,
    pub(super) engine: Engine,
}

const fn sqlite(name: &'static str, argument: usize) -> Opener {
    Opener { name, argument, engine: Engine::Sqlite }
}

const fn driver(name: &'static str) -> Opener {
    Opener { name, argument: 1, engine: Engine::Driver }
}

const fn url(name: &'static str, argument: usize) -> Opener {
    Opener { name, argument, engine: Engine::Url }
}

pub(super) const OPENERS: &[Opener] = &[
    // Go
    driver("sql.Open"),
    driver("sqlx.Open"),
    driver("sqlx.Connect"),
    driver("sqlx.MustConnect"),
    driver("sqlx.MustOpen"),
    driver("xorm.NewEngine"),
    driver("otelsql.Open"),
    driver("entsql.Open"),
    sqlite("sqlite.Open", 0),
    sqlite("sqlite3.Open", 0),
    Opener { name: "mysql.Open", argument: 0, engine: Engine::Server(crate::lang::Engine::Mysql) },
    Opener { name: "postgres.Open", argument: 0, engine: Engine::Server(crate::lang::Engine::Postgresql) },
    sqlite("sqlite.OpenConn", 0),
    sqlite("sqlitex.Open", 0),
    sqlite("sqlitex.NewPool", 0),
    sqlite("sqliteshim.Open", 0),
    // Rust
    sqlite("Connection::open", 0),
    sqlite("Connection::open_with_flags", 0),
    sqlite("SqliteConnectOptions::from_str", 0),
    sqlite("SqlitePool::connect", 0),
    sqlite("SqlitePool::connect_lazy", 0),
    sqlite("SqliteConnection::establish", 0),
    sqlite("SqliteConnection::connect", 0),
    sqlite("SqliteConnectionManager::file", 0),
    sqlite("Builder::new_local", 0),
    sqlite("ConnectionManager::<SqliteConnection>::new", 0),
    url("AnyPool::connect", 0),
    url("Database::connect", 0),
    url("AnyConnection::establish", 0),
    // Ruby
    sqlite("SQLite3::Database.new", 0),
    sqlite("SQLite3::Database.open", 0),
    sqlite("Sequel.sqlite", 0),
    url("Sequel.connect", 0),
    url("DB.open", 0),
    url("DB.connect", 0),
    // Java, Kotlin, Scala, Android
    url("DriverManager.getConnection", 0),
    url("setJdbcUrl", 0),
    url("Database.connect", 0),
    url("Database.forURL", 0),
    url("Jdbi.create", 0),
    sqlite("openOrCreateDatabase", 0),
    sqlite("JdbcSqliteDriver", 0),
    sqlite("NativeSqliteDriver", 1),
    sqlite("AndroidSqliteDriver", 2),
    sqlite("Room.databaseBuilder", 2),
    // C#
    sqlite("SqliteConnection", 0),
    sqlite("SQLiteConnection", 0),
    sqlite("SQLiteAsyncConnection", 0),
    sqlite("UseSqlite", 0),
    sqlite("UseSQLite", 0),
    // PHP
    url("PDO", 0),
    sqlite("SQLite3", 0),
    sqlite("sqlite_open", 0),
    // Perl, R, Julia
    url("DBI->connect", 0),
    url("dbConnect", 1),
    sqlite("SQLite.DB", 0),
    // Lua, Elixir
    sqlite("sqlite3.open", 0),
    sqlite("sqlite.open", 0),
    sqlite("lsqlite3.open", 0),
    sqlite("Exqlite.Sqlite3.open", 0),
    sqlite("Sqlite3.open", 0),
    sqlite("Sqlitex.open", 0),
    // C, C++
    sqlite("sqlite3_open", 0),
    sqlite("sqlite3_open_v2", 0),
    sqlite("sqlite3_open16", 0),
    sqlite("setDatabaseName", 0),
    sqlite("SQLite::Database", 0),
    // Swift
    sqlite("DatabaseQueue", 0),
    sqlite("DatabasePool", 0),
    sqlite("SQLite.Connection", 0),
    // Dart, components of the web
    sqlite("openDatabase", 0),
    sqlite("databaseFactory.openDatabase", 0),
    sqlite("NativeDatabase.createInBackground", 0),
    sqlite("sqlite.connect", 0),
    sqlite("better_sqlite3", 0),
];

/// Programs that make one path of several.
pub(super) const JOINS: [&str; 12] = [
    "filepath.join",
    "path.join",
    "file.join",
    "path.combine",
    "paths.get",
    "path.of",
    "file.path",
    "joinpath",
    "pathjoin",
    "file",
    "getdatabasepath",
    "combine",
];

/// Methods that add a name to the path before them.
pub(super) const JOIN_METHODS: [&str; 9] = [
    ".join",
    ".push",
    ".resolve",
    ".child",
    ".with_file_name",
    ".appendingpathcomponent",
    ".appending",
    ".appendpathcomponent",
    ".appendingcomponent",
];

/// Calls whose argument is only looked at or said.
pub(super) const TALK: [&str; 30] = [
    "print",
    "println",
    "printf",
    "eprintln",
    "log",
    "info",
    "warn",
    "warning",
    "error",
    "debug",
    "fatal",
    "fatalf",
    "errorf",
    "infof",
    "puts",
    "echo",
    "panic",
    "contains",
    "hasprefix",
    "hassuffix",
    "starts_with",
    "ends_with",
    "startswith",
    "endswith",
    "equals",
    "assert_eq",
    "assertequal",
    "expect",
    "assert",
    "logf",
];

/// Folders that are thrown away.
pub(super) const TEMPORARY: [&str; 10] = [
    "mkdirtemp",
    "tempdir",
    "mkdtemp",
    "tmpdir",
    "tempfile",
    "temporaryfolder",
    "temp_dir",
    "gettemppath",
    "nstemporarydirectory",
    "temporarydirectory",
];
