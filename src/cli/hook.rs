//! `dbguard hook`: the gate at `git commit`. Puts a script where git looks for hooks, and takes it away again to the byte.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{FromArgMatches, Subcommand};

use super::failure::{Exit, Failure};
use super::options::scope;
use super::{Session, change, check};
use crate::tree::{GitError, Repository};

/// Check each commit before it is made, with a hook of git
///
/// The hook runs `dbguard check --staged`: what the commit adds is looked at, in git's index. It never stashes, never
/// changes a file, and `git commit --no-verify` passes it by.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dbguard hook install      from now on, each commit in this clone
  dbguard hook run          what the hook does, by hand
  dbguard hook uninstall    as it was before")]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Action {
    /// Put the hook where git looks for it; one that is there already keeps running, before it
    Install,
    /// Take the hook away, and put back what was there before
    Uninstall,
    /// Check what the next commit adds, as the hook does
    Run,
}

const SCRIPT: &str = include_str!("../../hooks/pre-commit");
const NAME: &str = "pre-commit";
const BEFORE: &str = "pre-commit.before-dbguard";

pub(super) fn run(args: &Args, session: &Session<'_>) -> Result<Exit, Failure> {
    match args.action {
        Action::Install => install(session),
        Action::Uninstall => uninstall(session),
        Action::Run => check_commit(session),
    }
}

/// Where git looks for hooks, and what lies there.
struct Place {
    hook: PathBuf,
    before: PathBuf,
    found: Found,
}

enum Found {
    Nothing,
    Ours,
    /// It was ours, and somebody changed it.
    Changed,
    Other,
}

fn install(session: &Session<'_>) -> Result<Exit, Failure> {
    let place = place(session)?;
    let shown = place.hook.display();
    match place.found {
        Found::Ours => {
            session.say(&format!("The hook is installed already: {shown}"));
            return Ok(Exit::Clean);
        }
        Found::Changed => return Err(changed(&place)),
        Found::Other if exists(&place.before) => {
            return Err(Failure::failed(
                "two hooks are there already",
                format!("{shown} is not dbguard's, and {BEFORE} lies beside it"),
                "move one of them away, or add the line `dbguard hook run` to your hook by hand",
            ));
        }
        Found::Other | Found::Nothing => {}
    }
    let chained = matches!(place.found, Found::Other);
    let written = write_hook(&place, chained);
    written.map_err(|error| Failure::unwritten(&place.hook, &error))?;
    session.say(&format!("Installed {shown}: each commit is checked for what it adds."));
    if chained {
        session.say(&format!("The hook that was there runs before it, as {BEFORE}."));
    }
    Ok(Exit::Clean)
}

/// The script is complete before the old hook moves, and the old one moves back if the script cannot take its place.
fn write_hook(place: &Place, chained: bool) -> io::Result<()> {
    let folder = place.hook.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".dbguard-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(SCRIPT.as_bytes())?;
    if chained {
        fs::rename(&place.hook, &place.before)?;
    }
    match file.persist_noclobber(&place.hook) {
        Ok(_) => Ok(()),
        Err(error) => {
            if chained {
                fs::rename(&place.before, &place.hook)?;
            }
            Err(error.error)
        }
    }
}

fn uninstall(session: &Session<'_>) -> Result<Exit, Failure> {
    let place = place(session)?;
    let shown = place.hook.display();
    match place.found {
        Found::Nothing => {
            session.say(&format!("There is no hook to take away: {shown}"));
            return Ok(Exit::Clean);
        }
        Found::Changed => return Err(changed(&place)),
        Found::Other => {
            return Err(Failure::failed(
                "the hook is not dbguard's",
                format!("{shown} was written by somebody else"),
                "look into it; where it calls `dbguard hook run`, take that line out by hand",
            ));
        }
        Found::Ours => {}
    }
    // Where a hook was there before, it takes the place of this one in a single step.
    let had_one = exists(&place.before);
    let done = if had_one { fs::rename(&place.before, &place.hook) } else { fs::remove_file(&place.hook) };
    done.map_err(|error| Failure::unwritten(&place.hook, &error))?;
    session.say(&format!(
        "Removed {shown}{}.",
        if had_one { ", and put back the hook that was there before" } else { "" }
    ));
    Ok(Exit::Clean)
}

fn changed(place: &Place) -> Failure {
    Failure::failed(
        "the hook was changed",
        format!("{} begins like dbguard's and goes on otherwise", place.hook.display()),
        "take it away by hand if nothing in it is of use, then try again",
    )
}

fn place(session: &Session<'_>) -> Result<Place, Failure> {
    let scope = scope(session.world, session.global, &[])?;
    // `core.hooksPath` is relative to the top of the work tree.
    let top = scope.root.ancestors().find(|at| at.join(".git").exists()).unwrap_or(&scope.root);
    let repository = Repository::at(top, session.world.git_for(top));
    if repository.is_bare() {
        return Err(change::trouble(&GitError::Bare, top));
    }
    let folder = repository.path("hooks").map_err(|error| change::trouble(&error, top))?;
    let shared = repository.shared().and_then(|folder| folder.canonicalize().ok());
    let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
    if !real.starts_with(top) && !shared.is_some_and(|shared| real.starts_with(shared)) {
        return Err(Failure::failed(
            "the hooks of this repository lie outside of it",
            format!("core.hooksPath is {}, which other repositories may share", folder.display()),
            format!("add the line `dbguard hook run` to {} by hand", folder.join(NAME).display()),
        ));
    }
    let hook = folder.join(NAME);
    let found = match fs::read(&hook) {
        Ok(text) if text == SCRIPT.as_bytes() => Found::Ours,
        Ok(text) if String::from_utf8_lossy(&text).contains("# dbguard hook 1:") => Found::Changed,
        Err(_) if !exists(&hook) => Found::Nothing,
        _ => Found::Other,
    };
    Ok(Place { before: folder.join(BEFORE), hook, found })
}

/// Something of this name is there, be it a link to nothing.
fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn check_commit(session: &Session<'_>) -> Result<Exit, Failure> {
    let command = <check::Args as clap::Args>::augment_args(clap::Command::new("check"));
    let parsed = command.try_get_matches_from(["check", "--staged"]);
    let parsed = parsed.and_then(|matches| check::Args::from_arg_matches(&matches));
    let mut args = parsed.map_err(|error| Failure::usage("the hook", error.to_string(), "install dbguard anew"))?;
    args.change.in_hook = true;
    let exit = check::run(&args, session)?;
    match exit {
        Exit::Clean => {}
        Exit::Findings => session.warn(
            "the commit is stopped by what is told above. Mend it and stage it again, allow a place with a comment \
             `dbguard: allow[rule] reason`, or commit unchecked with `git commit --no-verify`.",
        ),
        Exit::Usage | Exit::Failed => session.warn(
            "the commit is stopped because it could not be checked; `git commit --no-verify` passes the check by.",
        ),
    }
    Ok(exit)
}
