//! Database hygiene for code and data together: dbguard reads the code *and* the databases.
//!
//! `docs/design.md` is the plan of the house; each module's first line says what it is for and
//! what it must not know.

pub mod check;
pub mod cli;
pub mod db;
pub mod docs;
pub mod finding;
pub mod fix;
pub mod lang;
pub mod migrate;
pub mod output;
pub mod policy;
pub mod rules;
pub mod scan;
pub mod text;
pub mod tree;
