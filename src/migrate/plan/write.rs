//! A plan to `migration.toml`, with the remarks that help a person decide. Decides nothing.

use std::fmt::Write;

use serde::Serialize;

use super::Plan;

/// Words above a block of the plan, one line each; never the content of a row unless the caller put it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Which block: `source zoe`, `table users zoe,auth`, `ref *.user_id`.
    pub block: String,
    pub lines: Vec<String>,
}

const HEAD: &str = "\
# Written by `dbguard migrate plan`; review it, then `dbguard migrate apply`.
# \"?\" stands where a decision is yours. Running `plan` again keeps what you decided.
";

/// The text of a plan.
#[must_use]
pub fn write(plan: &Plan, remarks: &[Remark]) -> String {
    let mut out = String::from(HEAD);
    let _ = writeln!(out, "version = {}", plan.version);
    section(&mut out, "[target]", &plan.target);
    section(&mut out, "[defaults]", &plan.defaults);
    let mut blocks = Blocks { out, remarks };
    for source in &plan.sources {
        blocks.add(&format!("source {}", source.id), "[[source]]", source);
    }
    for table in &plan.tables {
        blocks.add(&format!("table {} {}", table.name, table.from.join(",")), "[[table]]", table);
    }
    for reference in &plan.refs {
        blocks.add(&format!("ref {}", reference.column), "[[ref]]", reference);
    }
    for rename in &plan.renames {
        blocks.add(&format!("rename {}", rename.from), "[[rename]]", rename);
    }
    for names in &plan.names_in_data {
        blocks.add(&format!("names-in-data {}", names.column), "[[names-in-data]]", names);
    }
    let mut out = blocks.out;
    if plan.code != super::Code::default() {
        section(&mut out, "[code]", &plan.code);
    }
    section(&mut out, "[after]", &plan.after);
    out
}

struct Blocks<'r> {
    out: String,
    remarks: &'r [Remark],
}

impl Blocks<'_> {
    fn add(&mut self, block: &str, header: &str, value: &impl Serialize) {
        let lines = self.remarks.iter().filter(|remark| remark.block == block).flat_map(|remark| &remark.lines);
        let lines: Vec<String> = lines.map(|line| format!("# {}", line.replace(['\n', '\r'], " "))).collect();
        self.out.push('\n');
        for line in lines {
            let _ = writeln!(self.out, "{line}");
        }
        body(&mut self.out, header, value);
    }
}

fn section(out: &mut String, header: &str, value: &impl Serialize) {
    out.push('\n');
    body(out, header, value);
}

/// Every value on one line, tables inline: a block stays a block.
fn body(out: &mut String, header: &str, value: &impl Serialize) {
    let _ = writeln!(out, "{header}");
    let Ok(toml::Value::Table(table)) = toml::Value::try_from(value) else { return };
    for (key, value) in table {
        let _ = writeln!(out, "{key} = {value}");
    }
}
