//! `dbguard scan`: what there is, without opinion.

use std::path::PathBuf;

use clap::ValueEnum;

use super::Session;
use super::failure::{Exit, Failure};
use super::gather::{Reading, gather};
use super::report::{ToFile, deliver, to_file};
use crate::output::{Opinion, scan_full, scan_html, scan_json, scan_markdown};
use crate::rules::Applied;

/// Show every database, every reference to one, and the tables that stand in several
///
/// Reads code, configuration and the databases themselves, and changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dbguard scan                            the whole project, for people
  dbguard scan services/ scripts/         some folders of it
  dbguard scan --output-format json | jq '.databases[].path'
  dbguard scan --output markdown=docs/databases.md --output json=databases.json
  dbguard scan --output html=databases.html   a page for a browser: who reads and writes which table")]
pub(super) struct Args {
    /// Files and folders to read [default: the whole root]
    #[arg(value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// How to write the report
    #[arg(long, value_name = "FORMAT", default_value = "full", help_heading = "Output")]
    output_format: Format,
    /// Write a report to a file as well; may be given several times
    #[arg(long, value_name = "FORMAT=FILE", value_parser = to_file::<Format>, help_heading = "Output")]
    output: Vec<ToFile<Format>>,
    /// List the files that were read, with their language and kind, instead of the report
    #[arg(long, help_heading = "Output")]
    show_files: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A page for people
    Full,
    /// JSON, version 1
    Json,
    /// A report to commit
    Markdown,
    /// A page for a browser, with a picture of who reads and writes what
    Html,
}

pub(super) fn run(args: &Args, session: &Session<'_>) -> Result<Exit, Failure> {
    let gathered = gather(session, &args.paths, Reading::Asked)?;
    if args.show_files {
        session.print(&gathered.files()?)?;
        gathered.tell_mistakes(session);
        return Ok(gathered.exit());
    }
    let applied = gathered.policy.as_ref().map(|policy| Applied::new(&gathered.inventory, policy));
    let opinion = Opinion { applied: applied.as_ref(), verbose: session.global.verbose };
    deliver(session, args.output_format, &args.output, |format, look, out| match format {
        Format::Full => scan_full(&gathered.inventory, &opinion, look, out),
        Format::Json => scan_json(&gathered.inventory, &opinion, out),
        Format::Markdown => scan_markdown(&gathered.inventory, &opinion, out),
        Format::Html => scan_html(&gathered.inventory, &opinion, out),
    })?;
    gathered.tell_mistakes(session);
    Ok(gathered.exit())
}
