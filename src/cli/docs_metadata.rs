//! `dbguard docs --metadata`: what each table is for, written into the database itself.

use std::path::Path;
use std::time::Duration;

use super::docs::Chosen;
use super::failure::{Exit, Failure};
use crate::db;
use crate::docs::{self, METADATA, Page, Subject, Words};
use crate::migrate::Stop;
use crate::migrate::run::{Described, Descriptions, describe, report, undescribed};
use crate::output::escape;
use crate::rules::Standing;

/// The `schema_metadata` of one database.
pub(super) struct Metadata<'a> {
    pub(super) chosen: &'a Chosen,
    pub(super) standing: Option<Standing>,
    pub(super) root: &'a Path,
}

impl Metadata<'_> {
    /// Databases of other programs, and those that are given up, are not written to.
    pub(super) fn may_be_written(&self) -> Result<(), Failure> {
        let why = match self.standing {
            Some(Standing::External(_)) => "the policy says that it is another program's",
            Some(Standing::Retired(_)) => "the policy says that it is retired",
            _ => return Ok(()),
        };
        Err(Failure::usage(
            "nothing is written into this database",
            format!("{}: {why}", escape(&self.chosen.name)),
            "describe its tables on a page: dbguard docs DATABASE --output FILE",
        ))
    }

    /// A row for every table. What people wrote on the page goes before what the database says of itself; what databases said that
    /// became this one comes last.
    pub(super) fn wanted(&self, subject: &Subject, page: &Page) -> Vec<Described> {
        let inherited = self.inherited();
        let tables = subject.schema.own_tables().filter(|table| !table.name.eq_ignore_ascii_case(METADATA));
        let wanted = tables.map(|table| {
            let written = page.description(&table.name);
            let firm = written.is_some();
            let own = || subject.words.table(&table.name).or(inherited.table(&table.name)).map(str::to_owned);
            Described { table: table.name.clone(), words: written.or_else(own), firm }
        });
        wanted.collect()
    }

    /// What the sources of the last migration said of their tables, as far as their files are still kept.
    fn inherited(&self) -> Words {
        let mut words = Words::default();
        let Ok(report) = report(self.root, None) else { return words };
        if report.target != self.chosen.name {
            return words;
        }
        for one in &report.databases {
            let Some(archive) = &one.archive else { continue };
            let accounts = report.accounts.iter().filter(|account| account.source == one.id);
            let names: Vec<(String, String)> =
                accounts.filter_map(|account| Some((account.table.clone(), account.target.clone()?))).collect();
            inherit(&mut words, &self.root.join(archive), &names);
        }
        words
    }

    pub(super) fn lacks(&self, wanted: &[Described]) -> Result<String, Failure> {
        let Descriptions { created, added, changed } = undescribed(&self.chosen.absolute, wanted).map_err(stopped)?;
        let mut words = String::new();
        if created {
            words.push_str(&format!(
                "{} has no {METADATA}; write it with `dbguard docs --metadata`\n",
                escape(&self.chosen.name)
            ));
        } else {
            for table in added {
                words.push_str(&format!(
                    "{} has no row in {METADATA}; write it with `dbguard docs --metadata`\n",
                    escape(&table)
                ));
            }
        }
        for table in changed {
            words.push_str(&format!("{METADATA} says something else of {} than the page\n", escape(&table)));
        }
        Ok(words)
    }

    /// Writes what is missing, and says what it wrote.
    pub(super) fn write(&self, wanted: &[Described], patience: Duration) -> Result<String, Failure> {
        let written = describe(self.root, &self.chosen.absolute, wanted, patience).map_err(stopped)?;
        let name = escape(&self.chosen.name);
        if written.is_empty() {
            return Ok(format!("{METADATA} in {name} says all of it already; nothing was written."));
        }
        let listed = |what: &str, tables: &[String]| {
            let names: Vec<String> = tables.iter().map(|table| escape(table)).collect();
            if names.is_empty() { String::new() } else { format!(" {what}: {}.", names.join(", ")) }
        };
        let made = if written.created {
            format!("Made the table {METADATA} in {name}.")
        } else {
            format!("Wrote into {METADATA} of {name}.")
        };
        let open = |table: &&String| wanted.iter().any(|one| one.table == **table && one.words.is_none());
        let (open, added): (Vec<&String>, Vec<&String>) = written.added.iter().partition(open);
        let owned = |tables: Vec<&String>| tables.into_iter().cloned().collect::<Vec<_>>();
        Ok(format!(
            "{made}{}{}{}",
            listed("Described", &owned(added)),
            listed("Changed", &written.changed),
            listed("Not described yet, with a row to fill in", &owned(open)),
        ))
    }
}

/// Adds what a database says of its tables, under the names that they have now.
pub(super) fn inherit(words: &mut Words, database: &Path, names: &[(String, String)]) {
    let (_, schema) = db::read(database);
    let (Some(schema), Ok(reading)) = (schema, db::reading(database)) else { return };
    let Ok(said) = docs::words(&schema, Some(&reading.connection)) else { return };
    for (old, new) in names {
        if let Some(it) = said.table(old) {
            words.add_table(new, it);
        }
    }
}

fn stopped(stop: Stop) -> Failure {
    Failure { title: escape(&stop.title), happened: escape(&stop.happened), next: stop.next, exit: Exit::Failed }
}
