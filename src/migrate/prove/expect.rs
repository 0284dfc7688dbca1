//! What a value of a source must be in the target: worked out value by value from the plan and from what became of the rows
//! that it refers to. Reads; trusts the map of keys only as a hint where to look.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::types::{Value, ValueRef};

use super::side::{Parent, Side, Table, eq};
use crate::db::quote;
use crate::migrate::plan::{Plan, TablePlan};
use crate::migrate::stage::{Keys, Staged};
use crate::migrate::{Stop, row};

/// One table of one source and where it went.
pub(super) struct Journey<'p> {
    pub(super) table: String,
    /// Its name in the target; `None` where the plan leaves it out.
    pub(super) target: Option<String>,
    pub(super) block: Option<&'p TablePlan>,
    /// Column of the source, column of the result, both stored.
    pub(super) columns: Vec<(String, String)>,
    pub(super) by: i64,
    pub(super) reach: Option<(i64, i64)>,
    pub(super) references: Vec<Parent>,
    /// Primary keys that are new: old, new, as tagged bytes.
    pub(super) rekeyed: HashMap<Vec<u8>, Value>,
}

/// How the integers of a column move, where that takes no look at other rows.
pub(super) enum Moves {
    /// Every value stays as it is.
    Not,
    /// Integers move by the first of these ranges that they lie in; NULL stays; the rest is worked out one by one.
    By(Vec<(i64, i64, i64)>),
    /// Each value is worked out by itself.
    OneByOne,
}

impl Moves {
    /// What an integer becomes; `None` where it must be worked out.
    pub(super) fn integer(&self, number: i64) -> Option<i64> {
        match self {
            Self::Not => Some(number),
            Self::By(ranges) => {
                let range = ranges.iter().find(|(low, high, by)| (*low..=*high).contains(&number) && *by != 0);
                Some(range.and_then(|(_, _, by)| number.checked_add(*by)).unwrap_or(number))
            }
            Self::OneByOne => None,
        }
    }

    /// Whether a value stands there as it must; `None` where it must be worked out.
    pub(super) fn arrives(&self, value: ValueRef<'_>, there: ValueRef<'_>) -> Option<bool> {
        match (self, value) {
            (Self::Not, _) | (Self::By(_), ValueRef::Null) => Some(row::same(value, there)),
            (Self::By(_), ValueRef::Integer(number)) => {
                self.integer(number).map(|moved| row::same(ValueRef::Integer(moved), there))
            }
            _ => None,
        }
    }
}

impl Journey<'_> {
    fn range(&self) -> Option<(i64, i64, i64)> {
        self.reach.map(|(low, high)| (low, high, self.by))
    }

    /// Where the row with an integer key went, if it followed the rule.
    pub(super) fn moved(&self, key: i64) -> Option<i64> {
        match self.reach {
            Some((low, high)) if (low..=high).contains(&key) => key.checked_add(self.by),
            _ => Some(key),
        }
    }
}

/// Keys of a parent that became others than its rule says: old tuple, new tuple, as tagged bytes and values.
pub(super) type Exceptions = HashMap<(String, Vec<String>), HashMap<Vec<u8>, Vec<Value>>>;

pub(super) struct Expected<'p> {
    pub(super) plan: &'p Plan,
    pub(super) journeys: Vec<Journey<'p>>,
    pub(super) exceptions: Exceptions,
    /// Old name of a table, its name in the target.
    pub(super) names: Vec<(String, String)>,
}

pub(super) fn bytes<'v>(values: impl Iterator<Item = ValueRef<'v>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in values {
        row::append(&mut bytes, value);
    }
    bytes
}

/// The key of a row as `dbguard_key_map` writes it: a rowid as it is, a primary key as tagged bytes.
pub(super) fn one_key(table: &Table, key: &[ValueRef<'_>]) -> Value {
    match key {
        [ValueRef::Integer(one)] if !table.without_rowid => Value::Integer(*one),
        _ => Value::Blob(bytes(key.iter().copied())),
    }
}

pub(super) fn owned(value: ValueRef<'_>) -> Value {
    Value::try_from(value).unwrap_or_else(|_| match value {
        ValueRef::Text(text) => Value::Blob(text.to_vec()),
        _ => Value::Null,
    })
}

impl<'p> Expected<'p> {
    pub(super) fn new(plan: &'p Plan, side: &Side, stage: &Side, staged: &Staged) -> Result<Self, Stop> {
        let mut expected = Self { plan, journeys: Vec::new(), exceptions: HashMap::new(), names: Vec::new() };
        for table in &side.tables {
            let journey = expected.journey(side, stage, staged, table)?;
            if let Some(target) = &journey.target {
                expected.names.push((table.name.clone(), target.clone()));
            }
            expected.journeys.push(journey);
        }
        let mut found: Exceptions = HashMap::new();
        for journey in &expected.journeys {
            let wanted: Vec<Vec<String>> = expected
                .journeys
                .iter()
                .flat_map(|it| &it.references)
                .filter(|it| eq(&it.table, &journey.table))
                .map(|it| it.pairs.iter().map(|(_, theirs)| theirs.clone()).collect())
                .collect();
            for columns in wanted {
                let key = (journey.table.to_ascii_lowercase(), folded(&columns));
                if let Entry::Vacant(entry) = found.entry(key) {
                    entry.insert(exceptions(side, stage, journey, &columns)?);
                }
            }
        }
        expected.exceptions = found;
        Ok(expected)
    }

    fn journey(&self, side: &Side, stage: &Side, staged: &Staged, table: &Table) -> Result<Journey<'p>, Stop> {
        let block = self.plan.tables.iter().find(|block| eq(&block.name, &table.name) && block.from.contains(&side.id));
        let skipped = block.is_some_and(|block| block.action.made() == Some(&crate::migrate::plan::TableAction::Skip));
        let own = block.and_then(|block| block.rename_to.clone()).unwrap_or_else(|| table.name.clone());
        let marked = format!("{}_{}", table.name, side.id);
        let hinted = staged
            .accounts
            .iter()
            .filter(|it| it.source == side.id && it.table == table.name && block.is_none())
            .find_map(|it| it.target.clone().filter(|target| target.starts_with(&marked)));
        let own = hinted.unwrap_or(own);
        let target = (!skipped).then(|| self.plan.renamed(&own).to_owned());
        let dropped = block.and_then(|block| block.drop_columns.get(&side.id));
        let mapped = block.and_then(|block| block.columns.get(&side.id));
        let columns = table
            .stored()
            .filter(|column| !dropped.is_some_and(|names| names.iter().any(|name| eq(name, &column.name))))
            .map(|column| {
                let result = mapped.and_then(|it| it.iter().find(|(_, own)| eq(own, &column.name)));
                (column.name.clone(), result.map_or_else(|| column.name.clone(), |(result, _)| result.clone()))
            })
            .collect();
        let keys = staged.keys.iter().find(|it| it.source == side.id && it.table == table.name);
        let (by, reach) = match keys.map(|it| (it.keys, it.reach)) {
            Some((Keys::Offset(by), reach)) => (by, Some(reach.unwrap_or((i64::MIN, i64::MAX)))),
            _ => (0, None),
        };
        let moves = |name: &str| {
            side.table(name).is_some()
                && self
                    .plan
                    .table(&side.id, name)
                    .is_none_or(|block| block.action.made() != Some(&crate::migrate::plan::TableAction::Skip))
        };
        let mut references: Vec<Parent> = table
            .parents
            .iter()
            .filter(|it| moves(&it.table) && it.pairs.iter().all(|(_, theirs)| !theirs.is_empty()))
            .cloned()
            .collect();
        for planned in &self.plan.refs {
            let pattern = match planned.column.split_once('/') {
                Some((source, _)) if source != side.id => continue,
                Some((_, rest)) => rest,
                None => &planned.column,
            };
            let (Some((of, column)), Some((parent, theirs))) = (pattern.rsplit_once('.'), planned.to.rsplit_once('.'))
            else {
                continue;
            };
            let Some(parent) = side.table(parent).filter(|it| moves(&it.name)) else { continue };
            let mapped = self.plan.table(&side.id, &parent.name).and_then(|block| {
                block.columns.get(&side.id)?.iter().find(|(result, _)| eq(result, theirs)).map(|(_, own)| own.clone())
            });
            let theirs = if parent.column(theirs).is_some() {
                theirs.to_owned()
            } else {
                mapped.unwrap_or_else(|| theirs.to_owned())
            };
            let is_rowid = ["rowid", "_rowid_", "oid"].iter().any(|name| eq(name, &theirs)) && !parent.without_rowid;
            let known = parent.column(&theirs).is_some() || is_rowid;
            let here = (of == "*" || eq(of, &table.name)) && table.column(column).is_some();
            let itself = eq(&parent.name, &table.name) && eq(&theirs, column);
            if here && known && !itself {
                references.push(Parent { table: parent.name.clone(), pairs: vec![(column.to_owned(), theirs)] });
            }
        }
        let mut rekeyed = HashMap::new();
        if stage.table("dbguard_key_map").is_some() {
            let mut statement = stage.db.prepare(
                "SELECT old, new FROM dbguard_key_map WHERE source = ?1 AND table_name = ?2 AND how = 'rekeyed'",
            )?;
            let mut rows = statement.query([&side.id, &table.name])?;
            while let Some(row) = rows.next()? {
                rekeyed.insert(bytes(std::iter::once(row.get_ref(0)?)), owned(row.get_ref(1)?));
            }
        }
        Ok(Journey { table: table.name.clone(), target, block, columns, by, reach, references, rekeyed })
    }

    pub(super) fn of(&self, table: &str) -> Option<&Journey<'p>> {
        self.journeys.iter().find(|it| eq(&it.table, table))
    }

    /// What a key of a parent became by the rule of the table that it is the key of.
    fn by_rule(&self, side: &Side, table: &str, column: &str, value: i64) -> i64 {
        match self.rule(side, table, column, 0) {
            Some((low, high, by)) if (low..=high).contains(&value) => value.checked_add(by).unwrap_or(value),
            _ => value,
        }
    }

    /// What [`Self::value`] comes to for the integers of a column.
    pub(super) fn moves(&self, side: &Side, table: &Table, journey: &Journey<'_>, column: &str) -> Moves {
        if !journey.rekeyed.is_empty() && table.column(column).is_none_or(|it| it.key > 0) {
            return Moves::OneByOne;
        }
        let mut parents: Vec<&Parent> =
            journey.references.iter().filter(|it| it.pairs.iter().any(|(own, _)| eq(own, column))).collect();
        parents.sort_by_key(|it| it.pairs.len());
        let mut ranges = Vec::new();
        for parent in &parents {
            let columns: Vec<String> = parent.pairs.iter().map(|(_, theirs)| theirs.clone()).collect();
            let exceptions = self.exceptions.get(&(parent.table.to_ascii_lowercase(), folded(&columns)));
            if exceptions.is_some_and(|map| !map.is_empty()) {
                return Moves::OneByOne;
            }
            let Some((_, theirs)) = parent.pairs.iter().find(|(own, _)| eq(own, column)) else { continue };
            ranges.extend(self.rule(side, &parent.table, theirs, 0));
        }
        if parents.is_empty() {
            if !table.id.as_ref().is_some_and(|id| eq(id, column)) {
                return Moves::Not;
            }
            ranges.extend(journey.range());
        }
        Moves::By(ranges)
    }

    /// The range in which the values of a column move, and by how much: that of the table whose keys they are.
    fn rule(&self, side: &Side, table: &str, column: &str, depth: usize) -> Option<(i64, i64, i64)> {
        let (journey, found) = (self.of(table)?, side.table(table)?);
        if found.is_key(column) {
            return journey.range();
        }
        if depth > 64 {
            return None;
        }
        let mut parents: Vec<&Parent> = journey.references.iter().collect();
        parents.sort_by_key(|it| it.pairs.len());
        let away = |parent: &&Parent| parent.pairs.iter().find(|(own, _)| eq(own, column)).cloned();
        let (parent, (_, theirs)) = parents.iter().find_map(|parent| Some((parent, away(parent)?)))?;
        self.rule(side, &parent.table, &theirs, depth + 1)
    }

    /// What a value must be in the target, as far as references and new keys change it.
    pub(super) fn value(
        &self,
        side: &Side,
        table: &Table,
        journey: &Journey<'_>,
        column: &str,
        value: ValueRef<'_>,
        whole: &dyn Fn(&str) -> Option<Value>,
    ) -> Value {
        let plain = owned(value);
        if let Some(new) = journey.rekeyed.get(&bytes(std::iter::once(value)))
            && table.column(column).is_some_and(|it| it.key > 0)
        {
            return new.clone();
        }
        let mut parents: Vec<&Parent> =
            journey.references.iter().filter(|it| it.pairs.iter().any(|(own, _)| eq(own, column))).collect();
        parents.sort_by_key(|it| it.pairs.len());
        // What became of single rows goes before the rule, and of two keys the longer one.
        for parent in parents.iter().rev() {
            let columns: Vec<String> = parent.pairs.iter().map(|(_, theirs)| theirs.clone()).collect();
            let Some(map) = self.exceptions.get(&(parent.table.to_ascii_lowercase(), folded(&columns))) else {
                continue;
            };
            if map.is_empty() {
                continue;
            }
            let Some(at) = parent.pairs.iter().position(|(own, _)| eq(own, column)) else { continue };
            let tuple: Option<Vec<Value>> = parent
                .pairs
                .iter()
                .map(|(own, theirs)| whole(own).map(|value| self.comparable(side, parent, theirs, value)))
                .collect();
            let Some(tuple) = tuple else { continue };
            // Where the row that the parent became has nothing in that column, the reference keeps what it said.
            let new = map.get(&bytes(tuple.iter().map(ValueRef::from))).and_then(|new| new.get(at));
            if let Some(new) = new.filter(|new| **new != Value::Null) {
                return like(new, &plain);
            }
        }
        for parent in &parents {
            let Some((_, theirs)) = parent.pairs.iter().find(|(own, _)| eq(own, column)) else { continue };
            let Some(number) = integer(&plain) else { continue };
            let moved = self.by_rule(side, &parent.table, theirs, number);
            if moved != number {
                return like(&Value::Integer(moved), &plain);
            }
        }
        let is_id = table.id.as_ref().is_some_and(|id| eq(id, column));
        if is_id
            && parents.is_empty()
            && let Value::Integer(key) = plain
        {
            return Value::Integer(journey.moved(key).unwrap_or(key));
        }
        plain
    }

    /// A child's value as its parent holds it: text that stands for an integer key is that integer.
    fn comparable(&self, side: &Side, parent: &Parent, theirs: &str, value: Value) -> Value {
        let id = side.table(&parent.table).and_then(|it| it.id.clone());
        match (id, integer(&value)) {
            (Some(id), Some(number)) if eq(&id, theirs) => Value::Integer(number),
            _ => value,
        }
    }
}

fn folded(columns: &[String]) -> Vec<String> {
    columns.iter().map(|column| column.to_ascii_lowercase()).collect()
}

/// The integer that a value is, or is the text of.
fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(integer) => Some(*integer),
        Value::Text(text) => text.parse().ok().filter(|number: &i64| number.to_string() == *text),
        Value::Real(real) => {
            let number = *real as i64;
            ((number as f64).to_bits() == real.to_bits()).then_some(number)
        }
        _ => None,
    }
}

/// A value in the storage class of another.
fn like(new: &Value, old: &Value) -> Value {
    match (new, old) {
        (Value::Integer(number), Value::Text(_)) => Value::Text(number.to_string()),
        (Value::Integer(number), Value::Real(_)) => Value::Real(*number as f64),
        _ => new.clone(),
    }
}

/// Follows each row of the map of keys: what the parent's columns were, and what they are in the row it became.
fn exceptions(
    side: &Side,
    stage: &Side,
    journey: &Journey<'_>,
    columns: &[String],
) -> Result<HashMap<Vec<u8>, Vec<Value>>, Stop> {
    let mut found = HashMap::new();
    let (Some(table), Some(target)) =
        (side.table(&journey.table), journey.target.as_deref().and_then(|it| stage.table(it)))
    else {
        return Ok(found);
    };
    if stage.table("dbguard_key_map").is_none() {
        return Ok(found);
    }
    let result = |own: &String| match journey.columns.iter().find(|(it, _)| eq(it, own)) {
        Some((_, result)) => Some(result.clone()),
        None => target.key.first().cloned(),
    };
    let Some(landed) = columns.iter().map(result).collect::<Option<Vec<String>>>() else { return Ok(found) };
    let select = |table: &Table, columns: &[String]| {
        let list: Vec<String> = columns.iter().map(|column| quote(column)).collect();
        let key: Vec<String> =
            table.key.iter().enumerate().map(|(at, key)| format!("{} IS ?{}", quote(key), at + 1)).collect();
        format!("SELECT {} FROM {} WHERE {}", list.join(", "), quote(&table.name), key.join(" AND "))
    };
    let mut before = side.db.prepare(&select(table, columns))?;
    let mut after = stage.db.prepare(&select(target, &landed))?;
    let mut statement = stage
        .db
        .prepare("SELECT old, new FROM dbguard_key_map WHERE source = ?1 AND table_name = ?2 AND how <> 'rekeyed'")?;
    let mut rows = statement.query([&side.id, &journey.table])?;
    while let Some(row) = rows.next()? {
        let (Some(old), Some(new)) = (parts(owned(row.get_ref(0)?)), parts(owned(row.get_ref(1)?))) else { continue };
        let read = |statement: &mut rusqlite::Statement<'_>, key: &[Value]| -> Result<Option<Vec<Value>>, Stop> {
            let mut rows = statement.query(rusqlite::params_from_iter(key))?;
            let Some(row) = rows.next()? else { return Ok(None) };
            Ok(Some((0..columns.len()).map(|at| row.get_ref(at).map(owned)).collect::<rusqlite::Result<Vec<Value>>>()?))
        };
        if let (Some(old), Some(new)) = (read(&mut before, &old)?, read(&mut after, &new)?) {
            found.insert(bytes(old.iter().map(ValueRef::from)), new);
        }
    }
    if let [column] = columns
        && table.column(column).is_some_and(|it| it.key > 0)
    {
        for (old, new) in &journey.rekeyed {
            found.insert(old.clone(), vec![new.clone()]);
        }
    }
    Ok(found)
}

pub(super) fn parts(key: Value) -> Option<Vec<Value>> {
    match key {
        Value::Blob(bytes) => row::read(&bytes),
        Value::Integer(_) => Some(vec![key]),
        _ => None,
    }
}
