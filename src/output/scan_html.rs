//! `scan` as one page for a browser: what the audit report says, and a picture of who reads and writes what. It needs no network
//! and runs no script.

use std::io::{self, Write};

use super::html::{begin, cell, end, table_head, text};
use super::look::grouped;
use super::overview::{Overview, Row, at, headline, open_words};
use super::usage_picture::{self, Use};
use super::{Opinion, shown};
use crate::scan::{self, Inventory};

type Out<'a> = &'a mut dyn Write;

/// Writes the inventory as one page.
pub fn scan_html(inventory: &Inventory, opinion: &Opinion<'_>, out: Out<'_>) -> io::Result<()> {
    let overview = Overview::of(inventory, opinion);
    begin("Databases", out)?;
    writeln!(out, "<header>\n<h1>Databases</h1>\n<p class=\"faint\">{}</p>\n</header>", text(&headline(inventory)))?;
    databases(&overview, out)?;
    duplicates(&overview, out)?;
    uses(inventory, out)?;
    let path = |id| text(&shown(&inventory.root, &inventory.database(id).path));
    let dangling = overview.dangling.iter().map(|(id, references)| {
        let places: Vec<String> = references.iter().map(|reference| text(&at(reference))).collect();
        format!("<b>{}</b> <span class=\"faint\">{}</span>", path(*id), places.join(", "))
    });
    list("dangling", "Code refers to it, no such file is here", dangling.collect(), out)?;
    let alone = overview.unreferenced.iter().map(|id| path(*id));
    list("unreferenced", "Neither code nor configuration refers to it", alone.collect(), out)?;
    let unresolved = overview.unresolved.iter();
    let unresolved = unresolved
        .map(|open| format!("{} <span class=\"faint\">{}</span>", text(&at(open)), text(&open_words(&open.fact))));
    list("unresolved", "Opens that could not be resolved", unresolved.collect(), out)?;
    end(&format!("Written by dbguard {}.", env!("CARGO_PKG_VERSION")), out)
}

fn databases(overview: &Overview<'_>, out: Out<'_>) -> io::Result<()> {
    if overview.rows.is_empty() {
        return Ok(());
    }
    let judged = overview.rows.iter().any(|row| row.standing.is_some());
    let policy: &[(&str, bool)] = if judged { &[("policy", false)] } else { &[] };
    let columns = [
        &[("database", false), ("references", true), ("files", true), ("tables", true), ("rows", true)],
        policy,
        &[("note", false)],
    ]
    .concat();
    writeln!(out, "<section id=\"databases\">")?;
    table_head("Databases", &columns, out)?;
    for row in &overview.rows {
        let Row { path, references, files, tables, rows, says, note, .. } = row;
        let number = |name: &str, value: Option<u64>| cell(name, true, value.map(grouped).as_deref());
        let words =
            |name: &str, words: &str| cell(name, false, Some(text(words)).filter(|it| !it.is_empty()).as_deref());
        writeln!(
            out,
            "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">{}</th>{}{}{}{}{}{}</tr>",
            text(path),
            number("references", Some(*references as u64)),
            number("files", Some(*files as u64)),
            number("tables", tables.map(|tables| tables as u64)),
            number("rows", *rows),
            if judged { words("policy", says) } else { String::new() },
            words("note", note)
        )?;
    }
    writeln!(out, "</tbody>\n</table>\n</section>")
}

fn duplicates(overview: &Overview<'_>, out: Out<'_>) -> io::Result<()> {
    let lines = overview.duplicates.iter().map(|duplicate| {
        let asides = Overview::asides(duplicate).join("; ");
        let asides = if asides.is_empty() { asides } else { format!(" ({asides})") };
        let (table, sides) = (text(&duplicate.table), text(&overview.sides(duplicate)));
        format!("<b>{table}</b>: {sides}<span class=\"faint\">{}</span>", text(&asides))
    });
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section id=\"duplicates\">\n<h2>Tables that stand in several databases</h2>\n<ul class=\"warnings\">"
    )?;
    lines.iter().try_for_each(|line| writeln!(out, "<li>{line}</li>"))?;
    writeln!(out, "</ul>\n</section>")
}

fn uses(inventory: &Inventory, out: Out<'_>) -> io::Result<()> {
    let matrix = scan::matrix(inventory);
    let own: Vec<_> = matrix
        .iter()
        .filter(|usage| !inventory.database(usage.database).temporary)
        .map(|usage| (shown(&inventory.root, &inventory.database(usage.database).path), usage))
        .collect();
    let uses: Vec<Use<'_>> = own
        .iter()
        .flat_map(|(database, usage)| {
            usage.hands().into_iter().map(|hand| Use {
                database,
                table: usage.table,
                file: hand.file,
                function: hand.function,
                reads: hand.reads,
                writes: hand.writes,
                defines: hand.defines,
            })
        })
        .collect();
    usage_picture::section(&uses, usage_picture::ABOUT, out)
}

fn list(id: &str, title: &str, lines: Vec<String>, out: Out<'_>) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section id=\"{id}\">\n<h2>{title}</h2>\n<ul class=\"plain\">")?;
    lines.iter().try_for_each(|line| writeln!(out, "<li>{line}</li>"))?;
    writeln!(out, "</ul>\n</section>")
}
