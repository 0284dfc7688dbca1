//! `scan` as an audit report that one would commit: Markdown, the same words every time the facts are the same.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::look::grouped;
use super::markup::{code, text};
use super::overview::{Overview, Row, at, headline, open_words};
use super::{Opinion, shown};
use crate::db::TableKind;
use crate::lang::{Access, Reference, Role, Value};
use crate::scan::{Duplicate, Inventory, Linked};

/// Writes the inventory as a document.
pub fn scan_markdown(inventory: &Inventory, opinion: &Opinion<'_>, out: &mut dyn Write) -> io::Result<()> {
    let overview = Overview::of(inventory, opinion);
    writeln!(out, "# Databases\n\n{}.\n", headline(inventory))?;
    databases(&overview, out)?;
    duplicates(&overview, out)?;
    dangling(&overview, inventory, out)?;
    let unreferenced: Vec<String> = overview
        .unreferenced
        .iter()
        .map(|&id| format!("- {}", code(&shown(&inventory.root, &inventory.database(id).path))))
        .collect();
    section("Databases that neither code nor configuration refers to", &unreferenced, out)?;
    let unresolved: Vec<String> = overview
        .unresolved
        .iter()
        .map(|open| format!("- {}: {}", code(&at(open)), code(&open_words(&open.fact))))
        .collect();
    section("Opens that could not be resolved", &unresolved, out)?;
    if !overview.rows.is_empty() {
        writeln!(out, "\n## Each database")?;
    }
    for row in &overview.rows {
        one(row, inventory, out)?;
    }
    let skipped: Vec<String> = inventory
        .skipped
        .iter()
        .filter(|skipped| opinion.verbose || !skipped.by_design)
        .map(|skipped| format!("- {}: {}", code(&shown(&inventory.root, &skipped.path)), text(&skipped.reason)))
        .collect();
    section("Skipped", &skipped, out)
}

fn section(title: &str, lines: &[String], out: &mut dyn Write) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## {title}\n")?;
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn databases(overview: &Overview<'_>, out: &mut dyn Write) -> io::Result<()> {
    if overview.rows.is_empty() {
        return Ok(());
    }
    let judged = overview.rows.iter().any(|row| row.standing.is_some());
    let (head, rule) = if judged { (" Policy |", " --- |") } else { ("", "") };
    writeln!(out, "| Database | References | Files | Tables | Rows |{head} Note |")?;
    writeln!(out, "| --- | --: | --: | --: | --: |{rule} --- |")?;
    for row in &overview.rows {
        let number = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), grouped);
        let says = if judged { format!(" {} |", text(&row.says)) } else { String::new() };
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |{says} {} |",
            code(&row.path),
            grouped(row.references as u64),
            grouped(row.files as u64),
            number(row.tables.map(|tables| tables as u64)),
            number(row.rows),
            text(&row.note),
        )?;
    }
    if !overview.aside.is_empty() {
        let aside: Vec<String> = overview.aside.iter().map(|row| code(&row.path)).collect();
        writeln!(out, "\nOf tests, temporary folders or documents only: {}.", aside.join(", "))?;
    }
    Ok(())
}

fn duplicates(overview: &Overview<'_>, out: &mut dyn Write) -> io::Result<()> {
    if overview.duplicates.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Tables that stand in several databases\n\n| Table | Rows | Columns | Matched on |")?;
    writeln!(out, "| --- | --- | --- | --- |")?;
    for duplicate in &overview.duplicates {
        let Duplicate { table, matched_on, drifted, .. } = duplicate;
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            code(table),
            text(&overview.sides(duplicate)),
            if *drifted { "differ" } else { "the same" },
            if matched_on.is_empty() { "–".to_owned() } else { text(&matched_on.join(", ")) },
        )?;
    }
    Ok(())
}

fn dangling(overview: &Overview<'_>, inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    let lines: Vec<String> = overview
        .dangling
        .iter()
        .map(|(id, references)| {
            let places: Vec<String> = references.iter().map(|reference| code(&at(reference))).collect();
            format!("- {}: {}", code(&shown(&inventory.root, &inventory.database(*id).path)), places.join(", "))
        })
        .collect();
    section("Dangling: code refers to it, no such file is here", &lines, out)
}

/// One database: its tables with who reads and who writes them, and the places that refer to it.
fn one(row: &Row<'_>, inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n### {}", code(&row.path))?;
    if !row.database.spellings.is_empty() {
        let spellings: Vec<String> =
            row.database.spellings.iter().map(|spelling| code(&shown(&inventory.root, spelling))).collect();
        writeln!(out, "\nAlso written {}.", spellings.join(", "))?;
    }
    tables(row, inventory, out)?;
    let mut places: BTreeMap<&str, Vec<&Linked<Reference>>> = BTreeMap::new();
    for reference in inventory.references_to(row.id) {
        places.entry(&reference.fact.place.file).or_default().push(reference);
    }
    if places.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n| File | Opens | Names | Mentions | Environment |\n| --- | --- | --- | --- | --- |")?;
    for (file, references) in places {
        let lines = |wanted: &[Role]| {
            let mut lines: Vec<u32> = references
                .iter()
                .filter(|reference| wanted.contains(&reference.fact.role))
                .map(|reference| reference.fact.place.start.line)
                .collect();
            lines.dedup();
            lines.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
        };
        let mut env: Vec<&str> =
            references.iter().flat_map(|reference| reference.fact.values.iter().flat_map(Value::envs)).collect();
        env.sort_unstable();
        env.dedup();
        let env: Vec<String> = env.into_iter().map(code).collect();
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            code(file),
            lines(&[Role::Opens]),
            lines(&[Role::Binds, Role::Configures]),
            lines(&[Role::Mentions]),
            env.join(", "),
        )?;
    }
    Ok(())
}

fn tables(row: &Row<'_>, inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    let Some(schema) = row.database.file.as_ref().and_then(|file| file.schema.as_ref()) else { return Ok(()) };
    if schema.own_tables().next().is_none() {
        return Ok(());
    }
    writeln!(out, "\n| Table | Rows | Read in | Written in |\n| --- | --: | --- | --- |")?;
    for table in schema.own_tables() {
        let users = |wanted: &[Access]| {
            let mut files: Vec<&str> = inventory
                .table_uses
                .iter()
                .filter(|used| used.databases.first() == Some(&row.id) && wanted.contains(&used.fact.access))
                .filter(|used| used.fact.table.eq_ignore_ascii_case(&table.name))
                .map(|used| &*used.fact.place.file)
                .collect();
            files.dedup();
            files.into_iter().map(code).collect::<Vec<_>>().join(", ")
        };
        let kind = if table.kind == TableKind::Virtual { " (virtual)" } else { "" };
        writeln!(
            out,
            "| {}{kind} | {} | {} | {} |",
            code(&table.name),
            table.rows.map_or_else(|| "–".to_owned(), grouped),
            users(&[Access::Reads]),
            users(&[Access::Writes, Access::Defines]),
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod report {
    use super::*;
    use crate::output::sample;

    #[test]
    fn an_audit_report() {
        let (inventory, policy) = (sample::inventory(), sample::policy());
        let applied = crate::rules::Applied::new(&inventory, &policy);
        let mut out = Vec::new();
        scan_markdown(&inventory, &Opinion { applied: Some(&applied), verbose: false }, &mut out).unwrap();
        snapbox::assert_data_eq!(
            String::from_utf8(out).unwrap(),
            snapbox::str![[r#"
# Databases

5 databases (3 files), 6 references in 4 files, 0 table uses.

| Database | References | Files | Tables | Rows | Policy | Note |
| --- | --: | --: | --: | --: | --- | --- |
| `data/zoe.db` | 2 | 1 | 1 | 4 | primary (DATABASE_PATH) |  |
| `data/auth.db` | 2 | 2 | 1 | 2 | retired |  |
| `old.db` | 1 | 1 | – | – | unknown | no such file |
| `data/spare.db` | 0 | 0 | 1 | 7 | unknown |  |

Of tests, temporary folders or documents only: `:memory:`.

## Tables that stand in several databases

| Table | Rows | Columns | Matched on |
| --- | --- | --- | --- |
| `users` | 4 in zoe.db, 2 in auth.db, 2 of the 4 missing there | differ | username |

## Dangling: code refers to it, no such file is here

- `old.db`: `services/old.py:1:1`

## Databases that neither code nor configuration refers to

- `data/spare.db`

## Opens that could not be resolved

- `services/auth.py:9:1`: `sqlite3.connect of path`

## Each database

### `data/zoe.db`

| Table | Rows | Read in | Written in |
| --- | --: | --- | --- |
| `users` | 4 |  |  |

| File | Opens | Names | Mentions | Environment |
| --- | --- | --- | --- | --- |
| `services/users.py` | 1, 2 |  |  |  |

### `data/auth.db`

| Table | Rows | Read in | Written in |
| --- | --: | --- | --- |
| `users` | 2 |  |  |

| File | Opens | Names | Mentions | Environment |
| --- | --- | --- | --- | --- |
| `services/auth.py` | 3 |  |  | `DATABASE_PATH` |
| `services/users.py` | 2 |  |  |  |

### `old.db`

| File | Opens | Names | Mentions | Environment |
| --- | --- | --- | --- | --- |
| `services/old.py` |  | 1 |  |  |

### `data/spare.db`

| Table | Rows | Read in | Written in |
| --- | --: | --- | --- |
| `notes` | 7 |  |  |

## Skipped

- `big.sql`: 209 MB: larger than 16 MB

"#]]
        );
    }
}
