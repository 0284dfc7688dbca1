//! Names of tables by the ways in which programs keep them, compare them and hand them on.

use super::Language;
use super::tables_tests::{expect, python};

#[test]
fn names_that_objects_keep() {
    python(&[
        "class Repo:\n    table = None\n    def all(self):\n        return c.execute(f'SELECT * FROM {self.table}')\nclass Users(Repo):\n    table = '‹users›'\nUsers().all()",
        "class Repo:\n    def __init__(self, table):\n        self.table = table\n    def all(self):\n        return c.execute(f'SELECT * FROM {self.table}')\nRepo('‹users›').all()",
        "from dataclasses import dataclass\n@dataclass\nclass T:\n    name: str\n    key: str\nfor t in [T('‹users›', 'id'), T('‹posts›', 'id')]:\n    c.execute(f'SELECT {t.key} FROM {t.name}')",
        "from enum import Enum\nclass Tables(str, Enum):\n    USERS = '‹users›'\n    POSTS = 'posts'\nc.execute(f'SELECT * FROM {Tables.USERS.value}')",
        "from collections import namedtuple\nT = namedtuple('T', 'name key')\nALL = (T('‹users›', 'id'), T(name='‹posts›', key='id'))\nfor t in ALL:\n    c.execute(f'SELECT {t.key} FROM {t.name}')",
        "class R:\n    @property\n    def table(self):\n        return '‹users›'\n    def all(self):\n        return c.execute(f'SELECT * FROM {self.table}')",
        "class Q:\n    def __init__(self, table):\n        self._t = table\n    def where(self, w):\n        self._w = w\n        return self\n    def all(self):\n        return c.execute(f'SELECT * FROM {self._t} WHERE {self._w}')\nQ('‹users›').where('1').all()",
        "from abc import ABC, abstractmethod\nclass Base(ABC):\n    @property\n    @abstractmethod\n    def table(self): ...\n    def all(self):\n        return c.execute(f'SELECT * FROM {self.table}')\nclass Users(Base):\n    @property\n    def table(self):\n        return '‹users›'",
        "class M:\n    table = '‹users›'\n    @classmethod\n    def all(cls):\n        return c.execute(f'SELECT * FROM {cls.table}')\n    @classmethod\n    def get(cls, id):\n        return c.execute(f'SELECT * FROM {cls.table} WHERE id = ?', (id,))",
        "class Store:\n    def add(self, table, id):\n        c.execute(f'INSERT INTO {table} (id) VALUES (?)', (id,))\nstore = Store()\nstore.add('‹users›', 1)\nfound = set()\nfound.add('‹posts›')\nfor t in found:\n    c.execute(f'DELETE FROM {t}')",
        "class Repo:\n    def __init__(self, con, table):\n        self.con = con\n        self.table = table\n    def all(self):\n        return self.con.execute(f'SELECT * FROM {self.table}')\nclass Users(Repo):\n    def __init__(self, con):\n        super().__init__(con, '‹users›')\nUsers(c).all()",
        "class Table:\n    def __init__(self, name, columns):\n        self.name = name\n        self.columns = columns\n    def create(self):\n        c.execute(f\"CREATE TABLE {self.name} ({', '.join(self.columns)})\")\nusers_table = Table('‹users›', ['id'])\nusers_table.create()",
        "class B:\n    TABLE: str\n    def n(self):\n        return c.execute('SELECT count(*) FROM {}'.format(self.TABLE))\nclass U(B):\n    TABLE = '‹users›'\nclass P(B):\n    TABLE = '‹posts›'",
        "class U:\n    class Meta:\n        table = '‹users›'\n    def all(self):\n        return c.execute(f'SELECT * FROM {self.Meta.table}')",
        "class R:\n    table = '‹!users›'\n    def all(self):\n        return c.execute(f'SELECT * FROM {self.table}')\n    def url(self):\n        return f'/api/{self.table}'",
        "from enum import Enum\nclass T(Enum):\n    USERS = '‹!users›'\n    POSTS = 'posts'\nc.execute(f'SELECT * FROM {T.USERS.value}')\nprint([t.value for t in T])",
    ]);
}

#[test]
fn names_that_are_compared() {
    python(&[
        "@app.get('/rows')\ndef rows(table='‹users›'):\n    if table not in ('‹!users›', '‹!posts›'):\n        raise KeyError\n    return c.execute(f'SELECT * FROM {table}')",
        "ALLOWED = {'‹users›', '‹posts›'}\ndef count(t):\n    if t not in ALLOWED:\n        raise ValueError(t)\n    return c.execute(f'SELECT count(*) FROM {t}')\ncount('‹users›')",
        "def show(table):\n    if table == '‹users›':\n        print('people')\n    return c.execute(f'SELECT * FROM {table}')\nshow('‹users›')",
        "def show(table):\n    match table:\n        case '‹users›':\n            print('people')\n    return c.execute(f'SELECT * FROM {table}')\nshow('‹users›')",
        "for (name,) in c.execute(\"SELECT name FROM sqlite_master WHERE type='table'\"):\n    if name == '‹users›':\n        continue\n    c.execute(f'DROP TABLE {name}')",
        "import unittest\nclass T(unittest.TestCase):\n    def test_all(self):\n        tables = [r[0] for r in c.execute(\"SELECT name FROM sqlite_master WHERE type='table'\")]\n        self.assertIn('‹users›', tables)\n        self.assertEqual(sorted(tables), ['‹!posts›', '‹!users›'])\n        self.assertNotIn('‹nothing›', tables)",
        "rows = c.execute(\"SELECT name FROM sqlite_master WHERE type='table' ORDER BY name\").fetchall()\nassert rows == [('‹!posts›',), ('‹!users›',)]\nassert [r[0] for r in rows] == ['‹!posts›', '‹!users›']\nassert rows[1][0] == '‹users›'",
        "names = {row['name'] for row in c.execute(\"SELECT name FROM sqlite_master\")}\nassert names == {'‹users›', '‹posts›'}\nassert names.issuperset({'‹users›'})\nexpected = {'‹users›', '‹posts›'}\nassert expected.issubset(names)\nassert not expected - names",
        "def get_tables():\n    return {r[0] for r in c.execute(\"SELECT name FROM sqlite_master WHERE type='table'\")}\nassert '‹users›' in get_tables()\nt = get_tables()\nassert t >= {'‹users›'}",
        "for row in c.execute(\"SELECT name FROM sqlite_master WHERE type='table'\").fetchall():\n    if row[0] in ('‹users›', '‹posts›'):\n        c.execute(f'DELETE FROM {row[0]}')",
        "COLUMNS = {'‹users›': ['id', 'name']}\ndef ins(table, row):\n    cols = COLUMNS[table]\n    c.execute(f\"INSERT INTO {table} ({','.join(cols)}) VALUES (1, 2)\")\nins('‹users›', {})",
        "import sys\nALLOWED = ('‹!users›', '‹!posts›')\ndef count(t):\n    if t not in ALLOWED:\n        raise ValueError\n    return c.execute(f'SELECT count(*) FROM {t}')\ncount(sys.argv[1])\ncount('‹users›')",
        "import sys\nALLOWED = ('‹!users›', '‹!posts›')\ndef count(t):\n    if t not in ALLOWED:\n        raise ValueError\n    return c.execute(f'SELECT count(*) FROM {t}')\ncount(sys.argv[1])",
        "def f(table):\n    kind = 'u' if table == '‹!users›' else 'p'\n    return c.execute(f'SELECT {kind} FROM {table}')\nf(input())",
    ]);
}

#[test]
fn names_that_functions_give_which_are_handed_on() {
    python(&[
        "def data(db):\n    return (('‹!users›', ('name',)), ('‹!posts›', ('id',)))\ndef insert(rows):\n    rows = rows(c) if callable(rows) else rows\n    for table, columns in rows:\n        c.execute(f\"INSERT INTO {table} ({','.join(columns)}) VALUES (1)\")\ninsert(data)",
        "class Env:\n    def insert(self, rows):\n        with self.db() as db:\n            for table, columns in rows:\n                c.executemany('INSERT INTO %s (%s)' % (db.quote(table), columns), [])\nEnv().insert((('‹users›', 'id'), ('‹posts›', 'id')))",
        "def insert(rows):\n    for table in rows():\n        c.execute(f'DELETE FROM {table}')\ninsert(lambda: ['‹!users›'])",
    ]);
}

#[test]
fn names_of_tables_of_a_class_that_the_tree_has() {
    python(&[
        "class Table:\n    def __init__(self, name, key=None):\n        self.name = name\n        self.key = key\nSCHEMA = [Table('‹users›', key='id'), Table('‹posts›', key=('id', 'name'))]",
        "from rich.table import Table\nTable('users', 'id')",
    ]);
}

#[test]
fn names_that_pieces_of_sql_take() {
    python(&[
        "T = '‹users›'\ndef add(row):\n    sql = 'INSERT INTO {} ({}) VALUES ({})'\n    c.execute(sql.format(T, ','.join(row), '?'), row)",
        "class Jobs:\n    def __init__(self, table='‹users›'):\n        self.table = table\n    def clear(self, keep):\n        where = f'WHERE id IN (SELECT id FROM {self.table} LIMIT {keep})' if keep else ''\n        c.execute(f'DELETE FROM {self.table} {where}')\nJobs()",
        "SQL = 'SELECT {cols} FROM {table}'\nc.execute(SQL.format(cols='id', table='‹users›'))\nclass R:\n    COUNT = 'SELECT count(*) FROM %s'\n    def count(self):\n        return c.execute(self.COUNT % '‹posts›')",
        "T = '‹users›'\nSQL = 'SELECT count(*) FROM %s'\nc.execute(SQL % T)",
        "def find(word, exact):\n    query = 'SELECT id FROM ‹users› WHERE '\n    if exact:\n        where = ' ‹users›.name = ? '\n    else:\n        where = ' (‹users›.name >= ? AND ‹users›.name < ?) '\n    order = ' ORDER BY ‹users›.age DESC '\n    sql = query + where + order\n    return c.execute(sql, (word,))",
        "def find(word):\n    base = 'SELECT id FROM ‹users›'\n    where = 'WHERE ‹users›.name = ?'\n    return c.execute(f'{base} {where} ORDER BY ‹users›.age', (word,))",
        "def find(word):\n    base = 'SELECT id FROM ‹users›'\n    where = 'WHERE ‹users›.name = ?'\n    return c.execute(' '.join([base, where]), (word,))",
        "class R:\n    sql = 'SELECT * FROM {t}'\n    def __init__(self, t):\n        self.t = t\n    def all(self):\n        return c.execute(self.sql.format(t=self.t))\nR('‹users›').all()",
        "def run(**names):\n    c.execute('SELECT * FROM {t}'.format(**names))\nrun(t='‹users›')",
        "def drop(*names):\n    for name in names:\n        c.execute(f'DROP TABLE {name}')\ndrop('‹users›', '‹posts›')\nOLD = ['‹logs›']\ndrop(*OLD)",
        "def last(*names):\n    c.execute(f'DROP TABLE {names[18446744073709551615]}')\nlast('users')",
        "def first(*names):\n    c.execute(f'DROP TABLE {names[0]}')\nfirst('‹users›', 'id')",
        "c.execute('SELECT * FROM {t}'.format_map({'t': '‹users›'}))",
        "settings = {'table': '‹users›'}\nc.execute(f\"SELECT * FROM {settings.get('table', '‹users›')}\")",
        "import os\nT = os.environ.get('USERS_TABLE', '‹!users›')\nc.execute(f'SELECT * FROM {T}')",
        "INSERT = 'INSERT INTO %(table)s VALUES (1)'\nfor t in ('‹users›', '‹posts›'):\n    c.execute(INSERT % {'table': t})",
        "T = '‹!users›'\nc.execute(f'SELECT * FROM {T}')\nopen(f'copied from {T}')",
    ]);
}

#[test]
fn names_that_methods_of_unknown_objects_take() {
    python(&[
        "class Store:\n    def count_rows(self, table):\n        return c.execute(f'SELECT count(*) FROM {table}').fetchone()\ndef report(bot):\n    return bot.store.count_rows('‹users›')",
        "from abc import ABC, abstractmethod\nclass Base(ABC):\n    @abstractmethod\n    def count_rows(self, table): ...\nclass Store(Base):\n    def count_rows(self, table):\n        return c.execute(f'SELECT count(*) FROM {table}').fetchone()\ndef report(bot):\n    return bot.store.count_rows('‹users›')",
        "class Store:\n    def count(self, table):\n        return c.execute(f'SELECT count(*) FROM {table}').fetchone()\ndef report(bot):\n    return bot.store.count('‹!users›')",
        "class Store:\n    def count_rows(self, table):\n        return c.execute(f'SELECT count(*) FROM {table}').fetchone()\nclass Other:\n    def count_rows(self, name):\n        return len(name)\ndef report(bot):\n    return bot.store.count_rows('‹!users›')",
        "import unittest\nclass T(unittest.TestCase):\n    def test_tables(self):\n        c.execute(\"SELECT name FROM sqlite_master WHERE type='table'\")\n        tables = [row[0] for row in c.fetchall()]\n        for table in ['‹users›', '‹posts›']:\n            self.assertIn(table, tables, f'no {table}')",
        "EXPECTED = {'‹users›': {'id'}}\ndef assert_schema(conn, expected):\n    existing_tables = {r[0] for r in conn.execute(\"SELECT name FROM sqlite_master\")}\n    for table, columns in expected.items():\n        if table not in existing_tables:\n            raise RuntimeError(f'missing table {table!r}')\n        assert columns <= {r[1] for r in conn.execute(f'PRAGMA table_info({table})')}\nassert_schema(c, EXPECTED)\nassert_schema(c, {'‹posts›': {'id'}})",
        "class Store:\n    ALLOWED_TABLES = frozenset({'‹users›', '‹posts›'})\n    def rows(self, table):\n        if table not in self.ALLOWED_TABLES:\n            raise ValueError(f'no {table}')\n        return c.execute(f'SELECT * FROM {table}')\nimport unittest\nclass T(unittest.TestCase):\n    def test_it(self):\n        self.assertIsInstance(Store.ALLOWED_TABLES, frozenset)\n        Store().rows('‹users›')",
    ]);
}

#[test]
fn names_that_become_keys() {
    python(&[
        "counts = {}\nfor t in ['‹users›', '‹posts›']:\n    counts[t] = c.execute(f'SELECT count(*) FROM {t}').fetchone()[0]\nprint(f'found {counts}', sum(counts.values()), len(counts))",
        "def counts():\n    found = {}\n    for t in ('‹users›', '‹posts›'):\n        found[t] = c.execute(f'SELECT count(*) FROM {t}').fetchone()[0]\n    return found\ndef test_counts():\n    assert counts()['‹users›'] == 0\n    assert '‹posts›' in counts()",
        "before = dict()\nafter = {}\nfor t in ['‹users›']:\n    before[t] = c.execute(f'SELECT * FROM {t}').fetchall()\nfor t in ['‹users›']:\n    after[t] = c.execute(f'SELECT * FROM {t}').fetchall()\n    assert before[t] == after[t], f'{t} is another'\nassert before == after",
        "from collections import Counter\nseen = Counter()\nfor t in ['‹users›']:\n    c.execute(f'DELETE FROM {t}')\n    seen[t] += 1\nfor t, n in seen.items():\n    print(f'{t}: {n} rows')\n    c.execute(f'DELETE FROM {t}')",
        "@app.get('/counts')\ndef counts():\n    found = {}\n    for t in ['‹!users›']:\n        found[t] = c.execute(f'SELECT count(*) FROM {t}').fetchone()[0]\n    return found",
        "import json\nfound = {}\nfor t in ['‹!users›']:\n    found[t] = c.execute(f'SELECT * FROM {t}').fetchall()\njson.dump(found, open('all.json', 'w'))",
        "def counts(found):\n    for t in ['‹!users›']:\n        found[t] = c.execute(f'SELECT count(*) FROM {t}').fetchone()[0]\nfound = {}\ncounts(found)\nprint(found['users'])",
        "def add(table, id):\n    if table == 'users':\n        c.execute('INSERT INTO ‹users› (id) VALUES (?)', (id,))\n    else:\n        c.execute('INSERT INTO ‹posts› (id) VALUES (?)', (id,))\nadd('users', 1)",
        "def stored(table):\n    assert table in ('‹users›', '‹posts›'), f'unexpected table: {table}'\n    return c.execute(f'SELECT * FROM {table}')\nstored('‹users›')",
    ]);
}

#[test]
fn names_that_others_hand_on() {
    python(&[
        "import functools\ndef fetch(table, n):\n    return c.execute(f'SELECT * FROM {table} LIMIT {n}')\nusers = functools.partial(fetch, '‹users›')\nusers(3)",
        "from concurrent.futures import ThreadPoolExecutor\ndef load(table, n):\n    return c.execute(f'SELECT * FROM {table} LIMIT {n}')\nwith ThreadPoolExecutor() as ex:\n    ex.submit(load, '‹users›', 3)\n    list(ex.map(load, ['‹users›', '‹posts›'], [1, 2]))",
        "import pytest\n@pytest.mark.parametrize('table', ['‹users›', '‹posts›'])\ndef test_table(table):\n    assert c.execute(f'SELECT count(*) FROM {table}').fetchone()[0] == 0",
        "import pytest\n@pytest.mark.parametrize('table', ['‹users›', '‹posts›'])\ndef test_table(table):\n    assert c.execute(\"SELECT name FROM sqlite_master WHERE type='table' AND name=?\", (table,)).fetchone() is not None",
        "import pytest\n@pytest.fixture(params=['‹!users›', '‹!posts›'])\ndef table(request):\n    return request.param\ndef test_it(table):\n    c.execute(f'SELECT * FROM {table}')",
        "import unittest\nclass T(unittest.TestCase):\n    def test_all(self):\n        for table in ('‹users›', '‹posts›'):\n            with self.subTest(table=table):\n                self.assertEqual(c.execute(f'SELECT count(*) FROM {table}').fetchone()[0], 0)",
        "for t, k in zip(['‹users›', '‹posts›'], ['id', 'id']):\n    c.execute(f'SELECT {k} FROM {t}')",
        "def tables():\n    return ['‹users›', '‹posts›']\nfor t in tables():\n    c.execute(f'DELETE FROM {t}')",
        "def outer(table):\n    def inner():\n        return c.execute(f'SELECT * FROM {table}')\n    return inner\nouter('‹users›')()",
        "count = lambda t: c.execute(f'SELECT count(*) FROM {t}')\ncount('‹users›')",
        "import re\ndef ident(name):\n    if not re.fullmatch(r'\\w+', name):\n        raise ValueError(name)\n    return name\ndef n(table):\n    return c.execute(f'SELECT count(*) FROM {ident(table)}')\nn('‹users›')",
        "def q(name):\n    return '\"' + name.replace('\"', '\"\"') + '\"'\ndef n(table):\n    return c.execute(f'SELECT count(*) FROM {q(table)}')\nn('‹users›')",
        "def select(table):\n    return f'SELECT * FROM {table}'\nc.execute(select('‹users›'))",
        "def select(table, where=None):\n    sql = f'SELECT * FROM {table}'\n    if where:\n        sql += f' WHERE {where}'\n    return sql\nc.execute(select('‹users›', 'id = 1'))",
        "def name():\n    return '‹!users›'\nc.execute(f'SELECT * FROM {name()}')\nopen(name() + '.txt')",
    ]);
}

#[test]
fn names_in_what_is_spread_or_split() {
    python(&[
        "def n(table):\n    return c.execute(f'SELECT count(*) FROM {table}')\nKEYS = [('‹users›',), ('‹posts›',)]\nfor key in KEYS:\n    n(*key)",
        "def n(kind, table):\n    return c.execute(f'SELECT {kind} FROM {table}')\noptions = {'table': '‹users›'}\nn('id', **options)",
        "c.execute('SELECT * FROM {t}'.format(**{'t': '‹users›'}))",
        "def n(table, column):\n    c.execute('ALTER TABLE [{0}] ADD {1}'.format(table, column))\n    c.execute('DELETE FROM \"%s\"' % table)\nn('‹users›', 'a')",
        "def n(table):\n    c.execute('DELETE FROM `{}`'.format(table))\nn('‹users›')",
        "def n(table):\n    c.execute('DELETE FROM \"%s\" WHERE id = %d' % (table, 1))\nn('‹users›')",
        "names = {'t': '‹users›'}\nc.execute('SELECT * FROM {t}'.format(**names))\nc.execute('SELECT * FROM %(t)s' % names)",
        "for t in '‹!users› ‹!posts›'.split():\n    c.execute(f'DELETE FROM {t}')",
        "TABLES = '‹!users›, ‹!posts›'.split(', ')\nc.execute(f'DELETE FROM {TABLES[0]}')",
        "say('users posts'.split())",
        "import sqlite_utils\ndb = sqlite_utils.Database('app.db')\nKEYS = [('team', '‹teams›', 'id')]\nfor key in KEYS:\n    db['‹users›'].add_foreign_key(*key)",
    ]);
}

#[test]
fn names_that_something_takes_for_a_table() {
    python(&[
        "class Test:\n    def test(self):\n        self.db.select('‹!users›', where='id=$id')\n        self.db.insert('‹!users›', False, name='a')\n        self.cache.get('users')",
        "class Store:\n    def rows(self, what, table):\n        return run(what, table)\nstore.rows('id', '‹!users›')\nstore.rows('posts', '‹!users›')\nother('users')",
        "class Repository:\n    def __init__(self, table_name):\n        self.name = clean(table_name)\nRepository('‹!users›')",
        "def table(name):\n    def decorated(cls):\n        cls._table = name\n        return cls\n    return decorated\n@table('‹users›')\nclass User:\n    def all(self):\n        return c.execute(f'SELECT * FROM {self._table}')",
        "c.execute(Template('SELECT * FROM $t').substitute(t='‹!users›'))\nc.execute(QUERY.safe_substitute({'t': '‹!posts›'}))",
        "db.Column('users')\ndb.relationship('users', backref=db.backref('users'))",
    ]);
}

#[test]
fn names_that_users_choose() {
    python(&[
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('table', choices=['‹!users›', '‹!posts›'])\nc.execute(f'SELECT * FROM {p.parse_args().table}')",
        "from typing import Literal\nTable = Literal['‹users›', '‹posts›']\ndef f(t: Table):\n    return c.execute(f'SELECT * FROM {t}')\nf('‹users›')",
        "from typing import Literal\ndef f(t: Literal['‹users›', '‹posts›'] = '‹users›'):\n    return c.execute(f'SELECT * FROM {t}')",
    ]);
}

#[test]
fn names_in_the_catalogue() {
    python(&[
        "def exists(t):\n    return c.execute(f\"SELECT name FROM sqlite_master WHERE type='table' AND name='{t}'\").fetchone()\nexists('‹users›')",
        "c.execute('SELECT sql FROM sqlite_master WHERE name = :name', {'name': '‹users›'})",
    ]);
}

#[test]
fn parts_of_statements() {
    python(&[
        "runs.append(['SELECT DISTINCT {0} '.format(columns) + 'FROM ‹users› u, ‹teams› t ' 'WHERE u.team = t.id', [1]])\nsay('from users')",
        "def clause(x):\n    return f'''(posts.uid in (\n  select ‹users›.id from ‹users›\n  where ‹users›.kind = '{x}'\n ))'''\nwhere = []\nwhere.append(clause('a'))\nsql = 'select id from ‹posts› where ' + ' and '.join(where)\nc.execute(sql)",
        "def build():\n    where = ['posts.uid in (select id from ‹users›)']\n    return ' and '.join(where), {}\nw, params = build()\nc.execute(f'select id from ‹posts› where {w}', params)",
        "JOINS = {'u': 'left join ‹users› on ‹users›.id = posts.uid', 't': ''}\ndef q(k):\n    c.execute(f'select ‹posts›.id from ‹posts› {JOINS[k]}')\nq('u')",
        "class B:\n    def __init__(self):\n        self.w = []\n    def add(self):\n        self.w.append('uid in (select id from ‹users›)')\n    def run(self):\n        c.execute('select id from ‹posts› where ' + ' and '.join(self.w))",
        "c.execute('SELECT * FROM %(t)s' % {'t': '‹users›'})",
    ]);
}

#[test]
fn strings_of_languages_without_a_front_end() {
    let other = |path: &str, cases: &[&str]| expect(path, Language::Other, cases);
    other(
        "a.php",
        &[
            "<?php\n$db->exec('CREATE TABLE ‹users› (\n  id INTEGER\n)');\n$db->query(\"SELECT * FROM ‹users› WHERE id = $id\");\n",
            "<?php\n$db->exec(<<<SQL\nUPDATE ‹users›\nSET name = 'users'\nSQL);\n",
        ],
    );
    other("a.rb", &["db.execute <<~SQL\n  DELETE FROM ‹users› WHERE id = 1\nSQL\nputs 'select a user from users'\n"]);
    other("a.rs", &["sqlx::query(\"delete from ‹users›\").execute(pool);\nlog(\"delete from users\");\n"]);
    other(
        "a.cpp",
        &[
            "auto a = R\"(\n  CREATE TABLE ‹users› (id)\n)\";\nauto b = R\"sql(SELECT id FROM ‹users› WHERE a = ')')sql\";\n",
            "auto a = \"SELECT id \"\n  \"FROM ‹users› \"\n  \"WHERE ‹users›.a = 1 AND other.b = 2\";\nauto c = \"From users with love\";\n",
        ],
    );
    other(
        "a.go",
        &[
            "db.Query(`SELECT * FROM ‹users›`)\nw := \"id IN (SELECT id FROM ‹users› WHERE a = ?)\"\nj := \"LEFT JOIN ‹users› ON ‹users›.id = p.id\"\n",
        ],
    );
}

#[test]
fn names_in_javascript() {
    let open = "const Database = require('better-sqlite3');\nconst db = new Database('data/app.db');\n";
    for case in [
        "['‹users›', '‹posts›'].forEach(t => db.exec(`DELETE FROM ${t}`));",
        "const n = ['‹users›', '‹posts›'].map((t) => db.prepare(`SELECT count(*) FROM ${t}`).get());",
        "const TABLES = ['‹users›', '‹posts›'];\nTABLES.forEach(function (t) { db.exec('DELETE FROM ' + t); });",
        "function get({ table, id }) { return db.prepare(`SELECT * FROM ${table} WHERE id = ?`).get(id); }\nget({ table: '‹users›', id: 1 });",
        "class Repo {\n  table = '‹users›';\n  all() { return db.prepare(`SELECT * FROM ${this.table}`).all(); }\n}\nnew Repo().all();",
        "class Repo {\n  constructor(table) { this.table = table; }\n  all() { return db.prepare(`SELECT * FROM ${this.table}`).all(); }\n}\nnew Repo('‹users›').all();",
        "class Repo {\n  constructor(table) { this.table = table; }\n  all() { return db.prepare(`SELECT * FROM ${this.table}`).all(); }\n}\nclass Users extends Repo { constructor() { super('‹users›'); } }\nnew Users().all();",
        "class U { get table() { return '‹users›'; } all() { return db.prepare(`SELECT * FROM ${this.table}`).all(); } }",
        "const T = { USERS: '‹users›', POSTS: 'posts' };\ndb.prepare(`SELECT * FROM ${T.USERS}`).all();",
        "const T = { USERS: '‹users›', POSTS: '‹posts›' };\nfor (const t of Object.values(T)) db.exec(`DELETE FROM ${t}`);",
        "const T = { ‹users›: 'id', ‹posts›: 'id' };\nfor (const [t, k] of Object.entries(T)) db.exec(`SELECT ${k} FROM ${t}`);",
        "const T = { ‹users›: ['id'] };\nfor (const t of Object.keys(T)) db.exec(`DELETE FROM ${t}`);",
        "test.each(['‹users›', '‹posts›'])('%s is empty', (table) => {\n  expect(db.prepare(`SELECT count(*) AS n FROM ${table}`).get().n).toBe(0);\n});",
        "const rows = db.prepare(\"SELECT name FROM sqlite_master WHERE type='table'\").all();\nconst has = rows.some(r => r.name === '‹users›');",
        "db.prepare(\"SELECT 1 FROM sqlite_master WHERE type='table' AND name = ?\").get('‹users›');",
        "const exists = (name) => db.prepare(\"SELECT 1 FROM sqlite_master WHERE name = ?\").get(name);\nexists('‹users›');",
        "function show(t) {\n  switch (t) { case '‹users›': break; }\n  return db.prepare(`SELECT * FROM ${t}`).all();\n}\nshow('‹users›');",
        "const ALLOWED = ['‹users›', '‹posts›'];\nfunction n(t) { if (!ALLOWED.includes(t)) throw new Error(t); return db.prepare(`SELECT count(*) FROM ${t}`).get(); }\nn('‹users›');",
        "const S = [{ table: '‹users›', key: 'id' }, { table: '‹posts›', key: 'id' }];\nfor (const { table, key } of S) db.exec(`SELECT ${key} FROM ${table}`);",
        "['‹users›', '‹posts›'].reduce((a, t) => a + db.prepare(`SELECT count(*) n FROM ${t}`).get().n, 0);",
        "await Promise.all(['‹users›', '‹posts›'].map(async (t) => { await db.exec(`DELETE FROM ${t}`); }));",
        "function del(t, n) { db.exec(`DELETE FROM ${t} LIMIT ${n}`); }\nconst d = del.bind(null, '‹!users›');\nd(3);",
        "const CORE = ['‹users›'];\nfor (const t of [...CORE, '‹posts›']) db.exec(`DELETE FROM ${t}`);",
        "['‹users›', '‹posts›'].forEach((table) => {\n  it(`has ${table}`, () => { db.prepare(`SELECT * FROM ${table}`).all(); });\n});",
        "for (const t of ['‹users›', '‹posts›'].reverse()) db.exec(`DELETE FROM ${t}`);",
        "const sqls = ['‹users›'].flatMap(t => [`DELETE FROM ${t}`]);\nsqls.forEach(s => db.exec(s));",
        "const S = [{ name: '‹users›', key: 'id' }];\nS.forEach((s) => db.exec(`SELECT ${s.key} FROM ${s.name}`));\nconst n = S.map(({ name }) => db.prepare(`SELECT count(*) FROM ${name}`).get());",
        "const M = new Map([['u', '‹users›'], ['p', '‹posts›']]);\nfor (const [k, t] of M) db.exec(`DELETE FROM ${t}`);\ndb.exec(`SELECT * FROM ${M.get('u')}`);",
        "const S = new Set(['‹users›', '‹posts›']);\nfunction n(t) { if (!S.has(t)) throw new Error(t); return db.prepare(`SELECT * FROM ${t}`).all(); }\nn('‹users›');\nfor (const t of S) db.exec(`DELETE FROM ${t}`);",
        "for (const t of ['‹users›'].concat(['‹posts›'])) db.exec(`DELETE FROM ${t}`);\n['‹users›'].filter(Boolean).forEach((t) => db.exec(`DELETE FROM ${t}`));",
        "db.pragma('table_info(‹users›)');\ndb.pragma('foreign_key_list(\"‹users›\")');\ndb.pragma('journal_mode(users)');",
        "const names = db.prepare(\"SELECT name FROM sqlite_master WHERE type = 'table'\").pluck().all();\nexpect(names.sort()).toEqual(['‹!posts›', '‹!users›']);\nexpect(new Set(names).has('‹users›')).toBe(true);",
        "export const f = (db) => db.all('select id from ‹users›');\nexport const g = (db) => db.get('SELECT id from ‹users›');\nlog('select one from users');",
        "class R { constructor() { this.table = '‹!users›'; } all() { return db.prepare(`SELECT * FROM ${this.table}`).all(); } url() { return `/api/${this.table}`; } }",
    ] {
        expect("app.js", Language::Javascript, &[&format!("{open}{case}\n")]);
    }
}

#[test]
fn names_in_typescript() {
    let open = "import Database from 'better-sqlite3';\nconst db = new Database('data/app.db');\n";
    for case in [
        "type Table = '‹users›' | '‹posts›';\nfunction count(t: Table) { return db.prepare(`SELECT count(*) FROM ${t}`).get(); }\ncount('‹users›');",
        "function count(t: '‹users›' | '‹posts›') { return db.prepare(`SELECT count(*) FROM ${t}`).get(); }",
        "const TABLES = ['‹users›', '‹posts›'] as const;\ntype Table = (typeof TABLES)[number];\nfunction count(t: Table) { return db.prepare(`SELECT count(*) FROM ${t}`).get(); }\ncount('‹users›');",
        "enum T { Users = '‹users›', Posts = 'posts' }\nconst all = (t: T) => db.prepare(`SELECT * FROM ${t}`).all();\nall(T.Users);",
        "type Name = '‹users›' | '‹posts›';\nconst COLS: Record<Name, string[]> = { ‹users›: ['id'], ‹posts›: ['id'] };\nfunction ins(t: Name) { return db.prepare(`INSERT INTO ${t} (${COLS[t].join(', ')}) VALUES (1)`).run(); }\nins('‹users›');",
        "type Mode = 'users' | 'posts';\nfunction show(mode: Mode) { return db.prepare('SELECT 1').get(); }",
    ] {
        expect("app.ts", Language::Typescript, &[&format!("{open}{case}\n")]);
    }
}

#[test]
fn names_handed_to_knex() {
    let open = "const knex = require('knex')({ client: 'sqlite3', connection: { filename: 'data/app.db' } });\n";
    for case in [
        "const T = '‹users›';\nknex.select('id').from(T).where(`${T}.id`, 1);\nknex(`${T} as u`).join({ p: '‹posts›' }, '‹!p›.uid', '‹!u›.id');",
        "class Base { constructor(table) { this.table = table; } one(id) { return knex.select().from(this.table).where(`${this.table}.id`, id); } }\nclass Users extends Base { constructor() { super('‹users›'); } }",
        "expect(await knex.schema.hasColumn('‹users›', 'id')).toBe(true);",
        "const T = '‹!users›';\nknex(T).select();\nfetch(`${T}.json`);",
    ] {
        expect("app.js", Language::Javascript, &[&format!("{open}{case}\n")]);
    }
}
