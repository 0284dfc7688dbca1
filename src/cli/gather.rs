//! What commands that look at a tree begin with: root and paths, the policy, the inventory.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Session;
use super::failure::{Exit, Failure};
use super::options::{Scope, scope};
use crate::lang::program::WrapperOpener;
use crate::output::{escape, show_files};
use crate::policy::{self, Argument, Globs, Moves, Policy, Written};
use crate::scan::{self, Inventory, Overlay};
use crate::text::Source;
use crate::tree::Skipped;

/// A tree as it was found.
pub(super) struct Gathered {
    pub(super) inventory: Inventory,
    /// `None` where there is no policy.
    pub(super) policy: Option<Policy>,
    /// The policy's file, and the name that reports give it.
    pub(super) policy_file: Option<(PathBuf, String)>,
    /// Paths that were asked for, relative to the root; empty for all of it.
    pub(super) paths: Vec<String>,
    /// A path that was asked for is not there.
    incomplete: bool,
    /// Sources by the names of their files, where they come from git; `None` where they are read from disk.
    pub(super) texts: Option<HashMap<String, Arc<[u8]>>>,
    reading: Reading,
}

impl Gathered {
    /// A tree as git holds it.
    pub(super) fn held(
        inventory: Inventory,
        policy: Option<Policy>,
        scope: &Scope,
        paths: Vec<String>,
        texts: HashMap<String, Arc<[u8]>>,
    ) -> Self {
        let incomplete = !scope.missing.is_empty();
        Self {
            inventory,
            policy,
            policy_file: scope.policy.clone(),
            paths,
            incomplete,
            texts: Some(texts),
            reading: Reading::Whole,
        }
    }

    /// How a run ends that found nothing to complain of.
    pub(super) fn exit(&self) -> Exit {
        let mistaken = self.policy.as_ref().is_some_and(|policy| !policy.mistakes.is_empty());
        if self.incomplete || mistaken { Exit::Usage } else { Exit::Clean }
    }

    /// A source by the name that findings give it; `None` for what is no text.
    pub(super) fn source(&self, file: &str) -> Option<Source> {
        if let Some(text) = self.texts.as_ref().and_then(|texts| texts.get(file)) {
            let is_binary = text.iter().take(8192).any(|byte| *byte == 0);
            return (!is_binary).then(|| Source::new(file, text.to_vec()));
        }
        let path = match &self.policy_file {
            Some((path, shown)) if shown == file => path.clone(),
            _ => self.inventory.root.join(file),
        };
        /// Longer files are not drawn.
        const LONGEST: u64 = 16 * 1024 * 1024;
        let about = std::fs::metadata(&path).ok()?;
        if !about.is_file() || about.len() > LONGEST {
            return None;
        }
        let bytes = std::fs::read(path).ok()?;
        let is_binary = bytes.iter().take(8192).any(|byte| *byte == 0);
        (!is_binary).then(|| Source::new(file, bytes))
    }

    /// Mistakes of the policy, for commands that report no findings.
    pub(super) fn tell_mistakes(&self, session: &Session<'_>) {
        for mistake in self.policy.iter().flat_map(|policy| &policy.mistakes) {
            let place = &mistake.place;
            let help = mistake.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
            let words =
                format!("{}:{}:{}: {}{help}", place.file, place.start.line, place.start.column, mistake.message);
            session.warn(&escape(&words));
        }
    }

    /// What was not read, for formats that do not say so themselves; what was left out by design when more is to be told.
    pub(super) fn tell_skipped(&self, session: &Session<'_>) {
        let told = |skipped: &&Skipped| !skipped.by_design || session.global.verbose;
        let skipped: Vec<_> = self.inventory.skipped.iter().filter(told).collect();
        for skipped in &skipped {
            session.say(&format!("skipped {}: {}", escape(&skipped.path), escape(&skipped.reason)));
        }
    }

    pub(super) fn files(&self) -> Result<Vec<u8>, Failure> {
        let mut out = Vec::new();
        show_files(&self.inventory, |_| true, &mut out).map_err(|error| Failure::output(&error))?;
        Ok(out)
    }
}

/// How much of the tree is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// What was asked for.
    Asked,
    /// All of it, because what one file means may hang on another.
    Whole,
    /// All of it, but no row of a database: which tables two databases share stays unknown.
    Code,
}

/// Reads the policy and the tree.
pub(super) fn gather(session: &Session<'_>, paths: &[PathBuf], reading: Reading) -> Result<Gathered, Failure> {
    let scope = scope(session.world, session.global, paths)?;
    for path in &scope.missing {
        session.warn(&format!("no such file or folder: {}", escape(&path.display().to_string())));
    }
    if !paths.is_empty() && scope.missing.len() == paths.len() {
        return Err(Failure::usage(
            "nothing to read",
            "none of the given paths exists",
            "look at their spelling; they are taken from the working directory",
        ));
    }
    let policy = policy(&scope)?;
    let threads = session.global.threads.map_or(0, usize::from);
    let within = if reading == Reading::Asked { scope.paths.clone() } else { Vec::new() };
    let no_rows = reading == Reading::Code;
    let options = scan::Options { paths: within, threads, no_rows, ..scan_options(policy.as_ref()) };
    let inventory = scan::scan(&scope.root, &options).map_err(|error| {
        Failure::failed("the tree cannot be read", error.to_string(), "look at its path and rights")
    })?;
    let below =
        |path: &PathBuf| path.strip_prefix(&scope.root).ok().map(|path| path.to_string_lossy().replace('\\', "/"));
    Ok(Gathered {
        inventory,
        policy,
        paths: scope.paths.iter().filter_map(below).collect(),
        incomplete: !scope.missing.is_empty(),
        texts: None,
        policy_file: scope.policy,
        reading,
    })
}

/// Reads the tree once more, with some of its files replaced.
pub(super) fn gather_again(
    session: &Session<'_>,
    gathered: &Gathered,
    overlay: &Overlay,
) -> Result<Inventory, Failure> {
    let threads = session.global.threads.map_or(0, usize::from);
    let no_rows = gathered.reading == Reading::Code;
    let options =
        scan::Options { threads, no_rows, overlay: overlay.clone(), ..scan_options(gathered.policy.as_ref()) };
    scan::scan(&gathered.inventory.root, &options)
        .map_err(|error| Failure::failed("the tree cannot be read", error.to_string(), "look at its path and rights"))
}

/// What the policy tells a scan, as plain values: the scan itself knows no policy.
pub(super) fn scan_options(policy: Option<&Policy>) -> scan::Options {
    let Some(policy) = policy else { return scan::Options::default() };
    let globs =
        |globs: &[Written<String>]| Some(Globs::of(globs)).filter(|globs| !globs.is_empty()).map(Globs::into_set);
    let openers = policy.python.openers.iter().map(|opener| WrapperOpener {
        function: opener.value.function.clone(),
        position: match opener.value.argument {
            Argument::Position(position) => Some(position),
            Argument::Keyword(_) => None,
        },
        keyword: match &opener.value.argument {
            Argument::Keyword(keyword) => Some(keyword.clone()),
            Argument::Position(_) => None,
        },
    });
    scan::Options {
        exclude: globs(&policy.places.exclude),
        tests: globs(&policy.places.tests),
        mounts: policy.mounts.iter().map(|(from, to)| (from.value.clone(), to.clone())).collect(),
        openers: openers.collect(),
        tables: Moves::of(policy).iter().map(|own| own.from.table.clone()).collect(),
        ..scan::Options::default()
    }
}

pub(super) fn policy(scope: &Scope) -> Result<Option<Policy>, Failure> {
    policy_from(scope, &mut |path, _| std::fs::read(path))
}

/// The policy, whose files are read by `read`.
pub(super) fn policy_from(
    scope: &Scope,
    read: &mut dyn FnMut(&Path, &str) -> std::io::Result<Vec<u8>>,
) -> Result<Option<Policy>, Failure> {
    let Some((file, shown)) = &scope.policy else { return Ok(None) };
    match policy::load_from(file, shown, read) {
        Ok(policy) => Ok(Some(policy)),
        Err(error) => Err(Failure::usage(
            "the policy cannot be read",
            format!("{}: {error}", escape(shown)),
            "look at its path and rights, or name another with --config",
        )),
    }
}
