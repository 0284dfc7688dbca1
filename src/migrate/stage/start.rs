//! How a stage begins: the base copied page by page, or an empty file with the settings of the first source; and the schemas
//! of all sources read and laid out. Moves no row by itself.

use std::path::Path;

use rusqlite::backup::{Backup, StepResult};

use super::catalogue::{self, Catalogue, number};
use super::keys::Hulls;
use super::layout::{self, layout};
use super::refs::references;
use super::{Input, Source, Staged, Work, shape, transcode};
use crate::migrate::plan::Plan;
use crate::migrate::{Progress, Stop, connect};

/// Pages copied between two words to whoever watches.
const PAGES_AT_ONCE: i32 = 2000;

pub(super) fn start<'a>(
    plan: &'a Plan,
    inputs: &[Input],
    stage: &Path,
    progress: &'a dyn Progress,
) -> Result<Work<'a>, Stop> {
    let mut sources = Vec::new();
    for source in plan.merged() {
        let input = inputs.iter().find(|input| input.id == source.id).ok_or_else(|| {
            let happened = "the plan merges it, and no database was given for it".to_owned();
            Stop::new(
                format!("`{}` is missing", source.id),
                happened,
                "this is a defect of dbguard; nothing was changed",
            )
        })?;
        let connection = connect::readable(&input.path)?;
        let catalogue = catalogue::read(&connection, "main").map_err(|stop| about(&source.id, stop))?;
        sources.push(Source {
            id: source.id.clone(),
            path: input.path.clone(),
            reader: connection,
            catalogue,
            shaped: None,
        });
    }
    let base = match &plan.target.base {
        None => None,
        Some(base) => Some(sources.iter().position(|source| source.id == *base).ok_or_else(|| {
            let happened = "the base of the target must be a source that is merged".to_owned();
            Stop::new(format!("the base `{base}` is not merged"), happened, "mend `base` under [target]")
        })?),
    };
    // The base is the first: the others come to it.
    let base = base.map(|at| {
        let source = sources.remove(at);
        sources.insert(0, source);
        0
    });
    for suffix in ["", "-journal", "-wal", "-shm"] {
        remove(stage, suffix)?;
    }
    let mut staged = Staged { journal_mode: "delete".to_owned(), ..Staged::default() };
    let mut db = connect::writable(stage)?;
    match base.and_then(|at| sources.get(at)) {
        Some(source) => staged.journal_mode = copy_pages(&source.path, &mut db, progress)?,
        None => {
            if let Some(first) = sources.first() {
                staged.journal_mode = take_settings(&first.path, &db)?;
            }
        }
    }
    let encoding = transcode::encoding(&db)?;
    for (index, source) in sources.iter_mut().enumerate() {
        if transcode::encoding(&source.reader)? == encoding {
            continue;
        }
        let copy = beside(stage, index);
        remove(&copy, "")?;
        transcode::copy(&source.reader, &source.catalogue, &copy, &encoding).map_err(|stop| about(&source.id, stop))?;
        source.reader = connect::readable(&copy)?;
        source.path = copy;
    }
    let named: Vec<(&str, &Catalogue)> = sources.iter().map(|source| (source.id.as_str(), &source.catalogue)).collect();
    let layout = layout(plan, &named, base)?;
    for at in 0..sources.len() {
        let leave: Vec<String> =
            layout.of_source(at).filter(|(_, member)| member.skip).map(|(_, member)| member.table.clone()).collect();
        let Some(source) = sources.get_mut(at) else { continue };
        if base != Some(at) {
            let renames = layout::renames(&layout, at);
            let shaped = shape::shaped(&source.catalogue, &leave, &renames).map_err(|stop| about(&source.id, stop))?;
            source.shaped = Some(shaped);
        }
    }
    let mut work = Work {
        plan,
        db,
        sources,
        base,
        layout,
        staged,
        refs: Vec::new(),
        hulls: Hulls::default(),
        moved: Vec::new(),
        marks: Vec::new(),
        rebuild: Vec::new(),
        accounts: Vec::new(),
        later: Vec::new(),
        progress,
    };
    for source in 0..work.sources.len() {
        let found = references(&work, source);
        work.refs.push(found);
    }
    Ok(work)
}

/// What the planner knows of the old databases is of no use in the new one; where they had statistics, it gets its own.
pub(super) fn statistics(work: &Work<'_>) -> Result<(), Stop> {
    for source in &work.sources {
        let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'";
        if number(&source.reader, sql)? > 0 {
            work.db.execute_batch("PRAGMA analysis_limit=1000; ANALYZE main;")?;
            return Ok(());
        }
    }
    Ok(())
}

/// A stop that says which source it is about.
pub(super) fn about(source: &str, stop: Stop) -> Stop {
    Stop { title: format!("{source}: {}", stop.title), ..stop }
}

/// Where a source is copied to that has another text encoding.
pub(super) fn beside(stage: &Path, index: usize) -> std::path::PathBuf {
    let mut name = stage.as_os_str().to_owned();
    name.push(format!(".{index}.transcoded"));
    std::path::PathBuf::from(name)
}

pub(super) fn remove(stage: &Path, suffix: &str) -> Result<(), Stop> {
    let mut name = stage.as_os_str().to_owned();
    name.push(suffix);
    match std::fs::remove_file(&name) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Stop::new(
            "an old stage cannot be removed",
            format!("{}: {error}", stage.display()),
            "remove it by hand, or free the folder, then run it again",
        )),
        _ => Ok(()),
    }
}

/// The whole database as it is, deleted pages and all; returns its journal mode.
fn copy_pages(base: &Path, db: &mut rusqlite::Connection, progress: &dyn Progress) -> Result<String, Stop> {
    let from = connect::readable(base)?;
    let mode: String = from.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    let page = u64::try_from(number(&from, "PRAGMA page_size")?).unwrap_or(0);
    let pages = u64::try_from(number(&from, "PRAGMA page_count")?).unwrap_or(0);
    progress.begin("copy the base", 0, pages * page);
    {
        let backup = Backup::new(&from, db)?;
        let mut left = pages;
        loop {
            let step = backup.step(PAGES_AT_ONCE)?;
            let remaining = u64::try_from(backup.progress().remaining).unwrap_or(0);
            progress.advance(0, left.saturating_sub(remaining) * page);
            left = remaining;
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(std::time::Duration::from_millis(10)),
            }
        }
    }
    progress.end();
    db.query_row("PRAGMA journal_mode=DELETE", [], |_| Ok(()))?;
    Ok(mode)
}

/// What can only be set before the first table, and what is a database's own.
fn take_settings(first: &Path, db: &rusqlite::Connection) -> Result<String, Stop> {
    let from = connect::readable(first)?;
    let encoding: String = from.query_row("PRAGMA encoding", [], |row| row.get(0))?;
    let encoding = if encoding.starts_with("UTF-16") { encoding } else { "UTF-8".to_owned() };
    db.execute_batch(&format!("PRAGMA encoding='{encoding}'"))?;
    for setting in ["page_size", "auto_vacuum", "user_version", "application_id"] {
        let value = number(&from, &format!("PRAGMA {setting}"))?;
        db.execute_batch(&format!("PRAGMA {setting}={value}"))?;
    }
    Ok(from.query_row("PRAGMA journal_mode", [], |row| row.get(0))?)
}
