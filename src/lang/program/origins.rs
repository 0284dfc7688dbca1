//! What a name can have been given: assignments, parameters with what callers hand them, attributes, options, types.

use std::sync::Arc;

use super::arguments::{Written, decorated_option, parsed_option};
use super::behind::{Goal, Search, Step, then};
use super::evaluate::{InModule, Val, argument, is_unknown, static_text};
use super::fillers::home;
use super::ir::{Arg, Binding, Bound, ExprId, Kind, Module, ScopeId, ScopeKind};
use super::members::{enclosing_class, is_property};
use super::names::reaching;
use super::relays::{iterated_by, parametrized};
use crate::lang::Language;

impl<'p> Search<'_, 'p> {
    pub(super) fn name(&mut self, at: usize, module: &'p Module, expr: ExprId, name: &str, path: &[Step]) {
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
                self.set_by_key(at, module, id, name, path);
                return;
            }
            scope = body.parent;
        }
    }

    /// `frames["users"] = frame`.
    fn set_by_key(&mut self, at: usize, module: &'p Module, scope: ScopeId, name: &str, path: &[Step]) {
        let Some((step, rest)) = path.split_first() else { return };
        for &(target, value) in &module.assigns {
            let Kind::Index(base, key) = module.expr(target).kind else { continue };
            let base = module.expr(base);
            if !matches!(&base.kind, Kind::Name(own) if own.as_ref() == name)
                || home(module, base.scope, name) != Some(scope)
            {
                continue;
            }
            match step {
                Step::Each => self.walk(at, key, rest),
                Step::Value => self.walk(at, value, rest),
                Step::Field(field) if static_text(module, key).as_deref() == Some(field.as_str()) => {
                    self.walk(at, value, rest);
                }
                _ => {}
            }
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

    pub(super) fn member(&mut self, at: usize, module: &'p Module, base: ExprId, name: &Arc<str>, path: &[Step]) {
        let own = matches!(&module.expr(base).kind, Kind::Name(base) if matches!(base.as_ref(), "self" | "cls"));
        if own {
            let Some(class) = enclosing_class(module, module.expr(base).scope) else { return };
            return self.attribute_of((at, class), name, path);
        }
        if name.as_ref() == "param"
            && matches!(&module.expr(base).kind, Kind::Name(request) if request.as_ref() == "request")
            && let Some(values) = fixture_values(module, module.expr(base).scope)
        {
            return self.walk(at, values, &then(Step::Each, path));
        }
        self.walk(at, base, &then(Step::Attribute(Arc::clone(name)), path));
        for val in self.evaluator.ask(at, base) {
            let (home, scope) = match val {
                Val::External(dotted) => {
                    let home = dotted.strip_prefix("argparse.Namespace#").and_then(|home| home.parse().ok());
                    self.option(home, name, path);
                    continue;
                }
                Val::Module(home) => (home, ScopeId(0)),
                Val::Class(class) | Val::Instance(class, _) => {
                    self.attribute_of(class, name, path);
                    continue;
                }
                _ => continue,
            };
            if let Some(module) = self.evaluator.program.module(home) {
                self.attribute(home, module, scope, name, path);
            }
        }
    }

    /// What a class, those above it and those below it hold under a name; else what anything sets under it.
    fn attribute_of(&mut self, class: InModule<ScopeId>, name: &str, path: &[Step]) {
        let mut is_held = false;
        for (home, class) in self.evaluator.line(class) {
            let Some(module) = self.evaluator.program.module(home) else { continue };
            let body = module.scope(class);
            is_held |= body.bindings.contains_key(name) || body.members.contains_key(name);
            self.attribute(home, module, class, name, path);
        }
        if !is_held {
            for (home, (_, value)) in self.evaluator.program.set_on(name) {
                self.walk(home, value, path);
            }
        }
    }

    /// What is written of an option of the command line.
    fn option(&mut self, home: Option<usize>, name: &str, path: &[Step]) {
        let Some(home) = home else { return };
        let Some(written) = self.evaluator.program.module(home).and_then(|module| parsed_option(module, name)) else {
            return;
        };
        self.written(home, &written, path);
        self.found.is_open = true;
    }

    fn written(&mut self, home: usize, written: &Written, path: &[Step]) {
        if let Some(default) = written.default {
            self.walk(home, default, path);
        }
        if let Some(choices) = written.choices {
            self.walk(home, choices, &then(Step::Each, path));
        }
    }

    /// What a class or a module holds under a name; a property is what it gives.
    fn attribute(&mut self, at: usize, module: &'p Module, scope: ScopeId, name: &str, path: &[Step]) {
        let body = module.scope(scope);
        for binding in [body.bindings.get(name), body.members.get(name)].into_iter().flatten().flatten() {
            match binding.value {
                Bound::Function(function) if is_property(module, function) => {
                    module.scope(function).returns.iter().for_each(|&value| self.walk(at, value, path));
                }
                _ => self.binding(at, module, scope, binding, path),
            }
        }
    }

    fn binding(&mut self, at: usize, module: &'p Module, scope: ScopeId, binding: &Binding, path: &[Step]) {
        match &binding.value {
            Bound::Expr(value) => self.walk(at, *value, path),
            Bound::Element(iterable) => self.walk(at, *iterable, &then(Step::Each, path)),
            Bound::Part(whole, index) => self.walk(at, *whole, &then(Step::Part(*index), path)),
            Bound::Param(index) => self.parameter(at, module, scope, *index, path),
            Bound::Function(function) => {
                if let Some((Step::Returned, rest)) = path.split_first() {
                    module.scope(*function).returns.iter().for_each(|&value| self.walk(at, value, rest));
                }
            }
            Bound::Annotated(annotation) if path.is_empty() => self.annotation(at, module, *annotation, path),
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
        let python = module.language == Language::Python;
        let init = matches!(function.name.as_ref(), "__init__" | "constructor");
        let position = match class {
            Some(_) if python => index.saturating_sub(1),
            _ => index,
        };
        let names = match class {
            Some(class) if init => self.evaluator.called_to_make((at, class)),
            _ if function.name.is_empty() => self.evaluator.given_names(module, scope),
            _ => vec![Arc::clone(&function.name)],
        };
        let calls: Vec<_> = names.iter().flat_map(|name| self.evaluator.program.every_caller(name)).collect();
        let name = names.first().map_or("", |name| &**name);
        let mut is_called = false;
        for (other, call) in calls {
            let Some(body) = self.evaluator.program.module(other) else { continue };
            let Kind::Call { callee, args } = &body.expr(call).kind else { continue };
            let given: Vec<(ExprId, Vec<Step>)> = match param.rest {
                true => gathered(args, position, path),
                false => handed(args, position, param.name.as_ref())
                    .map(|(arg, way)| (arg, way.into_iter().chain(path.iter().cloned()).collect()))
                    .into_iter()
                    .collect(),
            };
            if given.is_empty() {
                continue;
            }
            let (callees, whole) = self.evaluator.ask_whole(other, *callee);
            let reaches = callees.iter().any(|val| match val {
                Val::Function(target, _) => *target == (at, scope),
                Val::Class(target) => init && self.evaluator.constructor(*target) == Some((at, scope)),
                _ => false,
            }) || init && self.evaluator.constructor_above(other, *callee) == Some((at, scope));
            let is_meant = || {
                matches!(body.expr(*callee).kind, Kind::Member(..))
                    && callees.iter().all(is_unknown)
                    && self.evaluator.program.takers(&function.name, position).any(|taker| taker == (at, scope))
            };
            if reaches || is_meant() {
                is_called = true;
                given.iter().for_each(|(arg, path)| self.walk(other, *arg, path));
            } else if !whole || module.language != Language::Python && is_unknown_object(body, *callee, &callees) {
                let place = body.source.place(body.expr(call).span);
                let reason = format!("what `{name}` is at {}:{} cannot be followed", place.file, place.start.line);
                let reason: Arc<str> = reason.into();
                let goals = given.into_iter().map(|(arg, path)| ((Goal::Expr(other, arg), path), Arc::clone(&reason)));
                self.doubted.extend(goals);
            }
        }
        // A handler of requests, a function of a library: somebody outside the tree calls it, and not with its default.
        self.found.is_open |= param.default.is_some() && !is_called;
        let handed_on = self.evaluator.handed_on((at, scope), name, position, &param.name);
        for (other, given, way) in handed_on {
            let path: Vec<Step> = way.into_iter().chain(path.iter().cloned()).collect();
            self.walk(other, given, &path);
        }
        if let Some(written) = decorated_option(module, scope, &param.name) {
            self.written(at, &written, path);
            self.found.is_open = true;
        }
        if let Some(annotation) = param.annotation {
            self.annotation(at, module, annotation, path);
        }
        if let Some((home, fixture)) = self.evaluator.program.fixture(at, &param.name)
            && let Some(module) = self.evaluator.program.module(home)
            && (home, fixture) != (at, scope)
        {
            module.scope(fixture).returns.iter().for_each(|&value| self.walk(home, value, path));
        }
        if let Some(list) = iterated_by(module, scope, index).or_else(|| iterated_by(module, scope, 0)) {
            self.walk(at, list, &then(Step::Each, path));
            // `test.each([["users", 3]])`
            self.walk(at, list, &then(Step::Each, &then(Step::Part(index), path)));
        }
        for (list, way) in parametrized(module, scope, &param.name) {
            let path: Vec<Step> = way.into_iter().chain(path.iter().cloned()).collect();
            self.walk(at, list, &path);
        }
        if self.evaluator.program.has_more_callers(name) {
            self.found.cut = Some(format!("`{name}` is called in more places than are followed"));
        }
    }

    /// `table: Literal["users", "posts"]`: which values there are, for who checks types.
    fn annotation(&mut self, at: usize, module: &'p Module, annotation: ExprId, path: &[Step]) {
        if let Some(members) = literal_type(module, annotation) {
            members.into_iter().for_each(|member| self.walk(at, member, path));
        } else if let Kind::Name(name) = &module.expr(annotation).kind {
            for binding in module.scopes.first().and_then(|top| top.bindings.get(name)).into_iter().flatten() {
                match &binding.value {
                    Bound::Expr(value) => self.named_type(at, module, *value, path),
                    Bound::Import { module: from, name } => {
                        if let Some((home, Some(name))) = self.evaluator.program.resolve_import(at, from, name) {
                            self.type_of(home, &name, path);
                        }
                    }
                    _ => {}
                }
            }
        } else {
            self.named_type(at, module, annotation, path);
        }
    }

    fn type_of(&mut self, at: usize, name: &str, path: &[Step]) {
        let Some(module) = self.evaluator.program.module(at) else { return };
        for binding in module.scopes.first().and_then(|top| top.bindings.get(name)).into_iter().flatten() {
            if let Bound::Expr(value) = binding.value {
                self.named_type(at, module, value, path);
            }
        }
    }

    /// The texts of a type, or of TypeScript's `(typeof TABLES)[number]`.
    fn named_type(&mut self, at: usize, module: &'p Module, value: ExprId, path: &[Step]) {
        let members = literal_type(module, value);
        let of_list = module.language == Language::Typescript && matches!(module.expr(value).kind, Kind::Index(..));
        match members {
            Some(members) => members.into_iter().for_each(|member| self.walk(at, member, path)),
            None if of_list => self.walk(at, value, path),
            None => {}
        }
    }

    /// What a module gives under a name.
    pub(super) fn global(&mut self, at: usize, name: &str, path: &[Step]) {
        let Some(module) = self.evaluator.program.module(at) else { return };
        let bindings = module.scopes.first().and_then(|top| top.bindings.get(name));
        for binding in bindings.into_iter().flatten() {
            self.binding(at, module, ScopeId(0), binding, path);
        }
    }
}

/// What a call hands to a parameter, and the way from there: `f("users")`, `f(*names)`, `f(**options)`.
pub(super) fn handed(args: &[Arg], position: usize, keyword: &str) -> Option<(ExprId, Option<Step>)> {
    let list = args.iter().position(|arg| arg.name.as_deref() == Some("*"));
    let before = args.iter().take(list.unwrap_or(args.len())).filter(|arg| arg.name.is_none()).count();
    let is_given = args.iter().any(|arg| arg.name.as_deref() == Some(keyword));
    if is_given || position < before {
        return argument(args, position, &[keyword]).map(|given| (given, None));
    }
    let list = list.and_then(|list| args.get(list)).filter(|_| position != usize::MAX);
    list.map(|list| (list.value, Some(Step::Part(position - before)))).or_else(|| {
        let options = args.iter().find(|arg| arg.name.as_deref() == Some("**"))?;
        Some((options.value, Some(Step::Field(keyword.to_owned()))))
    })
}

/// What a call hands to `*names` or `**options`, which begin at a position, as far as `path` asks for it.
fn gathered(args: &[Arg], position: usize, path: &[Step]) -> Vec<(ExprId, Vec<Step>)> {
    let Some((step, rest)) = path.split_first() else { return Vec::new() };
    let listed = args.iter().filter(|arg| arg.name.is_none()).skip(position);
    let named = args.iter().filter(|arg| arg.name.as_deref().is_some_and(|name| !name.starts_with('*')));
    let own: Vec<ExprId> = match step {
        Step::Each => listed.map(|arg| arg.value).collect(),
        Step::Part(part) => listed.skip(*part).take(1).map(|arg| arg.value).collect(),
        Step::Field(key) => named.filter(|arg| arg.name.as_deref() == Some(key)).map(|arg| arg.value).collect(),
        Step::Value => named.map(|arg| arg.value).collect(),
        Step::Attribute(_) | Step::Returned => Vec::new(),
    };
    // `f(*names)`, `f(**options)`
    let spread = args.iter().filter(|arg| match step {
        Step::Each | Step::Part(_) => arg.name.as_deref() == Some("*"),
        _ => arg.name.as_deref() == Some("**"),
    });
    let own = own.into_iter().map(|arg| (arg, rest.to_vec()));
    own.chain(spread.map(|arg| (arg.value, path.to_vec()))).collect()
}

/// The texts of `Literal["users", "posts"]`.
pub(super) fn literal_type(module: &Module, annotation: ExprId) -> Option<Vec<ExprId>> {
    let Kind::Index(base, key) = &module.expr(annotation).kind else { return None };
    if !is_literal_type(module, *base) {
        return None;
    }
    Some(match &module.expr(*key).kind {
        Kind::List(parts) => parts.clone(),
        _ => vec![*key],
    })
}

pub(super) fn is_literal_type(module: &Module, base: ExprId) -> bool {
    matches!(&module.expr(base).kind, Kind::Name(name) | Kind::Member(_, name) if name.as_ref() == "Literal")
}

/// The values of a fixture that is run for each of a list: `@pytest.fixture(params=["users", "posts"])`.
fn fixture_values(module: &Module, scope: ScopeId) -> Option<ExprId> {
    module.scope(scope).decorators.iter().find_map(|&decorator| {
        let Kind::Call { callee, args } = &module.expr(decorator).kind else { return None };
        let is_fixture = matches!(&module.expr(*callee).kind,
            Kind::Name(name) | Kind::Member(_, name) if name.as_ref() == "fixture");
        argument(args, usize::MAX, &["params"]).filter(|_| is_fixture)
    })
}

/// `this.store.insert`, where nothing tells what `store` is.
fn is_unknown_object(module: &Module, callee: ExprId, callees: &[Val]) -> bool {
    matches!(module.expr(callee).kind, Kind::Member(..))
        && !callees.iter().any(|val| matches!(val, Val::Function(..) | Val::Class(_) | Val::External(_)))
}
