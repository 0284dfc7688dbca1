//! The command line: one file per command, its arguments and its run on one page. The only room that reads the environment,
//! writes to the terminal and chooses the exit code.

mod add_allow;
mod baseline;
mod change;
mod check;
mod completions;
mod docs;
mod docs_metadata;
mod failure;
mod fix;
mod fix_staged;
mod gather;
mod hook;
mod init;
mod migrate;
mod options;
mod report;
mod rule;
mod scan;
mod shipped_files;
mod world;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::output::Look;
use crate::scan::with_threads;
use failure::{Exit, Failure};
use options::Global;
use world::{World, write_to, write_with};

/// Finds every SQLite database of a project and every line that refers to one, and holds both to a policy.
#[derive(Debug, Parser)]
#[command(name = "dbguard", version, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

const EXAMPLES: &str = "\
Examples:
  dbguard scan                          what there is: databases, references, duplicate tables
  dbguard init                          a first policy from that
  dbguard check                         what breaks it, with file, line and what to do
  dbguard fix --diff                    what would mend it, as a patch

Exit codes: 0 clean, 1 findings, 2 usage or policy, 3 could not do it.";

#[derive(Debug, Subcommand)]
enum Command {
    Scan(scan::Args),
    Check(check::Args),
    Baseline(baseline::Args),
    Fix(fix::Args),
    Init(init::Args),
    Migrate(migrate::Args),
    Docs(docs::Args),
    Rule(rule::Args),
    Hook(hook::Args),
    Completions(completions::Args),
    ShippedFiles(shipped_files::Args),
}

/// What a command works with.
struct Session<'a> {
    world: &'a World,
    global: &'a Global,
}

impl Session<'_> {
    /// Data, to standard output.
    fn print(&self, text: &[u8]) -> Result<(), Failure> {
        self.write(|out| out.write_all(text))
    }

    /// The same, while it is made.
    fn write(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        write_with(&mut io::stdout().lock(), write).map_err(|error| Failure::output(&error))
    }

    /// Talk, to standard error; nobody listens under `--quiet`.
    fn say(&self, text: &str) {
        if !self.global.quiet {
            warn(text);
        }
    }

    /// What must be known whether or not one likes talk.
    fn warn(&self, text: &str) {
        let colour = self.global.colours_stderr(self.world);
        let (yellow, reset) = if colour { ("\u{1b}[1;33m", "\u{1b}[0m") } else { ("", "") };
        warn(&format!("{yellow}warning{reset}: {text}"));
    }

    /// Asks on the terminal; only a yes is one.
    fn ask(&self, question: &str) -> Result<bool, Failure> {
        write_to(&mut io::stderr().lock(), format!("{question} [y/N] ").as_bytes())
            .map_err(|error| Failure::output(&error))?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map_err(|error| Failure::output(&error))?;
        Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    /// How text on standard output looks.
    fn look(&self) -> Look {
        Look { colour: self.global.colours_stdout(self.world), width: self.world.width() }
    }
}

/// A line on standard error. Where that is closed there is nobody to tell.
fn warn(text: &str) {
    let _ = write_to(&mut io::stderr().lock(), format!("{text}\n").as_bytes());
}

/// Runs the program with the process's own arguments.
#[must_use]
pub fn main() -> ExitCode {
    let exit = run(std::env::args_os().collect());
    ExitCode::from(exit as u8)
}

fn run(arguments: Vec<OsString>) -> Exit {
    let world = match World::here() {
        Ok(world) => world,
        Err(error) => {
            warn(&format!("error: the working directory cannot be read\n  {error}\n  go to a folder that exists"));
            return Exit::Failed;
        }
    };
    let parsed = Cli::command().color(clap::ColorChoice::Always).try_get_matches_from(arguments);
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return explain(&error, &world),
    };
    let session = Session { world: &world, global: &cli.global };
    let threads = cli.global.threads.map_or(0, usize::from);
    // All of it on the same threads, so that the memory that reading the tree gave back serves what comes after.
    let done = with_threads(threads, || match &cli.command {
        Command::Scan(args) => scan::run(args, &session),
        Command::Check(args) => check::run(args, &session),
        Command::Baseline(args) => baseline::run(args, &session),
        Command::Fix(args) => fix::run(args, &session),
        Command::Init(args) => init::run(args, &session),
        Command::Migrate(args) => migrate::run(args, &session),
        Command::Docs(args) => docs::run(args, &session),
        Command::Rule(args) => rule::run(args, &session),
        Command::Hook(args) => hook::run(args, &session),
        Command::Completions(args) => completions::run(args, &session),
        Command::ShippedFiles(args) => shipped_files::run(args, &session),
    });
    done.unwrap_or_else(|failure| {
        let colour = cli.global.colours_stderr(&world);
        let (red, bold, reset) = if colour { ("\u{1b}[1;31m", "\u{1b}[1m", "\u{1b}[0m") } else { ("", "", "") };
        warn(&format!(
            "{red}error{reset}{bold}: {}{reset}\n  {}\n  {bold}next{reset}: {}",
            failure.title, failure.happened, failure.next
        ));
        failure.exit
    })
}

/// Help and version are data; a mistake in the command line is not.
fn explain(error: &clap::Error, world: &World) -> Exit {
    let data = !error.use_stderr();
    let colour = if data { world.colours_stdout() } else { world.colours_stderr() };
    let text = error.render();
    let text = if colour { text.ansi().to_string() } else { text.to_string() };
    let stream: &mut dyn Write = if data { &mut io::stdout().lock() } else { &mut io::stderr().lock() };
    match (write_to(stream, text.as_bytes()), data) {
        (Ok(()), true) => Exit::Clean,
        (Ok(()), false) => Exit::Usage,
        (Err(_), _) => Exit::Failed,
    }
}

/// The command line as clap knows it: for completions, and for tests that hold documents to it.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}
