//! `dbguard migrate verify`: a committed run proved again.

use super::progress::{self, When};
use super::{root, stopped};
use crate::cli::Session;
use crate::cli::failure::{Exit, Failure};
use crate::migrate::run::verify;
use crate::output::migrate_verification;

/// Prove a committed run again, from its backups and from the target as it is now
///
/// Rows that the application wrote since are found too: exit code 1 means that something is no longer as it was published.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dbguard migrate verify")]
pub(super) struct Args {
    /// The run to verify [default: the last one that is committed]
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// How progress is shown, on standard error
    #[arg(long, value_name = "HOW", default_value = "auto")]
    progress: When,
}

pub(super) fn run(args: &Args, session: &Session<'_>) -> Result<Exit, Failure> {
    let progress = progress::of(args.progress, session);
    let verification = verify(&root(session)?, args.run.as_deref(), progress.as_ref()).map_err(stopped)?;
    let mut out = Vec::new();
    migrate_verification(&verification, &session.look(), &mut out).map_err(|error| Failure::output(&error))?;
    session.print(&out)?;
    Ok(if verification.holds() { Exit::Clean } else { Exit::Findings })
}
