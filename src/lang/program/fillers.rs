//! Literals that reach SQL through names: where each stands, and whether it is a table's name wherever it goes.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::behind::spread;
use super::catalogue::lists_tables;
use super::collections::{Held, each, part, somewhere, within};
use super::evaluate::{Evaluator, InModule, Val, static_text};
use super::ir::{Binding, Bound, ExprId, Kind, Module, Op, Piece, ScopeId, ScopeKind};
use super::members::enclosing_class;
use super::objects::Owner;
use super::origins::is_literal_type;
use super::tables::is_database;
use super::usage::Usage;
use crate::lang::sql;
use crate::text::{Place, Span};

/// Names, parameters and lists followed from a literal.
const DEPTH: u32 = 24;
/// Expressions looked at for one literal.
const STEPS: u32 = 1_200;

pub(super) struct Fillers<'e, 'p> {
    pub(super) evaluator: &'e Evaluator<'p>,
    steps: Cell<u32>,
    /// Literals that those followed are compared with: names of tables as well.
    pub(super) compared: RefCell<Vec<InModule<ExprId>>>,
    known: RefCell<HashMap<usize, Rc<Known<'p>>>>,
    /// Dictionaries that are followed already, since the literal is one of their keys.
    keyed: RefCell<Vec<(usize, ScopeId, Arc<str>)>>,
}

/// What a module binds and gives back, by the expression of the value.
struct Known<'p> {
    usage: Usage<'p>,
    bound: HashMap<ExprId, Vec<(ScopeId, Arc<str>, How)>>,
    returned: HashMap<ExprId, ScopeId>,
}

/// How much of a value a name is bound to.
#[derive(Clone, Copy)]
enum How {
    Whole,
    Each,
    Part(usize),
}

/// Where else a literal goes.
pub(super) type Elsewhere = Option<String>;

impl<'e, 'p> Fillers<'e, 'p> {
    pub(super) fn new(evaluator: &'e Evaluator<'p>) -> Self {
        Self {
            evaluator,
            steps: Cell::new(0),
            compared: RefCell::default(),
            known: RefCell::default(),
            keyed: RefCell::default(),
        }
    }

    pub(super) fn module(&self, at: usize) -> Option<&'p Module> {
        self.evaluator.program.module(at)
    }

    fn known(&self, at: usize, module: &'p Module) -> Rc<Known<'p>> {
        if let Some(known) = self.known.borrow().get(&at) {
            return Rc::clone(known);
        }
        let known = Rc::new(Known::of(module));
        self.known.borrow_mut().insert(at, Rc::clone(&known));
        known
    }

    /// The string literal at a place.
    pub(super) fn literal(&self, place: &Place) -> Option<InModule<ExprId>> {
        let at = self.evaluator.program.at(&place.file)?;
        let module = self.module(at)?;
        let literal = module.texts.iter().copied().find(|&text| module.expr(text).span == place.span)?;
        Some((at, literal))
    }

    /// The name that a literal is, and where it stands inside its quotes; `None` where the literal is more than a name.
    pub(super) fn name(&self, at: usize, literal: ExprId) -> Option<(String, Place)> {
        let module = self.module(at)?;
        let Kind::Text(pieces) = &module.expr(literal).kind else { return None };
        match pieces.as_slice() {
            [Piece::Text(text, span)] if (span.end - span.start) as usize == text.len() => {
                Some((text.clone(), module.source.place(Span { start: span.start, end: span.end })))
            }
            _ => None,
        }
    }

    /// The words of a literal, and where they stand.
    pub(super) fn words(&self, at: usize, literal: ExprId) -> Vec<(String, Place)> {
        let (Some(module), Some((text, place))) = (self.module(at), self.name(at, literal)) else { return Vec::new() };
        let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$' | '-');
        let mut found = Vec::new();
        let mut from = 0;
        for word in text.split(|letter: char| !is_part(letter)) {
            if !word.is_empty() {
                let start = place.span.start as usize + from;
                found.push((word.to_owned(), module.source.place(Span::new(start, start + word.len()))));
            }
            from += word.len()
                + text.get(from + word.len()..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        }
        found
    }

    /// Why the literal is not only the name of a table.
    pub(super) fn other_use(&self, at: usize, literal: ExprId) -> Elsewhere {
        self.steps.set(0);
        self.keyed.borrow_mut().clear();
        self.follow(at, literal, &[], 0)
    }

    /// `path` leads from the value of `expr` to the literal.
    pub(super) fn follow(&self, at: usize, expr: ExprId, path: &[Held], depth: u32) -> Elsewhere {
        self.steps.set(self.steps.get() + 1);
        if depth > DEPTH || self.steps.get() > STEPS || path.len() > 6 {
            return Some("where the name goes cannot be followed".to_owned());
        }
        let module = self.module(at)?;
        let known = self.known(at, module);
        let next = depth + 1;
        if let Some(bound) = known.bound.get(&expr) {
            return bound.iter().find_map(|(scope, name, how)| {
                let rest = match how {
                    How::Whole => path.to_vec(),
                    How::Each => each(path)?,
                    How::Part(index) => part(path, *index)?,
                };
                self.follow_name(at, *scope, name, &rest, next)
            });
        }
        if let Some(target) = known.usage.target(expr) {
            return self.assigned(at, module, target, path, next);
        }
        if let Some(&function) = known.returned.get(&expr) {
            return self.follow_returned(at, module, function, path, next);
        }
        let parent = module.expr(expr).parent?;
        let up = |path: Vec<Held>| self.follow(at, parent, &path, next);
        match &module.expr(parent).kind {
            Kind::Cond { test, .. } => (*test != expr).then(|| up(path.to_vec())).flatten(),
            Kind::Binary { op: Op::Or | Op::And, .. } => up(path.to_vec()),
            Kind::List(parts) => {
                let index = parts.iter().position(|&part| part == expr).unwrap_or(0);
                up(within(Held::At(index), path))
            }
            Kind::Dict(pairs) => match pairs.iter().find(|(_, value)| *value == expr) {
                Some((key, _)) => {
                    let key = key.and_then(|key| static_text(module, key));
                    up(within(Held::Value(key), path))
                }
                None => up(within(Held::Key, path)),
            },
            Kind::Text(_) => self.filled(at, module, &known.usage, parent),
            Kind::Binary { op: Op::Compare, left, right } => {
                let other = if *left == expr { *right } else { *left };
                self.compared(at, other)
            }
            Kind::Binary { op: Op::Mod, .. } => self.filled(at, module, &known.usage, parent),
            Kind::Binary { op: Op::Add, .. } if path.is_empty() => self.filled(at, module, &known.usage, parent),
            Kind::Binary { left, right, .. } if !path.is_empty() => {
                let other = if *left == expr { *right } else { *left };
                (!lists_tables(self.evaluator, at, other)).then(|| up(somewhere(path))).flatten()
            }
            Kind::Index(base, key) if *key == expr && is_literal_type(module, *base) => None,
            Kind::Index(base, key)
                if *key == expr && is_set(module, parent) && !is_database(self.evaluator, at, *base) =>
            {
                self.keyed(at, module, *base, path, next)
            }
            // `COLUMNS[table]`, where the keys are names of tables.
            Kind::Index(base, key) if *key == expr && self.is_compared_with_names(at, *base) => None,
            Kind::Index(base, key) if *key == expr => {
                let names_others = module.expr(parent).parent.is_some_and(
                    |member| matches!(&module.expr(member).kind, Kind::Member(_, method) if method.as_ref() == "enable_fts"),
                );
                if names_others {
                    return Some("`enable_fts` names other tables after it".to_owned());
                }
                (!is_database(self.evaluator, at, *base))
                    .then(|| "the name is the key of something else as well".to_owned())
            }
            Kind::Index(_, key) => {
                let rest = match &module.expr(*key).kind {
                    Kind::Opaque(parts) if parts.is_empty() => each(path),
                    Kind::Number(digits) => part(path, digits.parse().ok()?),
                    Kind::Text(_) => match path.split_first() {
                        // The key that is asked for gets the new name as well.
                        Some((Held::Key, _)) => {
                            self.compared.borrow_mut().push((at, *key));
                            None
                        }
                        Some((Held::Value(own), rest)) if *own == static_text(module, *key) => Some(rest.to_vec()),
                        _ => None,
                    },
                    _ => match path.split_first() {
                        Some((Held::Key, _)) => {
                            return (!self.is_compared_with_names(at, *key))
                                .then(|| "the name is the key of something else as well".to_owned());
                        }
                        Some((_, rest)) => Some(rest.to_vec()),
                        None => None,
                    },
                };
                rest.and_then(up)
            }
            Kind::Call { callee, .. } if *callee != expr => {
                self.handed((at, module), &known.usage, (expr, parent), path, depth)
            }
            Kind::Opaque(_) if !path.is_empty() && spread(module, parent) == Some(expr) => {
                let list = module.expr(parent).parent?;
                self.follow(at, list, &somewhere(path), next)
            }
            Kind::Member(_, method) if !path.is_empty() => self.collected(at, module, parent, method, path, next),
            Kind::Member(..) if asks_for_a_statement(module, parent) => None,
            Kind::Member(_, method) if matches!(method.as_ref(), "isidentifier" | "isalnum") => None,
            Kind::Member(..) => Some("the name is worked on".to_owned()),
            Kind::Opaque(_) if !module.source.slice(module.expr(parent).span).starts_with("not ") => {
                Some("where the name goes cannot be followed".to_owned())
            }
            _ => None,
        }
    }

    /// The name is compared with `other`.
    pub(super) fn compared(&self, at: usize, other: ExprId) -> Elsewhere {
        let is_same = lists_tables(self.evaluator, at, other) || self.is_compared_with_names(at, other);
        (!is_same).then(|| "the name is compared with something".to_owned())
    }

    /// `counts[name] = 3`: a dictionary that the program makes has the name as a key from then on.
    fn keyed(&self, at: usize, module: &'p Module, base: ExprId, path: &[Held], depth: u32) -> Elsewhere {
        let untold = || Some("the name is the key of something else as well".to_owned());
        let Kind::Name(name) = &module.expr(base).kind else { return untold() };
        let Some(scope) = home(module, module.expr(base).scope, name).filter(|_| path.is_empty()) else {
            return untold();
        };
        let is_made_here = |binding: &Binding| matches!(binding.value, Bound::Expr(made) if is_made(module, made));
        if !module.scope(scope).bindings.get(name).is_some_and(|all| all.iter().all(is_made_here)) {
            return untold();
        }
        let dictionary = (at, scope, Arc::clone(name));
        if self.keyed.borrow().contains(&dictionary) {
            return None;
        }
        self.keyed.borrow_mut().push(dictionary);
        self.follow_name(at, scope, name, &[Held::Key], depth)
    }

    /// `self.table = name`; a key of what is no object of the tree is followed no further.
    fn assigned(&self, at: usize, module: &'p Module, target: ExprId, path: &[Held], depth: u32) -> Elsewhere {
        let class = match &module.expr(target).kind {
            Kind::Member(base, _) => match &module.expr(*base).kind {
                Kind::Name(name) if matches!(name.as_ref(), "self" | "cls" | "this") => {
                    enclosing_class(module, module.expr(*base).scope)
                }
                _ => None,
            },
            _ => None,
        };
        match (&module.expr(target).kind, class) {
            (Kind::Member(_, name), Some(class)) => self.follow_attribute(Owner::Class((at, class)), name, path, depth),
            (Kind::Member(_, name), None) => self.follow_attribute(Owner::Unknown, name, path, depth),
            _ => Some("the name is kept in an object".to_owned()),
        }
    }

    /// Every use of a name that is bound in a scope, in its module and in those that import it.
    pub(super) fn follow_name(&self, at: usize, scope: ScopeId, name: &str, path: &[Held], depth: u32) -> Elsewhere {
        let module = self.module(at)?;
        if module.scope(scope).kind == ScopeKind::Class {
            // Whoever asks a model for its table gets the new name.
            if matches!(name, "__tablename__" | "db_table" | "table_name") {
                return None;
            }
            if let Some(reason) = self.follow_attribute(Owner::Class((at, scope)), name, path, depth + 1) {
                return Some(reason);
            }
        }
        for index in 0..module.exprs.len() {
            let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
            let expr = module.expr(id);
            let same = matches!(&expr.kind, Kind::Name(own) if own.as_ref() == name);
            if same
                && home(module, expr.scope, name) == Some(scope)
                && let Some(reason) = self.follow(at, id, path, depth + 1)
            {
                return Some(reason);
            }
        }
        if scope == ScopeId(0) {
            for other in self.evaluator.program.speak_of(name).into_iter().filter(|other| *other != at) {
                let Some(importer) = self.module(other) else { continue };
                for (local, bindings) in importer.scopes.iter().flat_map(|scope| &scope.bindings) {
                    for binding in bindings {
                        if let Bound::Import { module: from, name: imported } = &binding.value
                            && imported.as_ref() == name
                            && self.evaluator.program.resolve(other, from) == Some(at)
                            && let Some(reason) = self.follow_name(other, binding.scope, local, path, depth + 1)
                        {
                            return Some(reason);
                        }
                    }
                }
                let members = importer.exprs.iter().any(|expr| {
                    matches!(&expr.kind, Kind::Member(base, own) if own.as_ref() == name
                        && self.evaluator.ask(other, *base).iter().any(|val| matches!(val, Val::Module(home) if *home == at)))
                });
                if members {
                    return Some(format!("`{}` uses the name as well", importer.source.path));
                }
            }
        }
        None
    }
}

impl<'p> Known<'p> {
    fn of(module: &'p Module) -> Self {
        let mut bound: HashMap<ExprId, Vec<(ScopeId, Arc<str>, How)>> = HashMap::new();
        let mut returned = HashMap::new();
        for (index, scope) in module.scopes.iter().enumerate() {
            let id = ScopeId(u32::try_from(index).unwrap_or(u32::MAX));
            for (name, binding) in scope
                .bindings
                .iter()
                .chain(&scope.members)
                .flat_map(|(name, bindings)| bindings.iter().map(move |binding| (name, binding)))
            {
                let (value, how) = match binding.value {
                    Bound::Expr(value) => (value, How::Whole),
                    Bound::Element(value) => (value, How::Each),
                    Bound::Part(value, index) => (value, How::Part(index)),
                    _ => continue,
                };
                bound.entry(value).or_default().push((id, Arc::clone(name), how));
            }
            for param in &scope.params {
                if let Some(default) = param.default {
                    bound.entry(default).or_default().push((id, Arc::clone(&param.name), How::Whole));
                }
            }
            returned.extend(scope.returns.iter().map(|&value| (value, id)));
        }
        Self { usage: Usage::of(module), bound, returned }
    }
}

/// `counts[name] = 3`, `counts[name] += 1`.
fn is_set(module: &Module, target: ExprId) -> bool {
    module.assigns.iter().chain(&module.appends).any(|(own, _)| *own == target)
}

/// A dictionary that begins here: `{}`, `dict()`, `defaultdict(list)`, `new Map()`.
fn is_made(module: &Module, value: ExprId) -> bool {
    match &module.expr(value).kind {
        Kind::Dict(_) => true,
        Kind::Call { callee, .. } => matches!(&module.expr(*callee).kind, Kind::Name(name) | Kind::Member(_, name)
            if matches!(name.as_ref(), "dict" | "OrderedDict" | "defaultdict" | "Counter" | "Map")),
        _ => false,
    }
}

/// `sql.strip().lower().startswith("select")`: whether a text is a whole statement; a name is none, whichever it is.
fn asks_for_a_statement(module: &Module, mut member: ExprId) -> bool {
    for _ in 0..4 {
        let Kind::Member(_, method) = &module.expr(member).kind else { return false };
        let Some(call) = module.expr(member).parent else { return false };
        let Kind::Call { args, .. } = &module.expr(call).kind else { return false };
        match (method.as_ref(), args.as_slice()) {
            (
                "lower" | "upper" | "casefold" | "strip" | "lstrip" | "toLowerCase" | "toUpperCase" | "trim"
                | "trimStart",
                [],
            ) => match module.expr(call).parent {
                Some(next) => member = next,
                None => return false,
            },
            ("startswith" | "startsWith", [word]) => {
                let begins = |word: ExprId| static_text(module, word).is_some_and(|word| sql::begins_statement(&word));
                return match &module.expr(word.value).kind {
                    Kind::List(words) => words.iter().all(|&word| begins(word)),
                    Kind::Text(_) => begins(word.value),
                    _ => false,
                };
            }
            _ => return false,
        }
    }
    false
}

/// The scope that a name means.
pub(super) fn home(module: &Module, from: ScopeId, name: &str) -> Option<ScopeId> {
    let mut at = Some(from);
    for _ in 0..64 {
        let id = at?;
        let scope = module.scope(id);
        if scope.bindings.contains_key(name) && (id == from || scope.kind != ScopeKind::Class) {
            return Some(id);
        }
        at = scope.parent;
    }
    None
}
