//! Every place that names a table, in every language, with its exact bytes: `‹users›`. `‹!users›` is known and cannot be changed.

use super::{Language, Naming, read};
use crate::text::Source;

/// The text with a mark around each name of a table.
fn marked(path: &str, text: &str, language: Language) -> String {
    let source = Source::new(path, text.as_bytes().to_vec());
    let mut places: Vec<_> = read(&source, language)
        .table_uses
        .into_iter()
        .map(|found| (found.place.span, if found.fixed.is_some() { "‹!" } else { "‹" }))
        .collect();
    places.sort();
    places.dedup();
    let mut out = text.to_owned();
    for (span, mark) in places.into_iter().rev() {
        out.insert(span.end as usize, '›');
        out.insert_str(span.start as usize, mark);
    }
    out
}

pub(super) fn expect(path: &str, language: Language, cases: &[&str]) {
    for marks in cases {
        let text: String = marks.replace("‹!", "‹").chars().filter(|mark| !"‹›".contains(*mark)).collect();
        assert_eq!(marked(path, &text, language), *marks);
    }
}

const OPEN: &str = "import sqlite3\nc = sqlite3.connect('x.db')\n";

pub(super) fn python(cases: &[&str]) {
    let cases: Vec<String> = cases.iter().map(|case| format!("{OPEN}{case}\n")).collect();
    let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
    expect("app.py", Language::Python, &cases);
}

#[test]
fn strings_of_python() {
    python(&[
        "c.execute('SELECT ‹users›.name FROM ‹users› WHERE name = \"users\"')",
        "c.execute(f'SELECT {x} FROM ‹users› WHERE ‹users›.id = {y}')",
        "c.execute(\"\"\"\n  SELECT * -- users\n  FROM ‹users› u\n  JOIN ‹items› ON ‹items›.user = u.id\n\"\"\")",
        "c.execute('SELECT id '\n          'FROM ‹users› '  # users\n          'WHERE ‹users›.id = 1')",
        "c.execute(\"SELECT * FROM ‹\\\"users\\\"› WHERE ‹\\\"users\\\"›.\\\"a\\\" = '\\t'\")",
        "c.execute('SELECT id FROM ‹users› ' + 'WHERE ‹users›.name = ' + str(name))",
        "c.execute('SELECT id ' + 'FROM ' + '‹users›')",
        "c.execute('SELECT * FROM ‹users› WHERE a = {}'.format(1))",
        "c.execute('UPDATE ‹users› SET a = %s WHERE b = %%users' % 1)",
        "c.execute(r'DELETE FROM ‹[users]›')",
        "sql = 'SELECT * FROM ‹users›'\nsql += ' JOIN ‹teams› ON ‹teams›.id = ‹users›.team'\nc.execute(sql)",
        "where = ['‹users›.id = 1']\nwhere.append('users_x = ‹users›.y AND z.users = 1')\nc.execute('SELECT 1 FROM ‹users› WHERE ' + ' AND '.join(where))",
        // Pieces that a template is filled with.
        "where = []\nwhere.append('AND ‹users›.team IN ({})'.format(x))\nsql = 'SELECT ‹users›.id FROM ‹users› WHERE a = 1 {} ORDER BY {}'.format(' '.join(where), order)\nc.execute(sql)",
        "where = 'AND ‹users›.team = 1'\nc.execute('SELECT id FROM ‹users› WHERE a = 1 %s' % where)\nc.execute('SELECT id FROM ‹users› WHERE a = %s %s' % (1, where))",
        // What a connection runs is no prose.
        "cur = c.cursor()\ncur.execute('select name from ‹users›')\nself.db.execute('Delete from ‹users›')\nsay('select name from users')\ntool.execute('delete from cart')",
        "def run(sql):\n    c.execute(sql)\nrun('select name from ‹users›')\nsay('select one from users')",
        "q('select u.name, t.name from ‹users› u, ‹teams› t where u.team = t.id')\nq('select u.name from ‹users› u')\nq('Select a, b from users now')",
        // Columns that code fills in.
        "c.execute(f'SELECT ‹users›.{x}, u.{y} FROM ‹users›, ‹teams› u WHERE ‹users›.id = {z}')",
        "c.execute('SELECT ‹users›.%s FROM ‹users›' % x)\nc.execute('SELECT ‹users›.{} FROM ‹users›'.format(x))",
        "fields = ', '.join(['‹users›.' + f for f in ['a', 'users']])\nsql = ['SELECT ' + fields + ' FROM ‹users› WHERE ']\nsql.append('‹users›.' + order)\nc.execute(' '.join(sql))",
        // Lines of one statement in a list.
        "class D:\n    def execute(self, sql, args=()):\n        if isinstance(sql, (list, tuple)):\n            sql = ' '.join(sql)\n        return c.execute(sql, args)\nd = D()\nd.execute(['SELECT ‹users›.id FROM ‹users› INNER JOIN ‹teams›', '  ON ‹users›.team=‹teams›.id WHERE', '  ‹teams›.name = ? AND u.teams = ‹users›.x'], ('users',))",
        "d.execute(['UPDATE ‹users› SET', ','.join(keys), 'WHERE ‹users›.id = (SELECT id', 'FROM ‹teams› t WHERE t.users = 1)'])",
        "c.execute(' '.join(['CREATE TRIGGER gone AFTER DELETE ON ‹users›', 'BEGIN', '  DELETE FROM ‹teams› WHERE id NOT IN (SELECT', 'team FROM ‹users›);', 'END']))",
        "sql = ['SELECT id FROM ‹users›', 'WHERE']\nsql.append('‹users›.team = 1')\nc.execute(' '.join(sql))",
        "for sql, label in [('SELECT count(*) FROM ‹users›', 'users'), ('SELECT ‹teams›.id FROM ‹teams›', 'on')]:\n    c.execute(sql)",
        "c.execute('SELECT 1 FROM sqlite_master WHERE name = ?', ('‹users›',))",
        "c.executescript('''CREATE TABLE ‹users› (id); CREATE INDEX users_id ON ‹users› (id);\n CREATE TRIGGER users_t AFTER INSERT ON ‹users› BEGIN DELETE FROM ‹log›; END;''')",
        "users = 'users'  # users\nprint('users', users, c.users)",
        "assert 'FOREIGN KEY(team) REFERENCES ‹teams› (id)' in log\nprint('REFERENCES teams are here')",
    ]);
}

#[test]
fn names_that_code_fills_in() {
    python(&[
        "for table in ['‹users›', '‹items›']:\n    c.execute(f'DELETE FROM {table}')",
        "for table in ('‹!users›', '‹!items›'):\n    counts[table] = c.execute(f'SELECT count(*) FROM {table}').fetchone()",
        "for table in ['‹users›']:\n    print(f'emptying {table}')\n    c.execute('DELETE FROM {}'.format(table))\n    c.execute('DELETE FROM %s' % table)",
        "TABLE = '‹users›'\ndef f():\n    c.execute(f'SELECT * FROM \"{TABLE}\" WHERE a = 1')",
        "TABLE = '‹!users›'\ndef f(x):\n    c.execute(f'SELECT * FROM {TABLE}')\n    return x == TABLE",
        "def count(table):\n    return c.execute(f'SELECT count(*) FROM {table}')\ncount('‹users›')\ncount(table='‹items›')",
        "FTS = {'‹users›': ['a'], '‹items›': ['b']}\nfor table, columns in FTS.items():\n    c.execute(f'DELETE FROM {table}')",
        "VIEWS = {'v': ({'‹users›', '‹items›'}, 'SELECT ‹users›.a FROM ‹users›')}\ndef f(db):\n    found = set(db.table_names())\n    for name, (tables, sql) in VIEWS.items():\n        if tables.issubset(found):\n            c.execute(sql)",
        "KEYS = [('‹users›', 'team', '‹teams›', 'id')]\nfor table, column, other, key in KEYS:\n    c.execute(f'SELECT {column} FROM {table} JOIN {other}')",
        "def all_of(names):\n    for name in names:\n        c.execute(f'DELETE FROM {name}')\nall_of(['‹users›', '‹items›'])",
        "NAMES = ['‹!users›', '‹!items›']\ndef names():\n    return NAMES\nfor name in NAMES:\n    c.execute(f'DELETE FROM {name}')",
        "def count(sql):\n    if not sql.strip().lower().startswith('select'):\n        sql = f'SELECT * FROM {sql}'\n    return len(c.execute(sql).fetchall())\ncount('‹users›')\ncount('SELECT ‹teams›.id FROM ‹teams›')",
        "from sqlalchemy import text\ndef count(sql, message=''):\n    if not sql.startswith('SELECT'):\n        sql = f'SELECT * FROM {sql}'\n    found = c.execute(text(sql)).fetchall()\n    if not found:\n        message += f' .. {found}'\n    assert found, message\nfor name in ['‹users›', '‹items›']:\n    count(name, name)\n    count(name, f'{name} was made')",
        "def count(name):\n    if name.startswith('us'):\n        return c.execute(f'SELECT * FROM {name}')\ncount('‹!users›')",
        "def count(table):\n    log[table] = 1\n    return c.execute(f'SELECT count(*) FROM {table}')\ncount('‹!users›')",
    ]);
}

#[test]
fn names_that_are_compared_with_the_catalogue() {
    const ASK: &str = "\"SELECT name FROM sqlite_master WHERE type='table'\"";
    let cases = [
        "cur = c.execute(ASK)\nfound = [row[0] for row in cur.fetchall()]\nfor name in ['‹users›']:\n    assert name in found",
        "cur = c.cursor()\ncur.execute(ASK)\nfound = set(row['name'] for row in cur.fetchall())\nwanted = {'‹users›'}\nassert wanted.issubset(found)",
        "expected_tables = ['‹users›', '‹teams›']\nfound_tables = [row[0] for row in c.execute(ASK)]\nassert set(expected_tables) == set(found_tables)",
        "def names(connection):\n    return [row[0] for row in connection.execute(ASK)]\nassert '‹users›' in names(c)",
        "found = []\nfor row in c.execute(ASK):\n    found.append(row[0])\nassert '‹users›' in found",
        "row = c.execute(\"SELECT name FROM sqlite_master WHERE name = ‹'users'›\").fetchone()\nassert row[0] == '‹users›' and row == ('‹users›',)",
        "rows = c.execute(ASK).fetchall()\nassert [('‹users›',), ('‹teams›',)] == rows",
        "assert {it.name for it in Base.metadata.sorted_tables} == {'‹users›'}",
        // The order of the names may become another one.
        "names = [row[0] for row in c.execute('SELECT name FROM sqlite_master ORDER BY name')]\nassert names == ['‹!teams›', '‹!users›']\nassert set(names) == {'‹teams›', '‹users›'}",
        "rows = c.execute('SELECT name FROM ‹people›').fetchall()\nassert rows[0][0] == 'users'",
        "c.execute('SELECT 1 FROM sqlite_master WHERE name = :name', {'name': '‹users›'})\nc.execute('SELECT name FROM pragma_table_info(?)', ('‹users›',))",
    ];
    let cases: Vec<String> = cases.iter().map(|case| case.replace("ASK", ASK)).collect();
    python(&cases.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn names_that_tests_are_handed() {
    python(&[
        "@pytest.mark.parametrize('table', ['‹users›', '‹teams›'])\ndef test(table):\n    c.execute(f'SELECT count(*) FROM {table}')",
        "@pytest.mark.parametrize('table, count', [('‹users›', 1), pytest.param('‹teams›', 2, id='teams')])\ndef test(table, count):\n    assert c.execute('SELECT count(*) FROM ' + table).fetchone()[0] == count",
        "@pytest.mark.parametrize(['count', 'table'], [(1, '‹users›')])\nclass TestCounts:\n    def test(self, count, table):\n        c.execute('SELECT count(*) FROM %s' % table)",
        "@pytest.mark.parametrize('table', [pytest.param('‹users›', marks=slow)])\ndef test(table):\n    c.execute(f'SELECT count(*) FROM {table}')",
        "@pytest.mark.parametrize('table', ['‹!users›'])\ndef test(table):\n    c.execute(f'SELECT count(*) FROM {table}')\n    assert path == table",
        "@pytest.mark.parametrize('label', ['users'])\ndef test(label, table):\n    assert label\n    c.execute(f'SELECT count(*) FROM {table}')",
    ]);
}

#[test]
fn names_in_what_sqlite_says() {
    python(&[
        "if 'UNIQUE constraint failed: ‹users›.name' in str(e):\n    pass",
        "with pytest.raises(sqlite3.IntegrityError, match='UNIQUE constraint failed: ‹users›.a, ‹users›.b'):\n    pass",
        "with pytest.raises(Error, match='NOT NULL constraint failed: ‹users›.x'):\n    pass",
        "assert str(e) == 'no such table: ‹users›' or str(e) == 'no such table: main.‹users›'",
        "assert 'no such column: ‹users›.x' in str(e) and 'no such column: users' in str(e)",
        "assert 'table ‹users› already exists' in str(e)\nassert 'table ‹users› has no column named users' in str(e)",
        "assert rows[0][3] == 'SCAN ‹users›'\nassert 'SEARCH ‹users› USING INDEX users' in rows",
        "assert '‹users›.name' in str(exc.value)\nassert 'users.csv' in str(path)",
        "print('CHECK constraint failed: users', 'the table users has nothing', 'SCAN users now')",
    ]);
}

#[test]
fn names_in_lines_that_are_appended_one_by_one() {
    python(&[
        "lines = []\nlines.append('SELECT count(*)')\nlines.append('FROM ‹users›')\nc.execute(' '.join(lines))",
        "sql = ''\nsql += 'SELECT count(*)'\nsql += ' FROM ‹users›'\nc.execute(sql)",
    ]);
}

#[test]
fn names_that_are_handed_to_libraries() {
    python(&[
        "class User(Base):\n    __tablename__ = '‹users›'\n    team = Column(ForeignKey('‹teams›.id'))\n    tags = relationship('Tag', secondary='‹user_tags›')",
        "tags = Table('‹user_tags›', metadata, Column('user', ForeignKey('‹users›.id')))",
        "class Hero(SQLModel, table=True):\n    __tablename__: str = '‹heroes›'\n    team: int = Field(default=None, foreign_key='‹teams›.id')",
        "class User(Model):\n    class Meta:\n        db_table = '‹users›'\n        ordering = ['users']",
        "op.create_table('‹users›', sa.Column('id'), sa.ForeignKeyConstraint(['team'], ['‹teams›.id']))",
        "op.add_column('‹users›', sa.Column('users'))\nop.create_index('users_x', '‹users›', ['x'])\nop.rename_table('‹a›', '‹b›')",
        "with op.batch_alter_table('‹users›') as batch_op:\n    batch_op.add_column(sa.Column('x'))\n    batch_op.create_foreign_key('users', '‹teams›', ['a'], ['b'])",
        "users = table('‹users›', column('id', db.Integer))\nteams = sa.table('‹teams›', sa.column('teams'))\nprint(table('‹!users›'))",
        "from sqlalchemy.sql import table\nusers = table('‹users›')",
        "history = HistoricalRecords(table_name='‹users_history›')",
        "Base.metadata.tables.get('‹users›')\nmeta.reflect(engine, only=['‹users›', '‹teams›'])\nif model.__tablename__ == '‹users›':\n    pass",
        "from sqlalchemy.ext.automap import automap_base\nBase = automap_base()\nUser = Base.classes.‹!users›",
        "User.objects.extra(tables=['‹teams›'], where=['‹teams›.id = ‹users›.team AND x = 1.5 AND y = \"a.b\"'])",
        "from playhouse.migrate import migrate\nmigrate(migrator.rename_column('‹users›', 'users', 'x'), migrator.add_index('‹teams›', ('users',)))\nprint('‹users›' in db.get_tables(), db.table_exists('‹users›'))",
        "df.to_sql('‹users›', c)\npd.read_sql_table('‹users›', c)",
        "tables = {row[0] for row in c.execute('SELECT name FROM sqlite_master')}\nassert '‹users›' in tables\nassert tables == {'‹users›', '‹items›'}",
        "exists = engine.dialect.has_table(connection, '‹users›')",
        "expected = {'‹users›', '‹items›'}\ntables = {row[0] for row in c.execute('SELECT name FROM sqlite_master')}\nmissing = expected - tables",
        "def has_column(inspector, table, column):\n    return any(it['name'] == column for it in inspector.get_columns(table))\nhas_column(inspector, '‹users›', 'users')",
        "migrations.CreateModel(name='User', fields=[], options={'db_table': '‹users›', 'verbose_name': 'users'})\nmigrations.AlterModelTable(name='user', table='‹users›')\nteams = models.ManyToManyField(Team, db_table='‹user_teams›')",
        "class User(models.Model):\n    teams = models.ManyToManyField(Team)\n    class Meta:\n        db_table = '‹!users›'",
        "class User(models.Model):\n    class Meta:\n        db_table = '‹!users›'\n        indexes = [models.Index(fields=['a'])]\nclass Team(models.Model):\n    class Meta:\n        db_table = '‹teams›'\n        indexes = [models.Index(fields=['a'], name='b')]",
        "class User(Base):\n    __versioned__ = {}\n    __tablename__ = '‹!users›'",
        // Names that may be tables hold the others back.
        "EXPECTED_TABLES = ['‹!users›', '‹!items›']\nprint(EXPECTED_TABLES)\nstable = ['users']",
        "export(table_name='‹!users›', name='users')\nconfig = {'tables': {'‹!users›': {'sort': 'users'}}}",
        // A row has columns by key.
        "def f():\n    for row in c.execute('SELECT * FROM ‹users›'):\n        g(row, row['users'])\ndef g(row, other):\n    cur = c.cursor()\n    return [row['a'] for row in cur], row['b'], cur['c'], other",
        "table = Table('Users', 'Names')\nx['users'] = Field(default='users.id')",
    ]);
    python(&[
        "from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\nclass ‹UserGroup›(db.Model):\n    id = db.Column(db.Integer, primary_key=True)\nclass Kind(UserGroup):\n    pass\nclass Base(db.Model):\n    __abstract__ = True",
        "import sqlalchemy as sa\nfrom app import db\nclass ‹User›(UserMixin, db.Model):\n    id = sa.Column(primary_key=True)\n    team = sa.Column(sa.ForeignKey('‹team›.id'))",
        "from sqlmodel import Field, SQLModel\nclass ‹Hero›(SQLModel, table=True):\n    id: int = Field(primary_key=True)\nclass HeroRead(SQLModel):\n    id: int = Field()",
        "class Base(DeclarativeBase):\n    @declared_attr\n    def __tablename__(cls):\n        return cls.__name__.lower()\nclass ‹Item›(Base):\n    id = Column(Integer, primary_key=True)",
        "from peewee import CharField, Model\nclass Base(Model):\n    class Meta:\n        database = db\nclass ‹Person›(Base):\n    name = CharField()\n    def where(self):\n        return self._meta.table_name",
        "import peewee as pw\nclass Person(pw.Model):\n    name = pw.CharField()\n    class ‹Meta›:\n        database = db\nclass ‹!Friend›(Person):\n    pass",
        "import peewee\nclass Named(peewee.Model):\n    name = peewee.CharField()\n    class Meta:\n        table_name = '‹names›'\nclass ‹Meta›(peewee.Model):\n    name = peewee.CharField()",
        "import peewee\nclass ‹!Folder›(peewee.Model):\n    name = peewee.CharField()\nclass ‹Track›(peewee.Model):\n    name = peewee.CharField()\nclass Starred(peewee.Model):\n    folder = peewee.ForeignKeyField(Folder)\n    class Meta:\n        table_name = '‹!starred_›' + Folder._meta.table_name",
        "class User(Base):\n    __tablename__ = '‹!users›'\nclass Team(Base):\n    __tablename__ = '‹teams›'\nclass Old(Base):\n    __tablename__ = f'{User.__tablename__}_old'",
        "import peewee\nclass ‹!Person›(peewee.Model):\n    friends = peewee.ManyToManyField('self')",
        "from playhouse.sqlite_ext import FTS5Model, SearchField\nclass ‹Notes›(FTS5Model):\n    text = SearchField()",
    ]);
    let utils = "import sqlite_utils\ndb = sqlite_utils.Database('x.db')\n";
    for case in [
        "db['‹users›'].insert({'users': 1})\ndb.table('‹users›').add_foreign_key('users', '‹teams›', 'id')",
        "def save(db, user):\n    db['‹users›'].upsert(user)\nsave(db, {})",
        "for table in ['‹users›']:\n    db[table].drop()",
        "db['‹!users›'].enable_fts(['name'])\nrow = db['‹!posts›'].insert({})\nrow.m2m('‹!tags›', {})\nrow.m2m('‹tags›', m2m_table='‹post_tags›')",
        "db['‹users›'].insert({}, foreign_keys=('‹!users›', '‹!team›'))\ndb['‹posts›'].add_foreign_key('‹!team_id›')\ndb['‹users›'].insert({}, foreign_keys=[('team', '‹teams›', 'id')])",
        "def migrate(db):\n    db['‹users›'].add_column('team', fk='‹teams›')\n    db.add_foreign_keys([('‹users›', 'team', '‹teams›', 'id')])\n    options['users'] = 1",
        "assert {'‹users›'} == set(db.table_names())",
        "def save(row):\n    return row['teams']\nfor row in db.execute('SELECT * FROM ‹users›'):\n    save(row)\n    print(row['items'])",
        "def databases():\n    yield sqlite_utils.Database('x.db')\nfor other in databases():\n    other['‹users›'].drop()",
        "def f(table):\n    table.add_column('users', int)\n    table.create_index(['id'], 'users')\n    op.add_column('‹users›', column)",
    ] {
        expect("app.py", Language::Python, &[&format!("{utils}{case}\n")]);
    }
}

#[test]
fn strings_of_javascript() {
    let open = "const Database = require('better-sqlite3');\nconst db = new Database('x.db');\n";
    for case in [
        "db.prepare('SELECT ‹users›.a FROM ‹users› WHERE b = ?').get('users');",
        "db.prepare(`SELECT * FROM ‹\\`users\\`› WHERE a = ${users} AND ‹users›.b = 1`).all();",
        "db.exec(\"DELETE FROM ‹users› \" + \"WHERE ‹users›.id = 1\");",
        "let sql = 'SELECT 1 FROM ‹users›';\nsql += ' JOIN ‹teams› ON ‹users›.t = ‹teams›.id';\ndb.prepare(sql);",
        "for (const table of ['‹users›']) { db.exec(`DROP TABLE ${table}`); }",
        "const users = sqliteTable('‹users›', { id: integer('users') });",
        "db.define('User', {}, { tableName: '‹users›' });\nawait knex.schema.createTable('‹users›', (t) => t.references('id').inTable('‹teams›'));",
    ] {
        expect("app.js", Language::Javascript, &[&format!("{open}{case}\n")]);
    }
    for case in [
        "sequelize.define('‹user›', { team: { references: { model: '‹teams›', key: 'id' } } });\nsequelize.define('user', {}, { tableName: '‹users›' });\nlodash.init('user', {});",
        "class User extends Model {\n  static init(sequelize) {\n    super.init({ name: DataTypes.STRING }, { sequelize, modelName: '‹user›' });\n    User.belongsToMany(Team, { through: '‹!userTeams›' });\n  }\n}",
        "class ‹!User› extends Model {\n  static setup(sequelize) { super.init({}, { sequelize }); }\n}",
        "async function up({ context: { queryInterface } }) {\n  await queryInterface.addColumn('‹users›', 'team', {});\n  await queryInterface.describeTable('‹users›');\n  await queryInterface.renameTable('‹users›', '‹people›');\n}",
        "@Entity()\n@Index(['name'])\nexport class ‹UserGroup› {\n  id: number;\n}\n@Entity('‹teams›')\nexport class Team {}\n@Entity({ name: '‹items›' })\nexport class Item {}",
        "@Entity()\nclass ‹!User› {\n  @ManyToMany(() => Tag)\n  @JoinTable()\n  tags: Tag[];\n}",
        "kysely.selectFrom('‹users› as u').innerJoin('‹teams›', '‹!teams›.id', '‹!u›.team').select(['‹!u›.id as own', '‹!teams›.name']);\nkysely.insertInto('‹teams›').values({}); kysely.with('teams', (q) => q); kysely.schema.createIndex('i').on('‹teams›');",
    ] {
        expect(
            "app.ts",
            Language::Typescript,
            &[&format!("const sequelize = new Sequelize('sqlite:x.db');\n{case}\n")],
        );
    }
    let knex = "const knex = require('knex')({ client: 'sqlite3', connection: { filename: 'x.db' } });\n";
    for case in [
        "knex('‹users›').leftJoin('‹teams›', '‹teams›.id', '‹users›.team').where('‹users›.id', 1).select('‹users›.*', '‹teams›.name as team', 'users');",
        "knex('‹users›'); path.join('data', folder, 'users'); path.posix.join(here, 'users.db');",
        "knex.select().from('‹users›').join('‹teams›', { '‹users›.team': '‹teams›.id' }).orderBy([{ column: '‹users›.name' }]);",
        "const p = path.join('users', 'teams');\nconst q = Array.from('users');\nrequire('users.js');\nlist.join('users');",
        "class User extends Model {\n  static get tableName() { return '‹users›'; }\n  static get relationMappings() {\n    return { team: { join: { from: '‹users›.team', to: '‹teams›.id' } } };\n  }\n}",
    ] {
        expect("app.js", Language::Javascript, &[&format!("{knex}{case}\n")]);
    }
    // What a step, a seed or a transaction is handed.
    for case in [
        "exports.seed = async (knex) => { await knex('‹users›').del(); await this.db('‹users› as u').join({ t: '‹teams›' }, '‹!t›.id', '‹!u›.team'); };",
        "exports.up = (knex) => knex.schema.table('‹teams›', (t) => { t.foreign('owner').references('id').on('‹users›'); });",
        "knex.transaction((trx) => trx.batchInsert('‹users›', rows)); print('users');",
        "knex.raw('UPDATE ?? SET ?? = ? WHERE ??', ['‹users›', 'users', 'users', '‹users›.id']);",
        "knex.from('‹users›').joinRaw('NATURAL JOIN ‹teams›').whereRaw('‹users›.id = ?', [1]);",
        "knex.raw('SELECT users.id FROM ‹teams› users');",
        "User.query(knex).aliasFor('‹users›', 'u').where(knex.ref('‹teams›.id'), 1);",
    ] {
        expect("step.js", Language::Javascript, &[&format!("{case}\nknex;\n")]);
    }
    for case in [
        "ds.createQueryBuilder().select().from('‹users›', 'u').leftJoin('‹teams›', 't', 't.id = u.team');",
        "ds.getRepository('‹users›').createQueryBuilder('users').where('users.id = 1');",
        "ds.createQueryBuilder('‹users›', 'users').select('users.name');",
    ] {
        expect("q.ts", Language::Typescript, &[&format!("import {{ DataSource }} from 'typeorm';\n{case}\n")]);
    }
}

#[test]
fn sql_of_scripts() {
    expect(
        "x.sh",
        Language::Shell,
        &[
            "sqlite3 x.db \"SELECT * FROM ‹users› WHERE ‹users›.id = $1\"\n",
            "sqlite3 x.db 'DELETE FROM ‹users›'  # users\n",
            "sqlite3 x.db <<EOF\nSELECT ‹users›.a FROM ‹users›;\n.tables\nPRAGMA table_info(‹users›);\nEOF\n",
            "echo 'SELECT 1 FROM ‹users›;' | sqlite3 x.db\n",
            "python3 -c \"import sqlite3; sqlite3.connect('x.db').execute('DELETE FROM ‹users›')\"\n",
        ],
    );
    expect(
        "x.sql",
        Language::Sql,
        &["-- users\nCREATE VIEW v AS SELECT ‹\"users\"›.a AS users FROM ‹\"users\"›;\nALTER TABLE ‹users› ADD users;\n"
            .replace("VIEW v", "VIEW ‹v›")
            .as_str()],
    );
}

/// Models that take the names of their tables from their classes.
#[test]
fn tables_that_classes_name() {
    for (path, text, expected) in [
        (
            "app.py",
            "from flask_sqlalchemy import SQLAlchemy\nclass HTTPLogEntry(db.Model):\n    id = db.Column()\n",
            "http_log_entry",
        ),
        (
            "app.py",
            "from sqlmodel import Field, SQLModel\nclass UserGroup(SQLModel, table=True):\n    id: int = Field()\n",
            "usergroup",
        ),
        ("app.py", "import peewee\nclass PhoneBook(peewee.Model):\n    id = peewee.CharField()\n", "phonebook"),
        (
            "app.py",
            "import peewee\nclass Base(peewee.Model):\n    class Meta:\n        legacy_table_names = False\nclass PhoneBook(Base):\n    id = peewee.CharField()\n",
            "phone_book",
        ),
        ("app/peewee.py", "import peewee\nclass PhoneBook(peewee.Model):\n    id = peewee.CharField()\n", "phonebook"),
        (
            "shop/models.py",
            "from django.db import models\nclass Item(models.Model):\n    id = models.CharField()\n",
            "shop_item",
        ),
        (
            "shop/models/item.py",
            "from django.db import models\nclass Item(models.Model):\n    id = models.CharField()\n",
            "shop_item",
        ),
    ] {
        let source = Source::new(path, text.as_bytes().to_vec());
        let found: Vec<String> =
            read(&source, Language::Python).table_uses.into_iter().map(|found| found.table.to_string()).collect();
        assert_eq!(found, [expected], "{text}");
    }
}

#[test]
fn names_in_what_the_code_calls_tables_are_spoken_of() {
    let spoken = |line: &str| {
        let source = Source::new("app.py", format!("import sqlite3\n{line}\n").into_bytes());
        let found = read(&source, Language::Python).table_uses;
        found.iter().any(|it| &*it.table == "feeds" && it.naming == Naming::Spoken && it.fixed.is_some())
    };
    for line in [
        "EXPECTED_TABLES = ['feeds']",
        "check(table_name='feeds')",
        "assert 'feeds' in list_tables(connection)",
        "assert sorted(TABLES.keys()) == ['feeds']",
        "columns = SCHEMA['table']['feeds']",
        "columns = TABLES['feeds'] + schema.tables.get('feeds')",
        "tables.append('feeds')",
        "entries_table.create(db, 'feeds')",
        "query = Query().SELECT('*').FROM('feeds').ORDER_BY('rowid')",
        "query = Query().SELECT('*').FROM('entries', 'feeds AS f')",
    ] {
        assert!(spoken(line), "{line}");
    }
    for line in [
        "columns = row['feeds']",
        "seen.append('feeds')",
        "response.get('feeds')",
        "title = 'feeds'",
        "table.insert('feeds')",
    ] {
        assert!(!spoken(line), "{line}");
    }
}

#[test]
fn a_reason_shows_what_else_is_made_of_a_name() {
    for (line, expected) in [
        (
            "for table in ['users']:\n    c.execute(f'DELETE FROM {table}')\n    drop(f'{table}_fts')",
            "another name or text is made from it: `*_fts`",
        ),
        (
            "for table in ['users']:\n    c.execute(f'DELETE FROM {table}')\n    x = table + suffix",
            "other names or texts are made from it",
        ),
    ] {
        let source = Source::new("app.py", format!("{OPEN}{line}\n").into_bytes());
        let found = read(&source, Language::Python).table_uses;
        let reasons: Vec<&str> = found.iter().filter_map(|it| it.fixed.as_deref()).collect();
        assert_eq!(reasons, [expected], "{line}");
    }
}

#[test]
fn a_name_that_code_puts_together_is_told_by_what_is_known_of_it() {
    for (line, expected) in [
        ("c.execute(f'SELECT 1 FROM starred_{kind}')", &["starred_*"][..]),
        ("c.execute('DELETE FROM %s_old' % table)", &["*_old"]),
        ("c.execute('DELETE FROM log_{}'.format(year))", &["log_*"]),
        ("name = 'log_' + str(year)\nc.execute(f'DELETE FROM \"{name}\"')", &["log_*"]),
        (
            "for kind in ('folder', 'track'):\n    c.execute(f'SELECT 1 FROM starred_{kind}')",
            &["starred_folder", "starred_track"],
        ),
        ("class Old(Base):\n    __tablename__ = PREFIX + 'users'", &["*users"]),
        ("for table in ('users', 'teams'):\n    c.execute(f'DELETE FROM {table}')", &[]),
        ("c.execute(f'DELETE FROM {table}')\nc.execute(f'DELETE FROM {a}_{b}')", &[]),
    ] {
        let source = Source::new("app.py", format!("{OPEN}{line}\n").into_bytes());
        let found = read(&source, Language::Python).unfollowed;
        let found: Vec<&str> = found.iter().map(|it| &*it.table).collect();
        assert_eq!(found, expected, "{line}");
    }
}

/// Tables with the databases of their connections.
fn connections(text: &str) -> Vec<String> {
    let source = Source::new("app.py", text.as_bytes().to_vec());
    let found = read(&source, Language::Python).table_uses.into_iter().map(|found| {
        let paths: Vec<String> = found.connection.iter().map(super::Value::pattern).collect();
        format!("{} {}", found.table, paths.join("|"))
    });
    found.collect()
}

#[test]
fn the_connection_decides() {
    for (text, expected) in [
        (
            "def f():\n    a = sqlite3.connect('a.db')\n    b = sqlite3.connect('b.db')\n    a.execute('SELECT 1 FROM t')\n    cur = b.cursor()\n    cur.execute('DELETE FROM t')\n",
            &["t a.db", "t b.db"][..],
        ),
        (
            "class S:\n    def __init__(self):\n        self.conn = sqlite3.connect('a.db')\n    def f(self):\n        self.conn.execute('SELECT t.x FROM t')\n",
            &["t a.db", "t a.db"],
        ),
        (
            "C = {'x': sqlite3.connect('a.db'), 'y': sqlite3.connect('b.db')}\nC['y'].execute('SELECT 1 FROM t')\n",
            &["t b.db"],
        ),
        (
            "a = sqlite3.connect('a.db')\na.execute(\"ATTACH 'b.db' AS o\")\na.execute('INSERT INTO t SELECT o.t.x FROM o.t')\n",
            &["t a.db", "t b.db", "t b.db"],
        ),
        (
            "@contextmanager\ndef db():\n    c = sqlite3.connect('a.db')\n    yield c\ndef f():\n    with db() as c:\n        c.execute('SELECT 1 FROM t')\n",
            &["t a.db"],
        ),
        (
            "def rows(conn, sql):\n    return conn.execute(sql).fetchall()\nrows(sqlite3.connect('a.db'), 'SELECT 1 FROM t')\nrows(sqlite3.connect('b.db'), 'SELECT 2 FROM t')\n",
            &["t a.db", "t b.db"],
        ),
        (
            "class S:\n    def __init__(self, path):\n        self.conn = sqlite3.connect(path)\n    def rows(self, sql, args=()):\n        return self.conn.execute(sql, args).fetchall()\nS('a.db').rows('SELECT 1 FROM t')\nS('b.db').rows('SELECT 2 FROM t')\n",
            &["t a.db", "t b.db"],
        ),
        ("def f(conn):\n    conn.execute('SELECT 1 FROM t')\n", &["t "]),
    ] {
        assert_eq!(
            connections(&format!("import sqlite3\nfrom contextlib import contextmanager\n{text}")),
            expected,
            "{text}"
        );
    }
}
