//! `dbguard check`: what breaks the policy.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;

use super::Session;
use super::add_allow::add_allow;
use super::baseline;
use super::change::{Change, Compared, compare};
use super::failure::{Exit, Failure};
use super::gather::{Gathered, Reading, gather};
use super::options::scope;
use super::report::{ToFile, deliver, to_file};
use crate::check::{self, Report, Selection};
use crate::finding::{Finding, Fix, Severity};
use crate::fix;
use crate::output::{
    Judged, Look, Origins, check_concise, check_full, check_github, check_gitlab, check_json, check_json_lines,
    check_junit, check_markdown, check_sarif, show_files, show_settings, statistics, verdict,
};
use crate::policy::{self, Policy};
use crate::text::{Place, Source};

/// Report what breaks the policy, and what is wrong without one
///
/// The whole tree is read whatever PATHS say, because what one file does may be wrong only beside another; PATHS choose
/// which findings are told.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dbguard check                             the whole project
  dbguard check services/ --output-format concise
  dbguard check --select hardcoded-path --statistics
  dbguard check --output json=findings.json
  dbguard check --staged                    what the next commit adds
  dbguard check --since origin/main         what this branch adds
  dbguard rule hardcoded-path               what a rule means, and what to do")]
pub(super) struct Args {
    /// Files and folders whose findings are told [default: the whole root]
    #[arg(value_name = "PATHS")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) change: Change,
    /// Ask these rules only: an id, or the beginning of some; may be given several times, or with commas
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = "Rules")]
    select: Vec<String>,
    /// Do not ask these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = "Rules")]
    ignore: Vec<String>,
    /// Findings that are accepted [default: `.dbguard-baseline.toml` beside the policy, where there is one]
    #[arg(long, value_name = "FILE", conflicts_with = "no_baseline", help_heading = "Rules")]
    baseline: Option<PathBuf>,
    /// Report what a baseline accepts as well
    #[arg(long, help_heading = "Rules")]
    no_baseline: bool,
    /// The least severity of a finding that makes the exit code 1
    #[arg(long, value_name = "SEVERITY", default_value = "note", help_heading = "Output")]
    fail_on: FailOn,
    /// Do not heed comments that allow a rule
    #[arg(long, help_heading = "Rules")]
    no_ignores: bool,
    /// Write a comment above each finding that allows it for this reason, instead of a report
    // The files of the work tree are written, and what a change adds was read elsewhere.
    #[arg(
        long,
        value_name = "REASON",
        conflicts_with_all = ["no_ignores", "show_files", "staged", "since", "from_ref"],
        help_heading = "Rules"
    )]
    add_allow: Option<String>,
    /// How to write the report
    #[arg(long, value_name = "FORMAT", default_value = "full", help_heading = "Output")]
    output_format: Format,
    /// Write a report to a file as well; may be given several times
    #[arg(long, value_name = "FORMAT=FILE", value_parser = to_file::<Format>, help_heading = "Output")]
    output: Vec<ToFile<Format>>,
    /// Count the findings of each rule instead of showing them (JSON holds the counts in any case)
    #[arg(long, help_heading = "Output")]
    statistics: bool,
    /// List the files that were read, with their language and kind, instead of checking them
    #[arg(long, help_heading = "Output")]
    show_files: bool,
    /// Show what the policy comes to, each setting with where it is from, instead of a report
    #[arg(long, conflicts_with_all = ["show_files", "add_allow", "staged", "since", "from_ref"], help_heading = "Output")]
    show_settings: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Note,
    /// Findings are reported and change nothing
    Never,
}

impl FailOn {
    fn fails(self, severity: Severity) -> bool {
        match self {
            Self::Error => severity == Severity::Error,
            Self::Warning => severity != Severity::Note,
            Self::Note => true,
            Self::Never => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Each finding with its source, for people
    Full,
    /// A line for each finding: `file:line:column: error[rule] message`
    Concise,
    /// JSON, version 1
    Json,
    /// A line of JSON for each finding
    JsonLines,
    /// Annotations of a GitHub workflow
    Github,
    /// GitLab's code quality report
    Gitlab,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit's XML
    Junit,
    /// A page for a step's summary, of at most 900 KiB
    Markdown,
}

pub(super) fn run(args: &Args, session: &Session<'_>) -> Result<Exit, Failure> {
    let selection = selection(&args.select, &args.ignore)?;
    let none = Policy::default();
    let options = check::Options { selection, no_ignores: args.no_ignores, ..check::Options::default() };
    let Compared { gathered, mut report, options, already } = if args.change.is_none() {
        let gathered = gather(session, &args.paths, Reading::Whole)?;
        let options = check::Options { paths: gathered.paths.clone(), ..options };
        let report = check::check(&gathered.inventory, gathered.policy.as_ref().unwrap_or(&none), &options);
        Compared { gathered, report, options, already: None }
    } else {
        compare(&args.change, &args.paths, options, args.show_files, session)?
    };
    let policy = gathered.policy.as_ref().unwrap_or(&none);
    if args.show_settings {
        let baseline = baseline::Location::of(args.baseline.as_deref(), &gathered, session);
        let scope = scope(session.world, session.global, &args.paths)?;
        let named = if args.baseline.is_some() { "--baseline" } else { "beside the policy" };
        let fails = args.fail_on.to_possible_value();
        let origins = Origins {
            root: (&scope.root.to_string_lossy(), scope.root_from),
            policy: scope.policy_from,
            baseline: (!args.no_baseline && baseline.file.exists()).then_some((baseline.shown.as_str(), named)),
            heeds_comments: !args.no_ignores,
            paths: &gathered.paths,
            fails: (
                fails.as_ref().map_or("", |value| value.get_name()),
                if args.fail_on == FailOn::Note { "default" } else { "--fail-on" },
            ),
        };
        let mut out = Vec::new();
        show_settings(policy, &origins, |rule| options.selection.has(rule), &mut out)
            .map_err(|error| Failure::output(&error))?;
        session.print(&out)?;
        gathered.tell_mistakes(session);
        return Ok(gathered.exit());
    }
    if args.show_files {
        let files: BTreeSet<&str> = report.files.iter().map(String::as_str).collect();
        let mut out = Vec::new();
        show_files(&gathered.inventory, |file| files.contains(file), &mut out)
            .map_err(|error| Failure::output(&error))?;
        session.print(&out)?;
        return Ok(gathered.exit());
    }
    let lookup = &mut |file: &str| gathered.source(file);
    let mut fingerprints = check::fingerprints(&report.findings, &gathered.inventory, lookup);
    let mut accepted = 0;
    if !args.no_baseline {
        let (named, found) = (args.baseline.as_deref(), (&mut report, &mut fingerprints));
        accepted = baseline::accept(named, &gathered, found, &options, already, session)?;
    }
    if let Some(reason) = &args.add_allow {
        return add_allow(&report.findings, reason, &gathered, session);
    }
    // Only SARIF holds fixes.
    let with_fixes =
        args.output_format == Format::Sarif || args.output.iter().any(|output| output.format == Format::Sarif);
    let fixes = if with_fixes { fixes(&report, &gathered, policy)? } else { Vec::new() };
    let folder = folder_in_repository(&gathered.inventory.root);
    let judged = Judged {
        findings: &report.findings,
        fingerprints: &fingerprints,
        fixes: &fixes,
        folder: &folder,
        skipped: &gathered.inventory.skipped,
        root: &gathered.inventory.root,
        policy_file: policy.file.as_deref(),
    };
    let verbose = session.global.verbose;
    deliver(session, args.output_format, &args.output, |format, look, out| match format {
        Format::Full | Format::Concise if args.statistics => statistics(&report.findings, look, out),
        Format::Full => {
            check_full(&judged, &mut |file| gathered.source(file), look, verbose, out)?;
            if session.global.quiet { Ok(()) } else { writeln!(out, "{}", conclusion(&report, accepted, look)) }
        }
        Format::Concise => check_concise(&judged, look, out),
        Format::Json => check_json(&judged, out),
        Format::JsonLines => check_json_lines(&judged, out),
        Format::Github => check_github(&judged, out),
        Format::Gitlab => check_gitlab(&judged, out),
        Format::Sarif => check_sarif(&judged, &mut |file| gathered.source(file), out),
        Format::Junit => check_junit(&judged, out),
        Format::Markdown => check_markdown(&judged, out),
    })?;
    gathered.tell_skipped(session);
    if gathered.policy.is_none() && args.change.is_none() {
        session.say(&offer(&gathered, &report));
    }
    let fails = report.findings.iter().any(|finding| args.fail_on.fails(finding.severity));
    Ok(if fails { gathered.exit().max(Exit::Findings) } else { gathered.exit() })
}

/// The rules that `--select` and `--ignore` ask for.
pub(super) fn selection(select: &[String], ignore: &[String]) -> Result<Selection, Failure> {
    Selection::new(select, ignore).map_err(|unknown| {
        let next = match unknown.nearest {
            Some(nearest) => format!("did you mean `{nearest}`? `dbguard rule` lists them"),
            None => "`dbguard rule` lists them".to_owned(),
        };
        Failure::usage("no such rule", format!("no rule is called, or begins with, `{}`", unknown.word), next)
    })
}

fn conclusion(report: &Report, accepted: usize, look: &Look) -> String {
    let mut words = verdict(&report.findings, look);
    for (number, by) in [(report.allowed.len(), "allowed by comments"), (accepted, "accepted by the baseline")] {
        if number > 0 {
            words.push_str(&format!(" {number} more {by}."));
        }
    }
    words
}

/// What a policy would add.
fn offer(gathered: &Gathered, report: &Report) -> String {
    let started = policy::parse(&Source::new("dbguard.toml", check::starter(&gathered.inventory).into_bytes()));
    let primary = started.primary.map(|primary| primary.path.value).filter(|path| !path.is_empty());
    let names = primary.map_or_else(String::new, |path| format!(", with {path} as its primary"));
    let rules = report.without_policy.len();
    format!("No policy: `dbguard init` would write a first dbguard.toml{names}, and {rules} more rules would be asked.")
}

/// What would mend each finding, as far as it can be written out.
fn fixes(report: &Report, gathered: &Gathered, policy: &Policy) -> Result<Vec<Option<Fix>>, Failure> {
    let inventory = &gathered.inventory;
    let source = |file: &str| gathered.source(file).map(Arc::new);
    let proposals = fix::proposals(inventory, policy, report, &super::migrate::moved(&inventory.root)?, &source);
    let mut by_place: HashMap<(&str, &Place), Fix> = HashMap::new();
    for proposal in proposals {
        if let Ok(fix) = proposal.fix {
            by_place.insert((&proposal.finding.rule, &proposal.finding.place), fix);
        }
    }
    let fix = |finding: &Finding| by_place.get(&(finding.rule.as_str(), &finding.place)).cloned();
    Ok(report.findings.iter().map(fix).collect())
}

/// The root as its repository's top sees it: empty, or with a `/` at its end.
fn folder_in_repository(root: &Path) -> String {
    let top = root.ancestors().find(|folder| folder.join(".git").exists());
    let below = top.and_then(|top| root.strip_prefix(top).ok());
    match below.map(|below| below.to_string_lossy().replace('\\', "/")) {
        Some(below) if !below.is_empty() => format!("{below}/"),
        _ => String::new(),
    }
}
