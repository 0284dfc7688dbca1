//! `dbguard completions`: completions for a shell, on standard output.

use super::failure::{Exit, Failure};
use super::{Session, command};

/// Print completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  dbguard completions bash > ~/.local/share/bash-completion/completions/dbguard")]
pub(super) struct Args {
    #[arg(value_name = "SHELL")]
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &Args, session: &Session<'_>) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "dbguard", &mut script);
    session.print(&script)?;
    Ok(Exit::Clean)
}
