//! What programs and their tests compare with a list of tables, and so names tables. Runs nothing and knows no library that makes one.

use super::behind::{elements_behind, literals_behind};
use super::catalogue::listing;
use super::facts::Reading;
use super::ir::{Arg, ExprId, Kind, Module, Op};
use super::naming::Shape;
use crate::lang::Language;
use crate::lang::facts::{Access, Naming};

/// Functions of assertion libraries that compare their first two arguments.
const COMPARES: [&str; 8] =
    ["equal", "equals", "deepEqual", "deepStrictEqual", "strictEqual", "is", "include", "sameMembers"];
/// Methods that ask a collection for what they are handed.
const ASKS: [&str; 7] = ["includes", "has", "indexOf", "contains", "index", "count", "__contains__"];

/// Methods of chai that compare what a chain speaks of with their argument. Data.
const OF_CHAI: [&str; 10] =
    ["equal", "equals", "eq", "eql", "eqls", "deepEqual", "include", "includes", "contain", "members"];
/// Words of such a chain. Data.
const CHAIN: [&str; 14] =
    ["to", "be", "been", "is", "that", "which", "and", "has", "have", "with", "of", "deep", "not", "own"];

/// The two sides that an assertion compares, or a method that asks a collection.
pub(super) fn asserted(module: &Module, base: Option<ExprId>, name: &str, args: &[Arg]) -> Option<(ExprId, ExprId)> {
    match (args, base) {
        ([one, other, ..], _) if name.starts_with("assert") || COMPARES.contains(&name) => {
            Some((one.value, other.value))
        }
        ([only], Some(base)) if ASKS.contains(&name) => Some((base, only.value)),
        // chai's `expect(a).to.equal(b)`, `a.should.equal(b)`.
        ([only], Some(base)) if OF_CHAI.contains(&name) => Some((subject(module, base)?, only.value)),
        ([only], Some(base)) if name.starts_with("to") => match &module.expr(base).kind {
            Kind::Call { callee, args } => match (&module.expr(*callee).kind, args.as_slice()) {
                (Kind::Name(expect), [asked]) if expect.as_ref() == "expect" => Some((asked.value, only.value)),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// What a chain of chai speaks of.
fn subject(module: &Module, mut chain: ExprId) -> Option<ExprId> {
    for _ in 0..8 {
        match &module.expr(chain).kind {
            Kind::Member(base, word) if word.as_ref() == "should" => return Some(*base),
            Kind::Member(base, word) if CHAIN.contains(&word.as_ref()) => chain = *base,
            Kind::Call { callee, args } => {
                let asked = matches!(&module.expr(*callee).kind, Kind::Name(name) if name.as_ref() == "expect");
                return args.first().filter(|_| asked).map(|arg| arg.value);
            }
            _ => return None,
        }
    }
    None
}

impl Reading<'_> {
    /// What a model says of its own table: `User.tableName`, `User.getTableName()`.
    fn is_own_table(&self, expr: ExprId) -> bool {
        if self.module.language == Language::Python {
            return false;
        }
        match &self.module.expr(expr).kind {
            Kind::Member(_, name) => name.as_ref() == "tableName",
            Kind::Call { callee, args } => {
                args.is_empty()
                    && matches!(&self.module.expr(*callee).kind, Kind::Member(_, name) if name.as_ref() == "getTableName")
            }
            _ => false,
        }
    }

    /// What is compared with a list of tables, or with a model's own, names tables.
    pub(super) fn compared_with(&mut self, list: ExprId, other: ExprId) {
        if !self.may_name(other, 0) {
            return;
        }
        if self.is_own_table(list) {
            return self.compared(other);
        }
        let Some(listing) = listing(&self.evaluator, self.at, list) else { return };
        self.compared(other);
        let spelled = self.module.expr(other).span;
        let kind = &self.module.expr(other).kind;
        let in_order =
            matches!(kind, Kind::List(parts) if parts.len() > 1) && !self.module.source.slice(spelled).starts_with('{');
        if listing.ordered && in_order {
            for found in &mut self.facts.table_uses {
                if found.naming == Naming::Compared
                    && found.place.file == self.module.source.path
                    && spelled.contains(found.place.span)
                {
                    found.fixed = Some("it stands in a list that is in the order of the names".into());
                }
            }
        }
    }

    /// Whether the name of a table can be behind an expression.
    fn may_name(&self, expr: ExprId, depth: u32) -> bool {
        match &self.module.expr(expr).kind {
            Kind::Text(_) | Kind::Name(_) | Kind::Member(..) => true,
            Kind::List(parts) => parts.iter().any(|&part| depth < 4 && self.may_name(part, depth + 1)),
            Kind::Call { args, .. } => args.iter().any(|arg| depth < 4 && self.may_name(arg.value, depth + 1)),
            Kind::Binary { op: Op::Add | Op::Other | Op::Or, left, right } => {
                depth < 4 && (self.may_name(*left, depth + 1) || self.may_name(*right, depth + 1))
            }
            _ => false,
        }
    }

    pub(super) fn compared(&mut self, expr: ExprId) {
        for literal in self.listed(expr) {
            self.literal_names_table(literal, Shape::Name, Access::Reads, Naming::Compared, &[]);
        }
        if matches!(
            self.module.expr(expr).kind,
            Kind::Name(_) | Kind::Member(..) | Kind::Binary { .. } | Kind::Call { .. }
        ) {
            for find in [literals_behind, elements_behind] {
                let found = find(&self.evaluator, self.at, expr);
                self.literals_name_table(found, Access::Reads, Naming::Compared, &[], expr);
            }
        }
    }

    /// The literals of a literal or of a list of them.
    pub(super) fn listed(&self, expr: ExprId) -> Vec<ExprId> {
        match &self.module.expr(expr).kind {
            Kind::Text(_) => vec![expr],
            // `[("users",), ("posts",)]`: rows.
            Kind::List(parts) => parts
                .iter()
                .flat_map(|&part| match &self.module.expr(part).kind {
                    Kind::List(columns) => columns.iter().copied().filter(|&column| self.is_text(column)).collect(),
                    Kind::Text(_) => vec![part],
                    _ => Vec::new(),
                })
                .collect(),
            Kind::Call { args, .. } if args.len() == 1 => {
                args.first().map(|arg| self.listed(arg.value)).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }
}
