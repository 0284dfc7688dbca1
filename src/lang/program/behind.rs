//! Which literals an expression can be, followed backwards through names, parameters, loops and collections. Unlike the evaluator
//! it keeps every one of them, because a table is renamed in all places or in none; where it cannot, it says so. Decides nothing.

use std::collections::HashSet;
use std::sync::Arc;

use super::evaluate::{Evaluator, InModule, Val, argument, is_unknown, static_text};
use super::ir::{Arg, ExprId, Kind, Module, Op, Piece, ScopeId};
use super::known;
use super::objects::gives_each;
use super::origins::literal_type;
use super::quoting::quoted_parameter;
use crate::lang::Language;

/// Expressions and names looked at for one question. A question that needs more has no whole answer.
const STEPS: u32 = 50_000;
/// Collections in collections. No literal holds a text deeper down, while a loop such as `node = node["next"]` has no end.
const NESTED: usize = 12;

/// A way into a collection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// What a loop gives: each element, each key.
    Each,
    /// The part with that number.
    Part(usize),
    /// What a key leads to.
    Field(String),
    /// Every value of a dictionary.
    Value,
    /// What an object holds under a name.
    Attribute(Arc<str>),
    /// What a function gives.
    Returned,
}

/// What was found behind an expression.
pub(super) struct Behind {
    /// Each literal with its module.
    pub(super) literals: Vec<InModule<ExprId>>,
    /// Literals that are handed to what may be a function on the way, with the reason why nobody knows.
    pub(super) perhaps: Vec<(InModule<ExprId>, Arc<str>)>,
    /// Texts that are split into words, each of which it can be.
    pub(super) split: Vec<InModule<ExprId>>,
    /// Why there may be others.
    pub(super) cut: Option<String>,
    /// Something on the way is not written in the tree: what a user types, what a query gives.
    pub(super) is_open: bool,
}

impl Behind {
    pub(super) fn nothing() -> Self {
        Self { literals: Vec::new(), perhaps: Vec::new(), split: Vec::new(), cut: None, is_open: false }
    }

    /// Everything that the expression can be is among the literals.
    pub(super) fn is_whole(&self) -> bool {
        self.cut.is_none() && !self.is_open && self.perhaps.is_empty() && self.split.is_empty()
    }
}

/// Every string literal that an expression can be.
pub(super) fn literals_behind(evaluator: &Evaluator<'_>, at: usize, expr: ExprId) -> Behind {
    search(evaluator, at, expr, &[])
}

/// Every string literal that is an element of what an expression can be.
pub(super) fn elements_behind(evaluator: &Evaluator<'_>, at: usize, expr: ExprId) -> Behind {
    search(evaluator, at, expr, &[Step::Each])
}

/// Every string literal that is what `path` leads to in what an expression can be.
pub(super) fn literals_on(evaluator: &Evaluator<'_>, at: usize, expr: ExprId, path: &[Step]) -> Behind {
    search(evaluator, at, expr, path)
}

fn search(evaluator: &Evaluator<'_>, at: usize, expr: ExprId, path: &[Step]) -> Behind {
    let found = Behind::nothing();
    let mut search = Search {
        evaluator,
        found,
        seen: HashSet::new(),
        open: Vec::new(),
        doubted: Vec::new(),
        doubt: None,
        led_on: false,
    };
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
        search.found.is_open |= !std::mem::take(&mut search.led_on);
    }
    search.found
}

/// What is followed, and the way from its value to the text that is asked for.
type Way = (Goal, Vec<Step>);

/// What is followed next.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Goal {
    Expr(usize, ExprId),
    /// What a module gives under a name.
    Global(usize, String),
}

pub(super) struct Search<'e, 'p> {
    pub(super) evaluator: &'e Evaluator<'p>,
    pub(super) found: Behind,
    seen: HashSet<Way>,
    open: Vec<Way>,
    /// What is followed once nothing else is left: it may lead there, and why nobody knows.
    pub(super) doubted: Vec<(Way, Arc<str>)>,
    /// Why what is followed now may lead elsewhere.
    doubt: Option<Arc<str>>,
    /// What is followed now is a text, or leads to others.
    led_on: bool,
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
    pub(super) fn walk(&mut self, at: usize, expr: ExprId, path: &[Step]) {
        self.follow(Goal::Expr(at, expr), path);
    }

    pub(super) fn follow(&mut self, goal: Goal, path: &[Step]) {
        self.led_on = true;
        let goal = (goal, path.to_vec());
        if path.len() <= NESTED && self.seen.insert(goal.clone()) {
            self.open.push(goal);
        }
    }

    fn expression(&mut self, at: usize, expr: ExprId, path: &[Step]) {
        let Some(module) = self.evaluator.program.module(at) else { return };
        match &module.expr(expr).kind {
            // Nothing is walked twice on the same path, so nothing is found twice.
            Kind::Text(pieces) if path.is_empty() => {
                self.led_on = matches!(pieces.as_slice(), [] | [Piece::Text(..)]);
                match &self.doubt {
                    Some(reason) => self.found.perhaps.push(((at, expr), Arc::clone(reason))),
                    None => self.found.literals.push((at, expr)),
                }
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) => self.led_on = true,
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
            Kind::List(parts) if parts.is_empty() && !path.is_empty() => self.led_on = true,
            Kind::List(parts) => match path.split_first() {
                Some((Step::Each, rest)) => {
                    for &part in parts {
                        match spread(module, part) {
                            Some(list) => self.walk(at, list, path),
                            None => self.walk(at, part, rest),
                        }
                    }
                }
                Some((Step::Part(index), rest)) => {
                    if let Some(&part) = parts.get(*index) {
                        self.walk(at, part, rest);
                    }
                }
                _ => {}
            },
            Kind::Dict(pairs) => self.dictionary(at, module, pairs, path),
            Kind::Index(..) if path.is_empty() && literal_type(module, expr).is_some() => {
                literal_type(module, expr).into_iter().flatten().for_each(|member| self.walk(at, member, path));
            }
            Kind::Index(base, key) => {
                let step = match &module.expr(*key).kind {
                    Kind::Opaque(parts) if parts.is_empty() => Step::Each,
                    Kind::Number(digits) => match digits.parse() {
                        Ok(index) => Step::Part(index),
                        Err(_) => return,
                    },
                    Kind::Text(_) => match static_text(module, *key) {
                        Some(key) => Step::Field(key),
                        None => return,
                    },
                    _ => Step::Value,
                };
                self.walk(at, *base, &then(step, path));
            }
            Kind::Call { callee, args } => self.call(at, module, *callee, args, path),
            Kind::Function(function) => {
                if let Some((Step::Returned, rest)) = path.split_first() {
                    module.scope(*function).returns.iter().for_each(|&value| self.walk(at, value, rest));
                }
            }
            Kind::Name(name) => self.name(at, module, expr, name, path),
            Kind::Member(base, name) => self.member(at, module, *base, name, path),
            _ => {}
        }
    }

    fn dictionary(&mut self, at: usize, module: &'p Module, pairs: &[(Option<ExprId>, ExprId)], path: &[Step]) {
        let Some((step, rest)) = path.split_first() else { return };
        // What is put into it later is asked where it has its name.
        self.led_on |= pairs.is_empty();
        for &(key, value) in pairs {
            match (step, key) {
                (Step::Each, Some(key)) => self.walk(at, key, rest),
                (Step::Value, Some(_)) => self.walk(at, value, rest),
                (Step::Field(field), Some(key)) if static_text(module, key).as_deref() == Some(field.as_str()) => {
                    self.walk(at, value, rest);
                }
                // JavaScript's objects: `row.name`.
                (Step::Attribute(field), Some(key))
                    if module.language != Language::Python && static_text(module, key).as_deref() == Some(&**field) =>
                {
                    self.walk(at, value, rest);
                }
                // `{**other}`
                (_, None) => self.walk(at, value, path),
                _ => {}
            }
        }
    }

    fn call(&mut self, at: usize, module: &'p Module, callee: ExprId, args: &[Arg], path: &[Step]) {
        let first = args.first().map(|arg| arg.value);
        match (&module.expr(callee).kind, path) {
            (Kind::Member(_, method), []) if known::quotes_names(method) => {
                if let Some(first) = first {
                    return self.walk(at, first, path);
                }
            }
            // `table: str = typer.Option("users")`
            (Kind::Name(name) | Kind::Member(_, name), [])
                if matches!(name.as_ref(), "Option" | "Argument" | "Query" | "Field" | "Form" | "Header" | "Body") =>
            {
                if let Some(default) = argument(args, 0, &["default"]) {
                    self.walk(at, default, path);
                }
                self.found.is_open = true;
            }
            // `pytest.param("users", 3)`
            (Kind::Member(_, method) | Kind::Name(method), _) if method.as_ref() == "param" => {
                let part = match path.split_first() {
                    Some((Step::Part(index), rest)) => args.get(*index).map(|arg| (arg.value, rest)),
                    _ => first.map(|first| (first, path)),
                };
                if let Some((value, path)) = part {
                    return self.walk(at, value, path);
                }
            }
            (Kind::Member(base, method), _) if is_called(module, *base, "Object") => {
                let Some(first) = first else { return };
                return match (method.as_ref(), path) {
                    ("values", [Step::Each, rest @ ..]) => self.walk(at, first, &then(Step::Value, rest)),
                    ("entries", [Step::Each, Step::Part(0), rest @ ..]) => {
                        self.walk(at, first, &then(Step::Each, rest))
                    }
                    ("entries", [Step::Each, Step::Part(1), rest @ ..]) => {
                        self.walk(at, first, &then(Step::Value, rest))
                    }
                    _ => self.walk(at, first, path),
                };
            }
            (Kind::Member(base, method), _) if is_called(module, *base, "Array") && method.as_ref() == "from" => {
                return first.into_iter().for_each(|first| self.walk(at, first, path));
            }
            (Kind::Member(base, method), [Step::Each, ..])
                if matches!(
                    method.as_ref(),
                    "filter" | "reverse" | "sort" | "slice" | "concat" | "toSorted" | "toReversed"
                ) =>
            {
                if method.as_ref() == "concat" {
                    args.iter().for_each(|arg| self.walk(at, arg.value, path));
                }
                return self.walk(at, *base, path);
            }
            (Kind::Member(base, method), _)
                if module.language != Language::Python && method.as_ref() == "get" && args.len() == 1 =>
            {
                self.walk(at, *base, &then(Step::Value, path));
            }
            (Kind::Member(_, method) | Kind::Name(method), _) if method.as_ref() == "getenv" => {
                args.get(1).into_iter().for_each(|default| self.walk(at, default.value, path));
                self.found.is_open = true;
                return;
            }
            // `settings.get("table", "users")`
            (Kind::Member(base, method), _)
                if module.language == Language::Python
                    && matches!(method.as_ref(), "get" | "pop" | "setdefault")
                    && args.len() == 2 =>
            {
                let key = first.and_then(|key| static_text(module, key));
                self.walk(at, *base, &then(key.map_or(Step::Value, Step::Field), path));
                args.get(1).into_iter().for_each(|default| self.walk(at, default.value, path));
                self.found.is_open = true;
                return;
            }
            (Kind::Member(_, method), [Step::Each, rest @ ..]) if matches!(method.as_ref(), "map" | "flatMap") => {
                if let Some(Kind::Function(function)) = first.map(|first| &module.expr(first).kind) {
                    let path = if method.as_ref() == "map" { rest } else { path };
                    module.scope(*function).returns.iter().for_each(|&value| self.walk(at, value, path));
                }
                return;
            }
            // `"users posts".split()`
            (Kind::Member(base, method), [Step::Each | Step::Part(_)])
                if method.as_ref() == "split" && matches!(module.expr(*base).kind, Kind::Text(_)) =>
            {
                self.led_on = true;
                return self.found.split.push((at, *base));
            }
            (Kind::Member(base, method), [Step::Each, rest @ ..]) => match (method.as_ref(), rest) {
                ("keys" | "copy" | "union" | "difference" | "intersection", _) => return self.walk(at, *base, path),
                ("values", _) => return self.walk(at, *base, &then(Step::Value, rest)),
                ("items", [Step::Part(0), rest @ ..]) => return self.walk(at, *base, &then(Step::Each, rest)),
                ("items", [Step::Part(1), rest @ ..]) => return self.walk(at, *base, &then(Step::Value, rest)),
                _ => {}
            },
            (Kind::Name(name), _) => match (name.as_ref(), path, first) {
                (
                    "list" | "tuple" | "set" | "frozenset" | "sorted" | "reversed" | "iter" | "dict" | "Set",
                    _,
                    Some(first),
                ) => {
                    return self.walk(at, first, path);
                }
                ("list" | "set" | "dict" | "OrderedDict" | "Map" | "Set", [_, ..], None)
                | ("defaultdict" | "Counter", [_, ..], _) => {
                    self.led_on = true;
                    return;
                }
                // `new Map([["u", "users"]])`
                ("Map", [Step::Value | Step::Field(_), rest @ ..], Some(first)) => {
                    return self.walk(at, first, &then(Step::Each, &then(Step::Part(1), rest)));
                }
                ("Map", _, Some(first)) => return self.walk(at, first, path),
                ("enumerate", [Step::Each, Step::Part(1), rest @ ..], Some(first)) => {
                    return self.walk(at, first, &then(Step::Each, rest));
                }
                ("zip", [Step::Each, Step::Part(index), rest @ ..], _) => {
                    if let Some(arg) = args.get(*index) {
                        return self.walk(at, arg.value, &then(Step::Each, rest));
                    }
                }
                _ => {}
            },
            _ => {}
        }
        if let Some((Step::Attribute(_) | Step::Part(_), rest)) = path.split_first()
            && let Some(fields) = self.evaluator.fields(at, callee)
        {
            let field = fields.iter().position(|field| match path.first() {
                Some(Step::Attribute(name)) => field.name == *name,
                _ => false,
            });
            let index = match path.first() {
                Some(Step::Part(index)) => Some(*index),
                _ => field,
            };
            let Some(field) = index.and_then(|index| fields.get(index)) else { return };
            match (argument(args, index.unwrap_or(0), &[field.name.as_ref()]), field.default) {
                (Some(given), _) => self.walk(at, given, rest),
                (None, Some((home, default))) => self.walk(home, default, rest),
                (None, None) => {}
            }
            return;
        }
        let callees = self.evaluator.ask(at, callee);
        // `rows(connection)`, where `rows` is a parameter that functions are handed to.
        if matches!(module.expr(callee).kind, Kind::Name(_)) && callees.iter().all(is_unknown) {
            self.walk(at, callee, &then(Step::Returned, path));
        }
        for val in callees {
            if let Val::Function(function, this) = val {
                let quoted = self.evaluator.program.module(function.0);
                let quoted = quoted.and_then(|module| quoted_parameter(module, function.1));
                if let Some(index) = quoted.filter(|_| path.is_empty()) {
                    let position = index.checked_sub(usize::from(this.is_some())).unwrap_or(usize::MAX);
                    if let Some(given) = argument(args, position, &[]) {
                        self.walk(at, given, path);
                    }
                    continue;
                }
                self.returned(at, function, this.is_some(), args, path);
            }
        }
    }

    /// What a function gives for these arguments.
    fn returned(&mut self, at: usize, function: InModule<ScopeId>, of_object: bool, args: &[Arg], path: &[Step]) {
        let Some(module) = self.evaluator.program.module(function.0) else { return };
        let scope = module.scope(function.1);
        for &value in &scope.returns {
            // A parameter that it gives back is what stands in this call.
            let same = match &module.expr(value).kind {
                Kind::Name(name) => scope.params.iter().position(|param| param.name == *name),
                _ => None,
            };
            match same.and_then(|index| scope.params.get(index).map(|param| (index, param))) {
                Some((index, param)) => {
                    let own = usize::from(of_object && module.language == Language::Python);
                    let position = index.checked_sub(own).unwrap_or(usize::MAX);
                    if let Some(given) = argument(args, position, &[param.name.as_ref()]) {
                        self.walk(at, given, path);
                    } else if let Some(default) = param.default {
                        self.walk(function.0, default, path);
                    }
                }
                None => {
                    self.walk(function.0, value, path);
                    if let Some((Step::Each, rest)) = path.split_first()
                        && gives_each(module, function.1)
                    {
                        self.walk(function.0, value, rest);
                    }
                }
            }
        }
    }
}

/// The list in `[...names]`, `[*names]`.
pub(super) fn spread(module: &Module, part: ExprId) -> Option<ExprId> {
    let Kind::Opaque(inner) = &module.expr(part).kind else { return None };
    let [list] = inner.as_slice() else { return None };
    let words = module.source.slice(module.expr(part).span);
    (words.starts_with("...") || words.starts_with('*')).then_some(*list)
}

fn is_called(module: &Module, expr: ExprId, name: &str) -> bool {
    matches!(&module.expr(expr).kind, Kind::Name(own) if own.as_ref() == name)
}

pub(super) fn then(first: Step, rest: &[Step]) -> Vec<Step> {
    std::iter::once(first).chain(rest.iter().cloned()).collect()
}
