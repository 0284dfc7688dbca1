//! The facts of a program: asks every module the same questions and puts the answers in order.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::evaluate::Evaluator;
use super::files::Files;
use super::ir::{ExprId, Kind, Module, ScopeId};
use super::opens::OpenSite;
use super::outline::Outlines;
use super::program::Program;
use super::usage::Usage;
use super::view::View;
use crate::lang::Language;
use crate::lang::facts::{Access, Confidence, Facts, Naming, Reference, Role, TableUse};
use crate::lang::value::Value;
use crate::text::{Place, Span};

/// What is opened somewhere in the tree: the places of the literals that say so.
pub type Opened = HashSet<Place>;

/// What one module tells of literals beside its facts.
#[derive(Debug, Default)]
pub struct Heard {
    /// Those that it hands to openers, wherever they stand.
    opened: Box<[Place]>,
    /// Those of other modules that it would tell more of, were they opened somewhere.
    asked: Box<[Place]>,
}

/// One module while its facts are gathered.
pub(super) struct Reading<'p> {
    pub(super) at: usize,
    pub(super) module: &'p Module,
    pub(super) evaluator: Evaluator<'p>,
    pub(super) usage: Usage<'p>,
    /// What is opened elsewhere.
    elsewhere: &'p Opened,
    /// What it opens itself.
    opened: Opened,
    asked: RefCell<Opened>,
    /// Lists, and whether their elements are the lines of one statement.
    pub(super) in_lines: RefCell<HashMap<ExprId, bool>>,
    /// One place gives one reference.
    pub(super) references: BTreeMap<Span, Reference>,
    pub(super) facts: Facts,
}

impl Program<'_> {
    /// All facts of a module. `opened` holds what other modules open, as far as that is known.
    #[must_use]
    pub fn facts(&self, at: usize, opened: &Opened) -> (Facts, Heard) {
        let view = View::of(self);
        let Some(module) = view.module(at) else {
            let facts = Facts { trouble: Some("it changed while it was read".into()), ..Facts::default() };
            return (facts, Heard::default());
        };
        let evaluator = Evaluator::new(&view);
        let sites = super::opens::sites(&evaluator, at, module);
        let values = sites.iter().flat_map(|site| &site.values);
        let mut reading = Reading {
            at,
            module,
            evaluator,
            usage: Usage::of(module),
            elsewhere: opened,
            opened: values.filter_map(|value| value.origin.clone()).collect(),
            asked: RefCell::default(),
            in_lines: RefCell::default(),
            references: BTreeMap::new(),
            facts: Facts::default(),
        };
        reading.opens(&sites);
        reading.literals();
        reading.connection_options();
        reading.environment();
        reading.queries();
        reading.tables();
        reading.index_names();
        reading.messages();
        reading.left_over();
        reading.prose();
        reading.facts.destroyed = super::destroys::destroyed(&reading.evaluator, at, module);
        let mut facts = reading.facts;
        facts.references.extend(reading.references.into_values());
        if module.has_errors {
            facts.trouble = Some("parts of it do not parse".into());
        }
        let heard = Heard {
            opened: reading.opened.into_iter().collect(),
            asked: reading.asked.into_inner().into_iter().collect(),
        };
        (facts.doubted(&module.source), heard)
    }

    /// Of modules that were told of by themselves those that have to be told of again, since others open what stands in them,
    /// and what is to be known of then.
    #[must_use]
    pub fn to_tell_again(&self, heard: &[(usize, Heard)]) -> (HashSet<usize>, Opened) {
        let asked: HashSet<&Place> = heard.iter().flat_map(|(_, heard)| &heard.asked).collect();
        let mut again = HashSet::new();
        let mut opened = Opened::new();
        for (at, heard) in heard {
            let own = self.path(*at);
            for place in &heard.opened {
                let is_own = *place.file == *own;
                again.extend(self.at(&place.file).filter(|_| !is_own));
                if !is_own || asked.contains(place) {
                    opened.insert(place.clone());
                }
            }
        }
        let asks = |heard: &Heard| heard.asked.iter().any(|place| opened.contains(place));
        again.extend(heard.iter().filter(|(_, heard)| asks(heard)).map(|(at, _)| *at));
        (again, opened)
    }
}

/// The facts of a module that has no neighbours.
#[must_use]
pub fn read_alone(module: Module) -> Facts {
    let module = Arc::new(module);
    let loader = |_: &Arc<str>| Some(Arc::clone(&module));
    let outlines = Outlines::of(std::slice::from_ref(&module));
    let program =
        Program::new(Arc::new(Files::of(vec![Arc::clone(&module.source.path)])), outlines, Vec::new(), &loader);
    program.facts(0, &Opened::new()).0
}

/// The facts of the first module, with the others as its neighbours.
#[cfg(test)]
pub(crate) fn read_among(modules: Vec<Module>) -> Facts {
    let modules: Vec<_> = modules.into_iter().map(Arc::new).collect();
    let paths = modules.iter().map(|module| Arc::clone(&module.source.path)).collect();
    let loader = |path: &Arc<str>| modules.iter().find(|module| module.source.path == *path).cloned();
    let program = Program::new(Arc::new(Files::of(paths)), Outlines::of(&modules), Vec::new(), &loader);
    let heard: Vec<_> = program.main().iter().map(|&at| (at, program.facts(at, &Opened::new()).1)).collect();
    let (again, opened) = program.to_tell_again(&heard);
    let known = if again.contains(&0) { opened } else { Opened::new() };
    program.facts(0, &known).0
}

impl Reading<'_> {
    /// Whether something in the tree opens what a literal says.
    pub(super) fn is_opened(&self, place: &Place) -> bool {
        let is_known = self.opened.contains(place) || self.elsewhere.contains(place);
        if !is_known && place.file != self.module.source.path {
            self.asked.borrow_mut().insert(place.clone());
        }
        is_known
    }

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
            values: values.into(),
            construct: construct.into(),
            language: self.module.language,
            confidence,
            name: name.map(Into::into),
            symbol: symbol.map(Into::into),
            generated: false,
        };
        self.references.entry(span).or_insert(reference);
    }

    /// A place in `scope` that names a table: read, and of no connection that is known.
    pub(super) fn table_use(
        &self,
        place: Place,
        table: impl Into<Arc<str>>,
        naming: Naming,
        scope: ScopeId,
    ) -> TableUse {
        TableUse {
            place,
            table: table.into(),
            access: Access::Reads,
            naming,
            fixed: None,
            declared: None,
            connection: [].into(),
            language: self.module.language,
            symbol: self.symbol(scope).map(Into::into),
        }
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
