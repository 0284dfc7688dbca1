//! AUTOINCREMENT: keys that were given once are never given again, also when their rows are gone.

use rusqlite::params;

use super::Work;
use super::catalogue::{self, number};
use super::keys;
use super::load::Travelling;
use crate::db::quote;
use crate::migrate::Stop;

/// Notes the marks of the source that is attached, as they are in the target.
pub(super) fn note(work: &mut Work<'_>, travelling: &[Travelling]) -> Result<(), Stop> {
    for (at, member, table) in travelling.iter().filter(|(_, member, table)| !member.skip && table.autoincrement) {
        if let Some(mark) = keys::mark(work, "src", &table.name)? {
            let by = work.moved.iter().find(|(member, _)| member == at).map_or(0, |(_, by)| *by);
            work.marks.push((member.target.clone(), mark.saturating_add(by)));
        }
    }
    Ok(())
}

/// Sets each mark to the highest key that any source ever gave.
pub(super) fn set(work: &mut Work<'_>) -> Result<(), Stop> {
    let here = catalogue::read(&work.db, "main")?;
    let mut warnings = Vec::new();
    for (target, mark) in &work.marks {
        let Some(table) = here.table(target) else { continue };
        let Some(id) = table.id.as_ref().filter(|_| table.autoincrement) else {
            let words =
                format!("{target}: not AUTOINCREMENT in the result, so that keys of deleted rows may come again");
            if !warnings.contains(&words) {
                warnings.push(words);
            }
            continue;
        };
        let highest =
            number(&work.db, &format!("SELECT coalesce(max({}), 0) FROM main.{}", quote(id), quote(&table.name)))?;
        let mark = keys::mark(work, "main", &table.name)?.unwrap_or(0).max(*mark).max(highest);
        let changed = work.db.execute(
            "UPDATE main.sqlite_sequence SET seq = ?1 WHERE name = ?2 COLLATE NOCASE",
            params![mark, table.name],
        )?;
        if changed == 0 {
            work.db
                .execute("INSERT INTO main.sqlite_sequence(name, seq) VALUES (?1, ?2)", params![table.name, mark])?;
        }
    }
    work.staged.warnings.extend(warnings);
    Ok(())
}
