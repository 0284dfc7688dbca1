//! Where a value of the target may be another than that of its source: because the plan asks for it, or because two declared
//! types write one value in two ways. Reads no row.

use rusqlite::types::{Value, ValueRef};

use super::expect::{Expected, Journey};
use super::side::{Column, eq};
use crate::migrate::plan::Dangling;
use crate::migrate::row;

/// Text that is not UTF-8 has no value of its own here: its bytes are compared.
pub(super) fn unreadable(value: ValueRef<'_>, there: ValueRef<'_>) -> bool {
    matches!(value, ValueRef::Text(text) if std::str::from_utf8(text).is_err()) && row::same(value, there)
}

/// Differences that the plan asks for.
pub(super) fn allowed(
    expected: &Expected<'_>,
    journey: &Journey<'_>,
    (own, goes): (&Column, &Column),
    wanted: &Value,
    there: ValueRef<'_>,
    aside: bool,
    whole: &dyn Fn(&str) -> Option<Value>,
) -> bool {
    if !eq(&own.declared, &goes.declared) && converts(wanted, there) {
        return true;
    }
    let is_null = matches!(there, ValueRef::Null);
    let refers = || journey.references.iter().any(|it| it.pairs.iter().any(|(name, _)| eq(name, &own.name)));
    if is_null && aside && expected.plan.dangling(journey.block) == Dangling::Null && refers() {
        return true;
    }
    if *wanted == Value::Null && goes.not_null {
        let template = journey.block.and_then(|block| block.fill.iter().find(|(name, _)| eq(name, &goes.name)));
        return template.is_some_and(|(_, template)| {
            let text = filled(journey, template, whole);
            matches!(there, ValueRef::Text(found) if found == text.as_bytes())
        });
    }
    let named = expected.plan.names_in_data.iter().find(|it| {
        it.column.rsplit_once('.').is_some_and(|(table, column)| {
            eq(column, &goes.name)
                && (journey.target.as_deref().is_some_and(|target| eq(target, table))
                    || journey.block.and_then(|block| block.rename_to.as_deref()).is_some_and(|name| eq(name, table))
                    || eq(&journey.table, table))
        })
    });
    match (named, wanted, there) {
        (Some(named), Value::Text(was), ValueRef::Text(is)) => {
            std::str::from_utf8(is).is_ok_and(|is| renames(expected, was, is, named.json))
        }
        _ => false,
    }
}

/// One value under two declared types.
fn converts(was: &Value, is: ValueRef<'_>) -> bool {
    match (was, is) {
        (Value::Text(was), ValueRef::Integer(is)) => *was == is.to_string(),
        (Value::Integer(was), ValueRef::Text(is)) => was.to_string().as_bytes() == is,
        (Value::Integer(was), ValueRef::Real(is)) => (*was as f64).to_bits() == is.to_bits() && is as i64 == *was,
        (Value::Real(was), ValueRef::Integer(is)) => (is as f64).to_bits() == was.to_bits(),
        (Value::Text(was), ValueRef::Real(is)) => was.parse::<f64>().is_ok_and(|was| was.to_bits() == is.to_bits()),
        (Value::Real(was), ValueRef::Text(is)) => {
            std::str::from_utf8(is).is_ok_and(|is| is.parse::<f64>().is_ok_and(|is| is.to_bits() == was.to_bits()))
        }
        _ => false,
    }
}

fn filled(journey: &Journey<'_>, template: &str, whole: &dyn Fn(&str) -> Option<Value>) -> String {
    let mut text = template.to_owned();
    for (own, result) in &journey.columns {
        let value = match whole(own) {
            Some(Value::Text(value)) => value,
            Some(Value::Integer(value)) => value.to_string(),
            _ => String::new(),
        };
        text = text.replace(&format!("{{{result}}}"), &value);
    }
    text
}

fn renames(expected: &Expected<'_>, was: &str, is: &str, json: bool) -> bool {
    let new = |name: &str| {
        expected.names.iter().find(|(old, _)| eq(old, name)).map_or_else(|| name.to_owned(), |(_, new)| new.clone())
    };
    if !json {
        return new(was) == is;
    }
    let mut left: Vec<(serde_json::Value, serde_json::Value)> =
        match (serde_json::from_str(was), serde_json::from_str(is)) {
            (Ok(was), Ok(is)) => vec![(was, is)],
            _ => return false,
        };
    while let Some(pair) = left.pop() {
        match pair {
            (serde_json::Value::String(was), serde_json::Value::String(is)) if was == is || new(&was) == is => {}
            (serde_json::Value::Array(was), serde_json::Value::Array(is)) if was.len() == is.len() => {
                left.extend(was.into_iter().zip(is));
            }
            (serde_json::Value::Object(was), serde_json::Value::Object(mut is)) if was.len() == is.len() => {
                for (name, value) in was {
                    let Some(other) = is.remove(&name).or_else(|| is.remove(&new(&name))) else { return false };
                    left.push((value, other));
                }
            }
            (was, is) if was == is => {}
            _ => return false,
        }
    }
    true
}
