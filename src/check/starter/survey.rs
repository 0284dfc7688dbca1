//! What the tree shows of its databases: how much each is used, which is the main one, under which names folders go.

use std::collections::{BTreeMap, BTreeSet};

use crate::db::State;
use crate::lang::{Base, Engine, Role, Value, names as words};
use crate::rules::names;
use crate::scan::{Context, Database, DatabaseId, Inventory};

/// A database with the use that code and configuration make of it.
pub(super) struct Surveyed<'a> {
    pub(super) database: &'a Database,
    id: DatabaseId,
    pub(super) references: usize,
    pub(super) files: BTreeSet<&'a str>,
    /// How often code reads, writes or defines a table of it.
    pub(super) table_uses: usize,
    /// A framework's settings say that it is the application's.
    is_main: bool,
    /// Variables that give its whole path, with how often each is read.
    variables: BTreeMap<&'a str, usize>,
    /// How often it is called by each path.
    spelled: BTreeMap<String, usize>,
    /// The folder that holds all code that uses it, where that is not the whole tree.
    pub(super) only_folder: Option<String>,
    /// Tables that the primary has too.
    pub(super) shared: Vec<&'a str>,
}

pub(super) struct Survey<'a> {
    pub(super) primary: Option<Surveyed<'a>>,
    pub(super) primary_path: String,
    /// Variables that code reads for the primary, the most read first.
    pub(super) variables: Vec<(&'a str, usize)>,
    /// Without any SQLite file in use: a server's engine and the variable with its URL.
    pub(super) server: Option<(Engine, String)>,
    /// Several services, each with its own database, and no code that tells which is the main one.
    pub(super) unrelated: bool,
    pub(super) external: Vec<Surveyed<'a>>,
    /// Nobody can decide about these but a person; most used first.
    pub(super) open: Vec<Surveyed<'a>>,
    /// Container path, folder of the tree.
    pub(super) mounts: BTreeMap<String, String>,
}

impl<'a> Survey<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        let mut all: Vec<Surveyed<'a>> = (0..inventory.databases.len())
            .map(DatabaseId)
            .filter(|&id| is_candidate(inventory.database(id)))
            .map(|id| survey(inventory, id))
            .filter(|it| it.references > 0 || it.database.file.is_some())
            .collect();
        let is_fixture = |it: &Surveyed<'_>| names::is_fixture(&it.database.path);
        // A program that is an example itself has a database with such a name.
        if !all.iter().all(is_fixture) {
            all.retain(|it| !is_fixture(it));
        } else if all.len() > 1 {
            all.clear();
        }
        let mut all = of_one_path(all);
        all.sort_by(|one, other| {
            other.use_made().cmp(&one.use_made()).then_with(|| one.database.path.cmp(&other.database.path))
        });

        let unrelated = are_unrelated(inventory, &all);
        let ours = |it: &Surveyed<'_>| {
            names::known_owner(&it.database.path).is_none()
                && it.references > 0
                && !it.database.tracking.lfs
                && !is_many(it.database)
        };
        let exists = |it: &Surveyed<'_>| it.database.file.as_ref().is_some_and(|file| file.state == State::Readable);
        let main = all
            .iter()
            .position(|it| ours(it) && it.is_main)
            .or_else(|| all.iter().position(|it| ours(it) && exists(it)))
            .or_else(|| all.iter().position(ours))
            // A program that is itself well known is its own.
            .or_else(|| all.iter().position(|it| it.references > 0 && !it.database.path.starts_with('/')))
            .or_else(|| all.iter().position(|it| exists(it) && names::known_owner(&it.database.path).is_none()));
        let primary = main.filter(|_| !unrelated).map(|index| all.remove(index));

        let server = if primary.is_some() || unrelated { None } else { server(inventory) };
        let (external, mut open): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|it| names::known_owner(&it.database.path).is_some());
        let mut variables = Vec::new();
        let mut primary_path = String::new();
        if let Some(primary) = &primary {
            variables = primary.variables.iter().map(|(name, reads)| (*name, *reads)).collect::<Vec<_>>();
            variables.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
            primary_path = primary.usual_path();
            open.retain(|other| !is_same(primary, &primary_path, other));
            for other in &mut open {
                other.shared = shared(inventory, primary.id, other.id);
            }
        }
        let mounts = mounts(inventory, primary.iter().chain(&open).chain(&external));
        // Through a mount it is a database that is listed already.
        let listed: BTreeSet<String> = open.iter().map(|it| it.database.path.clone()).collect();
        open.retain(|it| {
            it.database.file.is_some()
                || !mounts.iter().any(|(container, host)| {
                    let rest = it.database.path.strip_prefix(container.as_str());
                    rest.is_some_and(|rest| listed.contains(&format!("{host}{rest}")))
                })
        });
        Self { primary, primary_path, variables, server, unrelated, external, open, mounts }
    }

    /// The variable with its path, how often it is read, and the one with its URL where there are both.
    pub(super) fn variable(&self) -> (&str, usize, Option<&str>) {
        let is_url = |name: &str| name.ends_with("_URL") || name.ends_with("_URI") || name.ends_with("_DSN");
        let url = self.variables.iter().find(|(name, _)| is_url(name));
        match self.variables.iter().find(|(name, _)| !is_url(name)) {
            Some((name, reads)) => (name, *reads, url.map(|(name, _)| *name)),
            None => url.map_or(("DATABASE_PATH", 0, None), |(name, reads)| (name, *reads, None)),
        }
    }
}

/// Configuration of services that have nothing in common: no code uses any of the databases, and each folder has its own.
fn are_unrelated(inventory: &Inventory, all: &[Surveyed<'_>]) -> bool {
    let in_code = |it: &Surveyed<'_>| {
        let used = inventory.references.iter().filter(|reference| reference.databases.first() == Some(&it.id));
        used.filter(|reference| reference.fact.role != Role::Mentions)
            .any(|reference| reference.context == Context::Code)
    };
    let server = |setting: &&crate::scan::Linked<crate::lang::Setting>| {
        matches!(setting.fact.value.engine, Engine::Postgresql | Engine::Mysql) && setting.context == Context::Config
    };
    let read =
        |name: &str| inventory.env_reads.iter().any(|read| read.context == Context::Code && read.fact.name == name);
    let servers = inventory.settings.iter().filter(server);
    let folder = |file: &str| file.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
    let configured = all.iter().flat_map(|it| it.files.iter().map(|file| folder(file)));
    let folders: BTreeSet<String> = configured.chain(servers.clone().map(|it| folder(&it.fact.place.file))).collect();
    folders.len() > 2 && !all.iter().any(in_code) && !servers.clone().any(|setting| read(&setting.fact.name))
}

impl Surveyed<'_> {
    /// A database that is opened in one place and asked in four hundred is used more than one that is opened in twenty.
    fn use_made(&self) -> (usize, usize, u64) {
        let rows = self.database.file.as_ref().and_then(|file| file.schema.as_ref()).map_or(0, crate::db::Schema::rows);
        (self.references + self.table_uses, self.files.len(), rows)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.database.file.as_ref().is_some_and(|file| file.state == State::Empty)
    }

    /// Its path; only its name where the folder is decided at run time.
    pub(super) fn path(&self) -> &str {
        if self.database.is_pattern { &self.database.name } else { &self.database.path }
    }

    /// An absolute path that code and configuration use (the container's) before the one in the tree: defaults are to be it.
    fn usual_path(&self) -> String {
        self.spelled
            .iter()
            .filter(|(path, _)| path.starts_with('/') && is_plain(path) && !words::is_placeholder(path))
            .max_by(|one, other| one.1.cmp(other.1).then(other.0.cmp(one.0)))
            .map_or_else(|| self.path().to_owned(), |(path, _)| path.clone())
    }

    /// The variable that code reads for it, or one made of its name.
    pub(super) fn variable(&self) -> String {
        let usual = self.variables.iter().max_by(|one, other| one.1.cmp(other.1).then(other.0.cmp(one.0)));
        if let Some((name, _)) = usual {
            return (*name).to_owned();
        }
        let stem = self.database.name.split('.').next().unwrap_or("");
        let stem: String = stem
            .chars()
            .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' })
            .collect();
        format!("{}_DB_PATH", stem.trim_matches('_'))
    }
}

/// Databases whose folder is decided at run time are one entry where they have one name: an entry could not tell them apart.
fn of_one_path(all: Vec<Surveyed<'_>>) -> Vec<Surveyed<'_>> {
    let mut merged: Vec<Surveyed<'_>> = Vec::with_capacity(all.len());
    for it in all {
        let same = |other: &&mut Surveyed<'_>| {
            other.path() == it.path() && other.database.file.is_none() && it.database.file.is_none()
        };
        let Some(other) = merged.iter_mut().find(same) else {
            merged.push(it);
            continue;
        };
        other.references += it.references;
        other.table_uses += it.table_uses;
        other.is_main |= it.is_main;
        other.files.extend(&it.files);
        for (name, reads) in it.variables {
            *other.variables.entry(name).or_default() += reads;
        }
        for (path, times) in it.spelled {
            *other.spelled.entry(path).or_default() += times;
        }
        if other.only_folder != it.only_folder {
            other.only_folder = None;
        }
    }
    merged
}

/// `projects/*/notes.db`: a database for each of many, and no main one.
fn is_many(database: &Database) -> bool {
    database.is_pattern && database.path.trim_start_matches(['*', '/']).contains('*')
}

/// The primary under another name: a bare name that its path ends with, or its name in a folder that is a guessed mount.
fn is_same(primary: &Surveyed<'_>, path: &str, other: &Surveyed<'_>) -> bool {
    if other.database.file.is_some() || other.database.name != primary.database.name {
        return false;
    }
    let tail = format!("/{}", other.database.path);
    let folder = |path: &str| path.rsplit('/').nth(1).unwrap_or("").to_owned();
    path.ends_with(&tail)
        || primary.database.path.ends_with(&tail)
        || other.database.path.starts_with('/') && folder(&other.database.path) == folder(&primary.database.path)
}

/// Whether a database can have an entry: a SQLite file that is kept, under a name that is no glob.
fn is_candidate(database: &Database) -> bool {
    let a_database = database.file.as_ref().is_none_or(|file| !matches!(file.state, State::NotSqlite(_)));
    database.engine == Engine::Sqlite
        && a_database
        && !database.temporary
        && is_plain(if database.is_pattern { &database.name } else { &database.path })
        && (database.file.is_some() || words::is_database_path(&database.name))
        && !words::is_placeholder(&database.path)
        && !names::is_copy(&database.path)
        && names::without_side_ending(&database.path) == database.path
}

/// No glob and no part that only a run knows; a path from the home folder is one that a policy can name.
fn is_plain(path: &str) -> bool {
    let path = path.strip_prefix("~/").unwrap_or(path);
    !path.is_empty()
        && !path.contains(['*', '?', '[', ']', '{', '}', '$', '<', '>', ':', '~', '\\'])
        && !path.contains(char::is_control)
}

fn survey(inventory: &Inventory, id: DatabaseId) -> Surveyed<'_> {
    let mut found = Surveyed {
        database: inventory.database(id),
        id,
        references: 0,
        files: BTreeSet::new(),
        is_main: false,
        table_uses: 0,
        variables: BTreeMap::new(),
        spelled: BTreeMap::new(),
        only_folder: None,
        shared: Vec::new(),
    };
    let mut folders: BTreeSet<&str> = BTreeSet::new();
    for reference in &inventory.references {
        let in_program = matches!(reference.context, Context::Code | Context::Config);
        if reference.databases.first() != Some(&id) || reference.fact.role == Role::Mentions || !in_program {
            continue;
        }
        let file: &str = &reference.fact.place.file;
        found.is_main |= &*reference.fact.construct == "Django DATABASES";
        found.references += 1;
        found.files.insert(file);
        if reference.context == Context::Code {
            folders.insert(file.split_once('/').map_or("", |(folder, _)| folder));
        }
        for value in &*reference.fact.values {
            // What lies below the tree itself is spelled from there, though a slash stands between the two.
            if let Some(path) = value.rendered().filter(|_| value.base != Base::Root) {
                *found.spelled.entry(words::strip_url(&path).to_owned()).or_default() += 1;
            }
        }
    }
    let asks = |it: &&crate::scan::Linked<crate::lang::TableUse>| {
        it.context == Context::Code && it.databases.first() == Some(&id)
    };
    found.table_uses = inventory.table_uses.iter().filter(asks).count();
    for read in inventory.env_reads.iter().filter(|read| read.context == Context::Code) {
        if read.databases.first() == Some(&id) && words::env_names_database(&read.fact.name) {
            *found.variables.entry(&read.fact.name).or_default() += 1;
        }
    }
    if found.variables.is_empty() {
        // `process.env.DB_PATH ?? "x.db"`, `path = os.getenv("DB_PATH")` with its default two lines below: the reference tells.
        let told = inventory.references.iter().filter(|it| it.context == Context::Code && it.databases.contains(&id));
        let of_this = |default: &Value| default.file_name().is_some_and(|name| name == found.database.name);
        for (name, default) in told.flat_map(|it| &*it.fact.values).filter_map(Value::whole_env) {
            // `os.getenv("DB_NAME", BASE_DIR / "app.sqlite")` is called otherwise, and holds the path all the same.
            if words::env_names_database(name) || default.is_some_and(of_this) {
                *found.variables.entry(name).or_default() += 1;
            }
        }
    }
    if found.variables.is_empty() {
        // What configuration sets to this path is read by code, wherever that is.
        let set =
            inventory.settings.iter().filter(|it| it.context == Context::Config && it.databases.first() == Some(&id));
        for setting in set.filter(|it| words::env_names_database(&it.fact.name)) {
            *found.variables.entry(&setting.fact.name).or_default() += 1;
        }
    }
    if let (1, Some(folder)) = (folders.len(), folders.first().filter(|folder| !folder.is_empty() && is_plain(folder)))
    {
        found.only_folder = Some((*folder).to_owned());
    }
    found
}

fn shared(inventory: &Inventory, primary: DatabaseId, other: DatabaseId) -> Vec<&str> {
    let has = |id: DatabaseId| move |side: &crate::scan::Side| side.database == id;
    inventory
        .duplicates
        .iter()
        .filter(|it| it.sides.iter().any(has(primary)) && it.sides.iter().any(has(other)))
        .map(|it| it.table.as_str())
        .collect()
}

fn server(inventory: &Inventory) -> Option<(Engine, String)> {
    let mut votes: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    for reference in inventory.references.iter().filter(|it| it.context == Context::Code) {
        for value in &*reference.fact.values {
            if let Some((name, _)) =
                value.whole_env().filter(|_| matches!(value.engine, Engine::Postgresql | Engine::Mysql))
            {
                *votes.entry((name, value.engine == Engine::Mysql)).or_default() += 1;
            }
        }
    }
    for setting in &inventory.settings {
        let engine = setting.fact.value.engine;
        if setting.context == Context::Config && matches!(engine, Engine::Postgresql | Engine::Mysql) {
            *votes.entry((&setting.fact.name, engine == Engine::Mysql)).or_default() += 1;
        }
    }
    let ((name, mysql), _) = votes.into_iter().max_by(|one, other| one.1.cmp(&other.1).then(other.0.cmp(&one.0)))?;
    Some((if mysql { Engine::Mysql } else { Engine::Postgresql }, name.to_owned()))
}

/// Volumes of compose that a database goes through, and folders that two spellings of one file name tell of.
fn mounts<'s, 'a: 's>(inventory: &Inventory, all: impl Iterator<Item = &'s Surveyed<'a>>) -> BTreeMap<String, String> {
    let all: Vec<&Surveyed<'_>> = all.collect();
    let mut found = BTreeMap::new();
    for it in &all {
        let Some(file) = it.database.file.as_ref().filter(|file| !file.path.starts_with('/')) else { continue };
        let Some((folder, name)) = file.path.rsplit_once('/') else { continue };
        let elsewhere = all.iter().filter(|other| other.database.name == name && other.database.file.is_none());
        let spellings = elsewhere.flat_map(|other| other.spelled.keys()).chain(it.spelled.keys());
        for spelling in spellings.filter(|path| path.starts_with('/') && is_plain(path)) {
            let tail = format!("/{name}");
            let container = spelling.strip_suffix(&tail).filter(|container| !container.is_empty());
            // `/app/data` for `data`; one folder alike is little, but more than a name.
            let alike = container.is_some_and(|it| it.rsplit('/').next() == folder.rsplit('/').next());
            if let Some(container) = container.filter(|_| alike) {
                found.entry(container.to_owned()).or_insert_with(|| folder.to_owned());
            }
        }
    }
    for mount in &inventory.mounts {
        let relative = mount.host.starts_with("./") && mount.container.starts_with('/');
        let crossed =
            all.iter().any(|it| it.spelled.keys().any(|path| path.starts_with(&format!("{}/", mount.container))));
        let at_root = !mount.place.file.contains('/');
        if relative && crossed && at_root && is_plain(&mount.host) && is_plain(&mount.container) {
            let host = mount.host.trim_start_matches("./").trim_end_matches('/');
            if !host.is_empty() {
                found.insert(mount.container.trim_end_matches('/').to_owned(), host.to_owned());
            }
        }
    }
    found
}
