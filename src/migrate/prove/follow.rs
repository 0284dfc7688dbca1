//! Every table of every source followed into the stage, several at a time, each thread with connections of its own. Compares no
//! row itself.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::expect::{Expected, Journey};
use super::rows::{self, Found};
use super::side::Side;
use crate::migrate::{Progress, Stop};

/// One table of one source.
pub(super) struct Job<'e, 'p> {
    pub(super) id: &'e str,
    pub(super) journey: &'e Journey<'p>,
    expected: &'e Expected<'p>,
    path: PathBuf,
}

/// More read no faster than the disk and the memory do.
const THREADS: usize = 4;

/// Follows all of them; the answers are in the order of the sources and their tables.
pub(super) fn tables<'e, 'p>(
    stage: &Side,
    sides: &'e [Side],
    sources: &'e [Expected<'p>],
    progress: &dyn Progress,
) -> Result<Vec<(Job<'e, 'p>, Found)>, Stop> {
    let mut jobs = Vec::new();
    for (side, expected) in sides.iter().zip(sources) {
        let readable = expected.journeys.iter().filter(|journey| readable(side, &journey.table));
        jobs.extend(readable.map(|journey| Job { id: &side.id, journey, expected, path: side.path.clone() }));
    }
    let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS).min(jobs.len());
    let (next, stage) = (AtomicUsize::new(0), &stage.path);
    progress.begin("prove rows", 0, 0);
    let found: Result<Vec<_>, Stop> = thread::scope(|scope| {
        let work = || -> Result<Vec<(usize, Found)>, Stop> {
            let stage = Side::open("stage", stage)?;
            let mut reader = rows::Reader::new(&stage)?;
            let mut side: Option<Side> = None;
            let mut done = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(job) = jobs.get(at) else { return Ok(done) };
                let side = match side.take() {
                    Some(open) if open.id == job.id => side.insert(open),
                    _ => side.insert(Side::open(job.id, &job.path)?),
                };
                let found = rows::follow(job.expected, side, &stage, job.journey, &mut reader)?;
                progress.advance(found.rows, 0);
                done.push((at, found));
            }
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let ended = running.into_iter().map(|it| it.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        let all: Result<Vec<Vec<(usize, Found)>>, Stop> = ended.collect();
        Ok(all?.into_iter().flatten().collect())
    });
    progress.end();
    let mut found = found?;
    found.sort_by_key(|(at, _)| *at);
    Ok(jobs.into_iter().zip(found.into_iter().map(|(_, found)| found)).collect())
}

/// An index over another table's content has no rows of its own; a contentless one none that can be read.
fn readable(side: &Side, table: &str) -> bool {
    side.table(table).is_some_and(|table| {
        let words: String = table.sql.chars().filter(|letter| !letter.is_whitespace()).collect();
        !table.is_virtual || !words.to_ascii_lowercase().contains("content=")
    })
}
