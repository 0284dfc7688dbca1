//! How fast the parts are: deciding whether a source is read at all, lowering Python, reading SQL.

use std::fmt::Write as _;
use std::sync::Arc;

use dbguard::lang::{self, Language};
use dbguard::text::Source;
use divan::Bencher;
use divan::counter::BytesCount;

fn main() {
    divan::main();
}

/// Python as applications have it: mostly without databases, and `databases` functions that open one.
fn python(functions: usize, databases: usize) -> String {
    let mut text =
        String::from("import os\nimport sqlite3\nfrom pathlib import Path\n\nBASE = Path(__file__).parent\n");
    for index in 0..functions {
        let _ = write!(
            text,
            "\n\nclass Service{index}:\n    \"\"\"Keeps what it is told.\"\"\"\n\n    def __init__(self, name, limit={index}):\n        \
             self.name = name\n        self.limit = limit\n\n    def run(self, values):\n        total = 0\n        \
             for value in values:\n            if value > self.limit:\n                total += value\n        return total\n"
        );
    }
    for index in 0..databases {
        let _ = write!(
            text,
            "\n\nDB_{index} = os.getenv('DATABASE_PATH', str(BASE / 'data' / 'service_{index}.db'))\n\n\ndef open_{index}():\n    \
             with sqlite3.connect(DB_{index}) as connection:\n        \
             return connection.execute('SELECT id, name FROM users_{index} WHERE id = ?', (1,)).fetchall()\n"
        );
    }
    text
}

#[divan::bench(args = [0, 4, 40])]
fn python_with_databases(bencher: Bencher<'_, '_>, databases: usize) {
    let source = Source::new("service.py", python(200, databases).into_bytes());
    bencher
        .counter(BytesCount::new(source.text.len()))
        .bench(|| lang::read(divan::black_box(&source), Language::Python));
}

#[divan::bench]
fn python_lowered(bencher: Bencher<'_, '_>) {
    let source = Arc::new(Source::new("service.py", python(200, 4).into_bytes()));
    bencher
        .counter(BytesCount::new(source.text.len()))
        .bench(|| lang::python::lower(Arc::clone(divan::black_box(&source))));
}

#[divan::bench]
fn sql_statements(bencher: Bencher<'_, '_>) {
    let mut text = String::new();
    for index in 0..500 {
        let _ = writeln!(
            text,
            "CREATE TABLE t{index} (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT '');\n\
             INSERT INTO t{index} (id, name) SELECT id, name FROM s{index} AS s JOIN users u ON u.id = s.id;"
        );
    }
    bencher.counter(BytesCount::new(text.len())).bench(|| lang::sql::statements(divan::black_box(&text)));
}

#[divan::bench]
fn mentions_in_prose(bencher: Bencher<'_, '_>) {
    let text =
        "Copy `auth.db` to data/zoe.db, see self.db.x and app.db.init_db, then restart the service.\n".repeat(500);
    bencher.counter(BytesCount::new(text.len())).bench(|| lang::names::mentions(divan::black_box(&text)));
}
