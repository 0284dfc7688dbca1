//! Where a name goes that a call is handed: a function of the tree, a library, a test that runs for each name, a text.

use std::sync::Arc;

use super::catalogue::lists_tables;
use super::collections::{Held, each, part, somewhere, within};
use super::compared::asserted;
use super::evaluate::{Val, is_unknown};
use super::fillers::{Elsewhere, Fillers, home};
use super::ir::{Arg, ExprId, Kind, Module, Op, Param, Piece, ScopeKind};
use super::knex;
use super::known;
use super::kysely;
use super::members::texts;
use super::objects::Owner;
use super::relays::{Expands, decorated, expands, parameters, receivers};
use super::tables::takes_table;
use super::usage::{Purpose, Usage};
use crate::lang::{Language, sql};

/// Why a default stays that a variable of the machine can take the place of.
const OF_MACHINE: &str = "it is the default of a variable, which may be set to the old name where the program runs";
/// Texts that are put together from texts.
const DEPTH: u32 = 64;
/// Letters of a text that a reason shows.
const SHOWN: usize = 40;

/// Parameters for what people read.
const MESSAGES: [&str; 8] = ["message", "msg", "reason", "description", "help", "hint", "note", "prompt"];

/// An argument of a call, with the way from it to the literal.
#[derive(Clone, Copy)]
struct Given<'a, 'p> {
    at: usize,
    module: &'p Module,
    expr: ExprId,
    callee: ExprId,
    call: ExprId,
    args: &'a [Arg],
    position: Option<usize>,
    keyword: Option<&'a str>,
    path: &'a [Held],
    depth: u32,
}

impl Given<'_, '_> {
    /// The parameter that takes the argument; the first `own` of them are given otherwise.
    fn among<'n>(&self, mut params: impl Iterator<Item = &'n Arc<str>>, own: usize) -> Option<&'n Arc<str>> {
        match self.keyword {
            Some(keyword) => params.find(|name| name.as_ref() == keyword),
            None => params.nth(self.position? + own),
        }
    }

    /// The same, with the way from the parameter: `*names` and `**options` take what no other does.
    fn taken<'n>(&self, module: &Module, params: &'n [Param], own: usize) -> Option<(&'n Param, Vec<Held>)> {
        let before = |param: &Param| module.source.text.get(..param.span.start as usize);
        let takes_options = |param: &&Param| param.rest && before(param).is_some_and(|text| text.ends_with("**"));
        // Of `f(*names)` nobody knows here which of them it is.
        if let Some(keyword) = self.keyword.filter(|keyword| !keyword.starts_with('*')) {
            let named = params.iter().find(|param| !param.rest && param.name.as_ref() == keyword);
            let options = params.iter().find(takes_options);
            return named
                .map(|param| (param, self.path.to_vec()))
                .or_else(|| Some((options?, within(Held::Value(Some(keyword.to_owned())), self.path))));
        }
        let position = self.position? + own;
        let list = params.iter().position(|param| param.rest && !takes_options(&param));
        match list.filter(|&list| list <= position) {
            Some(list) => Some((params.get(list)?, within(Held::At(position - list), self.path))),
            None => params.get(position).filter(|param| !param.rest).map(|param| (param, self.path.to_vec())),
        }
    }
}

impl<'p> Fillers<'_, 'p> {
    /// Filled into SQL, or into a message.
    pub(super) fn filled(&self, at: usize, module: &Module, usage: &Usage<'_>, text: ExprId) -> Elsewhere {
        let mut whole = text;
        while let Some(parent) = module.expr(whole).parent
            && matches!(module.expr(parent).kind, Kind::Binary { op: Op::Add | Op::Mod, .. })
        {
            whole = parent;
        }
        let mut words = String::new();
        self.spell_template(at, module, whole, &mut words, 0);
        if knex::is_handed(module, whole, &words) {
            return None;
        }
        let said = matches!(usage.purpose(text), Purpose::Spoken("message" | "help text"))
            || is_asserted(module, whole)
            || words.contains(' ') && self.is_message(at, module, whole);
        (!said && !sql::looks_like_sql(&words) && !follows_a_keyword(&words)).then(|| made_of(&words))
    }

    /// `sql = "INSERT INTO {} ..."`, then `sql.format(table)`
    fn spell_template(&self, at: usize, module: &Module, expr: ExprId, words: &mut String, depth: u32) {
        match texts(&self.evaluator.ask(at, expr)).next() {
            Some(text) if matches!(module.expr(expr).kind, Kind::Name(_) | Kind::Member(..)) => words.push_str(&text),
            _ => self.spell(at, module, expr, words, depth),
        }
    }

    /// The text that an expression makes, with a mark for what code fills in.
    fn spell(&self, at: usize, module: &Module, expr: ExprId, words: &mut String, depth: u32) {
        match &module.expr(expr).kind {
            Kind::Text(pieces) => pieces.iter().for_each(|piece| match piece {
                Piece::Text(text, _) => words.push_str(text),
                Piece::Hole(_) => words.push(sql::HOLE),
            }),
            Kind::Binary { op: Op::Add, left, right } if depth < DEPTH => {
                self.spell(at, module, *left, words, depth + 1);
                self.spell(at, module, *right, words, depth + 1);
            }
            Kind::Binary { op: Op::Mod, left, .. } if depth < DEPTH => {
                self.spell_template(at, module, *left, words, depth + 1);
            }
            _ => words.push(sql::HOLE),
        }
    }

    /// The argument for a parameter that is called a message.
    fn is_message(&self, at: usize, module: &Module, text: ExprId) -> bool {
        let Some(call) = module.expr(text).parent else { return false };
        let Kind::Call { callee, args } = &module.expr(call).kind else { return false };
        let Some(given) = args.iter().find(|arg| arg.value == text) else { return false };
        let position = args.iter().filter(|arg| arg.name.is_none()).position(|arg| arg.value == text);
        let is_message = |name: &str| MESSAGES.iter().any(|own| name == *own || name.ends_with(&format!("_{own}")));
        if let Some(keyword) = given.name.as_deref() {
            return is_message(keyword);
        }
        // `self.assertIn(name, names, f"no {name}")`
        if let Kind::Member(_, method) = &module.expr(*callee).kind
            && method.starts_with("assert")
            && position >= Some(2)
        {
            return true;
        }
        self.evaluator.ask(at, *callee).iter().any(|val| {
            let Val::Function((home, scope), this) = val else { return false };
            let params = self.module(*home).map(|module| &module.scope(*scope).params);
            let own = position.map(|position| position + usize::from(this.is_some()));
            params.zip(own).and_then(|(params, own)| params.get(own)).is_some_and(|param| is_message(&param.name))
        })
    }

    /// Where the literal goes from an argument of a call.
    pub(super) fn handed(
        &self,
        (at, module): (usize, &'p Module),
        usage: &Usage<'_>,
        (expr, call): (ExprId, ExprId),
        path: &[Held],
        depth: u32,
    ) -> Elsewhere {
        let Kind::Call { callee, args } = &module.expr(call).kind else { return None };
        let position = args.iter().filter(|arg| arg.name.is_none()).position(|arg| arg.value == expr);
        let keyword = args.iter().find(|arg| arg.value == expr).and_then(|arg| arg.name.as_deref());
        let (position, keyword, path) = match (keyword, path) {
            // `f(*names)`, `f(**options)`
            (Some("*"), [Held::At(index), rest @ ..]) => {
                let before = args.iter().take_while(|arg| arg.value != expr).filter(|arg| arg.name.is_none()).count();
                (Some(before + index), None, rest)
            }
            (Some("**"), [Held::Value(Some(option)), rest @ ..]) => (None, Some(option.as_str()), rest),
            _ => (position, keyword, path),
        };
        if matches!(usage.purpose(expr), Purpose::Spoken("message" | "help text")) {
            return None;
        }
        let name = match &module.expr(*callee).kind {
            Kind::Name(name) | Kind::Member(_, name) => name,
            _ => "",
        };
        if known::checks_names(name) {
            return None;
        }
        let given = Given { at, module, expr, callee: *callee, call, args, position, keyword, path, depth: depth + 1 };
        let answer = match &module.expr(*callee).kind {
            Kind::Member(base, method) if method.as_ref() == "format" => Some(self.filled(at, module, usage, *base)),
            Kind::Member(base, method) => self.handed_to_method(&given, *base, method),
            Kind::Name(name) => self.handed_to_builtin(&given, name),
            _ => None,
        };
        if let Some(answer) = answer.or_else(|| self.handed_up(&given)) {
            return answer;
        }
        if path.is_empty() && self.is_quoted_by(at, *callee) {
            return self.follow(at, call, path, given.depth);
        }
        self.handed_to_function(&given, (expr, name))
    }

    /// A method that does with a name what its own name says.
    fn handed_to_method(&self, given: &Given<'_, 'p>, base: ExprId, method: &str) -> Option<Elsewhere> {
        let Given { at, module, callee, call, args, position, keyword, path, depth, .. } = *given;
        // `settings.get("table", "users")`
        if position == Some(1) && matches!(method, "get" | "pop" | "setdefault") && module.language == Language::Python
        {
            let of_machine = module.source.slice(module.expr(base).span).ends_with("environ");
            return Some(match of_machine {
                true => Some(OF_MACHINE.to_owned()),
                false => self.follow(at, call, path, depth),
            });
        }
        if method == "getenv" {
            return Some(Some(OF_MACHINE.to_owned()));
        }
        if known::runs_sql(method) || path.is_empty() && takes_table(method, position, keyword) {
            return Some(None);
        }
        let of_builder = knex::takes_table(module, base, method, args.len()) || kysely::takes_table(method);
        if path.is_empty() && position == Some(0) && of_builder {
            return Some(None);
        }
        // `["users"].concat(others)`
        if method == "concat" && !path.is_empty() {
            return Some(self.follow(at, call, &somewhere(path), depth));
        }
        if known::quotes_names(method) && path.is_empty() {
            return Some(self.follow(at, call, path, depth));
        }
        // `found.append("users")`: the list goes on from here, if it is one.
        if matches!(method, "append" | "add")
            && let Kind::Name(list) = &module.expr(base).kind
            && let Some(scope) = home(module, module.expr(base).scope, list)
            && !self.evaluator.ask(at, callee).iter().any(|val| matches!(val, Val::Function(..)))
        {
            return Some(self.follow_name(at, scope, list, &within(Held::Somewhere, path), depth));
        }
        if path.is_empty() && matches!(method, "includes" | "has" | "indexOf") && self.is_compared_with_names(at, base)
        {
            return Some(None);
        }
        let of_object = matches!(&module.expr(base).kind, Kind::Name(name) if name.as_ref() == "Object");
        if of_object && let Some((first, rest)) = path.split_first() {
            let element = |rest: &[Held]| self.follow(at, call, &within(Held::Somewhere, rest), depth);
            return Some(match (method, first) {
                ("keys", Held::Key) | ("values", Held::Value(_)) => element(rest),
                ("entries", Held::Key) => element(&within(Held::At(0), rest)),
                ("entries", Held::Value(_)) => element(&within(Held::At(1), rest)),
                ("keys" | "values", _) => None,
                _ => self.follow(at, call, path, depth),
            });
        }
        if let Some(other) = self.asserted_beside(given, Some(base), method) {
            return Some(self.compared(at, other));
        }
        let compares = matches!(
            method,
            "issubset" | "issuperset" | "isdisjoint" | "difference" | "intersection" | "symmetric_difference"
        );
        (compares && lists_tables(self.evaluator, at, base)).then_some(None)
    }

    /// A function that every program of the language has.
    fn handed_to_builtin(&self, given: &Given<'_, 'p>, name: &str) -> Option<Elsewhere> {
        let Given { at, call, position, keyword, path, depth, .. } = *given;
        if path.is_empty() && takes_table(name, position, keyword) {
            return Some(None);
        }
        let goes_on = |path: &[Held]| Some(self.follow(at, call, path, depth));
        match name {
            "list" | "tuple" | "set" | "frozenset" | "sorted" | "reversed" | "iter" | "dict" | "Set" | "Map"
                if !path.is_empty() =>
            {
                goes_on(&somewhere(path))
            }
            "enumerate" if !path.is_empty() => match each(path) {
                Some(element) => goes_on(&within(Held::Somewhere, &within(Held::At(1), &element))),
                None => Some(None),
            },
            "zip" if position.is_some() => match each(path) {
                Some(element) => {
                    goes_on(&within(Held::Somewhere, &within(Held::At(position.unwrap_or_default()), &element)))
                }
                None => Some(None),
            },
            "getenv" => Some(Some(OF_MACHINE.to_owned())),
            "len" | "print" => Some(None),
            _ => self.asserted_beside(given, None, name).map(|other| self.compared(at, other)),
        }
    }

    /// What a library's assertion compares an argument with: `self.assertIn(name, names)`.
    fn asserted_beside(&self, given: &Given<'_, 'p>, base: Option<ExprId>, name: &str) -> Option<ExprId> {
        let (one, other) = asserted(given.module, base, name, given.args)?;
        let callees = self.evaluator.ask(given.at, given.callee);
        let is_own = callees.iter().any(|val| matches!(val, Val::Function(..) | Val::Class(_)));
        (!is_own && matches!(given.position, Some(0 | 1))).then_some(if one == given.expr { other } else { one })
    }

    /// `super().__init__("users")`.
    fn handed_up(&self, given: &Given<'_, 'p>) -> Option<Elsewhere> {
        let (home, scope) = self.evaluator.constructor_above(given.at, given.callee)?;
        let params = &self.module(home)?.scope(scope).params;
        let own = usize::from(given.module.language == Language::Python);
        let param = given.among(params.iter().map(|param| &param.name), own)?;
        Some(self.follow_name(home, scope, param, given.path, given.depth))
    }

    /// What tests are run with.
    fn handed_to_test(&self, given: &Given<'_, 'p>, name: &str) -> Option<Elsewhere> {
        let Given { at, module, call, args, path, depth, .. } = *given;
        let position = given.position?;
        if let Some(way) = expands(module, call) {
            return Some(self.expanded(at, module, (call, way), path, depth));
        }
        match name {
            "parametrize" if position == 1 => Some(self.parametrized(at, module, call, path, depth)),
            // `pytest.param("users", 3)`
            "param" => {
                let only = args.iter().filter(|arg| arg.name.is_none()).count() == 1;
                let path = if only { path.to_vec() } else { within(Held::At(position), path) };
                Some(self.follow(at, call, &path, depth))
            }
            _ => None,
        }
    }

    /// Functions and classes of the tree, with what hands arguments on to them.
    fn handed_to_function(&self, given: &Given<'_, 'p>, (expr, name): (ExprId, &str)) -> Elsewhere {
        let Given { at, module, callee, args, keyword, path, depth, .. } = *given;
        let mut is_followed = false;
        let element = path.first().and_then(|held| if let Held::At(index) = held { Some(*index) } else { None });
        for ((home, scope), param, one_by_one) in self.evaluator.relays_to(at, module, (callee, args), expr, element) {
            let in_tuple = keyword == Some("args");
            let rest = if one_by_one || in_tuple { each(path) } else { Some(path.to_vec()) };
            let elsewhere = rest.and_then(|rest| self.follow_name(home, scope, &param, &rest, depth));
            if elsewhere.is_some() {
                return elsewhere;
            }
            is_followed = true;
        }
        if let Some(answer) = self.handed_to_test(given, name) {
            return answer;
        }
        if let Some(fields) = self.evaluator.fields(at, callee) {
            let class = self.evaluator.ask(at, callee).into_iter().find_map(|val| match val {
                Val::Class(class) => Some(class),
                _ => None,
            });
            if let Some(field) = given.among(fields.iter().map(|field| &field.name), 0) {
                let owner = class.map_or(Owner::OutsideTheTree, Owner::Class);
                return self.follow_attribute(owner, field, path, depth);
            }
        }
        for val in self.evaluator.ask(at, callee) {
            let (function, method) = match val {
                // `knex(TABLE)`
                Val::Connection(_) => return None,
                // SQLAlchemy's `text(sql)`.
                Val::External(name) if self.evaluator.program.known(&name) == Some(known::Known::Sql) => return None,
                Val::Function(function, this) => (Some(function), this.is_some()),
                Val::Class(class) => (self.evaluator.constructor(class), true),
                _ => continue,
            };
            let Some((home, scope)) = function else { continue };
            let Some(params) = self.module(home).map(|module| &module.scope(scope).params) else { continue };
            let own = usize::from(method && module.language == Language::Python);
            let Some((param, path)) = self.module(home).and_then(|module| given.taken(module, params, own)) else {
                continue;
            };
            let elsewhere = self.follow_name(home, scope, &param.name, &path, depth);
            if elsewhere.is_some() {
                return elsewhere;
            }
            is_followed = true;
        }
        if !is_followed
            && let (Kind::Member(..), Some(position)) = (&module.expr(callee).kind, given.position)
            && self.evaluator.ask(at, callee).iter().all(is_unknown)
        {
            for (home, scope) in self.evaluator.program.takers(&Arc::from(name), position) {
                let Some(module) = self.module(home) else { continue };
                let is_method =
                    module.scope(scope).parent.is_some_and(|own| module.scope(own).kind == ScopeKind::Class);
                let own = usize::from(is_method && module.language == Language::Python);
                let taken = given.taken(module, &module.scope(scope).params, own);
                let elsewhere =
                    taken.and_then(|(param, path)| self.follow_name(home, scope, &param.name, &path, depth));
                if elsewhere.is_some() {
                    return elsewhere;
                }
                is_followed = true;
            }
        }
        (!is_followed).then(|| format!("the name is handed to `{name}` as well"))
    }

    /// The values of a test's parameters.
    fn parametrized(&self, at: usize, module: &'p Module, decorator: ExprId, path: &[Held], depth: u32) -> Elsewhere {
        let Some((functions, names)) = receivers(module, decorator) else {
            return Some("the name is handed to `parametrize` as well".to_owned());
        };
        let element = each(path)?;
        for function in functions {
            for (index, name) in names.iter().enumerate() {
                let rest = if names.len() > 1 { part(&element, index) } else { Some(element.clone()) };
                let elsewhere = rest.and_then(|rest| self.follow_name(at, function, name, &rest, depth + 1));
                if elsewhere.is_some() {
                    return elsewhere;
                }
            }
        }
        None
    }

    /// The parameters of tests that are run with the elements of a list, or with a decorator's arguments, one by one.
    fn expanded(
        &self,
        at: usize,
        module: &'p Module,
        (decorator, way): (ExprId, Expands),
        path: &[Held],
        depth: u32,
    ) -> Elsewhere {
        let element = if way == Expands::Arguments { path.to_vec() } else { each(path)? };
        let in_tuple = matches!(element.first(), Some(Held::At(_) | Held::Somewhere));
        for function in decorated(module, decorator) {
            for (index, name) in parameters(module, function).enumerate() {
                let rest = if in_tuple { part(&element, index) } else { (index == 0).then(|| element.clone()) };
                let elsewhere = rest.and_then(|rest| self.follow_name(at, function, name, &rest, depth + 1));
                if elsewhere.is_some() {
                    return elsewhere;
                }
            }
        }
        None
    }
}

/// Python's `assert is_known, f"unknown table {name}"`: what is no part of anything and stands after a comma.
fn is_asserted(module: &Module, text: ExprId) -> bool {
    let text = module.expr(text);
    let before = module.source.text.get(..text.span.start as usize).unwrap_or_default();
    let before = before.trim_end_matches(|letter: char| letter.is_whitespace() || matches!(letter, '(' | '\\'));
    module.language == Language::Python && text.parent.is_none() && before.ends_with(',')
}

/// Why a name that a text is made of cannot be followed further, with as much of the text as people read.
fn made_of(words: &str) -> String {
    let line: String = words.replace(sql::HOLE, "*").split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = line.chars().filter(|letter| *letter != '`').take(SHOWN).collect();
    let rest = if line.chars().count() > SHOWN { ".." } else { "" };
    match shown.chars().all(|letter| letter == '*') {
        true => "other names or texts are made from it".to_owned(),
        false => format!("another name or text is made from it: `{shown}{rest}`"),
    }
}

/// A piece of SQL in which what is filled in can be but a table: `WHERE id IN (SELECT id FROM {table})`.
fn follows_a_keyword(words: &str) -> bool {
    let ends = |before: &str| {
        let before = before.trim_end_matches(['"', '`', '[']);
        let rest = before.trim_end();
        rest.len() < before.len()
            && ["FROM", "JOIN", "INTO", "REFERENCES"].iter().any(|word| {
                rest.strip_suffix(word).is_some_and(|rest| rest.is_empty() || rest.ends_with(char::is_whitespace))
            })
    };
    words.match_indices(sql::HOLE).any(|(at, _)| words.get(..at).is_some_and(ends))
}
