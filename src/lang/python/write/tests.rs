//! What Python is written in the place of what, as tables of before and after.

use super::*;
use crate::lang::write::{parses_as_well, write};
use crate::text::apply;

const PRIMARY: &str = "/app/data/zoe.db";

fn access() -> Access {
    Access { template: "os.environ.get(\"{env}\", \"{path}\")".to_owned(), import: None }
}

/// What stands between `⟦` and `⟧`, taken out.
fn marked(text: &str) -> (String, Span) {
    let start = text.find('⟦').unwrap();
    let end = text.find('⟧').unwrap() - '⟦'.len_utf8();
    (text.replace(['⟦', '⟧'], ""), Span::new(start, end))
}

/// The text with its marked place read from `DATABASE_PATH`, or the reason why not.
fn with(text: &str, value: &str, keep: Keep, access: &Access) -> String {
    let (text, at) = marked(text);
    let source = Source::new("app/store.py", text.clone().into_bytes());
    let change = Change::UseEnvironment { at, env: "DATABASE_PATH", default: PRIMARY, access, keep, value };
    match write(&source, Language::Python, &[change]).remove(0) {
        Ok(edits) => {
            let after = apply(&text, &edits).unwrap();
            assert!(parses_as_well(Language::Python, &text, &after), "{after}");
            after
        }
        Err(refusal) => format!("refused: {}", refusal.0),
    }
}

fn read(text: &str, value: &str, keep: Keep) -> String {
    let imported = format!("import os\n{text}");
    let done = with(&imported, value, keep, &access());
    done.strip_prefix("import os\n").map_or(done.clone(), str::to_owned)
}

#[test]
fn each_form_keeps_its_type_its_quotes_and_what_is_around_it() {
    for (text, expected) in [
        (
            "DB = ⟦\"/app/data/zoe.db\"⟧  # main\n",
            "DB = os.environ.get(\"DATABASE_PATH\", \"/app/data/zoe.db\")  # main\n",
        ),
        ("DB = ⟦'/app/data/zoe.db'⟧", "DB = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')"),
        ("DB = ⟦r'/app/data/zoe.db'⟧", "DB = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')"),
        (
            "def f(path: str = ⟦\"/app/data/zoe.db\"⟧): pass",
            "def f(path: str = os.environ.get(\"DATABASE_PATH\", \"/app/data/zoe.db\")): pass",
        ),
        ("D = {'a': ⟦'/app/data/zoe.db'⟧,}", "D = {'a': os.environ.get('DATABASE_PATH', '/app/data/zoe.db'),}"),
        (
            "p.add_argument('--db', default=⟦'/app/data/zoe.db'⟧)",
            "p.add_argument('--db', default=os.environ.get('DATABASE_PATH', '/app/data/zoe.db'))",
        ),
        (
            "P = pathlib.Path(⟦\"/app/data/zoe.db\"⟧)",
            "P = pathlib.Path(os.environ.get(\"DATABASE_PATH\", \"/app/data/zoe.db\"))",
        ),
        ("P = Path('/app/data') / ⟦'zoe.db'⟧", "P = Path(os.environ.get('DATABASE_PATH', '/app/data/zoe.db'))"),
        ("P = os.path.join('/app/data', ⟦'zoe.db'⟧)", "P = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')"),
        ("P = ('/app/data'\n     ⟦'/zoe.db'⟧)", "P = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')"),
        (
            "E = create_engine(⟦\"sqlite:////app/data/zoe.db\"⟧, echo=True)",
            "E = create_engine(\n    f\"sqlite:///{os.environ.get('DATABASE_PATH', '/app/data/zoe.db')}\", echo=True\n)",
        ),
        (
            "U = ⟦'sqlite+aiosqlite:////app/data/zoe.db?timeout=5'⟧",
            "U = f'sqlite+aiosqlite:///{os.environ.get(\"DATABASE_PATH\", \"/app/data/zoe.db\")}?timeout=5'",
        ),
        (
            "c = connect(⟦\"file:/app/data/zoe.db?mode=ro\"⟧, uri=True)",
            "c = connect(\n    f\"file:{os.environ.get('DATABASE_PATH', '/app/data/zoe.db')}?mode=ro\", uri=True\n)",
        ),
        (
            "c = connect(str(Path(⟦'/app/data/zoe.db'⟧)))",
            "c = connect(os.environ.get('DATABASE_PATH', '/app/data/zoe.db'))",
        ),
    ] {
        assert_eq!(read(text, PRIMARY, Keep::Whole), expected, "{text}");
    }
}

#[test]
fn what_is_put_together_at_run_time_stays_as_the_default() {
    for (text, value, expected) in [
        (
            "P = BASE / 'data' / ⟦'zoe.db'⟧",
            "data/zoe.db",
            "from pathlib import Path\nP = Path(os.environ.get('DATABASE_PATH', BASE / 'data' / 'zoe.db'))",
        ),
        (
            "from pathlib import Path\nP = Path(__file__).parent / ⟦'zoe.db'⟧",
            "zoe.db",
            "from pathlib import Path\nP = Path(os.environ.get('DATABASE_PATH', Path(__file__).parent / 'zoe.db'))",
        ),
        (
            "P = os.path.join(HERE, '..', ⟦'zoe.db'⟧)",
            "*/zoe.db",
            "P = os.environ.get('DATABASE_PATH', os.path.join(HERE, '..', 'zoe.db'))",
        ),
        ("P = ⟦f\"{DIR}/zoe.db\"⟧", "*/zoe.db", "P = os.environ.get(\"DATABASE_PATH\", f\"{DIR}/zoe.db\")"),
        ("P = DIR + ⟦'/zoe.db'⟧", "*/zoe.db", "P = os.environ.get('DATABASE_PATH', DIR + '/zoe.db')"),
        ("P = ⟦'%s/zoe.db' % DIR⟧", "*/zoe.db", "P = os.environ.get('DATABASE_PATH', '%s/zoe.db' % DIR)"),
        ("P = ⟦'{}/zoe.db'.format(DIR)⟧", "*/zoe.db", "P = os.environ.get('DATABASE_PATH', '{}/zoe.db'.format(DIR))"),
        (
            "c = connect(str(BASE / ⟦'zoe.db'⟧))",
            "*/zoe.db",
            "c = connect(os.environ.get('DATABASE_PATH', str(BASE / 'zoe.db')))",
        ),
        (
            "U = ⟦f\"sqlite:///{DIR}/zoe.db?x=1\"⟧",
            "sqlite:///*/zoe.db?x=1",
            "U = \"sqlite:///\" + os.environ.get(\"DATABASE_PATH\", f\"{DIR}/zoe.db\") + \"?x=1\"",
        ),
        (
            "U = 'sqlite:///' + DIR + '/' + ⟦'zoe.db'⟧",
            "sqlite:///*/zoe.db",
            "U = 'sqlite:///' + os.environ.get('DATABASE_PATH', DIR + '/' + 'zoe.db')",
        ),
        (
            "U = 'sqlite:////' + DIR + ⟦'/zoe.db'⟧",
            "sqlite:////*/zoe.db",
            "U = 'sqlite:///' + os.environ.get('DATABASE_PATH', '/' + DIR + '/zoe.db')",
        ),
        (
            "U = ⟦'sqlite:///%s/zoe.db' % DIR⟧",
            "sqlite:///*/zoe.db",
            "U = 'sqlite:///' + os.environ.get('DATABASE_PATH', '%s/zoe.db' % DIR)",
        ),
        (
            "U = ⟦'sqlite:///{}/zoe.db'.format(DIR)⟧",
            "sqlite:///*/zoe.db",
            "U = 'sqlite:///' + os.environ.get('DATABASE_PATH', '{}/zoe.db'.format(DIR))",
        ),
        (
            "U = 'sqlite:///' + DIR + ⟦'/zoe.db?x=1'⟧",
            "sqlite:///*/zoe.db",
            "refused: the URL is put together at run time",
        ),
        (
            "P = os.path.join(\n    HERE, ⟦'zoe.db'⟧\n)\n",
            "*/zoe.db",
            "P = os.environ.get('DATABASE_PATH', os.path.join(HERE, 'zoe.db'))\n",
        ),
        (
            "U = 'sqlite:///' + os.path.join(\n    os.path.dirname(current_app.instance_path), ⟦'zoe.db'⟧\n)\n",
            "*/zoe.db",
            "U = 'sqlite:///' + os.environ.get(\n    'DATABASE_PATH', os.path.join(os.path.dirname(current_app.instance_path), 'zoe.db')\n)\n",
        ),
        (
            "P = os.path.join(\n    HERE,\n    ⟦'zoe.db'⟧,\n)\n",
            "*/zoe.db",
            "P = os.environ.get(\n    'DATABASE_PATH',\n    os.path.join(\n        HERE,\n        'zoe.db',\n    ),\n)\n",
        ),
        (
            "U = 'sqlite:///' + os.path.join(DIR, ⟦'zoe.db'⟧)",
            "sqlite:///*/zoe.db",
            "U = 'sqlite:///' + os.environ.get('DATABASE_PATH', os.path.join(DIR, 'zoe.db'))",
        ),
        (
            "P = ⟦'/app/data/zoe.db'⟧ if docker else 'zoe.db'",
            PRIMARY,
            "P = os.environ.get('DATABASE_PATH', '/app/data/zoe.db' if docker else 'zoe.db')",
        ),
        (
            "P = store.path if store else ⟦'/app/data/zoe.db'⟧",
            PRIMARY,
            "P = store.path if store else os.environ.get('DATABASE_PATH', '/app/data/zoe.db')",
        ),
    ] {
        assert_eq!(read(text, value, Keep::Whole), expected, "{text}");
    }
}

#[test]
fn another_database_takes_the_place_of_one() {
    for (text, value, keep, expected) in [
        (
            "A = ⟦'/app/data/auth.db'⟧",
            "/app/data/auth.db",
            Keep::Folder,
            "A = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')",
        ),
        (
            "A = os.path.join(DIR, ⟦'auth.db'⟧)",
            "/app/data/auth.db",
            Keep::Folder,
            "A = os.environ.get('DATABASE_PATH', os.path.join(DIR, 'zoe.db'))",
        ),
        ("A = ⟦f'{DIR}/auth.db'⟧", "*/auth.db", Keep::Folder, "A = os.environ.get('DATABASE_PATH', f'{DIR}/zoe.db')"),
        (
            "A = ⟦f'{DIR}/auth.db'⟧",
            "*/auth.db",
            Keep::Nothing,
            "A = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')",
        ),
        (
            "A = os.getenv('AUTH_DB', BASE / ⟦'auth.db'⟧)",
            "auth.db",
            Keep::Below(2),
            "A = os.getenv('DATABASE_PATH', BASE / 'data/zoe.db')",
        ),
        (
            "A = 'sqlite:///' + os.path.join(HERE, ⟦'auth.db'⟧)",
            "auth.db",
            Keep::Below(2),
            "A = 'sqlite:///' + os.environ.get('DATABASE_PATH', os.path.join(HERE, 'data/zoe.db'))",
        ),
        (
            "A = os.getenv('AUTH_DB_PATH', ⟦'/app/data/auth.db'⟧)",
            "/app/data/auth.db",
            Keep::Folder,
            "A = os.getenv('DATABASE_PATH', '/app/data/zoe.db')",
        ),
        (
            "A = os.environ.get('AUTH_DB') or ⟦'/app/data/auth.db'⟧",
            "/app/data/auth.db",
            Keep::Nothing,
            "A = os.environ.get('DATABASE_PATH') or '/app/data/zoe.db'",
        ),
        (
            "A = os.getenv(\"DATABASE_URL\", ⟦\"sqlite:////app/data/auth.db\"⟧)",
            "sqlite:////app/data/auth.db",
            Keep::Nothing,
            "A = f\"sqlite:///{os.environ.get('DATABASE_PATH', '/app/data/zoe.db')}\"",
        ),
        (
            "A = ⟦os.getenv('ZOE_DB', '/app/data/zoe.db')⟧",
            PRIMARY,
            Keep::Whole,
            "A = os.getenv('DATABASE_PATH', '/app/data/zoe.db')",
        ),
        ("A = ⟦os.environ['ZOE_DB']⟧", "*", Keep::Whole, "A = os.environ['DATABASE_PATH']"),
    ] {
        assert_eq!(read(text, value, keep), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_decided_is_refused() {
    for (text, value, reason) in [
        ("names = [⟦'zoe.db'⟧]", PRIMARY, "the name is put together with its folder somewhere else"),
        ("P = '%s/%s' % (DIR, ⟦'zoe.db'⟧)", PRIMARY, "the name is put together with its folder somewhere else"),
        (
            "c.execute(\"ATTACH ⟦'/app/data/zoe.db'⟧ AS z\")",
            PRIMARY,
            "the path is a part of a longer text: SQL, a command, or another program",
        ),
        ("connect(⟦b'/app/data/zoe.db'⟧)", PRIMARY, "the path is given as bytes"),
        ("os.environ['DATABASE_PATH'] = ⟦'/app/data/zoe.db'⟧", PRIMARY, "the variable itself is set here"),
        ("x = f\"{⟦'/app/data/zoe.db'⟧}\"", PRIMARY, "the path stands within an f-string"),
        ("x: Literal[⟦'/app/data/zoe.db'⟧]", PRIMARY, "the path is not written here"),
        ("x = settings.db_path⟦⟧", PRIMARY, "the path is a part of a longer text: SQL, a command, or another program"),
        ("x = ⟦settings.db_path⟧", PRIMARY, "the path is not written here"),
        ("x = (⟦'/app/data/zoe.db'⟧", PRIMARY, "the file does not parse as Python"),
        (
            "import os\n\n\ndef start():\n    connect(⟦'/app/data/zoe.db'⟧)\n    import os\n",
            PRIMARY,
            "the function around it imports `os` for itself, further down or in a branch",
        ),
        (
            "import os\n\n\ndef start(here):\n    if not here:\n        import os\n        here = os.getcwd()\n    connect(⟦'/app/data/zoe.db'⟧)\n",
            PRIMARY,
            "the function around it imports `os` for itself, further down or in a branch",
        ),
    ] {
        assert_eq!(read(text, value, Keep::Whole), format!("refused: {reason}"), "{text}");
    }
}

#[test]
fn os_is_imported_where_it_belongs() {
    for (text, expected) in [
        (
            "connect(⟦'/app/data/zoe.db'⟧)\n",
            "import os\n\nconnect(os.environ.get('DATABASE_PATH', '/app/data/zoe.db'))\n",
        ),
        (
            "\"\"\"Doc.\"\"\"\nx = ⟦'/app/data/zoe.db'⟧\n",
            "\"\"\"Doc.\"\"\"\nimport os\n\nx = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')\n",
        ),
        (
            "#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\nx = ⟦'/app/data/zoe.db'⟧\n",
            "#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\nimport os\n\nx = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')\n",
        ),
        (
            "\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\n\n# the main one\nx = ⟦'/app/data/zoe.db'⟧\n",
            "\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\n\nimport os\n\n# the main one\nx = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')\n",
        ),
        (
            "import json\r\nimport sqlite3\r\nx = ⟦'/app/data/zoe.db'⟧\r\n",
            "import json\r\nimport os\r\nimport sqlite3\r\nx = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')\r\n",
        ),
        (
            "import json\n\nimport requests\n\nx = ⟦'/app/data/zoe.db'⟧\n",
            "import json\nimport os\n\nimport requests\n\nx = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')\n",
        ),
        (
            "from pathlib import Path\n\nx = ⟦'/app/data/zoe.db'⟧\n",
            "import os\nfrom pathlib import Path\n\nx = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')\n",
        ),
        (
            "from os import getenv\nx = ⟦'/app/data/zoe.db'⟧\n",
            "from os import getenv\nx = getenv('DATABASE_PATH', '/app/data/zoe.db')\n",
        ),
        (
            "from os import environ as e\nx = ⟦'/app/data/zoe.db'⟧\n",
            "from os import environ as e\nx = e.get('DATABASE_PATH', '/app/data/zoe.db')\n",
        ),
        (
            "import os as _os\nx = ⟦'/app/data/zoe.db'⟧\n",
            "import os as _os\nx = _os.environ.get('DATABASE_PATH', '/app/data/zoe.db')\n",
        ),
        (
            "import sys, os\nx = ⟦'/app/data/zoe.db'⟧\n",
            "import sys, os\nx = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')\n",
        ),
        (
            "import os.path\nx = ⟦'/app/data/zoe.db'⟧\n",
            "import os.path\nx = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')\n",
        ),
        (
            "from os import path\nx = ⟦'/app/data/zoe.db'⟧\n",
            "import os\nfrom os import path\nx = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')\n",
        ),
        (
            "def f():\n    return connect(⟦'/app/data/zoe.db'⟧)\n",
            "import os\n\n\ndef f():\n    return connect(os.environ.get('DATABASE_PATH', '/app/data/zoe.db'))\n",
        ),
        (
            "import sqlite3\nx = ⟦'/app/data/zoe.db'⟧\nimport os\n",
            "import os\nimport sqlite3\nx = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')\nimport os\n",
        ),
        (
            "try:\n    import os\nexcept ImportError:\n    pass\nx = ⟦'/app/data/zoe.db'⟧\n",
            "import os\n\ntry:\n    import os\nexcept ImportError:\n    pass\nx = os.environ.get('DATABASE_PATH', '/app/data/zoe.db')\n",
        ),
    ] {
        assert_eq!(with(text, PRIMARY, Keep::Whole, &access()), expected, "{text}");
    }
}

#[test]
fn the_policy_may_want_an_import() {
    let access = Access { template: String::new(), import: Some("from app.config import DATABASE_PATH".to_owned()) };
    for (text, expected) in [
        (
            "import sqlite3\nfrom app.text import plural\n\nsqlite3.connect(⟦'/app/data/zoe.db'⟧)\n",
            "import sqlite3\nfrom app.config import DATABASE_PATH\nfrom app.text import plural\n\nsqlite3.connect(DATABASE_PATH)\n",
        ),
        (
            "from app.config import DATABASE_PATH as D\nx = ⟦'sqlite:////app/data/zoe.db'⟧\n",
            "from app.config import DATABASE_PATH as D\nx = f'sqlite:///{D}'\n",
        ),
        ("DATABASE_PATH = ⟦'/app/data/zoe.db'⟧\n", "refused: `DATABASE_PATH` means something else here"),
        (
            "import os\nx = ⟦os.getenv('ZOE', '/app/data/zoe.db')⟧\n",
            "import os\nfrom app.config import DATABASE_PATH\nx = DATABASE_PATH\n",
        ),
    ] {
        assert_eq!(with(text, PRIMARY, Keep::Whole, &access), expected, "{text}");
    }
}

#[test]
fn a_model_is_given_the_name_of_its_table() {
    for (text, expected) in [
        (
            "class ⟦Person⟧(db.Model):\n    id = Column()\n",
            "class Person(db.Model):\n    __tablename__ = \"people\"\n    id = Column()\n",
        ),
        (
            "@final\r\nclass ⟦Person⟧(Base):\r\n\t'''Who.'''\r\n\r\n\tid = Column('id')\r\n",
            "@final\r\nclass Person(Base):\r\n\t'''Who.'''\r\n\t__tablename__ = 'people'\r\n\r\n\tid = Column('id')\r\n",
        ),
        (
            "class ⟦Person⟧(Base):\n\tid = AutoField()\n\tname = pw.CharField()  # whole\n\n\tdef f(self):\n\t\tpass\n",
            "class Person(Base):\n\tid = AutoField()\n\tname = pw.CharField()  # whole\n\n\tclass Meta:\n\t\ttable_name = \"people\"\n\n\tdef f(self):\n\t\tpass\n",
        ),
        (
            "class Person(Base):\n    name = CharField()\n\n    class ⟦Meta⟧:\n        primary_key = False\n",
            "class Person(Base):\n    name = CharField()\n\n    class Meta:\n        table_name = \"people\"\n        primary_key = False\n",
        ),
        ("class ⟦Person⟧(Base): id = Column()\n", "refused: the class stands on one line"),
    ] {
        let (text, at) = marked(text);
        let source = Source::new("app/models.py", text.clone().into_bytes());
        let change = Change::RenameTable { at, from: "person", to: "people" };
        let written = match write(&source, Language::Python, &[change]).remove(0) {
            Ok(edits) => apply(&text, &edits).unwrap(),
            Err(refusal) => format!("refused: {}", refusal.0),
        };
        assert_eq!(written, expected);
    }
}

#[test]
fn an_ending_alone_names_no_database() {
    let refused = "refused: the name of the file is put together from pieces: it can be any";
    assert_eq!(read("P = os.path.join(folder, name + ⟦'.db'⟧)", "*/zoe.db", Keep::Whole), refused);
    assert_ne!(read("P = os.path.join(folder, ⟦'.zoe.db'⟧)", "*/.zoe.db", Keep::Whole), refused);
}

#[test]
fn what_takes_texts_is_handed_no_object_and_a_call_stands_in_no_brackets() {
    for (text, expected) in [
        (
            "import sqlite3\nc = sqlite3.connect(HERE / ⟦\"zoe.db\"⟧)\n",
            "import sqlite3\nc = sqlite3.connect(os.environ.get(\"DATABASE_PATH\", HERE / \"zoe.db\"))\n",
        ),
        (
            "import sqlite3\nc = sqlite3.connect(HERE / ⟦\"zoe.db\"⟧, timeout=5)\n",
            "import sqlite3\nc = sqlite3.connect(os.environ.get(\"DATABASE_PATH\", HERE / \"zoe.db\"), timeout=5)\n",
        ),
        (
            "from pathlib import Path\np = given or (HERE / ⟦\"zoe.db\"⟧)\n",
            "from pathlib import Path\np = given or Path(os.environ.get(\"DATABASE_PATH\", HERE / \"zoe.db\"))\n",
        ),
        (
            "def f():\n    return(⟦\"/app/data/zoe.db\"⟧)\n",
            "def f():\n    return(os.environ.get(\"DATABASE_PATH\", \"/app/data/zoe.db\"))\n",
        ),
        (
            "p = (  # where\n    ⟦\"/app/data/zoe.db\"⟧\n)\n",
            "p = (  # where\n    os.environ.get(\"DATABASE_PATH\", \"/app/data/zoe.db\")\n)\n",
        ),
    ] {
        let value = if text.contains(PRIMARY) { PRIMARY } else { "*/zoe.db" };
        assert_eq!(read(text, value, Keep::Whole).replace("import os\n", ""), expected, "{text}");
    }
}
