//! Python as it is written: HARD-CASES, each named by its number.

use std::sync::Arc;

use super::lower;
use crate::lang::program::read_among;
use crate::lang::{Facts, Role, Value};
use crate::text::Source;

/// The facts of the first file, with the others as its neighbours.
fn facts(files: &[(&str, &str)]) -> Facts {
    let module = |(path, text): &(&str, &str)| lower(Arc::new(Source::new(*path, text.as_bytes().to_vec())));
    read_among(files.iter().map(module).collect())
}

/// One line for each reference: `line role path [env..]`, alternatives joined by `|`.
pub(super) fn told(files: &[(&str, &str)]) -> Vec<String> {
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
            let mut words: Vec<String> = Vec::new();
            let paths: Vec<String> = reference.values.iter().map(Value::pattern).collect();
            words.push(format!("{}:{} {role}", reference.place.start.line, reference.place.start.column));
            words.push(if paths.is_empty() { "?".into() } else { paths.join("|") });
            let mut envs: Vec<&str> = reference.values.iter().flat_map(Value::envs).collect();
            envs.dedup();
            words.extend(envs.into_iter().map(|env| format!("[{env}]")));
            words.join(" ")
        })
        .collect()
}

fn python(text: &str) -> Vec<String> {
    told(&[("app/main.py", text)])
}

/// One line for each table use: `table access [paths]`.
pub(super) fn tables(text: &str) -> Vec<String> {
    tables_of(&[("app/main.py", text)])
}

/// The same for the first of several files.
pub(super) fn tables_of(files: &[(&str, &str)]) -> Vec<String> {
    let uses = facts(files).table_uses;
    uses.iter()
        .map(|table| {
            format!(
                "{} {:?} {:?}",
                table.table,
                table.access,
                table.connection.iter().map(Value::pattern).collect::<Vec<_>>()
            )
        })
        .collect()
}

#[test]
fn case_1_a_constant_opened_many_times() {
    let found = python(
        "import os, sqlite3\nDB = os.getenv('DATABASE_PATH', '/app/data/zoe.db')\ndef a():\n    return sqlite3.connect(DB)\ndef b():\n    with sqlite3.connect(DB) as c:\n        pass\n",
    );
    assert_eq!(
        found,
        [
            "2:33 binds /app/data/zoe.db [DATABASE_PATH]",
            "4:28 opens /app/data/zoe.db [DATABASE_PATH]",
            "6:26 opens /app/data/zoe.db [DATABASE_PATH]"
        ]
    );
}

#[test]
fn case_2_a_parameter_default_stored_on_self() {
    let found = python(
        "import sqlite3\nfrom pathlib import Path\nclass S:\n    def __init__(self, db_path='x.db'):\n        self.db_path = Path(db_path)\n    def go(self):\n        return sqlite3.connect(str(self.db_path))\n",
    );
    assert_eq!(found, ["4:32 binds x.db", "7:32 opens x.db"]);
}

#[test]
fn case_3_literal_set_in_init() {
    let text = r#"import sqlite3
class S:
    def __init__(self):
        self.path = 'x.db'
    def go(self):
        c = sqlite3.connect(self.path)
"#;
    assert_eq!(python(text), ["4:21 binds x.db", "6:29 opens x.db"]);
}

#[test]
fn case_4_default_when_none() {
    let text = r#"import sqlite3
from pathlib import Path
def go(db_path=None):
    if db_path is None:
        db_path = Path('data/app.db')
    return sqlite3.connect(db_path)
"#;
    assert_eq!(python(text), ["5:24 binds data/app.db", "6:28 opens data/app.db"]);
}

#[test]
fn case_5_no_default() {
    let text = r#"import sqlite3
def go(path):
    return sqlite3.connect(path)
"#;
    assert_eq!(python(text), ["3:28 opens ?"]);
}

#[test]
fn case_6_module_level_caller() {
    let text = r#"import sqlite3, sys
from pathlib import Path
def go(path):
    return sqlite3.connect(path)
if __name__ == '__main__':
    p = Path(__file__).parent.parent / 'app.db'
    if len(sys.argv) > 1:
        p = Path(sys.argv[1])
    go(p)
"#;
    assert_eq!(python(text), ["4:28 opens app.db", "6:40 binds app.db"]);
}

#[test]
fn case_10_only_looks_like() {
    let text = r#"import os
DATABASE_PATHS = 1
DEFAULT_DATABASE_URL = 'postgresql://h/app'
x = os.getenv('DATABASE_TIMEOUT', '5')
y = os.getenv('APP_DATABASE_TYPE', 'sqlite')
"#;
    assert_eq!(python(text), ["3:24 binds postgresql://h/app"]);
}

#[test]
fn case_12_other_env() {
    let text = r#"import os, sqlite3
sqlite3.connect(os.environ.get('SESSION_DB_PATH', 'sessions.db'))
P = os.environ['DATABASE_PATH']
"#;
    assert_eq!(python(text), ["2:51 opens sessions.db [SESSION_DB_PATH]", "3:5 binds * [DATABASE_PATH]"]);
}

#[test]
fn case_13_env_folder() {
    let text = r#"import os, sqlite3
DATA_DIR = os.getenv('DATA_DIR', '/app/data')
DB = os.path.join(DATA_DIR, 'zoe.db')
sqlite3.connect(DB)
"#;
    assert_eq!(python(text), ["3:29 binds /app/data/zoe.db [DATA_DIR]", "4:17 opens /app/data/zoe.db [DATA_DIR]"]);
}

#[test]
fn case_14_default_attribute() {
    let text = r#"import os
from dataclasses import dataclass
@dataclass
class Config:
    db_path: str = 'sessions.db'
config = Config()
P = os.getenv('SESSION_DB_PATH', config.db_path)
"#;
    assert_eq!(python(text), ["5:20 binds sessions.db", "7:5 binds sessions.db [SESSION_DB_PATH]"]);
}

#[test]
fn case_16_multi_line() {
    let text = r#"import os
from sqlalchemy import create_engine
e = create_engine(
    os.getenv(
        'DATABASE_URL',
        'sqlite:///x.db',
    )
)
"#;
    assert_eq!(python(text), ["6:9 opens sqlite:///x.db [DATABASE_URL]"]);
}

#[test]
fn case_17_conditional_fstring() {
    let text = r#"import os
URL = f"sqlite+aiosqlite:///{'/app/data' if os.path.isdir('/app') else '.'}/app.db"
"#;
    assert_eq!(python(text), ["2:7 binds sqlite+aiosqlite:////app/data/app.db|sqlite+aiosqlite:///./app.db"]);
}

#[test]
fn case_18_folder_at_run_time() {
    let text = r#"import os, sqlite3
d = '/app/data' if os.path.isdir('/app/data') else '.'
sqlite3.connect(os.path.join(d, 'x.db'))
"#;
    assert_eq!(python(text), ["3:33 opens /app/data/x.db|x.db"]);
}

#[test]
fn case_19_pydantic() {
    let text = r#"from pydantic_settings import BaseSettings
from pydantic import Field
class S(BaseSettings):
    database_url: str = 'sqlite:///./app.db'
    other: str = Field('x.db', env='OTHER_DB')
    cache: str = Field(None, env='CACHE_DATABASE_URL')
    db_path: str
class Store(BaseSettings):
    size: int = 5
class All(BaseSettings):
    database: Store = Field(default_factory=Store)
    db: Store
HIDDEN = r'postgresql://[^\s]+'
"#;
    assert_eq!(
        python(text),
        [
            "4:25 binds sqlite:///./app.db [DATABASE_URL]",
            "5:24 binds x.db [OTHER_DB]",
            "6:5 binds * [CACHE_DATABASE_URL]",
            "7:5 binds * [DB_PATH]"
        ]
    );
}

#[test]
fn case_20_django() {
    let text = r#"DB = BASE_DIR / 'db.sqlite3'
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': BASE_DIR / 'main.sqlite3'}}
"#;
    assert_eq!(python(text), ["1:17 binds */db.sqlite3", "2:85 configures */main.sqlite3"]);
}

#[test]
fn case_21_urls() {
    let text = r#"from sqlalchemy import create_engine
create_engine('sqlite:///rel.db')
create_engine('sqlite:////abs/x.db')
create_engine('sqlite://')
import sqlite3
sqlite3.connect('file:/app/data/x.db?mode=ro', uri=True)
sqlite3.connect(f'file:{p}?mode=ro', uri=True)
"#;
    assert_eq!(
        python(text),
        [
            "2:15 opens sqlite:///rel.db",
            "3:15 opens sqlite:////abs/x.db",
            "4:15 opens sqlite://",
            "6:17 opens file:/app/data/x.db?mode=ro",
            "7:17 opens file:*?mode=ro"
        ]
    );
}

#[test]
fn case_22_postgres() {
    let text = r#"import os
U = os.getenv('DATABASE_URL', 'postgresql://u:p@h/app')
if U.startswith('sqlite:///'):
    p = U.replace('sqlite:///', '')
if U.startswith('postgresql://'): pass
"#;
    assert_eq!(python(text), ["2:31 binds postgresql://u:p@h/app [DATABASE_URL]"]);
}

#[test]
fn case_30_command() {
    let text = r#"import subprocess, os
os.system('sqlite3 /app/data/x.db .schema')
subprocess.run(['sqlite3', 'y.db', '.tables'])
"#;
    assert_eq!(python(text), ["2:20 opens /app/data/x.db", "3:28 opens y.db"]);
    let text = r#"import subprocess, os, shlex
subprocess.run(shlex.split("sqlite3 a.db 'select 1'"))
subprocess.run("sqlite3 b.db".split() + [sql])
subprocess.run(["bash", "-lc", f"zcat {dump} | sqlite3 c.db"])
command = "sqlite3 d.db < schema.sql"
os.system(command)
os.system("sqlite3 " + "data/e.db" + " .dump")
os.system("gunzip -c " + url + " > f.sqlite")
subprocess.Popen("sqlite3 g.db '%s'" % sql, shell=True)
subprocess.run(["git", "-c", "sqlite3 h.db"])
"#;
    let expected = [
        "2:37 opens a.db",
        "3:25 opens b.db",
        "4:56 opens c.db",
        "5:20 opens d.db",
        "7:24 opens data/e.db",
        "8:36 binds f.sqlite",
        "9:27 opens g.db",
        "10:39 mentions h.db",
    ];
    assert_eq!(python(text), expected);
}

#[test]
fn case_31_attach() {
    let text = r#"import sqlite3
class M:
    def __init__(self):
        self.other = 'other.db'
        self.conn = sqlite3.connect('main.db')
    def go(self):
        self.conn.execute(f"ATTACH DATABASE '{self.other}' AS other")
        self.conn.execute('INSERT INTO items SELECT * FROM other.items')
"#;
    assert_eq!(python(text), ["4:22 binds other.db", "5:37 opens main.db", "7:47 opens other.db"]);
    assert_eq!(tables(text), ["items Writes [\"main.db\"]", "items Reads [\"other.db\"]"]);
}

#[test]
fn case_32_two_connections() {
    let text = r#"import sqlite3
def go():
    a = sqlite3.connect('a.db')
    b = sqlite3.connect('b.db')
    cur = b.cursor()
    a.execute('SELECT * FROM users')
    cur.execute('INSERT INTO tasks VALUES (1)')
    a = sqlite3.connect('c.db')
    a.execute('DELETE FROM logs')
"#;
    assert_eq!(python(text), ["3:25 opens a.db", "4:25 opens b.db", "8:25 opens c.db"]);
    assert_eq!(tables(text), ["users Reads [\"a.db\"]", "tasks Writes [\"b.db\"]", "logs Writes [\"c.db\"]"]);
}

#[test]
fn case_33_loop() {
    let text = r#"import os, sqlite3
for name in ('metrics.db', 'history.db'):
    sqlite3.connect(os.path.join('/app/data', name))
"#;
    assert_eq!(
        python(text),
        ["2:14 binds metrics.db", "2:28 binds history.db", "3:21 opens /app/data/metrics.db|/app/data/history.db"]
    );
}

#[test]
fn case_34_globs() {
    let text = r#"from pathlib import Path
for f in Path('data').glob('*.db'):
    print(f)
if f.endswith('.db'): pass
"#;
    assert_eq!(python(text), ["2:28 mentions *"]);
}

#[test]
fn case_35_dynamic() {
    let text = r#"import sqlite3
def go(device_id):
    return sqlite3.connect(f'cache_{device_id}.db')
b = 'db_{}.sqlite3'.format(1)
"#;
    assert_eq!(python(text), ["3:28 opens cache_*.db", "4:5 binds db_1.sqlite3"]);
}

#[test]
fn case_36_backup() {
    let text = r#"import shutil
shutil.copy('x.db', 'x.db.bak')
b = str(p) + '.backup'
"#;
    assert_eq!(python(text), ["2:13 binds x.db", "2:21 binds x.db.bak"]);
}

#[test]
fn case_37_no_extension() {
    let text = r#"import sqlite3
DB_PATH = 'db'
sqlite3.connect(DB_PATH)
"#;
    assert_eq!(python(text), ["2:11 binds db", "3:17 opens db"]);
}

#[test]
fn case_39_attributes() {
    let text = r#"from django.db import models
import logging
from app.misc import db
self.db.x()
logging.getLogger('sync.db')
INSTALLED = ['django.contrib.sessions.backends.db']
"#;
    assert_eq!(python(text), [] as [&str; 0]);
}

#[test]
fn case_41_shared_name() {
    let text = r#"def connect(x):
    return x
connect('thing')
from redis import connect as c2
c2('foo')
"#;
    assert_eq!(python(text), [] as [&str; 0]);
}

#[test]
fn case_44_wrapper() {
    let text = r#"init_router('id', str(path))
store = Store('x.db')
"#;
    assert_eq!(python(text), ["2:15 binds x.db"]);
}

#[test]
fn case_46_fixtures() {
    let text = r#"import sqlite3, tempfile, os
def test_a(tmp_path):
    p = tmp_path / 'x.db'
    c = sqlite3.connect(p)
    d = sqlite3.connect(':memory:')
with tempfile.NamedTemporaryFile(suffix='.db') as f:
    sqlite3.connect(f.name)
with tempfile.TemporaryDirectory() as t:
    sqlite3.connect(os.path.join(t, 'y.db'))
"#;
    assert_eq!(
        python(text),
        ["3:20 binds */x.db", "4:25 opens */x.db", "5:25 opens :memory:", "7:21 opens *", "9:37 opens */y.db"]
    );
}

#[test]
fn case_48_env_set_by_test() {
    let text = r#"import os
os.environ['DATABASE_URL'] = 'sqlite:///./test.sqlite3'
def test(monkeypatch, tmp_path):
    monkeypatch.setenv('DATABASE_PATH', str(tmp_path / 'z.db'))
"#;
    assert_eq!(python(text), ["2:30 configures sqlite:///./test.sqlite3", "4:56 configures */z.db"]);
}

#[test]
fn case_49_memory_comparison() {
    let text = r#"def go(path='x.db'):
    if path != ':memory:':
        pass
"#;
    assert_eq!(python(text), ["1:13 binds x.db"]);
}

#[test]
fn case_50_comments() {
    let text = r#"# uses old.db
'''Opens data/new.db.'''
print('created fresh.db')
"#;
    assert_eq!(python(text), ["1:8 mentions old.db", "2:10 mentions data/new.db", "3:16 mentions fresh.db"]);
}

#[test]
fn case_60_relative() {
    let text = r#"import os
P = os.path.join('data', 'db.sqlite3')
Q = 'backend/app.db'
"#;
    assert_eq!(python(text), ["2:26 binds data/db.sqlite3", "3:5 binds backend/app.db"]);
}

#[test]
fn case_62_concat() {
    let text = r#"import os
P = os.environ['X'] + '/app.db'
"#;
    assert_eq!(python(text), ["2:23 binds */app.db [X]"]);
}

#[test]
fn case_argparse() {
    let text = r#"import argparse, sqlite3
def main():
    p = argparse.ArgumentParser()
    p.add_argument('--db-path', default='data/x.db', help='path, e.g. data/x.db')
    args = p.parse_args()
    sqlite3.connect(args.db_path)
"#;
    assert_eq!(python(text), ["4:41 binds data/x.db", "4:71 mentions data/x.db", "6:21 opens data/x.db"]);
}

#[test]
fn case_context_manager() {
    let text = r#"import sqlite3
from contextlib import contextmanager
@contextmanager
def get():
    conn = sqlite3.connect('a.db')
    try:
        yield conn
    finally:
        conn.close()
def q():
    with get() as c:
        c.execute('SELECT id FROM users WHERE x = ?', (1,))
"#;
    assert_eq!(python(text), ["5:28 opens a.db"]);
    assert_eq!(tables(text), ["users Reads [\"a.db\"]"]);
}

#[test]
fn case_flask() {
    let text = r#"app.config['SQLALCHEMY_DATABASE_URI'] = 'sqlite:///site.db'
app.config.from_mapping(DATABASE=os.path.join(app.instance_path, 'flaskr.sqlite'))
"#;
    assert_eq!(python(text), ["1:41 configures sqlite:///site.db", "2:66 binds */flaskr.sqlite"]);
}

#[test]
fn case_getattr_or() {
    let text = r#"import os, sqlite3
P = os.getenv('APP_DB') or 'app.db'
sqlite3.connect(P)
sqlite3.connect(settings.DB_PATH)
"#;
    assert_eq!(python(text), ["2:28 binds app.db [APP_DB]", "3:17 opens app.db [APP_DB]", "4:17 opens ?"]);
}

#[test]
fn case_7_a_constant_imported_from_another_module() {
    let main = "import sqlite3\nfrom app.paths import DB_PATH, MISSING\nfrom . import paths\nimport app.paths\nsqlite3.connect(DB_PATH)\nsqlite3.connect(paths.DB_PATH)\nsqlite3.connect(app.paths.DB_PATH)\nsqlite3.connect(MISSING)\n";
    let paths = "from pathlib import Path\nDB_PATH = Path(__file__).resolve().parent / 'x.db'\n";
    let found = told(&[("app/main.py", main), ("app/paths.py", paths)]);
    assert_eq!(found, ["5:17 opens app/x.db", "6:17 opens app/x.db", "7:17 opens app/x.db", "8:17 opens ?"]);
}

#[test]
fn case_8_a_dict_of_paths_in_a_config_package() {
    let main = "import sqlite3\nfrom config import DATABASES\nsqlite3.connect(DATABASES['auth'])\nsqlite3.connect(DATABASES.get('tasks'))\n";
    let config = "from .databases import DATABASES\n";
    let databases = "BASE = '/app/data'\nDATABASES = {'auth': f'{BASE}/auth.db', 'tasks': BASE + '/tasks.db'}\n";
    let found = told(&[("main.py", main), ("config/__init__.py", config), ("config/databases.py", databases)]);
    assert_eq!(found, ["3:17 opens /app/data/auth.db", "4:17 opens /app/data/tasks.db"]);
}

#[test]
fn case_9_a_key_that_does_not_exist_is_unknown() {
    let found = python("import sqlite3\nPATHS = {'a': 'a.db'}\nsqlite3.connect(PATHS['b'])\n");
    assert_eq!(found, ["2:15 binds a.db", "3:17 opens ?"]);
}

#[test]
fn case_11_a_package_hides_a_module_of_its_name() {
    let main = "import sqlite3\nimport config\nsqlite3.connect(config.DB)\n";
    let found = told(&[("main.py", main), ("config.py", "DB = 'old.db'\n"), ("config/__init__.py", "DB = 'new.db'\n")]);
    assert_eq!(found, ["3:17 opens new.db"]);
}

#[test]
fn a_connection_from_a_function_of_another_module() {
    let main = "from db import get_conn, Store\nconn = get_conn()\nconn.execute('SELECT * FROM users')\ns = Store('b.db')\ns.conn.execute('DELETE FROM tasks')\n";
    let db = "import sqlite3\nDB = 'a.db'\ndef get_conn():\n    return sqlite3.connect(DB)\nclass Store:\n    def __init__(self, path):\n        self.conn = sqlite3.connect(path)\n";
    let uses = facts(&[("main.py", main), ("db.py", db)]).table_uses;
    let uses: Vec<_> = uses
        .iter()
        .map(|table| (&*table.table, table.connection.iter().map(Value::pattern).collect::<Vec<_>>()))
        .collect();
    assert_eq!(uses, [("users", vec!["a.db".to_owned()]), ("tasks", vec!["b.db".to_owned()])]);
}

#[test]
fn deep_nesting_neither_ends_the_process_nor_hides_the_file() {
    let mut text = String::new();
    for level in 0..1000 {
        text.push_str(&format!("{}if x:\n", " ".repeat(level)));
    }
    text.push_str(&format!("{}p = 'deep.db'\n", " ".repeat(1000)));
    assert_eq!(python(&text), ["1001:1006 mentions deep.db"]);
    let wide = format!("x = {}1{}\n", "(".repeat(5000), ")".repeat(5000));
    assert!(python(&wide).is_empty());
    let sum = format!("x = {}'x.db'\n", "'a' + ".repeat(5000));
    assert_eq!(python(&sum).len(), 1);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in r#"(import sqlite3|sqlite3\.connect|[a-z_]{1,4}|'x\.db'|f"\{a\}\.db"|[ \n\t=().,:\[\]{}'"%/+-]|def f|class C:|\PC){0,60}"#) {
        let found = facts(&[("a.py", &text)]);
        for reference in found.references {
            let span = reference.place.span;
            proptest::prop_assert!(text.get(span.range()).is_some());
        }
    }
}

#[test]
fn case_23_an_encoded_secret_says_nothing_but_its_comment_does() {
    let found = python(
        "# holds DATABASE_URL=sqlite:////app/data/app.db\nSECRET = 'REFUQUJBU0VfVVJMPXNxbGl0ZTovLy8vYXBwL2RhdGEvYXBwLmRi'\n",
    );
    assert_eq!(found, ["1:22 mentions sqlite:////app/data/app.db"]);
}

#[test]
fn case_29_code_in_a_string_is_spoken_of_and_not_opened() {
    let found = python("SCRIPT = '''\nimport sqlite3\nconn = sqlite3.connect(\"inner.db\")\n'''\n");
    assert_eq!(found, ["3:25 mentions inner.db"]);
}

#[test]
fn case_40_words_with_dots_are_no_files() {
    let text = "import sqlite3\nKEYS = ['database.sqlite.path', 'django.db.backends.sqlite3', 'opentelemetry.instrumentation.sqlite3', 'memory://', 'x.sqlite3-console']\ndef f(c: sqlite3.Connection): ...\n# see www.sqlite.org, temporal memory: none\n";
    assert_eq!(python(text), [] as [&str; 0]);
}

#[test]
fn case_42_quoting_the_api_is_not_using_it() {
    let text = "import re\nRULE = re.compile(r'sqlite3\\.connect\\(')\nMESSAGE = 'use get_db() instead of sqlite3.connect()'\nif 'sqlite3.connect(' in line:\n    pass\n";
    assert_eq!(python(text), [] as [&str; 0]);
}

#[test]
fn case_45_a_router_s_id_names_no_path() {
    // Unknown from the call: the policy may name `init_router` as an opener of its own.
    assert_eq!(python("init_router('errors')\n"), [] as [&str; 0]);
}

#[test]
fn case_59_a_constant_defined_twice_is_told_twice() {
    let main = "import sqlite3\nfrom paths import DB\nDB = 'second.db'\nsqlite3.connect(DB)\n";
    let found = told(&[("main.py", main), ("paths.py", "DB = 'first.db'\n")]);
    assert_eq!(found, ["3:6 binds second.db", "4:17 opens second.db"]);
    assert_eq!(told(&[("paths.py", "DB = 'first.db'\n"), ("main.py", main)]), ["1:6 binds first.db"]);
}

#[test]
fn a_global_that_another_module_sets() {
    let found = told(&[
        ("app/ub.py", "import sqlite3\npath = None\nready = None\ndef connect():\n    return sqlite3.connect(path)\n"),
        ("app/main.py", "from . import ub\nsettings = 'data/x.db'\nub.path = settings\nother.path = 'no.db'\n"),
    ]);
    assert_eq!(found, ["5:28 opens data/x.db"]);
}

#[test]
fn connections_kept_in_a_dictionary() {
    assert_eq!(
        tables(
            "import sqlite3\nclass Pool:\n    def __init__(self):\n        self.open = {}\n    def get(self, name):\n        if name not in self.open:\n            self.open[name] = sqlite3.connect('pool.db')\n        return self.open[name]\n    def read(self):\n        self.get('x').execute('SELECT a FROM people')\nmine = {}\nmine['a'] = sqlite3.connect('a.db')\nmine['b'] = sqlite3.connect('b.db')\nmine['b'].execute('SELECT a FROM pets')\n"
        ),
        [r#"people Reads ["pool.db"]"#, r#"pets Reads ["b.db"]"#]
    );
}

#[test]
fn a_name_with_a_blank_that_is_joined_to_a_folder() {
    assert_eq!(
        python("from pathlib import Path\nx = Path('data') / 'extra database.db'\n"),
        ["2:20 binds data/extra database.db"]
    );
}

#[test]
fn databases_in_memory_however_they_are_asked_for() {
    for (text, expected) in [
        ("import sqlite_utils\ndb = sqlite_utils.Database(memory=True)\n", "2:35 opens :memory:"),
        ("class Test:\n    SQLALCHEMY_DATABASE_URI = 'sqlite:///:memory:'\n", "2:31 binds sqlite:///:memory:"),
        ("SQLALCHEMY_DATABASE_URI = 'sqlite://'\n", "1:27 binds sqlite://"),
    ] {
        assert_eq!(python(text), [expected], "{text}");
    }
    assert_eq!(python("kind = 'sqlite://'\n"), Vec::<String>::new());
}

#[test]
fn a_default_behind_an_empty_one() {
    let text = "import os\nhere = os.path.dirname(__file__)\nDATABASE_URL = os.environ.get('DATABASE_URL', '').replace('a', 'b') or 'sqlite:///' + os.path.join(here, 'x.db')\n";
    let found = python(text);
    assert!(found.iter().all(|line| line.ends_with("sqlite:///app/x.db [DATABASE_URL]")), "{found:?}");
    assert!(!found.is_empty());
}

#[test]
fn a_reader_with_a_variable_of_its_own() {
    let text = "import dj_database_url\nDATABASES = {'default': dj_database_url.config()}\n";
    assert_eq!(python(text), ["2:25 binds * [DATABASE_URL]"]);
}

#[test]
fn an_ending_that_is_added_to_a_name() {
    let text = "import os\npath = os.path.join(folder, name + '.db')\nif path.endswith('.db'):\n    pass\n";
    assert_eq!(python(text), ["2:36 binds */*.db"]);
}

#[test]
fn an_options_variable_stands_before_its_default() {
    let text = r#"import click, typer
@click.option("--db", envvar="APP_DB_PATH", default="data/app.db")
def main(db): pass
def other(db: str = typer.Option("data/other.db", envvar=["OTHER_DB"])): pass
STORE = {"driver": "weedb.sqlite", "database": "data/weather.db"}
"#;
    let expected =
        ["2:53 binds data/app.db [APP_DB_PATH]", "4:34 binds data/other.db [OTHER_DB]", "5:48 binds data/weather.db"];
    assert_eq!(python(text), expected);
}
