//! Literals that name a table: behind an expression that does, wherever in the tree they stand. Knows no library and no SQL.

use std::collections::HashSet;

use super::behind::{Behind, Step, elements_behind, literals_behind, literals_on};
use super::catalogue::lists_tables;
use super::evaluate::{InModule, Val};
use super::facts::Reading;
use super::fillers::Fillers;
use super::ir::{ExprId, Kind, Op, Piece};
use super::slots::Filler;
use super::tables::is_name;
use crate::lang::facts::{Access, Naming, TableUse};
use crate::lang::value::{Part, Value};
use crate::text::{Place, Span};

/// What an argument says of a table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `"users"`.
    Name,
    /// `"users.id"`.
    Column,
}

impl Reading<'_> {
    /// An expression that names a table: its literals do, wherever they stand.
    pub(super) fn names_table(&mut self, expr: ExprId, access: Access, naming: Naming, connection: &[Value]) {
        if let Kind::Text(pieces) = &self.module.expr(expr).kind {
            if let [Piece::Text(..)] = pieces.as_slice() {
                self.literal_names_table(expr, Shape::Name, access, naming, connection);
            } else {
                self.put_together(expr, &[], access, connection);
            }
            return;
        }
        let mut found = literals_behind(&self.evaluator, self.at, expr);
        let fillers = Fillers::new(&self.evaluator);
        for val in self.evaluator.ask(self.at, expr) {
            let Val::Text(value) = val else { continue };
            let (Some(origin), [Part::Text(_)]) = (&value.origin, value.parts.as_slice()) else { continue };
            if let Some(literal) = fillers.literal(origin).filter(|literal| !found.literals.contains(literal)) {
                found.literals.push(literal);
            }
        }
        let names = found.literals.iter().filter_map(|&(home, literal)| fillers.name(home, literal));
        let names: Vec<String> = names.map(|(name, _)| name).collect();
        drop(fillers);
        self.put_together(expr, &names, access, connection);
        let is_whole = found.is_whole();
        self.literals_name_table(found, access, naming, connection, expr);
        if !is_whole && !lists_tables(&self.evaluator, self.at, expr) {
            self.compared_beside(expr, access, connection);
        }
    }

    /// What a way leads to in an expression names a table: an element of a list, the value of a key.
    pub(super) fn part_names_table(
        &mut self,
        (whole, way): Filler,
        access: Access,
        naming: Naming,
        connection: &[Value],
    ) {
        let Some(way) = way else { return self.names_table(whole, access, naming, connection) };
        let found = literals_on(&self.evaluator, self.at, whole, &[way]);
        self.literals_name_table(found, access, naming, connection, whole);
    }

    /// The same of an expression of any module, that is filled into `text`.
    pub(super) fn used_part_names_table(
        &mut self,
        (at, (whole, way)): (usize, Filler),
        access: Access,
        naming: Naming,
        connection: &[Value],
        text: ExprId,
    ) {
        if at == self.at {
            return self.part_names_table((whole, way), access, naming, connection);
        }
        let path: Vec<Step> = way.into_iter().collect();
        let found = literals_on(&self.evaluator, at, whole, &path);
        self.literals_name_table(found, access, naming, connection, text);
    }

    /// What a name that comes from outside is compared with before it is filled in: `if table not in ("users", "posts")`.
    fn compared_beside(&mut self, expr: ExprId, access: Access, connection: &[Value]) {
        let own = self.module.expr(expr);
        let Kind::Name(name) = &own.kind else { return };
        let mut beside = Vec::new();
        for index in 0..self.module.exprs.len() {
            let other = self.module.expr(ExprId(u32::try_from(index).unwrap_or(u32::MAX)));
            let Kind::Binary { op: Op::Compare, left, right } = other.kind else { continue };
            let is_it = |side: ExprId| matches!(&self.module.expr(side).kind, Kind::Name(side) if side == name);
            if other.scope == own.scope && (is_it(left) || is_it(right)) {
                beside.push(if is_it(left) { right } else { left });
            }
        }
        for other in beside.into_iter().filter(|&other| !lists_tables(&self.evaluator, self.at, other)) {
            let fillers = Fillers::new(&self.evaluator);
            let literals =
                [literals_behind, elements_behind].map(|find| find(&self.evaluator, self.at, other).literals);
            let named: Vec<_> =
                literals.into_iter().flatten().filter_map(|(home, literal)| fillers.name(home, literal)).collect();
            drop(fillers);
            for (table, place) in named.into_iter().filter(|(table, _)| is_name(table)) {
                if self.facts.table_uses.iter().any(|found| found.place == place) {
                    continue;
                }
                self.facts.table_uses.push(TableUse {
                    access,
                    fixed: Some("the name is compared with something that comes from elsewhere".into()),
                    connection: connection.into(),
                    ..self.table_use(place, table, Naming::Spoken, own.scope)
                });
            }
        }
    }

    /// Literals that reach, from wherever they stand, what names a table at `expr`.
    pub(super) fn literals_name_table(
        &mut self,
        found: Behind,
        access: Access,
        naming: Naming,
        connection: &[Value],
        expr: ExprId,
    ) {
        let scope = self.module.expr(expr).scope;
        let fillers = Fillers::new(&self.evaluator);
        if let Some(reason) = found.cut {
            self.facts.unfollowed.push(TableUse {
                access,
                fixed: Some(reason.into()),
                connection: connection.into(),
                ..self.table_use(self.module.source.place(self.module.expr(expr).span), "", Naming::Spoken, scope)
            });
        }
        for (home, text) in found.split {
            for (table, place) in fillers.words(home, text) {
                self.facts.table_uses.push(TableUse {
                    access,
                    fixed: Some("it is a word of a text that code splits".into()),
                    connection: connection.into(),
                    ..self.table_use(place, table, Naming::Spoken, scope)
                });
            }
        }
        for ((home, literal), reason) in found.perhaps {
            let Some((table, place)) = fillers.name(home, literal).filter(|(table, _)| is_name(table)) else {
                continue;
            };
            self.facts.table_uses.push(TableUse {
                access,
                fixed: Some(reason),
                connection: connection.into(),
                ..self.table_use(place, table, Naming::Spoken, scope)
            });
        }
        let mut open: Vec<(InModule<ExprId>, Naming)> = found.literals.into_iter().map(|own| (own, naming)).collect();
        let mut seen: HashSet<InModule<ExprId>> = open.iter().map(|(literal, _)| *literal).collect();
        while let Some(((home, literal), naming)) = open.pop() {
            let Some((table, place)) = fillers.name(home, literal).filter(|(table, _)| is_name(table)) else {
                continue;
            };
            let mut known = self.facts.table_uses.iter_mut();
            if let Some(known) = known.find(|found| found.place == place && *found.connection == *connection) {
                if naming == Naming::FilledBare {
                    known.naming = naming;
                }
                continue;
            }
            self.facts.table_uses.push(TableUse {
                access,
                fixed: fillers.other_use(home, literal).map(Into::into),
                connection: connection.into(),
                ..self.table_use(place, table, naming, scope)
            });
            // What a name of a table is compared with is one as well.
            let compared = fillers.compared.borrow_mut().drain(..).collect::<Vec<_>>();
            open.extend(compared.into_iter().filter(|own| seen.insert(*own)).map(|own| (own, Naming::Compared)));
        }
    }

    pub(super) fn literal_names_table(
        &mut self,
        literal: ExprId,
        shape: Shape,
        access: Access,
        naming: Naming,
        connection: &[Value],
    ) {
        let Kind::Text(pieces) = &self.module.expr(literal).kind else { return };
        let [Piece::Text(text, span)] = pieces.as_slice() else { return };
        let table = match shape {
            Shape::Name => text.as_str(),
            Shape::Column => match text.split('.').collect::<Vec<_>>().as_slice() {
                [table, _] => table,
                _ => return,
            },
        };
        // An escape in the literal would be a piece of its own.
        if !is_name(table) || (span.end - span.start) as usize != text.len() {
            return;
        }
        let start = span.start as usize;
        let place: Place = self.module.source.place(Span::new(start, start + table.len()));
        self.facts.table_uses.push(TableUse {
            access,
            connection: connection.into(),
            ..self.table_use(place, table, naming, self.module.expr(literal).scope)
        });
    }
}
