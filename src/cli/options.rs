//! The options that commands share, and what follows from them: the root, the paths, the colours.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::failure::Failure;
use super::world::World;
use crate::policy;

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
    /// The policy's file, and the name that reports give it.
    pub(crate) policy: Option<(PathBuf, String)>,
    /// What made the root what it is, in words, and what named the policy.
    pub(crate) root_from: &'static str,
    pub(crate) policy_from: &'static str,
}

/// The root, the paths and the policy of a run.
///
/// The policy is the nearest one upwards within the git repository, from the folder that is asked for, or from the working
/// directory when there are several. Without `--root`, the root is the policy's folder, else that of the repository, else
/// the folder itself.
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
    let named_root = global.root.as_ref().map(|root| canonical_folder(&world.cwd.join(root))).transpose()?;
    let start = named_root.clone().unwrap_or_else(|| start(&cwd, &here));
    let repository = start.ancestors().find(|folder| folder.join(".git").exists());
    let found = policy::locate(&start).filter(|file| repository.is_none_or(|repository| file.starts_with(repository)));
    let (root, root_from) = match (named_root, &found, repository) {
        (Some(root), ..) => (root, "--root"),
        (None, Some(file), _) => (file.parent().unwrap_or(&start).to_path_buf(), "the policy's folder"),
        (None, None, Some(repository)) => (repository.to_path_buf(), "the git repository"),
        (None, None, None) => (start, "where it starts"),
    };
    if let Some(outside) = here.iter().find(|path| !path.starts_with(&root)) {
        return Err(Failure::usage(
            "a path lies outside the root",
            format!("{} is not below {}", outside.display(), root.display()),
            "name a folder above both with --root",
        ));
    }
    // Where the root itself is asked for, whatever else is asked for lies in it.
    if here.contains(&root) {
        here.clear();
    }
    let policy_from = match (&global.config, &world.config) {
        (Some(_), _) => "--config",
        (None, Some(_)) => "DBGUARD_CONFIG",
        (None, None) => "found upwards",
    };
    let policy = match global.config.as_ref().or(world.config.as_ref()) {
        Some(named) => Some((world.cwd.join(named), seen_from(&root, &world.cwd.join(named), named))),
        None => found.map(|file| (file.clone(), seen_from(&root, &file, &file))),
    };
    Ok(Scope { root, paths: here, missing, policy, root_from, policy_from })
}

/// A file's name relative to the root, also when it lies above; else as it was given.
pub(crate) fn seen_from(root: &Path, file: &Path, given: &Path) -> String {
    let absolute = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
    for (ups, folder) in root.ancestors().enumerate() {
        match absolute.strip_prefix(folder) {
            Ok(below) if ups == 0 || folder.parent().is_some() => {
                return format!("{}{}", "../".repeat(ups), below.display()).replace('\\', "/");
            }
            _ => {}
        }
    }
    given.display().to_string()
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

/// The folder from which the policy and the root are looked for.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn global(root: Option<&str>, config: Option<&str>) -> Global {
        Global {
            config: config.map(PathBuf::from),
            root: root.map(PathBuf::from),
            threads: None,
            color: When::Auto,
            verbose: false,
            quiet: false,
        }
    }

    /// `a/` is a repository with a policy in `a/app/`, `b/` is neither.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test lays out its own folder")]
    fn roots_and_policies() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        for made in ["a/.git", "a/app/deep", "a/docs", "b/c"] {
            std::fs::create_dir_all(top.join(made)).unwrap();
        }
        for made in ["a/app/dbguard.toml", "a/docs/x.md", "b/c/y.py", "b/.dbguard.toml.old"] {
            std::fs::write(top.join(made), "").unwrap();
        }
        for (cwd, paths, root, config, expected_root, expected_policy) in [
            ("a", &[][..], None, None, "a", None),
            ("a/app/deep", &[], None, None, "a/app", Some("dbguard.toml")),
            ("a", &["app/deep"], None, None, "a/app", Some("dbguard.toml")),
            ("a", &["docs/x.md"], None, None, "a", None),
            ("a", &["docs", "app"], None, None, "a", None),
            ("b", &["c"], None, None, "b/c", None),
            ("b", &["c/y.py"], None, None, "b", None),
            ("b", &["../a/docs"], None, None, "a", None),
            ("b", &["../a/docs/x.md"], None, None, "a", None),
            ("b", &["nowhere"], None, None, "b", None),
            ("a", &["app/deep"], Some("app/deep"), None, "a/app/deep", Some("../dbguard.toml")),
            ("a", &[], None, Some("app/dbguard.toml"), "a", Some("app/dbguard.toml")),
            ("b", &["c"], None, Some("../a/app/dbguard.toml"), "b/c", Some("../../a/app/dbguard.toml")),
        ] {
            let world = World::at(top.join(cwd));
            let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
            let found = scope(&world, &global(root, config), &paths).unwrap();
            assert_eq!(found.root, top.join(expected_root), "{cwd} {paths:?}");
            assert_eq!(found.policy.map(|(_, shown)| shown).as_deref(), expected_policy, "{cwd} {paths:?}");
        }
        let outside = scope(&World::at(top.join("a")), &global(Some("app"), None), &[PathBuf::from("docs")]);
        assert_eq!(outside.unwrap_err().exit, super::super::failure::Exit::Usage);
    }
}
