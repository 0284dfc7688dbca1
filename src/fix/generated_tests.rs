//! The laws of fixes on Python that nobody wrote: every shape in every order, with comments, decorators, tabs, mixed line ends and
//! byte-order marks; Python itself compares the syntax trees.

use std::path::Path;

use proptest::prelude::*;

use super::laws_tests::{fixed, not_the_same_tree};
use super::*;
use crate::text::Source;

const POLICY: &str = r#"
[primary]
path = "/app/data/zoe.db"
env = "DATABASE_PATH"
aliases = ["ZOE_DB_PATH"]

[[retired]]
path = "/app/data/auth.db"

[tables]
roadmap_items = "roadmap_priority"
"#;

/// What may stand above everything else.
const HEADS: [&str; 6] = [
    "",
    "#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\n",
    "\"\"\"A module — with a “docstring”.\"\"\"\n",
    "'''Opens /app/data/zoe.db\nin two lines.'''\nfrom __future__ import annotations\n",
    "# a comment about zoe.db\n\nfrom __future__ import (\n    annotations,  # dbguard leaves this\n)\n",
    "# é\n'doc'; x0 = 1\n",
];

const IMPORTS: [&str; 6] = [
    "import os\nimport sqlite3\nfrom pathlib import Path\n",
    "import sqlite3, os as _os\nimport os\nfrom pathlib import Path\n",
    "from pathlib import Path\nimport sqlite3\n",
    "from os import getenv, environ as env\nimport sqlite3\nfrom pathlib import Path\n",
    "try:\n\timport sqlite3\nexcept ImportError:\n\tsqlite3 = None\nfrom pathlib import Path\n",
    "import sqlite3  # first\nfrom pathlib import (\n    Path,\n)\n",
];

/// `№` stands for a number of its own, `→` for an indentation.
const SHAPES: [&str; 24] = [
    "DB_№ = \"/app/data/zoe.db\"  # zoe.db, /app/data/zoe.db\n",
    "DB_№: str = '/app/data/zoe.db'\nC_№ = sqlite3.connect(DB_№)\n",
    "PATH_№ = Path(\"/app/data\") / 'zoe.db'\n",
    "PATH_№ = Path(  # where\n→\"/app/data/auth.db\",\n)\nC_№ = sqlite3.connect(str(PATH_№))\n",
    "def open_№(path=\"/app/data/auth.db\", *, timeout=5):\n→\"\"\"Opens 'auth.db'.\"\"\"\n→return sqlite3.connect(path, timeout=timeout)\n",
    "class Store_№(object):\n→\"\"\"Keeps.\"\"\"\n→PATH = r'/app/data/zoe.db'\n→@staticmethod\n→def size(x: int = 3) -> int: return x\n→def open(self):\n→→return sqlite3.connect(self.PATH)\n",
    "URL_№ = \"sqlite:////app/data/auth.db?timeout=5\"\nENGINE_№ = create_engine(URL_№) if URL_№ else None\n",
    "CONFIG_№ = {\"db\": '/app/data/zoe.db', **{}, \"n\": [1, 2,], 'k': {'path': \"/app/data/auth.db\"}}\n",
    "def arguments_№(parser):\n→parser.add_argument(\"--db\", default=\"/app/data/zoe.db\", help=\"zoe.db\")\n→return sqlite3.connect(parser.parse_args().db)\n",
    "def rows_№(at: str = 'x'):\n→with sqlite3.connect(\"/app/data/zoe.db\") as c:\n→→return c.execute(\"\"\"\n→→→SELECT r.id, 'roadmap_items' AS t -- roadmap_items\n→→→FROM roadmap_items AS r WHERE at = ?\n→→\"\"\", (at,)).fetchall()\n",
    "def some_№(names, width=4):\n→c = sqlite3.connect('/app/data/zoe.db')\n→return c.execute(f\"SELECT {', '.join(f'{n:>{width}}' for n in names)} FROM roadmap_items\")\n",
    "OLD_№ = __import__('os').environ.get(\"ZOE_DB_PATH\", \"/app/data/zoe.db\")\n",
    "f_№ = lambda path='/app/data/zoe.db': sqlite3.connect(path)\n",
    "text_№ = 'a' \\\n→'b'; DB_№ = \"/app/data/zoe.db\"\n",
    "def deep_№():\n→def inner():\n→→if (n := len('x')) > 1:\n→→→return sqlite3.connect('/app/data/' + 'zoe.db')\n→→return None\n→return inner\n",
    "for name_№ in ('auth', 'zoe'):\n→path_№ = f\"/app/data/{name_№}.db\"\n→sqlite3.connect(path_№)\n",
    "match_№ = {'/app/data/zoe.db': 1}\n",
    "def insert_№(c=sqlite3.connect(\"/app/data/zoe.db\")):\n→c.execute(\"INSERT INTO roadmap_items (id) \"\n→→\"SELECT id FROM \\\"roadmap_items\\\" WHERE title LIKE '%s'\" % 'x')\n",
    "async def a_№(path: 'str | None' = None):\n→async with aiosqlite.connect(path or \"/app/data/auth.db\") as db:\n→→await db.execute('DELETE FROM roadmap_items')\n",
    "print('the file is /app/data/zoe.db')\nassert True, \"roadmap_items\"\n",
    "# sqlite3.connect('/app/data/auth.db')\nUNICODE_№ = 'żółć “”'; DB_№ = '/app/data/auth.db'\n",
    "@decorate(path=\"/app/data/zoe.db\")\ndef decorated_№(): pass\n",
    "BYTES_№ = b'/app/data/zoe.db'\nRAW_№ = rf'/app/data/{\"zoe\"}.db'\n",
    "LIST_№ = [\n→'/app/data/zoe.db',  # one\n→'/app/data/auth.db',\n]\n",
];

#[derive(Debug, Clone)]
struct Written {
    head: &'static str,
    imports: &'static str,
    shapes: Vec<&'static str>,
    tabs: bool,
    /// Every so manieth line ends in CRLF; 0 for none.
    crlf: usize,
    marked: bool,
    last_line_ends: bool,
}

impl Written {
    fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{}{}\n", self.head, self.imports);
        for (number, shape) in self.shapes.iter().enumerate() {
            text.push_str(&shape.replace('№', &number.to_string()));
            text.push_str(["", "\n", "\n\n"][number % 3]);
        }
        let text = text.replace('→', if self.tabs { "\t" } else { "    " });
        let mut out = Vec::new();
        if self.marked {
            out.extend_from_slice(b"\xEF\xBB\xBF");
        }
        for (number, line) in text.lines().enumerate() {
            out.extend_from_slice(line.as_bytes());
            let wide = self.crlf > 0 && number % self.crlf == 0;
            out.extend_from_slice(if wide { b"\r\n" } else { b"\n" });
        }
        if !self.last_line_ends {
            while out.ends_with(b"\n") || out.ends_with(b"\r") {
                out.pop();
            }
        }
        out
    }
}

fn written() -> impl Strategy<Value = Written> {
    let shapes = prop::collection::vec(prop::sample::select(&SHAPES[..]), 1..7);
    let heads = prop::sample::select(&HEADS[..]);
    let imports = prop::sample::select(&IMPORTS[..]);
    (heads, imports, shapes, any::<bool>(), 0_usize..4, prop::bool::weighted(0.2), any::<bool>()).prop_map(
        |(head, imports, shapes, tabs, crlf, marked, last_line_ends)| Written {
            head,
            imports,
            shapes,
            tabs,
            crlf,
            // A mark before a shebang or an encoding line is no Python that anybody has.
            marked: marked && !head.starts_with('#'),
            last_line_ends,
        },
    )
}

/// What breaks a law in a tree of these files.
fn faults(files: &[Written]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    put(root, "dbguard.toml", POLICY.as_bytes());
    for (number, file) in files.iter().enumerate() {
        put(root, &format!("m{number}.py"), &file.bytes());
    }
    let done = fixed(root, true);
    let mut faults = not_the_same_tree(root, &done);
    let mut told: Vec<String> = Vec::new();
    for patch in &done.patches {
        let contents = patch.contents(root).unwrap();
        let before = Source::new(&*patch.file, contents.before.unwrap_or_default());
        let mut expected = String::new();
        let mut end = 0;
        for (edit, _) in patch.edits() {
            let range = edit.span.range();
            if range.start < end {
                faults.push(format!("{}: edits overlap at {}", patch.file, range.start));
            }
            expected.push_str(before.text.get(end..range.start).unwrap_or(""));
            expected.push_str(&edit.text);
            end = range.end;
        }
        expected.push_str(before.text.get(end..).unwrap_or(""));
        if before.encode(&expected).as_deref() != Ok(&contents.after) {
            faults.push(format!("{}: bytes outside of its edits changed", patch.file));
        }
        told.push(format!("{}:\n{}", patch.file, String::from_utf8_lossy(&contents.after)));
    }
    save(root, &done.patches).into_iter().for_each(|saved| drop(saved.unwrap()));
    for patch in fixed(root, true).patches {
        let after = patch.contents(root).unwrap().after;
        faults.push(format!("{} is changed again:\n{}", patch.file, String::from_utf8_lossy(&after)));
    }
    if !faults.is_empty() {
        faults.extend(told);
    }
    faults
}

fn put(root: &Path, file: &str, bytes: &[u8]) {
    #[expect(clippy::disallowed_methods, reason = "the test makes the files it looks at")]
    std::fs::write(root.join(file), bytes).unwrap();
}

/// Each shape by itself is fixed or left, and none spoils the file.
#[test]
fn every_shape_by_itself_keeps_the_laws() {
    let file = |(number, shape): (usize, &&'static str)| Written {
        head: HEADS[number % HEADS.len()],
        imports: IMPORTS[number % IMPORTS.len()],
        shapes: vec![shape],
        tabs: number % 2 == 0,
        crlf: number % 3,
        marked: false,
        last_line_ends: number % 5 > 0,
    };
    let files: Vec<Written> = SHAPES.iter().enumerate().map(file).collect();
    let faults = faults(&files);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn python_that_nobody_wrote_keeps_the_laws(files in prop::collection::vec(written(), 1..10)) {
        let faults = faults(&files);
        prop_assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
