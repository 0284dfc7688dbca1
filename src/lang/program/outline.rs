//! What other modules ask of a module by a name: its calls, its fixtures, what it sets on objects. Small enough to be kept of every
//! module of a tree, while the modules themselves come and go.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::ir::{Bound, ExprId, Kind, Module, Op, ScopeId, ScopeKind};
use super::program::is_test;
use super::spoken::speaks_of_tables;
use crate::lang::Language;

/// Of the calls of one name no more are kept, and that there are more is known.
const CALLERS: usize = 5_000;

/// The outline of one module.
#[derive(Debug)]
pub struct Outline {
    pub path: Arc<str>,
    language: Language,
    digest: u64,
    calls: Vec<(Arc<str>, ExprId)>,
    globals: Vec<(Arc<str>, ExprId)>,
    set_on: Vec<(Arc<str>, (ExprId, ExprId))>,
    subclasses: Vec<(Arc<str>, ScopeId)>,
    fixtures: Vec<(Arc<str>, ScopeId)>,
    /// Functions that call a parameter a table, by the parameter's position in a call.
    takes_table: Vec<(Taker, ScopeId)>,
    /// Digests of the names of its functions, each as often as it has one.
    defined: Vec<u32>,
    /// `const server = require("./Server")`: the name, and what is imported under it.
    aliases: Vec<(Arc<str>, Arc<str>)>,
    /// The last names of what it imports.
    pub imported: Vec<String>,
    /// Digests of the names that it imports or asks objects for, sorted.
    spoken: Box<[u32]>,
    tables_by_key: bool,
    /// It asks SQLite, or a library, which tables there are.
    reads_catalogue: bool,
    flask_sqlalchemy: bool,
    /// It speaks of Kysely.
    kysely: bool,
}

impl Outline {
    #[must_use]
    pub fn of(module: &Module) -> Self {
        let text = &module.source.text;
        let mut outline = Self {
            path: Arc::clone(&module.source.path),
            language: module.language,
            digest: module.source.digest,
            calls: Vec::new(),
            globals: Vec::new(),
            set_on: Vec::new(),
            subclasses: Vec::new(),
            fixtures: Vec::new(),
            takes_table: Vec::new(),
            defined: Vec::new(),
            aliases: Vec::new(),
            imported: Vec::new(),
            spoken: Box::default(),
            tables_by_key: ["sqlite_utils", "import dataset", "from dataset", "playhouse.dataset"]
                .iter()
                .any(|words| text.contains(words)),
            reads_catalogue: super::catalogue::SIGNS.iter().any(|sign| text.contains(sign)),
            flask_sqlalchemy: text.contains("flask_sqlalchemy"),
            kysely: text.contains("ysely"),
        };
        outline.read_calls(module);
        outline.read_assigns(module);
        outline.read_scopes(module);
        outline.read_imports(module);
        outline
    }

    fn read_calls(&mut self, module: &Module) {
        for &call in &module.calls {
            if let Kind::Call { callee, .. } = &module.expr(call).kind
                && let Kind::Name(name) | Kind::Member(_, name) = &module.expr(*callee).kind
            {
                self.calls.push((Arc::clone(name), call));
                // `from store import Store as OldStore`: a call of `OldStore` is one of `Store`.
                if let Some(own) = imported_as(module, name) {
                    self.calls.push((Arc::clone(own), call));
                }
                if matches!(module.expr(*callee).kind, Kind::Name(_)) {
                    for own in bound_as(module, module.expr(*callee).scope, name) {
                        self.calls.push((own, call));
                    }
                }
            }
        }
    }

    fn read_assigns(&mut self, module: &Module) {
        for &(target, value) in &module.assigns {
            let Kind::Member(base, name) = &module.expr(target).kind else { continue };
            let Kind::Name(object) = &module.expr(*base).kind else { continue };
            if matches!(object.as_ref(), "global" | "globalThis") {
                self.globals.push((Arc::clone(name), value));
            }
            // `cls` in a function of no class is the class that it decorates.
            let of_method = matches!(object.as_ref(), "self" | "cls")
                && super::members::enclosing_class(module, module.expr(target).scope).is_some();
            if module.language == Language::Python && !of_method {
                self.set_on.push((Arc::clone(name), (*base, value)));
            }
        }
    }

    fn read_scopes(&mut self, module: &Module) {
        for (scope, body) in module.scopes.iter().enumerate() {
            let scope = ScopeId(u32::try_from(scope).unwrap_or(u32::MAX));
            for &base in &body.bases {
                if let Kind::Name(name) | Kind::Member(_, name) = &module.expr(base).kind {
                    self.subclasses.push((Arc::clone(name), scope));
                }
            }
            let is_fixture = |&decorator: &ExprId| module.source.slice(module.expr(decorator).span).contains("fixture");
            if body.decorators.iter().any(is_fixture) {
                self.fixtures.push((Arc::clone(&body.name), scope));
            }
            if body.kind == ScopeKind::Function && !body.name.is_empty() {
                self.defined.push(short_digest(&body.name));
            }
            let class = body.parent.filter(|&parent| module.scope(parent).kind == ScopeKind::Class);
            let is_made = matches!(body.name.as_ref(), "__init__" | "constructor");
            let own = usize::from(class.is_some() && module.language == Language::Python);
            let name = class.filter(|_| is_made).map_or(&body.name, |class| &module.scope(class).name);
            for (position, param) in body.params.iter().enumerate().skip(own) {
                if !name.is_empty() && speaks_of_tables(&param.name) {
                    self.takes_table.push(((Arc::clone(name), position - own), scope));
                }
            }
        }
    }

    fn read_imports(&mut self, module: &Module) {
        let mut spoken = Vec::new();
        for binding in module.scopes.iter().flat_map(|scope| scope.bindings.values()).flatten() {
            let (path, name) = match &binding.value {
                Bound::Module(path) => (path, None),
                Bound::Import { module, name } => (module, Some(name)),
                _ => continue,
            };
            let last = path.rsplit(['.', '/']).find(|part| !matches!(*part, "js" | "ts" | "mjs" | ""));
            self.imported.extend(last.map(str::to_owned));
            self.imported.extend(name.map(|name| name.to_string()));
            spoken.extend(name.map(|name| short_digest(name)));
        }
        self.imported.sort_unstable();
        self.imported.dedup();
        spoken.extend(module.exprs.iter().filter_map(|expr| match &expr.kind {
            Kind::Member(_, name) => Some(short_digest(name)),
            _ => None,
        }));
        spoken.sort_unstable();
        spoken.dedup();
        self.spoken = spoken.into();
        let Some(top) = module.scopes.first().filter(|_| module.language != Language::Python) else { return };
        for (name, bindings) in &top.bindings {
            let path = bindings.iter().find_map(|binding| match &binding.value {
                Bound::Module(path) => Some(path),
                Bound::Import { module, name } if name.as_ref() == "default" => Some(module),
                _ => None,
            });
            self.aliases.extend(path.map(|path| (Arc::clone(name), Arc::clone(path))));
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

/// The names of the functions that a variable holds: `count = count_all if everything else count_new`.
fn bound_as(module: &Module, from: ScopeId, name: &str) -> Vec<Arc<str>> {
    let mut at = Some(from);
    while let Some(id) = at {
        let scope = module.scope(id);
        let Some(bindings) = scope.bindings.get(name) else {
            at = scope.parent;
            continue;
        };
        let mut found: Vec<Arc<str>> = Vec::new();
        let mut open: Vec<ExprId> = bindings
            .iter()
            .filter_map(|binding| match binding.value {
                Bound::Expr(value) => Some(value),
                _ => None,
            })
            .collect();
        while let Some(value) = open.pop() {
            match &module.expr(value).kind {
                Kind::Cond { then, otherwise, .. } => open.extend([*then, *otherwise]),
                Kind::Binary { op: Op::Or, left, right } => open.extend([*left, *right]),
                Kind::Name(own) | Kind::Member(_, own) if own.as_ref() != name && !found.contains(own) => {
                    found.push(Arc::clone(own));
                }
                _ => {}
            }
        }
        return found;
    }
    Vec::new()
}

pub(super) fn short_digest(name: &str) -> u32 {
    let mut hasher = std::hash::DefaultHasher::new();
    name.hash(&mut hasher);
    u32::try_from(hasher.finish() >> 32).unwrap_or_default()
}

/// A function's name and the position of a parameter in its calls.
pub(super) type Taker = (Arc<str>, usize);

/// A place in one of the modules that were outlined, by the number under which that was added.
pub(super) type Outlined<T> = (u32, T);

/// A module that is read for facts.
#[derive(Debug)]
pub(super) struct Main {
    pub(super) path: Arc<str>,
    pub(super) language: Language,
    pub(super) digest: u64,
    spoken: Box<[u32]>,
    pub(super) aliases: Vec<(Arc<str>, Arc<str>)>,
}

impl Main {
    /// Whether it may import a name, or ask an object for it.
    pub(super) fn may_speak_of(&self, name: &str) -> bool {
        self.spoken.binary_search(&short_digest(name)).is_ok()
    }
}

/// Calls of one name: those of the application, and those of its tests.
#[derive(Debug, Default)]
pub(super) struct Calls {
    pub(super) own: Vec<Outlined<ExprId>>,
    pub(super) of_tests: Vec<Outlined<ExprId>>,
    /// There are others.
    pub(super) more: bool,
}

/// The outlines of a tree's modules, put together.
#[derive(Debug, Default)]
pub struct Outlines {
    pub(super) main: Vec<Main>,
    pub(super) callers: HashMap<Arc<str>, Calls>,
    pub(super) fixtures: HashMap<Arc<str>, Vec<Outlined<ScopeId>>>,
    pub(super) takes_table: HashMap<Taker, Vec<Outlined<ScopeId>>>,
    /// How many functions have a name, by its digest.
    defined: HashMap<u32, u8>,
    /// What JavaScript sets on its global object.
    pub(super) globals: HashMap<Arc<str>, Vec<Outlined<ExprId>>>,
    /// What programs set on objects by name (`ub.app_DB_path = path`): the object and the value.
    pub(super) set_on: HashMap<Arc<str>, Vec<Outlined<(ExprId, ExprId)>>>,
    /// Classes by the name of a base.
    pub(super) subclasses: HashMap<Arc<str>, Vec<Outlined<ScopeId>>>,
    pub(super) tables_by_key: bool,
    pub(super) reads_catalogue: bool,
    pub(super) flask_sqlalchemy: bool,
    pub(super) kysely: bool,
}

impl Outlines {
    /// Modules are added in the order of their paths.
    pub fn add(&mut self, outline: Outline) {
        let number = u32::try_from(self.main.len()).unwrap_or(u32::MAX);
        let in_test = is_test(&outline.path);
        for (name, call) in outline.calls {
            let calls = self.callers.entry(name).or_default();
            let kept = if in_test { &mut calls.of_tests } else { &mut calls.own };
            match kept.len() < CALLERS {
                true => kept.push((number, call)),
                false => calls.more = true,
            }
        }
        for (taker, scope) in outline.takes_table {
            self.takes_table.entry(taker).or_default().push((number, scope));
        }
        for name in outline.defined {
            let count = self.defined.entry(name).or_default();
            *count = count.saturating_add(1);
        }
        keep(&mut self.fixtures, outline.fixtures, number);
        keep(&mut self.globals, outline.globals, number);
        keep(&mut self.set_on, outline.set_on, number);
        keep(&mut self.subclasses, outline.subclasses, number);
        self.tables_by_key |= outline.tables_by_key;
        self.reads_catalogue |= outline.reads_catalogue;
        self.flask_sqlalchemy |= outline.flask_sqlalchemy;
        self.kysely |= outline.kysely;
        self.main.push(Main {
            path: outline.path,
            language: outline.language,
            digest: outline.digest,
            spoken: outline.spoken,
            aliases: outline.aliases,
        });
    }
}

impl Outlines {
    /// The outlines of all these modules.
    #[must_use]
    pub fn of(modules: &[Arc<Module>]) -> Self {
        let mut outlines = Self::default();
        modules.iter().for_each(|module| outlines.add(Outline::of(module)));
        outlines
    }

    /// How many functions have a name.
    pub(super) fn defined(&self, name: &str) -> usize {
        self.defined.get(&short_digest(name)).map_or(0, |&count| usize::from(count))
    }

    /// The modules that were added.
    pub fn paths(&self) -> impl Iterator<Item = &Arc<str>> {
        self.main.iter().map(|main| &main.path)
    }

    /// Puts what was found in the modules into an order of these.
    pub(super) fn sort_by_key(&mut self, key: &dyn Fn(u32) -> (bool, usize)) {
        fn sort<T>(found: &mut Vec<Outlined<T>>, key: &dyn Fn(u32) -> (bool, usize)) {
            found.sort_by_key(|(number, _)| key(*number));
            found.shrink_to_fit();
        }
        for calls in self.callers.values_mut() {
            sort(&mut calls.own, key);
            sort(&mut calls.of_tests, key);
        }
        self.fixtures.values_mut().for_each(|found| sort(found, key));
        self.globals.values_mut().for_each(|found| sort(found, key));
        self.set_on.values_mut().for_each(|found| sort(found, key));
        self.subclasses.values_mut().for_each(|found| sort(found, key));
    }
}

fn keep<T>(by_name: &mut HashMap<Arc<str>, Vec<Outlined<T>>>, found: Vec<(Arc<str>, T)>, number: u32) {
    for (name, it) in found {
        by_name.entry(name).or_default().push((number, it));
    }
}
