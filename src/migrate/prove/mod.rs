//! Shows that the stage holds what the sources held, by reading both anew. Shares no statement with what made the stage, and
//! trusts none of its numbers: the map of keys is a hint where to look, and what is found there is compared.

mod allowed;
mod digest;
mod expect;
mod follow;
mod long;
mod objects;
mod rows;
mod side;

use std::collections::BTreeMap;
use std::path::Path;

use super::plan::Plan;
use super::stage::{Input, Staged};
use super::{Account, Progress, Proof, Stop};
use expect::Expected;
use rows::Found;
use side::Side;

/// Every proof, those that fail among them.
///
/// # Errors
/// When a database cannot be read.
pub fn prove(
    plan: &Plan,
    inputs: &[Input],
    stage: &Path,
    staged: &Staged,
    progress: &dyn Progress,
) -> Result<Vec<Proof>, Stop> {
    let stage = Side::open("stage", stage)?;
    let mut sides = Vec::new();
    for source in plan.merged() {
        let Some(input) = inputs.iter().find(|input| input.id == source.id) else { continue };
        sides.push(Side::open(&source.id, &input.path)?);
    }
    let mut sources = Vec::new();
    for side in &sides {
        sources.push(Expected::new(plan, side, &stage, staged)?);
    }
    let mut proofs = objects::tables(&stage, &sources);
    progress.begin("prove rows", staged.accounts.iter().map(|account| account.rows).sum(), 0);
    let read = follow::read(&stage, &sides, &sources, progress)?;
    progress.end();
    proofs.extend(all_rows(&stage, &read, staged)?);
    let members = |target: &str| {
        let here = |it: &&expect::Journey<'_>| it.target.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(target));
        sources.iter().flat_map(|source| &source.journeys).filter(here).count()
    };
    for (side, expected) in sides.iter().zip(&sources) {
        proofs.extend(objects::definitions(&stage, side, expected, &|target| members(target) == 1));
    }
    proofs.extend(objects::indexes(&stage, &sides, &sources)?);
    proofs.extend(objects::programs(&stage, &sides, &sources));
    proofs.extend(objects::work(&stage, &sides, &sources));
    proofs.extend(objects::stand_ins(&stage, plan));
    proofs.extend(objects::sequences(&stage, &sides, &sources)?);
    proofs.extend(objects::foreign_keys(&stage, &read.orphans, &sides, &sources)?);
    proofs.extend(settings(plan, &stage, &sides)?);
    proofs.extend(objects::integrity(read.integrity, &sides)?);
    Ok(proofs)
}

fn all_rows(stage: &Side, read: &follow::Read<'_, '_>, staged: &Staged) -> Result<Vec<Proof>, Stop> {
    let mut proofs = Vec::new();
    let mut owned: BTreeMap<String, (u64, digest::Keys)> = BTreeMap::new();
    let mut aside = 0;
    for (job, found) in &read.rows {
        let account = staged.accounts.iter().find(|it| it.source == job.id && it.table == job.journey.table);
        aside += found.kept_aside + found.merged;
        if let Some(target) = &job.journey.target {
            let entry = owned.entry(target.to_ascii_lowercase()).or_default();
            entry.0 += found.owners;
            entry.1.join(found.owned);
        }
        proofs.extend(of_table(job.id, &job.journey.table, found, account));
    }
    for (table, rows, keys) in &read.keys {
        let (count, claimed) = owned.get(&table.name.to_ascii_lowercase()).copied().unwrap_or_default();
        let words = |rows: u64, keys: digest::Keys| format!("{rows} rows, keys {keys}");
        let (expected, found) = if table.key.is_empty() {
            (count.to_string(), rows.to_string())
        } else {
            (words(count, claimed), words(*rows, *keys))
        };
        let holds = expected == found;
        proofs.push(Proof {
            name: "no row of its own".to_owned(),
            subject: table.name.clone(),
            expected,
            found,
            holds,
        });
    }
    let standing = if stage.table("dbguard_kept_aside").is_some() {
        stage.count("SELECT count(*) FROM dbguard_kept_aside WHERE account <> 'copied'")?
    } else {
        0
    };
    proofs.push(Proof {
        name: "kept aside".to_owned(),
        subject: "dbguard_kept_aside".to_owned(),
        expected: format!("{aside} rows of the sources"),
        found: format!("{standing} rows of the sources"),
        holds: aside == standing,
    });
    Ok(proofs)
}

fn of_table(source: &str, table: &str, found: &Found, account: Option<&Account>) -> [Proof; 2] {
    let subject = format!("{source}.{table}");
    let words = |rows: u64, copied: u64, identical: u64, merged: u64, aside: u64| {
        format!("{rows} rows = {copied} copied + {identical} identical + {merged} merged + {aside} kept aside")
    };
    let told = account.map_or_else(String::new, |it| words(it.rows, it.copied, it.identical, it.merged, it.kept_aside));
    let counted = words(found.rows, found.copied, found.identical, found.merged, found.kept_aside);
    let sum = found.copied + found.identical + found.merged + found.kept_aside;
    [
        Proof {
            name: "account".to_owned(),
            subject: subject.clone(),
            holds: told == counted && sum == found.rows,
            expected: told,
            found: counted,
        },
        Proof {
            name: "rows".to_owned(),
            subject,
            expected: found.digest.clone(),
            found: if found.lost == 0 {
                found.digest.clone()
            } else {
                format!("{} rows are not as they were", found.lost)
            },
            holds: found.lost == 0,
        },
    ]
}

/// What a database says of itself: the base's, or else the first source's.
fn settings(plan: &Plan, stage: &Side, sides: &[Side]) -> Result<Vec<Proof>, Stop> {
    let base = plan.target.base.as_deref();
    let Some(first) = sides.iter().find(|side| Some(side.id.as_str()) == base).or(sides.first()) else {
        return Ok(Vec::new());
    };
    let mut proofs = Vec::new();
    for setting in ["user_version", "application_id", "page_size", "encoding", "auto_vacuum"] {
        let read = |side: &Side| -> Result<String, Stop> {
            let sql = format!("PRAGMA {setting}");
            let value: rusqlite::types::Value = side.db.query_row(&sql, [], |row| row.get(0))?;
            Ok(match value {
                rusqlite::types::Value::Integer(number) => number.to_string(),
                rusqlite::types::Value::Text(text) => text,
                _ => String::new(),
            })
        };
        let (expected, found) = (read(first)?, read(stage)?);
        let holds = expected == found;
        proofs.push(Proof { name: "settings".to_owned(), subject: setting.to_owned(), expected, found, holds });
    }
    Ok(proofs)
}
