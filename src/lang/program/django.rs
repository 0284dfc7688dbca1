//! Models of Django that take the names of their tables from app and class, and what else takes its name from those: tables between
//! two models, names of indexes. Its migrations say the same (`steps.rs`). Knows no SQL.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::evaluate::{InModule, Val, argument, literal};
use super::facts::Reading;
use super::ir::{Arg, Bound, ExprId, Kind, Module, ScopeId};
use super::metas::{ABSTRACT, App, is_plain, says_true};
use super::models::{is_many_to_many, is_nameless_index};
use super::steps::{Steps, is_between, last_name};
use crate::finding::Declared;
use crate::lang::facts::{Access, Naming, TableUse};
use crate::text::Span;

/// Classes above a class.
const DEPTH: u32 = 16;
/// Longer names are cut by other servers.
const LONGEST: usize = 60;

const NO_LABEL: &str =
    "the label of its app is made at run time: give the `Meta` of the model a `db_table`, and make the migration";

/// A place that follows from a table's name, and what is to be written there.
pub(super) type Follower = (usize, Span, Declared);

impl Reading<'_> {
    /// A model that leaves the name of its table out.
    pub(super) fn of_django(&mut self, class: ScopeId, at: Span) {
        let said = self.metas_of_model(class);
        if self.is(class, "abstract") || self.value_in(&said, "proxy").is_some() {
            return;
        }
        if self.value_in(&said, "db_table").is_some() {
            return;
        }
        let name = self.module.scope(class).name.clone();
        let lower = name.to_ascii_lowercase();
        let app = self.app_of(&said);
        let renamed = &self.evaluator.program.renamed;
        let Some(label) = &app.label else {
            let ending = format!("_{lower}");
            let perhaps: Vec<String> = renamed.iter().filter(|table| table.ends_with(&ending)).cloned().collect();
            perhaps.into_iter().for_each(|table| self.takes(class, at, table, Some(NO_LABEL)));
            return;
        };
        let table = format!("{label}_{lower}");
        if !renamed.contains(&table.to_ascii_lowercase()) {
            self.takes(class, at, table, None);
            return;
        }
        let declared = match &said.unknown {
            Some(reason) => Err(reason.clone()),
            None => self.declared(class, &app, &table, false),
        };
        match declared {
            Ok(followers) => {
                let own = (self.at, at, Declared::Meta { base: said.base });
                self.declare(class, &table, std::iter::once(own).chain(followers));
            }
            Err(reason) => {
                let reason =
                    format!("{reason}: give the `Meta` of `{name}` a `db_table` by hand, and make the migration");
                self.takes(class, at, table, Some(&reason));
            }
        }
    }

    /// What takes its name from the table that a model's `Meta` names, or why nobody can keep it.
    pub(super) fn of_named_in_django(&mut self, class: ScopeId, table: &str) -> Option<String> {
        if !self.evaluator.program.renamed.contains(&table.to_ascii_lowercase()) || self.is(class, "abstract") {
            return None;
        }
        let app = self.app_of(&self.metas_of_model(class));
        match self.declared(class, &app, table, true) {
            Ok(followers) => {
                self.declare(class, table, followers);
                None
            }
            Err(reason) => Some(reason),
        }
    }

    /// Tables between two models, which take their names from the model and the field: `blog_post_tags`.
    pub(super) fn between_in_django(&mut self, class: ScopeId) {
        let said = self.metas_of_model(class);
        if self.is(class, "abstract") {
            return;
        }
        let app = self.app_of(&said);
        let name = self.module.scope(class).name.clone();
        let model = match self.value_in(&said, "db_table") {
            Some((home, value)) => self.evaluator.program.module(home).and_then(|module| literal(module, value)),
            None => app.label.as_ref().map(|label| format!("{label}_{}", name.to_ascii_lowercase())),
        };
        let Some(model) = model else { return };
        for (field, call) in fields_between(self.module, class) {
            let table = format!("{model}_{field}");
            let at = last_name(self.module, call).map_or(self.module.expr(call).span, |(_, span)| span);
            let declared = match self.evaluator.program.renamed.contains(&table.to_ascii_lowercase()) {
                true => self.steps_of_field(class, &app, &field).map(Some),
                false => Ok(None),
            };
            match declared {
                Ok(Some(steps)) => {
                    let own = (self.at, at);
                    let named =
                        |(home, span)| (home, span, Declared::Argument { keyword: "db_table".into(), value: None });
                    self.declare(class, &table, std::iter::once(own).chain(steps).map(named));
                }
                other => {
                    let fixed = other.err().map(|reason| {
                        format!(
                            "the table takes its name from `{name}` and its field `{field}`, and {reason}: give that a `db_table`, and make the migration"
                        )
                    });
                    self.takes(class, at, table, fixed.as_deref());
                }
            }
        }
    }

    /// Whether migrations make a model of the class's name: one whose base class is a library's.
    pub(super) fn is_made_by_steps(&self, class: ScopeId) -> bool {
        let path = &self.module.source.path;
        let lower = self.module.scope(class).name.to_ascii_lowercase();
        let ending = format!("_{lower}");
        // Elsewhere forms and types of an interface are called as their models.
        let is_of_models = path.ends_with("models.py") || path.split('/').any(|folder| folder == "models");
        if !is_of_models {
            return false;
        }
        if !self.evaluator.program.renamed.iter().any(|table| table.ends_with(&ending)) {
            return false;
        }
        let app = self.app_of(&self.metas_of_model(class));
        let steps = Steps::of(self.evaluator.program, &app.folder);
        steps.is_ok_and(|steps| steps.is_some_and(|steps| steps.makes(&lower)))
    }

    fn declare(&mut self, class: ScopeId, table: &str, places: impl IntoIterator<Item = Follower>) {
        for (home, span, declared) in places.into_iter().collect::<Vec<_>>() {
            let Some(module) = self.evaluator.program.module(home) else { continue };
            let place = module.source.place(span);
            self.facts.table_uses.push(TableUse {
                access: Access::Defines,
                declared: Some(declared),
                ..self.table_use(place, table, Naming::Implied, class)
            });
        }
    }

    /// Every place that has to say the name of a model's table, or of what took its own from it, besides its `Meta`.
    fn declared(&self, class: ScopeId, app: &App, table: &str, is_named: bool) -> Result<Vec<Follower>, String> {
        let body = self.module.scope(class);
        let name = &body.name;
        let lower = name.to_ascii_lowercase();
        if self.module.source.slice(body.span).contains("TranslatedFields(") {
            return Err(format!("the table of the translations of `{name}` takes its name from this one"));
        }
        let own = fields_between(self.module, class);
        let nameless: Vec<ExprId> = self.calls_within(class, is_nameless_index);
        if self.calls_within(class, is_between).len() != own.len() {
            return Err(format!(
                "a field between two models of `{name}` is of a kind of its own, or put together at run time"
            ));
        }
        self.above((self.at, class), 0).into_iter().try_for_each(|(at, above)| self.is_free_of_names(at, above))?;
        let foreign = self.foreign_base(class);
        let Some(steps) = Steps::of(self.evaluator.program, &app.folder)? else {
            if let Some(other) = self.made_elsewhere(&lower) {
                return Err(format!("`{other}` makes a `{name}`, and may be a migration of this app"));
            }
            if let Some(base) = foreign.filter(|base| !ABSTRACT.contains(&&**base)) {
                return Err(format!("what `{base}` adds to `{name}` is not known"));
            }
            return Ok(own.iter().map(|(field, call)| kept(self.at, self.module, *call, table, field)).collect());
        };
        let mut found = Vec::new();
        match is_named {
            true => steps.says_named(&lower, table)?,
            false => {
                let made = steps.made(&lower)?;
                found.extend(made.into_iter().map(|(home, span)| (home, span, Declared::Options)));
            }
        }
        steps.free_of_made_from(table)?;
        for (field, call) in &own {
            let places = steps.field(&lower, field)?;
            found.push(kept(self.at, self.module, *call, table, field));
            let value = Some(format!("{table}_{field}").into());
            let declared = Declared::Argument { keyword: "db_table".into(), value };
            found.extend(places.into_iter().map(|(home, span)| (home, span, declared.clone())));
        }
        let fields: Vec<&str> = own.keys().map(String::as_str).collect();
        steps.free_of_other_fields(&lower, &fields)?;
        if table.len() > LONGEST || own.iter().any(|(field, _)| table.len() + field.len() >= LONGEST) {
            return Err("other servers cut a name as long as this one".to_owned());
        }
        for index in nameless {
            let index_name = steps.name_of_index(&lower, self.module, index).ok_or_else(|| {
                format!("an index of `{name}` takes its name from the table's, and no migration tells which")
            })?;
            let at = last_name(self.module, index).map_or(self.module.expr(index).span, |(_, span)| span);
            let declared = Declared::Argument { keyword: "name".into(), value: Some(index_name.into()) };
            found.push((self.at, at, declared));
        }
        Ok(found)
    }

    /// The places in migrations that make the table of one field, which is asked to get another name.
    fn steps_of_field(&self, class: ScopeId, app: &App, field: &str) -> Result<Vec<(usize, Span)>, String> {
        match Steps::of(self.evaluator.program, &app.folder)? {
            Some(steps) => steps.field(&self.module.scope(class).name.to_ascii_lowercase(), field),
            None => Ok(Vec::new()),
        }
    }

    /// Abstract classes above a model share what they say with other models: a name in them would be that of all.
    fn is_free_of_names(&self, at: usize, class: ScopeId) -> Result<(), String> {
        let Some(module) = self.evaluator.program.module(at) else { return Ok(()) };
        let (name, span) = (&module.scope(class).name, module.scope(class).span);
        let within = |call: ExprId| span.contains(module.expr(call).span);
        if module.calls.iter().any(|&call| within(call) && is_between(module, call)) {
            return Err(format!(
                "the tables of the `ManyToManyField` of `{name}` take their names from those of the models below it"
            ));
        }
        if module.calls.iter().any(|&call| within(call) && is_nameless_index(module, call)) {
            return Err(format!("an index of `{name}` takes its name from the tables of the models below it"));
        }
        Ok(())
    }

    fn calls_within(&self, class: ScopeId, is_asked: fn(&Module, ExprId) -> bool) -> Vec<ExprId> {
        let span = self.module.scope(class).span;
        let within = |call: &&ExprId| span.contains(self.module.expr(**call).span);
        self.module.calls.iter().filter(within).filter(|&&call| is_asked(self.module, call)).copied().collect()
    }

    /// Abstract classes, and those that are no models, above a class.
    fn above(&self, (at, class): InModule<ScopeId>, depth: u32) -> Vec<InModule<ScopeId>> {
        let Some(module) = self.evaluator.program.module(at).filter(|_| depth < DEPTH) else { return Vec::new() };
        let mut found = Vec::new();
        for &base in &module.scope(class).bases {
            for val in self.evaluator.ask(at, base) {
                let Val::Class(above) = val else { continue };
                let Some(home) = self.evaluator.program.module(above.0).filter(|_| above != (at, class)) else {
                    continue;
                };
                if self.is_no_model(home, above) || says_true(home, above.1, "abstract") {
                    found.push(above);
                    found.extend(self.above(above, depth + 1));
                }
            }
        }
        found
    }

    /// A base class outside the tree of which it is not known what it adds.
    fn foreign_base(&self, class: ScopeId) -> Option<Arc<str>> {
        let classes = std::iter::once((self.at, class)).chain(self.above((self.at, class), 0));
        let mut bases = classes.flat_map(|(at, class)| {
            let module = self.evaluator.program.module(at);
            let bases = module.map(|module| module.scope(class).bases.clone()).unwrap_or_default();
            bases.into_iter().map(move |base| (at, base))
        });
        bases.find_map(|(at, base)| {
            self.evaluator.ask(at, base).into_iter().find_map(|val| match val {
                Val::External(name) if !is_plain(&name) => Some(name),
                _ => None,
            })
        })
    }

    /// A file elsewhere that makes a model of that name, where no app keeps its migrations.
    fn made_elsewhere(&self, model: &str) -> Option<String> {
        let program = self.evaluator.program;
        program.every_caller("CreateModel").find_map(|(at, call)| {
            let module = program.module(at)?;
            let Kind::Call { args, .. } = &module.expr(call).kind else { return None };
            let name = literal(module, argument(args, 0, &["name"])?)?;
            let path = program.path(at);
            let is_usual = path.rsplit('/').nth(1) == Some("migrations");
            (name.to_ascii_lowercase() == model && !is_usual).then(|| path.to_owned())
        })
    }
}

fn kept(at: usize, module: &Module, call: ExprId, table: &str, field: &str) -> Follower {
    let span = last_name(module, call).map_or(module.expr(call).span, |(_, span)| span);
    let value = Some(format!("{table}_{field}").into());
    (at, span, Declared::Argument { keyword: "db_table".into(), value })
}

/// Fields of a class whose tables between two models nobody names, by their names.
fn fields_between(module: &Module, class: ScopeId) -> BTreeMap<String, ExprId> {
    let mut found = BTreeMap::new();
    for (field, bindings) in &module.scope(class).bindings {
        for binding in bindings {
            if let Bound::Expr(value) = binding.value
                && is_many_to_many(module, value)
            {
                found.insert(field.to_string(), value);
            }
        }
    }
    found
}

/// `*args`, `**options`: what a call is handed is not all written here.
pub(super) fn is_spread(args: &[Arg]) -> bool {
    args.iter().any(|arg| matches!(arg.name.as_deref(), Some("*" | "**")))
}
