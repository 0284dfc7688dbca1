//! A schema as a Mermaid ER diagram. Names that Mermaid cannot hold are replaced by the nearest it can. Knows no page.

use std::collections::BTreeSet;

use super::escape;
use crate::db::{Column, Table};
use crate::docs::{Relation, Subject};

/// Mermaid draws no text that is longer than 50,000 characters.
const LONGEST: usize = 45_000;

/// How much of each table is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    Columns,
    Keys,
    Names,
}

/// The diagram, from `erDiagram` on; `None` where there is no table to draw. Large schemas are drawn with their keys only.
pub(super) fn diagram(subject: &Subject) -> Option<String> {
    let tables: Vec<&Table> = subject.schema.own_tables().filter(|table| is_drawn(&table.name)).collect();
    if tables.is_empty() {
        return None;
    }
    let mut text = String::new();
    for depth in [Depth::Columns, Depth::Keys, Depth::Names] {
        text = drawn(&tables, &subject.relations, depth);
        if text.len() <= LONGEST {
            break;
        }
    }
    Some(text)
}

/// What dbguard adds to a database has a section and no place in the picture.
fn is_drawn(name: &str) -> bool {
    !name.to_lowercase().starts_with("dbguard_")
}

fn drawn(tables: &[&Table], relations: &[Relation], depth: Depth) -> String {
    let mut text = "erDiagram\n".to_owned();
    let mut taken = BTreeSet::new();
    let names: Vec<String> = tables.iter().map(|table| entity(&table.name, &mut taken)).collect();
    let id = |name: &str| tables.iter().position(|it| it.name == name).and_then(|at| names.get(at));
    for (table, name) in tables.iter().zip(&names) {
        let columns = attributes(table, relations, depth);
        if columns.is_empty() {
            text.push_str(&format!("    {name}\n"));
        } else {
            text.push_str(&format!("    {name} {{\n{columns}    }}\n"));
        }
    }
    for relation in relations {
        let (Some(parent), Some(child)) = (id(&relation.parent), id(&relation.child)) else { continue };
        let left = if relation.optional { "|o" } else { "||" };
        let line = if relation.planned { ".." } else { "--" };
        let right = if relation.single { "o|" } else { "o{" };
        let label = label(&relation.columns.join(", "));
        text.push_str(&format!("    {parent} {left}{line}{right} {child} : \"{label}\"\n"));
    }
    text
}

fn attributes(table: &Table, relations: &[Relation], depth: Depth) -> String {
    let mut text = String::new();
    let mut taken = BTreeSet::new();
    for column in &table.columns {
        let keys = keys(table, column, relations);
        if depth == Depth::Names || depth == Depth::Keys && keys.is_empty() {
            continue;
        }
        let name = word(&column.name, &mut taken);
        let comment = if name == column.name || column.name.is_empty() {
            String::new()
        } else {
            format!(" \"{}\"", label(&column.name))
        };
        let keys = if keys.is_empty() { String::new() } else { format!(" {}", keys.join(", ")) };
        text.push_str(&format!("        {} {name}{keys}{comment}\n", kind(&column.declared_type)));
    }
    text
}

fn keys(table: &Table, column: &Column, relations: &[Relation]) -> Vec<&'static str> {
    let is = |name: &String| name.eq_ignore_ascii_case(&column.name);
    let mut keys = Vec::new();
    if column.primary_key > 0 {
        keys.push("PK");
    }
    let refers = relations.iter().any(|it| it.child == table.name && it.columns.iter().any(is));
    if refers || table.foreign_keys.iter().any(|key| key.columns.iter().any(is)) {
        keys.push("FK");
    }
    let alone = |columns: &[Option<String>]| matches!(columns, [Some(name)] if is(name));
    if table.indexes.iter().any(|it| it.unique && !it.partial && it.origin != "pk" && alone(&it.columns)) {
        keys.push("UK");
    }
    keys
}

/// A table's name as Mermaid takes one: a plain word, or a text in quotes.
fn entity(name: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = is_word(name) && !is_reserved(name);
    let base = if plain { name.to_owned() } else { label(name) };
    let base = if base.trim().is_empty() { "unnamed".to_owned() } else { base };
    let unique = unique(&base, taken);
    if plain && unique == name { unique } else { format!("\"{unique}\"") }
}

/// A column's name as Mermaid takes one: a word, and none of its own.
fn word(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut word: String = name.chars().map(|c| if is_word_letter(c) { c } else { '_' }).collect();
    let begins = word.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if !begins || ["pk", "fk", "uk"].contains(&word.to_lowercase().as_str()) {
        word.insert(0, '_');
    }
    unique(&word, taken)
}

/// Mermaid knows letters from `À` on, besides ASCII.
fn is_word_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || ('\u{c0}'..='\u{ffff}').contains(&c) && c.is_alphanumeric()
}

/// A declared type as one word; SQLite takes any text for a type, and none.
fn kind(declared: &str) -> String {
    let letter = |c: char| if is_word_letter(c) || "()[]-".contains(c) { c } else { '_' };
    let word: String = declared.split_whitespace().collect::<Vec<_>>().join("_").replace(",_", ",");
    let word: String = word.chars().map(letter).collect();
    let begins = word.chars().next().is_some_and(|c| c.is_alphabetic());
    match (word.is_empty(), begins) {
        (true, _) => "any".to_owned(),
        (_, true) => word,
        (_, false) => format!("t_{word}"),
    }
}

/// Text for between quotes. What ends a quote, a line or a picture, or would be read as markup, is replaced by what looks like it.
fn label(words: &str) -> String {
    let replaced = |c: char| match c {
        '"' | '`' => '\'',
        '<' => '‹',
        '>' => '›',
        '\\' => '/',
        '%' | '#' | ';' | '\n' | '\r' | '\t' => '_',
        '{' => '(',
        '}' => ')',
        other => other,
    };
    escape(words).chars().map(replaced).collect()
}

fn is_word(name: &str) -> bool {
    name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Words that mean something in a diagram.
fn is_reserved(name: &str) -> bool {
    const WORDS: [&str; 20] = [
        "erdiagram",
        "title",
        "direction",
        "acctitle",
        "accdescr",
        "class",
        "classdef",
        "style",
        "one",
        "only",
        "zero",
        "many",
        "to",
        "optionally",
        "u",
        "o",
        "tb",
        "bt",
        "lr",
        "rl",
    ];
    let lower = name.to_lowercase();
    WORDS.contains(&lower.as_str()) || lower == "end" || lower == "subgraph"
}

/// The name, with a number behind it where another has it. Mermaid does not tell small letters from capitals in all its parts.
fn unique(base: &str, taken: &mut BTreeSet<String>) -> String {
    let mut name = base.to_owned();
    let mut number = 2;
    while !taken.insert(name.to_lowercase()) {
        name = format!("{base}_{number}");
        number += 1;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_what_mermaid_holds() {
        let mut taken = BTreeSet::new();
        for (name, expected) in [
            ("users", "users"),
            ("a b", "\"a b\""),
            ("a\"b", "\"a'b\""),
            ("a'b", "\"a'b_2\""),
            ("one", "\"one\""),
            ("x%y;#1;", "\"x_y__1_\""),
            ("таблица", "\"таблица\""),
            ("", "\"unnamed\""),
            ("two\nlines", "\"two/nlines\""),
        ] {
            assert_eq!(entity(name, &mut taken), expected, "{name:?}");
        }
        let mut taken = BTreeSet::new();
        for (name, expected) in [
            ("id", "id"),
            ("pk", "_pk"),
            ("first name", "first_name"),
            ("first-name", "first_name_2"),
            ("1st", "_1st"),
            ("имя", "имя"),
            ("", "_"),
        ] {
            assert_eq!(word(name, &mut taken), expected, "{name:?}");
        }
        for (declared, expected) in [
            ("", "any"),
            ("INTEGER", "INTEGER"),
            ("VARCHAR(20)", "VARCHAR(20)"),
            ("DECIMAL(10, 2)", "DECIMAL(10_2)"),
            ("UNSIGNED BIG INT", "UNSIGNED_BIG_INT"),
            ("\"", "t__"),
        ] {
            assert_eq!(kind(declared), expected, "{declared:?}");
        }
    }
}
