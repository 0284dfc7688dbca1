//! The inventory: all facts of one run, gathered in parallel and linked to the databases on disk. Holds no opinion.

mod inventory;

pub use inventory::{Context, Database, DatabaseId, Duplicate, Inventory, Linked, Side, SourceInfo, Tracking};
