//! `dbguard migrate`: databases moved into one, and back. One file for each of its commands.

mod apply;
mod cleanup;
mod code;
mod histories;
mod pairs;
mod plan;
mod progress;
mod propose_docs;
mod report;
mod rollback;
mod status;
mod verify;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Session;
use super::failure::{Exit, Failure};
use super::gather::policy;
use super::options::scope;
use crate::fix::Moved;
use crate::migrate::Stop;
use crate::migrate::run::is_undecided;

/// Merge many databases into one, proved row by row, undoable
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dbguard migrate plan               examine the databases, write migration.toml to review
  dbguard migrate apply --dry-run    what would happen; opens everything read-only
  dbguard migrate apply --rehearse   all of it on copies, timed and thrown away
  dbguard migrate apply              carry out migration.toml, or finish what was begun
  dbguard migrate rollback           put everything back")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Plan(plan::Args),
    Apply(apply::Args),
    Status(status::Args),
    Verify(verify::Args),
    Report(report::Args),
    Rollback(rollback::Args),
    Cleanup(cleanup::Args),
}

pub(super) fn run(args: &Args, session: &Session<'_>) -> Result<Exit, Failure> {
    match &args.command {
        Command::Plan(args) => plan::run(args, session),
        Command::Apply(args) => apply::run(args, session),
        Command::Status(args) => status::run(args, session),
        Command::Verify(args) => verify::run(args, session),
        Command::Report(args) => report::run(args, session),
        Command::Rollback(args) => rollback::run(args, session),
        Command::Cleanup(args) => cleanup::run(args, session),
    }
}

/// Why a run stopped, as the program says it. Open choices are findings.
fn stopped(stop: Stop) -> Failure {
    let exit = if is_undecided(&stop) { Exit::Findings } else { Exit::Failed };
    Failure { title: stop.title, happened: stop.happened, next: stop.next, exit }
}

fn root(session: &Session<'_>) -> Result<PathBuf, Failure> {
    scope(session.world, session.global, &[]).map(|scope| scope.root)
}

/// Variables by which the application finds its primary database.
fn variables(session: &Session<'_>) -> Result<Vec<String>, Failure> {
    let policy = policy(&scope(session.world, session.global, &[])?)?;
    let primary = policy.and_then(|policy| policy.primary);
    let names = primary.iter().flat_map(|primary| std::iter::once(&primary.env).chain(&primary.aliases));
    Ok(names.map(|name| name.value.clone()).filter(|name| !name.is_empty()).collect())
}

/// What finished runs moved, as an inventory names it: references to these may be rewritten safely.
pub(super) fn moved(root: &Path) -> Result<Moved, Failure> {
    let real = crate::migrate::run::moved(root).map_err(stopped)?;
    let name = |path: &PathBuf| path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
    Ok(real.iter().map(name).collect())
}

fn patience(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

/// Asks on the terminal; where there is none, `--yes` must have said it.
fn agreed(session: &Session<'_>, yes: bool, question: &str) -> Result<bool, Failure> {
    if yes {
        return Ok(true);
    }
    if !session.world.can_ask() {
        return Err(Failure::usage(
            "nobody can be asked",
            "this changes databases, and there is no terminal to ask on",
            "say --yes if you mean it",
        ));
    }
    session.ask(question)
}
