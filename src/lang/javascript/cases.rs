//! JavaScript and TypeScript as they are written: HARD-CASES, each named by its number.

use std::sync::Arc;

use super::lower;
use crate::lang::program::read_among;
use crate::lang::{Engine, Facts, Language, Role, Value};
use crate::text::Source;

/// The facts of the first file, with the others as its neighbours.
fn facts(files: &[(&str, &str)]) -> Facts {
    let module = |(path, text): &(&str, &str)| {
        let language = if path.ends_with(".js") { Language::Javascript } else { Language::Typescript };
        lower(Arc::new(Source::new(*path, text.as_bytes().to_vec())), language)
    };
    read_among(files.iter().map(module).collect())
}

/// One line for each reference: `line:column role path [env..]`, alternatives joined by `|`.
fn told(files: &[(&str, &str)]) -> Vec<String> {
    facts(files)
        .references
        .iter()
        .map(|reference| {
            let role = match reference.role {
                Role::Opens => "opens",
                Role::Binds => "binds",
                Role::Configures => "configures",
                Role::Mentions => "mentions",
            };
            let paths: Vec<String> = reference.values.iter().map(Value::pattern).collect();
            let mut words = vec![format!("{}:{} {role}", reference.place.start.line, reference.place.start.column)];
            words.push(if paths.is_empty() { "?".into() } else { paths.join("|") });
            let mut envs: Vec<&str> = reference.values.iter().flat_map(Value::envs).collect();
            envs.dedup();
            words.extend(envs.into_iter().map(|env| format!("[{env}]")));
            words.join(" ")
        })
        .collect()
}

fn script(text: &str) -> Vec<String> {
    told(&[("src/main.ts", text)])
}

/// One line for each table use: `table access [paths]`.
fn tables(text: &str) -> Vec<String> {
    let uses = facts(&[("src/main.ts", text)]).table_uses;
    let paths = |values: &[Value]| values.iter().map(Value::pattern).collect::<Vec<_>>().join("|");
    uses.iter().map(|table| format!("{} {:?} {}", table.table, table.access, paths(&table.connection))).collect()
}

/// Each opener, in one line of a module of its own.
#[test]
fn openers_of_the_libraries() {
    for (text, expected) in [
        ("import Database from 'better-sqlite3'; const db = new Database('x.db')", "opens x.db"),
        ("const db = require('better-sqlite3')('x.db')", "opens x.db"),
        ("const D = require('better-sqlite3'); new D('data', { readonly: true })", "opens data"),
        ("import { Database } from 'bun:sqlite'; new Database('x.db')", "opens x.db"),
        ("import { DatabaseSync } from 'node:sqlite'; new DatabaseSync('x')", "opens x"),
        ("const sqlite3 = require('sqlite3').verbose(); new sqlite3.Database('x.db')", "opens x.db"),
        ("const { Database } = require('sqlite3'); new Database('x.db', cb)", "opens x.db"),
        ("import { open } from 'sqlite'; open({ filename: 'x.db', driver: d })", "opens x.db"),
        ("import { createClient } from '@libsql/client'; createClient({ url: 'file:x.db' })", "opens file:x.db"),
        (
            "const { Sequelize } = require('sequelize'); new Sequelize({ dialect: 'sqlite', storage: 'x.db' })",
            "opens x.db",
        ),
        (
            "import { Sequelize } from 'sequelize'; new Sequelize('n', 'u', 'p', { dialect: 'sqlite', storage: 'x' })",
            "opens x",
        ),
        (
            "const knex = require('knex'); knex({ client: 'better-sqlite3', connection: { filename: './x.db' } })",
            "opens ./x.db",
        ),
        ("const db = require('knex')({ client: 'sqlite3', connection: 'x.db' })", "opens x.db"),
        ("import { DataSource } from 'typeorm'; new DataSource({ type: 'sqlite', database: 'x' })", "opens x"),
        ("import { drizzle } from 'drizzle-orm/libsql'; drizzle({ connection: { url: 'file:x' } })", "opens file:x"),
        ("import * as SQLite from 'expo-sqlite'; SQLite.openDatabaseSync('x.db')", "opens x.db"),
        ("import { DB } from 'https://deno.land/x/sqlite@v3.8/mod.ts'; new DB('x.db')", "opens x.db"),
        ("import Database from '@tauri-apps/plugin-sql'; await Database.load('sqlite:x.db')", "opens sqlite:x.db"),
    ] {
        assert_eq!(without_columns(&script(text)), [expected], "{text}");
    }
}

fn without_columns(lines: &[String]) -> Vec<&str> {
    lines.iter().filter_map(|line| line.split_once(' ')).map(|(_, rest)| rest).collect()
}

#[test]
fn openers_of_any_engine_without_a_database() {
    for text in [
        "const knex = require('knex'); knex(config)",
        "import { Sequelize } from 'sequelize'; new Sequelize('app', 'user', 'pw', { dialect: 'mysql', host: 'h' })",
        "import { Pool } from 'pg'; new Pool({ host: 'h', database: 'x' })",
        "import { drizzle } from 'drizzle-orm/d1'; drizzle(env.DB)",
    ] {
        assert_eq!(script(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_connection_handed_on_is_opened_once() {
    let text = "import Database from 'better-sqlite3'\nimport { drizzle } from 'drizzle-orm/better-sqlite3'\n\
                const sqlite = new Database('x.db')\nexport const db = drizzle(sqlite, { schema })\nexport const other = drizzle({ client: sqlite })";
    assert_eq!(script(text), ["3:29 opens x.db"]);
}

#[test]
fn paths_of_node() {
    for (text, expected) in [
        ("path.join(__dirname, '..', 'data', 'x.db')", "src/../data/x.db"),
        ("path.join('data', '/x.db')", "data/x.db"),
        ("path.resolve('data', '/x.db')", "/x.db"),
        ("fileURLToPath(new URL('./x.db', import.meta.url))", "src/./x.db"),
        ("new URL('../x.db', import.meta.url).pathname", "src/../x.db"),
        ("path.join(import.meta.dirname, 'x.db')", "src/x.db"),
        ("path.join(path.dirname(fileURLToPath(import.meta.url)), 'x.db')", "src/x.db"),
        ("path.join(process.cwd(), 'x.db')", "x.db"),
        ("path.join(os.homedir(), '.app', 'x.db')", "~/.app/x.db"),
        ("path.join(app.getPath('userData'), 'x.db')", "~/*/x.db"),
        ("path.join(process.env.DATA_DIR ?? './data', 'x.db')", "./data/x.db"),
    ] {
        let text = format!(
            "import path from 'node:path'; import os from 'os'; import {{ fileURLToPath }} from 'url'\n\
             import {{ app }} from 'electron'; import Database from 'better-sqlite3'\nnew Database({text})"
        );
        let reference = facts(&[("src/main.ts", &text)]).references.remove(0);
        assert_eq!(reference.role, Role::Opens);
        let paths: Vec<_> = reference.values.iter().map(Value::pattern).collect();
        assert_eq!(paths, [expected], "{text}");
    }
}

#[test]
fn case_2_a_parameter_default_stored_on_this() {
    let text = "import Database from 'better-sqlite3'\nclass Store {\n  constructor(path = 'x.db') {\n    this.path = path\n  }\n  open() {\n    return new Database(this.path)\n  }\n}";
    assert_eq!(script(text), ["3:22 binds x.db", "7:25 opens x.db"]);
}

#[test]
fn case_4_default_when_absent() {
    let text = "import Database from 'better-sqlite3'\nfunction open(path) {\n  if (!path) path = 'x.db'\n  return new Database(path)\n}";
    assert_eq!(script(text), ["3:21 binds x.db", "4:23 opens x.db"]);
}

#[test]
fn case_7_a_constant_of_another_module() {
    let db =
        ("src/config.ts", "export const DB_PATH = process.env.DB_PATH || './x.db'\nexport default { path: DB_PATH }");
    let by_name = "import { DB_PATH } from './config.js'\nimport Database from 'better-sqlite3'\nnew Database(DB_PATH)";
    assert_eq!(told(&[("src/main.ts", by_name), db]), ["3:14 opens ./x.db [DB_PATH]"]);
    let by_default = "import config from './config'\nimport Database from 'better-sqlite3'\nnew Database(config.path)";
    assert_eq!(told(&[("src/main.ts", by_default), db]), ["3:14 opens ./x.db [DB_PATH]"]);
    let common = (
        "src/db.js",
        "const path = require('path')\nclass Db { static init() { Db.file = path.join('data', 'y.db') } }\nmodule.exports = Db",
    );
    let required = "const Db = require('./db')\nconst Database = require('better-sqlite3')\nnew Database(Db.file)";
    assert_eq!(told(&[("src/main.js", required), common]), ["3:14 opens data/y.db"]);
}

#[test]
fn case_12_variables_of_other_names() {
    for (text, expected) in [
        ("const p = process.env.APP_DB_PATH || 'x.db'", "1:38 binds x.db [APP_DB_PATH]"),
        ("const p = process.env['SESSION_DB_PATH'] ?? 'x.db'", "1:45 binds x.db [SESSION_DB_PATH]"),
        ("const p = process.env.SQLITE_PATH ? process.env.SQLITE_PATH : 'x.db'", "1:63 binds x.db [SQLITE_PATH]"),
        ("const { PAGES_DB_URL = 'file:x.db' } = process.env", "1:24 binds file:x.db [PAGES_DB_URL]"),
        ("const p = Bun.env.DATABASE_PATH || 'x.db'", "1:36 binds x.db [DATABASE_PATH]"),
        ("const p = Deno.env.get('DB_FILE') ?? 'x.db'", "1:38 binds x.db [DB_FILE]"),
        ("const p = import.meta.env.DB_PATH || 'x.db'", "1:38 binds x.db [DB_PATH]"),
        ("const p = process.env.DATABASE_URL!", "1:11 binds * [DATABASE_URL]"),
        (
            "const s = z.object({ DATABASE_URL: z.string().default('file:x.db') })",
            "1:55 binds file:x.db [DATABASE_URL]",
        ),
        ("const e = cleanEnv(process.env, { DB_PATH: str({ default: 'x.db' }) })", "1:59 binds x.db [DB_PATH]"),
        ("convict({ db: { doc: 'd', default: 'x.db', env: 'DB_PATH' } })", "1:36 binds x.db [DB_PATH]"),
    ] {
        assert_eq!(script(text), [expected], "{text}");
    }
}

#[test]
fn case_12_a_checked_environment() {
    let text = "import { z } from 'zod'\nimport Database from 'better-sqlite3'\n\
                const env = z.object({ DATABASE_PATH: z.string() }).parse(process.env)\nnew Database(env.DATABASE_PATH)";
    assert_eq!(script(text), ["4:14 opens * [DATABASE_PATH]"]);
}

#[test]
fn case_12_schemas_with_defaults_and_another_shape() {
    let clean = "const { cleanEnv, str } = require('envalid')\nconst knex = require('knex')\nconst spec = { DB_FILENAME: str({ default: 'db/data' }) }\n\
                 const env = cleanEnv(process.env, spec)\nknex({ client: 'sqlite3', connection: { ...(local && { filename: env.DB_FILENAME }) } })";
    assert_eq!(script(clean), ["3:44 binds db/data [DB_FILENAME]", "5:66 opens db/data [DB_FILENAME]"]);
    let shaped = "import Database from 'better-sqlite3'\nconst schema = z.object({ DATA_DIR: z.string().default('data') })\n\
                  const config = schema.transform((env) => ({ dir: env.DATA_DIR })).parse(process.env)\nnew Database(`${config.dir}/x.db`)";
    assert_eq!(script(shaped), ["4:14 opens data/x.db [DATA_DIR]"]);
}

#[test]
fn a_configuration_that_a_command_reads() {
    let text = "const file = './x.db'\nexport default { dialect: 'sqlite', dbCredentials: { url: file } }";
    assert_eq!(script(text), ["1:14 binds ./x.db", "2:59 configures ./x.db"]);
    let literal = "export default { dialect: 'sqlite', dbCredentials: { url: './x.db' } }";
    assert_eq!(script(literal), ["1:59 configures ./x.db"]);
}

#[test]
fn a_global_set_by_a_class_under_another_name() {
    let server = ("src/Server.js", "class Server { constructor(dir) { global.Dir = dir } }\nmodule.exports = Server");
    let index = ("src/index.js", "const start = require('./Server')\nnew start(process.env.DATA_DIR || 'data')");
    let text =
        "const path = require('path')\nconst D = require('better-sqlite3')\nnew D(path.join(global.Dir, 'x.db'))";
    assert_eq!(told(&[("src/main.js", text), server, index]), ["3:29 opens data/x.db [DATA_DIR]"]);
}

#[test]
fn case_13_a_variable_for_the_folder() {
    let text = "import path from 'path'; import Database from 'better-sqlite3'\nconst file = path.join(process.env.DATA_DIR || './data', 'app.db')\nnew Database(file)";
    assert_eq!(script(text), ["2:58 binds ./data/app.db [DATA_DIR]", "3:14 opens ./data/app.db [DATA_DIR]"]);
}

#[test]
fn case_16_calls_over_many_lines() {
    let text = "import Database from 'better-sqlite3'\nconst db = new Database(\n  process.env.DATABASE_PATH ||\n    '/app/data/x.db',\n  { readonly: true },\n)";
    assert_eq!(script(text), ["4:5 opens /app/data/x.db [DATABASE_PATH]"]);
}

#[test]
fn case_17_a_choice_inside_a_template() {
    let text = "import Database from 'better-sqlite3'\nnew Database(`${prod ? '/app/data' : '.'}/app.db`)";
    assert_eq!(script(text), ["2:14 opens /app/data/app.db|./app.db"]);
}

#[test]
fn case_21_url_spellings() {
    for (url, memory) in [
        ("file:./x.db?mode=ro", false),
        ("sqlite:///x.db", false),
        ("sqlite::memory:", true),
        (":memory:", true),
        ("file::memory:?cache=shared", true),
    ] {
        let text = format!("import {{ createClient }} from '@libsql/client'\ncreateClient({{ url: '{url}' }})");
        let found = facts(&[("a.ts", &text)]);
        assert_eq!(found.references.len(), 1, "{url}");
        let value = &found.references[0].values[0];
        assert_eq!(value.engine, Engine::Sqlite);
        assert_eq!(value.base == crate::lang::Base::Memory, memory, "{url}");
    }
}

#[test]
fn case_22_other_engines_beside_sqlite() {
    for (text, engine) in [
        ("const url = process.env.DATABASE_URL || 'postgres://u:p@h/app'", Engine::Postgresql),
        ("import { Pool } from 'pg'; new Pool({ connectionString: process.env.DATABASE_URL })", Engine::Postgresql),
        ("import knex from 'knex'; knex({ client: 'pg', connection: process.env.DATABASE_URL })", Engine::Postgresql),
        ("import { drizzle } from 'drizzle-orm/mysql2'; drizzle(process.env.DATABASE_URL)", Engine::Mysql),
    ] {
        let found = facts(&[("a.ts", text)]);
        assert_eq!(found.references.len(), 1, "{text}");
        assert_eq!(found.references[0].values[0].engine, engine, "{text}");
    }
}

#[test]
fn case_30_the_command_line() {
    for (text, expected) in [
        (
            "import { execSync } from 'child_process'\nexecSync('sqlite3 /app/data/x.db \".tables\"')",
            "2:19 opens /app/data/x.db",
        ),
        ("import { spawn } from 'child_process'\nspawn('sqlite3', ['-json', 'x.db', '.schema'])", "2:28 opens x.db"),
        ("import { spawnSync } from 'node:child_process'\nspawnSync('sqlite3', [dbPath])", "2:23 opens ?"),
    ] {
        assert_eq!(script(text), [expected], "{text}");
    }
}

#[test]
fn case_31_attach_binds_an_alias() {
    let text = "import Database from 'better-sqlite3'\nconst db = new Database('a.db')\ndb.exec(`ATTACH DATABASE 'b.db' AS other`)\ndb.prepare('INSERT INTO other.items SELECT * FROM items').run()";
    assert_eq!(script(text), ["2:25 opens a.db", "3:26 opens b.db"]);
    assert_eq!(tables(text), ["items Writes b.db", "items Reads a.db"]);
}

#[test]
fn case_32_two_connections_in_one_function() {
    let text = "import Database from 'better-sqlite3'\nfunction sync() {\n  const a = new Database('a.db')\n  const b = new Database('b.db')\n  for (const row of a.prepare('SELECT * FROM users').all())\n    b.prepare('INSERT INTO users VALUES (?)').run(row)\n}";
    assert_eq!(tables(text), ["users Reads a.db", "users Writes b.db"]);
}

#[test]
fn statements_run_by_every_library() {
    for text in [
        "const s = require('sqlite3'); const db = new s.Database('x.db'); db.serialize(() => { db.all('SELECT * FROM t', cb) })",
        "import { createClient } from '@libsql/client'; const c = createClient({ url: 'x.db' }); await c.execute({ sql: 'SELECT * FROM t', args: [] })",
        "import { Database } from 'bun:sqlite'; const db = new Database('x.db'); db.query(`SELECT * FROM t`).all()",
        "import { open } from 'sqlite'; const db = await open({ filename: 'x.db' }); await db.get('SELECT * FROM t')",
        "import D from 'better-sqlite3'; class S { #db; constructor() { this.#db = new D('x.db') } f() { return this.#db.prepare('SELECT * FROM t').all() } }",
    ] {
        assert_eq!(tables(text), ["t Reads x.db"], "{text}");
    }
}

#[test]
fn case_35_dynamic_names() {
    let text = "import Database from 'better-sqlite3'\nconst open = (id: string) => new Database(`cache_${id}.db`)\nconst copy = 'db_' + Date.now() + '.sqlite3'";
    assert_eq!(script(text), ["2:43 opens cache_*.db", "3:35 binds db_*.sqlite3"]);
}

#[test]
fn case_39_attributes_and_modules() {
    let text = "import { db } from '@/lib/db'\nimport x from './first.db'\nthis.db.all(); store.db.prepare('x'); const { db: y } = service.db; log('sync.db.migrate')";
    assert_eq!(script(text), Vec::<String>::new());
}

#[test]
fn case_44_wrappers() {
    let store = (
        "src/store.ts",
        "import Database from 'better-sqlite3'\nexport class Store { constructor(private path: string) { this.db = new Database(this.path) } }",
    );
    let text = "import { Store } from './store'\nconst store = new Store('x.db')";
    assert_eq!(told(&[("src/main.ts", text), store]), ["2:25 binds x.db"]);
    assert_eq!(told(&[store, ("src/main.ts", text)]), ["2:81 opens x.db"]);
}

#[test]
fn case_46_test_fixtures() {
    let text = "import os from 'os'; import path from 'path'; import fs from 'fs'; import Database from 'better-sqlite3'\n\
                const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'app-'))\nnew Database(path.join(dir, 'x.db'))\nnew Database(':memory:')";
    let found = facts(&[("a.test.ts", text)]);
    let bases: Vec<_> = found.references.iter().map(|reference| reference.values[0].base).collect();
    assert_eq!(bases, [crate::lang::Base::Temporary, crate::lang::Base::Memory]);
}

#[test]
fn case_48_a_variable_set_by_the_test() {
    let found = facts(&[("a.test.ts", "process.env.DATABASE_PATH = './test.db'")]);
    assert_eq!(found.settings.len(), 1);
    assert_eq!(found.settings[0].name, "DATABASE_PATH");
    assert!(found.env_reads.is_empty());
    assert_eq!(found.references.len(), 1);
}

#[test]
fn case_49_comparisons() {
    let text = "if (path !== ':memory:') { mkdir(path) }\nif (name === 'x.db') skip()\nexpect(p).toBe('y.db')";
    assert_eq!(script(text), ["2:14 mentions x.db", "3:16 mentions y.db"]);
}

#[test]
fn case_50_comments_and_messages() {
    let text = "// the old x.db\nconsole.log('opening y.db')\nthrow new Error(`no z.db`)";
    assert_eq!(script(text), ["1:12 mentions x.db", "2:22 mentions y.db", "3:21 mentions z.db"]);
}

#[test]
fn case_60_relative_paths_keep_what_they_are_relative_to() {
    let base = |path: &str| {
        let text = format!("import path from 'path'; import D from 'better-sqlite3'\nnew D({path})");
        facts(&[("src/a.ts", &text)]).references[0].values[0].base
    };
    assert_eq!(base("'data/x.db'"), crate::lang::Base::Written);
    assert_eq!(base("path.join(__dirname, 'x.db')"), crate::lang::Base::Root);
    assert_eq!(base("path.join(import.meta.dirname, 'x.db')"), crate::lang::Base::Root);
}

#[test]
fn case_62_concatenation() {
    let text = "import D from 'better-sqlite3'\nnew D(process.env.DATA_DIR + '/app.db')\nnew D(dir + \"/test.db\")";
    assert_eq!(script(text), ["2:30 opens */app.db [DATA_DIR]", "3:13 opens */test.db"]);
}

#[test]
fn case_63_tables_in_templates_are_unknown() {
    let text = "import D from 'better-sqlite3'\nconst db = new D('x.db')\nfor (const table of ['a', 'b']) db.prepare(`SELECT COUNT(*) FROM ${table}`).get()";
    let found = facts(&[("a.ts", text)]);
    assert_eq!(found.statements.len(), 1);
    assert_eq!(found.statements[0].holes, 1);
}

#[test]
fn copies_of_a_database() {
    let text = "import fs from 'fs'; import Database from 'better-sqlite3'\nconst file = 'x.db'\nfs.copyFileSync(file, 'x.db.bak')\nnew Database(file)";
    let found = facts(&[("a.ts", text)]);
    assert_eq!(found.copies.len(), 1);
    assert_eq!(found.copies[0].construct, "fs.copyFileSync");
}

#[test]
fn a_temporary_folder_stays_one_behind_a_variable() {
    let text = "import Database from \"better-sqlite3\";\nconst dir = process.env.TEST_DIR ?? fs.mkdtempSync(path.join(os.tmpdir(), \"x-\"));\nnew Database(path.join(dir, \"t.db\"));\n";
    let imports = "import fs from \"fs\"; import os from \"os\"; import path from \"path\";\n";
    let facts = facts(&[("src/main.ts", &format!("{imports}{text}"))]);
    let opened = &facts.references[0].values[0];
    assert_eq!((opened.base, opened.envs()), (crate::lang::Base::Temporary, vec!["TEST_DIR"]));
}
