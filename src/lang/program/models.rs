//! Models: classes that stand for a table, which they name, or which takes its name from theirs. Knows no SQL.

use std::collections::BTreeSet;

use super::evaluate::{InModule, Val, literal};
use super::facts::Reading;
use super::ir::{Bound, ExprId, Kind, Module, Scope, ScopeId, ScopeKind};
use super::metas::ABSTRACT;
use crate::lang::Language;
use crate::lang::facts::{Access, Naming, TableUse};
use crate::lang::plural::plurals;
use crate::text::Span;

/// Classes above a class.
const DEPTH: u32 = 16;

/// sqlalchemy-continuum keeps former rows in a table of its own making.
const VERSIONED: &str = "the table of its former rows takes its name from this one: `__versioned__`";
const SOURCE: &str = "code makes the name of another table from this one";
const UNNAMED: &str = "the model takes its table's name from the class: give its `Meta` a `table_name`";
const UNNAMED_IN_OTHER: &str = "the model takes its table's name from the class: say the name in it";
const BETWEEN: &str = "the tables of a `ManyToManyField` take their names from those of models: give it a `through_model`, and this model a `table_name`";
const BY_FUNCTION: &str = "the `table_function` of a `Meta` makes its table's name: give its own `Meta` a `table_name`";

/// A library whose models may leave the name of their table out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Library {
    /// `user_group` for `UserGroup`.
    FlaskSqlalchemy,
    /// `usergroup` for `UserGroup`, by itself or by a base class that says so.
    Lowered,
    /// `usergroup` for `UserGroup`, or `user_group` where a `Meta` asks for it; said otherwise in a `Meta`.
    Peewee,
    /// `app_usergroup` for `UserGroup`, said otherwise in a `Meta`.
    Django,
    /// One whose models are not rewritten: Tortoise, Pony, Piccolo, ormar, SQLObject, Orator.
    Other,
}

/// What the classes above a class say of its table.
#[derive(Default)]
struct Ancestry {
    library: Option<Library>,
    /// One of them has a table, which the class shares.
    has_table: bool,
    /// What the nearest `Meta` says of `legacy_table_names`.
    legacy: Option<bool>,
    /// A `Meta` has a function that makes up the names.
    by_function: bool,
}

impl Reading<'_> {
    /// `__tablename__`, what a `Meta` inside a model says, and names that follow from those of classes.
    pub(super) fn models(&mut self) {
        if self.module.language != Language::Python {
            return;
        }
        let (mut given, mut implied) = (Vec::new(), Vec::new());
        let sources = self.sources_of_names();
        for (index, scope) in self.module.scopes.iter().enumerate() {
            if scope.kind != ScopeKind::Class {
                continue;
            }
            let is_meta = is_meta(self.module, scope);
            let meta: &[&str] = if is_meta { &["db_table", "table_name"] } else { &["__tablename__"] };
            let before = given.len();
            let of_other: &[&str] = if is_meta { &["table", "tablename"] } else { &["_table_", "tablename"] };
            let own = ScopeId(u32::try_from(index).unwrap_or(u32::MAX));
            let says = of_other.iter().any(|name| scope.bindings.contains_key(*name));
            let model = if is_meta { scope.parent.unwrap_or(own) } else { own };
            let is_other = says && self.ancestry((self.at, model), 0).library == Some(Library::Other);
            for name in meta.iter().chain(of_other.iter().filter(|_| is_other)) {
                for binding in scope.bindings.get(*name).into_iter().flatten() {
                    if let Bound::Expr(value) = binding.value {
                        given.push(value);
                    }
                }
            }
            if before == given.len() && !is_meta && !scope.bases.is_empty() {
                implied.push(ScopeId(u32::try_from(index).unwrap_or(u32::MAX)));
            }
        }
        given.sort_unstable();
        for value in given {
            let first = self.facts.table_uses.len();
            self.names_table(value, Access::Defines, Naming::Given, &[]);
            let source = self.class_around(value).filter(|class| sources.has(*class)).map(|_| SOURCE.to_owned());
            let last = self.facts.table_uses.len();
            if let Some(reason) = self.has_followers(value).or(source) {
                for found in self.facts.table_uses.iter_mut().take(last).skip(first) {
                    found.fixed = Some(reason.as_str().into());
                }
            }
        }
        for class in implied {
            let first = self.facts.table_uses.len();
            self.implied(class);
            if sources.has(class) {
                for found in self.facts.table_uses.iter_mut().skip(first) {
                    found.fixed = Some(SOURCE.into());
                }
            }
        }
        for index in 0..self.module.scopes.len() {
            let class = ScopeId(u32::try_from(index).unwrap_or(u32::MAX));
            let body = self.module.scope(class);
            let is_asked = body.kind == ScopeKind::Class
                && self.module.source.slice(body.span).contains("ManyToManyField")
                && (self.is_of_django((self.at, class)) || self.is_made_by_steps(class));
            if is_asked {
                self.between_in_django(class);
            }
        }
        self.between_others();
    }

    /// The model that an expression in its body, or in its `Meta`, belongs to.
    fn class_around(&self, expr: ExprId) -> Option<ScopeId> {
        let at = self.module.expr(expr).scope;
        let scope = self.module.scope(at);
        if is_meta(self.module, scope) { scope.parent } else { Some(at) }
    }

    /// Tables of a model's relations that take their names from its own.
    fn has_followers(&mut self, name: ExprId) -> Option<String> {
        let meta = self.module.scope(self.module.expr(name).scope);
        if meta.bindings.contains_key("__versioned__") {
            return Some(VERSIONED.to_owned());
        }
        let class = meta.parent.filter(|_| is_meta(self.module, meta))?;
        let model = self.module.scope(class);
        if self.is_of_django((self.at, class)) && !self.evaluator.program.renamed.is_empty() {
            return self.of_named_in_django(class, &literal(self.module, name)?);
        }
        let within = |call: ExprId| model.span.contains(self.module.expr(call).span);
        if self.module.calls.iter().any(|&call| is_nameless_index(self.module, call) && within(call)) {
            return Some(format!("an index of `{}` takes its name from the table's: give it a `name`", model.name));
        }
        if meta.bindings.contains_key("table") && self.module.source.text.contains("tortoise") {
            return self.is_between_in_tortoise().map(str::to_owned);
        }
        let follows = self.module.calls.iter().any(|&call| is_many_to_many(self.module, call) && within(call));
        follows.then(|| {
            format!(
                "a `ManyToManyField` of `{}` takes the name of its table from this one: give it a `db_table`",
                model.name
            )
        })
    }

    fn implied(&mut self, class: ScopeId) {
        let body = self.module.scope(class);
        let ancestry = self.ancestry((self.at, class), 0);
        let of_django = || self.is_made_by_steps(class).then_some(Library::Django);
        let Some(library) = ancestry.library.or_else(of_django) else { return };
        let words = self.module.source.slice(body.span);
        let head = words.lines().take(6).collect::<Vec<_>>().join(" ");
        let head = head.split(':').next().unwrap_or("");
        let says = |name: &str| body.bindings.contains_key(name);
        let own = match library {
            // A class without a key of its own shares the table of the one above.
            Library::FlaskSqlalchemy | Library::Lowered => {
                !says("__abstract__")
                    && !says("__table__")
                    && (!ancestry.has_table || words.contains("primary_key"))
                    && (library == Library::FlaskSqlalchemy || has_columns(words) || head.contains("table=True"))
            }
            Library::Peewee => {
                let says =
                    |name: &&str| meta_of(self.module, class).is_some_and(|meta| meta.bindings.contains_key(*name));
                !["db_table", "table_name", "abstract", "proxy"].iter().any(says)
                    && (words.contains("Field") || ancestry.has_table)
            }
            Library::Django => true,
            Library::Other => {
                let says_so = |name: &&str| {
                    says(name) || meta_of(self.module, class).is_some_and(|meta| meta.bindings.contains_key(*name))
                };
                !["_table_", "table", "tablename"].iter().any(says_so) && !words.contains("tablename=")
            }
        };
        if !own || library == Library::Other && self.evaluator.program.renamed.is_empty() {
            return;
        }
        let lower = body.name.to_ascii_lowercase();
        // The name stands after the word `class`, wherever decorators end.
        let Some(at) = name_of_class(self.module, class) else { return };
        match library {
            Library::FlaskSqlalchemy => {
                self.takes(class, at, snake(&body.name), says("__versioned__").then_some(VERSIONED))
            }
            Library::Lowered => self.takes(class, at, lower, says("__versioned__").then_some(VERSIONED)),
            Library::Peewee => self.of_peewee(class, at, &ancestry),
            Library::Other => {
                let names: BTreeSet<String> = plurals(&lower).into_iter().chain(plurals(&snake(&body.name))).collect();
                for table in names.into_iter().filter(|table| self.evaluator.program.renamed.contains(table)) {
                    self.takes(class, at, table, Some(UNNAMED_IN_OTHER));
                }
            }
            Library::Django => self.of_django(class, at),
        }
    }

    fn of_peewee(&mut self, class: ScopeId, at: Span, ancestry: &Ancestry) {
        let name = &self.module.scope(class).name;
        let (lower, spelled) = (name.to_ascii_lowercase(), snake(name));
        if ancestry.by_function {
            let tables = if lower == spelled { vec![lower] } else { vec![lower, spelled] };
            tables.into_iter().for_each(|table| self.takes(class, at, table, Some(BY_FUNCTION)));
            return;
        }
        let table = if ancestry.legacy == Some(false) { spelled } else { lower };
        let own_meta = self
            .module
            .scopes
            .iter()
            .enumerate()
            .find(|(_, meta)| meta.parent == Some(class) && is_meta(self.module, meta));
        let inner = own_meta.and_then(|(index, _)| name_of_class(self.module, ScopeId(u32::try_from(index).ok()?)));
        // Its table between two models takes its name from both of theirs.
        let fixed = if self.evaluator.program.every_caller("ManyToManyField").next().is_some() {
            Some(BETWEEN)
        } else if inner.is_none() && !has_fields(self.module, class) {
            Some(UNNAMED)
        } else {
            None
        };
        self.takes(class, inner.unwrap_or(at), table, fixed);
    }

    /// A class whose table has the name that follows from the class's.
    pub(super) fn takes(&mut self, class: ScopeId, at: Span, table: String, fixed: Option<&str>) {
        let outer = self.module.scope(class).parent.unwrap_or(ScopeId(0));
        self.facts.table_uses.push(TableUse {
            access: Access::Defines,
            fixed: fixed.map(Into::into),
            ..self.table_use(self.module.source.place(at), table, Naming::Implied, outer)
        });
    }

    /// A model of Django, as far as the classes above it tell.
    pub(super) fn is_of_django(&self, class: InModule<ScopeId>) -> bool {
        self.ancestry(class, 0).library == Some(Library::Django)
    }

    fn ancestry(&self, (at, class): InModule<ScopeId>, depth: u32) -> Ancestry {
        let mut found = Ancestry::default();
        let Some(module) = self.evaluator.program.module(at).filter(|_| depth < DEPTH) else { return found };
        if let Some(meta) = meta_of(module, class) {
            found.legacy = static_truth(module, meta, "legacy_table_names");
            found.by_function = meta.bindings.contains_key("table_function");
        }
        for &base in &module.scope(class).bases {
            let words = module.source.slice(module.expr(base).span);
            let last = words.rsplit('.').next().unwrap_or(words);
            for val in self.evaluator.ask(at, base) {
                match val {
                    Val::Class(above) if above != (at, class) => {
                        let Some(home) = self.evaluator.program.module(above.0) else { continue };
                        let body = home.scope(above.1);
                        let text = home.source.slice(body.span);
                        if names_tables_by_class(text) {
                            found.library = Some(Library::Lowered);
                            continue;
                        }
                        let further = self.ancestry(above, depth + 1);
                        let is_abstract =
                            body.bindings.contains_key("__abstract__") || text.contains("abstract = True");
                        let concrete = body.bindings.contains_key("__tablename__")
                            || further.library.is_some() && !is_abstract && has_columns(text);
                        found.has_table |= further.has_table || concrete;
                        found.library = found.library.or(further.library);
                        found.legacy = found.legacy.or(further.legacy);
                        found.by_function |= further.by_function;
                    }
                    Val::External(name) => {
                        let library = match name.as_ref() {
                            "sqlmodel.SQLModel" => Some(Library::Lowered),
                            "peewee.Model" | "playhouse.flask_utils.FlaskDB.Model" => Some(Library::Peewee),
                            "django.db.models.Model" | "django.contrib.auth.models.AbstractUser" => {
                                Some(Library::Django)
                            }
                            name if ABSTRACT.contains(&name) => Some(Library::Django),
                            // `playhouse.sqlite_ext.FTS5Model`
                            name if name.starts_with("playhouse.") && name.ends_with("Model") => Some(Library::Peewee),
                            name if is_of_other_library(name) => Some(Library::Other),
                            _ => None,
                        };
                        found.library = found.library.or(library);
                    }
                    _ => {}
                }
            }
            // `db = Database()` of Pony does so as well.
            if found.library.is_none() && last == "Entity" && words != "Entity" && module.source.text.contains("pony") {
                found.library = Some(Library::Other);
            }
            // `db = SQLAlchemy()` gives the class at run time.
            if found.library.is_none() && last == "Model" && words != "Model" {
                // The module that makes `db` need not be one that is read.
                let flask = words == "db.Model" && !module.source.text.contains("peewee")
                    || self.evaluator.program.uses_flask_sqlalchemy() && !words.starts_with("models.");
                found.library = if flask {
                    Some(Library::FlaskSqlalchemy)
                } else if words == "models.Model" && module.source.text.contains("django") {
                    Some(Library::Django)
                } else {
                    None
                };
            }
        }
        // SQLModel makes a table of those classes only that ask for one.
        if found.library == Some(Library::Lowered) {
            let words = module.source.slice(module.scope(class).span);
            let head: String = words.lines().take(6).collect::<Vec<_>>().join(" ");
            let head = head.split("):").next().unwrap_or("");
            if module.source.text.contains("sqlmodel") && !head.contains("table=True") && depth == 0 {
                found.library = None;
            }
        }
        found
    }
}

/// The base class of a mapper whose models are not rewritten.
fn is_of_other_library(name: &str) -> bool {
    let (library, class) = (name.split('.').next().unwrap_or(""), name.rsplit('.').next().unwrap_or(""));
    matches!(
        (library, class),
        ("tortoise" | "ormar" | "orator" | "masoniteorm" | "edgy" | "saffier" | "orm", "Model")
            | ("piccolo", "Table")
            | ("sqlobject", "SQLObject")
    )
}

/// The `Meta` inside a model; a model may be called so itself.
pub(super) fn is_meta(module: &Module, scope: &Scope) -> bool {
    scope.name.as_ref() == "Meta" && scope.parent.is_some_and(|outer| module.scope(outer).kind == ScopeKind::Class)
}

fn meta_of(module: &Module, class: ScopeId) -> Option<&Scope> {
    module.scopes.iter().find(|meta| meta.parent == Some(class) && is_meta(module, meta))
}

/// `legacy_table_names = False`.
pub(super) fn static_truth(module: &Module, meta: &Scope, name: &str) -> Option<bool> {
    let Bound::Expr(value) = meta.bindings.get(name)?.last()?.value else { return None };
    match module.source.slice(module.expr(value).span) {
        "True" => Some(true),
        "False" => Some(false),
        _ => None,
    }
}

/// `name = CharField()`: what tells the writer that it is a model of peewee.
fn has_fields(module: &Module, class: ScopeId) -> bool {
    module.scope(class).bindings.values().flatten().any(|binding| {
        let Bound::Expr(value) = binding.value else { return false };
        let Kind::Call { callee, .. } = &module.expr(value).kind else { return false };
        matches!(&module.expr(*callee).kind, Kind::Name(name) | Kind::Member(_, name) if is_field(name))
    })
}

/// `CharField`; SQLModel's is `Field`.
fn is_field(class: &str) -> bool {
    class.len() > "Field".len() && class.ends_with("Field")
}

/// `models.Index(fields=["name"])`: Django makes up a name from the table's, which its migrations hold.
pub(super) fn is_nameless_index(module: &Module, call: ExprId) -> bool {
    let Kind::Call { callee, args } = &module.expr(call).kind else { return false };
    matches!(&module.expr(*callee).kind, Kind::Member(_, name) | Kind::Name(name) if name.ends_with("Index"))
        && args.iter().any(|arg| arg.name.as_deref() == Some("fields"))
        && !args.iter().any(|arg| matches!(arg.name.as_deref(), Some("name") | None))
}

/// A `ManyToManyField` that does not say which table is between.
pub(super) fn is_many_to_many(module: &Module, call: ExprId) -> bool {
    let Kind::Call { callee, args } = &module.expr(call).kind else { return false };
    matches!(&module.expr(*callee).kind, Kind::Name(name) | Kind::Member(_, name) if name.as_ref() == "ManyToManyField")
        && !args.iter().any(|arg| matches!(arg.name.as_deref(), Some("db_table" | "through" | "through_model")))
}

/// `def __tablename__(cls): return cls.__name__.lower()`.
fn names_tables_by_class(text: &str) -> bool {
    let Some((_, after)) = text.split_once("def __tablename__") else { return false };
    let returned = after.lines().find_map(|line| line.trim().strip_prefix("return "));
    returned.is_some_and(|returned| matches!(returned.trim(), "cls.__name__.lower()" | "self.__name__.lower()"))
}

fn has_columns(text: &str) -> bool {
    ["Column(", "mapped_column(", "Field("].iter().any(|column| text.contains(column))
}

pub(super) fn name_of_class(module: &Module, class: ScopeId) -> Option<Span> {
    let body = module.scope(class);
    let outer = module.scope(body.parent?);
    let bindings = outer.bindings.get(&body.name)?;
    let binding = bindings.iter().find(|binding| matches!(binding.value, Bound::Class(own) if own == class))?;
    Some(binding.span)
}

/// `user_group` for `UserGroup`, as Flask-SQLAlchemy spells it.
pub(in crate::lang) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut found = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(index + 1);
        let starts = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase() || before.is_numeric() || after.is_some_and(|after| after.is_lowercase())
            });
        if starts && !found.ends_with('_') {
            found.push('_');
        }
        found.extend(letter.to_lowercase());
    }
    found
}

/// The app that a file of models belongs to: the folder around `models.py` or around the package `models`.
pub(super) fn app_label(path: &str) -> Option<&str> {
    let mut folders: Vec<&str> = path.split('/').collect();
    let file = folders.pop()?;
    let last = folders.pop()?;
    if file == "models.py" || last != "models" { Some(last) } else { folders.pop() }
}
