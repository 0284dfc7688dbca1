//! What the common front end says of real spellings in many languages.

use proptest::prelude::*;

use crate::lang::Language::Other;
use crate::lang::config::testing::{odd_text, others, references, sound_for};

#[track_caller]
fn told(path: &str, text: &str, expected: &[&str]) {
    assert_eq!(references(path, Other, text), expected, "{path}: {text}");
}

#[test]
fn opens_in_many_languages() {
    for (path, text, line) in [
        ("a.go", r#"db, err := sql.Open("sqlite3", "x.db")"#, r#"1:32 opens "x.db" -> x.db"#),
        ("a.go", r#"gorm.Open(sqlite.Open("x.db"), &gorm.Config{})"#, r#"1:23 opens "x.db" -> x.db"#),
        ("a.go", r#"sql.Open("postgres", "postgres://h/db")"#, r#"1:22 opens "postgres://h/db" -> postgres://h/db"#),
        ("a.rs", r#"let c = Connection::open("history")?;"#, r#"1:26 opens "history" -> history"#),
        (
            "a.rs",
            r#"SqliteConnectOptions::from_str("sqlite://data/x.db")?"#,
            r#"1:32 opens "sqlite://data/x.db" -> sqlite://data/x.db"#,
        ),
        ("a.rb", r#"db = SQLite3::Database.new "x.db""#, r#"1:28 opens "x.db" -> x.db"#),
        ("a.rb", "Sequel.connect('sqlite://x.db')", "1:16 opens 'sqlite://x.db' -> sqlite://x.db"),
        (
            "A.java",
            r#"DriverManager.getConnection("jdbc:sqlite:x.db");"#,
            r#"1:29 opens "jdbc:sqlite:x.db" -> sqlite:x.db"#,
        ),
        ("a.php", "$p = new PDO('sqlite:/app/x.db');", "1:14 opens 'sqlite:/app/x.db' -> sqlite:/app/x.db"),
        (
            "a.cs",
            r#"new SqliteConnection("Data Source=x.db;Cache=Shared")"#,
            r#"1:22 opens "Data Source=x.db;Cache=Shared" -> x.db"#,
        ),
        ("a.lua", r#"local db = sqlite3.open("x.db")"#, r#"1:25 opens "x.db" -> x.db"#),
        ("a.c", r#"rc = sqlite3_open("x.db", &db);"#, r#"1:19 opens "x.db" -> x.db"#),
        ("a.cpp", r#"SQLite::Database db("x.db", SQLite::OPEN_READWRITE);"#, r#"1:21 opens "x.db" -> x.db"#),
        (
            "a.swift",
            r#"let q = try DatabaseQueue(path: "/data/x.sqlite")"#,
            r#"1:33 opens "/data/x.sqlite" -> /data/x.sqlite"#,
        ),
        ("a.kt", r#"Room.databaseBuilder(ctx, AppDb::class.java, "app.db")"#, r#"1:46 opens "app.db" -> app.db"#),
        ("a.ps1", r#"sqlite3.exe "data\x.db" .dump"#, r#"1:13 binds "data\x.db" -> data\x.db"#),
        ("a.pl", r#"DBI->connect("dbi:SQLite:dbname=x.db","","")"#, r#"1:14 opens "dbi:SQLite:dbname=x.db" -> x.db"#),
        ("a.go", r#"exec.Command("sqlite3", "/data/x.db", ".schema")"#, r#"1:25 opens "/data/x.db" -> /data/x.db"#),
    ] {
        told(path, text, &[line]);
    }
}

#[test]
fn opens_of_names_are_followed_in_the_file() {
    told(
        "a.go",
        "const dbPath = \"x.db\"\nfunc f() { sql.Open(\"sqlite3\", dbPath); sql.Open(\"sqlite\", cfg.Path) }\n",
        &["1:16 binds \"x.db\" -> x.db (dbPath)", "2:32 opens dbPath -> x.db", "2:60 opens cfg.Path -> *"],
    );
    told(
        "a.rs",
        "use rusqlite::Connection;\nfn open(path: &Path) { Connection::open(&path) }\n",
        &["2:41 opens &path -> *"],
    );
    told("a.go", "sql.Open(\"mysql\", dsn)\nd.Connect(x)\n", &["1:19 opens dsn -> *"]);
    told(
        "a.go",
        "func a() {\n\tdsn := \"a.db\"\n\tsql.Open(\"sqlite\", dsn)\n}\nfunc b(dsn string) {\n\tsql.Open(\"sqlite\", dsn)\n}\nfunc c() {\n\tdsn := \"c.db\"\n\tsql.Open(\"sqlite\", dsn)\n}\n",
        &[
            "2:9 binds \"a.db\" -> a.db (dsn)",
            "3:21 opens dsn -> a.db",
            "6:21 opens dsn -> *",
            "9:9 binds \"c.db\" -> c.db (dsn)",
            "10:21 opens dsn -> c.db",
        ],
    );
}

#[test]
fn case_30_argument_lists_of_the_sqlite3_program() {
    told("a.go", "args := []string{\"sqlite3\", dbPath, \".schema\"}", &["1:29 opens dbPath -> *"]);
}

#[test]
fn case_12_environment_with_defaults() {
    for (path, text, reference, read) in [
        (
            "a.rb",
            r#"ENV.fetch("APP_DB_PATH", "y.db")"#,
            r#"1:26 binds "y.db" -> y.db"#,
            "1: read APP_DB_PATH else y.db",
        ),
        ("a.rb", r#"p = ENV["DB_PATH"] || "y.db""#, r#"1:23 binds "y.db" -> y.db (p)"#, "1: read DB_PATH else y.db"),
        (
            "a.rs",
            r#"let p = std::env::var("DATABASE_URL").unwrap_or_else(|_| "sqlite://y.db".into());"#,
            r#"1:58 binds "sqlite://y.db" -> sqlite://y.db (p)"#,
            "1: read DATABASE_URL else sqlite://y.db",
        ),
        (
            "a.go",
            r#"p := getEnv("DB_PATH", "/data/y.db")"#,
            r#"1:24 binds "/data/y.db" -> /data/y.db (p)"#,
            "1: read DB_PATH else /data/y.db",
        ),
        (
            "a.go",
            "p := os.Getenv(\"DB_PATH\")\nif p == \"\" {\n\tp = \"y.db\"\n}",
            "3:6 binds \"y.db\" -> y.db (p)",
            "1: read DB_PATH else y.db",
        ),
        (
            "A.java",
            r#"String u = System.getenv("DATABASE_URL");"#,
            r#"1:12 binds System.getenv("DATABASE_URL") -> * (u)"#,
            "1: read DATABASE_URL",
        ),
        (
            "a.php",
            "$p = getenv('DB_FILE') ?: 'y.sqlite';",
            "1:27 binds 'y.sqlite' -> y.sqlite (p)",
            "1: read DB_FILE else y.sqlite",
        ),
    ] {
        told(path, text, &[reference]);
        assert_eq!(others(path, Other, text), [read], "{text}");
    }
}

#[test]
fn case_62_joins() {
    for (path, text, line) in [
        ("a.go", r#"p := filepath.Join(dir, "x.db")"#, r#"1:25 binds "x.db" -> */x.db (p)"#),
        ("a.go", r#"p := dir + "/x.db""#, r#"1:12 binds "/x.db" -> */x.db (p)"#),
        ("a.go", r#"p := fmt.Sprintf("%s/cache_%d.db", dir, n)"#, r#"1:18 binds "%s/cache_%d.db" -> */cache_*.db (p)"#),
        ("a.rs", r#"let p = dir.join("x.db");"#, r#"1:18 binds "x.db" -> */x.db (p)"#),
        ("a.rs", r#"let p = Path::new("data").join("x.db");"#, r#"1:32 binds "x.db" -> data/x.db (p)"#),
        ("a.rs", r#"let p = format!("{}/x.db", dir);"#, r#"1:17 binds "{}/x.db" -> */x.db (p)"#),
        ("a.rb", r##"p = "#{dir}/x.db""##, r##"1:5 binds "#{dir}/x.db" -> */x.db (p)"##),
        ("a.kt", r#"val p = "$dir/x.db""#, r#"1:9 binds "$dir/x.db" -> */x.db (p)"#),
        ("a.php", "$p = __DIR__ . '/x.db';", "1:16 binds '/x.db' -> */x.db (p)"),
        ("a.lua", "local p = dir .. \"/x.db\"", "1:18 binds \"/x.db\" -> */x.db (p)"),
        ("A.java", r#"new File(dir, "x.db")"#, r#"1:15 binds "x.db" -> */x.db"#),
        ("a.go", "const d = \"/data\"\nvar p = path.Join(d, \"x.db\")", "2:22 binds \"x.db\" -> /data/x.db (p)"),
    ] {
        told(path, text, &[line]);
    }
}

#[test]
fn case_46_temporary_folders() {
    use crate::lang::{Base, read};
    use crate::text::Source;
    for (path, text, temporary) in [
        ("a_test.go", "p := filepath.Join(t.TempDir(), \"x.db\")", true),
        ("a_test.go", "dir := t.TempDir()\np := dir + \"/x.db\"", true),
        ("a_test.go", "dir, err := os.MkdirTemp(\"\", \"a\")\np := filepath.Join(dir, \"x.db\")", true),
        ("a.rs", "let d = tempfile::tempdir()?;\nlet p = d.path().join(\"x.db\");", true),
        ("a_test.go", "p := \"/opt/live.db\"", false),
    ] {
        let source = Source::new(path, text.as_bytes().to_vec());
        let facts = read(&source, Other);
        let base = facts.references[0].values[0].base;
        assert_eq!(base == Base::Temporary, temporary, "{text}");
    }
}

#[test]
fn case_38_to_40_and_49_what_is_no_database() {
    for (path, text) in [
        ("a.go", "if path != \":memory:\" { self.db.x() }"),
        ("a.go", "import (\n\t\"gorm.io/driver/sqlite\"\n)\nviper.GetString(\"database.sqlite.path\")"),
        ("a.rb", "require 'app.db'"),
        ("a.ex", "config :x, logger: \"sync.db.migrate\""),
        ("a.php", "$x = 'Thumbs.db';"),
        ("a.rs", "let p = url.strip_prefix(\"sqlite://\");"),
        ("a.rs", "let url = \"https://www.sqlite.org/x.db\";"),
        ("a.go", "x := []string{\"file:../a\", \"sqlite:latest\"}"),
    ] {
        told(path, text, &[]);
    }
}

#[test]
fn words_around_a_name_are_a_mention() {
    told(
        "a.go",
        "// not old.db\nlog.Printf(\"opening zoe.db\")\nfmt.Println(\"x.db\")\nf(\"*.db\")\n",
        &[
            "1:8 mentions old.db -> old.db",
            "2:21 mentions zoe.db -> zoe.db",
            "3:13 mentions \"x.db\" -> x.db",
            "4:3 mentions \"*.db\" -> *.db",
        ],
    );
}

#[test]
fn settings_of_other_tongues() {
    told(
        "module.nix",
        "services.x = {\n  database.path = \"/var/lib/x/x.db\"; # not y.db\n  file = ./z.db;\n};\n",
        &[
            "2:19 configures \"/var/lib/x/x.db\" -> /var/lib/x/x.db (database.path)",
            "2:44 mentions y.db -> y.db",
            "3:10 configures ./z.db -> ./z.db (file)",
        ],
    );
    told("main.tf", "  path = \"${var.dir}/x.db\"\n", &["1:10 configures \"${var.dir}/x.db\" -> */x.db (path)"]);
    told(
        "persistence.xml",
        "<!-- old.db --><p name=\"url\" value=\"jdbc:sqlite:x.db\"/>\n<path>data/y.db</path>",
        &[
            "1:6 mentions old.db -> old.db",
            "1:36 configures \"jdbc:sqlite:x.db\" -> sqlite:x.db (value)",
            "2:7 configures data/y.db -> data/y.db (path)",
        ],
    );
    told(
        "Makefile",
        "DB ?= data/x.db\n# y.db\nshell:\n\t@sqlite3 $(DB) $$X\n",
        &["1:7 binds data/x.db -> data/x.db (DB)", "2:3 mentions y.db -> y.db", "4:11 opens $(DB) -> data/x.db"],
    );
    told(
        "odd.thing",
        "database /data/x.db\nopen 'y.db'\n",
        &["1:10 configures /data/x.db -> /data/x.db (database)", "2:6 configures 'y.db' -> y.db"],
    );
}

#[test]
fn case_57_files_set_aside() {
    told("app.json.backup-2024", "{\"db\": \"x.db\"}", &["1:8 configures \"x.db\" -> x.db (db)"]);
    told("compose.yml.j2", "a: {{ b }}/x.db", &["1:4 configures {{ b }}/x.db -> */x.db (a)"]);
}

#[test]
fn sql_in_strings() {
    use crate::lang::read;
    use crate::text::Source;
    let source = Source::new(
        "a.go",
        b"db.Exec(\"INSERT INTO users (id) VALUES (?)\")\ndb.Exec(\"ATTACH 'o.db' AS other\")".to_vec(),
    );
    let facts = read(&source, Other);
    assert_eq!(facts.table_uses.len(), 1);
    assert_eq!(&*facts.table_uses[0].table, "users");
    assert_eq!(facts.attaches[0].alias, "other");
    assert_eq!(source.slice(facts.references[0].place.span), "'o.db'");
}

#[test]
fn long_odd_texts_cost_no_square() {
    for piece in ["'", "\"", "\\'", "`", "/*", "r#\"", "sql.Open(", "x + ", "f(", "[", "a = "] {
        sound_for("a.go", Other, piece.repeat(8_000).into_bytes());
        sound_for("a.xyz", Other, piece.repeat(8_000).into_bytes());
    }
    sound_for("a.xml", Other, "<a b='".repeat(5_000).into_bytes());
}

proptest! {
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200), ending in 0_usize..9) {
        let ending = ["go", "rs", "rb", "nix", "xml", "zzz", "php", "lua", "ipynb"][ending];
        sound_for(&format!("x.{ending}"), Other, bytes);
    }

    #[test]
    fn any_text(text in odd_text(), ending in 0_usize..9) {
        let name = ["x.go", "x.rs", "x.rb", "x.nix", "x.xml", "x.zzz", "x.php", "Makefile", "x.vue"][ending];
        sound_for(name, Other, text.into_bytes());
    }

    #[test]
    fn any_text_in_a_notebook(cells in proptest::collection::vec("(%%|%|!|x = )?(sql|bash|env|time|ls)?( |=|\n|')*[\\PC\n]{0,40}", 0..4)) {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        sound_for("x.ipynb", Other, notebook(&cells).into_bytes());
    }
}

#[test]
fn variables_are_read_through_the_project_s_own_functions() {
    let own = "func opt(name, fallback string) string {\n\tif v, ok := os.LookupEnv(name); ok {\n\t\treturn v\n\t}\n\treturn fallback\n}\nfunc other(name string) {}\n";
    let text = format!("{own}var a = opt(\"APP_STORE\", \"data/app.db\")\nvar b = other(\"NO_STORE\", \"b.db\")\n");
    told("a.go", &text, &["8:26 binds \"data/app.db\" -> data/app.db (a)", "9:27 binds \"b.db\" -> b.db"]);
    let read = "8: read APP_STORE else data/app.db";
    assert_eq!(others("a.go", Other, &text), [read]);
}

#[test]
fn a_path_with_its_options_is_the_path() {
    told(
        "a.go",
        "path := \"x.db\"\nsql.Open(\"sqlite3\", path+\"?_journal=WAL\")\nsql.Open(\"sqlite3\", fmt.Sprintf(\"file:%s?mode=ro\", path))\nsql.Open(\"sqlite3\", dir+\"?_fk=1\")\n",
        &[
            "1:9 binds \"x.db\" -> x.db (path)",
            "2:21 opens path -> x.db",
            "3:33 opens \"file:%s?mode=ro\" -> file:x.db?mode=ro",
            "4:21 opens dir -> *",
        ],
    );
}

#[test]
fn servers_are_opened_by_their_drivers() {
    told(
        "a.go",
        "gorm.Open(mysql.Open(dsn), c)\ngorm.Open(postgres.Open(cfg.URL))\n",
        &["1:22 opens dsn -> *", "2:25 opens cfg.URL -> *"],
    );
}

#[test]
fn settings_in_a_raw_string_are_settings() {
    told(
        "a_test.go",
        "x := `\ndatabase:\n  path: /data/raw.db\n`\ny := `\nDB_PATH=/data/env.db\nMODE=1\n`\nz := `see talk.db\nand more`\n",
        &[
            "3:9 configures /data/raw.db -> /data/raw.db (database.path)",
            "6:9 configures /data/env.db -> /data/env.db (DB_PATH)",
            "9:11 mentions talk.db -> talk.db",
        ],
    );
}

#[test]
fn a_script_in_a_heredoc_sets_variables() {
    let text = "$start = <<SCRIPT\nexport DATABASE_URL=\"mysql://h/db\"\nSCRIPT\n";
    told("Vagrantfile", text, &["2:21 configures \"mysql://h/db\" -> mysql://h/db (DATABASE_URL)"]);
    assert_eq!(others("Vagrantfile", Other, text), ["2: set DATABASE_URL=mysql://h/db"]);
}

#[test]
fn a_format_s_hole_is_known_where_its_name_has_one_value() {
    told(
        "a.go",
        "func a() {\n\tmode := \"prod\"\n\tp := fmt.Sprintf(\"app_%s.db\", mode)\n}\nfunc b() {\n\tmode := \"prod\"\n\tif demo {\n\t\tmode = \"demo\"\n\t}\n\tp := fmt.Sprintf(\"app_%s.db\", mode)\n}\n",
        &["3:19 binds \"app_%s.db\" -> app_prod.db (p)", "10:19 binds \"app_%s.db\" -> app_*.db (p)"],
    );
}

#[test]
fn variables_that_a_test_sets() {
    let text = "t.Setenv(\"DB_CONNECTION_STRING\", \"file:test.db\")\nos.Getenv(\"X\")\n";
    told("a_test.go", text, &["1:34 configures \"file:test.db\" -> file:test.db (DB_CONNECTION_STRING)"]);
    assert_eq!(others("a_test.go", Other, text), ["1: set DB_CONNECTION_STRING=file:test.db"]);
}

#[test]
fn struct_tags_name_a_variable_and_its_default() {
    let text = "type C struct {\n\tPath string `yaml:\"path\" env:\"DB_PATH\" envDefault:\"data/x.db\"`\n\tOther string `conf:\"default:./y.db?_fk=1\"`\n\tURL string `env:\"DATABASE_URL\"`\n\tName string `json:\"name\"`\n}\n";
    told(
        "a.go",
        text,
        &[
            "2:53 binds data/x.db -> data/x.db",
            "3:30 binds ./y.db?_fk=1 -> ./y.db?_fk=1",
            "4:13 binds `env:\"DATABASE_URL\"` -> *",
        ],
    );
    assert_eq!(others("a.go", Other, text), ["2: read DB_PATH else data/x.db", "4: read DATABASE_URL"]);
}

#[test]
fn a_driver_s_name_in_a_block_is_no_program() {
    told("a.go", "switch d {\ncase \"x\":\n\tname = \"sqlite3\"\n\topen(name, url)\n}\n", &[]);
    told("a.go", "args := []string{\"sqlite3\", \"x.db\"}\n", &["1:29 opens \"x.db\" -> x.db"]);
}

#[test]
fn a_temporary_folder_s_file_keeps_its_name() {
    told(
        "a_test.go",
        "func a() {\n\tp := filepath.Join(t.TempDir(), \"x.db\")\n\tdsn := \"file:\" + p + \"?_fk=1\"\n\tsql.Open(\"sqlite\", dsn)\n\tsql.Open(\"sqlite\", \"file:\"+name+\"?mode=memory\")\n}\n",
        &[
            "2:34 binds \"x.db\" -> */x.db (p)",
            "4:21 opens dsn -> file:*/x.db?_fk=1",
            "5:34 opens \"?mode=memory\" -> file:*?mode=memory",
        ],
    );
}

/// A notebook of these cells of code, as Jupyter writes one.
fn notebook(cells: &[&str]) -> String {
    let cells: Vec<_> = cells
        .iter()
        .map(|cell| {
            serde_json::json!({
                "cell_type": "code",
                "outputs": [{"output_type": "stream", "text": ["printed.db\n"]}],
                "source": cell.split_inclusive('\n').collect::<Vec<_>>(),
            })
        })
        .collect();
    serde_json::to_string_pretty(&serde_json::json!({"cells": cells, "nbformat": 4})).unwrap()
}

#[test]
fn the_cells_of_a_notebook_are_one_program() {
    let text = notebook(&[
        "import sqlite3\nDB = \"data/a.db\"\n%load_ext sql\n!sqlite3 b.db .tables\nfiles = !ls c.db",
        "%%time\nconn = sqlite3.connect(DB)\nconn.execute('''SELECT *\nFROM foo''')\n%timeit sqlite3.connect('d.db')\n%env DATABASE_PATH=e.db",
        "%sql sqlite:///f.db\n%sql SELECT * FROM bar",
        "%%sql\nINSERT INTO baz VALUES (1)",
        "%%bash\nsqlite3 g.db 'DELETE FROM qux'",
        "if conn:\n    !cp h.db /tmp/\nconn.execute(\"DROP TABLE foo\")",
        "%%html\n<b>none.db</b>",
    ]);
    told(
        "study.ipynb",
        &text,
        &[
            "15:17 binds data/a.db -> data/a.db (DB)",
            "17:19 opens b.db -> b.db",
            "18:22 binds c.db -> c.db",
            "33:33 opens DB -> data/a.db",
            "36:34 opens 'd.db' -> d.db",
            "37:29 binds e.db -> e.db (DATABASE_PATH)",
            "51:15 opens sqlite:///f.db -> sqlite:///f.db",
            "82:18 opens g.db -> g.db",
            "97:18 binds h.db -> h.db",
        ],
    );
    let source = crate::text::Source::new("study.ipynb", text.into_bytes());
    let uses: Vec<_> = crate::lang::read(&source, Other)
        .table_uses
        .iter()
        .map(|it| (it.place.start.line, it.table.to_string(), it.connection.first().map(crate::lang::Value::pattern)))
        .collect();
    let of = |path: &str| Some(path.to_owned());
    let expected = [
        (35, "foo", of("data/a.db")),
        (52, "bar", of("sqlite:///f.db")),
        (67, "baz", of("sqlite:///f.db")),
        (82, "qux", of("g.db")),
        (98, "foo", of("data/a.db")),
    ];
    for (line, table, path) in expected {
        assert!(uses.contains(&(line, table.to_owned(), path)), "{table}: {uses:?}");
    }
    told("broken.ipynb", "{\"cells\": [\"x.db\"", &["1:13 mentions x.db -> x.db"]);
}
