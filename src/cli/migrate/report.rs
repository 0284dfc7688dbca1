//! `dbguard migrate report`: what a run did, as a page or for programs, from its journal alone.

use std::path::Path;

use serde_json::json;

use super::progress::When;
use super::{root, stopped};
use crate::cli::failure::{Exit, Failure};
use crate::cli::report::{ToFile, deliver, save, to_file};
use crate::cli::{Session, warn};
use crate::migrate::Stop;
use crate::migrate::run::{Report, keep_report, report};
use crate::output::{escape, migration_html, migration_json};

/// Write the report of a run again: a page for a browser, and JSON
///
/// `apply` and `apply --rehearse` write it by themselves. It is made from the journal alone, and holds names and numbers,
/// never the content of a row.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dbguard migrate report                                of the last run, into its folder
  dbguard migrate report --output-format json           on standard output
  dbguard migrate report --output html=migration.html   into a file")]
pub(super) struct Args {
    /// The run [default: the last one]
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// Print it instead
    #[arg(long, value_name = "FORMAT")]
    output_format: Option<Format>,
    /// Write it to a file instead; as often as you like
    #[arg(long, value_name = "FORMAT=FILE", value_parser = to_file::<Format>)]
    output: Vec<ToFile<Format>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    Html,
    Json,
}

pub(super) fn run(args: &Args, session: &Session<'_>) -> Result<Exit, Failure> {
    let root = root(session)?;
    let report = report(&root, args.run.as_deref()).map_err(stopped)?;
    match args.output_format {
        Some(format) => deliver(session, format, &args.output, |format, _, out| text(format, &report, out))?,
        None if args.output.is_empty() => {
            for path in keep(&root, &report).map_err(stopped)? {
                session.print(format!("{}\n", escape(&path)).as_bytes())?;
            }
        }
        None => {
            for ToFile { format, file } in &args.output {
                save(&session.world.cwd.join(file), |out| text(*format, &report, out))
                    .map_err(|error| Failure::unwritten(file, &error))?;
            }
        }
    }
    Ok(Exit::Clean)
}

fn text(format: Format, report: &Report, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    match format {
        Format::Html => migration_html(report, out),
        Format::Json => migration_json(report, out),
    }
}

/// Keeps both texts with the run, and says where they stand, relative to the root.
fn keep(root: &Path, report: &Report) -> Result<Vec<String>, Stop> {
    let mut paths = Vec::new();
    for (format, name) in [(Format::Html, "report.html"), (Format::Json, "report.json")] {
        let mut bytes = Vec::new();
        // Memory takes all that is written to it.
        let _ = text(format, report, &mut bytes);
        let path = keep_report(root, report, name, &bytes)?;
        paths.push(path.strip_prefix(root).unwrap_or(&path).display().to_string());
    }
    Ok(paths)
}

/// Keeps the report where a run or a rehearsal ends, and says where the page is: as an event where events are listened to. That
/// it cannot be written stops nothing.
pub(super) fn tell(root: &Path, report: Result<Report, Stop>, when: When, session: &Session<'_>) {
    let kept = report.and_then(|report| keep(root, &report)).map(|paths| paths.into_iter().next().unwrap_or_default());
    if when == When::Json {
        let event = match kept {
            Ok(page) => json!({"event": "report", "path": page}),
            Err(stop) => json!({"event": "report", "path": null, "why": stop.to_string()}),
        };
        return warn(&event.to_string());
    }
    session.say(&match kept {
        Ok(page) => format!("Report: {}", escape(&page)),
        Err(stop) => format!("The report could not be written: {}", escape(&stop.to_string())),
    });
}
