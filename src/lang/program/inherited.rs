//! Constructors along a line of classes: which one runs, and what a subclass hands up to it (`super().__init__(path)`).

use std::sync::Arc;

use super::evaluate::{Evaluator, Frame, InModule, Val, argument, extend};
use super::ir::{Arg, Binding, Bound, ExprId, Kind, Module, ScopeId};
use super::members::enclosing_class;
use crate::lang::Language;

/// Classes passed on the way up.
const GENERATIONS: usize = 8;
/// Subclasses and calls of one name that are looked at.
const PLACES: usize = 24;

impl<'p> Evaluator<'p> {
    /// The constructor that making an object of the class runs: its own, or the nearest that it inherits.
    pub(super) fn constructor(&self, class: InModule<ScopeId>) -> Option<InModule<ScopeId>> {
        let mut class = class;
        for _ in 0..GENERATIONS {
            if let Some(own) = self.own_constructor(class) {
                return Some(own);
            }
            class = *self.bases(class).first()?;
        }
        None
    }

    fn own_constructor(&self, class: InModule<ScopeId>) -> Option<InModule<ScopeId>> {
        let body = self.program.module(class.0)?.scope(class.1);
        ["__init__", "constructor"].iter().find_map(|name| match body.bindings.get(*name)?.last()? {
            Binding { value: Bound::Function(function), .. } => Some((class.0, *function)),
            _ => None,
        })
    }

    /// The constructor that `super().__init__` is in the class around it.
    pub(super) fn constructor_above(&self, at: usize, callee: ExprId) -> Option<InModule<ScopeId>> {
        let module = self.program.module(at)?;
        let is_super = |expr: ExprId| matches!(&module.expr(expr).kind, Kind::Name(name) if name.as_ref() == "super");
        let runs_it = match &module.expr(callee).kind {
            Kind::Member(base, method) if method.as_ref() == "__init__" => {
                matches!(&module.expr(*base).kind, Kind::Call { callee, .. } if is_super(*callee))
            }
            _ => module.language != Language::Python && is_super(callee),
        };
        if !runs_it {
            return None;
        }
        let class = enclosing_class(module, module.expr(callee).scope)?;
        self.bases((at, class)).into_iter().find_map(|base| self.constructor(base))
    }

    /// The names under which calls run the constructor of a class: its own, those of classes below it, and `super().__init__`.
    pub(super) fn called_to_make(&self, class: InModule<ScopeId>) -> Vec<Arc<str>> {
        let Some(module) = self.program.module(class.0) else { return Vec::new() };
        let mut names = vec![Arc::clone(&module.scope(class.1).name)];
        let mut at = 0;
        while let Some(name) = names.get(at).cloned().filter(|_| at < PLACES) {
            for (home, below) in self.program.subclasses(&name) {
                let Some(module) = self.program.module(home) else { continue };
                let name = &module.scope(below).name;
                if !names.contains(name) {
                    names.push(Arc::clone(name));
                }
            }
            at += 1;
        }
        names.push(if module.language == Language::Python { "__init__" } else { "super" }.into());
        names
    }

    /// A class with those that it inherits from and those that inherit from it.
    pub(super) fn line(&self, class: InModule<ScopeId>) -> Vec<InModule<ScopeId>> {
        let mut found = vec![class];
        let mut at = 0;
        while let Some(&class) = found.get(at) {
            at += 1;
            let above = self.bases(class).into_iter().filter(|base| !found.contains(base)).collect::<Vec<_>>();
            found.extend(above);
        }
        let above = found.len();
        let mut at = 0;
        while let Some(&class) = if at == 0 { found.first() } else { found.get(above + at - 1) } {
            at += 1;
            let Some(module) = self.program.module(class.0) else { continue };
            for below in self.program.subclasses(&module.scope(class.1).name) {
                if !found.contains(&below) && self.bases(below).contains(&class) {
                    found.push(below);
                }
            }
        }
        found
    }

    /// The names that an anonymous function is given.
    pub(super) fn given_names(&self, module: &Module, function: ScopeId) -> Vec<Arc<str>> {
        let is_it = |binding: &Binding| {
            matches!(binding.value, Bound::Expr(value)
                if matches!(module.expr(value).kind, Kind::Function(own) if own == function))
        };
        let named = module.scopes.iter().flat_map(|scope| &scope.bindings);
        named.filter(|(_, bindings)| bindings.iter().any(is_it)).map(|(name, _)| Arc::clone(name)).collect()
    }

    /// The classes of the tree that a class inherits from, in order.
    pub(super) fn bases(&self, class: InModule<ScopeId>) -> Vec<InModule<ScopeId>> {
        let Some(module) = self.program.module(class.0) else { return Vec::new() };
        let mut found = Vec::new();
        for &base in &module.scope(class.1).bases {
            for val in self.guarded(|| self.eval(class.0, base, &None)) {
                if let Val::Class(base) = val
                    && base != class
                {
                    found.push(base);
                }
            }
        }
        found
    }

    /// The frame of the constructor of `base` when `class`, made with `frame`, runs it.
    pub(super) fn handed_up(
        &self,
        class: InModule<ScopeId>,
        base: InModule<ScopeId>,
        frame: &Frame,
        this: Option<&Val>,
    ) -> Frame {
        let init = self.constructor(base)?;
        // The class has no constructor of its own: what it was made with is what the base is made with.
        if frame.as_ref().is_some_and(|call| call.scope == init) {
            return frame.clone();
        }
        let module = self.program.module(class.0)?;
        self.program.runs_constructor(class).into_iter().find_map(|call| {
            let args = self.arguments_for(class, call, base)?;
            let here = frame.as_ref().filter(|frame| frame.scope == (class.0, module.expr(call).scope)).cloned();
            let this = this.cloned().unwrap_or(Val::Instance(class, None));
            self.frame(class.0, init, args, &here, Some(this))
        })
    }

    /// The arguments of a call in `class` that runs the constructor of `base`, without the object itself.
    fn arguments_for(&self, class: InModule<ScopeId>, call: ExprId, base: InModule<ScopeId>) -> Option<&'p [Arg]> {
        let module = self.program.module(class.0)?;
        let Kind::Call { callee, args } = &module.expr(call).kind else { return None };
        // `super(path)`
        let Kind::Member(object, _) = &module.expr(*callee).kind else { return Some(args) };
        // `super().__init__(path)`
        if let Kind::Call { callee, .. } = &module.expr(*object).kind {
            return matches!(&module.expr(*callee).kind, Kind::Name(name) if name.as_ref() == "super").then_some(args);
        }
        // `Base.__init__(self, path)`
        let named = self.guarded(|| self.eval(class.0, *object, &None));
        named.iter().any(|val| matches!(val, Val::Class(named) if *named == base)).then(|| args.get(1..)).flatten()
    }

    /// What subclasses hand up to a parameter of the constructor of a class, and what those without a constructor are made with.
    pub(super) fn given_by_subclasses(&self, class: InModule<ScopeId>, position: usize, name: &Arc<str>) -> Vec<Val> {
        let Some(module) = self.program.module(class.0) else { return Vec::new() };
        let mut found = Vec::new();
        for sub in self.program.subclasses(&module.scope(class.1).name).take(PLACES) {
            let Some(other) = self.program.module(sub.0).filter(|_| self.bases(sub).contains(&class)) else { continue };
            for call in self.program.runs_constructor(sub) {
                let arg = self.arguments_for(sub, call, class).and_then(|args| argument(args, position, &[name]));
                if let Some(arg) = arg {
                    extend(&mut found, self.guarded(|| self.eval(sub.0, arg, &None)));
                }
            }
            if self.own_constructor(sub).is_some() {
                continue;
            }
            for (at, call) in self.program.callers(sub.0, &other.scope(sub.1).name).take(PLACES) {
                let Some(Kind::Call { callee, args }) = self.program.module(at).map(|body| &body.expr(call).kind)
                else {
                    continue;
                };
                let makes = |val: &Val| matches!(val, Val::Class(made) if *made == sub);
                if let Some(arg) = argument(args, position, &[name])
                    && self.guarded(|| self.eval(at, *callee, &None)).iter().any(makes)
                {
                    extend(&mut found, self.guarded(|| self.eval(at, arg, &None)));
                }
            }
        }
        found
    }
}

/// Whether a call runs the constructor of a class above: `super().__init__(..)`, `Base.__init__(self, ..)`, `super(..)`.
pub(super) fn runs_constructor(language: Language, callee: &Kind) -> bool {
    match callee {
        Kind::Member(_, name) => language == Language::Python && name.as_ref() == "__init__",
        Kind::Name(name) => language != Language::Python && name.as_ref() == "super",
        _ => false,
    }
}
