//! Whatever reads all rows, several pieces at a time, each thread with connections of its own: the tables of the sources
//! followed into the stage, and the stage by itself. Compares no row itself.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::digest::Keys;
use super::expect::{Expected, Journey};
use super::objects::{self, Orphan};
use super::rows::{self, Found};
use super::side::{Side, Table};
use crate::migrate::{Progress, Stop, parallel};

/// One table of one source.
pub(super) struct Job<'e, 'p> {
    pub(super) id: &'e str,
    pub(super) journey: &'e Journey<'p>,
    expected: &'e Expected<'p>,
    path: PathBuf,
}

/// What was read.
#[derive(Default)]
pub(super) struct Read<'e, 'p> {
    /// In the order of the sources and their tables.
    pub(super) rows: Vec<(Job<'e, 'p>, Found)>,
    /// Each table of the stage that rows went to: how many it has, and their keys.
    pub(super) keys: Vec<(&'e Table, u64, Keys)>,
    /// Rows of the stage without a parent, in order.
    pub(super) orphans: Vec<Orphan>,
    /// What SQLite says of the stage.
    pub(super) integrity: Vec<String>,
}

enum Piece<'e, 'p> {
    Integrity,
    Rows(Job<'e, 'p>),
    Keys(&'e Table),
    Orphans(&'e Table),
}

enum Answer<'e, 'p> {
    Integrity(Vec<String>),
    Rows(Job<'e, 'p>, Found),
    Keys(&'e Table, u64, Keys),
    Orphans(Vec<Orphan>),
}

/// Reads everything, the longest pieces first.
pub(super) fn read<'e, 'p>(
    stage: &'e Side,
    sides: &'e [Side],
    sources: &'e [Expected<'p>],
    progress: &dyn Progress,
) -> Result<Read<'e, 'p>, Stop> {
    let mut pieces = vec![Piece::Integrity];
    let mut targets = BTreeSet::new();
    for (side, expected) in sides.iter().zip(sources) {
        for journey in expected.journeys.iter().filter(|journey| readable(side, &journey.table)) {
            targets.extend(journey.target.as_deref().map(str::to_ascii_lowercase));
            pieces.push(Piece::Rows(Job { id: &side.id, journey, expected, path: side.path.clone() }));
        }
    }
    let grown = stage.tables.iter().filter(|table| targets.contains(&table.name.to_ascii_lowercase()));
    pieces.extend(grown.map(Piece::Keys));
    pieces.extend(stage.tables.iter().filter(|table| !table.is_virtual).map(Piece::Orphans));
    let path = &stage.path;
    let open = || Side::open("stage", path).map(|stage| (stage, None));
    let answers = parallel::with(pieces, open, |(stage, side): &mut (Side, Option<Side>), piece| {
        Ok(match piece {
            Piece::Integrity => Answer::Integrity(objects::checked(stage)?),
            Piece::Keys(table) => {
                let (rows, keys) = rows::keys(stage, table)?;
                Answer::Keys(table, rows, keys)
            }
            Piece::Orphans(table) => Answer::Orphans(objects::orphans(stage, table)),
            Piece::Rows(job) => {
                let side = match side.take() {
                    Some(open) if open.id == job.id => side.insert(open),
                    _ => side.insert(Side::open(job.id, &job.path)?),
                };
                let mut reader = rows::Reader::new(stage)?;
                let found = rows::follow(job.expected, side, stage, job.journey, &mut reader, progress)?;
                Answer::Rows(job, found)
            }
        })
    });
    let mut read = Read::default();
    for answer in answers? {
        match answer {
            Answer::Integrity(lines) => read.integrity = lines,
            Answer::Rows(job, found) => read.rows.push((job, found)),
            Answer::Keys(table, rows, keys) => read.keys.push((table, rows, keys)),
            Answer::Orphans(found) => read.orphans.extend(found),
        }
    }
    read.orphans.sort();
    Ok(read)
}

/// An index over another table's content has no rows of its own; a contentless one none that can be read.
fn readable(side: &Side, table: &str) -> bool {
    side.table(table).is_some_and(|table| {
        let words: String = table.sql.chars().filter(|letter| !letter.is_whitespace()).collect();
        !table.is_virtual || !words.to_ascii_lowercase().contains("content=")
    })
}
