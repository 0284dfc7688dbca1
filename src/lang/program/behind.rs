//! Which literals an expression can be, followed backwards through names, parameters, loops and collections. Unlike the evaluator
//! it keeps every one of them, because a table is renamed in all places or in none; where it cannot, it says so. Decides nothing.

use std::collections::HashSet;
use std::sync::Arc;

use super::evaluate::{Evaluator, InModule, Val, argument};
use super::ir::{Binding, Bound, ExprId, Kind, Module, Op, ScopeId, ScopeKind};
use super::known;
use super::names::reaching;

/// Expressions and names looked at for one question. A question that needs more has no whole answer.
const STEPS: u32 = 50_000;
/// Collections in collections. No literal holds a text deeper down, while a loop such as `node = node["next"]` has no end.
const NESTED: usize = 12;

/// A way into a collection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Step {
    /// What a loop gives: each element, each key.
    Each,
    /// The part with that number.
    Part(usize),
    /// What a key leads to.
    Field(String),
    /// Every value of a dictionary.
    Value,
}

/// What was found behind an expression.
pub(super) struct Behind {
    /// Each literal with its module.
    pub(super) literals: Vec<InModule<ExprId>>,
    /// Literals that are handed to what may be a function on the way, with the reason why nobody knows.
    pub(super) perhaps: Vec<(InModule<ExprId>, Arc<str>)>,
    /// Why there may be others.
    pub(super) cut: Option<String>,
}

/// Every string literal that an expression can be.
pub(super) fn literals_behind(evaluator: &Evaluator<'_>, at: usize, expr: ExprId) -> Behind {
    search(evaluator, at, expr, &[])
}

/// Every string literal that is an element of what an expression can be.
pub(super) fn elements_behind(evaluator: &Evaluator<'_>, at: usize, expr: ExprId) -> Behind {
    search(evaluator, at, expr, &[Step::Each])
}

fn search(evaluator: &Evaluator<'_>, at: usize, expr: ExprId, path: &[Step]) -> Behind {
    let found = Behind { literals: Vec::new(), perhaps: Vec::new(), cut: None };
    let mut search =
        Search { evaluator, found, seen: HashSet::new(), open: Vec::new(), doubted: Vec::new(), doubt: None };
    search.walk(at, expr, path);
    let mut steps = 0;
    while let Some((goal, path)) = search.next() {
        steps += 1;
        if steps > STEPS {
            search.found.cut = Some(format!("more than {STEPS} places lead to the name"));
            break;
        }
        match goal {
            Goal::Expr(at, expr) => search.expression(at, expr, &path),
            Goal::Global(at, name) => search.global(at, &name, &path),
        }
    }
    search.found
}

/// What is followed, and the way from its value to the text that is asked for.
type Way = (Goal, Vec<Step>);

/// What is followed next.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Goal {
    Expr(usize, ExprId),
    /// What a module gives under a name.
    Global(usize, String),
}

struct Search<'e, 'p> {
    evaluator: &'e Evaluator<'p>,
    found: Behind,
    seen: HashSet<Way>,
    open: Vec<Way>,
    /// What is followed once nothing else is left: it may lead there, and why nobody knows.
    doubted: Vec<(Way, Arc<str>)>,
    /// Why what is followed now may lead elsewhere.
    doubt: Option<Arc<str>>,
}

impl<'p> Search<'_, 'p> {
    /// What is sure comes first.
    fn next(&mut self) -> Option<Way> {
        if let Some(goal) = self.open.pop() {
            return Some(goal);
        }
        while let Some((goal, reason)) = self.doubted.pop() {
            if self.seen.insert(goal.clone()) {
                self.doubt = Some(reason);
                return Some(goal);
            }
        }
        None
    }

    /// Follows `expr`; `path` leads from its value to the text that is asked for.
    fn walk(&mut self, at: usize, expr: ExprId, path: &[Step]) {
        self.follow(Goal::Expr(at, expr), path);
    }

    fn follow(&mut self, goal: Goal, path: &[Step]) {
        let goal = (goal, path.to_vec());
        if path.len() <= NESTED && self.seen.insert(goal.clone()) {
            self.open.push(goal);
        }
    }

    fn expression(&mut self, at: usize, expr: ExprId, path: &[Step]) {
        let Some(module) = self.evaluator.program.module(at) else { return };
        match &module.expr(expr).kind {
            // Nothing is walked twice on the same path, so nothing is found twice.
            Kind::Text(_) if path.is_empty() => match &self.doubt {
                Some(reason) => self.found.perhaps.push(((at, expr), Arc::clone(reason))),
                None => self.found.literals.push((at, expr)),
            },
            Kind::Cond { then, otherwise, .. } => {
                self.walk(at, *then, path);
                self.walk(at, *otherwise, path);
            }
            Kind::Binary { op: Op::Or | Op::And, left, right } => {
                self.walk(at, *left, path);
                self.walk(at, *right, path);
            }
            Kind::Binary { op: Op::Add | Op::Other, left, right } if !path.is_empty() => {
                self.walk(at, *left, path);
                self.walk(at, *right, path);
            }
            Kind::List(parts) => match path.split_first() {
                Some((Step::Each, rest)) => parts.iter().for_each(|&part| self.walk(at, part, rest)),
                Some((Step::Part(index), rest)) => {
                    if let Some(&part) = parts.get(*index) {
                        self.walk(at, part, rest);
                    }
                }
                _ => {}
            },
            Kind::Dict(pairs) => self.dictionary(at, module, pairs, path),
            Kind::Index(base, key) => {
                let step = match &module.expr(*key).kind {
                    Kind::Opaque(parts) if parts.is_empty() => Step::Each,
                    Kind::Number(digits) => match digits.parse() {
                        Ok(index) => Step::Part(index),
                        Err(_) => return,
                    },
                    Kind::Text(_) => match super::evaluate::static_text(module, *key) {
                        Some(key) => Step::Field(key),
                        None => return,
                    },
                    _ => Step::Value,
                };
                self.walk(at, *base, &then(step, path));
            }
            Kind::Call { callee, args } => self.call(at, module, *callee, args.first().map(|arg| arg.value), path),
            Kind::Name(name) => self.name(at, module, expr, name, path),
            Kind::Member(base, name) => self.member(at, module, *base, name, path),
            _ => {}
        }
    }

    fn dictionary(&mut self, at: usize, module: &'p Module, pairs: &[(Option<ExprId>, ExprId)], path: &[Step]) {
        let Some((step, rest)) = path.split_first() else { return };
        for &(key, value) in pairs {
            match (step, key) {
                (Step::Each, Some(key)) => self.walk(at, key, rest),
                (Step::Value, Some(_)) => self.walk(at, value, rest),
                (Step::Field(field), Some(key))
                    if super::evaluate::static_text(module, key).as_deref() == Some(field.as_str()) =>
                {
                    self.walk(at, value, rest);
                }
                // `{**other}`
                (_, None) => self.walk(at, value, path),
                _ => {}
            }
        }
    }

    fn call(&mut self, at: usize, module: &'p Module, callee: ExprId, first: Option<ExprId>, path: &[Step]) {
        match (&module.expr(callee).kind, path) {
            (Kind::Member(_, method), []) if known::quotes_names(method) => {
                if let Some(first) = first {
                    self.walk(at, first, path);
                }
            }
            (Kind::Member(base, method), [Step::Each, rest @ ..]) => match (method.as_ref(), rest) {
                ("keys" | "copy" | "union" | "difference" | "intersection", _) => self.walk(at, *base, path),
                ("values", _) => self.walk(at, *base, &then(Step::Value, rest)),
                ("items", [Step::Part(0), rest @ ..]) => self.walk(at, *base, &then(Step::Each, rest)),
                ("items", [Step::Part(1), rest @ ..]) => self.walk(at, *base, &then(Step::Value, rest)),
                _ => {}
            },
            (Kind::Name(name), _) => {
                let Some(first) = first else { return };
                match (name.as_ref(), path) {
                    ("list" | "tuple" | "set" | "frozenset" | "sorted" | "reversed" | "iter" | "dict", _) => {
                        self.walk(at, first, path);
                    }
                    ("enumerate", [Step::Each, Step::Part(1), rest @ ..]) => {
                        self.walk(at, first, &then(Step::Each, rest));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn name(&mut self, at: usize, module: &'p Module, expr: ExprId, name: &str, path: &[Step]) {
        let own = module.expr(expr);
        let mut scope = Some(own.scope);
        for _ in 0..64 {
            let Some(id) = scope else { return };
            let body = module.scope(id);
            if let Some(bindings) = body.bindings.get(name)
                && (id == own.scope || body.kind != ScopeKind::Class)
            {
                let from = (id == own.scope).then_some(own);
                for binding in reaching(module, bindings, from) {
                    self.binding(at, module, id, binding, path);
                }
                if path.first() == Some(&Step::Each) {
                    self.appended(at, module, id, name, path);
                }
                return;
            }
            scope = body.parent;
        }
    }

    /// `names.append("users")`.
    fn appended(&mut self, at: usize, module: &'p Module, scope: ScopeId, name: &str, path: &[Step]) {
        for &call in &module.calls {
            if let Kind::Call { callee, args } = &module.expr(call).kind
                && let Kind::Member(base, method) = &module.expr(*callee).kind
                && matches!(method.as_ref(), "append" | "add" | "extend" | "update")
                && matches!(&module.expr(*base).kind, Kind::Name(own) if own.as_ref() == name)
                && module.expr(*base).scope == scope
                && let Some(first) = args.first()
            {
                let whole = matches!(method.as_ref(), "extend" | "update");
                self.walk(at, first.value, if whole { path } else { path.get(1..).unwrap_or_default() });
            }
        }
    }

    fn member(&mut self, at: usize, module: &'p Module, base: ExprId, name: &str, path: &[Step]) {
        let own = matches!(&module.expr(base).kind, Kind::Name(base) if matches!(base.as_ref(), "self" | "cls"));
        if own {
            let Some(class) = super::members::enclosing_class(module, module.expr(base).scope) else { return };
            let body = module.scope(class);
            for binding in [body.bindings.get(name), body.members.get(name)].into_iter().flatten().flatten() {
                self.binding(at, module, class, binding, path);
            }
            return;
        }
        for val in self.evaluator.ask(at, base) {
            let (home, scope) = match val {
                Val::Module(home) => (home, ScopeId(0)),
                Val::Class((home, class)) | Val::Instance((home, class), _) => (home, class),
                _ => continue,
            };
            let Some(module) = self.evaluator.program.module(home) else { continue };
            let body = module.scope(scope);
            for binding in [body.bindings.get(name), body.members.get(name)].into_iter().flatten().flatten() {
                self.binding(home, module, scope, binding, path);
            }
        }
    }

    fn binding(&mut self, at: usize, module: &'p Module, scope: ScopeId, binding: &Binding, path: &[Step]) {
        match &binding.value {
            Bound::Expr(value) => self.walk(at, *value, path),
            Bound::Element(iterable) => self.walk(at, *iterable, &then(Step::Each, path)),
            Bound::Part(whole, index) => self.walk(at, *whole, &then(Step::Part(*index), path)),
            Bound::Param(index) => self.parameter(at, module, scope, *index, path),
            Bound::Import { module: from, name } => {
                if let Some((home, Some(name))) = self.evaluator.program.resolve_import(at, from, name) {
                    self.follow(Goal::Global(home, name), path);
                }
            }
            _ => {}
        }
    }

    /// What callers hand to a parameter, those in tests included, and its default.
    fn parameter(&mut self, at: usize, module: &'p Module, scope: ScopeId, index: usize, path: &[Step]) {
        let function = module.scope(scope);
        let Some(param) = function.params.get(index) else { return };
        if let Some(default) = param.default {
            self.walk(at, default, path);
        }
        let class = function.parent.filter(|&parent| module.scope(parent).kind == ScopeKind::Class);
        let python = module.language == crate::lang::Language::Python;
        let (name, position) = match class {
            Some(class) if matches!(function.name.as_ref(), "__init__" | "constructor") => {
                (&module.scope(class).name, index.saturating_sub(usize::from(python)))
            }
            Some(_) if python => (&function.name, index.saturating_sub(1)),
            _ => (&function.name, index),
        };
        for (other, call) in self.evaluator.program.every_caller(name) {
            let Some(body) = self.evaluator.program.module(other) else { continue };
            let Kind::Call { callee, args } = &body.expr(call).kind else { continue };
            let Some(arg) = argument(args, position, &[param.name.as_ref()]) else { continue };
            let (callees, whole) = self.evaluator.ask_whole(other, *callee);
            let reaches = callees.iter().any(|val| match val {
                Val::Function(target, _) => *target == (at, scope),
                Val::Class(target) => target.0 == at && Some(target.1) == class,
                _ => false,
            });
            if reaches {
                self.walk(other, arg, path);
            } else if !whole {
                let place = body.source.place(body.expr(call).span);
                let reason = format!("what `{name}` is at {}:{} cannot be followed", place.file, place.start.line);
                let goal = (Goal::Expr(other, arg), path.to_vec());
                self.doubted.push((goal, reason.into()));
            }
        }
        if self.evaluator.program.has_more_callers(name) {
            self.found.cut = Some(format!("`{name}` is called in more places than are followed"));
        }
    }

    /// What a module gives under a name.
    fn global(&mut self, at: usize, name: &str, path: &[Step]) {
        let Some(module) = self.evaluator.program.module(at) else { return };
        let bindings = module.scopes.first().and_then(|top| top.bindings.get(name));
        for binding in bindings.into_iter().flatten() {
            self.binding(at, module, ScopeId(0), binding, path);
        }
    }
}

fn then(first: Step, rest: &[Step]) -> Vec<Step> {
    std::iter::once(first).chain(rest.iter().cloned()).collect()
}
