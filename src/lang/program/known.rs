//! Functions of the libraries that programs use: what each means for a path or a connection. Data, no logic.

/// What a call of a known function gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Opens the database named by its argument and gives a connection to it.
    Open(Opener),
    /// A path made of its arguments, joined.
    Join,
    /// Its first argument, as it is (`str(path)`, `os.path.abspath(path)`).
    Same,
    /// The folder of its first argument.
    Parent,
    /// An environment variable named by the first argument, with the second (or `default=`) to stand in.
    Env,
    /// Below a folder that is thrown away.
    Temporary,
    /// The home folder.
    Home,
    /// The working directory.
    Cwd,
    /// A copy of the file named by its first argument.
    Copy,
    /// Runs the text or list of its first argument as a command.
    Command,
    /// SQL text, wrapped (`sqlalchemy.text`).
    Sql,
    /// Wraps the connection that is its first argument (`closing(conn)`, `sessionmaker(bind=engine)`).
    Wraps,
    /// A path made of its arguments, where an absolute one does not start anew.
    JoinBelow,
    /// Its first argument, relative to the file that its second names.
    UrlJoin,
    /// A folder that the system gives an application.
    AppFolder,
    /// Gives what it is a member of.
    Itself,
    /// An environment, checked against a schema.
    CheckedEnvironment,
    /// Its argument is a module's or attribute's dotted name, never a file.
    DottedName,
}

/// Which argument of an opener names the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opener {
    pub(super) position: usize,
    pub(super) keywords: &'static [&'static str],
    /// Takes URLs, so a text without a scheme is no path.
    pub(super) url: bool,
    /// What it puts behind a name that has no ending.
    pub(super) ending: &'static str,
}

const PATH: Opener =
    Opener { position: 0, keywords: &["database", "filename", "path", "db_path", "file"], url: false, ending: "" };
/// Its first argument says which engine it is.
const BEHIND_ENGINE: Opener = Opener { position: 1, keywords: &["filename"], url: false, ending: "" };
const URL: Opener =
    Opener { position: 0, keywords: &["url", "name_or_url", "database_url", "db_url", "uri"], url: true, ending: "" };
/// A cache of HTTP answers. Unless a `backend` says otherwise it is a database that is called after the cache.
const CACHE: Opener = Opener { position: 0, keywords: &["cache_name", "db_path"], url: false, ending: ".sqlite" };

/// A function by its dotted name.
pub(super) fn function(name: &str) -> Option<Known> {
    Some(match name {
        "sqlite3.connect"
        | "sqlite3.dbapi2.connect"
        | "aiosqlite.connect"
        | "apsw.Connection"
        | "pysqlite3.connect"
        | "pysqlite3.dbapi2.connect"
        | "sqlcipher3.connect"
        | "pysqlcipher3.dbapi2.connect"
        | "asqlite.connect"
        | "asqlite.create_pool"
        | "libsql.connect"
        | "libsql_experimental.connect"
        | "sqlite3.Connection"
        | "sqlite_utils.Database"
        | "sqlite_utils.db.Database"
        | "peewee.SqliteDatabase"
        | "playhouse.sqlite_ext.SqliteExtDatabase"
        | "playhouse.sqlite_ext.CSqliteExtDatabase"
        | "playhouse.apsw_ext.APSWDatabase"
        | "playhouse.sqliteq.SqliteQueueDatabase"
        | "playhouse.sqlcipher_ext.SqlCipherDatabase"
        | "sqlitedict.SqliteDict"
        | "aiosqlitepool.connect"
        | "ibis.sqlite.connect"
        | "langgraph.checkpoint.sqlite.SqliteSaver.from_conn_string"
        | "langgraph.checkpoint.sqlite.aio.AsyncSqliteSaver.from_conn_string" => Known::Open(PATH),
        "pony.orm.Database" | "pony.orm.core.Database" => Known::Open(BEHIND_ENGINE),
        "sqlalchemy.create_engine"
        | "sqlalchemy.engine.create_engine"
        | "sqlmodel.create_engine"
        | "sqlalchemy.ext.asyncio.create_async_engine"
        | "sqlalchemy.create_async_engine"
        | "dataset.connect"
        | "databases.Database"
        | "databases.core.Database"
        | "records.Database"
        | "ibis.connect"
        | "playhouse.db_url.connect"
        | "langchain_community.utilities.SQLDatabase.from_uri"
        | "langchain.SQLDatabase.from_uri"
        | "langchain_community.utilities.sql_database.SQLDatabase.from_uri"
        | "gino.Gino"
        | "edgy.Database"
        | "sqlalchemy.ext.asyncio.engine.create_async_engine"
        | "tortoise.Tortoise.init"
        | "sqlalchemy_utils.create_database"
        | "sqlalchemy_utils.database_exists"
        | "sqlalchemy.engine_from_config"
        | "sqlalchemy.ext.asyncio.async_engine_from_config" => Known::Open(URL),
        "requests_cache.install_cache"
        | "requests_cache.patcher.install_cache"
        | "requests_cache.CachedSession"
        | "requests_cache.session.CachedSession"
        | "requests_cache.SQLiteCache"
        | "requests_cache.backends.SQLiteCache"
        | "requests_cache.backends.sqlite.SQLiteCache"
        | "aiohttp_client_cache.SQLiteBackend"
        | "aiohttp_client_cache.backends.SQLiteBackend"
        | "aiohttp_client_cache.backends.sqlite.SQLiteBackend" => Known::Open(CACHE),
        "os.path.join"
        | "posixpath.join"
        | "ntpath.join"
        | "pathlib.Path"
        | "pathlib.PurePath"
        | "pathlib.PosixPath"
        | "pathlib.PurePosixPath"
        | "Path"
        | "anyio.Path"
        | "py.path.local"
        | "werkzeug.utils.safe_join" => Known::Join,
        "str"
        | "os.fspath"
        | "os.fsdecode"
        | "os.path.abspath"
        | "os.path.realpath"
        | "os.path.normpath"
        | "os.path.expanduser"
        | "os.path.expandvars"
        | "repr"
        | "urllib.parse.quote"
        | "urllib.parse.unquote"
        | "cast"
        | "typing.cast"
        | "url"
        | "sqlalchemy.make_url"
        | "sqlalchemy.engine.make_url"
        | "sqlalchemy.engine.url.make_url"
        | "dj_database_url.parse" => Known::Same,
        "os.path.dirname" => Known::Parent,
        "os.getenv"
        | "os.environ.get"
        | "os.environ.pop"
        | "os.environ.setdefault"
        | "environ.get"
        | "getenv"
        | "decouple.config"
        | "environs.Env.str"
        | "environ.Env.str"
        | "environs.Env"
        | "starlette.config.Config"
        | "dj_database_url.config" => Known::Env,
        "tempfile.mkdtemp"
        | "tempfile.mkstemp"
        | "tempfile.mktemp"
        | "tempfile.gettempdir"
        | "tempfile.TemporaryDirectory"
        | "tempfile.NamedTemporaryFile"
        | "tempfile.TemporaryFile" => Known::Temporary,
        "pathlib.Path.home" | "Path.home" => Known::Home,
        "os.getcwd" | "pathlib.Path.cwd" | "Path.cwd" => Known::Cwd,
        "shutil.copy" | "shutil.copy2" | "shutil.copyfile" => Known::Copy,
        "os.system"
        | "os.popen"
        | "subprocess.run"
        | "subprocess.call"
        | "subprocess.check_call"
        | "subprocess.check_output"
        | "subprocess.Popen"
        | "subprocess.getoutput"
        | "asyncio.create_subprocess_shell" => Known::Command,
        "sqlalchemy.text" | "sqlalchemy.sql.text" | "sqlmodel.text" | "sqlalchemy.sql.expression.text" => Known::Sql,
        "contextlib.closing"
        | "sqlalchemy.orm.sessionmaker"
        | "sqlalchemy.orm.Session"
        | "sqlalchemy.ext.asyncio.async_sessionmaker"
        | "sqlalchemy.ext.asyncio.AsyncSession"
        | "sqlmodel.Session"
        | "sqlalchemy.orm.scoped_session"
        | "scoped_session"
        | "sqlalchemy.orm.session.sessionmaker"
        | "sqlmodel.ext.asyncio.session.AsyncSession" => Known::Wraps,
        "logging.getLogger"
        | "importlib.import_module"
        | "unittest.mock.patch"
        | "mock.patch"
        | "patch"
        | "importlib.util.find_spec"
        | "getattr"
        | "hasattr"
        | "unittest.mock.patch.object" => Known::DottedName,
        _ => return None,
    })
}

/// Methods of pools and managers that hand out a connection, by their usual names.
pub(super) fn gives_connection(method: &str) -> bool {
    matches!(
        method.trim_start_matches('_'),
        "acquire"
            | "borrow"
            | "checkout"
            | "conn"
            | "connection"
            | "get_conn"
            | "get_connection"
            | "get_db"
            | "getconn"
    )
}

/// Whether a call by this name can be one that opens a database: asked before anything is followed.
pub(super) fn may_open(name: &str) -> bool {
    matches!(name, "connect" | "create_engine" | "create_async_engine" | "Database" | "SqliteDatabase")
}

/// Methods that give the connection they are called on, or one to the same database.
pub(super) fn keeps_connection(method: &str) -> bool {
    matches!(
        method,
        "cursor"
            | "connect"
            | "begin"
            | "__enter__"
            | "__aenter__"
            | "raw_connection"
            | "connection"
            | "get_bind"
            | "session"
            | "execute"
            | "executemany"
            | "executescript"
            | "acquire"
            | "transaction"
            | "atomic"
            | "begin_nested"
            | "execution_options"
            | "session_factory"
            | "bind"
            | "prepare"
            | "prepareSync"
            | "prepareAsync"
            | "pragma"
            | "verbose"
            | "then"
            | "loadExtension"
            | "$extends"
    )
}

/// A method that puts quotes around a name: `queryInterface.quoteIdentifier(table)`.
/// What looks at the form of a name, or tells it to who runs tests, and does nothing else with it.
pub(super) fn checks_names(function: &str) -> bool {
    matches!(function, "fullmatch" | "isinstance" | "subTest" | "assertIsInstance" | "assertIsNotNone" | "assertTrue")
}

pub(super) fn quotes_names(method: &str) -> bool {
    matches!(
        method,
        "quote"
            | "quote_name"
            | "quote_table"
            | "quote_table_name"
            | "quoteIdentifier"
            | "quoteTable"
            | "escapeId"
            | "escapeIdentifier"
            | "quote_identifier"
            | "quote_ident"
            | "escape_identifier"
    )
}

/// Methods that run the SQL in their first argument.
pub(super) fn runs_sql(method: &str) -> bool {
    matches!(
        method,
        "execute"
            | "executemany"
            | "executescript"
            | "exec_driver_sql"
            | "fetch_all"
            | "fetch_one"
            | "fetch_val"
            | "execute_fetchall"
            | "execute_insert"
            | "iterate"
            | "query"
            | "scalar"
            | "scalars"
            | "execute_sql"
            | "raw"
            | "read_sql"
            | "read_sql_query"
            | "prepare"
            | "exec"
            | "run"
            | "all"
            | "get"
            | "each"
            | "execAsync"
            | "execSync"
            | "runAsync"
            | "runSync"
            | "getAllAsync"
            | "getAllSync"
            | "getFirstAsync"
            | "getFirstSync"
            | "getEachAsync"
            | "prepareAsync"
            | "prepareSync"
            | "executeSql"
            | "executeMultiple"
            | "batch"
            | "$queryRaw"
            | "$executeRaw"
            | "$queryRawUnsafe"
            | "$executeRawUnsafe"
            | "unsafe"
            | "execute_write"
            | "fetchall"
            | "fetchone"
            | "select"
            | "exists"
    )
}
