//! What `migrate plan` says: sources, what stands in the way, decisions with their numbers. Values are masked unless asked for.

use std::io::{self, Write};

use rusqlite::types::Value;
use serde::Serialize;

use super::Look;
use super::look::{BAD, CAUTION, FAINT, GOOD, HEADING, NAME, PLAIN, Side, Table, count, escape, grouped};
use crate::migrate::examine::Trouble;
use crate::migrate::plan::{Action, Choice, SourcePlan};
use crate::migrate::propose::{Example, Proposal};

/// For people.
pub fn plan_full(proposal: &Proposal, values: bool, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let plan = &proposal.plan;
    let merged = plan.merged().count();
    let words = format!(
        "{} become {}; {} in all",
        count(merged, "database", "databases"),
        escape(&plan.target.path),
        count(plan.sources.len(), "database", "databases")
    );
    writeln!(out, "{}\n", look.paint(HEADING, &words))?;
    let mut table = Table::new(&[
        ("database", Side::Left),
        ("tables", Side::Right),
        ("rows", Side::Right),
        ("becomes", Side::Left),
        ("", Side::Left),
    ]);
    for source in &plan.sources {
        let size = proposal.sizes.iter().find(|(id, ..)| *id == source.id);
        let number = |number: Option<u64>| (number.map_or_else(|| "–".to_owned(), grouped), PLAIN);
        let is_base = plan.target.base.as_ref() == Some(&source.id);
        let (what, style) = becomes(source, is_base);
        table.row(vec![
            (escape(&source.path), NAME),
            number(size.map(|it| it.1)),
            number(size.map(|it| it.2)),
            (what.to_owned(), style),
            (escape(source.why.as_deref().unwrap_or("")), FAINT),
        ]);
    }
    write!(out, "{}", table.draw(look))?;
    let lines: Vec<String> = proposal
        .plan
        .tables
        .iter()
        .filter_map(|block| {
            let key = format!("table {} {}", block.name, block.from.join(","));
            let lines = &proposal.remarks.iter().find(|remark| remark.block == key)?.lines;
            (!lines.is_empty())
                .then(|| format!("{}: {}", look.paint(NAME, &escape(&block.name)), escape(&lines.join("; "))))
        })
        .collect();
    section("Tables that several databases have", &lines, look, out)?;
    let refs: Vec<String> = plan.refs.iter().map(|it| format!("{} → {}", escape(&it.column), escape(&it.to))).collect();
    section("Foreign keys that no schema declares, by their values", &refs, look, out)?;
    let troubles: Vec<String> = proposal.troubles.iter().map(in_words).collect();
    section("To know before a merge", &troubles, look, out)?;
    if proposal.conflicts.is_empty() {
        writeln!(out, "\n{}", look.paint(GOOD, "Nothing is left to decide."))?;
        return Ok(());
    }
    let open = count(proposal.conflicts.len(), "decision is yours", "decisions are yours");
    writeln!(out, "\n{}", look.paint(CAUTION, &open))?;
    for conflict in &proposal.conflicts {
        let head =
            format!("{} {}", look.paint(NAME, &escape(&conflict.subject)), look.paint(FAINT, &escape(&conflict.key)));
        writeln!(out, "  {head}  {}", look.wrap(&escape(&conflict.words), 4))?;
        for example in &conflict.examples {
            writeln!(out, "      {}", look.paint(FAINT, &escape(&shown(example, values))))?;
        }
        for (option, effect) in &conflict.options {
            writeln!(out, "    {}  {}", escape(option), look.wrap(&escape(effect), 8))?;
        }
    }
    Ok(())
}

fn section(title: &str, lines: &[String], look: &Look, out: &mut dyn Write) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", look.paint(HEADING, title))?;
    for line in lines {
        writeln!(out, "  {}", look.wrap(line, 4))?;
    }
    Ok(())
}

fn becomes(source: &SourcePlan, is_base: bool) -> (&'static str, anstyle::Style) {
    match source.action {
        Choice::Open => ("?", BAD),
        Choice::Made(Action::Merge) if is_base => ("base", GOOD),
        Choice::Made(Action::Merge) => ("merged", GOOD),
        Choice::Made(Action::Keep) => ("kept", PLAIN),
        Choice::Made(Action::External) => ("external", PLAIN),
        Choice::Made(Action::Archive) => ("archived", PLAIN),
        Choice::Made(Action::DeleteEmpty) => ("deleted, it is empty", PLAIN),
    }
}

fn in_words(trouble: &Trouble) -> String {
    let subject = if trouble.subject.is_empty() { String::new() } else { format!(" {}", trouble.subject) };
    escape(&format!("{}{subject}: {}", trouble.source, trouble.words))
}

/// `username=text(5): email zoe text(14), auth text(9)`.
fn shown(example: &Example, values: bool) -> String {
    let key: Vec<String> = example.key.iter().map(|(name, value)| format!("{name}={}", one(value, values))).collect();
    let columns: Vec<String> = example
        .columns
        .iter()
        .map(|(name, [left, right])| {
            let [one_id, two_id] = &example.sources;
            format!("{name}: {} in {one_id}, {} in {two_id}", one(left, values), one(right, values))
        })
        .collect();
    format!("{}  {}", key.join(" "), columns.join("; "))
}

/// A value, or what kind it is.
fn one(value: &Value, shown: bool) -> String {
    /// Longer texts are cut.
    const LONGEST: usize = 60;
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(integer) if shown => integer.to_string(),
        Value::Real(real) if shown => real.to_string(),
        Value::Text(text) if shown => {
            let cut: String = text.chars().take(LONGEST).collect();
            format!("'{cut}{}'", if cut.len() < text.len() { "…" } else { "" })
        }
        Value::Integer(_) => "integer".to_owned(),
        Value::Real(_) => "real".to_owned(),
        Value::Text(text) => format!("text({})", text.chars().count()),
        Value::Blob(bytes) => format!("blob({})", bytes.len()),
    }
}

#[derive(Serialize)]
struct Record<'a> {
    version: u32,
    plan: &'a crate::migrate::Plan,
    open: Vec<String>,
    conflicts: Vec<ConflictRecord<'a>>,
    troubles: &'a [Trouble],
}

#[derive(Serialize)]
struct ConflictRecord<'a> {
    subject: &'a str,
    key: &'a str,
    message: &'a str,
    options: Vec<OptionRecord<'a>>,
    examples: Vec<String>,
}

#[derive(Serialize)]
struct OptionRecord<'a> {
    write: &'a str,
    effect: &'a str,
}

/// For programs.
pub fn plan_json(proposal: &Proposal, values: bool, out: &mut dyn Write) -> io::Result<()> {
    let conflicts = proposal.conflicts.iter().map(|conflict| ConflictRecord {
        subject: &conflict.subject,
        key: &conflict.key,
        message: &conflict.words,
        options: conflict.options.iter().map(|(write, effect)| OptionRecord { write, effect }).collect(),
        examples: conflict.examples.iter().map(|example| shown(example, values)).collect(),
    });
    let record = Record {
        version: 1,
        plan: &proposal.plan,
        open: proposal.plan.open_choices(),
        conflicts: conflicts.collect(),
        troubles: &proposal.troubles,
    };
    serde_json::to_writer_pretty(&mut *out, &record)?;
    writeln!(out)
}
