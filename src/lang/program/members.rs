//! Attributes of objects, fields of dictionaries, elements of lists.

use std::rc::Rc;
use std::sync::Arc;

use super::evaluate::{Call, Evaluator, Frame, InModule, Val, extend, is_environment, static_text};
use super::held::is_opaque;
use super::ir::{Expr, ExprId, Kind, Module, ScopeId, ScopeKind};
use super::names::{own_path, reaching};
use super::paths;
use crate::lang::Language;
use crate::lang::value::{Base, Value};

impl<'p> Evaluator<'p> {
    pub(super) fn member(
        &self,
        at: usize,
        module: &'p Module,
        expr: &Expr,
        base: ExprId,
        name: &Arc<str>,
        frame: &Frame,
    ) -> Vec<Val> {
        // `this` is no name that anything binds.
        if let (Kind::Name(this), Some(class)) = (&module.expr(base).kind, enclosing_class(module, expr.scope))
            && this.as_ref() == "this"
        {
            let whole = match frame.as_ref().and_then(|call| call.this.clone()) {
                Some(whole) => whole,
                None => Val::Instance((at, class), None),
            };
            return self.attribute(&whole, name);
        }
        // `global.path`, set somewhere in the program.
        if let Kind::Name(global) = &module.expr(base).kind
            && matches!(global.as_ref(), "global" | "globalThis")
        {
            let mut found = Vec::new();
            for (home, value) in self.program.global(name) {
                extend(&mut found, self.guarded(|| self.eval(home, value, &None)));
            }
            if !found.is_empty() {
                return found;
            }
        }
        // `import.meta.url`: where this file stands.
        if let Kind::Member(import, meta) = &module.expr(base).kind
            && meta.as_ref() == "meta"
            && matches!(&module.expr(*import).kind, Kind::Name(import) if import.as_ref() == "import")
        {
            match name.as_ref() {
                "url" | "filename" | "path" => return vec![Val::Text(own_path(module))],
                "dirname" | "dir" => return vec![Val::Text(paths::parent(&own_path(module)))],
                _ => {}
            }
        }
        let mut found = Vec::new();
        for whole in self.eval(at, base, frame) {
            extend(&mut found, self.guarded(|| self.attribute(&whole, name)));
        }
        if found.iter().all(is_opaque) {
            let set = self.set_on_same(at, module, expr, base, name, frame);
            if !set.is_empty() {
                return set;
            }
        }
        if found.is_empty() { vec![Val::Unknown] } else { found }
    }

    pub(super) fn attribute(&self, whole: &Val, name: &str) -> Vec<Val> {
        match whole {
            Val::Text(value) => match name {
                "parent" => vec![Val::Text(paths::parent(value))],
                "name" | "value" if value.base != Base::Temporary => vec![Val::Text(value.clone())],
                "parents" => {
                    let mut up = paths::parent(value);
                    let mut all = Vec::new();
                    for _ in 0..8 {
                        let next = paths::parent(&up);
                        all.push(vec![Val::Text(std::mem::replace(&mut up, next))]);
                    }
                    vec![Val::List(Rc::new(all))]
                }
                "name" | "pathname" | "href" => vec![Val::Text(value.clone())],
                _ => vec![Val::Method(Box::new(whole.clone()), name.into())],
            },
            Val::Connection(_) => vec![Val::Method(Box::new(whole.clone()), name.into())],
            Val::Module(module) => {
                let found = self.exported(*module, name);
                if found.is_empty() { vec![Val::Unknown] } else { found }
            }
            Val::External(dotted) => match dotted.strip_prefix("argparse.Namespace#").and_then(|at| at.parse().ok()) {
                Some(at) => self.parsed_argument(at, name),
                None => match self.checked_variable(dotted, name) {
                    Some(found) => found,
                    None => self.program.external_member(dotted, name),
                },
            },
            Val::Instance(class, frame) => self.of_class(*class, name, frame, Some(whole)),
            Val::Class(class) => self.of_class(*class, name, &None, None),
            Val::Dict(..) => {
                let found = self.field(whole, name);
                if found.is_empty() { vec![Val::Method(Box::new(whole.clone()), name.into())] } else { found }
            }
            Val::List(_) | Val::Unknown | Val::Method(..) => vec![Val::Method(Box::new(whole.clone()), name.into())],
            Val::Function(..) | Val::Null => Vec::new(),
        }
    }

    /// An attribute of a class or of its instance: methods, class attributes, what its methods set, and its bases'.
    pub(super) fn of_class(&self, class: InModule<ScopeId>, name: &str, frame: &Frame, this: Option<&Val>) -> Vec<Val> {
        let Some(module) = self.program.module(class.0) else { return Vec::new() };
        let body = module.scope(class.1);
        let mut found = Vec::new();
        if let Some(call) = frame.as_ref().filter(|call| call.scope == class)
            && let Some((_, given)) = call.fields.iter().find(|(field, _)| field.as_ref() == name)
        {
            return given.clone();
        }
        if let Some((name, bindings)) = body.members.get_key_value(name) {
            for binding in bindings.iter().rev() {
                // The constructor's arguments speak for what the constructor sets.
                let call = frame.as_ref().filter(|call| call.scope == (class.0, binding.scope)).cloned();
                extend(&mut found, self.guarded(|| self.binding(class.0, module, binding.scope, name, binding, &call)));
            }
            found.retain(|val| !matches!(val, Val::Null));
            if found.iter().any(|val| !matches!(val, Val::Unknown)) {
                found.retain(|val| !matches!(val, Val::Unknown));
            }
        }
        if found.is_empty()
            && let Some((name, bindings)) = body.bindings.get_key_value(name)
        {
            for binding in reaching(module, bindings, None) {
                let values = self.guarded(|| self.binding(class.0, module, class.1, name, binding, &None));
                for value in values {
                    found.extend(self.bound_to(value, class, this));
                }
            }
        }
        if found.is_empty() {
            for &base in &body.bases {
                for val in self.guarded(|| self.eval(class.0, base, &None)) {
                    if let Val::Class(base) = val
                        && base != class
                    {
                        let frame = self.handed_up(class, base, frame, this);
                        extend(&mut found, self.guarded(|| self.of_class(base, name, &frame, this)));
                    }
                }
            }
        }
        let open = |val: &Val| match val {
            Val::Null | Val::Unknown => true,
            Val::Text(value) => value.rendered().is_some_and(|text| text.is_empty()),
            _ => false,
        };
        if found.iter().all(open) && matches!(this, Some(Val::Instance(of, _)) if *of == class) {
            let told = self.told_by_subclasses(class, name);
            if !told.is_empty() {
                found = told;
            }
        }
        self.setting(class, name, found)
    }

    /// An attribute that a class leaves to those that inherit from it (`DATABASE_URL = ""` in a base), a method that a mixin
    /// expects beside it.
    fn told_by_subclasses(&self, class: InModule<ScopeId>, name: &str) -> Vec<Val> {
        let Some(module) = self.program.module(class.0) else { return Vec::new() };
        let mut found = Vec::new();
        for (at, scope) in self.program.subclasses(&module.scope(class.1).name).take(8) {
            let Some(other) = self.program.module(at) else { continue };
            let body = other.scope(scope);
            let inherits = |val: &Val| matches!(val, Val::Class(base) if *base == class);
            // It says so itself, or another of its bases does.
            let says = body.bases.len() > 1 || body.members.contains_key(name) || body.bindings.contains_key(name);
            if says && body.bases.iter().any(|&base| self.guarded(|| self.eval(at, base, &None)).iter().any(inherits)) {
                let own = Val::Instance((at, scope), None);
                extend(&mut found, self.guarded(|| self.of_class((at, scope), name, &None, Some(&own))));
            }
        }
        found.retain(|val| matches!(val, Val::Text(_) | Val::Connection(_) | Val::Function(_, Some(_))));
        found
    }

    /// A method learns its object; a property gives what it returns.
    pub(super) fn bound_to(&self, value: Val, class: InModule<ScopeId>, this: Option<&Val>) -> Vec<Val> {
        let Val::Function(function, None) = &value else { return vec![value] };
        let Some(module) = self.program.module(function.0) else { return vec![value] };
        let decorators = &module.scope(function.1).decorators;
        let decorated = |fits: &dyn Fn(&str) -> bool| {
            decorators.iter().any(|&decorator| fits(module.source.slice(module.expr(decorator).span)))
        };
        if decorated(&|words| words == "staticmethod") {
            return vec![value];
        }
        let this = match this {
            _ if decorated(&|words| words == "classmethod") => match this {
                Some(Val::Instance(own, _) | Val::Class(own)) => Val::Class(*own),
                _ => Val::Class(class),
            },
            Some(this) => this.clone(),
            None => return vec![value],
        };
        if is_property(module, function.1) {
            let call = Some(Rc::new(Call::new(*function, Vec::new(), Some(this))));
            return self.guarded(|| self.returns(*function, &call));
        }
        vec![Val::Function(*function, Some(Box::new(this)))]
    }

    /// Fields of pydantic settings are environment variables under their names.
    pub(super) fn setting(&self, class: InModule<ScopeId>, name: &str, found: Vec<Val>) -> Vec<Val> {
        if !found.iter().any(|val| matches!(val, Val::Text(_) | Val::Null | Val::Unknown)) {
            return found;
        }
        let Some(prefix) = self.program.settings_prefix(self, class) else { return found };
        let Some(env) = self.program.settings_env(class, name, &prefix) else { return found };
        found
            .into_iter()
            .map(|val| match val {
                Val::Text(default) if default.whole_env().is_none() => {
                    let mut value = Value::env(env.clone(), Some(default.clone()));
                    value.origin.clone_from(&default.origin);
                    value.engine = default.engine;
                    Val::Text(value)
                }
                Val::Null | Val::Unknown => Val::Text(Value::env(env.clone(), None)),
                other => other,
            })
            .collect()
    }

    pub(super) fn index(&self, at: usize, base: ExprId, key: ExprId, frame: &Frame) -> Vec<Val> {
        let mut found = Vec::new();
        let mut keys: Vec<Option<String>> = texts(&self.eval(at, key, frame)).map(Some).collect();
        if keys.is_empty() {
            keys.push(None);
        }
        for whole in self.eval(at, base, frame) {
            // What several callers ask for is each of it.
            for key in &keys {
                extend(&mut found, self.under_key(&whole, key.as_deref(), frame));
            }
        }
        if found.is_empty() { vec![Val::Unknown] } else { found }
    }

    fn under_key(&self, whole: &Val, key: Option<&str>, frame: &Frame) -> Vec<Val> {
        let found = match (whole, key) {
            (Val::External(dotted), Some(key)) if is_environment(dotted) => vec![Val::Text(Value::env(key, None))],
            (Val::Dict(..), Some(key)) => self.field(whole, key),
            (Val::List(items), Some(key)) => {
                key.parse::<usize>().ok().and_then(|index| items.get(index)).cloned().unwrap_or_default()
            }
            (Val::Dict(..) | Val::List(_), None) => self.elements_or_values(whole),
            _ => Vec::new(),
        };
        match whole {
            Val::Dict((home, dict), _) if found.is_empty() => self.put_in(*home, *dict, key, frame),
            _ => found,
        }
    }

    /// What a program puts into a dictionary after it was made: `connections[name] = sqlite3.connect(path)`.
    fn put_in(&self, at: usize, dict: ExprId, key: Option<&str>, frame: &Frame) -> Vec<Val> {
        let Some(module) = self.program.module(at) else { return Vec::new() };
        let mut found = Vec::new();
        for &(target, value) in &module.assigns {
            let Kind::Index(base, name) = &module.expr(target).kind else { continue };
            let differs = matches!((&module.expr(*name).kind, key), (Kind::Text(_), Some(key)) if static_text(module, *name).is_some_and(|name| name != key));
            let same = |val: &Val| matches!(val, Val::Dict(other, _) if *other == (at, dict));
            if !differs && self.guarded(|| self.eval(at, *base, &None)).iter().any(same) {
                // What one call puts there is what the same call takes out.
                let same_call = frame.as_ref().filter(|call| call.scope == (at, module.expr(value).scope)).cloned();
                extend(&mut found, self.guarded(|| self.eval(at, value, &same_call)));
            }
        }
        found
    }

    /// A field of a literal dictionary by its key.
    pub(super) fn field(&self, whole: &Val, key: &str) -> Vec<Val> {
        let Val::Dict((at, id), frame) = whole else { return Vec::new() };
        let Some(module) = self.program.module(*at) else { return Vec::new() };
        let Kind::Dict(pairs) = &module.expr(*id).kind else { return Vec::new() };
        let mut found = Vec::new();
        for (name, value) in pairs.iter().take(256) {
            match name {
                Some(name) => {
                    // In Python a name in the place of a key is a variable: `{USERS: "users.db"}`, `{n: n + ".db" for n in names}`.
                    let computed = module.language == Language::Python
                        && !matches!(module.expr(*name).kind, Kind::Text(_) | Kind::Number(_));
                    let fits = match static_text(module, *name).filter(|_| !computed) {
                        Some(text) => text == key,
                        None => {
                            computed && texts(&self.guarded(|| self.eval(*at, *name, frame))).any(|text| text == key)
                        }
                    };
                    if fits {
                        found = self.guarded(|| self.eval(*at, *value, frame));
                    }
                }
                None => {
                    for spread in self.guarded(|| self.eval(*at, *value, frame)) {
                        let more = self.guarded(|| self.field(&spread, key));
                        if !more.is_empty() {
                            found = more;
                        }
                    }
                }
            }
        }
        found
    }

    /// A dictionary that says something: `{}` in the place of what is missing does not.
    pub(super) fn has_fields(&self, whole: &Val) -> bool {
        matches!(whole, Val::Dict((at, id), _) if self.pairs(*at, *id).next().is_some())
    }

    pub(super) fn elements(&self, whole: &Val) -> Vec<Val> {
        match whole {
            Val::List(items) => items.iter().flatten().cloned().collect(),
            Val::Dict((at, id), frame) => {
                self.pairs(*at, *id).flat_map(|(key, _)| self.eval(*at, key, frame)).collect()
            }
            Val::Connection(_) => vec![whole.clone()],
            _ => vec![Val::Unknown],
        }
    }

    pub(super) fn elements_or_values(&self, whole: &Val) -> Vec<Val> {
        match whole {
            Val::Dict((at, id), frame) => {
                self.pairs(*at, *id).flat_map(|(_, value)| self.eval(*at, value, frame)).collect()
            }
            other => self.elements(other),
        }
    }

    pub(super) fn pairs(&self, at: usize, id: ExprId) -> impl Iterator<Item = (ExprId, ExprId)> + use<'p> {
        let pairs = match self.program.module(at).map(|module| &module.expr(id).kind) {
            Some(Kind::Dict(pairs)) => pairs.as_slice(),
            _ => &[],
        };
        pairs.iter().take(64).filter_map(|(key, value)| key.map(|key| (key, *value)))
    }

    pub(super) fn entered(&self, val: Val) -> Vec<Val> {
        match &val {
            Val::Instance(class, _) => {
                let enter = ["__enter__", "__aenter__"].iter().find_map(|name| {
                    self.of_class(*class, name, &None, Some(&val)).into_iter().find_map(|found| match found {
                        Val::Function(function, this) => Some((function, this)),
                        _ => None,
                    })
                });
                match enter {
                    Some((function, this)) => {
                        let call = Some(Rc::new(Call::new(function, Vec::new(), this.map(|this| *this))));
                        self.guarded(|| self.returns(function, &call))
                    }
                    None => vec![val],
                }
            }
            _ => vec![val],
        }
    }
}

/// The texts that are known among what an expression can be.
pub(super) fn texts(found: &[Val]) -> impl Iterator<Item = String> {
    found.iter().filter_map(|val| match val {
        Val::Text(value) => value.rendered(),
        _ => None,
    })
}

pub(super) fn part(whole: &Val, index: usize) -> Vec<Val> {
    match whole {
        Val::List(items) => items.get(index).cloned().unwrap_or_default(),
        Val::Connection(_) => vec![whole.clone()],
        Val::Text(value) if value.base == Base::Temporary => vec![whole.clone()],
        _ => vec![Val::Unknown],
    }
}
/// The function is called where its name is read.
pub(super) fn is_property(module: &Module, function: ScopeId) -> bool {
    let scope = module.scope(function);
    let is_getter = || {
        let words = module.source.slice(scope.span);
        words.starts_with("get ") || words.starts_with("static get ")
    };
    scope.decorators.iter().any(|&decorator| {
        let words = module.source.slice(module.expr(decorator).span);
        matches!(words, "property" | "cached_property" | "functools.cached_property" | "computed_field")
            || words.starts_with("hybrid_property")
    }) || module.language != Language::Python && is_getter()
}

pub(super) fn enclosing_class(module: &Module, scope: ScopeId) -> Option<ScopeId> {
    let mut at = Some(scope);
    for _ in 0..64 {
        let id = at?;
        let body = module.scope(id);
        if body.kind == ScopeKind::Class {
            return Some(id);
        }
        at = body.parent;
    }
    None
}
