//! What is said of a model of Django beside its fields: in its `Meta` and those from which that is derived, and by the app that it belongs
//! to. Knows no migration.

use std::sync::Arc;

use super::evaluate::{InModule, Val, literal};
use super::facts::Reading;
use super::ir::{Bound, ExprId, Module, Scope, ScopeId};
use super::models::{app_label, is_meta, static_truth};
use super::steps::last_name;

/// Classes above a class.
const DEPTH: u32 = 16;
/// Folders upwards in which an app is looked for.
const LEVELS: usize = 5;

/// Abstract models of libraries, which have a `Meta` and no table between two models. Data.
pub(super) const ABSTRACT: [&str; 21] = [
    "django.contrib.auth.base_user.AbstractBaseUser",
    "django.contrib.auth.models.AbstractBaseUser",
    "django_extensions.db.models.ActivatorModel",
    "django_extensions.db.models.TimeStampedModel",
    "django_extensions.db.models.TitleDescriptionModel",
    "django_extensions.db.models.TitleSlugDescriptionModel",
    "model_utils.models.SoftDeletableModel",
    "model_utils.models.StatusModel",
    "model_utils.models.TimeFramedModel",
    "model_utils.models.TimeStampedModel",
    "model_utils.models.UUIDModel",
    "mptt.models.MPTTModel",
    "ordered_model.models.OrderedModel",
    "polymorphic.models.PolymorphicModel",
    "safedelete.models.SafeDeleteModel",
    "solo.models.SingletonModel",
    "taggit.models.GenericTaggedItemBase",
    "taggit.models.TagBase",
    "treebeard.al_tree.AL_Node",
    "treebeard.mp_tree.MP_Node",
    "treebeard.ns_tree.NS_Node",
];

/// What Python and Django have under these names has no `Meta`. Data.
const PLAIN: [&str; 5] = ["Model", "object", "ABC", "Protocol", "Generic"];

/// The app that a file belongs to.
#[derive(Debug, Clone)]
pub(super) struct App {
    pub(super) folder: String,
    /// `None` where it is made at run time, or several are given.
    pub(super) label: Option<String>,
}

/// What is said of a model's table: by its own `Meta` and those from which that is derived, or by one that it inherits.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The nearest first.
    metas: Vec<InModule<ScopeId>>,
    /// The model has no `Meta` of its own and shares that of this base.
    pub(super) base: Option<Arc<str>>,
    /// Why nobody can tell.
    pub(super) unknown: Option<String>,
}

/// Whether a class gives those below it a `Meta`.
enum Inherited {
    Nothing,
    Metas(Vec<InModule<ScopeId>>),
    Unknown,
}

impl Reading<'_> {
    /// Its own, or what it inherits.
    pub(super) fn metas_of_model(&self, class: ScopeId) -> Said {
        let body = self.module.scope(class);
        let own = metas_of(self.module, class);
        match own.as_slice() {
            [one] => {
                let mut metas = vec![(self.at, *one)];
                metas.extend(self.metas_above((self.at, *one), 0));
                return Said { metas, ..Said::default() };
            }
            [] if !body.bindings.contains_key("Meta") => {}
            _ => {
                return Said { unknown: Some("its `Meta` is made at run time".to_owned()), ..Said::default() };
            }
        }
        let mut given: Vec<(ExprId, Vec<InModule<ScopeId>>)> = Vec::new();
        for &base in &body.bases {
            match self.inherited(self.at, base, 0) {
                Inherited::Nothing => {}
                Inherited::Metas(metas) => given.push((base, metas)),
                Inherited::Unknown if given.is_empty() => {
                    let words = self.module.source.slice(self.module.expr(base).span);
                    let unknown = Some(format!("whether `{words}` has a `Meta` is not known"));
                    return Said { unknown, ..Said::default() };
                }
                Inherited::Unknown => {}
            }
        }
        let several = given.len() > 1;
        let Some((base, metas)) = given.into_iter().next() else { return Said::default() };
        let words = self.module.source.slice(self.module.expr(base).span);
        // Of two bases that have another one above them, Python asks that last.
        let direct = self.evaluator.ask(self.at, base).iter().any(|val| match val {
            Val::Class((home, above)) => {
                self.evaluator.program.module(*home).is_some_and(|home| !metas_of(home, *above).is_empty())
            }
            _ => true,
        });
        let is_name = words.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.'));
        let unknown = match is_name && (direct || !several) {
            true => None,
            false => Some(format!("which `Meta` it inherits from `{words}` is not known")),
        };
        Said { metas, base: Some(words.into()), unknown }
    }

    /// Those from which a `Meta` is derived.
    fn metas_above(&self, (at, meta): InModule<ScopeId>, depth: u32) -> Vec<InModule<ScopeId>> {
        let Some(module) = self.evaluator.program.module(at).filter(|_| depth < DEPTH) else { return Vec::new() };
        let mut found = Vec::new();
        for &base in &module.scope(meta).bases {
            for val in self.evaluator.ask(at, base) {
                if let Val::Class(above) = val
                    && above != (at, meta)
                {
                    found.push(above);
                    found.extend(self.metas_above(above, depth + 1));
                }
            }
        }
        found
    }

    /// Django keeps the `Meta` of abstract classes alone.
    fn inherited(&self, at: usize, base: ExprId, depth: u32) -> Inherited {
        let Some(module) = self.evaluator.program.module(at).filter(|_| depth < DEPTH) else {
            return Inherited::Unknown;
        };
        let words = module.source.slice(module.expr(base).span);
        let mut result = Inherited::Unknown;
        for val in self.evaluator.ask(at, base) {
            match val {
                Val::Class((home, class)) => {
                    let Some(module) = self.evaluator.program.module(home) else { return Inherited::Unknown };
                    let own = metas_of(module, class);
                    if let Some(&meta) = own.first()
                        && (own.len() > 1
                            || says_true(module, class, "abstract")
                            || self.is_no_model(module, (home, class)))
                    {
                        let mut metas = vec![(home, meta)];
                        metas.extend(self.metas_above((home, meta), 0));
                        return Inherited::Metas(metas);
                    }
                    result = Inherited::Nothing;
                    for &further in &module.scope(class).bases {
                        match self.inherited(home, further, depth + 1) {
                            Inherited::Nothing => {}
                            other => return other,
                        }
                    }
                }
                Val::External(name) if is_plain(&name) => result = Inherited::Nothing,
                Val::External(name) if ABSTRACT.contains(&&*name) => return Inherited::Metas(Vec::new()),
                _ => {}
            }
        }
        if matches!(result, Inherited::Unknown) && is_plain(words) { Inherited::Nothing } else { result }
    }

    /// A class that only adds to models.
    pub(super) fn is_no_model(&self, module: &Module, class: InModule<ScopeId>) -> bool {
        !has_fields(module, class.1) && !self.is_of_django(class)
    }

    pub(super) fn value_in(&self, said: &Said, name: &str) -> Option<InModule<ExprId>> {
        said.metas.iter().find_map(|&(at, meta)| {
            let module = self.evaluator.program.module(at)?;
            match module.scope(meta).bindings.get(name)?.last()?.value {
                Bound::Expr(value) => Some((at, value)),
                _ => None,
            }
        })
    }

    /// Said by its own `Meta`: a class below an abstract one is not abstract.
    pub(super) fn is(&self, class: ScopeId, name: &str) -> bool {
        says_true(self.module, class, name)
    }

    // ---- apps ----

    pub(super) fn app_of(&self, said: &Said) -> App {
        let app = self.app_around(&self.module.source.path);
        let Some((home, value)) = self.value_in(said, "app_label") else { return app };
        let label = self.evaluator.program.module(home).and_then(|module| literal(module, value));
        if label.is_none() || label == app.label {
            return App { label, ..app };
        }
        // Its migrations are those of the app that it says it belongs to.
        let folder = label.as_deref().and_then(|label| self.evaluator.program.folder_with_steps(label));
        App { folder: folder.unwrap_or(app.folder), label }
    }

    fn app_around(&self, path: &str) -> App {
        let program = self.evaluator.program;
        let mut folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for _ in 0..LEVELS {
            let within = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            let last = folder.rsplit('/').next().unwrap_or("");
            if let Some(module) = program.at(&within("apps.py")).and_then(|at| program.module(at)) {
                let labels = labels(module, last);
                if let Some(first) = labels.first() {
                    let label = first.clone().filter(|_| labels.iter().all(|label| label == first));
                    return App { folder: folder.to_owned(), label };
                }
            }
            if !folder.is_empty() && !program.under(&within("migrations")).is_empty() {
                return App { folder: folder.to_owned(), label: Some(last.to_owned()) };
            }
            match folder.rsplit_once('/') {
                Some((outer, _)) => folder = outer,
                None if folder.is_empty() => break,
                None => folder = "",
            }
        }
        let own = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let label = app_label(path).map(str::to_owned);
        let folder = match own.strip_suffix("/models") {
            Some(outer) if !path.ends_with("/models.py") => outer,
            _ => own,
        };
        App { folder: folder.to_owned(), label }
    }
}

/// The labels that the configurations of an app give it; `None` for one that is made at run time.
fn labels(module: &Module, folder: &str) -> Vec<Option<String>> {
    let mut found = Vec::new();
    for scope in &module.scopes {
        let is_config = scope.bases.iter().any(|&base| module.source.slice(module.expr(base).span).ends_with("Config"));
        let value = |name: &str| scope.bindings.get(name).and_then(|bindings| bindings.last());
        let text = |name: &str| match value(name)?.value {
            Bound::Expr(value) => literal(module, value),
            _ => None,
        };
        if !is_config || value("name").is_none() {
            continue;
        }
        let name = text("name").and_then(|name| name.rsplit('.').next().map(str::to_owned));
        match (value("label"), &name) {
            (Some(_), _) => found.push(text("label")),
            (None, Some(name)) if name == folder => found.push(Some(name.clone())),
            // `name = "django.contrib.admin"` is another app's.
            (None, Some(_)) => {}
            (None, None) => found.push(None),
        }
    }
    found
}

fn metas_of(module: &Module, class: ScopeId) -> Vec<ScopeId> {
    let metas =
        module.scopes.iter().enumerate().filter(|(_, meta)| meta.parent == Some(class) && is_meta(module, meta));
    metas.filter_map(|(index, _)| u32::try_from(index).ok()).map(ScopeId).collect()
}

pub(super) fn says_true(module: &Module, class: ScopeId, name: &str) -> bool {
    metas_of(module, class).into_iter().any(|meta| static_truth(module, module.scope(meta), name) == Some(true))
}

/// What tells a model from a class that only adds methods to one.
pub(super) fn has_fields(module: &Module, class: ScopeId) -> bool {
    let scope: &Scope = module.scope(class);
    scope.bindings.values().flatten().any(|binding| {
        let Bound::Expr(value) = binding.value else { return false };
        last_name(module, value).is_some_and(|(name, _)| name.ends_with("Field") || name.ends_with("ForeignKey"))
    })
}

/// A base class that has no `Meta`.
pub(super) fn is_plain(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    PLAIN.contains(&last) && (last != "Model" || name.ends_with("models.Model") || name.ends_with("base.Model"))
}
