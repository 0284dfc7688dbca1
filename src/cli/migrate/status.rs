//! `dbguard migrate status`: how far each run is, and what happened since at old paths.

use super::{root, stopped};
use crate::cli::Session;
use crate::cli::failure::{Exit, Failure};
use crate::migrate::run::status;
use crate::output::migrate_status;

/// Show how far each run is, and what happened since at old paths
///
/// Exit code 1 when something is left to do: an unfinished run, or a program that made a database anew at an old path.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dbguard migrate status")]
pub(super) struct Args {}

pub(super) fn run(_: &Args, session: &Session<'_>) -> Result<Exit, Failure> {
    let status = status(&root(session)?).map_err(stopped)?;
    let mut out = Vec::new();
    migrate_status(&status, &session.look(), &mut out).map_err(|error| Failure::output(&error))?;
    session.print(&out)?;
    Ok(if status.needs_attention() { Exit::Findings } else { Exit::Clean })
}
