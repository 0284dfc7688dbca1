//! Fields of objects whose class has no constructor in the tree: dataclasses, named tuples, pydantic's models.

use std::sync::Arc;

use super::evaluate::{Evaluator, InModule, Val, static_text};
use super::ir::{Binding, Bound, ExprId, Kind, Module, ScopeId};

/// One field, in the order in which the constructor takes them.
pub(super) struct Field {
    pub(super) name: Arc<str>,
    pub(super) default: Option<InModule<ExprId>>,
}

impl Evaluator<'_> {
    /// The fields of what a call of `callee` makes; `None` where a constructor of the tree runs, or no class is known.
    pub(super) fn fields(&self, at: usize, callee: ExprId) -> Option<Vec<Field>> {
        for val in self.ask(at, callee) {
            if let Val::Class(class) = val
                && self.constructor(class).is_none()
            {
                let module = self.program.module(class.0)?;
                let field = |(name, binding): (&Arc<str>, &Binding)| Field {
                    name: Arc::clone(name),
                    default: match binding.value {
                        Bound::Expr(value) => Some((class.0, value)),
                        _ => None,
                    },
                };
                return Some(in_order(module, class.1).map(field).collect());
            }
        }
        self.named_tuple(at, callee)
    }

    /// `Spec = namedtuple("Spec", "table key")`.
    fn named_tuple(&self, at: usize, callee: ExprId) -> Option<Vec<Field>> {
        let module = self.program.module(at)?;
        let Kind::Name(name) = &module.expr(callee).kind else { return None };
        let (home, made) = self.bound_at_top(at, name)?;
        let module = self.program.module(home)?;
        let Kind::Call { callee, args } = &module.expr(made).kind else { return None };
        let (Kind::Name(function) | Kind::Member(_, function)) = &module.expr(*callee).kind else { return None };
        if function.as_ref() != "namedtuple" {
            return None;
        }
        let names = args.get(1)?.value;
        let names: Vec<String> = match &module.expr(names).kind {
            Kind::List(parts) => parts.iter().filter_map(|&part| static_text(module, part)).collect(),
            _ => static_text(module, names)?
                .split([',', ' '])
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
        };
        Some(names.into_iter().map(|name| Field { name: name.into(), default: None }).collect())
    }

    /// What a name of a module is bound to, there or in the module that it is imported from.
    fn bound_at_top(&self, at: usize, name: &str) -> Option<InModule<ExprId>> {
        let bindings = self.program.module(at)?.scopes.first()?.bindings.get(name)?;
        match &bindings.last()?.value {
            Bound::Expr(value) => Some((at, *value)),
            Bound::Import { module: from, name } => {
                let (home, name) = self.program.resolve_import(at, from, name)?;
                match self.program.module(home)?.scopes.first()?.bindings.get(name?.as_str())?.last()?.value {
                    Bound::Expr(value) => Some((home, value)),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// What a class says of its objects' fields, in source order.
pub(super) fn in_order(module: &Module, class: ScopeId) -> impl Iterator<Item = (&Arc<str>, &Binding)> {
    let bindings = module.scope(class).bindings.iter().filter_map(|(name, bindings)| Some((name, bindings.first()?)));
    let mut fields: Vec<_> =
        bindings.filter(|(_, own)| matches!(own.value, Bound::Expr(_) | Bound::Annotated(_))).collect();
    fields.sort_by_key(|(name, own)| (own.span.start, (*name).clone()));
    fields.into_iter()
}
