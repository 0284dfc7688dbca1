//! `dbguard baseline`: findings that were there when dbguard came, accepted until they are mended.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::Session;
use super::failure::{Exit, Failure};
use super::gather::{Gathered, Reading, gather};
use super::report::save;
use crate::check::{self, Baseline, Date, Options, Present, Report};
use crate::finding::Fingerprint;
use crate::output::escape;
use crate::policy::Policy;
use crate::text::Source;
use crate::tree;

/// The baseline's name where none is given; it lies beside the policy.
const NAME: &str = ".dbguard-baseline.toml";

/// Accept the findings there are, so that only new ones count
///
/// The baseline knows a finding by what it says and not by its line. It never accepts one in another file, but follows files
/// that git sees renamed. What is gone from the code and still in the baseline is a finding.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dbguard baseline create --expires 2026-12-31
  dbguard check                             now tells of new findings only
  dbguard baseline update                   drops what was mended
  dbguard baseline update --accept-new      takes in what is new
  dbguard baseline show")]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
    /// The baseline [default: `.dbguard-baseline.toml` beside the policy]
    #[arg(long, global = true, value_name = "FILE")]
    baseline: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write a baseline of all findings there are
    Create {
        /// The last day on which it holds; after it, all of its findings count again
        #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
        expires: Option<Date>,
    },
    /// Drop what is gone, and follow renamed files
    Update {
        /// Take in findings that are new as well
        #[arg(long)]
        accept_new: bool,
        /// The last day on which it holds; after it, all of its findings count again
        #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
        expires: Option<Date>,
    },
    /// List what the baseline accepts
    Show,
}

fn day(text: &str) -> Result<Date, String> {
    check::date(text).ok_or_else(|| "write a day of the calendar as 2026-12-31".to_owned())
}

pub(super) fn run(args: &Args, session: &Session<'_>) -> Result<Exit, Failure> {
    let gathered = gather(session, &[], Reading::Whole)?;
    let place = Location::of(args.baseline.as_deref(), &gathered, session);
    match &args.action {
        Action::Show => show(&place.read()?, session),
        Action::Create { expires } => {
            if place.file.exists() {
                return Err(Failure::failed(
                    "there is a baseline already",
                    format!("{} is not written over", escape(&place.shown)),
                    "`dbguard baseline update --accept-new` takes in what is new; or remove the file first",
                ));
            }
            write(
                &Baseline { file: place.shown.clone(), ..Baseline::default() },
                true,
                *expires,
                &place,
                &gathered,
                session,
            )
        }
        Action::Update { accept_new, expires } => {
            write(&place.read()?, *accept_new, *expires, &place, &gathered, session)
        }
    }
}

fn write(
    old: &Baseline,
    accept_new: bool,
    expires: Option<Date>,
    place: &Location,
    gathered: &Gathered,
    session: &Session<'_>,
) -> Result<Exit, Failure> {
    if gathered.exit() == Exit::Usage {
        gathered.tell_mistakes(session);
        return Err(Failure::usage(
            "the policy has mistakes",
            "what it does not say cannot be found, and would be missing in the baseline",
            "mend the lines above first",
        ));
    }
    let none = Policy::default();
    let policy = gathered.policy.as_ref().unwrap_or(&none);
    let options = Options::default();
    let report = check::check(&gathered.inventory, policy, &options);
    let prints = check::fingerprints(&report.findings, &gathered.inventory, &mut |file| gathered.source(file));
    let renames = place.renames(old, &gathered.inventory.root);
    let present = Present {
        inventory: &gathered.inventory,
        policy,
        options: &options,
        renames: &renames,
        today: session.world.today,
        whole: true,
        already: BTreeMap::new(),
    };
    let mut new = old.updated(&report, &prints, &present, accept_new);
    if let Some(day) = expires {
        new.expires = Some((day, crate::text::Place::whole(place.shown.as_str().into())));
    }
    let text = new.to_toml();
    save(&place.file, |out| out.write_all(text.as_bytes())).map_err(|error| Failure::unwritten(&place.file, &error))?;
    let change = old.change(&new, &renames);
    let line = format!("{}: +{} −{}, {} accepted\n", escape(&place.shown), change.added, change.removed, new.count());
    session.print(line.as_bytes())?;
    let left = left_out(&new, &report, &prints, &present);
    if left > 0 {
        let words = if left == 1 { "1 finding is".to_owned() } else { format!("{left} findings are") };
        session.say(&format!("{words} not in it; `--accept-new` takes in what is new"));
    }
    Ok(Exit::Clean)
}

/// How many findings a baseline does not accept.
fn left_out(baseline: &Baseline, report: &Report, prints: &[Fingerprint], present: &Present<'_>) -> usize {
    // Whether it has expired is not asked here.
    let baseline = Baseline { expires: None, ..baseline.clone() };
    let (mut report, mut prints) = (report.clone(), prints.to_vec());
    baseline.accept(&mut report, &mut prints, present);
    report.findings.len()
}

fn show(baseline: &Baseline, session: &Session<'_>) -> Result<Exit, Failure> {
    let mut rules: BTreeMap<&str, (u32, BTreeSet<&str>)> = BTreeMap::new();
    for entry in &baseline.entries {
        let rule = rules.entry(&entry.rule).or_default();
        rule.0 += entry.count;
        rule.1.insert(&entry.file);
    }
    let mut out = String::new();
    for entry in baseline.entries.iter().filter(|_| session.global.verbose) {
        let times = if entry.count == 1 { String::new() } else { format!(" ({} times)", entry.count) };
        let what = entry.what.as_deref().unwrap_or("");
        let why = entry.why.as_ref().map_or_else(String::new, |why| format!(" — {}", escape(why)));
        out.push_str(&format!("{}: {} {}{times}{why}\n", escape(&entry.file), escape(&entry.rule), escape(what)));
    }
    if out.is_empty() {
        for (rule, (count, files)) in &rules {
            let files = if files.len() == 1 { "1 file".to_owned() } else { format!("{} files", files.len()) };
            out.push_str(&format!("{count:>6}  {}  in {files}\n", escape(rule)));
        }
    }
    let until = baseline
        .expires
        .as_ref()
        .map_or_else(String::new, |((year, month, day), _)| format!(", until {year:04}-{month:02}-{day:02}"));
    out.push_str(&format!("{} accepted in {}{until}\n", baseline.count(), escape(&baseline.file)));
    session.print(out.as_bytes())?;
    Ok(Exit::Clean)
}

/// Where the baseline lies.
pub(super) struct Location {
    pub(super) file: PathBuf,
    /// As reports name it.
    pub(super) shown: String,
}

impl Location {
    pub(super) fn of(named: Option<&Path>, gathered: &Gathered, session: &Session<'_>) -> Self {
        let root = &gathered.inventory.root;
        let file = match named {
            Some(file) => session.world.cwd.join(file),
            None => {
                let beside = gathered.policy_file.as_ref().and_then(|(policy, _)| policy.parent());
                beside.unwrap_or(root).join(NAME)
            }
        };
        let shown = super::options::seen_from(root, &file, &file);
        Self { file, shown }
    }

    pub(super) fn read(&self) -> Result<Baseline, Failure> {
        let bytes = std::fs::read(&self.file).map_err(|error| {
            Failure::usage(
                "the baseline cannot be read",
                format!("{}: {error}", escape(&self.shown)),
                "`dbguard baseline create` writes one; --baseline names another",
            )
        })?;
        check::parse_baseline(&Source::new(self.shown.as_str(), bytes)).map_err(|broken| {
            let place = &broken.place;
            let at = format!("{}:{}:{}", place.file, place.start.line, place.start.column);
            Failure::usage(
                "the baseline cannot be read",
                escape(&format!("{at}: {}", broken.message.trim())),
                "mend the line, take the file from git, or pass --no-baseline",
            )
        })
    }

    /// What git saw renamed, asked for only where a file of the baseline is gone.
    pub(super) fn renames(&self, baseline: &Baseline, root: &Path) -> BTreeMap<String, String> {
        let is_gone = |file: &str| !root.join(file).exists();
        let mut files: Vec<&str> = baseline.entries.iter().map(|entry| entry.file.as_str()).collect();
        files.dedup();
        if !files.into_iter().any(is_gone) {
            return BTreeMap::new();
        }
        let mut renames = tree::renames_since(root, &self.file);
        renames.retain(|old, _| is_gone(old));
        renames
    }
}

/// Takes what the baseline accepts out of a report. Returns how many findings that were. Without a baseline nothing is.
/// Where the report is about a change, `already` counts the findings of each file and fingerprint that are there beside it.
pub(super) fn accept(
    named: Option<&Path>,
    gathered: &Gathered,
    (report, prints): (&mut Report, &mut Vec<Fingerprint>),
    options: &Options,
    already: Option<BTreeMap<(String, String), usize>>,
    session: &Session<'_>,
) -> Result<usize, Failure> {
    let place = Location::of(named, gathered, session);
    if named.is_none() && !place.file.exists() {
        return Ok(0);
    }
    let baseline = place.read()?;
    let none = Policy::default();
    let present = Present {
        inventory: &gathered.inventory,
        policy: gathered.policy.as_ref().unwrap_or(&none),
        options,
        renames: &place.renames(&baseline, &gathered.inventory.root),
        today: session.world.today,
        whole: already.is_none(),
        already: already.unwrap_or_default(),
    };
    Ok(baseline.accept(report, prints, &present))
}
