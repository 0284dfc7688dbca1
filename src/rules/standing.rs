//! The policy applied to one inventory: what it says of each database and of each file. Judges nothing.

use std::collections::HashMap;
use std::ops::Deref;

use super::cause::{Cause, causes};
use super::names::without_side_ending;
use crate::lang::Engine;
use crate::policy::{Globs, Policy, Primary, Written, matches_path};
use crate::scan::{Context, Database, DatabaseId, Inventory};

/// What a database is to the policy; the number is that of its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    Primary,
    Specialised(usize),
    Retired(usize),
    External(usize),
    /// In memory or below a folder for throw-away databases.
    Temporary,
    /// Reached by URL, not a file.
    Server,
    /// The policy does not speak of it.
    Unknown,
}

/// A policy with what it says of the databases of one inventory.
pub struct Applied<'a> {
    policy: &'a Policy,
    standings: Vec<Standing>,
    config: Globs,
    tests: Globs,
    contexts: HashMap<&'a str, Context>,
    used: Vec<bool>,
    pub(crate) causes: Vec<Cause<'a>>,
}

impl Deref for Applied<'_> {
    type Target = Policy;

    fn deref(&self) -> &Policy {
        self.policy
    }
}

/// How well an entry of the policy fits a database; the best fit decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// A bare name in code, where the policy has a whole path that ends so.
    Shortened,
    /// The policy's words are the end of the path, so many bytes of it.
    Tail(usize),
    Exact,
}

impl<'a> Applied<'a> {
    #[must_use]
    pub fn new(inventory: &'a Inventory, policy: &'a Policy) -> Self {
        let mut applied = Self {
            policy,
            standings: Vec::new(),
            config: Globs::of(&policy.places.config),
            tests: Globs::of(&policy.places.tests),
            contexts: inventory.sources.iter().map(|source| (source.path.as_str(), source.context)).collect(),
            used: Vec::new(),
            causes: Vec::new(),
        };
        let temporary = Globs::of(&policy.places.temporary);
        let entries = entries(inventory, policy);
        applied.standings =
            inventory.databases.iter().map(|database| standing(database, policy, &entries, &temporary)).collect();
        applied.used = super::used(inventory, &applied);
        applied.causes = causes(inventory, &applied);
        applied
    }

    #[must_use]
    pub fn standing(&self, database: DatabaseId) -> Standing {
        self.standings.get(database.0).copied().unwrap_or(Standing::Unknown)
    }

    /// Code, configuration or tests name it.
    pub(crate) fn is_used(&self, database: DatabaseId) -> bool {
        self.used.get(database.0).copied().unwrap_or(false)
    }

    /// The file is the policy's own (a `pyproject.toml`, or one that `--config` names), or one that it extends: it uses no
    /// database.
    pub(crate) fn is_own(&self, file: &str) -> bool {
        self.policy.file.as_deref() == Some(file) || self.policy.extends.iter().any(|base| base == file)
    }

    /// There is a policy at all.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.policy.file.is_some()
    }

    /// The primary is a file, and not a server.
    pub(crate) fn file_primary(&self) -> Option<&Primary> {
        self.policy.primary.as_ref().filter(|primary| primary.engine == Engine::Sqlite)
    }

    /// What kind of file a source is, as the policy has it; `seen` is what the scan took it for.
    pub(crate) fn context(&self, file: &str, seen: Context) -> Context {
        let seen = self.contexts.get(file).copied().unwrap_or(seen);
        match seen {
            Context::Docs | Context::Vendored => seen,
            _ if self.tests.is_match(file) => Context::Test,
            _ if self.config.is_match(file) => Context::Config,
            _ => seen,
        }
    }

    /// The database that a variable of the policy stands for, with the path the policy gives it.
    pub(crate) fn meaning(&self, variable: &str) -> Option<(Standing, &Written<String>)> {
        if let Some(primary) = &self.policy.primary {
            let names = [Some(&primary.env), primary.url_env.as_ref()].into_iter().flatten().chain(&primary.aliases);
            if names.into_iter().any(|name| name.value == variable) {
                return Some((Standing::Primary, &primary.path));
            }
        }
        self.policy.specialised.iter().enumerate().find_map(|(index, entry)| {
            let env = entry.env.as_ref()?;
            (env.value == variable).then_some((Standing::Specialised(index), &entry.path))
        })
    }

    /// Variables that the policy gives a meaning: the primary's, its aliases, those of specialised databases.
    pub(crate) fn governs(&self, variable: &str) -> bool {
        self.meaning(variable).is_some()
    }
}

/// An entry's standing with every spelling that its path has: as written, and through each mount.
struct Entry {
    standing: Standing,
    spellings: Vec<String>,
}

fn entries(inventory: &Inventory, policy: &Policy) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut add = |standing: Standing, path: &str| {
        if !path.is_empty() {
            entries.push(Entry { standing, spellings: spellings(path, inventory, policy) });
        }
    };
    if let Some(primary) = &policy.primary {
        add(Standing::Primary, &primary.path.value);
    }
    for (index, entry) in policy.specialised.iter().enumerate() {
        add(Standing::Specialised(index), &entry.path.value);
    }
    for (index, entry) in policy.retired.iter().enumerate() {
        add(Standing::Retired(index), &entry.path.value);
    }
    for (index, entry) in policy.external.iter().enumerate() {
        add(Standing::External(index), &entry.path.value);
    }
    entries
}

/// A path as the policy writes it, and as it is called on the other side of each mount.
pub(crate) fn spellings(path: &str, inventory: &Inventory, policy: &Policy) -> Vec<String> {
    let mut found = vec![path.trim_start_matches("./").to_owned()];
    let written = policy.mounts.iter().map(|(container, host)| (container.value.as_str(), host.clone()));
    let composed = inventory.mounts.iter().filter(|mount| mount.host.starts_with(['.', '/'])).map(|mount| {
        let folder = mount.place.file.rsplit_once('/').map_or("", |(folder, _)| folder);
        (mount.container.as_str(), below(folder, &mount.host))
    });
    for (container, host) in written.chain(composed) {
        let container = container.trim_end_matches('/');
        let host = host.trim_start_matches("./").trim_end_matches('/');
        if let Some(rest) = path.strip_prefix(container).filter(|rest| rest.starts_with('/') && !container.is_empty()) {
            found.push(format!("{host}{rest}").trim_start_matches("./").to_owned());
        }
        if let Some(rest) = path.strip_prefix(host).filter(|rest| rest.starts_with('/') && !host.is_empty()) {
            found.push(format!("{container}{rest}"));
        }
    }
    found.dedup();
    found
}

/// `./data` written in a file of `deploy/` is `deploy/data`.
fn below(folder: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

fn standing(database: &Database, policy: &Policy, entries: &[Entry], temporary: &Globs) -> Standing {
    if database.engine != Engine::Sqlite {
        return match &policy.primary {
            Some(primary) if primary.engine == database.engine => Standing::Primary,
            _ => Standing::Server,
        };
    }
    let best = entries
        .iter()
        .filter_map(|entry| Some((fit(entry, database)?, entry.standing)))
        .max_by(|one, other| one.0.cmp(&other.0).then_with(|| rank(other.1).cmp(&rank(one.1))));
    // A throw-away database may be called like another; only its whole path makes it that one.
    if let Some((_, standing)) = best.filter(|(fit, _)| !database.temporary || *fit == Fit::Exact) {
        return standing;
    }
    let names = std::iter::once(&database.path).chain(&database.spellings);
    if database.temporary || names.into_iter().any(|path| temporary.is_match(path)) {
        return Standing::Temporary;
    }
    Standing::Unknown
}

/// Equal fits are settled in the order of the policy's sections.
fn rank(standing: Standing) -> usize {
    match standing {
        Standing::Primary => 0,
        Standing::Specialised(index) => 1 + index,
        Standing::Retired(index) => 1_000 + index,
        Standing::External(index) => 2_000 + index,
        Standing::Temporary | Standing::Server | Standing::Unknown => usize::MAX,
    }
}

fn fit(entry: &Entry, database: &Database) -> Option<Fit> {
    let names = std::iter::once(&database.path).chain(&database.spellings);
    names
        .filter_map(|name| entry.spellings.iter().filter_map(|words| fit_one(words, name, entry, database)).max())
        .max()
}

fn fit_one(words: &str, name: &str, entry: &Entry, database: &Database) -> Option<Fit> {
    let name = without_side_ending(name.trim_start_matches("./"));
    if name == words {
        return Some(Fit::Exact);
    }
    if matches_path(words, name) {
        return Some(Fit::Tail(words.len()));
    }
    // Only the main databases are called by less than the policy's path: a retired `a/auth.db` is no other `auth.db`.
    let main = matches!(entry.standing, Standing::Primary | Standing::Specialised(_));
    let end = match name.rsplit_once('*') {
        Some((_, end)) if end.starts_with('/') => end.trim_start_matches('/'),
        Some(_) => return None,
        None if name.starts_with('/') || database.file.is_some() => return None,
        None => name,
    };
    (main && words.strip_suffix(end).is_some_and(|head| head.ends_with('/'))).then_some(Fit::Shortened)
}
