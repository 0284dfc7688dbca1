//! What code fills into SQL where a table is wanted: an f-string's hole, an argument of `.format(..)` or of `%`, beside the text or
//! wherever the name is used that the text has. Decides nothing.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::behind::{Step, literals_behind};
use super::evaluate::{InModule, Val};
use super::facts::Reading;
use super::fillers::home;
use super::ir::{Bound, ExprId, Kind, Module, Op, Piece, ScopeId, ScopeKind};
use super::known;
use super::members::enclosing_class;
use super::origins::handed;
use super::pieces::Composed;
use super::queries::value_of;
use crate::lang::facts::{Access, Naming};
use crate::lang::value::Value;
use crate::lang::{Language, sql};

/// Modules in which uses of a text's name are looked for.
const MODULES: usize = 48;

/// An expression that is filled in, and the way from it to the name where it is a collection.
pub(super) type Filler = (ExprId, Option<Step>);

impl Reading<'_> {
    /// What is filled in at `span`, where the text stands.
    pub(super) fn filler(&self, composed: &Composed, span: Range<usize>) -> Option<Filler> {
        let slot = Slot::of(&composed.snippet.text, &span)?;
        if slot.name.chars().eq([sql::HOLE]) {
            return composed.holes.iter().find(|(at, _)| span.contains(at)).map(|(_, hole)| (*hole, None));
        }
        let [text] = composed.texts.as_slice() else { return None };
        slot.filled(self.module, *text)
    }

    /// What is filled in at `span` wherever the text is used under its name: `SQL.format("users")`.
    pub(super) fn fillers_by_name(&self, composed: &Composed, span: Range<usize>) -> Vec<(usize, Filler)> {
        let (Some(slot), [text]) = (Slot::of(&composed.snippet.text, &span), composed.texts.as_slice()) else {
            return Vec::new();
        };
        let Some(named) = self.usage.named(*text) else { return Vec::new() };
        let uses = self.uses_of(&named.name, named.scope);
        uses.into_iter()
            .filter_map(|(at, used)| Some((at, slot.filled(self.evaluator.program.module(at)?, used)?)))
            .collect()
    }

    /// SQL that is filled in where its text does not stand: `QUERIES["all"].format("users")`, `for sql in STEPS: sql % "users"`. And a
    /// word of SQL that another takes the place of: `SQL.replace("TABLE", "users")`.
    pub(super) fn templates(&mut self) {
        if self.evaluator.program.renamed.is_empty() {
            return;
        }
        for template in self.template_uses() {
            let known = self.facts.table_uses.len();
            let connection = self.connection_of_run(template);
            for (home, literal) in literals_behind(&self.evaluator, self.at, template).literals {
                let Some(words) = self.evaluator.program.module(home).and_then(|module| sql_of(module, literal)) else {
                    continue;
                };
                for (span, access) in sql::statements(&words).into_iter().flat_map(|statement| statement.filled) {
                    let filler = Slot::of(&words, &span).and_then(|slot| slot.filled(self.module, template));
                    if let Some(filler) = filler {
                        self.part_names_table(filler, access, filled_as(&words, &span), &connection);
                    }
                }
                if let Some(other) = replaced_by(self.module, template) {
                    let mut found = literals_behind(&self.evaluator, self.at, other);
                    let reason = Arc::from("it takes the place of a word of SQL");
                    found.perhaps.extend(found.literals.drain(..).map(|literal| (literal, Arc::clone(&reason))));
                    self.literals_name_table(found, Access::Reads, Naming::Spoken, &connection, other);
                }
            }
            if self.facts.table_uses.len() == known {
                continue;
            }
            // What was found with its connection is known better.
            let told: HashSet<_> = self.facts.table_uses.iter().take(known).map(|found| found.place.clone()).collect();
            let mut index = 0;
            self.facts.table_uses.retain(|found| {
                index += 1;
                index <= known || !found.connection.is_empty() || !told.contains(&found.place)
            });
        }
    }

    /// What a method or an operator fills in, other than a text that stands there.
    fn template_uses(&self) -> Vec<ExprId> {
        let mut found = Vec::new();
        for expr in &self.module.exprs {
            let (template, is_text_too) = match &expr.kind {
                Kind::Call { callee, args } => match &self.module.expr(*callee).kind {
                    Kind::Member(base, method) if method.as_ref() == "replace" && args.len() == 2 => (*base, true),
                    Kind::Member(base, method) if method.as_ref() == "format_map" => (*base, true),
                    Kind::Member(base, method) if method.as_ref() == "format" => (*base, false),
                    _ => continue,
                },
                Kind::Binary { op: Op::Mod, left, right }
                    if !matches!(self.module.expr(*right).kind, Kind::Number(_)) =>
                {
                    (*left, false)
                }
                _ => continue,
            };
            let is_text = matches!(self.module.expr(template).kind, Kind::Text(_));
            if (is_text_too || !is_text) && self.module.language == Language::Python {
                found.push(template);
            }
        }
        found
    }

    /// The connection of the method that runs what is made of an expression.
    fn connection_of_run(&self, expr: ExprId) -> Vec<Value> {
        let mut at = expr;
        for _ in 0..4 {
            let Some(parent) = self.module.expr(at).parent else { break };
            if let Kind::Call { callee, .. } = &self.module.expr(parent).kind
                && let Kind::Member(base, method) = &self.module.expr(*callee).kind
                && known::runs_sql(method)
            {
                let found = self.evaluator.ask(self.at, *base);
                return found
                    .iter()
                    .find_map(|val| if let Val::Connection(values) = val { Some(values.to_vec()) } else { None })
                    .unwrap_or_default();
            }
            at = parent;
        }
        Vec::new()
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

/// Whether SQL has quotes around what is filled in.
pub(super) fn filled_as(text: &str, span: &Range<usize>) -> Naming {
    let words = text.get(span.clone()).unwrap_or("");
    if words.starts_with(['"', '\'', '`', '[', '\\']) { Naming::Filled } else { Naming::FilledBare }
}

/// The words of a literal that is SQL, with a mark for each hole.
fn sql_of(module: &Module, literal: ExprId) -> Option<String> {
    let Kind::Text(pieces) = &module.expr(literal).kind else { return None };
    let mut words = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text, _) => words.push_str(text),
            Piece::Hole(_) => words.push(sql::HOLE),
        }
    }
    sql::looks_like_sql(&words).then_some(words)
}

/// What takes the place of a word of `template`: `template.replace("TABLE", name)`.
fn replaced_by(module: &Module, template: ExprId) -> Option<ExprId> {
    let member = module.expr(template).parent?;
    let call = module.expr(member).parent?;
    match (&module.expr(member).kind, &module.expr(call).kind) {
        (Kind::Member(_, method), Kind::Call { args, .. }) if method.as_ref() == "replace" => Some(args.get(1)?.value),
        _ => None,
    }
}

/// A place of a text that is filled in.
struct Slot<'t> {
    /// What stands there, without quotes: `{table}`, `%s`.
    name: &'t str,
    before: &'t str,
}

impl<'t> Slot<'t> {
    fn of(text: &'t str, span: &Range<usize>) -> Option<Self> {
        let words = text.get(span.clone())?;
        let name = words.trim_matches(['"', '\'', '`', '[', ']']);
        Some(Self { name, before: text.get(..span.start)? })
    }

    /// What is filled in where `template` is the text, or a name of it.
    fn filled(&self, module: &Module, template: ExprId) -> Option<Filler> {
        let parent = module.expr(template).parent?;
        match &module.expr(parent).kind {
            Kind::Member(_, method) if method.as_ref() == "format_map" => {
                let Kind::Call { args, .. } = &module.expr(module.expr(parent).parent?).kind else { return None };
                let key = self.name.strip_prefix('{')?.strip_suffix('}')?;
                let given = args.first()?.value;
                Some(match value_of(module, given, key) {
                    Some(value) => (value, None),
                    None => (given, Some(Step::Field(key.to_owned()))),
                })
            }
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
