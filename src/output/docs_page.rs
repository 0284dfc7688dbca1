//! The page about a database, in the parts it is generated in: the whole with its diagram, then each table and view. Knows no file.

use std::collections::BTreeSet;

use super::docs_mermaid::diagram;
use super::look::{count, grouped};
use super::markup::{code, text};
use crate::db::{Column, ForeignKey, Index, Object, Table, TableKind};
use crate::docs::regions::{Entry, Page, Parts, ROWS};
use crate::docs::{Relation, Subject, needs_description};
use crate::lang::{Access, sql};

/// What is generated of a page. `page` is what stands there now, with what people wrote.
#[must_use]
pub fn docs_page(subject: &Subject, page: &Page) -> Parts {
    let tables = subject.schema.own_tables().map(|it| Entry {
        name: it.name.clone(),
        heading: format!("## {}", text(&it.name)),
        details: table(it, subject, page),
    });
    let views = subject.schema.views.iter().map(|it| Entry {
        name: it.name.clone(),
        heading: format!("## {} (view)", text(&it.name)),
        details: view(it, subject),
    });
    Parts { whole: vec![("overview", overview(subject))], entries: tables.chain(views).collect() }
}

fn overview(subject: &Subject) -> String {
    let schema = &subject.schema;
    let mut out = format!("# Database {}\n\n", code(&subject.name));
    let mut held = vec![count(schema.own_tables().count(), "table", "tables")];
    if !schema.views.is_empty() {
        held.push(count(schema.views.len(), "view", "views"));
    }
    let when = if subject.planned { ", as planned" } else { "" };
    out.push_str(&format!("{}{when}.", held.join(", ")));
    for sentence in &subject.standing {
        out.push_str(&format!(" {}", text(sentence)));
    }
    out.push_str(
        "\nWritten by `dbguard docs`: what stands between its marks is written anew, all other text stays. The first paragraph\nbelow a table's heading is its description.\n",
    );
    if let Some(diagram) = diagram(subject) {
        out.push_str(&format!("\n```mermaid\n{diagram}```\n"));
        if subject.relations.iter().any(|it| it.planned) {
            out.push_str("\nDotted lines are foreign keys that `migration.toml` tells of and no schema declares.\n");
        }
    }
    if !subject.origin.merges.is_empty() {
        out.push_str("\n### Migrations into it\n\n");
        for merge in &subject.origin.merges {
            let sources: Vec<String> = merge.sources.iter().map(|it| code(it)).collect();
            out.push_str(&format!(
                "- {}: from {} (run {})\n",
                text(&merge.applied_at),
                sources.join(", "),
                code(&merge.run)
            ));
        }
    }
    out
}

fn table(table: &Table, subject: &Subject, page: &Page) -> String {
    let mut out = String::new();
    if page.description(&table.name).is_none() {
        match subject.words.table(&table.name) {
            Some(words) => out.push_str(&format!("{}\n\n", text(words))),
            None if needs_description(&table.name) => {
                out.push_str("*Not described yet: write what it is for between its heading and this part.*\n\n");
            }
            None => {}
        }
    }
    match table.kind {
        TableKind::Virtual => out.push_str(&format!("- Virtual table: {}\n", code(&using(&table.sql)))),
        _ if !subject.planned => {
            out.push_str(&format!("{ROWS}{}\n", table.rows.map_or_else(|| "unknown".to_owned(), grouped)));
        }
        _ => {}
    }
    let ways: Vec<&str> = [("WITHOUT ROWID", table.without_rowid), ("STRICT", table.strict)]
        .into_iter()
        .filter_map(|(word, is)| is.then_some(word))
        .collect();
    if !ways.is_empty() {
        out.push_str(&format!("- Kept as {}\n", ways.join(", ")));
    }
    for (access, words) in [(Access::Writes, "Written by"), (Access::Reads, "Read by"), (Access::Defines, "Created by")]
    {
        let users: Vec<String> =
            subject.uses.of(&table.name, access).map(|(file, functions)| user(file, functions)).collect();
        if !users.is_empty() {
            out.push_str(&format!("- {words} {}\n", users.join(", ")));
        }
    }
    let views: Vec<String> = subject
        .schema
        .views
        .iter()
        .filter(|it| names(it).contains(&table.name.to_lowercase()))
        .map(|it| code(&it.name))
        .collect();
    if !views.is_empty() {
        out.push_str(&format!("- Seen through {}\n", views.join(", ")));
    }
    came_from(table, subject, &mut out);
    columns(table, subject, &mut out);
    let lower = table.name.to_lowercase();
    list("Foreign keys", foreign_keys(table, subject), &mut out);
    let children = subject.relations.iter().filter(|it| it.parent.to_lowercase() == lower);
    list(
        "Referred to by",
        children.map(|it| format!("{} ({})", code(&it.child), codes(&it.columns))).collect(),
        &mut out,
    );
    list("Indexes", table.indexes.iter().map(index).collect(), &mut out);
    let triggers = subject.schema.triggers.iter().filter(|it| it.table.to_lowercase() == lower);
    list("Triggers", triggers.map(|it| format!("{}: {}", code(&it.name), code(&when(it)))).collect(), &mut out);
    out
}

fn user(file: &str, functions: &BTreeSet<String>) -> String {
    if functions.is_empty() {
        return code(file);
    }
    let functions: Vec<String> = functions.iter().map(|it| code(it)).collect();
    format!("{} ({})", code(file), functions.join(", "))
}

fn came_from(table: &Table, subject: &Subject, out: &mut String) {
    let lower = table.name.to_lowercase();
    for (counts, words) in [
        (&subject.origin.mapped, "got another key or met another row when they came from"),
        (&subject.origin.kept_aside, "stand whole in `dbguard_kept_aside`; they came from"),
    ] {
        for (source, rows) in counts.get(&lower).into_iter().flatten() {
            out.push_str(&format!(
                "- {} {words} {}\n",
                count(usize::try_from(*rows).unwrap_or(usize::MAX), "row", "rows"),
                code(source)
            ));
        }
    }
}

fn columns(table: &Table, subject: &Subject, out: &mut String) {
    let rows: Vec<(&Column, Option<&str>)> =
        table.columns.iter().map(|column| (column, subject.words.column(&table.name, &column.name))).collect();
    if rows.is_empty() {
        return;
    }
    let described = rows.iter().any(|(_, words)| words.is_some());
    let (head, rule) = if described { (" Meaning |", " --- |") } else { ("", "") };
    out.push_str(&format!(
        "\n| Column | Type | Not null | Default | Key |{head}\n| --- | --- | --- | --- | --- |{rule}\n"
    ));
    for (column, words) in rows {
        let meaning = if described { format!(" {} |", words.map(text).unwrap_or_default()) } else { String::new() };
        let declared = if column.declared_type.is_empty() { String::new() } else { code(&column.declared_type) };
        let default = column.default.as_deref().map(code).unwrap_or_default();
        let not_null = if column.not_null { "yes" } else { "" };
        out.push_str(&format!(
            "| {} | {declared} | {not_null} | {default} | {} |{meaning}\n",
            code(&column.name),
            keys(table, column, &subject.relations)
        ));
    }
}

fn keys(table: &Table, column: &Column, relations: &[Relation]) -> String {
    let is = |name: &String| name.eq_ignore_ascii_case(&column.name);
    let mut words = Vec::new();
    if column.primary_key > 0 {
        let parts = table.columns.iter().filter(|it| it.primary_key > 0).count();
        words.push(if parts > 1 { format!("primary, part {}", column.primary_key) } else { "primary".to_owned() });
    }
    let parents = relations.iter().filter(|it| it.child == table.name && it.columns.iter().any(is));
    words.extend(parents.map(|it| format!("→ {}", code(&it.parent))));
    let alone = |index: &&Index| matches!(index.columns.as_slice(), [Some(name)] if is(name));
    if table.indexes.iter().filter(|it| it.unique && !it.partial && it.origin != "pk").any(|it| alone(&it)) {
        words.push("unique".to_owned());
    }
    if column.hidden {
        words.push("hidden or generated".to_owned());
    }
    words.join("; ")
}

fn foreign_keys(table: &Table, subject: &Subject) -> Vec<String> {
    let mut lines: Vec<String> = table.foreign_keys.iter().map(|key| declared(key, subject)).collect();
    let planned = subject.relations.iter().filter(|it| it.planned && it.child == table.name);
    lines.extend(planned.map(|it| {
        format!(
            "{} → {} ({}), which no schema declares",
            codes(&it.columns),
            code(&it.parent),
            codes(&it.parent_columns)
        )
    }));
    lines
}

fn declared(key: &ForeignKey, subject: &Subject) -> String {
    let mut line = format!("{} → {}", codes(&key.columns), code(&key.parent));
    if !key.parent_columns.is_empty() {
        line.push_str(&format!(" ({})", codes(&key.parent_columns)));
    }
    for (verb, action) in [("update", &key.on_update), ("delete", &key.on_delete)] {
        if !action.is_empty() && action != "NO ACTION" {
            line.push_str(&format!(", on {verb} {}", text(&action.to_lowercase())));
        }
    }
    if subject.schema.table(&key.parent).is_none() {
        line.push_str(", **which is not there**");
    }
    line
}

fn index(index: &Index) -> String {
    let columns: Vec<String> =
        index.columns.iter().map(|it| it.as_deref().map_or_else(|| "an expression".to_owned(), code)).collect();
    let unique = if index.unique { ", unique" } else { "" };
    let partial = if index.partial { ", of some rows" } else { "" };
    let origin = match index.origin.as_str() {
        "pk" => ", of the primary key",
        "u" => ", of a constraint",
        _ => "",
    };
    format!("{} on {}{unique}{partial}{origin}", code(&index.name), columns.join(", "))
}

fn list(title: &str, lines: Vec<String>, out: &mut String) {
    if lines.is_empty() {
        return;
    }
    out.push_str(&format!("\n{title}:\n\n"));
    for line in lines {
        out.push_str(&format!("- {line}\n"));
    }
}

fn codes(names: &[String]) -> String {
    names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ")
}

fn view(view: &Object, subject: &Subject) -> String {
    let names = names(view);
    let read = subject.schema.own_tables().map(|it| &it.name).chain(subject.schema.views.iter().map(|it| &it.name));
    let read: Vec<String> =
        read.filter(|it| **it != view.name && names.contains(&it.to_lowercase())).map(|it| code(it)).collect();
    let mut out = String::new();
    if !read.is_empty() {
        out.push_str(&format!("- Reads {}\n\n", read.join(", ")));
    }
    let triggers = subject.schema.triggers.iter().filter(|it| it.table.eq_ignore_ascii_case(&view.name));
    list("Triggers", triggers.map(|it| format!("{}: {}", code(&it.name), code(&when(it)))).collect(), &mut out);
    out.push_str(&block("sql", &view.sql));
    out
}

/// A block of code that nothing in it ends.
fn block(language: &str, words: &str) -> String {
    let longest = words.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let words: Vec<String> = words.lines().map(super::escape).collect();
    format!("{fence}{language}\n{}\n{fence}\n", words.join("\n"))
}

/// Names of the tables that the statement of a view reads, in lowercase.
fn names(view: &Object) -> BTreeSet<String> {
    let statements = sql::statements(&view.sql);
    let uses = statements.iter().flat_map(|it| &it.uses).filter(|it| it.access == Access::Reads);
    uses.map(|it| it.table.to_lowercase()).collect()
}

/// The module of a virtual table with what it is told: `fts5(title, body)`.
fn using(sql: &str) -> String {
    let at = sql.to_ascii_lowercase().find(" using ").map_or(0, |at| at + " using ".len());
    one_line(sql.get(at..).unwrap_or(sql))
}

/// When a trigger runs: what stands between its name and its statements.
fn when(trigger: &Object) -> String {
    let line = one_line(&trigger.sql);
    let lower = line.to_ascii_lowercase();
    let end = lower.find(" begin ").unwrap_or(line.len());
    let begin = [" before ", " after ", " instead of ", " insert on ", " update on ", " update of ", " delete on "]
        .iter()
        .filter_map(|word| lower.find(word))
        .min()
        .filter(|begin| *begin < end)
        .unwrap_or(0);
    line.get(begin..end).unwrap_or(&line).trim().to_owned()
}

fn one_line(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}
