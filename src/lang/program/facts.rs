//! The facts of a program: asks every module the same questions and puts the answers in order.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::evaluate::Evaluator;
use super::ir::{ExprId, Kind, Module, ScopeId};
use super::opens::OpenSite;
use super::program::Program;
use super::usage::Usage;
use crate::lang::Language;
use crate::lang::facts::{Confidence, Facts, Reference, Role};
use crate::lang::value::Value;
use crate::text::{Place, Span};

/// What is opened somewhere in the tree: the places of the literals that say so.
pub type Opened = HashSet<Place>;

/// One module while its facts are gathered.
pub(super) struct Reading<'p> {
    pub(super) at: usize,
    pub(super) module: &'p Module,
    pub(super) evaluator: Evaluator<'p>,
    pub(super) usage: Usage<'p>,
    pub(super) opened: &'p Opened,
    /// One place gives one reference.
    pub(super) references: BTreeMap<Span, Reference>,
    pub(super) facts: Facts,
}

impl Program<'_> {
    /// The first pass over a module: the literals that it hands to openers, wherever they stand.
    #[must_use]
    pub fn opened(&self, at: usize) -> Opened {
        let evaluator = Evaluator::new(self);
        let Some(module) = self.module(at) else { return Opened::new() };
        super::opens::sites(&evaluator, at, module)
            .into_iter()
            .flat_map(|site| site.values)
            .filter_map(|value| value.origin)
            .collect()
    }

    /// The second pass: all facts of a module. `opened` holds what the first pass found in every module.
    #[must_use]
    pub fn facts(&self, at: usize, opened: &Opened) -> Facts {
        let Some(module) = self.module(at) else { return Facts::default() };
        let mut reading = Reading {
            at,
            module,
            evaluator: Evaluator::new(self),
            usage: Usage::of(module),
            opened,
            references: BTreeMap::new(),
            facts: Facts::default(),
        };
        let sites = super::opens::sites(&reading.evaluator, at, module);
        reading.opens(&sites);
        reading.literals();
        reading.connection_options();
        reading.environment();
        reading.queries();
        reading.tables();
        reading.prose();
        let mut facts = reading.facts;
        facts.references.extend(reading.references.into_values());
        if module.has_errors {
            facts.trouble = Some("parts of it do not parse".into());
        }
        facts.doubted(&module.source)
    }
}

/// The facts of a module that has no neighbours.
#[must_use]
pub fn read_alone(module: Module) -> Facts {
    let path = module.source.path.clone();
    let program = Program::new(vec![path], vec![Arc::new(module)], Vec::new(), &|_| None);
    program.facts(0, &program.opened(0))
}

impl Reading<'_> {
    fn opens(&mut self, sites: &[OpenSite]) {
        for site in sites {
            let span = self.module.expr(site.argument).span;
            let own = |value: &Value| {
                value
                    .origin
                    .as_ref()
                    .filter(|origin| origin.file == self.module.source.path && span.contains(origin.span))
                    .map(|origin| origin.span)
            };
            // Literals inside the call are the places; a name is one place for all it can be.
            let mut places: Vec<Span> = site.values.iter().filter_map(own).collect();
            places.dedup();
            if places.is_empty() {
                places.push(span);
            }
            for place in places {
                let mut values: Vec<Value> =
                    site.values.iter().filter(|value| own(value).is_none_or(|own| own == place)).cloned().collect();
                if values.is_empty() {
                    values.clone_from(&site.values);
                }
                let known = values.iter().any(|value| !value.is_opaque());
                let confidence = match (known, values.len()) {
                    (true, 1) => Confidence::High,
                    (true, _) => Confidence::Medium,
                    (false, _) => Confidence::Low,
                };
                self.add(place, Role::Opens, values, &site.construct, confidence, None, site.argument);
            }
        }
    }

    /// Options that a library's own command reads (`drizzle.config.ts`, `knexfile.js`): no call opens them here.
    fn connection_options(&mut self) {
        if self.module.language == Language::Python {
            return;
        }
        for index in 0..self.module.exprs.len() {
            let id = ExprId(u32::try_from(index).unwrap_or(u32::MAX));
            let expr = self.module.expr(id);
            if !matches!(expr.kind, Kind::Dict(_)) {
                continue;
            }
            let Some(option) = super::options::path_option(self.module, id, false, 0) else { continue };
            let span = self.module.expr(option).span;
            let told = self.references.keys().any(|other| span.contains(*other) || other.contains(span));
            if told || matches!(self.module.expr(option).kind, Kind::Text(_)) {
                continue;
            }
            let engine = self.evaluator.engine_of(self.at, id);
            if !engine.is_some_and(|engine| super::script::is_sqlite(&engine)) {
                continue;
            }
            let values = self.evaluator.ask_paths(self.at, option);
            if values.iter().any(|value| !value.is_opaque()) {
                self.add(span, Role::Configures, values, "connection options", Confidence::High, None, option);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "each is a field of the reference")]
    pub(super) fn add(
        &mut self,
        span: Span,
        role: Role,
        values: Vec<Value>,
        construct: &str,
        confidence: Confidence,
        name: Option<String>,
        near: ExprId,
    ) {
        let symbol = self.symbol(self.module.expr(near).scope);
        let reference = Reference {
            place: self.module.source.place(span),
            role,
            values,
            construct: construct.to_owned(),
            language: self.module.language,
            confidence,
            name,
            symbol,
            generated: false,
        };
        self.references.entry(span).or_insert(reference);
    }

    /// The dotted name of the functions and classes around.
    pub(super) fn symbol(&self, scope: ScopeId) -> Option<String> {
        let mut names = Vec::new();
        let mut at = Some(scope);
        while let Some(id) = at {
            let body = self.module.scope(id);
            if !body.name.is_empty() {
                names.push(body.name.as_ref());
            }
            at = body.parent;
            if names.len() > 16 {
                break;
            }
        }
        names.reverse();
        (!names.is_empty()).then(|| names.join("."))
    }
}
