//! From what a place says to the database it means: URLs, mounts, working directories and environment variables resolved to one identity.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::lang::{Base, Engine, Part, Value, names};

/// Ways one value can be spelled that are kept.
const ALTERNATIVES: usize = 6;

/// One place under two names: a folder as a container or service sees it, and the folder of the tree that it is.
pub(super) type MountPoint = (String, String);

/// What a variable is set to somewhere in the tree.
pub(super) struct SetTo {
    pub(super) file: String,
    pub(super) value: Value,
    pub(super) in_tests: bool,
}

/// Everything that decides what a path means.
pub(super) struct World {
    pub(super) mounts: Vec<MountPoint>,
    pub(super) settings: HashMap<String, Vec<SetTo>>,
    /// Paths of the database files on disk.
    pub(super) files: BTreeSet<String>,
    /// Sources that are tests: only there what tests set counts.
    pub(super) tests: BTreeSet<String>,
    /// Symbolic links within the tree, and what they lead to.
    links: Vec<(String, String)>,
    /// Paths that are written in full somewhere: what a lone name can be taken for.
    anchored: BTreeSet<String>,
}

/// A path, as far as it could be told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    pub(super) path: String,
    pub(super) engine: Engine,
    pub(super) temporary: bool,
    pub(super) is_pattern: bool,
    /// The path before mounts and folders were taken into account.
    pub(super) spelling: String,
    /// Relative to wherever the process starts.
    loose: bool,
}

/// Variables that are set by variables are followed this far.
const DEEPEST_SETTING: u32 = 4;

impl World {
    pub(super) fn new(
        mounts: Vec<MountPoint>,
        settings: HashMap<String, Vec<SetTo>>,
        files: BTreeSet<String>,
        links: Vec<(String, String)>,
    ) -> Self {
        let anchored = files.clone();
        Self { mounts, settings, files, links, anchored, tests: BTreeSet::new() }
    }

    /// Takes note of a path that is written in full.
    pub(super) fn anchor(&mut self, file: &str, values: &[Value]) {
        for value in values {
            for identity in self.identities(file, value, 0) {
                let is_known = !identity.loose && !identity.temporary && !identity.is_pattern;
                // `/path/to/app.db` of an example says nothing of where a lone `app.db` is.
                if is_known && identity.engine == Engine::Sqlite && !names::is_placeholder(&identity.path) {
                    self.anchored.insert(identity.path);
                }
            }
        }
    }

    /// Learns under which other folders this very tree is spelled out: `~/projects/bot/data/x.db` beside `data/x.db`, if two databases
    /// say so, or one and the name of the tree's folder.
    pub(super) fn know_itself(&mut self, name: &str) {
        let mut folders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for path in self.anchored.iter().filter(|path| is_absolute(path)) {
            for (slash, _) in path.match_indices('/').skip(1) {
                let (folder, rest) = (&path[..slash], &path[slash + 1..]);
                let tail = &path[slash..];
                if rest.contains('/') && self.anchored.contains(rest) && may_be_started_in(folder, tail) {
                    folders.entry(folder).or_default().insert(rest);
                }
            }
        }
        let own: Vec<String> = folders
            .into_iter()
            .filter(|(folder, rests)| rests.len() > 1 || name_of(folder).eq_ignore_ascii_case(name))
            .map(|(folder, _)| folder.to_owned())
            .collect();
        self.mounts.extend(own.into_iter().map(|folder| (folder, ".".to_owned())));
        self.anchored = self.anchored.iter().map(|path| self.mounted(path).unwrap_or_else(|| path.clone())).collect();
    }

    /// The databases that a value in a file can mean, the likeliest first.
    pub(super) fn identities(&self, file: &str, value: &Value, depth: u32) -> Vec<Identity> {
        if value.base == Base::Memory {
            return vec![Identity {
                path: ":memory:".into(),
                engine: Engine::Sqlite,
                temporary: true,
                is_pattern: false,
                spelling: ":memory:".into(),
                loose: false,
            }];
        }
        let mut found = Vec::new();
        for (text, home) in self.spelled(file, value, depth) {
            if let Some(mut identity) = self.identity(&home, value, &text) {
                identity.path = self.through_links(identity.path);
                if !found.contains(&identity) {
                    found.push(identity);
                }
            }
        }
        found
    }

    /// The texts of a value, with variables that have no default looked up in the tree's configuration, each with the file it comes from.
    fn spelled(&self, file: &str, value: &Value, depth: u32) -> Vec<(String, String)> {
        let alone = value.parts.len() == 1;
        let mut found = vec![(String::new(), file.to_owned())];
        for (index, part) in value.parts.iter().enumerate() {
            let after_variable = index > 0 && matches!(value.parts.get(index - 1), Some(Part::Env { .. }));
            let options: Vec<(String, String)> = match part {
                Part::Text(run) => vec![(run.clone(), file.to_owned())],
                Part::Env { default: Some(default), .. } => self.spelled(file, default, depth),
                Part::Env { name, default: None } => self.set_to(file, name, depth),
                Part::Unknown(_) => vec![("*".into(), file.to_owned())],
            };
            let mut next = Vec::new();
            for (text, _) in &found {
                for (option, home) in &options {
                    // A folder set as `data/` and continued with `/x.db` has one slash.
                    let text = if after_variable && option.starts_with('/') {
                        text.trim_end_matches('/')
                    } else {
                        text.as_str()
                    };
                    let home = if alone { home.clone() } else { file.to_owned() };
                    if next.len() < ALTERNATIVES {
                        next.push((format!("{text}{option}"), home));
                    }
                }
            }
            found = next;
        }
        found
    }

    /// What a variable is set to in the tree; `*` when nothing says.
    fn set_to(&self, file: &str, name: &str, depth: u32) -> Vec<(String, String)> {
        let unknown = || vec![("*".to_owned(), file.to_owned())];
        let Some(set) = self.settings.get(name).filter(|_| depth < DEEPEST_SETTING) else { return unknown() };
        let in_tests = self.tests.contains(file);
        let mut set: Vec<&SetTo> = set.iter().filter(|set| in_tests || !set.in_tests).collect();
        // A service is configured by what lies nearest to it; examples speak last.
        set.sort_by_key(|set| (is_example(&set.file), usize::MAX - shared_folders(file, &set.file)));
        let mut found: Vec<(String, String)> = Vec::new();
        for set in set {
            for (text, home) in self.spelled(&set.file, &set.value, depth + 1) {
                // The same words in one folder mean the same.
                if !found.iter().any(|(known, from)| *known == text && folder_of(from) == folder_of(&home)) {
                    found.push((text, home));
                }
            }
            if found.len() >= ALTERNATIVES {
                break;
            }
        }
        if found.is_empty() { unknown() } else { found }
    }

    fn identity(&self, file: &str, value: &Value, text: &str) -> Option<Identity> {
        let engine = names::url_engine(text).unwrap_or(value.engine);
        if engine != Engine::Sqlite {
            return Some(server(text, engine));
        }
        if names::is_memory(text) {
            return Some(Identity {
                path: ":memory:".into(),
                engine,
                temporary: true,
                is_pattern: false,
                spelling: ":memory:".into(),
                loose: false,
            });
        }
        let url = names::sqlite_url_path(text).is_some();
        let mut path = names::strip_url(text).replace('\\', "/");
        if url {
            path = percent_decoded(&path);
        }
        let path = without_side(path.trim());
        // A folder with a name in it that nobody knows is no database.
        if name_of(path).trim_matches(['*', '.', '~']).is_empty() {
            return None;
        }
        let is_pattern = path.contains('*');
        let spelling = path.trim_start_matches("./").to_owned();
        let whole = |path: String, temporary: bool, loose: bool| Identity {
            path,
            engine,
            temporary,
            is_pattern,
            spelling: spelling.clone(),
            loose,
        };
        match value.base {
            Base::Temporary => return Some(whole(format!("<temporary>/{}", name_of(path)), true, false)),
            Base::Root => {
                // `BASE + "/" + "app.db"`: the tree itself has no name that a slash could stand behind.
                let path = normalise(path.trim_start_matches('/'));
                let path = self.mounted(&path).unwrap_or(path);
                let above = path.split('*').next().unwrap_or("");
                let path = match is_pattern.then(|| self.of_pattern(file, &path)) {
                    Some(only) if only.starts_with(above) => only,
                    _ => path,
                };
                return Some(whole(path, false, false));
            }
            Base::Home => {
                let path = normalise(&format!("~/{}", path.trim_start_matches(['~', '/'])));
                return Some(whole(self.mounted(&path).unwrap_or(path), false, false));
            }
            Base::Written | Base::Memory => {}
        }
        if is_absolute(path) {
            let path = normalise(path);
            let mounted = self.mounted(&path);
            let temporary =
                mounted.is_none() && ["/tmp/", "/var/tmp/", "/dev/shm/"].iter().any(|root| path.starts_with(root));
            let path = mounted.unwrap_or(path);
            let path = if is_pattern { self.of_pattern(file, &path) } else { path };
            return Some(whole(path, temporary, false));
        }
        if is_pattern {
            return Some(whole(self.of_pattern(file, path), false, true));
        }
        Some(whole(self.relative(file, path), false, true))
    }

    /// A path under a mount point, as the tree has it. The longest mount point wins.
    fn mounted(&self, path: &str) -> Option<String> {
        self.mounts
            .iter()
            .filter_map(|(from, to)| {
                let from = from.trim_end_matches('/');
                let rest = if path == from { "" } else { path.strip_prefix(from)?.strip_prefix('/')? };
                Some((from.len(), normalise(&format!("{to}/{rest}"))))
            })
            .max_by_key(|(length, _)| *length)
            .map(|(_, path)| path)
    }

    /// A path relative to a working directory that is not known: where such a file is, else where one is spoken of, else the root.
    fn relative(&self, file: &str, path: &str) -> String {
        let at_root = normalise(path);
        if self.files.contains(&at_root) {
            return at_root;
        }
        let mut folder = folder_of(file);
        while !folder.is_empty() {
            let here = normalise(&format!("{folder}/{path}"));
            if self.files.contains(&here) {
                return here;
            }
            folder = folder_of(folder);
        }
        // Of what is written in full elsewhere, what lies in the tree's own folders comes first, the nearest of it.
        let mut folder = folder_of(file);
        loop {
            let here = normalise(&format!("./{folder}/{path}"));
            if self.anchored.contains(&here) && self.concerns(file, &here) {
                return here;
            }
            if folder.is_empty() {
                break;
            }
            folder = folder_of(folder);
        }
        let tail = format!("/{}", at_root.trim_start_matches("../"));
        let mut hits = self
            .anchored
            .iter()
            .filter(|known| known.strip_suffix(&tail).is_some_and(|above| may_be_started_in(above, &tail)))
            .filter(|known| self.concerns(file, known));
        match (hits.next(), hits.next()) {
            (Some(only), None) => only.clone(),
            _ => at_root,
        }
    }

    /// What tests make beside themselves is no database of the application, though it bears the same name.
    fn concerns(&self, file: &str, known: &str) -> bool {
        !is_of_tests(known) || is_of_tests(file) || self.tests.contains(file)
    }

    /// A path with unknown parts is the one database that fits it, if there is just one.
    fn of_pattern(&self, file: &str, pattern: &str) -> String {
        let name = name_of(pattern);
        let known: Vec<&String> = if name.contains('*') {
            // `*_*.db` fits what it was never meant for.
            if name.rsplit_once('.').map_or(name, |(stem, _)| stem).bytes().filter(u8::is_ascii_alphanumeric).count()
                < 3
            {
                return pattern.to_owned();
            }
            self.files.iter().filter(|file| fits(name, name_of(file))).collect()
        } else {
            self.anchored.iter().filter(|known| name_of(known) == name && self.concerns(file, known)).collect()
        };
        let folder: Vec<&str> =
            folder_of(pattern).split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
        let mut hits = known.into_iter().filter(|known| {
            let mut parts = folder_of(known).rsplit('/');
            folder.iter().rev().take_while(|part| !part.contains('*')).all(|part| parts.next() == Some(part))
        });
        match (hits.next(), hits.next()) {
            (Some(only), None) => only.clone(),
            _ => pattern.to_owned(),
        }
    }

    /// Where a path of the tree leads to.
    fn through_links(&self, mut path: String) -> String {
        // A link may lead through another; one that leads to itself leads nowhere.
        for _ in 0..4 {
            let target = self.links.iter().find_map(|(from, to)| {
                let rest = path.strip_prefix(from.as_str())?;
                (rest.is_empty() || rest.starts_with('/')).then(|| normalise(&format!("./{to}{rest}")))
            });
            match target {
                Some(target) => path = target,
                None => break,
            }
        }
        path
    }
}

/// Whether a program that says `data/x.db` may be started in a folder: nobody starts one in `~/.app`, where another program keeps
/// its data. A lone name may be joined to any folder elsewhere.
fn may_be_started_in(folder: &str, tail: &str) -> bool {
    let lone = !tail.trim_start_matches('/').contains('/');
    lone || !folder.split('/').any(|part| part.starts_with('.') && part != "..")
}

/// Whether a path lies in a folder of tests.
fn is_of_tests(path: &str) -> bool {
    folder_of(path)
        .split('/')
        .any(|part| matches!(part, "test" | "tests" | "testing" | "testdata" | "__tests__" | "fixtures"))
}

/// Whether a name fits a pattern in which `*` stands for any run of characters.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or(""),
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// `x.db-wal`, `x.db-shm` and `x.db-journal` belong to `x.db`.
fn without_side(path: &str) -> &str {
    let main = ["-wal", "-shm", "-journal"].iter().find_map(|side| path.strip_suffix(side));
    main.filter(|main| names::is_database_file_name(name_of(main))).unwrap_or(path)
}

fn is_example(file: &str) -> bool {
    let name = name_of(file);
    ["example", "sample", "template", "dist"].iter().any(|word| name.contains(word))
}

/// How many folders two files have in common.
fn shared_folders(left: &str, right: &str) -> usize {
    folder_of(left).split('/').zip(folder_of(right).split('/')).take_while(|(left, right)| left == right).count()
}

/// A database of a server: its host and name, never its password.
fn server(text: &str, engine: Engine) -> Identity {
    let (scheme, rest) = names::inner_url(text).split_once("://").unwrap_or(("", text));
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let scheme = scheme.split('+').next().unwrap_or(scheme);
    let path = if scheme.is_empty() { rest.to_owned() } else { format!("{scheme}://{rest}") };
    Identity { is_pattern: path.contains('*'), spelling: path.clone(), path, engine, temporary: false, loose: false }
}

pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn folder_of(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..at])
}

fn is_absolute(path: &str) -> bool {
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    path.starts_with('/') || path.starts_with('~') || drive
}

/// `.` and `..` taken out, as far as they can be.
pub(super) fn normalise(path: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if absolute { format!("/{joined}") } else { joined }
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let code =
            (byte == b'%').then(|| text.get(at + 1..at + 3)).flatten().and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(code) => {
                out.push(code);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> World {
        let mut world = World::new(
            vec![("/app/data".into(), "data".into()), ("/app".into(), ".".into())],
            HashMap::from([
                (
                    "DATABASE_PATH".to_owned(),
                    vec![SetTo {
                        file: "docker-compose.yml".into(),
                        value: Value::text("/app/data/zoe.db"),
                        in_tests: false,
                    }],
                ),
                (
                    "APP_DB".to_owned(),
                    ["a/.env", "b/.env", "b/.env.example"]
                        .map(|file| SetTo {
                            file: file.into(),
                            value: Value::text(format!("{}.db", file.replace(['/', '.'], "_"))),
                            in_tests: false,
                        })
                        .into(),
                ),
            ]),
            ["data/zoe.db", "services/auth/data/auth.db", "cache/user_7.db", "cache/log_1.db", "cache/log_2.db"]
                .map(str::to_owned)
                .into(),
            vec![("old/store".to_owned(), "data".to_owned()), ("z.db".to_owned(), "old/store/zoe.db".to_owned())],
        );
        world.anchor("a.py", &[Value::text("/srv/far/only.db")]);
        world.anchor("tests/a.py", &[Value::text("/srv/tests/made.db")]);
        for (base, path) in [
            (Base::Home, "~/projects/bot/data/bot.db"),
            (Base::Root, "data/bot.db"),
            (Base::Root, "services/b/state.db"),
            (Base::Root, "services/c/state.db"),
            (Base::Home, "~/.store/data/core.db"),
        ] {
            world.anchor("a.py", &[Value { base, ..Value::text(path) }]);
        }
        world
    }

    /// A text with an unknown part in it.
    fn pattern(before: &str, after: &str) -> Value {
        let parts = vec![Part::Text(before.into()), Part::Unknown("x".into()), Part::Text(after.into())];
        Value { parts, ..Value::default() }
    }

    fn paths(file: &str, value: &Value) -> Vec<String> {
        world().identities(file, value, 0).into_iter().map(|identity| identity.path).collect()
    }

    #[test]
    fn a_tree_knows_its_own_folder_elsewhere() {
        let path = |base: Base, text: &str| Value { base, ..Value::text(text) };
        for (name, others, expected) in [
            ("work", &["~/projects/bot/data/a.db", "~/projects/bot/data/b.db"][..], "data/a.db"),
            ("Bot", &["~/projects/bot/data/a.db"], "data/a.db"),
            ("work", &["~/projects/bot/data/a.db"], "~/projects/bot/data/a.db"),
            ("work", &["~/.bot/data/a.db", "~/.bot/data/b.db"], "~/.bot/data/a.db"),
            ("work", &["~/projects/bot/data/a.db", "~/projects/bot/data/c.db"], "~/projects/bot/data/a.db"),
        ] {
            let mut world = World::new(Vec::new(), HashMap::new(), BTreeSet::new(), Vec::new());
            world.anchor("a.py", &[path(Base::Root, "data/a.db"), path(Base::Root, "data/b.db")]);
            let others: Vec<Value> = others.iter().map(|other| path(Base::Home, other)).collect();
            world.anchor("b.py", &others);
            world.know_itself(name);
            let found = world.identities("b.py", &others[0], 0);
            assert_eq!(found[0].path, expected, "{others:?}");
        }
    }

    #[test]
    fn one_file_under_many_spellings() {
        let cases = [
            ("main.py", Value::text("/app/data/zoe.db"), "data/zoe.db"),
            ("main.py", Value::text("./data/zoe.db"), "data/zoe.db"),
            ("main.py", Value::text("sqlite:////app/data/zoe.db?mode=ro"), "data/zoe.db"),
            ("main.py", Value::text("sqlite+aiosqlite:///data/zoe.db"), "data/zoe.db"),
            ("main.py", Value::text("file:data/zoe.db"), "data/zoe.db"),
            ("services/auth/main.py", Value::text("data/auth.db"), "services/auth/data/auth.db"),
            ("other/main.py", Value::text("auth.db"), "services/auth/data/auth.db"),
            ("main.py", Value::text("only.db"), "/srv/far/only.db"),
            ("main.py", Value::text("new.db"), "new.db"),
            ("jobs/main.py", Value::text("data/bot.db"), "data/bot.db"),
            ("services/b/jobs/main.py", Value::text("state.db"), "services/b/state.db"),
            ("main.py", Value::text("data/core.db"), "data/core.db"),
            ("main.py", Value::text("core.db"), "~/.store/data/core.db"),
            ("main.py", Value::text("made.db"), "made.db"),
            ("main.py", pattern("", "/made.db"), "*/made.db"),
            ("tests/b.py", Value::text("made.db"), "/srv/tests/made.db"),
            ("main.py", Value::text("/opt/x/../y.db"), "/opt/y.db"),
            ("main.py", Value::env("DATABASE_PATH", None), "data/zoe.db"),
            ("main.py", Value::env("OTHER", Some(Value::text("x.db"))), "x.db"),
            ("main.py", Value::text("postgresql+asyncpg://u:secret@h:5432/app?x=1"), "postgresql://h:5432/app"),
            ("main.py", Value::text("a%20b.db"), "a%20b.db"),
            ("main.py", Value::text("file:a%20b.db"), "a b.db"),
            ("main.py", Value::text("/app/data/zoe.db-wal"), "data/zoe.db"),
            ("main.py", Value::text("my-journal"), "my-journal"),
            ("main.py", Value::text(r"data\zoe.db"), "data/zoe.db"),
            ("main.py", Value::text("old/store/zoe.db"), "data/zoe.db"),
            ("main.py", Value::text("./z.db"), "data/zoe.db"),
            ("main.py", Value { base: Base::Home, ..Value::text("~/x/y.db") }, "~/x/y.db"),
            ("main.py", Value { base: Base::Home, ..Value::text("/x/y.db") }, "~/x/y.db"),
            ("main.py", pattern("user_", ".db"), "cache/user_7.db"),
            ("main.py", pattern("/srv/cache/user_", ".db"), "/srv/cache/user_*.db"),
            ("main.py", pattern("log_", ".db"), "log_*.db"),
            ("main.py", pattern("", "/zoe.db"), "data/zoe.db"),
            ("main.py", pattern("", "_1.db"), "*_1.db"),
            ("main.py", Value { base: Base::Root, ..pattern("", "/zoe.db") }, "data/zoe.db"),
            ("main.py", Value { base: Base::Root, ..pattern("cache/", "/zoe.db") }, "cache/*/zoe.db"),
        ];
        for (file, value, expected) in cases {
            assert_eq!(paths(file, &value), [expected], "{value:?}");
        }
        assert_eq!(paths("b/main.py", &Value::env("APP_DB", None)), ["b__env.db", "a__env.db", "b__env_example.db"]);
        assert!(paths("main.py", &Value::env("NOWHERE", None)).is_empty());
        assert!(paths("main.py", &Value::unknown("x")).is_empty());
        assert!(paths("main.py", &pattern("/app/data/", "")).is_empty());
    }
}
