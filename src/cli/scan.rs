//! `dbguard scan`: what there is, without opinion.

use std::path::PathBuf;

use clap::ValueEnum;

use super::Session;
use super::failure::{Exit, Failure};
use super::options::{Scope, scope};
use crate::output::{Opinion, scan_json};
use crate::scan::Inventory;

/// Show every database, every reference to one, and the tables that stand in several
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dbguard scan                            the whole project, for people
  dbguard scan services/ scripts/         some folders of it
  dbguard scan --output-format json | jq '.databases[].path'")]
pub(super) struct Args {
    /// Files and folders to read [default: the whole root]
    #[arg(value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// How to write the report
    #[arg(long, value_name = "FORMAT", default_value = "json", help_heading = "Output")]
    output_format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// JSON, version 1
    Json,
}

pub(super) fn run(args: &Args, session: &Session<'_>) -> Result<Exit, Failure> {
    let Scope { root, missing, .. } = scope(session.world, session.global, &args.paths)?;
    let inventory = Inventory { root, ..Inventory::default() };
    let mut report = Vec::new();
    match args.output_format {
        Format::Json => scan_json(&inventory, &Opinion::default(), &mut report),
    }
    .map_err(|error| Failure::output(&error))?;
    session.print(&report)?;
    if let Some(path) = missing.first() {
        return Err(Failure::usage("no such path", path.display().to_string(), "look at its spelling"));
    }
    session.say("");
    Ok(Exit::Clean)
}
