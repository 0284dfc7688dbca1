//! What people and programs read: one file per format, each writes to a given `Write`. Judges nothing and reads no file.

mod check_concise;
mod check_full;
mod check_json;
mod check_record;
mod files;
mod look;
mod opinion;
mod overview;
mod rule;
#[cfg(test)]
mod sample;
mod scan_full;
mod scan_json;
mod scan_markdown;
mod scan_record;
mod statistics;

use std::collections::BTreeSet;
use std::path::Path;

use crate::finding::Finding;
use crate::lang::Reference;
use crate::scan::Linked;
use crate::tree::Skipped;

pub use check_concise::check_concise;
pub use check_full::{Lookup, check_full};
pub use check_json::{check_json, check_json_lines};
pub use files::show_files;
pub use look::{Look, escape};
pub use opinion::Opinion;
pub use rule::rule_list;
pub use scan_full::scan_full;
pub use scan_json::scan_json;
pub use scan_markdown::scan_markdown;
pub use statistics::{statistics, verdict};

/// What a check came to.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    pub findings: &'a [Finding],
    pub skipped: &'a [Skipped],
    pub root: &'a Path,
    /// `None` without a policy.
    pub policy_file: Option<&'a str>,
}

impl Default for Judged<'_> {
    fn default() -> Self {
        Self { findings: &[], skipped: &[], root: Path::new(""), policy_file: None }
    }
}

/// A path as reports show it: relative to the root where it lies below it, so that no report tells of the machine it was
/// made on, and without the password that a server's URL may hold.
fn shown(root: &Path, path: &str) -> String {
    if let Some((scheme, rest)) = path.split_once("://") {
        return format!("{scheme}://{}", without_password(rest));
    }
    match Path::new(path).strip_prefix(root) {
        Ok(below) if !root.as_os_str().is_empty() => {
            let below = below.to_string_lossy().replace('\\', "/");
            if below.is_empty() { ".".to_owned() } else { below }
        }
        _ => path.to_owned(),
    }
}

fn without_password(rest: &str) -> String {
    let authority = rest.find('/').unwrap_or(rest.len());
    let Some(at) = rest.get(..authority).and_then(|authority| authority.rfind('@')) else { return rest.to_owned() };
    let (user, host) = rest.split_at(at);
    match user.split_once(':') {
        Some((name, _)) => format!("{name}:***{host}"),
        None => rest.to_owned(),
    }
}

/// How many files the references stand in.
fn files_of<'a>(references: impl Iterator<Item = &'a Linked<Reference>>) -> usize {
    references.map(|reference| &reference.fact.place.file).collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_tells_of_the_machine_or_of_a_password() {
        for (path, expected) in [
            ("/home/me/zoe/data/zoe.db", "data/zoe.db"),
            ("data/zoe.db", "data/zoe.db"),
            ("/app/data/zoe.db", "/app/data/zoe.db"),
            ("postgresql://zoe:se@cret@db:5432/zoe", "postgresql://zoe:***@db:5432/zoe"),
            ("postgresql://db/zoe", "postgresql://db/zoe"),
        ] {
            assert_eq!(shown(Path::new("/home/me/zoe"), path), expected);
        }
    }
}
