//! `dbguard migrate cleanup`: what runs keep, removed when its time is over.

use std::path::Path;

use super::{agreed, root, stopped};
use crate::cli::Session;
use crate::cli::failure::{Exit, Failure};
use crate::cli::gather::{Reading, gather};
use crate::migrate::run::{Cleanup, cleanup};
use crate::output::{escape, migrate_cleaned};

/// Remove archives, backups and tombstones whose days are over
///
/// The plan says under `[after]` how many days they are kept. A run that was cleaned up cannot be undone any more. Views under the
/// old names of tables (`compat = "view"`) go with them when nothing in the code names them; until then they are counted.
/// `--views` takes those away alone, without waiting: the run can then be undone with `--force`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dbguard migrate cleanup --dry-run
  dbguard migrate cleanup --now --yes    without waiting for the days that the plan keeps them")]
pub(super) struct Args {
    /// Only list what would be removed
    #[arg(long)]
    dry_run: bool,
    /// Do not wait for the days that the plan keeps them
    #[arg(long)]
    now: bool,
    /// Only take away views under old names that nothing in the code names any more
    #[arg(long, conflicts_with = "now")]
    views: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub(super) fn run(args: &Args, session: &Session<'_>) -> Result<Exit, Failure> {
    let root = root(session)?;
    let inventory = gather(session, &[], Reading::Whole)?.inventory;
    let uses = |target: &Path, table: &str| {
        let path = target.strip_prefix(&root).unwrap_or(target).to_string_lossy().replace('\\', "/");
        match inventory.at(&path) {
            Some(id) => inventory.uses_of(id, table).len(),
            None => inventory.table_uses.iter().filter(|own| own.fact.table.eq_ignore_ascii_case(table)).count(),
        }
    };
    let request = |dry_run| Cleanup {
        root: &root,
        now: args.now,
        views_only: args.views,
        dry_run,
        who: &session.world.user,
        uses: &uses,
    };
    let show = |cleaned, dry| -> Result<(), Failure> {
        let mut out = Vec::new();
        migrate_cleaned(&cleaned, dry, &root, &session.look(), &mut out).map_err(|error| Failure::output(&error))?;
        session.print(&out)
    };
    let preview = cleanup(&request(true)).map_err(stopped)?;
    if args.dry_run || (preview.files.is_empty() && preview.views.is_empty()) {
        show(preview, true)?;
        return Ok(Exit::Clean);
    }
    let views = match preview.views.len() {
        0 => String::new(),
        count => format!(" and {count} views under old names"),
    };
    let question = if args.views {
        let views = preview.views.join(", ");
        format!("Take away {}? Undoing the run asks for --force then.", escape(&views))
    } else {
        format!("Remove {} files{views}? The runs cannot be undone afterwards.", preview.files.len())
    };
    if !agreed(session, args.yes, &question)? {
        session.say("Nothing was changed.");
        return Ok(Exit::Findings);
    }
    show(cleanup(&request(false)).map_err(stopped)?, false)?;
    Ok(Exit::Clean)
}
