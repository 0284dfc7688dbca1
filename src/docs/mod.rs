//! What a page about a database says: its shape, what each table is for, who uses it, where its rows came from, and how a page
//! that people have written in is brought up to date. Writes nothing; knows no format but the marks of a page.

mod comments;
mod describe;
mod origin;
pub mod regions;
mod relations;
mod uses;

use rusqlite::Connection;

pub use describe::{METADATA, Words, needs_description, words};
pub use origin::{Merge, Origin, origin};
pub use regions::{Damage, Page};
pub use relations::{Relation, relations};
pub use uses::{Uses, uses};

use crate::db::Schema;
use crate::migrate::Plan;
use crate::scan::{DatabaseId, Inventory};

/// A database as a page tells of it.
#[derive(Debug)]
pub struct Subject {
    /// Relative to the root, or a bare name.
    pub name: String,
    /// What the policy says of it, a sentence each.
    pub standing: Vec<String>,
    pub schema: Schema,
    pub relations: Vec<Relation>,
    pub words: Words,
    pub uses: Uses,
    pub origin: Origin,
    /// It does not exist yet: the schema is what a plan makes of its sources, and nothing counts rows.
    pub planned: bool,
}

/// What is known of a database beside its schema.
#[derive(Debug, Default, Clone, Copy)]
pub struct Known<'a> {
    pub name: &'a str,
    /// Within a read transaction; `None` for a database without a byte.
    pub connection: Option<&'a Connection>,
    pub inventory: Option<(&'a Inventory, DatabaseId)>,
    /// The plan whose target this is.
    pub plan: Option<&'a Plan>,
}

impl Subject {
    /// Puts together what a page says.
    ///
    /// # Errors
    /// Whatever SQLite says of a page of the file.
    pub fn of(schema: Schema, known: Known<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            name: known.name.to_owned(),
            standing: Vec::new(),
            relations: relations(&schema, known.plan),
            words: words(&schema, known.connection)?,
            uses: known.inventory.map(|(inventory, id)| uses(inventory, id)).unwrap_or_default(),
            origin: known.connection.map(|it| origin(&schema, it)).transpose()?.unwrap_or_default(),
            schema,
            planned: false,
        })
    }

    /// Tables that nobody has described, neither in the database nor on the page.
    #[must_use]
    pub fn undescribed(&self, page: &Page) -> Vec<&str> {
        let tables = self.schema.own_tables().filter(|table| needs_description(&table.name));
        let names = tables.map(|table| table.name.as_str());
        names.filter(|name| page.description(name).is_none() && self.words.table(name).is_none()).collect()
    }
}
