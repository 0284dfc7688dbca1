//! Which expressions say what tables there are: a query of SQLite's catalogue, the list of a library, and what code makes of those.
//! Finds no names and changes nothing.

use std::collections::HashSet;

use super::evaluate::{Evaluator, Val};
use super::fillers::home;
use super::ir::{Arg, Bound, ExprId, Kind, Module, Op, ScopeId};
use super::known;
use super::names::reaching;
use super::relays::iterated_by;

/// Expressions looked at for one question.
const STEPS: usize = 300;
/// Letters of an expression whose words are searched.
const WORDS: usize = 400;

/// Calls of libraries and tables of SQLite that list tables.
pub(super) const SIGNS: [&str; 9] = [
    "table_names(",
    ".list_tables(",
    "get_tables(",
    ".getTables(",
    "sqlite_master",
    "sqlite_schema",
    ".tables.keys(",
    "table_list",
    "sqlite_sequence",
];

/// Methods that give what they are called on, or parts of it.
const SAME: [&str; 24] = [
    "all",
    "copy",
    "difference",
    "fetchall",
    "fetchmany",
    "fetchone",
    "first",
    "get",
    "intersection",
    "items",
    "keys",
    "lower",
    "mappings",
    "one",
    "scalar",
    "scalars",
    "sort",
    "strip",
    "toSorted",
    "tolist",
    "union",
    "slice",
    "unique",
    "values",
];

/// What makes a collection, or an element, of another.
const COLLECTIONS: [&str; 15] = [
    "Set",
    "enumerate",
    "filter",
    "frozenset",
    "iter",
    "list",
    "map",
    "next",
    "reversed",
    "set",
    "sorted",
    "tqdm",
    "track",
    "tuple",
    "zip",
];

/// What is known of an expression that lists tables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Listing {
    /// The names stand in their order.
    pub(super) ordered: bool,
}

/// Whether an expression says which tables there are: `db.table_names()`, rows of `sqlite_master`, a name such as `existing_tables`.
pub(super) fn lists_tables(evaluator: &Evaluator<'_>, at: usize, expr: ExprId) -> bool {
    listing(evaluator, at, expr).is_some()
}

pub(super) fn listing(evaluator: &Evaluator<'_>, at: usize, expr: ExprId) -> Option<Listing> {
    let mut search = Search { evaluator, seen: HashSet::new(), open: vec![(at, expr, true)], ordered: false };
    while let Some(next) = search.open.pop() {
        if search.seen.len() > STEPS {
            return None;
        }
        if search.seen.insert(next) && search.lists(next) {
            return Some(Listing { ordered: search.ordered });
        }
    }
    None
}

/// `tables`, `existing_tables`, `table_names`, and not `TABLES`, which is rather a list of the program's own.
fn is_list_of_tables(name: &str) -> bool {
    name == "tables" || name.ends_with("_tables") || name.ends_with("table_names") || name.starts_with("tables_")
}

/// An expression of a module, and whether it lists tables if it is only called so: what is an element of `tables` does not.
type Looked = (usize, ExprId, bool);

struct Search<'e, 'p> {
    evaluator: &'e Evaluator<'p>,
    seen: HashSet<Looked>,
    open: Vec<Looked>,
    ordered: bool,
}

impl Search<'_, '_> {
    /// Whether an expression itself lists tables; what it is made of is looked at next.
    fn lists(&mut self, (at, expr, by_name): Looked) -> bool {
        let Some(module) = self.evaluator.program.module(at) else { return false };
        let own = module.expr(expr);
        let words = module.source.slice(own.span);
        match &own.kind {
            Kind::Call { callee, args } => {
                if self.says(words) {
                    return true;
                }
                self.call((at, by_name), module, *callee, args)
            }
            Kind::Member(base, name) => {
                if matches!(name.as_ref(), "name" | "tbl_name" | "table_name") {
                    self.open.push((at, *base, false));
                }
                by_name && is_list_of_tables(name)
            }
            Kind::Index(base, _) => {
                self.open.push((at, *base, false));
                self.says(words)
            }
            Kind::List(parts) | Kind::Opaque(parts) => {
                self.open.extend(parts.iter().map(|&part| (at, part, by_name)));
                self.says(words)
            }
            Kind::Dict(pairs) => {
                self.open.extend(pairs.iter().filter_map(|(key, _)| Some((at, (*key)?, by_name))));
                false
            }
            Kind::Cond { then, otherwise, .. } => {
                self.open.extend([(at, *then, by_name), (at, *otherwise, by_name)]);
                false
            }
            Kind::Binary { op: Op::Or | Op::And | Op::Add | Op::Other, left, right } => {
                self.open.extend([(at, *left, by_name), (at, *right, by_name)]);
                false
            }
            Kind::Name(name) => by_name && is_list_of_tables(name) || self.name((at, by_name), module, expr, name),
            _ => false,
        }
    }

    /// The words of an expression name the catalogue, or a library's list.
    fn says(&mut self, words: &str) -> bool {
        let says = words.len() < WORDS && SIGNS.iter().any(|sign| words.contains(sign));
        self.ordered |= says && (words.contains("get_table_names(") || is_ordered(words));
        says
    }

    fn call(&mut self, (at, by_name): (usize, bool), module: &Module, callee: ExprId, args: &[Arg]) -> bool {
        match &module.expr(callee).kind {
            Kind::Member(base, method) => {
                if known::runs_sql(method) && self.asks(module, args) {
                    return true;
                }
                if SAME.contains(&method.as_ref()) {
                    self.ordered |= matches!(method.as_ref(), "sort" | "toSorted");
                    self.open.push((at, *base, by_name));
                }
            }
            Kind::Name(name) if COLLECTIONS.contains(&name.as_ref()) => {
                self.ordered |= name.as_ref() == "sorted";
                self.open.extend(args.iter().map(|arg| (at, arg.value, by_name)));
                return false;
            }
            _ => {}
        }
        if self.evaluator.program.reads_catalogue() {
            for val in self.evaluator.ask(at, callee) {
                let Val::Function((home, scope), _) = val else { continue };
                let Some(body) = self.evaluator.program.module(home) else { continue };
                self.open.extend(body.scope(scope).returns.iter().map(|&given| (home, given, by_name)));
            }
        }
        false
    }

    /// The query that is run asks for the catalogue, where it stands or under the name that it was given.
    fn asks(&mut self, module: &Module, args: &[Arg]) -> bool {
        let Some(query) = args.first().map(|arg| arg.value) else { return false };
        let mut texts = vec![query];
        if let Kind::Name(name) = &module.expr(query).kind
            && let Some(scope) = home(module, module.expr(query).scope, name)
        {
            let bindings = module.scope(scope).bindings.get(name);
            texts.extend(bindings.into_iter().flatten().filter_map(|binding| match binding.value {
                Bound::Expr(value) => Some(value),
                _ => None,
            }));
        }
        texts.into_iter().any(|text| {
            let words = module.source.slice(module.expr(text).span);
            let asks = words.len() < 4 * WORDS && SIGNS.iter().any(|sign| words.contains(sign));
            self.ordered |= asks && is_ordered(words);
            asks
        })
    }

    /// What a name is bound to, what is appended to it, what a cursor of that name ran last.
    fn name(&mut self, (at, by_name): (usize, bool), module: &Module, expr: ExprId, name: &str) -> bool {
        let own = module.expr(expr);
        let Some(scope) = home(module, own.scope, name) else { return false };
        let Some(bindings) = module.scope(scope).bindings.get(name) else { return false };
        for binding in reaching(module, bindings, (scope == own.scope).then_some(own)) {
            match binding.value {
                Bound::Expr(value) | Bound::Enter(value) => self.open.push((at, value, by_name)),
                Bound::Element(value) | Bound::Part(value, _) => self.open.push((at, value, false)),
                // `rows.some((row) => row.name === "users")`
                Bound::Param(index) => {
                    self.open.extend(iterated_by(module, scope, index).map(|list| (at, list, false)));
                }
                _ => {}
            }
        }
        self.calls_of(at, module, own.span.start, scope, name)
    }

    fn calls_of(&mut self, at: usize, module: &Module, before: u32, scope: ScopeId, name: &str) -> bool {
        let mut ran = None;
        for &call in &module.calls {
            let Kind::Call { callee, args } = &module.expr(call).kind else { continue };
            let Kind::Member(base, method) = &module.expr(*callee).kind else { continue };
            if !matches!(&module.expr(*base).kind, Kind::Name(own) if own.as_ref() == name)
                || home(module, module.expr(*base).scope, name) != Some(scope)
            {
                continue;
            }
            match method.as_ref() {
                "append" | "add" | "extend" | "update" => {
                    self.open.extend(args.iter().map(|arg| (at, arg.value, false)));
                }
                "sort" => self.ordered = true,
                _ if known::runs_sql(method) && module.expr(call).span.start < before => ran = Some(args),
                _ => {}
            }
        }
        ran.is_some_and(|args| self.asks(module, args))
    }
}

fn is_ordered(words: &str) -> bool {
    words.contains("sorted(") || words.contains("ORDER BY") || words.contains("order by")
}
