//! Habits of applications that one person grew: modules found through `sys.path`, folders set later, names put together.
//! Each test is a program and what must be told of it.

use super::tests::told;

#[test]
fn a_module_is_imported_by_its_bare_name_from_anywhere() {
    let store = ("core/store/paths_db.py", "DB_PATH = 'data/x.db'\n");
    let reader = "import sqlite3\nfrom paths_db import DB_PATH\nsqlite3.connect(DB_PATH)\n";
    assert_eq!(told(&[("web/a.py", reader), store]), ["3:17 opens data/x.db"]);
    let whole = "import sqlite3\nimport paths_db as paths\nsqlite3.connect(paths.DB_PATH)\n";
    assert_eq!(told(&[("web/a.py", whole), store]), ["3:17 opens data/x.db"]);
    // Of two the nearer one; of two that are as far, none.
    let other = ("web/inner/paths_db.py", "DB_PATH = 'web.db'\n");
    assert_eq!(told(&[("web/page/a.py", reader), store, other]), ["3:17 opens web.db"]);
    assert_eq!(told(&[("scripts/a.py", reader), store, other]), ["3:17 opens ?"]);
    // What a library is called belongs to the library.
    let library = "import dataset\ndataset.connect('sqlite:///y.db')\n";
    assert_eq!(told(&[("a.py", library), ("ml/dataset.py", "connect = None\n")]), ["2:17 opens sqlite:///y.db"]);
}

#[test]
fn a_package_imports_its_own_modules_by_its_name() {
    let package = ("app/__init__.py", "from app import store\nDB_FILE = None\n");
    let store = ("app/store.py", "NAME = 'x.db'\n");
    let main = "import os, sqlite3, sys\nimport app\nfrom app import store\napp.DB_FILE = os.path.join(sys.argv[1], store.NAME)\nsqlite3.connect(app.DB_FILE)\n";
    assert_eq!(told(&[("main.py", main), package, store]), ["4:15 binds */x.db", "5:17 opens */x.db"]);
}

#[test]
fn the_ending_of_a_name_is_no_database() {
    let text = "import sqlite3\ndef backup(base, ext):\n    if not ext:\n        ext = '.sqlite'\n    sqlite3.connect(f'{base}_copy{ext}')\n";
    assert_eq!(told(&[("a.py", text)]), ["5:21 opens *_copy.sqlite"]);
}

#[test]
fn a_wrapper_is_called_by_the_name_it_was_imported_under() {
    let wrapper =
        ("old.py", "import sqlite3\nclass Store:\n    def __init__(self, path):\n        sqlite3.connect(path)\n");
    let caller = ("app.py", "from old import Store as OldStore\nstore = OldStore('v3.db')\n");
    assert_eq!(told(&[wrapper, caller]), ["4:25 opens v3.db"]);
}

#[test]
fn a_base_class_opens_what_its_subclass_sets() {
    let base = "from sqlalchemy import create_engine\nclass Base:\n    URL = ''\n    def __init__(self):\n        self.engine = create_engine(self.URL)\n";
    let own = (
        "own.py",
        "from base import Base\nclass Own(Base):\n    def __init__(self):\n        self.URL = 'sqlite:///own.db'\n        super().__init__()\n",
    );
    assert_eq!(told(&[("base.py", base), own]), ["5:37 opens sqlite:///own.db"]);
    assert_eq!(told(&[("base.py", base)]), ["5:37 opens "]);
}

#[test]
fn a_name_is_replaced_within_a_path() {
    let paths = ("paths.py", "DB = 'data/v4.db'\n");
    let user = "import sqlite3\nfrom paths import DB\nsqlite3.connect(DB.replace('v4.db', 'v3.db'))\n";
    assert_eq!(told(&[("a.py", user), paths]), ["3:28 mentions v4.db", "3:37 opens data/v3.db"]);
}

#[test]
fn a_sum_is_no_part_of_a_name() {
    let text = "import sqlite3\nlast = 1\ndef scan(rows):\n    number = len(rows) + 1\n    sqlite3.connect(f'scan_{number}.db')\n";
    assert_eq!(told(&[("a.py", text)]), ["5:21 opens scan_*.db"]);
}

#[test]
fn a_folder_that_is_not_set_yet_is_not_the_working_directory() {
    let settings = ("settings.py", "DATA_DIR = ''\n");
    let user = "import os, sqlite3\nimport settings\nsqlite3.connect(os.path.join(settings.DATA_DIR, 'x.db'))\n";
    assert_eq!(told(&[("a.py", user), settings]), ["3:49 opens */x.db"]);
    let project = "import sqlite3\nfrom pathlib import Path\ndef look(project):\n    sqlite3.connect(Path(project.get('path', '')) / 'x.db')\n";
    assert_eq!(told(&[("a.py", project)]), ["4:53 opens */x.db"]);
}

#[test]
fn nothing_in_place_of_a_variable_is_no_folder() {
    let text = "import os, sqlite3\nHOME = (os.environ.get('HOME_DIR') or '').strip()\nsqlite3.connect(os.path.join(HOME, 'x.db'))\n";
    assert_eq!(told(&[("a.py", text)]), ["3:36 opens */x.db [HOME_DIR]"]);
}

#[test]
fn of_a_list_of_files_only_the_databases_count() {
    let text = "import os, shutil\ndef restore(source, target):\n    for name in ['one.db', 'config.ini']:\n        file = os.path.join(source, name)\n        shutil.move(file, target)\n";
    assert_eq!(told(&[("a.py", text)]), ["3:18 binds one.db", "4:16 binds */one.db"]);
}
