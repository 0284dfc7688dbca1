//! Views under the old names of renamed tables, that a plan asked for: which stand, and taking them away. Knows nothing of who
//! uses them.

use std::path::Path;
use std::time::Duration;

use super::{live, trouble};
use crate::db;
use crate::migrate::Stop;
use crate::migrate::plan::{Compat, Plan};

/// The names of those that still stand in the target, as dbguard made them.
pub(super) fn standing(target: &Path, plan: &Plan) -> Result<Vec<String>, Stop> {
    let mut wanted = plan.renames.iter().filter(|rename| rename.compat == Compat::View).peekable();
    if wanted.peek().is_none() || !target.exists() {
        return Ok(Vec::new());
    }
    let fail = |error| trouble::sqlite("look for views", target, &error);
    let connection = live::reader(target, Duration::from_secs(5))?;
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema AS v JOIN sqlite_schema AS t ON t.tbl_name = v.name COLLATE NOCASE
               WHERE v.type = 'view' AND v.name = ?1 COLLATE NOCASE AND t.type = 'trigger' AND t.name = ?2 COLLATE NOCASE)";
    let mut statement = connection.prepare(sql).map_err(fail)?;
    let mut found = Vec::new();
    for rename in wanted {
        let ours = format!("dbguard_{}_insert", rename.from);
        if statement.query_row([&rename.from, &ours], |row| row.get(0)).map_err(fail)? {
            found.push(rename.from.clone());
        }
    }
    Ok(found)
}

/// Takes views away, with the triggers that hang on them, in one transaction.
pub(super) fn drop(target: &Path, views: &[String], patience: Duration) -> Result<(), Stop> {
    let connection = live::open(target, patience)?;
    let drops: String = views.iter().map(|view| format!("DROP VIEW {};", db::quote(view))).collect();
    connection
        .execute_batch(&format!("BEGIN IMMEDIATE; {drops} COMMIT"))
        .map_err(|error| trouble::sqlite("take views away", target, &error))
}
