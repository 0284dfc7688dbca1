//! Tables that tools describe in ways which are not rewritten keep their names everywhere, with the place and the reason.

use crate::sandbox::Sandbox;

/// Renames `users` to `people`: no file may change, and the reason must stand at the place.
#[track_caller]
fn held(place: &str, reason: &str, files: &[(&str, &str)]) {
    let mut sandbox = Sandbox::new()
        .file("dbguard.toml", "[primary]\npath = \"app.db\"\n\n[tables]\nusers = \"people\"\nteams = \"groups\"\n");
    sandbox = sandbox
        .file("use.py", "import sqlite3\nc = sqlite3.connect('app.db')\nc.execute('SELECT id FROM users, teams')\n");
    for (path, text) in files {
        sandbox = sandbox.file(path, text);
    }
    let run = sandbox.run(&["fix", "--unsafe", "--select", "retired-table"]);
    for (path, text) in files {
        assert_eq!(std::fs::read_to_string(sandbox.path().join(path)).unwrap(), *text, "{path}");
    }
    let used = std::fs::read_to_string(sandbox.path().join("use.py")).unwrap();
    assert!(used.contains("FROM users, groups"), "{used}\n{run:?}");
    let line = format!("  {place} [retired-table]: `users` may be called `people` now: look at it by hand: {reason}");
    assert!(run.stdout.contains(&line), "{line}\n{run:?}");
}

#[test]
fn tools_that_keep_checksums_of_their_steps() {
    let step = "CREATE TABLE users (id INTEGER PRIMARY KEY);\n";
    held(
        "migrations/20240101_init/migration.sql:1:14",
        "Prisma keeps a checksum of each migration",
        &[
            ("migrations/20240101_init/migration.sql", step),
            ("migrations/migration_lock.toml", "provider = \"sqlite\"\n"),
        ],
    );
    held("db/V1__init.sql:1:14", "tools that number migrations so (Flyway, refinery)", &[("db/V1__init.sql", step)]);
    held(
        "migrations/20230101_init.sql:1:14",
        "sqlx keeps a checksum of each migration",
        &[("migrations/20230101_init.sql", step), ("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n")],
    );
    held("db/1.sql:1:14", "`atlas.sum` keeps a checksum", &[("db/1.sql", step), ("db/atlas.sum", "h1:x=\n")]);
    held("db/001.do.sql:1:14", "postgrator keeps a checksum", &[("db/001.do.sql", step)]);
    let changelog = format!("--liquibase formatted sql\n{step}");
    held("db/a.sql:2:14", "Liquibase keeps a checksum", &[("db/a.sql", &changelog)]);
    held(
        "sql/schema.sql:1:14",
        "sqlc calls types of the code that it makes after the table",
        &[("sql/schema.sql", step), ("sqlc.yaml", "version: \"2\"\n")],
    );
    held(
        "drizzle/0000_one.sql:1:14",
        "drizzle-kit keeps these steps for another server",
        &[("drizzle/0000_one.sql", step), ("drizzle/meta/_journal.json", "{}")],
    );
}

#[test]
fn steps_and_snapshots_of_drizzle() {
    let files = [
        (
            "schema.ts",
            "import { sqliteTable } from 'drizzle-orm/sqlite-core';\nexport const users = sqliteTable('users', {});\n",
        ),
        (
            "drizzle/0000_one.sql",
            "CREATE TABLE `users` (\n\t`id` integer\n);\n--> statement-breakpoint\nCREATE UNIQUE INDEX `users_email_unique` ON `users` (`email`);\n",
        ),
        ("drizzle/meta/_journal.json", "{\"version\": \"7\", \"dialect\": \"sqlite\", \"entries\": []}"),
        (
            "drizzle/meta/0000_snapshot.json",
            "{\"version\": \"6\", \"dialect\": \"sqlite\", \"id\": \"1\", \"prevId\": \"0\", \"tables\": {\"users\": {\"name\": \"users\", \"indexes\": {\"users_email_unique\": {}}}}}",
        ),
    ];
    let mut sandbox =
        Sandbox::new().file("dbguard.toml", "[primary]\npath = \"app.db\"\n\n[tables]\nusers = \"order\"\n");
    for (path, text) in files {
        sandbox = sandbox.file(path, text);
    }
    let run = sandbox.run(&["fix", "--unsafe", "--select", "retired-table"]);
    for (path, text) in files {
        let expected =
            text.replace("users", "order").replace("order_email", "users_email").replace("const order", "const users");
        assert_eq!(std::fs::read_to_string(sandbox.path().join(path)).unwrap(), expected, "{run:?}");
    }
}

#[test]
fn schemas_that_are_no_sql() {
    let prisma = "datasource db {\n  provider = \"sqlite\"\n}\n\nmodel User {\n  id Int @id\n\n  @@map(\"users\")\n}\n";
    held("schema.prisma:8:10", "it is a model of Prisma", &[("schema.prisma", prisma)]);
    let model = prisma.replace("model User", "model users").replace("  @@map(\"users\")\n", "");
    held("schema.prisma:5:7", "it is a model of Prisma", &[("schema.prisma", &model)]);
    let snapshot = "{\"version\": \"6\", \"dialect\": \"sqlite\", \"tables\": {\"users\": {\"name\": \"users\"}}}";
    held("meta/0000_snapshot.json:1:51", "a tool compares this description", &[("meta/0000_snapshot.json", snapshot)]);
    held(
        "metadata.json:1:36",
        "a description of tables names it as well",
        &[("metadata.json", "{\"databases\": {\"app\": {\"tables\": {\"users\": {}}}}}")],
    );
    held(
        "metadata.yaml:4:7",
        "a description of tables names it as well",
        &[("metadata.yaml", "databases:\n  app:\n    tables:\n      users:\n        title: Who\n")],
    );
    let other = prisma.replace("sqlite", "postgresql");
    let sandbox = Sandbox::new()
        .file("dbguard.toml", "[primary]\npath = \"app.db\"\n\n[tables]\nusers = \"people\"\n")
        .file("use.py", "import sqlite3\nsqlite3.connect('app.db').execute('SELECT id FROM users')\n")
        .file("schema.prisma", &other);
    sandbox.run(&["fix", "--unsafe", "--select", "retired-table"]);
    assert!(std::fs::read_to_string(sandbox.path().join("use.py")).unwrap().contains("FROM people"));
}

#[test]
fn declarations_in_languages_that_are_read_by_their_literals() {
    let declared = "it may be declared here, in a language that is read by its literals only";
    for (place, path, text) in [
        ("db/schema.rb:1:15", "db/schema.rb", "create_table \"users\" do |t|\nend\n"),
        ("db/migrate/1.rb:1:15", "db/migrate/1.rb", "create_table :users do |t|\nend\n"),
        ("a/User.kt:1:22", "a/User.kt", "@Entity(tableName = \"users\")\ndata class Person(val id: Int)\n"),
        ("a/A.cs:1:9", "a/A.cs", "[Table(\"users\")]\npublic class Person {}\n"),
        ("a/user.ex:1:9", "a/user.ex", "schema \"users\" do\nend\n"),
        ("a/Person.php:2:27", "a/Person.php", "<?php\n    protected $table   = 'users';\n"),
        ("a/m.go:2:10", "a/m.go", "func (Person) TableName() string {\n\treturn \"users\"\n}\n"),
        ("a/s.rs:2:5", "a/s.rs", "diesel::table! {\n    users (id) {\n        id -> Integer,\n    }\n}\n"),
        ("a/m.rs:1:23", "a/m.rs", "#[diesel(table_name = users)]\npub struct Person;\n"),
    ] {
        held(place, declared, &[(path, text)]);
    }
    let model = "a mapper may call its table after it";
    for (place, path, text) in [
        ("app/user.rb:1:7", "app/user.rb", "class User < ApplicationRecord\nend\n"),
        ("app/User.php:2:7", "app/User.php", "<?php\nclass User extends Model {}\n"),
        ("a/m.go:1:6", "a/m.go", "type User struct {\n\tgorm.Model\n}\n"),
        ("a/C.cs:2:24", "a/C.cs", "class Context : DbContext {\n  public DbSet<Person> Users { get; set; }\n}\n"),
    ] {
        held(place, model, &[(path, text)]);
    }
    held(
        "a/q.go:2:9",
        "SQL of this file is filled with names of tables",
        &[(
            "a/q.go",
            "func f() {\n\tclear(\"users\")\n}\nfunc clear(name string) { db.Exec(\"DELETE FROM \" + name) }\n",
        )],
    );
}

#[test]
fn options_of_a_builder_may_hold_the_name() {
    let service = "const knex = require('knex');\nconst people = service({ Model: db, name: 'users' });\n";
    held("service.js:2:44", "it may be the name that `name` holds", &[("service.js", service)]);
    let list = "const tablesToClear = ['users'];\nfor (const name of tablesToClear) drop(name);\n";
    let each = "['users', 'teams_of'].forEach((table) => drop(table));\n";
    held("each.js:1:3", "it may be the name that `table` holds", &[("each.js", each)]);
    let pattern = "assert.match(sql, /insert into \"users\" /);\n";
    held("match.js:1:33", "a pattern looks for it in SQL", &[("match.js", pattern)]);
    held("clear.js:1:25", "it may be the name that `tablesToClear` holds", &[("clear.js", list)]);
}

#[test]
fn models_of_mappers_that_are_not_rewritten() {
    let reason = "the model takes its table's name from the class: say the name in it";
    let tortoise =
        "from tortoise.models import Model\nclass Users(Model):\n    class Meta:\n        ordering = ['id']\n";
    held("models.py:2:7", reason, &[("models.py", tortoise)]);
    let pony =
        "from pony.orm import Database, Required\ndb = Database()\nclass Users(db.Entity):\n    name = Required(str)\n";
    held("models.py:3:7", reason, &[("models.py", pony)]);
}
