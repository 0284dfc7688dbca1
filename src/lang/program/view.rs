//! A program as one question sees it: modules that were asked for stay until the question is answered. Knows no language.

use std::cell::OnceCell;
use std::ops::Deref;
use std::sync::Arc;

use super::evaluate::InModule;
use super::inherited;
use super::ir::{Bound, ExprId, Kind, Module, ScopeId};
use super::members::enclosing_class;
use super::program::Program;

/// Modules in a row that are made room for together.
const ROW: usize = 64;

type Row = [OnceCell<Option<Arc<Module>>>; ROW];

pub(super) struct View<'p> {
    program: &'p Program<'p>,
    rows: Vec<OnceCell<Box<Row>>>,
}

impl<'p> View<'p> {
    pub(super) fn of(program: &'p Program<'p>) -> Self {
        let rows = program.size().div_ceil(ROW);
        Self { program, rows: std::iter::repeat_with(OnceCell::new).take(rows).collect() }
    }

    pub(super) fn module(&self, at: usize) -> Option<&Module> {
        let row = self.rows.get(at / ROW)?.get_or_init(|| Box::new([const { OnceCell::new() }; ROW]));
        row.get(at % ROW)?.get_or_init(|| self.program.load(at)).as_deref()
    }

    /// What a module sets under a name on what is neither a plain object nor a module (`self._local.conn = ..`): the object and the
    /// value, in source order.
    pub(super) fn set_within<'m>(module: &'m Module, name: &'m str) -> impl Iterator<Item = (ExprId, ExprId)> + 'm {
        let plain = |base: &str| matches!(base, "self" | "cls" | "this");
        module.assigns.iter().filter_map(move |&(target, value)| match &module.expr(target).kind {
            Kind::Member(base, own) if own.as_ref() == name => match &module.expr(*base).kind {
                Kind::Name(base) if plain(base) => None,
                _ => Some((*base, value)),
            },
            _ => None,
        })
    }

    /// Calls in a class that run the constructor of a class above it.
    pub(super) fn runs_constructor(&self, class: InModule<ScopeId>) -> Vec<ExprId> {
        let Some(module) = self.module(class.0) else { return Vec::new() };
        let runs = |call: &ExprId| {
            let expr = module.expr(*call);
            let Kind::Call { callee, .. } = &expr.kind else { return false };
            inherited::runs_constructor(module.language, &module.expr(*callee).kind)
                && enclosing_class(module, expr.scope) == Some(class.1)
        };
        module.calls.iter().copied().filter(runs).collect()
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
            None => self.resolve_within(at, path, name).map(|sub| (sub, None)),
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
}

impl<'p> Deref for View<'p> {
    type Target = Program<'p>;

    fn deref(&self) -> &Program<'p> {
        self.program
    }
}
