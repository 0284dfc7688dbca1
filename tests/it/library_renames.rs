//! Tables of programs whose libraries keep names of their own: renamed in every place, or in none.

use crate::sandbox::Sandbox;

const OPEN: &str = "import sqlite3\nc = sqlite3.connect('data/app.db')\n";

/// The files once `fix` has renamed a table, and what it says.
fn renamed(table: &str, files: &[(&str, &str)]) -> (Vec<String>, String) {
    let policy = format!("[primary]\npath = \"data/app.db\"\n\n[tables]\n{table} = \"people\"\n");
    let mut sandbox = Sandbox::new()
        .file("dbguard.toml", policy)
        .file("base.py", format!("{OPEN}c.execute('SELECT id FROM {table}')\n"));
    for (path, text) in files {
        sandbox = sandbox.file(path, *text);
    }
    let run = sandbox.run(&["fix", "--unsafe", "--select", "retired-table"]);
    let paths = std::iter::once("base.py").chain(files.iter().map(|(path, _)| *path));
    let texts = paths.map(|path| std::fs::read_to_string(sandbox.path().join(path)).unwrap());
    (texts.collect(), run.stdout + &run.stderr)
}

#[track_caller]
fn all_of_them(table: &str, path: &str, text: &str) {
    let (texts, page) = renamed(table, &[(path, text)]);
    assert!(
        texts.iter().all(|text| text.contains("people") && !text.contains(&format!("'{table}'"))),
        "{page}{texts:?}"
    );
}

#[track_caller]
fn none_of_them(reason: &str, table: &str, path: &str, text: &str) {
    let (texts, page) = renamed(table, &[(path, text)]);
    assert!(!texts.iter().any(|text| text.contains("people")) && page.contains(reason), "{page}{texts:?}");
}

#[test]
fn frames_that_are_written_one_by_one() {
    let open = format!("import pandas\n{OPEN}");
    all_of_them(
        "users",
        "a.py",
        &format!("{open}for name, path in {{'users': 'u.csv'}}.items():\n    pandas.read_csv(path).to_sql(name, c)\n"),
    );
    all_of_them("users", "a.py", &format!("{open}for name in ['users']:\n    pandas.read_sql(name, c)\n"));
    let file = format!("{open}for name in ['users']:\n    pandas.read_csv(f'{{name}}.csv').to_sql(name, c)\n");
    none_of_them("another name or text is made from it: `*.csv`", "users", "a.py", &file);
    let keyed = format!(
        "{open}frames = {{}}\nframes['users'] = 1\nfor name, frame in frames.items():\n    frame.to_sql(name, c)\n"
    );
    all_of_them("users", "a.py", &keyed);
}

#[test]
fn sql_that_is_filled_in_where_it_does_not_stand() {
    for whole in [
        "Q = {'all': 'SELECT * FROM {t}', 'one': 'SELECT * FROM {t} WHERE id = ?'}\nc.execute(Q['all'].format(t='users'))\n",
        "for sql in ['DELETE FROM {}', 'DROP TABLE {}']:\n    c.execute(sql.format('users'))\n",
        "def run(sql, table):\n    c.execute(sql % table)\nrun('DELETE FROM %s', 'users')\n",
        "Q = {'all': 'SELECT * FROM {t}'}\nfor sql in Q.values():\n    c.execute(sql.format_map({'t': 'users'}))\n",
    ] {
        all_of_them("users", "a.py", &format!("{OPEN}{whole}"));
    }
    for (reason, held) in [
        (
            "it takes the place of a word of SQL",
            "SQL = 'SELECT * FROM __T__'\nc.execute(SQL.replace('__T__', 'users'))\n",
        ),
        ("it is looked for in a statement", "c.execute(sql)\nassert 'users' in conn.execute.call_args[0][0]\n"),
        (
            "it stands in a piece of SQL that nothing is seen to put together",
            "import re\nassert re.search(r'FROM\\s+users', str(query))\n",
        ),
    ] {
        none_of_them(reason, "users", "a.py", &format!("{OPEN}{held}"));
    }
}

#[test]
fn sql_without_quotes_takes_no_reserved_word_wherever_it_is_filled_in() {
    for (text, is_held) in [
        ("Q = {'all': 'SELECT * FROM {t}'}\nc.execute(Q['all'].format(t='users'))\n", true),
        ("Q = {'all': 'SELECT * FROM \"{t}\"'}\nc.execute(Q['all'].format(t='users'))\n", false),
    ] {
        let sandbox = Sandbox::new()
            .file("dbguard.toml", "[primary]\npath = \"data/app.db\"\n\n[tables]\nusers = \"order\"\n")
            .file("a.py", format!("{OPEN}{text}"));
        let run = sandbox.run(&["fix", "--unsafe", "--select", "retired-table"]);
        let after = std::fs::read_to_string(sandbox.path().join("a.py")).unwrap();
        assert_eq!(after.contains("'users'"), is_held, "{run:?}");
        assert_eq!(
            run.stdout.contains("has no quotes for it") || run.stderr.contains("has no quotes for it"),
            is_held,
            "{run:?}"
        );
    }
}

#[test]
fn tables_between_two_models_that_nobody_names() {
    none_of_them(
        "the table takes its name from two models: give the field a `through`",
        "post_tag",
        "a.py",
        "from tortoise import fields\nfrom tortoise.models import Model\nclass Post(Model):\n    tags = fields.ManyToManyField('models.Tag')\n",
    );
    none_of_them(
        "the table takes its name from two models: give the field a `table`",
        "A_B",
        "a.py",
        "from pony.orm import *\ndb = Database('sqlite', 'data/app.db')\nclass A(db.Entity):\n    bs = Set('B')\nclass B(db.Entity):\n    as_ = Set('A')\n",
    );
}

#[test]
fn an_index_that_peewee_calls_after_the_table() {
    let model = "from peewee import *\ndb = SqliteDatabase('data/app.db')\nclass User(Model):\n    name = CharField(index=True)\n    class Meta:\n        database = db\n        table_name = 'users'\n";
    let dropped = "db.execute_sql('DROP INDEX users_name')\n";
    let after_table = format!("{model}        legacy_table_names = False\n{dropped}");
    none_of_them("it may be the name that a library makes for an index", "users", "a.py", &after_table);
    // Else it is called after the class.
    all_of_them("users", "a.py", &format!("{model}{dropped}"));
}

#[test]
fn what_only_looks_like_a_description_of_tables() {
    for (path, text) in [
        ("en.json", "{\"nav\": {\"users\": \"Users\"}, \"table\": {\"head\": \"Name\"}}\n"),
        ("api.yml", "executable:\n  type: string\nusers:\n  type: array\n"),
    ] {
        let (texts, page) = renamed("users", &[(path, text)]);
        assert!(texts[0].contains("people") && texts[1] == text, "{page}");
    }
    let reason = "a description of tables names it as well";
    none_of_them(reason, "users", "a.json", "{\"x\": {\"tables\": {\"users\": {\"title\": \"x\"}}}}\n");
    none_of_them(reason, "users", "a.json", "{\"table\": \"users\"}\n");
    none_of_them(reason, "users", "a.yml", "tables:\n  users:\n    title: x\n");
}

#[test]
fn files_that_are_called_after_tables() {
    let text = format!(
        "{OPEN}from pathlib import Path\ntables = c.execute(\"SELECT name FROM sqlite_master WHERE type='table'\").fetchall()\nfor table in track(tables, description='..'):\n    (Path('out') / table[0]).mkdir()\ndef load(kind):\n    if kind == 'users':\n        c.execute('DELETE FROM users')\n"
    );
    none_of_them("files are called after tables here", "users", "a.py", &text);
    all_of_them(
        "users",
        "a.py",
        &text.replace("Path('out') / table[0]", "Path('out')").replace("kind == 'users'", "kind == 'x'"),
    );
}

/// A policy's database that a program of Kysely opens.
const KYSELY: &str = "import { Kysely, SqliteDialect, sql } from 'kysely';\nimport Database from 'better-sqlite3';\nimport type { DB } from './types';\nexport const db = new Kysely<DB>({ dialect: new SqliteDialect({ database: new Database('data/app.db') }) });\n";

#[test]
fn tables_of_kysely_and_the_types_that_name_them() {
    let types = "import type { Generated } from 'kysely';\nexport interface DB extends More {\n  users: { id: Generated<number>; name: string };\n}\nexport type More = { 'posts': Post };\nexport type User = DB['users'];\n";
    let queries = "import { db } from './db';\nimport { jsonArrayFrom } from 'kysely/helpers/sqlite';\nexport const a = (eb: ExpressionBuilder<DB, 'posts' | 'users'>) => eb.ref('users.id');\ndb.selectFrom('users').innerJoin('posts', 'posts.owner', 'users.id').select(['users.id', 'users.name as owner', 'posts.id as post']).where('users.name', '=', 'users').orderBy('users.name desc');\ndb.selectFrom('users as u').selectAll('u');\ndb.selectFrom('posts').select((eb) => jsonArrayFrom(eb.selectFrom('users').select('users.id').whereRef('users.id', '=', 'posts.owner')).as('users'));\nexport const empty = (table: keyof DB) => db.deleteFrom(table).execute();\nempty('users');\nsql`SELECT * FROM ${sql.table('users')} WHERE id = 1`;\n";
    let migration = "export async function up(db: Kysely<any>) {\n  await db.schema.createTable('users').addColumn('boss', 'integer', (c) => c.references('users.id')).addForeignKeyConstraint('f', ['boss'], 'users', ['id']).execute();\n  await db.schema.createIndex('by_name').on('users').column('name').execute();\n}\n";
    let files = [("db.ts", KYSELY), ("types.ts", types), ("queries.ts", queries), ("migrations/1.ts", migration)];
    let (texts, page) = renamed("users", &files);
    for (before, after) in files.iter().zip(texts.iter().skip(1)) {
        let expected = before
            .1
            .replace("users", "people")
            .replace("'=', 'people')", "'=', 'users')")
            .replace(".as('people')", ".as('users')");
        assert_eq!(*after, expected, "{page}");
    }
}

#[test]
fn tables_of_kysely_whose_names_are_made() {
    let types = "export interface DB { users: User }\n";
    let query = "import { db } from './db';\ndb.selectFrom('users').selectAll();\n";
    let held = |reason: &str, db: &str, types: &str| {
        let (texts, page) = renamed("users", &[("db.ts", db), ("types.ts", types), ("queries.ts", query)]);
        assert!(!texts.iter().any(|text| text.contains("people")) && page.contains(reason), "{page}{texts:?}");
    };
    let object = format!("{KYSELY}createDatabase('main', {{ users: {{ id: 1 }} }});\n");
    held("`createDatabase` makes tables from the keys of an object", &object, types);
    let camel = KYSELY.replace("dialect:", "plugins: [new CamelCasePlugin()], dialect:");
    held("`CamelCasePlugin` makes names of tables from those that code says", &camel, types);
    held(
        "the type `DB`, whose keys are Kysely's tables, is put together elsewhere",
        KYSELY,
        "export type DB = Kyselify<typeof schema>;\n",
    );
    let aliased =
        format!("{KYSELY}db.with('users', (q) => q.selectFrom('posts')).selectFrom('users').select('users.id');\n");
    held("a query calls another table `users`", &aliased, types);
}

#[test]
fn what_queries_of_knex_call_by_the_name_of_a_table() {
    let open = "const knex = require('knex')({ client: 'sqlite3', connection: { filename: 'data/app.db' } });\n";
    let shadow = format!("{open}knex('users');\nknex.from(knex('posts').as('users'));\n");
    none_of_them("a query calls another table `users`", "users", "a.js", &shadow);
    // A column may be called so.
    let (texts, page) =
        renamed("users", &[("a.js", &format!("{open}knex('users').select(knex('posts').count().as('users'));\n"))]);
    assert!(texts[1].contains("knex('people')") && texts[1].contains(".as('users')"), "{page}{texts:?}");
    // A class is called as it was.
    let class = format!("{open}knex('User');\nif (RelatedModelClass.name === 'User') {{ f(); }}\n");
    let (texts, page) = renamed("User", &[("a.js", &class)]);
    assert!(texts[1].contains("knex('people')") && texts[1].contains("=== 'User'"), "{page}{texts:?}");
}

#[test]
fn sql_that_a_test_compares_has_the_quotes_of_a_library() {
    let open = "const knex = require('knex')({ client: 'sqlite3', connection: { filename: 'data/app.db' } });\n";
    let file = |sql: &str| format!("{open}expect(knex('users').toString()).toBe('{sql}');\n");
    let into = |to: &str, text: &str| {
        let policy = format!("[primary]\npath = \"data/app.db\"\n\n[tables]\nusers = \"{to}\"\n");
        let sandbox = Sandbox::new().file("dbguard.toml", policy).file("a.js", text);
        let run = sandbox.run(&["fix", "--unsafe", "--select", "retired-table"]);
        (std::fs::read_to_string(sandbox.path().join("a.js")).unwrap(), run.stdout + &run.stderr)
    };
    let bare = file("SELECT id FROM users");
    assert!(into("people", &bare).0.contains("FROM people"));
    let (text, page) = into("order", &bare);
    assert!(text == bare && page.contains("`order` needs them"), "{page}{text}");
    assert!(into("order", &file("SELECT id FROM `users`")).0.contains("FROM `order`"));
}

#[test]
fn tests_that_ask_a_model_for_its_table() {
    let open = "const { Sequelize } = require('sequelize');\nconst db = new Sequelize({ dialect: 'sqlite', storage: 'data/app.db' });\nconst User = db.define('User', {}, { tableName: 'users' });\n";
    for test in [
        "assert.strictEqual(User.tableName, 'users');\n",
        "expect(User.getTableName()).toBe('users');\n",
        "expect(User.getTableName()).to.equal('users');\n",
        "User.tableName.should.equal('users');\n",
        "if (User.tableName === 'users') f();\n",
    ] {
        all_of_them("users", "a.js", &format!("{open}{test}"));
    }
    let written = format!("{open}write('m.js', `\n  exports.up = (q) => q.createTable('users', {{}});\n`);\n");
    none_of_them("code that stands in a text names it", "users", "a.js", &written);
}

#[test]
fn tables_between_entities_of_typeorm() {
    let file = |users: &str, join: &str| {
        format!(
            "import {{ Entity, ManyToMany, JoinTable, DataSource }} from 'typeorm';\nexport const source = new DataSource({{ type: 'sqlite', database: 'data/app.db' }});\n@Entity()\nexport class Role {{}}\n@Entity({users})\nexport class User {{\n  @ManyToMany(() => Role, (role) => role.users)\n  {join}\n  roles: Role[];\n}}\n@Entity('posts')\nexport class Post {{}}\n"
        )
    };
    let between = "a `@JoinTable()` takes the name of its table from those of models";
    none_of_them(between, "users", "a.ts", &file("'users'", "@JoinTable()"));
    none_of_them(between, "user", "a.ts", &file("", "@JoinTable()"));
    none_of_them(between, "role", "a.ts", &file("", "@JoinTable({ joinColumn: { name: 'a' } })"));
    none_of_them(
        "give it a `joinColumn`",
        "users",
        "a.ts",
        &file("{ name: 'users' }", "@JoinTable({ name: 'user_roles' })"),
    );
    let told = "@JoinTable({ name: 'user_roles', joinColumn: { name: 'user' }, inverseJoinColumn: { name: 'role' } })";
    all_of_them("users", "a.ts", &file("'users'", told));
    // Another model has nothing to do with it.
    all_of_them("posts", "a.ts", &file("'users'", "@JoinTable()"));
}

#[test]
fn models_that_are_called_in_queries() {
    let open = "const { Sequelize, fn, col } = require('sequelize');\nconst db = new Sequelize({ dialect: 'sqlite', storage: 'data/app.db' });\n";
    let file = format!("{open}db.define('user', {{}}, {{}});\nconst o = {{}};\no.group = ['users.id'];\n");
    let (texts, page) = renamed("users", &[("a.js", &file)]);
    assert!(texts[1].contains("tableName: 'people'") && texts[1].contains("['users.id']"), "{page}{texts:?}");
    let elsewhere =
        format!("{open}db.define('user', {{}}, {{}});\nnew Storage({{ sequelize: db, modelName: 'user' }});\n");
    none_of_them("Sequelize takes the table's name from the model", "users", "a.js", &elsewhere);
    // objection
    let model = "const knex = require('knex')({ client: 'sqlite3', connection: { filename: 'data/app.db' } });\nclass Users extends Model {\n  static get tableName() { return 'Users'; }\n}\n";
    all_of_them("Users", "a.js", &model.replace("class Users", "class People"));
    let alias = format!("{model}relation.query().alias(relation.model.name);\n");
    none_of_them("a query calls the table `Users` as its class", "Users", "a.js", &alias);
    none_of_them(
        "code puts a schema before it",
        "Users",
        "a.js",
        &format!("{model}knex(`${{SCHEMA}}.Users`).del();\n"),
    );
}

#[test]
fn names_that_typeorm_makes_by_a_digest() {
    let step = |up: &str| {
        format!(
            "import {{ QueryRunner, TableIndex }} from 'typeorm';\nexport class A1 {{\n  async up(queryRunner: QueryRunner) {{\n    await {up};\n  }}\n  async down(queryRunner: QueryRunner) {{\n    await queryRunner.dropIndex('users', 'IDX_97672ac88f789774dd47f7c8be');\n  }}\n}}\n"
        )
    };
    let made = step("queryRunner.createIndex('users', new TableIndex({ columnNames: ['email'] }))");
    none_of_them("TypeORM makes the name `IDX_97672ac88f789774dd47f7c8be`", "users", "a.ts", &made);
    let told = step("queryRunner.query('CREATE INDEX \"IDX_97672ac88f789774dd47f7c8be\" ON \"users\" (\"email\")')");
    all_of_them("users", "a.ts", &told);
}

#[test]
fn entities_of_mikro_orm() {
    let open = "import { Entity, ManyToMany, Collection } from '@mikro-orm/core';\n";
    let (texts, page) = renamed("users", &[("a.ts", &format!("{open}@Entity()\nexport class Users {{}}\n"))]);
    assert!(texts[1].contains("@Entity({ tableName: 'people' })\nexport class Users"), "{page}{texts:?}");
    let named = |field: &str| {
        format!(
            "{open}@Entity({{ tableName: 'users' }})\nexport class User {{\n  {field}\n  roles = new Collection(this);\n}}\n"
        )
    };
    all_of_them("users", "a.ts", &named(""));
    all_of_them("users", "a.ts", &named("@ManyToMany({ entity: () => Role, pivotTable: 'user_roles' })"));
    none_of_them(
        "MikroORM calls a table between two models after theirs",
        "users",
        "a.ts",
        &named("@ManyToMany(() => Role)"),
    );
}
