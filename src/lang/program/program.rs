//! The modules of a tree as one program: loaded when asked for, imports resolved to files, callers and fixtures by name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use super::evaluate::{Evaluator, Frame, InModule, Val, argument, is_environment};
use super::inherited;
use super::ir::{Arg, Bound, ExprId, Kind, Module, ScopeId};
use super::known::{self, Known};
use super::members::enclosing_class;
use super::script;
use crate::lang::Language;
use crate::lang::value::Value;

/// Reads and lowers a file of the tree by its path.
pub type Loader<'l> = dyn Fn(&str) -> Option<Arc<Module>> + Sync + 'l;

/// All programs of a tree. Modules given at the start are read for facts; the others are loaded when something they define is needed.
pub struct Program<'l> {
    paths: Vec<Arc<str>>,
    index: HashMap<Arc<str>, usize>,
    /// Paths by their last component, to find a module by the tail of its name.
    by_tail: HashMap<String, Vec<usize>>,
    /// Which paths are tests: asked for each caller of each function.
    tests: Vec<bool>,
    slots: Vec<OnceLock<Option<Arc<Module>>>>,
    /// For each file the imports that were resolved: the same few are asked for again and again.
    resolved: Vec<Mutex<HashMap<String, Option<usize>>>>,
    loader: &'l Loader<'l>,
    /// The modules that are read for facts.
    main: Vec<usize>,
    callers: HashMap<Arc<str>, Vec<InModule<ExprId>>>,
    fixtures: HashMap<Arc<str>, Vec<InModule<ScopeId>>>,
    /// What JavaScript sets on its global object.
    globals: HashMap<Arc<str>, Vec<InModule<ExprId>>>,
    /// What programs set on objects by name (`ub.app_DB_path = path`): the object and the value.
    set_on: HashMap<Arc<str>, Vec<InModule<(ExprId, ExprId)>>>,
    /// What a module sets on what is neither a plain object nor a module (`self._local.conn = ..`), by attribute.
    set_within: HashMap<InModule<Arc<str>>, Vec<(ExprId, ExprId)>>,
    /// Calls in a class that run the constructor of a class above it.
    runs_constructor: HashMap<InModule<ScopeId>, Vec<ExprId>>,
    /// Classes by the name of a base.
    subclasses: HashMap<Arc<str>, Vec<InModule<ScopeId>>>,
    /// The names that other modules give to what a module exports by default.
    aliases: HashMap<usize, Vec<Arc<str>>>,
    pub(super) openers: Vec<WrapperOpener>,
    tables_by_key: bool,
    flask_sqlalchemy: bool,
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
    /// `paths` are all program files of the tree; `modules` those that are read for facts.
    #[must_use]
    pub fn new(
        paths: Vec<Arc<str>>,
        modules: Vec<Arc<Module>>,
        openers: Vec<WrapperOpener>,
        loader: &'l Loader<'l>,
    ) -> Self {
        let index: HashMap<_, _> = paths.iter().enumerate().map(|(at, path)| (Arc::clone(path), at)).collect();
        let mut by_tail: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, path) in paths.iter().enumerate() {
            by_tail.entry(tail(path)).or_default().push(at);
        }
        let resolved = paths.iter().map(|_| Mutex::default()).collect();
        let tests = paths.iter().map(|path| is_test(path)).collect();
        let slots: Vec<OnceLock<Option<Arc<Module>>>> = paths.iter().map(|_| OnceLock::new()).collect();
        let mut main = Vec::new();
        let mut callers: HashMap<Arc<str>, Vec<InModule<ExprId>>> = HashMap::new();
        let mut fixtures: HashMap<Arc<str>, Vec<InModule<ScopeId>>> = HashMap::new();
        let mut globals: HashMap<Arc<str>, Vec<InModule<ExprId>>> = HashMap::new();
        let mut set_on: HashMap<Arc<str>, Vec<InModule<(ExprId, ExprId)>>> = HashMap::new();
        let mut set_within: HashMap<InModule<Arc<str>>, Vec<(ExprId, ExprId)>> = HashMap::new();
        let mut runs_constructor: HashMap<InModule<ScopeId>, Vec<ExprId>> = HashMap::new();
        let mut subclasses: HashMap<Arc<str>, Vec<InModule<ScopeId>>> = HashMap::new();
        let mut modules: Vec<(usize, Arc<Module>)> =
            modules.into_iter().filter_map(|module| index.get(&module.source.path).map(|&at| (at, module))).collect();
        // Callers in the application speak before those in its tests.
        modules.sort_by_key(|(at, module)| (is_test(&module.source.path), *at));
        let (mut tables_by_key, mut flask_sqlalchemy) = (false, false);
        for (at, module) in modules {
            tables_by_key |= ["sqlite_utils", "import dataset"].iter().any(|words| module.source.text.contains(words));
            flask_sqlalchemy |= module.source.text.contains("flask_sqlalchemy");
            for &call in &module.calls {
                if let Kind::Call { callee, .. } = &module.expr(call).kind
                    && inherited::runs_constructor(module.language, &module.expr(*callee).kind)
                    && let Some(class) = enclosing_class(&module, module.expr(call).scope)
                {
                    runs_constructor.entry((at, class)).or_default().push(call);
                }
                if let Kind::Call { callee, .. } = &module.expr(call).kind
                    && let Kind::Name(name) | Kind::Member(_, name) = &module.expr(*callee).kind
                {
                    callers.entry(Arc::clone(name)).or_default().push((at, call));
                    // `from store import Store as OldStore`: a call of `OldStore` is one of `Store`.
                    if let Some(own) = imported_as(&module, name) {
                        callers.entry(Arc::clone(own)).or_default().push((at, call));
                    }
                }
            }
            for &(target, value) in &module.assigns {
                if let Kind::Member(base, name) = &module.expr(target).kind
                    && matches!(&module.expr(*base).kind, Kind::Name(base) if matches!(base.as_ref(), "global" | "globalThis"))
                {
                    globals.entry(Arc::clone(name)).or_default().push((at, value));
                }
                if let Kind::Member(base, name) = &module.expr(target).kind
                    && module.language == Language::Python
                    && matches!(&module.expr(*base).kind, Kind::Name(base) if !matches!(base.as_ref(), "self" | "cls"))
                {
                    set_on.entry(Arc::clone(name)).or_default().push((at, (*base, value)));
                }
                if let Kind::Member(base, name) = &module.expr(target).kind
                    && !matches!(&module.expr(*base).kind, Kind::Name(base) if matches!(base.as_ref(), "self" | "cls" | "this"))
                {
                    set_within.entry((at, Arc::clone(name))).or_default().push((*base, value));
                }
            }
            for (scope, body) in module.scopes.iter().enumerate() {
                for &base in &body.bases {
                    if let Kind::Name(name) | Kind::Member(_, name) = &module.expr(base).kind {
                        let scope = ScopeId(u32::try_from(scope).unwrap_or(u32::MAX));
                        subclasses.entry(Arc::clone(name)).or_default().push((at, scope));
                    }
                }
                let fixture = body
                    .decorators
                    .iter()
                    .any(|&decorator| module.source.slice(module.expr(decorator).span).contains("fixture"));
                if fixture {
                    let scope = ScopeId(u32::try_from(scope).unwrap_or(u32::MAX));
                    fixtures.entry(Arc::clone(&body.name)).or_default().push((at, scope));
                }
            }
            if let Some(slot) = slots.get(at)
                && slot.set(Some(module)).is_ok()
            {
                main.push(at);
            }
        }
        main.sort_unstable();
        let mut program = Self {
            paths,
            index,
            by_tail,
            tests,
            resolved,
            slots,
            loader,
            main,
            callers,
            fixtures,
            globals,
            set_on,
            set_within,
            runs_constructor,
            subclasses,
            aliases: HashMap::new(),
            openers,
            tables_by_key,
            flask_sqlalchemy,
        };
        program.learn_aliases();
        program
    }

    /// The modules that are read for facts, in path order.
    #[must_use]
    pub fn main(&self) -> &[usize] {
        &self.main
    }

    /// The path and language of a module, and the digest of its bytes.
    #[must_use]
    pub fn identity(&self, at: usize) -> Option<(Arc<str>, Language, u64)> {
        self.module(at).map(|module| (Arc::clone(&module.source.path), module.language, module.source.digest))
    }

    /// The program at a path.
    pub(super) fn at(&self, path: &str) -> Option<usize> {
        self.index.get(path).copied()
    }

    pub(super) fn module(&self, at: usize) -> Option<&Module> {
        self.slots.get(at)?.get_or_init(|| (self.loader)(self.paths.get(at)?)).as_deref()
    }

    /// `const server = require("./Server")`: calls of `server` are calls of what that module exports.
    fn learn_aliases(&mut self) {
        let mut aliases: HashMap<usize, Vec<Arc<str>>> = HashMap::new();
        for &at in &self.main {
            let Some(Some(module)) = self.slots.get(at).and_then(OnceLock::get) else { continue };
            let Some(top) = module.scopes.first().filter(|_| module.language != Language::Python) else { continue };
            for (name, bindings) in &top.bindings {
                let path = bindings.iter().find_map(|binding| match &binding.value {
                    Bound::Module(path) => Some(path),
                    Bound::Import { module, name } if name.as_ref() == "default" => Some(module),
                    _ => None,
                });
                if let Some(target) = path.and_then(|path| self.resolve(at, path)) {
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

    pub(super) fn aliases(&self, at: usize) -> &[Arc<str>] {
        self.aliases.get(&at).map_or(&[], Vec::as_slice)
    }

    pub(super) fn global(&self, name: &str) -> &[InModule<ExprId>] {
        self.globals.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn set_on(&self, name: &str) -> &[InModule<(ExprId, ExprId)>] {
        self.set_on.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn set_within(&self, at: usize, name: &Arc<str>) -> &[(ExprId, ExprId)] {
        self.set_within.get(&(at, Arc::clone(name))).map_or(&[], Vec::as_slice)
    }

    pub(super) fn runs_constructor(&self, class: InModule<ScopeId>) -> &[ExprId] {
        self.runs_constructor.get(&class).map_or(&[], Vec::as_slice)
    }

    pub(super) fn subclasses(&self, name: &str) -> &[InModule<ScopeId>] {
        self.subclasses.get(name).map_or(&[], Vec::as_slice)
    }

    /// Calls of a name that speak for a function of module `at`: what tests hand in says nothing of the application.
    pub(super) fn callers(&self, at: usize, name: &str) -> impl Iterator<Item = InModule<ExprId>> {
        let in_test = |at: usize| self.tests.get(at).copied().unwrap_or(false);
        let calls = self.callers.get(name).map_or(&[][..], Vec::as_slice);
        calls.iter().filter(move |(other, _)| in_test(at) || !in_test(*other)).copied()
    }

    /// Every call of a name, whoever calls.
    pub(super) fn every_caller(&self, name: &str) -> impl Iterator<Item = InModule<ExprId>> {
        self.callers.get(name).map_or(&[][..], Vec::as_slice).iter().copied()
    }

    pub(super) fn uses_flask_sqlalchemy(&self) -> bool {
        self.flask_sqlalchemy
    }

    /// A library is used that gives tables by key: `db["users"]`.
    pub(super) fn has_tables_by_key(&self) -> bool {
        self.tables_by_key
    }

    /// The fixture that a test in module `at` gets under a name: its own, else that of the nearest conftest.
    pub(super) fn fixture(&self, at: usize, name: &str) -> Option<InModule<ScopeId>> {
        let found = self.fixtures.get(name)?;
        let path = self.paths.get(at)?;
        found
            .iter()
            .filter(|(home, _)| *home == at || self.paths[*home].ends_with("conftest.py"))
            .max_by_key(|(home, _)| (*home == at, shared_folders(&self.paths[*home], path)))
            .copied()
    }

    pub(super) fn known(&self, name: &str) -> Option<Known> {
        known::function(name).or_else(|| script::function(name))
    }

    // ---- imports ----

    /// The file that an import names; `None` when it is not in the tree.
    pub(super) fn resolve(&self, at: usize, path: &str) -> Option<usize> {
        let known = self.resolved.get(at)?;
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
        let own = self.paths.get(at)?;
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
        let mut folder = self::folder(own);
        loop {
            if let Some(found) = self.python_file(folder, &rest) {
                return Some(found);
            }
            if folder.is_empty() {
                break;
            }
            folder = self::folder(folder);
        }
        // `src` layouts and services with a root of their own: by the tail, if only one file has it.
        self.by_unique_tail(&rest)
    }

    fn by_unique_tail(&self, rest: &str) -> Option<usize> {
        if rest.is_empty() {
            return None;
        }
        let last = rest.rsplit('/').next().unwrap_or(rest);
        let mut hits = self.by_tail.get(last)?.iter().copied().filter(|&at| {
            let path = stem(&self.paths[at]);
            let whole = path.strip_suffix(rest).is_some_and(|head| head.is_empty() || head.ends_with('/'));
            // A lone name proves little, unless it stands where sources stand.
            let python = self.paths[at].ends_with(".py") || self.paths[at].ends_with(".pyi");
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
            self.index.get(path.as_str()).copied()
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
            let hits = self.by_tail.get(last).map_or(&[][..], Vec::as_slice).iter().copied();
            let belongs = |&at: &usize| {
                let path = &self.paths[at];
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
        self.index.get(base).copied().or_else(|| {
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
            .find_map(|ending| self.index.get(format!("{bare}{ending}").as_str()).copied())
        })
    }

    /// `from path import name`: the module that defines the name, or the module that the name is.
    pub(super) fn resolve_import(&self, at: usize, path: &str, name: &str) -> Option<(usize, Option<String>)> {
        match self.resolve(at, path) {
            Some(target) => {
                if (!self.defines(target, name) || self.imports_itself(target, name))
                    && let Some(sub) = self.submodule(target, name)
                {
                    return Some((sub, None));
                }
                Some((target, Some(name.to_owned())))
            }
            None if self.lone_module(at, path).is_some_and(|target| self.defines(target, name)) => {
                Some((self.lone_module(at, path)?, Some(name.to_owned())))
            }
            None => {
                let dotted = if path.ends_with('.') { format!("{path}{name}") } else { format!("{path}.{name}") };
                (path.contains('.') || self.index.contains_key(format!("{path}/{name}.py").as_str()))
                    .then(|| self.resolve(at, &dotted))
                    .flatten()
                    .map(|sub| (sub, None))
            }
        }
    }

    fn defines(&self, at: usize, name: &str) -> bool {
        self.module(at).is_some_and(|module| module.scopes.first().is_some_and(|top| top.bindings.contains_key(name)))
    }

    /// `from app import store` in `app/__init__.py`: the name is the package's own module.
    fn imports_itself(&self, at: usize, name: &str) -> bool {
        let bindings = self.module(at).and_then(|module| module.scopes.first()?.bindings.get(name));
        bindings.is_some_and(|bindings| {
            bindings.iter().all(|binding| match &binding.value {
                Bound::Import { module, name: own } => own.as_ref() == name && self.resolve(at, module) == Some(at),
                _ => false,
            })
        })
    }

    /// The module of the tree with a bare name, the nearest if there are several: programs that add their folders to
    /// `sys.path` import it from anywhere.
    pub(super) fn lone_module(&self, at: usize, name: &str) -> Option<usize> {
        let own = self.paths.get(at)?;
        if !own.ends_with(".py") || name.is_empty() || name.contains('.') || LIBRARIES.contains(&name) {
            return None;
        }
        let hits = self.by_tail.get(name)?.iter().copied().filter(|&hit| {
            let test = self.tests.get(hit).copied().unwrap_or(false);
            self.paths[hit].ends_with(".py") && (!test || self.tests.get(at).copied().unwrap_or(false))
        });
        let mut near: Vec<(usize, usize)> = hits.map(|hit| (shared_folders(&self.paths[hit], own), hit)).collect();
        near.sort_unstable_by_key(|(shared, _)| std::cmp::Reverse(*shared));
        match near.as_slice() {
            [(_, one)] if *one != at => Some(*one),
            [(most, one), (next, _), ..] if most > next && *one != at => Some(*one),
            _ => None,
        }
    }

    /// The module of a package under a name.
    pub(super) fn submodule(&self, at: usize, name: &str) -> Option<usize> {
        let path = self.paths.get(at)?;
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
                        _ => Vec::new(),
                    })
                    .collect()
            }
            // `app.config.get("DATABASE", "x.db")` of an object outside: the default is what is known.
            "get" | "setdefault" | "get_option" | "getfloat" if args.len() >= 2 => {
                let mut found = argument(args, 1, &["default", "fallback"])
                    .map(|arg| evaluator.eval(at, arg, frame))
                    .unwrap_or_default();
                found.retain(|val| matches!(val, Val::Text(_)));
                found
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

/// The name that a name imported at the top of a Python module has where it is defined, if it is another.
fn imported_as<'m>(module: &'m Module, name: &str) -> Option<&'m Arc<str>> {
    let top = module.scopes.first().filter(|_| module.language == Language::Python)?;
    top.bindings.get(name)?.iter().find_map(|binding| match &binding.value {
        Bound::Import { name: own, .. } if own.as_ref() != name => Some(own),
        _ => None,
    })
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

/// `a/b/__init__.py` and `a/b.py` are both found under `b`.
fn tail(path: &str) -> String {
    stem(path).rsplit('/').next().unwrap_or("").to_owned()
}

fn stem(path: &str) -> &str {
    let path = path.strip_suffix("/__init__.py").unwrap_or(path);
    match path.rfind('.') {
        Some(dot) if !path[dot..].contains('/') => &path[..dot],
        _ => path,
    }
}

fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..at])
}

fn is_script(path: &str) -> bool {
    let ending = path.rsplit('.').next().unwrap_or("");
    matches!(ending, "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" | "vue" | "svelte" | "astro")
}

fn is_test(path: &str) -> bool {
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
