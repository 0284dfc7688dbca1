//! `dbguard migrate apply`: the plan carried out, rehearsed, or only looked at.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use super::code::{self, Tally};
use super::progress::{self, When};
use super::{agreed, patience, report::tell, root, stopped, variables};
use crate::cli::Session;
use crate::cli::failure::{Exit, Failure};
use crate::migrate::plan::{self, Plan};
use crate::migrate::run::{Half, Request, Undo, apply, finish_undo, look, rehearse, report, unfinished};
use crate::output::{escape, migrate_outcome, migrate_preview, migrate_rehearsal};
use crate::text::Source;

/// Carry out the plan, or finish what an earlier run began
///
/// Databases are held still while others read, backed up, merged beside the target and proved; then they are fenced, the
/// target is published in one transaction, and the sources are retired. Killed at any point, `apply` goes on and `rollback`
/// returns.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dbguard migrate apply --dry-run
  dbguard migrate apply --rehearse
  dbguard migrate apply --yes --progress json    in a script")]
pub(super) struct Args {
    /// Only say what would happen; everything is opened read-only
    #[arg(long, conflicts_with = "rehearse")]
    dry_run: bool,
    /// Do all of it on copies, time it, undo it and throw it away
    #[arg(long)]
    rehearse: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// The plan [default: `migration.toml` in the root]
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Move the databases, leave the code as it is
    #[arg(long, conflicts_with = "code_only")]
    data_only: bool,
    /// Change the code, leave the databases as they are
    #[arg(long)]
    code_only: bool,
    /// How long a lock of another program is waited for
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    lock_timeout: u32,
    /// How progress is shown, on standard error
    #[arg(long, value_name = "HOW", default_value = "auto")]
    progress: When,
}

pub(super) fn run(args: &Args, session: &Session<'_>) -> Result<Exit, Failure> {
    let root = root(session)?;
    let (plan, text) = read(args, session, &root)?;
    let half = match (args.data_only, args.code_only) {
        (true, _) => Half::Data,
        (_, true) => Half::Code,
        _ => Half::Both,
    };
    let variables = variables(session)?;
    if !args.dry_run && !args.rehearse {
        finish_undo_first(args, session, &root)?;
    }
    let begun = unfinished(&root).map_err(stopped)?;
    let code = code::prepare(session, &plan)?;
    if begun.is_none() {
        let refusal = if half == Half::Data { code.refers() } else { code.refusal() };
        refusal.map_or(Ok(()), Err)?;
    }
    let uses = code.uses();
    let tally = Cell::new(None);
    let judge = |stage: &Path| code.judge(stage).map(|found| tally.set(Some(found)));
    let check = || if half == Half::Data { Ok(()) } else { code::is_clean(session, &plan) };
    let changes = if half == Half::Data { Vec::new() } else { code.written() };
    let progress = progress::of(args.progress, session);
    let request = Request {
        root: &root,
        plan: &plan,
        plan_text: &text,
        changes: &changes,
        uses: &uses,
        half,
        who: &session.world.user,
        patience: patience(args.lock_timeout),
        judge: &judge,
        check: &check,
        check_env: &variables,
        progress: progress.as_ref(),
        hold: session.world.hold,
    };
    let mut out = Vec::new();
    let page = session.look();
    if args.dry_run {
        let preview = look(&request).map_err(stopped)?;
        migrate_preview(&preview, &root, &page, &mut out).map_err(|error| Failure::output(&error))?;
    } else if args.rehearse {
        let rehearsal = rehearse(&request).map_err(stopped)?;
        migrate_rehearsal(&rehearsal, &page, &mut out).map_err(|error| Failure::output(&error))?;
        tell(&root, Ok(rehearsal.report), args.progress, session);
    } else {
        if !args.yes && !consent(&request, &root, session)? {
            session.say("Nothing was changed.");
            return Ok(Exit::Findings);
        }
        let before = report(&root, None).ok();
        let applied = apply(&request);
        let after = report(&root, None);
        // What stopped before its first line has no report.
        if applied.is_ok() || after.as_ref().ok() != before.as_ref() {
            tell(&root, after, args.progress, session);
        }
        let outcome = applied.map_err(stopped)?;
        migrate_outcome(&outcome, &root, &page, &mut out).map_err(|error| Failure::output(&error))?;
    }
    if let Some(words) = tally.get().and_then(Tally::words) {
        out.extend(format!("{words}\n").bytes());
    }
    if half != Half::Data {
        out.extend(through_views(&code.through_views).bytes());
        out.extend(old_names(&code.tests_of_old_names()).bytes());
    }
    match half {
        Half::Both => {}
        Half::Data => out.extend(b"The code was left as it is; it refers to nothing that was retired.\n"),
        Half::Code => {
            out.extend(
                b"The databases were left as they are: `dbguard migrate apply --data-only` moves them, where every statement \
                  of the code compiles.\n",
            );
        }
    }
    session.print(&out)?;
    Ok(Exit::Clean)
}

/// What still uses old names of tables, for people.
fn through_views(places: &[String]) -> String {
    let mut out = match places.len() {
        0 => return String::new(),
        1 => "1 place goes on under an old name, through a view:\n".to_owned(),
        more => format!("{more} places go on under old names, through views:\n"),
    };
    for place in places {
        out.push_str(&format!("  {}\n", escape(place)));
    }
    out
}

/// Tests that may have to be mended, for people.
fn old_names(files: &[&str]) -> String {
    /// As many as one message names.
    const SHOWN: usize = 8;
    if files.is_empty() {
        return String::new();
    }
    let mut named: Vec<String> = files.iter().take(SHOWN).map(|file| escape(file)).collect();
    if files.len() > SHOWN {
        named.push(format!("{} more", files.len() - SHOWN));
    }
    format!(
        "Look at these tests: they make throw-away databases under names that are retired. Where the program chooses the file, \
         it chooses another now: {}\n",
        named.join(", ")
    )
}

/// What an earlier process was undoing is undone before the tree is read: files of the code come back with it.
fn finish_undo_first(args: &Args, session: &Session<'_>, root: &Path) -> Result<(), Failure> {
    let progress = progress::of(args.progress, session);
    let undo = Undo {
        root,
        run: None,
        force: false,
        who: &session.world.user,
        patience: patience(args.lock_timeout),
        progress: progress.as_ref(),
        hold: session.world.hold,
    };
    let undone = finish_undo(&undo).map_err(stopped)?;
    if let Some(undone) = undone {
        session.say(&format!("Run {} was being undone; that is finished.", escape(&undone.run)));
    }
    Ok(())
}

fn consent(request: &Request<'_>, root: &Path, session: &Session<'_>) -> Result<bool, Failure> {
    if let Some(run) = unfinished(root).map_err(stopped)? {
        return agreed(session, false, &format!("Finish run {}?", escape(&run)));
    }
    let preview = look(request).map_err(stopped)?;
    let mut out = Vec::new();
    migrate_preview(&preview, root, &session.look(), &mut out).map_err(|error| Failure::output(&error))?;
    session.say(String::from_utf8_lossy(&out).trim_end());
    agreed(session, false, "Go on?")
}

fn read(args: &Args, session: &Session<'_>, root: &Path) -> Result<(Plan, String), Failure> {
    let file = args.plan.as_ref().map_or_else(|| root.join("migration.toml"), |file| session.world.cwd.join(file));
    let shown = file.strip_prefix(root).unwrap_or(&file).display().to_string();
    let bytes = std::fs::read(&file).map_err(|error| {
        Failure::usage(
            "there is no plan to carry out",
            format!("{}: {error}", escape(&shown)),
            "write one with `dbguard migrate plan`, or name it with --plan",
        )
    })?;
    let source = Source::new(shown.clone(), bytes);
    let plan = plan::read(&source).map_err(|mistakes| {
        let words: Vec<String> = mistakes
            .iter()
            .map(|mistake| {
                let help = mistake.help.as_ref().map(|help| format!(" ({})", escape(help))).unwrap_or_default();
                let place = &mistake.place;
                format!(
                    "{}:{}:{}: {}{help}",
                    escape(&place.file),
                    place.start.line,
                    place.start.column,
                    escape(&mistake.message)
                )
            })
            .collect();
        Failure::usage("the plan is wrong", words.join("\n  "), "mend it, or make it again with `dbguard migrate plan`")
    })?;
    Ok((plan, source.text))
}
