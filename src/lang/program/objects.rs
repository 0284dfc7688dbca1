//! Literals that an object keeps, that a function gives back, or that are compared: every place that reads them there.

use std::sync::Arc;

use super::behind::{elements_behind, literals_behind};
use super::collections::{Held, within};
use super::evaluate::{InModule, Val};
use super::fillers::{Elsewhere, Fillers};
use super::ir::{ExprId, Kind, Module, ScopeId, ScopeKind};
use super::members::{enclosing_class, is_property};

/// Modules that are looked at for one attribute or function. One that more speak of is held back.
const MODULES: usize = 48;
/// Classes passed on the way up.
const GENERATIONS: usize = 8;

/// Decorators after which a call still gives what the function returns.
const TRANSPARENT: [&str; 8] = [
    "staticmethod",
    "classmethod",
    "abstractmethod",
    "abc.abstractmethod",
    "override",
    "cache",
    "lru_cache",
    "functools",
];

/// Whose attribute is followed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner {
    Class(InModule<ScopeId>),
    /// What no class of the tree makes: a named tuple.
    OutsideTheTree,
    Unknown,
}

impl<'p> Fillers<'_, 'p> {
    /// Every place that asks objects of an owner for what they hold under a name.
    pub(super) fn follow_attribute(&self, owner: Owner, name: &str, path: &[Held], depth: u32) -> Elsewhere {
        let class = match owner {
            Owner::Class(class) => Some(class),
            Owner::OutsideTheTree | Owner::Unknown => None,
        };
        let is_enum = class.is_some_and(|class| self.is_enum(class));
        if is_enum && let Some(reason) = class.and_then(|class| self.handed_about(class)) {
            return Some(reason);
        }
        let others = self.evaluator.program.speak_of(name);
        if others.len() > MODULES {
            return Some(format!("more than {MODULES} modules speak of `{name}`, which holds it"));
        }
        let home = class.map(|class| class.0).filter(|home| !others.contains(home));
        for at in home.into_iter().chain(others) {
            let Some(module) = self.module(at) else { continue };
            for id in ids(module) {
                let Kind::Member(base, own) = &module.expr(id).kind else { continue };
                if own.as_ref() != name || !self.can_be_of(at, module, *base, owner) {
                    continue;
                }
                // What a member of an enumeration stands for.
                let value = module.expr(id).parent.filter(
                    |&parent| matches!(&module.expr(parent).kind, Kind::Member(_, value) if value.as_ref() == "value"),
                );
                let read = if is_enum { value.unwrap_or(id) } else { id };
                if let Some(reason) = self.follow(at, read, path, depth + 1) {
                    return Some(reason);
                }
            }
        }
        None
    }

    /// Whether an expression can be an object of a class: of the class itself, of one below or above it, or of nobody knows what.
    fn can_be_of(&self, at: usize, module: &Module, base: ExprId, owner: Owner) -> bool {
        let own = match &module.expr(base).kind {
            Kind::Name(name) if matches!(name.as_ref(), "self" | "cls" | "this") => {
                enclosing_class(module, module.expr(base).scope).map(|class| (at, class))
            }
            _ => None,
        };
        let related = |other: InModule<ScopeId>| match owner {
            Owner::Class(class) => self.inherits(class, other) || self.inherits(other, class),
            Owner::OutsideTheTree => false,
            Owner::Unknown => true,
        };
        if let Some(own) = own {
            return related(own);
        }
        let found = self.evaluator.ask(at, base);
        found.is_empty()
            || found.iter().any(|val| match val {
                Val::Instance(other, _) | Val::Class(other) => related(*other),
                Val::Module(_) | Val::Text(_) | Val::Connection(_) => false,
                _ => true,
            })
    }

    fn inherits(&self, class: InModule<ScopeId>, from: InModule<ScopeId>) -> bool {
        let mut line = vec![class];
        for _ in 0..GENERATIONS {
            if line.contains(&from) {
                return true;
            }
            line = line.into_iter().flat_map(|class| self.evaluator.bases(class)).collect();
        }
        false
    }

    fn is_enum(&self, class: InModule<ScopeId>) -> bool {
        self.module(class.0).is_some_and(|module| {
            let words = |base: &ExprId| module.source.slice(module.expr(*base).span);
            module.scope(class.1).bases.iter().any(|base| words(base).ends_with("Enum"))
        })
    }

    /// An enumeration that is used other than by its members: its values come out where nobody sees which.
    fn handed_about(&self, class: InModule<ScopeId>) -> Elsewhere {
        let name = Arc::clone(&self.module(class.0)?.scope(class.1).name);
        for at in std::iter::once(class.0).chain(self.evaluator.program.speak_of(&name)) {
            let Some(module) = self.module(at) else { continue };
            for id in ids(module) {
                if !matches!(&module.expr(id).kind, Kind::Name(own) if *own == name) {
                    continue;
                }
                let parent = module.expr(id).parent.map(|parent| &module.expr(parent).kind);
                if !matches!(parent, Some(Kind::Member(..))) {
                    return Some(format!("`{name}` is used as a whole"));
                }
            }
        }
        None
    }

    /// Every call of a function that gives it back.
    pub(super) fn follow_returned(
        &self,
        at: usize,
        module: &'p Module,
        scope: ScopeId,
        path: &[Held],
        depth: u32,
    ) -> Elsewhere {
        let untold = || Some("the name is given back by a function".to_owned());
        let function = module.scope(scope);
        let name = &function.name;
        let class = function.parent.filter(|&parent| module.scope(parent).kind == ScopeKind::Class);
        if name.is_empty() || self.evaluator.program.has_more_callers(name) {
            return untold();
        }
        if is_property(module, scope) {
            let owner = class.map_or(Owner::Unknown, |class| Owner::Class((at, class)));
            return self.follow_attribute(owner, name, path, depth);
        }
        let words = |decorator: &ExprId| module.source.slice(module.expr(*decorator).span);
        let changed = |decorator: &ExprId| {
            !TRANSPARENT
                .iter()
                .any(|own| words(decorator).split(['(', '.']).next() == Some(own) || words(decorator) == *own)
        };
        if function.decorators.iter().any(changed) {
            return untold();
        }
        let path = if gives_each(module, scope) { within(Held::Somewhere, path) } else { path.to_vec() };
        let others = self.evaluator.program.speak_of(name);
        if others.len() > MODULES {
            return untold();
        }
        let mut is_called = false;
        for other in std::iter::once(at).chain(others.into_iter().filter(|other| *other != at)) {
            let Some(module) = self.module(other) else { continue };
            for id in ids(module) {
                let says = matches!(&module.expr(id).kind, Kind::Name(own) | Kind::Member(_, own) if own == name);
                if !says || !self.can_be_function(other, id, (at, scope)) {
                    continue;
                }
                let call = module
                    .expr(id)
                    .parent
                    .filter(|&parent| matches!(&module.expr(parent).kind, Kind::Call { callee, .. } if *callee == id));
                let Some(call) = call else { return untold() };
                is_called = true;
                if let Some(reason) = self.follow(other, call, &path, depth + 1) {
                    return Some(reason);
                }
            }
        }
        // Somebody outside the tree calls what nobody in it does.
        if is_called { None } else { untold() }
    }

    fn can_be_function(&self, at: usize, callee: ExprId, function: InModule<ScopeId>) -> bool {
        let found = self.evaluator.ask(at, callee);
        found.is_empty()
            || found.iter().any(|val| match val {
                Val::Function(other, _) => *other == function,
                Val::Unknown | Val::Method(..) => true,
                _ => false,
            })
    }

    /// Whether a comparison comes out the same once all names are new ones: everything that the other side can be is written in the tree,
    /// and is renamed along.
    pub(super) fn is_compared_with_names(&self, at: usize, other: ExprId) -> bool {
        // A list can be compared with what it holds; a dictionary is asked for its keys.
        let sides = [literals_behind(self.evaluator, at, other), elements_behind(self.evaluator, at, other)];
        let Some(names) = sides.into_iter().find(|side| side.is_whole() && !side.literals.is_empty()) else {
            return false;
        };
        self.compared.borrow_mut().extend(names.literals);
        true
    }

    /// The function of the tree that a call runs only puts quotes around the name.
    pub(super) fn is_quoted_by(&self, at: usize, callee: ExprId) -> bool {
        self.evaluator.ask(at, callee).iter().any(|val| match val {
            Val::Function((home, scope), _) => {
                self.module(*home).is_some_and(|module| super::quoting::quoted_parameter(module, *scope).is_some())
            }
            _ => false,
        })
    }
}

/// A generator gives each of what it has, where others give it as it is.
pub(super) fn gives_each(module: &Module, function: ScopeId) -> bool {
    module.source.slice(module.scope(function).span).split_whitespace().any(|word| word == "yield")
}

fn ids(module: &Module) -> impl Iterator<Item = ExprId> {
    (0..module.exprs.len()).map(|index| ExprId(u32::try_from(index).unwrap_or(u32::MAX)))
}
