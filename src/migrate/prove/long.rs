//! How much of a table's values is held while they are compared. Compares nothing.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::db::{long, quote};
use crate::migrate::Stop;

/// How the values of a table are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// Each is held; one that is too long stops the reading.
    Short,
    /// Of long ones a digest is held.
    Digests,
    /// Each is held, however long.
    All,
}

/// What SQLite says of a value that is too long.
const TOO_LONG: &str = "string or blob too big";

impl Hold {
    pub(super) fn limit(self, db: &Connection) -> Result<(), Stop> {
        Ok(long::stop_at_long(db, self != Self::All)?)
    }

    pub(super) fn is_too_short_for(self, stop: &Stop) -> bool {
        self != Self::All && stop.happened.contains(TOO_LONG)
    }
}

/// Columns of a table as a statement selects them.
pub(super) struct Selected<'s> {
    pub(super) hold: Hold,
    pub(super) db: &'s Connection,
    pub(super) table: &'s str,
    pub(super) columns: Vec<&'s str>,
    /// How many columns the statement has before these; the first of them is the rowid.
    pub(super) before: usize,
}

impl Selected<'_> {
    pub(super) fn expressions(&self) -> Vec<String> {
        let columns = self.columns.iter().copied();
        if self.hold == Hold::Digests { long::expressions(columns).collect() } else { columns.map(quote).collect() }
    }

    /// What stands in for a value that is not held: its storage class and the digest of its bytes.
    pub(super) fn digest(&self, row: &Row<'_>, at: usize) -> Result<Option<Vec<u8>>, Stop> {
        let (Hold::Digests, Some(column)) = (self.hold, self.columns.get(at)) else { return Ok(None) };
        let ValueRef::Text(class) = row.get_ref(self.before + self.columns.len() + at)? else { return Ok(None) };
        let mut hasher = blake3::Hasher::new();
        long::hash(self.db, self.table, column, row.get(0)?, &mut hasher, |_, _| {})?;
        Ok(Some([class, hasher.finalize().as_bytes()].concat()))
    }
}
