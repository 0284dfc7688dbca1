//! `dbguard init`: a first policy from what the tree shows, never over an existing one.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};

use super::Session;
use super::failure::{Exit, Failure};
use super::gather::{Reading, gather};
use crate::check::starter;
use crate::output::escape;

/// Write a first dbguard.toml from what the tree shows
///
/// The most referenced database becomes the primary; the others are listed as candidates, commented out, with their
/// counts. A policy that exists is never overwritten.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dbguard init             write dbguard.toml to the root
  dbguard init --print     show it instead")]
pub(super) struct Args {
    /// Print the policy instead of writing it
    #[arg(long)]
    print: bool,
}

pub(super) fn run(args: &Args, session: &Session<'_>) -> Result<Exit, Failure> {
    let gathered = gather(session, &[], Reading::Whole)?;
    if let Some((_, shown)) = gathered.policy_file.as_ref().filter(|_| !args.print) {
        return Err(Failure::failed(
            "there is a policy already",
            format!("{} is not overwritten", escape(shown)),
            "change it by hand, or show a new one with `dbguard init --print`",
        ));
    }
    let policy = starter(&gathered.inventory);
    if args.print {
        session.print(policy.as_bytes())?;
        return Ok(Exit::Clean);
    }
    let file = gathered.inventory.root.join("dbguard.toml");
    let written = OpenOptions::new().write(true).create_new(true).open(&file);
    match written.and_then(|mut file| file.write_all(policy.as_bytes())) {
        Ok(()) => {
            session.say("Wrote dbguard.toml. Read it, uncomment what is so, then run `dbguard check`.");
            Ok(Exit::Clean)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Failure::failed(
            "there is a policy already",
            "dbguard.toml is not overwritten",
            "change it by hand, or show a new one with `dbguard init --print`",
        )),
        Err(error) => Err(Failure::unwritten(&file, &error)),
    }
}
