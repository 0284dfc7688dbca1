//! What the libraries of JavaScript mean: openers, paths, the environment. Data, no logic.

use super::known::{Known, Opener};
use crate::lang::value::Engine;

const PATH: Opener = Opener { position: 0, keywords: &[], url: false, ending: "" };
const URL: Opener = Opener { position: 0, keywords: &[], url: true, ending: "" };

/// Modules that are a connection's class themselves, or hold it as `Database`.
const DRIVERS: [&str; 15] = [
    "better-sqlite3",
    "better-sqlite3-multiple-ciphers",
    "@signalapp/better-sqlite3",
    "@signalapp/sqlcipher",
    "libsql",
    "libsql/promise",
    "bun:sqlite",
    "node-sqlite3-wasm",
    "sqlite3",
    "@louislam/sqlite3",
    "@vscode/sqlite3",
    "@journeyapps/sqlcipher",
    "@libsql/sqlite3",
    "@tursodatabase/database",
    "jsr:@db/sqlite",
];

/// A function or class by its dotted name: the module, a dot, the exported name.
pub(super) fn function(name: &str) -> Option<Known> {
    if let Some(known) = driver(name) {
        return Some(known);
    }
    Some(match name {
        "node:sqlite.DatabaseSync"
        | "sqlite.open"
        | "@db/sqlite.Database"
        | "expo-sqlite.openDatabaseSync"
        | "expo-sqlite.openDatabaseAsync"
        | "expo-sqlite.openDatabase"
        | "react-native-sqlite-storage.openDatabase"
        | "react-native-quick-sqlite.open"
        | "@op-engineering/op-sqlite.open"
        | "@databases/sqlite"
        | "@databases/sqlite-sync"
        | "sqlite-async.Database.open"
        | "sqlite-async.open" => Known::Open(PATH),
        "@libsql/client.createClient"
        | "@libsql/client/node.createClient"
        | "@libsql/client/sqlite3.createClient"
        | "@libsql/client/web.createClient"
        | "@libsql/client/http.createClient"
        | "@tursodatabase/serverless.connect"
        | "@tauri-apps/plugin-sql.load"
        | "tauri-plugin-sql-api.load"
        | "knex"
        | "knex.knex"
        | "sequelize"
        | "sequelize.Sequelize"
        | "sequelize-typescript.Sequelize"
        | "@sequelize/core"
        | "@sequelize/core.Sequelize"
        | "typeorm.DataSource"
        | "typeorm.createConnection"
        | "@nestjs/typeorm.TypeOrmModule.forRoot"
        | "@nestjs/sequelize.SequelizeModule.forRoot"
        | "@mikro-orm/core.MikroORM.init"
        | "@mikro-orm/sqlite.MikroORM.init"
        | "@mikro-orm/better-sqlite.MikroORM.init"
        | "@mikro-orm/libsql.MikroORM.init"
        | "drizzle-orm/better-sqlite3.drizzle"
        | "drizzle-orm/bun-sqlite.drizzle"
        | "drizzle-orm/libsql.drizzle"
        | "drizzle-orm/libsql/node.drizzle"
        | "drizzle-orm/expo-sqlite.drizzle"
        | "drizzle-orm/node-postgres.drizzle"
        | "drizzle-orm/postgres-js.drizzle"
        | "drizzle-orm/mysql2.drizzle"
        | "@prisma/adapter-better-sqlite3.PrismaBetterSQLite3"
        | "@prisma/adapter-better-sqlite3.PrismaBetterSqlite3"
        | "@prisma/adapter-libsql.PrismaLibSQL"
        | "@prisma/adapter-libsql.PrismaLibSql"
        | "@prisma/client.PrismaClient"
        | "@langchain/langgraph-checkpoint-sqlite.SqliteSaver.fromConnString"
        | "keyv"
        | "keyv.Keyv"
        | "@keyv/sqlite"
        | "@keyv/sqlite.KeyvSqlite"
        | "pg.Pool"
        | "pg.Client"
        | "postgres"
        | "mysql2.createPool"
        | "mysql2.createConnection"
        | "mysql2/promise.createPool"
        | "mysql2/promise.createConnection"
        | "@neondatabase/serverless.neon" => Known::Open(URL),
        "kysely.Kysely" | "kysely.SqliteDialect" | "kysely-bun-sqlite.BunSqliteDialect" | "slonik.createPool" => {
            Known::Wraps
        }
        "path.join" | "path.posix.join" | "path.win32.join" | "pathe.join" | "upath.join" | "@std/path.join"
        | "jsr:@std/path.join" => Known::JoinBelow,
        "path.resolve" | "path.posix.resolve" | "path.win32.resolve" | "pathe.resolve" | "upath.resolve" => Known::Join,
        "path.dirname" | "path.posix.dirname" | "path.win32.dirname" | "pathe.dirname" => Known::Parent,
        "URL" | "url.URL" => Known::UrlJoin,
        "path.normalize"
        | "path.posix.normalize"
        | "path.toNamespacedPath"
        | "pathe.normalize"
        | "fs.realpathSync"
        | "url.fileURLToPath"
        | "url.pathToFileURL"
        | "Bun.fileURLToPath"
        | "String"
        | "decodeURIComponent"
        | "encodeURIComponent"
        | "decodeURI"
        | "encodeURI"
        | "untildify"
        | "expand-tilde"
        | "normalize-path"
        | "slash"
        | "Object.freeze"
        | "Promise.resolve" => Known::Same,
        "Deno.env.get" | "process.env.get" | "env-var.get" => Known::Env,
        "os.tmpdir"
        | "fs.mkdtempSync"
        | "fs.mkdtemp"
        | "fs.promises.mkdtemp"
        | "fs/promises.mkdtemp"
        | "fs-extra.mkdtemp"
        | "fs-extra.mkdtempSync"
        | "tmp.dirSync"
        | "tmp.fileSync"
        | "tmp.tmpNameSync"
        | "tmp.dir"
        | "tmp.file"
        | "tmp.tmpName"
        | "tmp-promise.dir"
        | "tmp-promise.file"
        | "tmp-promise.tmpName"
        | "temp.mkdirSync"
        | "temp.path"
        | "tempy.file"
        | "tempy.directory"
        | "tempy.temporaryFile"
        | "tempy.temporaryDirectory"
        | "tempy.temporaryDirectoryTask"
        | "tempy.temporaryFileTask"
        | "Deno.makeTempDir"
        | "Deno.makeTempDirSync"
        | "Deno.makeTempFile"
        | "Deno.makeTempFileSync" => Known::Temporary,
        "os.homedir" | "Deno.homeDir" => Known::Home,
        "process.cwd" | "Deno.cwd" => Known::Cwd,
        "electron.app.getPath" | "app.getPath" => Known::AppFolder,
        "fs.copyFile"
        | "fs.copyFileSync"
        | "fs.cp"
        | "fs.cpSync"
        | "fs.promises.copyFile"
        | "fs.promises.cp"
        | "fs/promises.copyFile"
        | "fs/promises.cp"
        | "fs-extra.copy"
        | "fs-extra.copySync"
        | "fs-extra.copyFile"
        | "fs-extra.copyFileSync"
        | "Deno.copyFile"
        | "Deno.copyFileSync" => Known::Copy,
        "child_process.exec"
        | "child_process.execSync"
        | "child_process.spawn"
        | "child_process.spawnSync"
        | "child_process.execFile"
        | "child_process.execFileSync"
        | "execa"
        | "execa.execa"
        | "execa.execaSync"
        | "execa.execaCommand"
        | "execa.$"
        | "zx.$"
        | "bun.$"
        | "Bun.spawn"
        | "Bun.spawnSync"
        | "$" => Known::Command,
        "drizzle-orm.sql" | "slonik.sql" | "kysely.sql" | "sequelize.literal" => Known::Sql,
        "envalid.cleanEnv"
        | "@t3-oss/env-nextjs.createEnv"
        | "@t3-oss/env-core.createEnv"
        | "@t3-oss/env-nuxt.createEnv" => Known::CheckedEnvironment,
        "jest.mock" | "vi.mock" | "vitest.vi.mock" | "require.resolve" | "proxyquire" => Known::DottedName,
        _ => return None,
    })
}

fn driver(name: &str) -> Option<Known> {
    let deno = name.starts_with("https://deno.land/x/sqlite") || name.starts_with("npm:");
    if deno && (name.ends_with(".DB") || name.ends_with(".Database")) {
        return Some(Known::Open(PATH));
    }
    let rest = DRIVERS.iter().find_map(|driver| name.strip_prefix(driver))?;
    match rest {
        "" | ".Database" | ".default" | ".connect" => Some(Known::Open(PATH)),
        ".cached.Database" => Some(Known::Open(PATH)),
        ".verbose" => Some(Known::Itself),
        _ => None,
    }
}

/// Objects of the language and its frameworks whose members are environment variables.
pub(super) fn is_environment(dotted: &str) -> bool {
    dotted.starts_with(super::schemas::CHECKED)
        || matches!(
            dotted,
            "process.env"
                | "import.meta.env"
                | "Bun.env"
                | "bun.env"
                | "globalThis.process.env"
                | "$env/static/private"
                | "$env/dynamic/private.env"
                | "astro:env/server"
        )
}

/// The engine that a `client`, `dialect`, `type` or `provider` option names.
pub(super) fn is_sqlite(option: &str) -> bool {
    let option = option.to_ascii_lowercase();
    option.contains("sqlite") || matches!(option.as_str(), "libsql" | "turso" | "expo" | "sqljs" | "capacitor" | "d1")
}

/// Options that name an engine, in the order in which they are asked.
pub(super) const ENGINE_OPTIONS: [&str; 5] = ["dialect", "client", "type", "provider", "driver"];
/// Options that hold a path or a URL, or further options that do.
pub(super) const PATH_OPTIONS: [&str; 14] = [
    "filename",
    "storage",
    "url",
    "connectionString",
    "connection",
    "dbCredentials",
    "database",
    "path",
    "dbName",
    "source",
    "datasourceUrl",
    "datasources",
    "db",
    "name",
];
/// The ones among them that hold a URL, whatever the engine.
pub(super) const URL_OPTIONS: [&str; 6] =
    ["url", "connectionString", "connection", "dbCredentials", "datasources", "datasourceUrl"];

/// The engine of what a function opens, where it opens only one that is not SQLite.
pub(super) fn engine_of(function: &str) -> Option<Engine> {
    let module = function.split('.').next().unwrap_or(function);
    match module {
        "pg"
        | "postgres"
        | "slonik"
        | "@neondatabase/serverless"
        | "drizzle-orm/node-postgres"
        | "drizzle-orm/postgres-js" => Some(Engine::Postgresql),
        "mysql2" | "mysql2/promise" | "drizzle-orm/mysql2" => Some(Engine::Mysql),
        _ => None,
    }
}

/// A function that opens whatever engine its options name.
pub(super) fn opens_any(function: &str) -> bool {
    let module = function.split('.').next().unwrap_or(function);
    matches!(
        module,
        "knex"
            | "sequelize"
            | "sequelize-typescript"
            | "@sequelize/core"
            | "typeorm"
            | "@nestjs/typeorm"
            | "@nestjs/sequelize"
            | "@mikro-orm/core"
            | "@prisma/client"
            | "keyv"
    ) || module.starts_with("drizzle-orm/")
}

/// Whether a member of this name can be an opener: the last words of the names above.
pub(super) fn may_open(name: &str) -> bool {
    matches!(
        name,
        "Database"
            | "DatabaseSync"
            | "DB"
            | "default"
            | "connect"
            | "open"
            | "load"
            | "openDatabase"
            | "openDatabaseSync"
            | "openDatabaseAsync"
            | "createClient"
            | "knex"
            | "Sequelize"
            | "DataSource"
            | "createConnection"
            | "createPool"
            | "forRoot"
            | "init"
            | "drizzle"
            | "PrismaBetterSQLite3"
            | "PrismaBetterSqlite3"
            | "PrismaLibSQL"
            | "PrismaLibSql"
            | "PrismaClient"
            | "fromConnString"
            | "Keyv"
            | "KeyvSqlite"
            | "Pool"
            | "Client"
            | "neon"
    )
}
