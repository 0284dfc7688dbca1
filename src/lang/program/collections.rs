//! How a collection holds a name that is followed, and where its methods lead from there.

use super::catalogue::lists_tables;
use super::fillers::{Elsewhere, Fillers};
use super::ir::{ExprId, Kind, Module};
use super::relays::gives_elements;

/// How a collection holds what is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    At(usize),
    /// An element, nobody knows which.
    Somewhere,
    Key,
    Value(Option<String>),
}

impl<'p> Fillers<'_, 'p> {
    /// A method of the collection that holds the name.
    pub(super) fn collected(
        &self,
        at: usize,
        module: &'p Module,
        member: ExprId,
        method: &str,
        path: &[Held],
        depth: u32,
    ) -> Elsewhere {
        let (first, rest) = path.split_first()?;
        let called = module.expr(member).parent.and_then(|call| match &module.expr(call).kind {
            Kind::Call { callee, args } if *callee == member => Some((call, args)),
            _ => None,
        });
        let Some((call, args)) = called else {
            // `TABLES.USERS` of an object that is written out.
            return match first {
                Held::Value(Some(own)) if own == method => self.follow(at, member, rest, depth),
                Held::Value(Some(_)) | Held::Key => None,
                _ if matches!(method, "length" | "size") => None,
                _ => Some("the name is kept in an object".to_owned()),
            };
        };
        let up = |path: Vec<Held>| self.follow(at, call, &path, depth);
        let element = |rest: &[Held]| up(within(Held::Somewhere, rest));
        if gives_elements(method, 0) || gives_elements(method, 1) {
            let parameter = usize::from(!gives_elements(method, 0));
            let function = args.first().map(|arg| &module.expr(arg.value).kind);
            // `.filter(Boolean)`
            if method == "filter" && matches!(function, Some(Kind::Name(name)) if name.as_ref() == "Boolean") {
                return up(somewhere(path));
            }
            let (Some(Kind::Function(scope)), Some(element)) = (function, each(path)) else {
                return Some("where the name goes cannot be followed".to_owned());
            };
            if let Some(param) = module.scope(*scope).params.get(parameter)
                && let Some(reason) = self.follow_name(at, *scope, &param.name, &element, depth)
            {
                return Some(reason);
            }
            return if method == "filter" { up(somewhere(path)) } else { None };
        }
        // A `Map` is made of pairs.
        if let ("get" | "has" | "delete", Held::At(_) | Held::Somewhere, Some((Held::At(part), rest))) =
            (method, first, rest.split_first())
        {
            return match (part, args.first()) {
                (0, Some(key)) if self.is_compared_with_names(at, key.value) => None,
                (0, Some(key)) if matches!(module.expr(key.value).kind, Kind::Text(_)) => {
                    self.compared.borrow_mut().push((at, key.value));
                    None
                }
                (0, _) => Some("the name is the key of something else as well".to_owned()),
                _ if method == "get" => up(rest.to_vec()),
                _ => None,
            };
        }
        match (method, first) {
            ("reverse" | "slice" | "toReversed" | "concat" | "toSorted", _) => up(somewhere(path)),
            ("includes" | "has" | "indexOf", _)
                if args.first().is_some_and(|arg| self.is_compared_with_names(at, arg.value)) =>
            {
                None
            }
            ("items", Held::Key) => element(&within(Held::At(0), rest)),
            ("items", Held::Value(_)) => element(&within(Held::At(1), rest)),
            ("keys", Held::Key) | ("values", Held::Value(_)) => element(rest),
            ("values", Held::At(_) | Held::Somewhere) if rest.is_empty() => up(somewhere(path)),
            (
                "keys" | "values" | "append" | "add" | "extend" | "update" | "sort" | "clear" | "remove" | "discard",
                _,
            ) => None,
            ("issubset" | "issuperset" | "isdisjoint" | "difference" | "intersection" | "symmetric_difference", _)
                if args.iter().all(|arg| lists_tables(self.evaluator, at, arg.value)) =>
            {
                None
            }
            ("get" | "pop", Held::Value(_)) => up(rest.to_vec()),
            ("get" | "pop" | "setdefault", Held::Key)
                if args.first().is_some_and(|key| self.is_compared_with_names(at, key.value)) =>
            {
                None
            }
            ("copy" | "union" | "difference" | "intersection", _) => up(somewhere(path)),
            _ => Some("where the name goes cannot be followed".to_owned()),
        }
    }
}

pub(super) fn within(outer: Held, path: &[Held]) -> Vec<Held> {
    std::iter::once(outer).chain(path.iter().cloned()).collect()
}

/// The path of what a loop over the collection gives; `None` where that is something else.
pub(super) fn each(path: &[Held]) -> Option<Vec<Held>> {
    match path.split_first() {
        Some((Held::At(_) | Held::Somewhere | Held::Key, rest)) => Some(rest.to_vec()),
        _ => None,
    }
}

/// The path of the collection's part of that number.
pub(super) fn part(path: &[Held], index: usize) -> Option<Vec<Held>> {
    match path.split_first() {
        Some((Held::At(own), rest)) if *own == index => Some(rest.to_vec()),
        Some((Held::Somewhere, rest)) => Some(rest.to_vec()),
        _ => None,
    }
}

/// Which element it is does not count any more.
pub(super) fn somewhere(path: &[Held]) -> Vec<Held> {
    match path.split_first() {
        Some((Held::At(_), rest)) => within(Held::Somewhere, rest),
        _ => path.to_vec(),
    }
}
