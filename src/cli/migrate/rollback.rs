//! `dbguard migrate rollback`: a run undone.

use super::progress::{self, When};
use super::{agreed, patience, root, stopped};
use crate::cli::Session;
use crate::cli::failure::{Exit, Failure};
use crate::migrate::run::{Undo, rollback};
use crate::output::migrate_undone;

/// Put databases and code back as they were before a run
///
/// Before a run is committed nothing can be lost. Afterwards it refuses when something was written to the target since, and
/// says what; with `--force` the present state is saved first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dbguard migrate rollback
  dbguard migrate rollback --force --yes    over what was written since, which is saved in the folder of the run")]
pub(super) struct Args {
    /// The run to undo [default: the last one]
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// Undo it although something was written since, after saving that
    #[arg(long)]
    force: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// How long a lock of another program is waited for
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    lock_timeout: u32,
    /// How progress is shown, on standard error
    #[arg(long, value_name = "HOW", default_value = "auto")]
    progress: When,
}

pub(super) fn run(args: &Args, session: &Session<'_>) -> Result<Exit, Failure> {
    let root = root(session)?;
    if !agreed(session, args.yes, "Put everything back as it was before the run?")? {
        session.say("Nothing was changed.");
        return Ok(Exit::Findings);
    }
    let progress = progress::of(args.progress, session);
    let undo = Undo {
        root: &root,
        run: args.run.as_deref(),
        force: args.force,
        who: &session.world.user,
        patience: patience(args.lock_timeout),
        progress: progress.as_ref(),
        hold: session.world.hold,
    };
    let undone = rollback(&undo).map_err(stopped)?;
    let mut out = Vec::new();
    migrate_undone(&undone, &root, &session.look(), &mut out).map_err(|error| Failure::output(&error))?;
    session.print(&out)?;
    Ok(Exit::Clean)
}
