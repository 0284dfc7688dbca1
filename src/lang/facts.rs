//! What reading one source yields: facts with their places, no opinion and no look at the disk.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Language, value::Value};
use crate::finding::Declared;
use crate::text::{Place, Source, once};

/// All that something can be, likeliest first. Many facts of a source say the same.
pub type Values = Arc<[Value]>;

/// Everything that was read in one source.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Facts {
    pub references: Vec<Reference>,
    /// Mentions that are attributes of the code around them, unless the tree has a database of that name.
    pub doubtful: Vec<Reference>,
    pub table_uses: Vec<TableUse>,
    /// Places where a table is named by what code hands over, of which not all was followed, or that is put together: `table` is empty
    /// where it can be any, or has `*` for what is not known of the name. And where one is named of a database that is one of more than
    /// are followed. `fixed` says which.
    pub unfollowed: Vec<TableUse>,
    /// Only where tables are renamed.
    pub index_names: Vec<IndexName>,
    pub statements: Vec<Statement>,
    pub settings: Vec<Setting>,
    pub env_reads: Vec<EnvRead>,
    pub mounts: Vec<Mount>,
    pub copies: Vec<FileCopy>,
    pub attaches: Vec<Attach>,
    pub destroyed: Vec<Destroyed>,
    /// The front end could not read all of the source; the words say why.
    pub trouble: Option<String>,
}

impl Facts {
    pub fn append(&mut self, mut other: Facts) {
        self.references.append(&mut other.references);
        self.doubtful.append(&mut other.doubtful);
        self.table_uses.append(&mut other.table_uses);
        self.unfollowed.append(&mut other.unfollowed);
        self.index_names.append(&mut other.index_names);
        self.statements.append(&mut other.statements);
        self.settings.append(&mut other.settings);
        self.env_reads.append(&mut other.env_reads);
        self.mounts.append(&mut other.mounts);
        self.copies.append(&mut other.copies);
        self.attaches.append(&mut other.attaches);
        self.destroyed.append(&mut other.destroyed);
        self.trouble = self.trouble.take().or(other.trouble);
    }

    /// Sets aside the mentions that the source itself shows to be attributes.
    #[must_use]
    pub fn doubted(mut self, source: &Source) -> Self {
        let (doubtful, sure) = self.references.into_iter().partition(|reference| {
            reference.role == Role::Mentions && super::names::is_attribute(&source.text, reference.place.span.range())
        });
        self.references = sure;
        self.doubtful = doubtful;
        self
    }

    /// All of it as bytes, for the time being.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        postcard::to_allocvec(self).ok()
    }

    /// The facts that [`Facts::to_bytes`] wrote, by this program.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    /// Keeps each word and each list of values once, of all facts that are shared with the same, and no room beside them.
    pub fn share(&mut self, shared: &mut Shared) {
        // What a value says it says of one source.
        shared.values.clear();
        self.for_each_place(&mut |place| shared.word(&mut place.file));
        for reference in self.references.iter_mut().chain(&mut self.doubtful) {
            shared.values(&mut reference.values);
            shared.word(&mut reference.construct);
            shared.optional(&mut reference.name);
            shared.optional(&mut reference.symbol);
        }
        for table_use in self.table_uses.iter_mut().chain(&mut self.unfollowed) {
            shared.values(&mut table_use.connection);
            shared.word(&mut table_use.table);
            shared.optional(&mut table_use.fixed);
            shared.optional(&mut table_use.symbol);
        }
        for statement in &mut self.statements {
            shared.values(&mut statement.connection);
            shared.optional(&mut statement.symbol);
            statement.sql.shrink_to_fit();
        }
        self.references.shrink_to_fit();
        self.doubtful.shrink_to_fit();
        self.table_uses.shrink_to_fit();
        self.statements.shrink_to_fit();
        self.settings.shrink_to_fit();
        self.env_reads.shrink_to_fit();
    }

    /// Visits the place of every fact and of every value's origin, to move facts from a snippet to its host.
    pub fn for_each_place(&mut self, visit: &mut dyn FnMut(&mut Place)) {
        for reference in self.references.iter_mut().chain(&mut self.doubtful) {
            visit(&mut reference.place);
            in_values(Arc::make_mut(&mut reference.values), visit);
        }
        for table_use in self.table_uses.iter_mut().chain(&mut self.unfollowed) {
            visit(&mut table_use.place);
            in_values(Arc::make_mut(&mut table_use.connection), visit);
        }
        for index in &mut self.index_names {
            visit(&mut index.place);
        }
        for statement in &mut self.statements {
            visit(&mut statement.place);
            in_values(Arc::make_mut(&mut statement.connection), visit);
        }
        for setting in &mut self.settings {
            visit(&mut setting.place);
            in_values(std::slice::from_mut(&mut setting.value), visit);
        }
        for read in &mut self.env_reads {
            visit(&mut read.place);
            in_values(read.default.as_mut_slice(), visit);
        }
        for mount in &mut self.mounts {
            visit(&mut mount.place);
        }
        for copy in &mut self.copies {
            visit(&mut copy.place);
            in_values(&mut copy.from, visit);
        }
        for attach in &mut self.attaches {
            visit(&mut attach.place);
            in_values(&mut attach.attached, visit);
            in_values(&mut attach.connection, visit);
        }
        for destroyed in &mut self.destroyed {
            visit(&mut destroyed.place);
            in_values(Arc::make_mut(&mut destroyed.values), visit);
        }
    }
}

/// What facts say more than once.
#[derive(Debug, Default)]
pub struct Shared {
    words: HashSet<Arc<str>>,
    values: HashSet<Values>,
}

impl Shared {
    fn word(&mut self, word: &mut Arc<str>) {
        *word = once(&mut self.words, Arc::clone(word));
    }

    fn optional(&mut self, word: &mut Option<Arc<str>>) {
        if let Some(word) = word {
            self.word(word);
        }
    }

    fn values(&mut self, values: &mut Values) {
        *values = once(&mut self.values, Arc::clone(values));
    }
}

fn in_values(values: &mut [Value], visit: &mut dyn FnMut(&mut Place)) {
    for value in values {
        if let Some(origin) = &mut value.origin {
            visit(origin);
        }
        for part in &mut value.parts {
            if let super::Part::Env { default: Some(default), .. } = part {
                in_values(std::slice::from_mut(default), visit);
            }
        }
    }
}

/// A place in a source that names a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The literal or expression that names the database.
    pub place: Place,
    pub role: Role,
    /// What the place says, likeliest first; empty when nothing is known.
    pub values: Values,
    /// What names it, in the field's words: `sqlite3.connect`, `constant`, `parameter default`, `compose environment`, `comment`.
    pub construct: Arc<str>,
    pub language: Language,
    pub confidence: Confidence,
    /// The name that the place gives the path (`DB_PATH`, `db_path`, `sqlalchemy.url`), where it gives one.
    pub name: Option<Arc<str>>,
    /// The function or class around it.
    pub symbol: Option<Arc<str>>,
    /// The text is written out by this source for another program (a heredoc, a template string).
    pub generated: bool,
}

/// What a place does with the database it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Hands the path to something that opens it.
    Opens,
    /// Gives the path a name in code: a constant, a default, an argument.
    Binds,
    /// Sets it in configuration, or reads it from there.
    Configures,
    /// Speaks of it: prose, comments, messages.
    Mentions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    High,
    Medium,
    Low,
}

/// What a statement does with a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Access {
    Reads,
    Writes,
    Defines,
}

/// How a place names a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Naming {
    /// SQL reads, writes or defines it: `FROM users`.
    Stated,
    /// SQL speaks of its columns: `users.name`, `docs MATCH ..`.
    Qualifies,
    /// SQL looks the name up in SQLite's catalogue: `name = 'users'`.
    Compared,
    /// Code hands the name to a library: `__tablename__ = 'users'`, `db['users']`.
    Given,
    /// Code fills the name into SQL: `for table in ['users']`.
    Filled,
    /// Code fills it in where SQL has no quotes around it: `f"FROM {table}"`. To programs it is filled in like others.
    #[cfg_attr(test, schemars(skip))]
    FilledBare,
    /// Code keeps it among what it calls tables: `EXPECTED_TABLES = ['users']`.
    Spoken,
    /// A model takes its name from its class: `class User(db.Model)`. The place is the class's name.
    Implied,
}

/// A place that names a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableUse {
    /// The table's name, as it stands (in SQL with its quotes, without its schema).
    pub place: Place,
    pub table: Arc<str>,
    pub access: Access,
    pub naming: Naming,
    /// Why the name cannot be changed here, although it is known what it means.
    pub fixed: Option<Arc<str>>,
    /// No name stands here: what is to be written where the table gets another one.
    pub declared: Option<Declared>,
    /// The path its connection opens, likeliest first; empty when the connection is not known.
    pub connection: Values,
    pub language: Language,
    pub symbol: Option<Arc<str>>,
}

/// What an index or a constraint is called, by a place that says so or by what makes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexName {
    pub place: Place,
    pub name: Arc<str>,
    pub says: IndexSays,
}

/// What a place says of an index's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum IndexSays {
    /// A library makes the name from that of a table, which stands in it from the `at`-th byte on and is that long.
    Made { at: u32, table: u32 },
    /// A library makes names of this kind: `{}` for the table, `*` for anything.
    Kind,
    /// The same, where nothing but an index can be meant.
    KindOfIndex,
    /// Code gives an index this name.
    Given,
    /// Something is called so: an index, if there is one.
    Asked,
    /// An index is called so: `DROP INDEX ..`.
    AskedOfIndex,
}

/// One whole SQL statement found in a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    pub place: Place,
    /// The SQL, with `?` for each hole that code fills in.
    pub sql: String,
    /// How many holes code fills with text (f-string parts, `%s`, `{}`), not counting bound parameters.
    pub holes: usize,
    /// The ways in which it can read, with [`super::sql::HOLE`] where nothing is known; empty where `sql` says all.
    pub ways: Vec<String>,
    pub connection: Values,
    pub language: Language,
    pub symbol: Option<Arc<str>>,
}

/// A place where configuration or code sets an environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    pub place: Place,
    pub name: String,
    pub value: Value,
    pub language: Language,
}

/// A place where code or configuration reads an environment variable that may hold a database's path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvRead {
    pub place: Place,
    pub name: String,
    pub default: Option<Value>,
    /// The program goes on without the variable: a choice, a test, or another value that the name is given.
    pub falls_back: bool,
    pub language: Language,
}

/// One place under two names: a folder of the host as a container sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    pub place: Place,
    /// As written: a path of the host, relative to the file it stands in, or a named volume.
    pub host: String,
    pub container: String,
}

/// A copy of a database file made by means that do not know of its `-wal`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCopy {
    pub place: Place,
    /// `shutil.copy`, `cp`, `COPY`.
    pub construct: String,
    pub from: Vec<Value>,
    pub language: Language,
}

/// An `ATTACH` of one database to the connection of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attach {
    pub place: Place,
    pub alias: String,
    pub attached: Vec<Value>,
    pub connection: Vec<Value>,
}

/// A file that code deletes, moves away, empties or writes over, itself or through a function that it is handed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destroyed {
    /// The call that does so.
    pub place: Place,
    /// What is called: `os.remove`.
    pub by: Arc<str>,
    /// The files, each with the place of the literal that names it, which may be in another source.
    pub values: Values,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_come_back_from_their_bytes_as_they_were() {
        const PROGRAM: &str = "\
import os, shutil, sqlite3
P = os.environ.get('DATABASE_PATH', f'{os.getcwd()}/café.db')
os.environ['OTHER_DB'] = 'other.db'
shutil.copy('a.db', 'b.db')
os.remove('d.db')
def add(table='users', q=None):
    '''Adds to what session.db holds, then to session.log.'''
    c = sqlite3.connect(P)
    c.execute(\"ATTACH 'c.db' AS c\")
    c.execute(f'INSERT INTO {table} VALUES (?, {q})')
    session.log(c)
";
        const COMPOSE: &str =
            "services:\n  web:\n    volumes: [./data:/app/data]\n    environment:\n      DB: /app/data/x.db\n";
        let mut all = Facts { trouble: Some("parts of it do not parse".into()), ..Facts::default() };
        for (path, text, language) in
            [("a.py", PROGRAM, Language::Python), ("docker-compose.yml", COMPOSE, Language::Yaml)]
        {
            let source = Source::new(path, text.as_bytes().to_vec());
            all.append(super::super::read(&source, language));
        }
        let kinds = [
            all.references.len(),
            all.doubtful.len(),
            all.table_uses.len(),
            all.statements.len(),
            all.settings.len(),
            all.env_reads.len(),
            all.mounts.len(),
            all.copies.len(),
            all.attaches.len(),
            all.destroyed.len(),
        ];
        assert!(kinds.iter().all(|count| *count > 0), "{kinds:?}");
        let bytes = all.to_bytes().unwrap();
        let mut again = Facts::from_bytes(&bytes).unwrap();
        assert_eq!(format!("{again:?}"), format!("{all:?}"));
        again.share(&mut Shared::default());
        assert_eq!(format!("{again:?}"), format!("{all:?}"));
        assert!((0..bytes.len()).all(|cut| Facts::from_bytes(&bytes[..cut]).is_none()));
    }
}
