//! What a migration says to programs, version 1: where every row went, what was proved, how long it took.
//!
//! `docs/schema/migration-v1.schema.json` is made from these types; a field may be added to version 1, never renamed or dropped.

use serde::Serialize;

use crate::migrate::plan::Action;
use crate::migrate::run::{Became, Report, Reported, Standing, Used};
use crate::migrate::{Account, Carried, Proof};

/// One run of `dbguard migrate apply`, or its rehearsal. Holds names and numbers, never the content of a row.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "dbguard migrate report, version 1"))]
pub(super) struct Migration<'a> {
    /// Always 1.
    version: u32,
    /// The dbguard that wrote this.
    dbguard: &'static str,
    run: Run<'a>,
    target: Target<'a>,
    /// Every database of the plan, in its order.
    databases: Vec<Database<'a>>,
    /// What became of the rows of each source table. In each, `rows` is `copied + identical + merged + kept_aside`.
    accounts: &'a [Account],
    pub(super) totals: Totals,
    /// Indexes, triggers and views, and what they are in the target.
    objects: &'a [Carried],
    proofs: &'a [Proof],
    /// Each step in order.
    times: Vec<Time<'a>>,
    /// Files of the code that were replaced.
    code: &'a [String],
    /// Who read and wrote which table of which database when the run began; tests are left out.
    uses: &'a [Used],
    warnings: &'a [String],
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Run<'a> {
    id: &'a str,
    standing: Standing,
    /// It was done on copies, which were thrown away.
    rehearsed: bool,
    /// Times in UTC.
    began: &'a str,
    committed: Option<&'a str>,
    last: &'a str,
    /// The dbguard that began it.
    dbguard: &'a str,
    /// Why it was given up.
    why: Option<&'a str>,
    /// It was cleaned up: it cannot be undone any more.
    cleaned: bool,
    /// Days for which the plan keeps what is needed to undo it.
    keep_days: u32,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Target<'a> {
    path: &'a str,
    /// The run made it.
    new: bool,
    /// As they were published.
    tables: Vec<Table<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Table<'a> {
    name: &'a str,
    rows: u64,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Database<'a> {
    /// Its id in the plan.
    id: &'a str,
    /// Relative to the root where it lies there.
    path: &'a str,
    /// What the plan says of it.
    action: Option<Action>,
    /// What stands at its path.
    became: Became,
    tables: Option<u64>,
    rows: Option<u64>,
    bytes: Option<u64>,
    /// Where its file is kept.
    archive: Option<&'a str>,
}

/// The accounts, summed up.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Totals {
    pub(super) rows: u64,
    pub(super) copied: u64,
    pub(super) identical: u64,
    pub(super) merged: u64,
    pub(super) kept_aside: u64,
    pub(super) proofs: u64,
    pub(super) proofs_that_hold: u64,
    pub(super) milliseconds: u64,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Time<'a> {
    /// What belongs to one database or file follows a colon: `backup:auth`.
    step: &'a str,
    milliseconds: u64,
}

impl<'a> Migration<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        Self {
            version: 1,
            dbguard: env!("CARGO_PKG_VERSION"),
            run: Run {
                id: &report.run,
                standing: report.standing,
                rehearsed: report.rehearsed,
                began: &report.began,
                committed: report.committed.as_deref(),
                last: &report.last,
                dbguard: &report.version,
                why: report.why.as_deref(),
                cleaned: report.cleaned,
                keep_days: report.keep_days,
            },
            target: Target {
                path: &report.target,
                new: report.target_is_new,
                tables: report.tables.iter().map(|(name, rows)| Table { name, rows: *rows }).collect(),
            },
            databases: report.databases.iter().map(database).collect(),
            accounts: &report.accounts,
            totals: Totals::of(report),
            objects: &report.objects,
            proofs: &report.proofs,
            times: report.times.iter().map(|(step, time)| Time { step, milliseconds: *time }).collect(),
            code: &report.files,
            uses: &report.uses,
            warnings: &report.warnings,
        }
    }
}

fn database(one: &Reported) -> Database<'_> {
    Database {
        id: &one.id,
        path: &one.path,
        action: one.action,
        became: one.became,
        tables: one.tables,
        rows: one.rows,
        bytes: one.bytes,
        archive: one.archive.as_deref(),
    }
}

impl Totals {
    pub(super) fn of(report: &Report) -> Self {
        let mut totals = Self::default();
        for account in &report.accounts {
            totals.rows += account.rows;
            totals.copied += account.copied;
            totals.identical += account.identical;
            totals.merged += account.merged;
            totals.kept_aside += account.kept_aside;
        }
        totals.proofs = report.proofs.len() as u64;
        totals.proofs_that_hold = report.proofs.iter().filter(|proof| proof.holds).count() as u64;
        totals.milliseconds = report.times.iter().map(|(_, time)| time).sum();
        totals
    }
}
