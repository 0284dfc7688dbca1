//! The options that commands share, and what follows from them: the root, the paths, the colours.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::failure::Failure;
use super::world::World;

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The policy to use [default: `dbguard.toml`, `.dbguard.toml` or `[tool.dbguard]` in `pyproject.toml`, found upwards]
    ///
    /// `DBGUARD_CONFIG` says the same.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The folder that reported files are relative to [default: the policy's folder, or that of the git repository]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// How many threads read files [default: one for each processor]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(crate) threads: Option<u16>,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = false)]
    pub(crate) color: When,
    /// Tell more: what was skipped by design, databases that only tests or documents name
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// Print the report and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

impl Global {
    pub(crate) fn colours_stdout(&self, world: &World) -> bool {
        self.color.decide(world.colours_stdout())
    }

    pub(crate) fn colours_stderr(&self, world: &World) -> bool {
        self.color.decide(world.colours_stderr())
    }
}

impl When {
    pub(crate) fn decide(self, automatic: bool) -> bool {
        match self {
            Self::Auto => automatic,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// Where a run looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Absolute.
    pub(crate) root: PathBuf,
    /// Absolute, below the root, each exists; empty means all of the root.
    pub(crate) paths: Vec<PathBuf>,
    /// Paths that were asked for and are not there.
    pub(crate) missing: Vec<PathBuf>,
}

/// Files that make a folder the root of a project.
const MARKS: [&str; 3] = ["dbguard.toml", ".dbguard.toml", ".git"];

/// The root and the paths of a run.
///
/// Without `--root`, the root is the nearest folder upwards that holds a policy or a git repository, from the folder that
/// is asked for, or from the working directory when there are several; where nothing marks one, that folder itself.
pub(crate) fn scope(world: &World, global: &Global, paths: &[PathBuf]) -> Result<Scope, Failure> {
    let mut here = Vec::new();
    let mut missing = Vec::new();
    for path in paths {
        match std::fs::canonicalize(world.cwd.join(path)) {
            Ok(absolute) => here.push(absolute),
            Err(_) => missing.push(path.clone()),
        }
    }
    let cwd = canonical_folder(&world.cwd)?;
    let root = match &global.root {
        Some(root) => canonical_folder(&world.cwd.join(root))?,
        None => {
            let start = start(&cwd, &here);
            start.ancestors().find(|folder| is_marked(folder)).unwrap_or(&start).to_path_buf()
        }
    };
    if let Some(outside) = here.iter().find(|path| !path.starts_with(&root)) {
        return Err(Failure::usage(
            "a path lies outside the root",
            format!("{} is not below {}", outside.display(), root.display()),
            "name a folder above both with --root",
        ));
    }
    here.retain(|path| *path != root);
    if paths.len() != missing.len() && here.len() + missing.len() < paths.len() {
        // The root itself was asked for, so whatever else was asked for lies in it.
        here.clear();
    }
    Ok(Scope { root, paths: here, missing })
}

fn canonical_folder(folder: &Path) -> Result<PathBuf, Failure> {
    let found = std::fs::canonicalize(folder).map_err(|error| {
        Failure::usage("no such folder", format!("{}: {error}", folder.display()), "look at the spelling of the path")
    })?;
    if found.is_dir() {
        return Ok(found);
    }
    Err(Failure::usage("not a folder", format!("{} is a file", folder.display()), "give the folder it lies in"))
}

/// The folder from which the root is looked for.
fn start(cwd: &Path, paths: &[PathBuf]) -> PathBuf {
    match paths {
        [one] if one.is_dir() => one.clone(),
        [one] if !one.starts_with(cwd) => one.parent().unwrap_or(one).to_path_buf(),
        paths if paths.iter().all(|path| path.starts_with(cwd)) => cwd.to_path_buf(),
        [first, rest @ ..] => {
            let folder = first.parent().unwrap_or(first);
            let shared = folder.ancestors().find(|folder| rest.iter().all(|path| path.starts_with(folder)));
            shared.unwrap_or(folder).to_path_buf()
        }
        [] => cwd.to_path_buf(),
    }
}

fn is_marked(folder: &Path) -> bool {
    MARKS.iter().any(|mark| folder.join(mark).exists())
        || std::fs::read_to_string(folder.join("pyproject.toml")).is_ok_and(|text| text.contains("[tool.dbguard"))
}
