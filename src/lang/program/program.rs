//! The modules of a tree as one program: loaded when asked for, imports resolved to files, callers and fixtures by name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use super::evaluate::{Evaluator, Frame, InModule, Val, argument, is_environment};
use super::files::{Files, stem};
use super::ir::{Arg, ExprId, Module, ScopeId};
use super::keyed_types::TableTypes;
use super::known::{self, Known};
use super::outline::{Main, Outlined, Outlines};
use super::script;
use crate::lang::Language;
use crate::lang::value::Value;

/// Gives a module of the tree by its path: one that was lowered before, or the file read and lowered.
pub type Loader<'l> = dyn Fn(&Arc<str>) -> Option<Arc<Module>> + Sync + 'l;

/// Imports of one file and what they name.
type Resolved = Mutex<HashMap<String, Option<usize>>>;

/// All programs of a tree. Those that were outlined are read for facts; the others are loaded when something they define is needed.
pub struct Program<'l> {
    files: Arc<Files>,
    /// What each file held when it was read first; `None` where it cannot be read. One that holds something else later is gone.
    digests: Vec<OnceLock<Option<u64>>>,
    /// For each file the imports that were resolved: the same few are asked for again and again.
    resolved: Vec<OnceLock<Box<Resolved>>>,
    loader: &'l Loader<'l>,
    /// The modules that are read for facts, in path order.
    main: Vec<usize>,
    /// The module that each number of an outline stands for.
    numbers: Vec<usize>,
    outlines: Outlines,
    /// The names that other modules give to what a module exports by default.
    aliases: HashMap<usize, Vec<Arc<str>>>,
    pub(super) openers: Vec<WrapperOpener>,
    /// Tables that get another name, in lower case.
    pub(super) renamed: Vec<String>,
    table_types: OnceLock<TableTypes>,
}

/// A function of the project that opens the database it is given, as the policy names it.
#[derive(Debug, Clone)]
pub struct WrapperOpener {
    /// Dotted name; its last component is what calls are known by.
    pub function: String,
    pub position: Option<usize>,
    pub keyword: Option<String>,
}

impl<'l> Program<'l> {
    /// `files` are all programs of the tree; those that were outlined are read for facts.
    #[must_use]
    pub fn new(files: Arc<Files>, mut outlines: Outlines, openers: Vec<WrapperOpener>, loader: &'l Loader<'l>) -> Self {
        let paths = files.paths();
        let resolved = paths.iter().map(|_| OnceLock::new()).collect();
        let digests: Vec<OnceLock<Option<u64>>> = paths.iter().map(|_| OnceLock::new()).collect();
        let numbers: Vec<usize> = outlines.main.iter().map(|main| files.at(&main.path).unwrap_or(usize::MAX)).collect();
        for (&at, main) in numbers.iter().zip(&outlines.main) {
            if let Some(slot) = digests.get(at) {
                let _ = slot.set(Some(main.digest));
            }
        }
        // Callers in the application speak before those in its tests.
        let order: Vec<(bool, usize)> =
            numbers.iter().zip(&outlines.main).map(|(&at, main)| (is_test(&main.path), at)).collect();
        outlines.sort_by_key(&|number| order.get(number as usize).copied().unwrap_or((false, usize::MAX)));
        let mut main: Vec<usize> = numbers.iter().copied().filter(|&at| at < paths.len()).collect();
        main.sort_unstable();
        main.dedup();
        let mut program = Self {
            files,
            digests,
            resolved,
            loader,
            main,
            numbers,
            outlines,
            aliases: HashMap::new(),
            openers,
            renamed: Vec::new(),
            table_types: OnceLock::new(),
        };
        program.learn_aliases();
        program
    }

    /// The same, of which it is asked what libraries make from the names of these tables.
    #[must_use]
    pub fn renaming(mut self, tables: &[String]) -> Self {
        self.renamed = tables.iter().map(|table| table.to_ascii_lowercase()).collect();
        self
    }

    /// The modules that are read for facts, in path order.
    #[must_use]
    pub fn main(&self) -> &[usize] {
        &self.main
    }

    /// The path and language of each module that is read for facts, and the digest of its bytes.
    #[must_use]
    pub fn identities(&self) -> HashMap<usize, (Arc<str>, Language, u64)> {
        let identity = |main: &Main| (Arc::clone(&main.path), main.language, main.digest);
        self.numbers.iter().copied().zip(self.outlines.main.iter().map(identity)).collect()
    }

    /// How many program files there are.
    pub(super) fn size(&self) -> usize {
        self.files.paths().len()
    }

    pub(super) fn path(&self, at: usize) -> &str {
        self.files.path(at)
    }

    /// The program at a path.
    pub(super) fn at(&self, path: &str) -> Option<usize> {
        self.files.at(path)
    }

    /// The files of Python below a folder, in the order of their paths.
    pub(super) fn under(&self, folder: &str) -> Vec<usize> {
        self.files.under(folder)
    }

    /// The one folder of that name which holds migrations.
    pub(super) fn folder_with_steps(&self, name: &str) -> Option<String> {
        let packages = self.files.ending_in("migrations").filter_map(|at| {
            let folder = self.path(at).strip_suffix("/migrations/__init__.py")?;
            (folder.rsplit('/').next() == Some(name)).then(|| folder.to_owned())
        });
        match packages.collect::<Vec<_>>().as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        }
    }

    fn in_test(&self, at: usize) -> bool {
        is_test(self.path(at))
    }

    /// A module. Places in it are known by their numbers, so that a file which was changed meanwhile is none any more.
    pub(super) fn load(&self, at: usize) -> Option<Arc<Module>> {
        let (path, digest) = (self.files.paths().get(at)?, self.digests.get(at)?);
        if digest.get().is_some_and(Option::is_none) {
            return None;
        }
        let module = (self.loader)(path);
        let known = *digest.get_or_init(|| module.as_ref().map(|module| module.source.digest));
        module.filter(|module| known == Some(module.source.digest))
    }

    fn place<T: Copy>(&self, (number, it): Outlined<T>) -> InModule<T> {
        (self.numbers.get(number as usize).copied().unwrap_or(usize::MAX), it)
    }

    /// `const server = require("./Server")`: calls of `server` are calls of what that module exports.
    fn learn_aliases(&mut self) {
        let mut aliases: HashMap<usize, Vec<Arc<str>>> = HashMap::new();
        for (&at, main) in self.numbers.iter().zip(&self.outlines.main) {
            for (name, path) in &main.aliases {
                if let Some(target) = self.resolve(at, path) {
                    let known = aliases.entry(target).or_default();
                    if !known.contains(name) {
                        known.push(Arc::clone(name));
                    }
                }
            }
        }
        for known in aliases.values_mut() {
            known.sort();
        }
        self.aliases = aliases;
    }

    /// The modules that are read for facts and may import a name, or ask an object for it.
    pub(super) fn speak_of(&self, name: &str) -> Vec<usize> {
        let speak = self.numbers.iter().zip(&self.outlines.main).filter(|(_, main)| main.may_speak_of(name));
        let mut found: Vec<usize> = speak.map(|(&at, _)| at).filter(|&at| at < self.size()).collect();
        found.sort_unstable();
        found
    }

    pub(super) fn aliases(&self, at: usize) -> &[Arc<str>] {
        self.aliases.get(&at).map_or(&[], Vec::as_slice)
    }

    pub(super) fn global(&self, name: &str) -> impl Iterator<Item = InModule<ExprId>> {
        self.places(self.outlines.globals.get(name))
    }

    pub(super) fn set_on(&self, name: &str) -> impl Iterator<Item = InModule<(ExprId, ExprId)>> {
        self.places(self.outlines.set_on.get(name))
    }

    pub(super) fn subclasses(&self, name: &str) -> impl Iterator<Item = InModule<ScopeId>> {
        self.places(self.outlines.subclasses.get(name))
    }

    fn places<T: Copy>(&self, found: Option<&Vec<Outlined<T>>>) -> impl Iterator<Item = InModule<T>> {
        found.map_or(&[][..], Vec::as_slice).iter().map(|&it| self.place(it))
    }

    /// Calls of a name that speak for a function of module `at`: what tests hand in says nothing of the application.
    pub(super) fn callers(&self, at: usize, name: &str) -> impl Iterator<Item = InModule<ExprId>> {
        let in_test = self.in_test(at);
        self.calls(name).filter(move |(_, of_tests)| in_test || !of_tests).map(|(call, _)| call)
    }

    /// Every call of a name, whoever calls; callers in the application speak before those in its tests.
    pub(super) fn every_caller(&self, name: &str) -> impl Iterator<Item = InModule<ExprId>> {
        self.calls(name).map(|(call, _)| call)
    }

    /// Whether a function of that name calls what it is handed there a table.
    pub(super) fn takes_table(&self, name: &Arc<str>, position: usize) -> bool {
        self.outlines.takes_table.contains_key(&(Arc::clone(name), position))
    }

    /// The functions of the tree that can be meant where an object nobody knows is asked for a name: each that has it calls what it is
    /// handed there a table, and the name is more than a word (`count_rows`).
    pub(super) fn takers(&self, name: &Arc<str>, position: usize) -> impl Iterator<Item = InModule<ScopeId>> {
        let letters = name.trim_matches('_');
        let humped =
            letters.chars().zip(letters.chars().skip(1)).any(|(one, next)| one.is_lowercase() && next.is_uppercase());
        let takers = self.outlines.takes_table.get(&(Arc::clone(name), position));
        let are_all =
            |takers: &&Vec<_>| (letters.contains('_') || humped) && self.outlines.defined(name) == takers.len();
        self.places(takers.filter(are_all))
    }

    /// There are more calls of a name than [`Self::every_caller`] gives.
    pub(super) fn has_more_callers(&self, name: &str) -> bool {
        self.outlines.callers.get(name).is_some_and(|calls| calls.more)
    }

    /// Each call of a name, and whether it stands in a test.
    fn calls(&self, name: &str) -> impl Iterator<Item = (InModule<ExprId>, bool)> {
        let calls = self.outlines.callers.get(name);
        let own = calls.map_or(&[][..], |calls| &calls.own).iter().map(|call| (*call, false));
        let of_tests = calls.map_or(&[][..], |calls| &calls.of_tests).iter().map(|call| (*call, true));
        own.chain(of_tests).map(|(call, in_test)| (self.place(call), in_test))
    }

    pub(super) fn uses_flask_sqlalchemy(&self) -> bool {
        self.outlines.flask_sqlalchemy
    }

    /// A library is used that gives tables by key: `db["users"]`.
    pub(super) fn has_tables_by_key(&self) -> bool {
        self.outlines.tables_by_key
    }

    pub(super) fn uses_kysely(&self) -> bool {
        self.outlines.kysely
    }

    /// The types whose keys are names of tables, wherever in the tree they are declared.
    pub(super) fn table_types(&self) -> &TableTypes {
        self.table_types.get_or_init(|| {
            if !self.outlines.kysely || self.renamed.is_empty() {
                return TableTypes::default();
            }
            let modules = self.main.iter().filter(|&&at| is_script(self.path(at))).filter_map(|&at| self.load(at));
            TableTypes::of(modules)
        })
    }

    /// Whether any module asks which tables there are.
    pub(super) fn reads_catalogue(&self) -> bool {
        self.outlines.reads_catalogue
    }

    /// The fixture that a test in module `at` gets under a name: its own, else that of the nearest conftest.
    pub(super) fn fixture(&self, at: usize, name: &str) -> Option<InModule<ScopeId>> {
        let path = self.files.paths().get(at)?;
        let home_of = |home: usize| self.files.paths().get(home).map_or("", |path| &**path);
        self.places(self.outlines.fixtures.get(name))
            .filter(|(home, _)| *home == at || home_of(*home).ends_with("conftest.py"))
            .max_by_key(|(home, _)| (*home == at, shared_folders(home_of(*home), path)))
    }

    pub(super) fn known(&self, name: &str) -> Option<Known> {
        known::function(name).or_else(|| script::function(name))
    }

    // ---- imports ----

    /// The file that an import names; `None` when it is not in the tree.
    pub(super) fn resolve(&self, at: usize, path: &str) -> Option<usize> {
        let known = self.resolved.get(at)?.get_or_init(Box::default);
        if let Some(found) = known.lock().ok().and_then(|known| known.get(path).copied()) {
            return found;
        }
        let found = self.look_up(at, path);
        if let Ok(mut known) = known.lock() {
            known.insert(path.to_owned(), found);
        }
        found
    }

    fn look_up(&self, at: usize, path: &str) -> Option<usize> {
        let own = self.files.paths().get(at)?;
        if own.ends_with(".py") || own.ends_with(".pyi") || !is_script(own) {
            self.resolve_python(own, path)
        } else {
            self.resolve_script(own, path)
        }
    }

    fn resolve_python(&self, own: &str, path: &str) -> Option<usize> {
        let dots = path.bytes().take_while(|&byte| byte == b'.').count();
        let rest = path[dots..].replace('.', "/");
        if dots > 0 {
            let mut folder = folder(own);
            for _ in 1..dots {
                folder = self::folder(folder);
            }
            return self.python_file(folder, &rest);
        }
        let other = |found: &usize| own.ends_with("/__init__.py") || self.path(*found) != own;
        let mut folder = self::folder(own);
        loop {
            // A module that is called like a library imports the library (`peewee.py`), never itself.
            if let Some(found) = self.python_file(folder, &rest).filter(|found| other(found)) {
                return Some(found);
            }
            if folder.is_empty() {
                break;
            }
            folder = self::folder(folder);
        }
        // `src` layouts and services with a root of their own: by the tail, if only one file has it.
        self.by_unique_tail(&rest).filter(other)
    }

    fn by_unique_tail(&self, rest: &str) -> Option<usize> {
        if rest.is_empty() {
            return None;
        }
        let last = rest.rsplit('/').next().unwrap_or(rest);
        let mut hits = self.files.ending_in(last).filter(|&at| {
            let path = stem(&self.files.paths()[at]);
            let whole = path.strip_suffix(rest).is_some_and(|head| head.is_empty() || head.ends_with('/'));
            // A lone name proves little, unless it stands where sources stand.
            let python = self.files.paths()[at].ends_with(".py") || self.files.paths()[at].ends_with(".pyi");
            python && whole && (rest.contains('/') || path == format!("src/{rest}"))
        });
        let first = hits.next()?;
        hits.next().is_none().then_some(first)
    }

    /// A package hides a module of the same name.
    fn python_file(&self, folder: &str, rest: &str) -> Option<usize> {
        let base = match (folder, rest) {
            ("", rest) => rest.to_owned(),
            (folder, "") => folder.to_owned(),
            (folder, rest) => format!("{folder}/{rest}"),
        };
        ["/__init__.py", ".py", ".pyi"].iter().find_map(|ending| {
            let path =
                if base.is_empty() { ending.trim_start_matches('/').to_owned() } else { format!("{base}{ending}") };
            self.at(&path)
        })
    }

    fn resolve_script(&self, own: &str, path: &str) -> Option<usize> {
        if path.starts_with('.') {
            return self.script_file(&normalise(&format!("{}/{path}", folder(own))));
        }
        if let Some(found) = self.workspace_package(path) {
            return Some(found);
        }
        let alias = ["@/", "~/", "src/", "$lib/", "#"].iter().find_map(|alias| path.strip_prefix(alias))?;
        let mut at = folder(own);
        loop {
            for inner in ["src/", "", "src/lib/", "lib/"] {
                let base = if at.is_empty() { format!("{inner}{alias}") } else { format!("{at}/{inner}{alias}") };
                if let Some(found) = self.script_file(&base) {
                    return Some(found);
                }
            }
            if at.is_empty() {
                return None;
            }
            at = folder(at);
        }
    }

    /// `@scope/name/rest` of a tree that holds the package itself, in a folder of its name; only if one file answers.
    fn workspace_package(&self, path: &str) -> Option<usize> {
        let (scope, inside) = path.strip_prefix('@')?.split_once('/')?;
        if scope.is_empty() {
            return None;
        }
        let (name, rest) = inside.split_once('/').unwrap_or((inside, "index"));
        let rest = rest.strip_suffix(".js").unwrap_or(rest);
        let last = rest.rsplit('/').next().unwrap_or(rest);
        let ends = [format!("{name}/{rest}"), format!("{name}/src/{rest}"), format!("{name}/{rest}/index")];
        let found = |last: &str| -> Vec<usize> {
            let hits = self.files.ending_in(last);
            let belongs = |&at: &usize| {
                let path = &self.files.paths()[at];
                let own = |end: &String| stem(path).strip_suffix(end.as_str()).is_some_and(|head| head.ends_with('/'));
                is_script(path) && ends.iter().any(own)
            };
            hits.filter(belongs).collect()
        };
        match found(last).as_slice() {
            [one] => Some(*one),
            [] => match found("index").as_slice() {
                [one] => Some(*one),
                _ => None,
            },
            _ => None,
        }
    }

    fn script_file(&self, base: &str) -> Option<usize> {
        // `./x.js` in a TypeScript source names `x.ts`.
        let bare = base.strip_suffix(".js").or_else(|| base.strip_suffix(".mjs")).unwrap_or(base);
        self.at(base).or_else(|| {
            [
                ".ts",
                ".js",
                ".tsx",
                ".jsx",
                ".mjs",
                ".cjs",
                ".mts",
                ".cts",
                "/index.ts",
                "/index.js",
                "/index.mjs",
                "/index.tsx",
            ]
            .iter()
            .find_map(|ending| self.at(&format!("{bare}{ending}")))
        })
    }

    /// `from path import name` where nothing in the tree answers to `path`: the module that the two together name.
    pub(super) fn resolve_within(&self, at: usize, path: &str, name: &str) -> Option<usize> {
        let dotted = if path.ends_with('.') { format!("{path}{name}") } else { format!("{path}.{name}") };
        (path.contains('.') || self.at(&format!("{path}/{name}.py")).is_some())
            .then(|| self.resolve(at, &dotted))
            .flatten()
    }

    /// The module of the tree with a bare name, the nearest if there are several: programs that add their folders to
    /// `sys.path` import it from anywhere.
    pub(super) fn lone_module(&self, at: usize, name: &str) -> Option<usize> {
        let own = self.files.paths().get(at)?;
        if !own.ends_with(".py") || name.is_empty() || name.contains('.') || LIBRARIES.contains(&name) {
            return None;
        }
        let hits = self
            .files
            .ending_in(name)
            .filter(|&hit| self.files.paths()[hit].ends_with(".py") && (!self.in_test(hit) || self.in_test(at)));
        let mut near: Vec<(usize, usize)> =
            hits.map(|hit| (shared_folders(&self.files.paths()[hit], own), hit)).collect();
        near.sort_unstable_by_key(|(shared, _)| std::cmp::Reverse(*shared));
        match near.as_slice() {
            [(_, one)] if *one != at => Some(*one),
            [(most, one), (next, _), ..] if most > next && *one != at => Some(*one),
            _ => None,
        }
    }

    /// The module of a package under a name.
    pub(super) fn submodule(&self, at: usize, name: &str) -> Option<usize> {
        let path = self.files.paths().get(at)?;
        let folder = path.strip_suffix("/__init__.py")?;
        self.python_file(folder, name)
    }

    // ---- what stands outside the tree ----

    /// A member of something outside the tree: a further dotted name, an environment variable, or after all a module of the tree.
    pub(super) fn external_member(&self, dotted: &str, name: &str) -> Vec<Val> {
        if is_environment(dotted)
            && !matches!(name, "get" | "setdefault" | "pop" | "copy" | "items" | "keys" | "update" | "values")
        {
            return vec![Val::Text(Value::env(name, None))];
        }
        let whole = format!("{dotted}.{name}");
        if let Some(found) =
            self.python_file("", &whole.replace('.', "/")).or_else(|| self.by_unique_tail(&whole.replace('.', "/")))
        {
            return vec![Val::Module(found)];
        }
        vec![Val::External(whole.into())]
    }

    /// A call of something outside the tree that no table knows.
    pub(super) fn unknown_call(
        &self,
        evaluator: &Evaluator<'_>,
        at: usize,
        name: &str,
        args: &[Arg],
        frame: &Frame,
    ) -> Vec<Val> {
        let last = name.rsplit('.').next().unwrap_or(name);
        match last {
            // Fields and options of every framework give their default.
            "Field" | "field" | "Option" | "Argument" | "PrivateAttr" | "SecretStr" | "FilePath" => {
                let default =
                    argument(args, 0, &["default"]).map(|arg| evaluator.eval(at, arg, frame)).unwrap_or_default();
                if default.iter().any(|val| !matches!(val, Val::Unknown)) {
                    return default;
                }
                let factory = argument(args, usize::MAX, &["default_factory"])
                    .map(|arg| evaluator.eval(at, arg, frame))
                    .unwrap_or_default();
                factory
                    .into_iter()
                    .flat_map(|val| match val {
                        Val::Function(function, _) => evaluator.returns(function, &None),
                        Val::Class(class) => vec![Val::Instance(class, None)],
                        _ => Vec::new(),
                    })
                    .collect()
            }
            // `app.config.get("DATABASE", "x.db")` of an object outside: the default is what is known.
            "get" | "setdefault" | "get_option" | "getfloat" if args.len() >= 2 => {
                evaluator.default_of(at, args, frame)
            }
            "ArgumentParser" => vec![Val::External("argparse.ArgumentParser".into())],
            "parse_args" | "parse_known_args" if name.contains("ArgumentParser") => {
                vec![Val::External(format!("argparse.Namespace#{at}").into())]
            }
            // An object of a class outside: its members keep the class's name.
            _ if last.starts_with(|first: char| first.is_ascii_uppercase()) => vec![Val::External(name.into())],
            _ => vec![Val::Unknown],
        }
    }
}

/// Libraries that open databases: a file of the tree with such a name is not what others import.
const LIBRARIES: [&str; 22] = [
    "sqlite3",
    "aiosqlite",
    "apsw",
    "asqlite",
    "pysqlite3",
    "sqlcipher3",
    "libsql",
    "sqlalchemy",
    "sqlmodel",
    "sqlite_utils",
    "sqlitedict",
    "peewee",
    "playhouse",
    "databases",
    "dataset",
    "records",
    "edgy",
    "gino",
    "django",
    "environ",
    "decouple",
    "tortoise",
];

fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..at])
}

fn is_script(path: &str) -> bool {
    let ending = path.rsplit('.').next().unwrap_or("");
    matches!(ending, "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" | "vue" | "svelte" | "astro")
}

pub(super) fn is_test(path: &str) -> bool {
    path.split('/').any(|part| {
        part == "tests"
            || part == "test"
            || part.starts_with("test_")
            || part.contains(".test.")
            || part == "conftest.py"
    })
}

fn shared_folders(left: &str, right: &str) -> usize {
    left.split('/').zip(right.split('/')).take_while(|(left, right)| left == right).count()
}

fn normalise(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// Whether a file is read as a program that may have neighbours.
#[must_use]
pub fn is_program(language: Language) -> bool {
    matches!(language, Language::Python | Language::Javascript | Language::Typescript)
}
