//! Migrations of one Django app: which of their places make a model, its fields between two models and its indexes. Follows no name, and
//! refuses what it cannot be sure of, in words for people.

use super::django::is_spread;
use super::evaluate::{argument, literal};
use super::ir::{Arg, ExprId, Kind, Module};
use super::view::View;
use crate::text::Span;

/// The steps of an app, in the order of their files.
pub(super) struct Steps<'p> {
    program: &'p View<'p>,
    modules: Vec<usize>,
    folder: String,
}

/// A place in one of them.
type Found = (usize, Span);

/// One operation: the file, what it is called, the call and its arguments.
struct Operation<'m> {
    at: usize,
    module: &'m Module,
    name: &'m str,
    call: ExprId,
    args: &'m [Arg],
}

impl Operation<'_> {
    fn text(&self, position: usize, keyword: &str) -> Option<String> {
        literal(self.module, argument(self.args, position, &[keyword])?)
    }

    fn says(&self, position: usize, keyword: &str, lower: &str) -> bool {
        self.text(position, keyword).is_some_and(|text| text.eq_ignore_ascii_case(lower))
    }

    fn place(&self) -> String {
        let place = self.module.source.place(self.module.expr(self.call).span);
        format!("{}:{}", place.file, place.start.line)
    }

    /// It tells Django of a change that the database gets otherwise.
    fn is_separate(&self) -> bool {
        let mut at = self.module.expr(self.call).parent;
        let mut steps = 0;
        while let Some(outer) = at.filter(|_| steps < 64) {
            if last_name(self.module, outer).is_some_and(|(name, _)| name == "SeparateDatabaseAndState") {
                return true;
            }
            at = self.module.expr(outer).parent;
            steps += 1;
        }
        false
    }
}

impl<'p> Steps<'p> {
    /// `None` for an app without migrations, whose tables are made as its models say.
    pub(super) fn of(program: &'p View<'p>, app: &str) -> Result<Option<Self>, String> {
        let folder = if app.is_empty() { "migrations".to_owned() } else { format!("{app}/migrations") };
        let all = program.under(&folder);
        if all.is_empty() {
            return Ok(None);
        }
        let is_step = |at: &usize| !program.path(*at).ends_with("/__init__.py");
        let modules: Vec<usize> = all.into_iter().filter(is_step).collect();
        if modules.is_empty() {
            return Err(format!("`{folder}` holds no migration"));
        }
        if let Some(at) = modules.iter().find(|&&at| program.module(at).is_none_or(|module| module.has_errors)) {
            return Err(format!("`{}` cannot be read", program.path(*at)));
        }
        Ok(Some(Self { program, modules, folder }))
    }

    fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        let modules = self.modules.iter().filter_map(|&at| Some((at, self.program.module(at)?)));
        modules.flat_map(|(at, module)| {
            module.calls.iter().filter_map(move |&call| {
                let Kind::Call { args, .. } = &module.expr(call).kind else { return None };
                Some(Operation { at, module, name: last_name(module, call)?.0, call, args })
            })
        })
    }

    pub(super) fn makes(&self, model: &str) -> bool {
        self.operations().any(|step| step.name == "CreateModel" && step.says(0, "name", model))
    }

    /// Every place that makes a model which says no name of a table.
    pub(super) fn made(&self, model: &str) -> Result<Vec<Found>, String> {
        let names = self.names_of(model)?;
        let is_called = |step: &Operation<'_>| names.iter().any(|name| step.says(0, "name", name));
        let mut found = Vec::new();
        for step in self.operations() {
            let place = step.place();
            match step.name {
                "CreateModel" if is_called(&step) => {
                    if step.is_separate() {
                        return Err(format!("{place} takes the model over from elsewhere"));
                    }
                    if is_spread(step.args) {
                        return Err(format!("{place} puts the model together at run time"));
                    }
                    if let Some(options) = argument(step.args, 2, &["options"]) {
                        let Some(keys) = keys(step.module, options) else {
                            return Err(format!("{place} puts the options of the model together at run time"));
                        };
                        if keys.iter().any(|key| key == "db_table") {
                            return Err(format!("{place} gives the model a `db_table`"));
                        }
                    }
                    found.push((step.at, last_name(step.module, step.call).map_or(Span::new(0, 0), |(_, span)| span)));
                }
                "DeleteModel" | "AlterModelTable" if is_called(&step) => {
                    return Err(format!("{place} changes its table (`{}`)", step.name));
                }
                _ => {}
            }
        }
        match found.is_empty() {
            true => Err(format!("no migration in `{}` makes it", self.folder)),
            false => Ok(found),
        }
    }

    /// What a model was called in turn. Under a table of a fixed name Django goes on as before, but not in all of its versions where
    /// columns of a table between two models are called after it.
    fn names_of(&self, model: &str) -> Result<Vec<String>, String> {
        let mut names = vec![model.to_owned()];
        let renames: Vec<Operation<'_>> = self.operations().filter(|step| step.name == "RenameModel").collect();
        for step in renames.iter().rev() {
            let (Some(old), Some(new)) = (step.text(0, "old_name"), step.text(1, "new_name")) else {
                return Err(format!("{} gives a model another name, and does not tell which", step.place()));
            };
            let (old, new) = (old.to_ascii_lowercase(), new.to_ascii_lowercase());
            if names.last() == Some(&new) {
                let is_met = names.contains(&old) || step.is_separate();
                let made = self.operations().filter(|it| it.name == "CreateModel" && it.says(0, "name", &old)).count();
                let others = names.iter().chain([&old]).any(|name| self.is_between_two(name));
                if is_met || made > 1 || others {
                    return Err(format!("{} gave the model its name", step.place()));
                }
                names.push(old);
            } else if names.contains(&old) {
                return Err(format!("{} gave another model its name", step.place()));
            }
        }
        Ok(names)
    }

    /// Anywhere a field between two models has this one at either end.
    fn is_between_two(&self, model: &str) -> bool {
        let fields = |step: Operation<'_>| {
            step.args
                .iter()
                .any(|arg| step.module.source.slice(step.module.expr(arg.value).span).contains("ManyToMany"))
        };
        let has = |step: &Operation<'_>| step.says(0, "name", model) || step.says(0, "model_name", model);
        self.operations().any(|step| has(&step) && fields(step))
            || self.program.every_caller("ManyToManyField").any(|(at, call)| {
                let Some(module) = self.program.module(at) else { return true };
                let Kind::Call { args, .. } = &module.expr(call).kind else { return true };
                let to = argument(args, 0, &["to"]).map_or("", |to| module.source.slice(module.expr(to).span));
                let last = to.trim_matches(['"', '\'']).rsplit('.').next().unwrap_or("");
                last.eq_ignore_ascii_case(model)
            })
    }

    /// Whether the history of a model that says the name of its table has always said that one.
    pub(super) fn says_named(&self, model: &str, table: &str) -> Result<(), String> {
        for step in self.operations() {
            let changes = matches!(step.name, "RenameModel" | "AlterModelTable" | "DeleteModel");
            let is_it =
                step.says(0, "name", model) || step.says(0, "old_name", model) || step.says(1, "new_name", model);
            if changes && is_it && self.has_field_between(model) {
                return Err(format!("{} changes its table (`{}`)", step.place(), step.name));
            }
            if step.name == "CreateModel" && step.says(0, "name", model) && self.has_field_between(model) {
                let options = argument(step.args, 2, &["options"]);
                let said = options.and_then(|options| value_of(step.module, options, "db_table"));
                if said.and_then(|said| literal(step.module, said)).as_deref() != Some(table) {
                    return Err(format!("{} gives the model another table", step.place()));
                }
            }
        }
        Ok(())
    }

    /// No other table is called after this one by a library.
    pub(super) fn free_of_made_from(&self, table: &str) -> Result<(), String> {
        let head = format!("{table}_").to_ascii_lowercase();
        for step in self.operations().filter(|step| step.name == "CreateModel") {
            let Some(options) = argument(step.args, 2, &["options"]) else { continue };
            let said = value_of(step.module, options, "db_table").and_then(|said| literal(step.module, said));
            if let Some(other) =
                said.filter(|other| other.to_ascii_lowercase().starts_with(&head) && other.ends_with("_translation"))
            {
                return Err(format!("a library may call `{other}` after it ({})", step.place()));
            }
        }
        Ok(())
    }

    /// Every place that makes a field whose table between two models takes its name from the model's.
    pub(super) fn field(&self, model: &str, field: &str) -> Result<Vec<Found>, String> {
        let mut found = Vec::new();
        for step in self.operations() {
            if step.name == "RenameField"
                && step.says(0, "model_name", model)
                && (step.says(1, "old_name", field) || step.says(2, "new_name", field))
            {
                return Err(format!("{} gave the field `{field}` its name", step.place()));
            }
        }
        for (step, name, value) in self.fields_between(model) {
            if name.eq_ignore_ascii_case(field) {
                if step.is_separate() {
                    return Err(format!("{} takes the field `{field}` over from elsewhere", step.place()));
                }
                found.push((step.at, last_name(step.module, value).map_or(Span::new(0, 0), |(_, span)| span)));
            }
        }
        match found.is_empty() {
            true => Err(format!("no migration in `{}` makes the field `{field}`", self.folder)),
            false => Ok(found),
        }
    }

    /// No table between two models is there of which the class itself does not tell.
    pub(super) fn free_of_other_fields(&self, model: &str, own: &[&str]) -> Result<(), String> {
        for (step, name, value) in self.fields_between(model) {
            if own.contains(&name.as_str()) {
                if last_name(step.module, value).is_none_or(|(name, _)| name != "ManyToManyField") {
                    return Err(format!("the field `{name}` is of a kind of its own ({})", step.place()));
                }
                continue;
            }
            let removed = self.operations().any(|other| {
                other.name == "RemoveField" && other.says(0, "model_name", model) && other.says(1, "name", &name)
            });
            if !removed {
                return Err(format!(
                    "the table between two models of `{name}` takes its name from this one ({})",
                    step.place()
                ));
            }
        }
        Ok(())
    }

    fn has_field_between(&self, model: &str) -> bool {
        !self.fields_between(model).is_empty()
    }

    /// Fields of a model, with their names and what makes them, whose table between two models nobody names.
    fn fields_between(&self, model: &str) -> Vec<(Operation<'_>, String, ExprId)> {
        let mut found = Vec::new();
        for step in self.operations() {
            match step.name {
                "CreateModel" if step.says(0, "name", model) => {
                    let Some(Kind::List(fields)) =
                        argument(step.args, 1, &["fields"]).map(|fields| &step.module.expr(fields).kind)
                    else {
                        continue;
                    };
                    for &pair in fields {
                        let Kind::List(pair) = &step.module.expr(pair).kind else { continue };
                        let [name, value] = pair.as_slice() else { continue };
                        if let Some(name) = literal(step.module, *name).filter(|_| is_between(step.module, *value)) {
                            found.push((Operation { ..step }, name, *value));
                        }
                    }
                }
                "AddField" | "AlterField" if step.says(0, "model_name", model) => {
                    if let (Some(name), Some(value)) = (step.text(1, "name"), argument(step.args, 2, &["field"]))
                        && is_between(step.module, value)
                    {
                        found.push((step, name, value));
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// What the index with the same fields is called, where Django made its name up.
    pub(super) fn name_of_index(&self, model: &str, home: &Module, index: ExprId) -> Option<String> {
        let wanted = fields_of(home, index)?;
        let mut names: Vec<String> = Vec::new();
        for step in self.operations() {
            let is_own = step.says(0, "model_name", model);
            match step.name {
                "AddIndex" if is_own => {
                    let Some(index) = argument(step.args, 1, &["index"]) else { continue };
                    names.extend(
                        name_of(step.module, index).filter(|_| fields_of(step.module, index).as_ref() == Some(&wanted)),
                    );
                }
                "CreateModel" if step.says(0, "name", model) => {
                    let options = argument(step.args, 2, &["options"]);
                    let indexes = options.and_then(|options| value_of(step.module, options, "indexes"));
                    let Some(Kind::List(indexes)) = indexes.map(|indexes| &step.module.expr(indexes).kind) else {
                        continue;
                    };
                    let same = indexes.iter().filter(|&&index| fields_of(step.module, index).as_ref() == Some(&wanted));
                    names.extend(same.filter_map(|&index| name_of(step.module, index)));
                }
                "RenameIndex" if is_own => {
                    let (old, new) = (step.text(2, "old_name"), step.text(1, "new_name")?);
                    match old {
                        Some(old) => {
                            names.iter_mut().filter(|name| **name == old).for_each(|name| name.clone_from(&new))
                        }
                        None => {
                            let fields = argument(step.args, 3, &["old_fields"])?;
                            if list(step.module, fields)? == wanted {
                                names.push(new);
                            }
                        }
                    }
                }
                "RemoveIndex" if is_own => {
                    let name = step.text(1, "name")?;
                    names.retain(|own| *own != name);
                }
                _ => {}
            }
        }
        names.sort();
        names.dedup();
        if names.len() == 1 { names.pop() } else { None }
    }
}

/// A field between two models that names no table: also one of a class that is called so.
pub(super) fn is_between(module: &Module, field: ExprId) -> bool {
    let Kind::Call { args, .. } = &module.expr(field).kind else { return false };
    last_name(module, field).is_some_and(|(name, _)| name.ends_with("ManyToManyField"))
        && !args.iter().any(|arg| matches!(arg.name.as_deref(), Some("db_table" | "through")))
}

/// The fields of `models.Index(fields=["a", "-b"])`, where it says nothing else than those and a name.
fn fields_of(module: &Module, index: ExprId) -> Option<Vec<String>> {
    let Kind::Call { args, .. } = &module.expr(index).kind else { return None };
    let is_usual = |arg: &Arg| matches!(arg.name.as_deref(), Some("fields" | "name"));
    let (name, _) = last_name(module, index)?;
    let fields = argument(args, usize::MAX, &["fields"]).filter(|_| name == "Index" && args.iter().all(is_usual))?;
    list(module, fields)
}

fn name_of(module: &Module, index: ExprId) -> Option<String> {
    let Kind::Call { args, .. } = &module.expr(index).kind else { return None };
    literal(module, argument(args, usize::MAX, &["name"])?)
}

fn list(module: &Module, expr: ExprId) -> Option<Vec<String>> {
    let Kind::List(parts) = &module.expr(expr).kind else { return None };
    parts.iter().map(|&part| literal(module, part)).collect()
}

/// The keys of a dictionary that is written out.
fn keys(module: &Module, dict: ExprId) -> Option<Vec<String>> {
    let Kind::Dict(pairs) = &module.expr(dict).kind else { return None };
    pairs.iter().map(|(key, _)| literal(module, (*key)?)).collect()
}

fn value_of(module: &Module, dict: ExprId, name: &str) -> Option<ExprId> {
    let Kind::Dict(pairs) = &module.expr(dict).kind else { return None };
    let is_it = |key: &Option<ExprId>| key.and_then(|key| literal(module, key)).as_deref() == Some(name);
    pairs.iter().find(|(key, _)| is_it(key)).map(|(_, value)| *value)
}

/// What is called: `ManyToManyField` of `models.ManyToManyField(..)`, and where that stands.
pub(super) fn last_name(module: &Module, call: ExprId) -> Option<(&str, Span)> {
    let Kind::Call { callee, .. } = &module.expr(call).kind else { return None };
    let (Kind::Name(name) | Kind::Member(_, name)) = &module.expr(*callee).kind else { return None };
    let end = module.expr(*callee).span.end as usize;
    Some((name, Span::new(end.checked_sub(name.len())?, end)))
}
