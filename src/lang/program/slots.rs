//! What code fills into SQL where a table is wanted: an f-string's hole, an argument of `.format(..)` or of `%`, beside the text or
//! wherever the name is used that the text has. Decides nothing.

use std::ops::Range;

use super::behind::Step;
use super::evaluate::{InModule, Val};
use super::facts::Reading;
use super::fillers::home;
use super::ir::{Bound, ExprId, Kind, Module, Op, ScopeId, ScopeKind};
use super::members::enclosing_class;
use super::origins::handed;
use super::pieces::Composed;
use super::queries::value_of;
use crate::lang::sql;

/// Modules in which uses of a text's name are looked for.
const MODULES: usize = 48;

/// An expression that is filled in, and the way from it to the name where it is a collection.
pub(super) type Filler = (ExprId, Option<Step>);

impl Reading<'_> {
    /// What is filled in at `span`, where the text stands.
    pub(super) fn filler(&self, composed: &Composed, span: Range<usize>) -> Option<Filler> {
        let slot = Slot::of(composed, &span)?;
        if slot.name.chars().eq([sql::HOLE]) {
            return composed.holes.iter().find(|(at, _)| span.contains(at)).map(|(_, hole)| (*hole, None));
        }
        let [text] = composed.texts.as_slice() else { return None };
        slot.filled(self.module, *text)
    }

    /// What is filled in at `span` wherever the text is used under its name: `SQL.format("users")`.
    pub(super) fn fillers_by_name(&self, composed: &Composed, span: Range<usize>) -> Vec<(usize, Filler)> {
        let (Some(slot), [text]) = (Slot::of(composed, &span), composed.texts.as_slice()) else { return Vec::new() };
        let Some(named) = self.usage.named(*text) else { return Vec::new() };
        let uses = self.uses_of(&named.name, named.scope);
        uses.into_iter()
            .filter_map(|(at, used)| Some((at, slot.filled(self.evaluator.program.module(at)?, used)?)))
            .collect()
    }

    /// Every expression that is the name which a scope of this module binds.
    fn uses_of(&self, name: &str, scope: ScopeId) -> Vec<InModule<ExprId>> {
        let program = self.evaluator.program;
        let kind = self.module.scope(scope).kind;
        let mut modules = vec![self.at];
        if kind != ScopeKind::Function {
            modules.extend(program.speak_of(name).into_iter().filter(|&at| at != self.at).take(MODULES));
        }
        let mut found = Vec::new();
        for at in modules {
            let Some(module) = program.module(at) else { continue };
            for index in 0..module.exprs.len() {
                let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
                let is_use = match &module.expr(id).kind {
                    Kind::Name(own) if own.as_ref() == name => match at == self.at {
                        true => home(module, module.expr(id).scope, name) == Some(scope),
                        false => self.is_imported(at, module, id, name),
                    },
                    Kind::Member(base, own) if own.as_ref() == name && kind != ScopeKind::Function => {
                        self.is_asked(at, module, *base, scope)
                    }
                    _ => false,
                };
                if is_use {
                    found.push((at, id));
                }
            }
        }
        found
    }

    /// Another module's name is this module's, by an import.
    fn is_imported(&self, at: usize, module: &Module, id: ExprId, name: &str) -> bool {
        let bindings =
            home(module, module.expr(id).scope, name).and_then(|scope| module.scope(scope).bindings.get(name));
        bindings.into_iter().flatten().any(|binding| match &binding.value {
            Bound::Import { module: from, .. } => self.evaluator.program.resolve(at, from) == Some(self.at),
            _ => false,
        })
    }

    /// An object is the class that a scope of this module is, or the module itself.
    fn is_asked(&self, at: usize, module: &Module, base: ExprId, scope: ScopeId) -> bool {
        if let Kind::Name(name) = &module.expr(base).kind
            && matches!(name.as_ref(), "self" | "cls" | "this")
        {
            return at == self.at && enclosing_class(module, module.expr(base).scope) == Some(scope);
        }
        self.evaluator.ask(at, base).iter().any(|val| match val {
            Val::Class(class) | Val::Instance(class, _) => *class == (self.at, scope),
            Val::Module(home) => *home == self.at && scope == ScopeId(0),
            _ => false,
        })
    }
}

/// A place of a text that is filled in.
struct Slot<'t> {
    /// What stands there, without quotes: `{table}`, `%s`.
    name: &'t str,
    before: &'t str,
}

impl<'t> Slot<'t> {
    fn of(composed: &'t Composed, span: &Range<usize>) -> Option<Self> {
        let words = composed.snippet.text.get(span.clone())?;
        let name = words.trim_matches(['"', '\'', '`', '[', ']']);
        Some(Self { name, before: composed.snippet.text.get(..span.start)? })
    }

    /// What is filled in where `template` is the text, or a name of it.
    fn filled(&self, module: &Module, template: ExprId) -> Option<Filler> {
        let parent = module.expr(template).parent?;
        match &module.expr(parent).kind {
            Kind::Member(_, method) if method.as_ref() == "format" => {
                let Kind::Call { args, .. } = &module.expr(module.expr(parent).parent?).kind else { return None };
                let key = self.name.strip_prefix('{')?.strip_suffix('}')?;
                let position =
                    if key.is_empty() { self.before.matches("{}").count() } else { key.parse().unwrap_or(usize::MAX) };
                let (given, way) = handed(args, position, key)?;
                let value = value_of(module, given, key).filter(|_| matches!(way, Some(Step::Field(_))));
                Some(value.map_or((given, way), |value| (value, None)))
            }
            Kind::Binary { op: Op::Mod, right, .. } if *right == template => None,
            Kind::Binary { op: Op::Mod, right, .. } if self.name.starts_with("%(") => {
                let key = self.name.strip_prefix("%(")?.strip_suffix(")s")?;
                match value_of(module, *right, key) {
                    Some(value) => Some((value, None)),
                    None => Some((*right, Some(Step::Field(key.to_owned())))),
                }
            }
            Kind::Binary { op: Op::Mod, right, .. } if self.name == "%s" => {
                let position = self.before.matches('%').count();
                match &module.expr(*right).kind {
                    Kind::List(parts) => parts.get(position).map(|&part| (part, None)),
                    _ => (position == 0).then_some((*right, None)),
                }
            }
            _ => None,
        }
    }
}
