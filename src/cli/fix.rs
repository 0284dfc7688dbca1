//! `dbguard fix`: what breaks the policy and can be mended, mended.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::Session;
use super::change::trouble;
use super::check::selection;
use super::failure::{Exit, Failure};
use super::fix_staged::Staged;
use super::gather::{Gathered, Reading, gather, gather_again};
use crate::check;
use crate::finding::{Finding, Fix, Safety};
use crate::fix::{self, Patch, Patches, Unsaved, Verdict};
use crate::output::{Fixed, escape, fix_full, fix_json, fix_left, fix_verdict};
use crate::policy::Policy;
use crate::scan::{Inventory, Overlay};
use crate::text::{Source, apply, diff};
use crate::tree::{self, Repository};

/// Mend what breaks the policy, in every language that dbguard writes
///
/// Fixes are safe where the program provably opens the same database while the variable is not set; all others are made
/// with --unsafe only. What cannot be decided is left as it is and listed with its reason.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dbguard fix --diff                        what would change, as a patch; nothing is written
  dbguard fix --diff --unsafe | git apply   the same as `dbguard fix --unsafe`
  dbguard fix services/ --select hardcoded-path
  dbguard fix --unsafe --interactive        asks for each
  dbguard fix --staged                      what the next commit holds, in the index and in the work tree

Exit codes: 0 nothing is left, 1 findings are left, 2 usage or policy, 3 a file could not be written.")]
pub(super) struct Args {
    /// Files and folders whose findings are fixed [default: the whole root]
    #[arg(value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// Print a patch that `git apply` takes, and write nothing
    #[arg(long)]
    diff: bool,
    /// Make fixes too after which a program may open another database than before
    #[arg(long = "unsafe")]
    unsafe_too: bool,
    /// Ask before each fix
    #[arg(long)]
    interactive: bool,
    /// Change files that have changes no commit holds
    #[arg(long)]
    allow_dirty: bool,
    /// Fix staged files only, in the index and in the work tree; where the two differ around a fix, print it as a patch
    ///
    /// Under pre-commit and prek the index stays: they put away what is not staged, and could not put it back onto another one.
    #[arg(long, conflicts_with_all = ["diff", "allow_dirty"])]
    staged: bool,
    /// Fix what these rules find only: an id, or the beginning of some; may be given several times, or with commas
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = "Rules")]
    select: Vec<String>,
    /// Do not fix what these rules find
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = "Rules")]
    ignore: Vec<String>,
    /// How to write the report
    #[arg(long, value_name = "FORMAT", default_value = "full", help_heading = "Output")]
    output_format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Each file with what is changed and why, for people
    Full,
    /// JSON, version 1: edits with their places
    Json,
}

pub(super) fn run(args: &Args, session: &Session<'_>) -> Result<Exit, Failure> {
    let options = check::Options { selection: selection(&args.select, &args.ignore)?, ..check::Options::default() };
    let mut gathered = gather(session, &args.paths, Reading::Whole)?;
    let options = check::Options { paths: gathered.paths.clone(), ..options };
    let policy = gathered.policy.clone().unwrap_or_default();
    let root = gathered.inventory.root.clone();
    let repository = Repository::at(&root, session.world.git_for(&root));
    let staged = args.staged.then(|| Staged::of(&repository)).transpose().map_err(|error| trouble(&error, &root))?;
    let mut patches = patches(args, session, &mut gathered, &policy, &options, staged.as_ref())?;
    if let Some(staged) = &staged {
        staged.keep(&mut patches)?;
        session.print(&staged.apart())?;
    } else if !args.diff && !args.allow_dirty {
        refuse_dirty(&root, &patches)?;
    }
    let mut unsaved = match (args.diff, args.output_format) {
        (true, Format::Full) => print_patch(session, &root, &patches)?,
        (true, Format::Json) => Vec::new(),
        (false, _) => save(session, &root, &patches),
    };
    unsaved.extend(patches.gone.iter().map(|file| Unsaved::changed(file)));
    match &staged {
        Some(_) if session.world.in_hook_manager && !patches.patches.is_empty() => {
            session.warn(
                "the index stays as it is under a hook manager: look at what was changed, `git add` it, commit again",
            );
        }
        Some(staged) => staged.save(&patches, &unsaved, session)?,
        None => {}
    }
    let fixed = Fixed {
        patches: &patches,
        unsaved: &unsaved,
        written: !args.diff,
        root: &root,
        policy_file: policy.file.as_deref(),
    };
    report(args, session, &fixed)?;
    gathered.tell_skipped(session);
    let found =
        if args.diff { !patches.patches.is_empty() || !patches.left.is_empty() } else { !patches.left.is_empty() };
    let exit = if found { gathered.exit().max(Exit::Findings) } else { gathered.exit() };
    Ok(if unsaved.is_empty() { exit } else { Exit::Failed })
}

fn patches(
    args: &Args,
    session: &Session<'_>,
    gathered: &mut Gathered,
    policy: &Policy,
    options: &check::Options,
    staged: Option<&Staged<'_>>,
) -> Result<Patches, Failure> {
    let root = gathered.inventory.root.clone();
    let mut first = Some(std::mem::take(&mut gathered.inventory));
    gathered.inventory.root.clone_from(&root);
    gathered.inventory.skipped = first.as_ref().map(|it| it.skipped.clone()).unwrap_or_default();
    let gathered = &*gathered;
    let mut look = |overlay: &Overlay| -> Result<(Inventory, check::Report), Failure> {
        let inventory = match first.take() {
            Some(inventory) => inventory,
            None => gather_again(session, gathered, overlay)?,
        };
        let report = check::check(&inventory, policy, options);
        Ok((inventory, report))
    };
    let mut asking = Asking { session, answer: None };
    let mut decide = |finding: &Finding, fix: &Fix, source: &Source| match Verdict::by_safety(fix, args.unsafe_too) {
        Verdict::Make if staged.is_some_and(|staged| !staged.holds(fix, source)) => Verdict::NotStaged,
        Verdict::Make if args.interactive => asking.ask(finding, fix, source),
        verdict => verdict,
    };
    fix::patches(&root, policy, &super::migrate::moved(&root)?, &mut look, &mut decide)
}

fn refuse_dirty(root: &Path, patches: &Patches) -> Result<(), Failure> {
    let files: Vec<&str> = patches.patches.iter().filter(|it| !it.is_new()).map(|it| &*it.file).collect();
    let next = "commit or stash them, look at `dbguard fix --diff` first, or say --allow-dirty";
    let dirty = tree::uncommitted(root, &files).map_err(|reason| {
        Failure::failed("git does not say what is committed", reason, "say --allow-dirty to go on without")
    })?;
    if dirty.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = dirty.iter().take(5).map(|file| escape(file)).collect();
    let more = if dirty.len() > 5 { format!(" and {} more", dirty.len() - 5) } else { String::new() };
    Err(Failure::failed(
        "files that would be changed have changes that no commit holds",
        format!("{}{more}; nothing was written", shown.join(", ")),
        next,
    ))
}

fn save(session: &Session<'_>, root: &Path, patches: &Patches) -> Vec<Unsaved> {
    let mut unsaved = Vec::new();
    for saved in fix::save(root, &patches.patches) {
        match saved {
            Ok(None) => {}
            Ok(Some(note)) => session.warn(&escape(&note)),
            Err(error) => unsaved.push(error),
        }
    }
    unsaved
}

/// Prints what would change; the files that became others meanwhile come back.
fn print_patch(session: &Session<'_>, root: &Path, patches: &Patches) -> Result<Vec<Unsaved>, Failure> {
    let mut unsaved = Vec::new();
    for patch in &patches.patches {
        match unified(root, patch) {
            Some(text) => session.print(&text)?,
            None => unsaved.push(Unsaved::changed(&patch.file)),
        }
    }
    Ok(unsaved)
}

/// The patch of one file as `git apply` takes it; `None` where the file became another meanwhile.
pub(super) fn unified(root: &Path, patch: &Patch) -> Option<Vec<u8>> {
    let contents = patch.contents(root)?;
    Some(diff::unified(&below_top(root, &patch.file), contents.before.as_deref(), &contents.after))
}

fn report(args: &Args, session: &Session<'_>, fixed: &Fixed<'_>) -> Result<(), Failure> {
    let look = session.look();
    match args.output_format {
        Format::Json => session.write(|out| fix_json(fixed, out))?,
        // The patch was printed file by file.
        Format::Full if args.diff => {}
        Format::Full => session.write(|out| fix_full(fixed, session.global.verbose, &look, out))?,
    }
    if args.output_format == Format::Full {
        if args.diff {
            // The patch has standard output for itself.
            let mut talk = Vec::new();
            let none = Patches::default();
            fix_full(&Fixed { patches: &none, ..*fixed }, session.global.verbose, &look, &mut talk)
                .map_err(|error| Failure::output(&error))?;
            fix_left(&fixed.patches.left, session.global.verbose, &look, &mut talk)
                .map_err(|error| Failure::output(&error))?;
            let talk = String::from_utf8_lossy(&talk);
            if !talk.trim().is_empty() {
                session.say(talk.trim());
            }
        }
        session.say(&fix_verdict(fixed, &look));
    }
    Ok(())
}

/// The file's name from the repository's top, where `git apply` looks for it.
pub(super) fn below_top(root: &Path, file: &str) -> String {
    let below = tree::top(root).and_then(|top| root.strip_prefix(top).ok());
    match below.map(|below| below.to_string_lossy().replace('\\', "/")).filter(|below| !below.is_empty()) {
        Some(below) => format!("{below}/{file}"),
        None => file.to_owned(),
    }
}

/// Questions on standard error, answers from standard input.
struct Asking<'a> {
    session: &'a Session<'a>,
    /// An answer for all that follow.
    answer: Option<Verdict>,
}

impl Asking<'_> {
    fn ask(&mut self, finding: &Finding, fix: &Fix, source: &Source) -> Verdict {
        if let Some(answer) = self.answer {
            return answer;
        }
        let place = &finding.place;
        let safety = if fix.safety == Safety::Unsafe { "unsafe: " } else { "" };
        let title = format!("{} ({safety}{})", fix.title, fix.why);
        self.session.warn_plain(&format!(
            "\n{}:{}:{} [{}] {}",
            escape(&place.file),
            place.start.line,
            place.start.column,
            finding.rule,
            escape(&title)
        ));
        let edits: Vec<_> = fix.edits.iter().map(|it| it.edit.clone()).collect();
        if let Ok(after) = apply(&source.text, &edits) {
            let patch = diff::unified(&place.file, Some(source.text.as_bytes()), after.as_bytes());
            let lines = String::from_utf8_lossy(&patch);
            for line in lines.lines().skip(3) {
                self.session.warn_plain(&format!("  {}", escape(line)));
            }
        }
        loop {
            self.session.prompt("Make this fix? [y]es, [n]o, [a]ll that follow, [q]uit asking and leave the rest: ");
            let mut answer = String::new();
            let read = std::io::stdin().lock().read_line(&mut answer);
            match (read, answer.trim().to_ascii_lowercase().as_str()) {
                (Ok(0) | Err(_), _) => {
                    self.session.warn_plain("");
                    self.session
                        .warn("nobody answers (standard input has ended): all that follow are left as they are");
                    self.answer = Some(Verdict::Leave);
                    return Verdict::Leave;
                }
                (_, "q" | "quit") => {
                    self.answer = Some(Verdict::Leave);
                    return Verdict::Leave;
                }
                (_, "y" | "yes") => return Verdict::Make,
                (_, "n" | "no") => return Verdict::Leave,
                (_, "a" | "all") => {
                    self.answer = Some(Verdict::Make);
                    return Verdict::Make;
                }
                _ => {}
            }
        }
    }
}

impl Session<'_> {
    /// A line of a conversation, also under `--quiet`: it was asked for.
    fn warn_plain(&self, text: &str) {
        super::warn(text);
    }

    fn prompt(&self, text: &str) {
        let _ = super::write_to(&mut std::io::stderr().lock() as &mut dyn Write, text.as_bytes());
    }
}
