//! What people and programs read: one file per format, each writes to a given `Write`. Judges nothing and reads no file.

mod check_concise;
mod check_full;
mod check_github;
mod check_gitlab;
mod check_json;
mod check_junit;
mod check_markdown;
mod check_record;
mod check_sarif;
mod docs_mermaid;
mod docs_page;
mod docs_rules;
mod each;
mod files;
mod fix_full;
mod fix_json;
mod fix_left;
mod fix_record;
mod html;
mod look;
mod markup;
mod migrate_html;
mod migrate_json;
mod migrate_picture;
mod migrate_plan;
mod migrate_record;
mod migrate_run;
mod opinion;
mod overview;
mod rule;
#[cfg(test)]
mod sample;
mod sarif_record;
mod scan_full;
mod scan_html;
mod scan_json;
mod scan_markdown;
mod scan_record;
mod settings;
mod statistics;
mod usage_picture;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use crate::finding::{Finding, Fingerprint, Fix, Severity};
use crate::fix::{Patches, Unsaved};
use crate::lang::Reference;
use crate::scan::Linked;
use crate::tree::Skipped;

pub use check_concise::check_concise;
pub use check_full::{Lookup, check_full};
pub use check_github::check_github;
pub use check_gitlab::check_gitlab;
pub use check_json::{check_json, check_json_lines};
pub use check_junit::check_junit;
pub use check_markdown::check_markdown;
pub use check_sarif::check_sarif;
pub use docs_page::docs_page;
pub use docs_rules::{Renamed, docs_rules};
pub use files::show_files;
pub use fix_full::{fix_full, fix_verdict};
pub use fix_json::fix_json;
pub use fix_left::fix_left;
pub use look::{Look, escape};
pub use migrate_html::migration_html;
pub use migrate_json::migration_json;
pub use migrate_plan::{plan_full, plan_json};
pub use migrate_run::{
    migrate_cleaned, migrate_outcome, migrate_preview, migrate_rehearsal, migrate_status, migrate_undone,
    migrate_verification,
};
pub use opinion::Opinion;
pub use rule::rule_list;
pub use scan_full::scan_full;
pub use scan_html::scan_html;
pub use scan_json::scan_json;
pub use scan_markdown::scan_markdown;
pub use settings::{Origins, show_settings};
pub use statistics::{statistics, verdict};

/// What a check came to.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    pub findings: &'a [Finding],
    /// One for each finding, in their order; formats that know findings again from run to run need them.
    pub fingerprints: &'a [Fingerprint],
    /// One for each finding where it can be written out, in their order; empty when nobody asked for them.
    pub fixes: &'a [Option<Fix>],
    pub skipped: &'a [Skipped],
    pub root: &'a Path,
    /// `None` without a policy.
    pub policy_file: Option<&'a str>,
    /// The folder of the root within its repository, empty or with a `/` at its end: forges name files from the
    /// repository's top.
    pub folder: &'a str,
}

impl<'a> Judged<'a> {
    /// A file as the repository names it, for one that the root names.
    fn in_repository(&self, file: &str) -> String {
        let file = shown(self.root, file);
        if file.starts_with('/') || file.contains("://") {
            return file;
        }
        let mut parts: Vec<&str> = Vec::new();
        for part in self.folder.split('/').chain(file.split('/')) {
            match part {
                "" | "." => {}
                ".." if parts.last().is_some_and(|last| *last != "..") => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        parts.join("/")
    }

    /// Each finding, the most severe first, with what tells it from the others of one run and is the same in the next: its
    /// fingerprint, its file, and which one of the like it is.
    fn identified(&self) -> Vec<Identified<'a>> {
        let mut seen: HashMap<(&'a str, &'a str), usize> = HashMap::new();
        let each = self.findings.iter().zip(self.fingerprints).enumerate();
        let found: Vec<_> = each
            .map(|(index, (finding, fingerprint))| {
                let nth = seen.entry((&finding.place.file, fingerprint.as_str())).or_default();
                *nth += 1;
                let identity = format!("{}:{nth}", fingerprint.as_str());
                Identified { finding, identity, fix: self.fixes.get(index).and_then(Option::as_ref) }
            })
            .collect();
        by_severity(found, |it| it.finding)
    }
}

/// A finding that is known again in the next run.
struct Identified<'a> {
    finding: &'a Finding,
    identity: String,
    fix: Option<&'a Fix>,
}

/// What a fix came to.
#[derive(Debug, Clone, Copy)]
pub struct Fixed<'a> {
    pub patches: &'a Patches,
    pub unsaved: &'a [Unsaved],
    /// The files were written.
    pub written: bool,
    pub root: &'a Path,
    /// `None` without a policy.
    pub policy_file: Option<&'a str>,
}

impl Default for Judged<'_> {
    fn default() -> Self {
        Self {
            findings: &[],
            fingerprints: &[],
            fixes: &[],
            skipped: &[],
            root: Path::new(""),
            policy_file: None,
            folder: "",
        }
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

/// The most severe first, else in the order they are in.
fn by_severity<'a, T>(findings: impl IntoIterator<Item = T>, of: impl Fn(&T) -> &'a Finding) -> Vec<T> {
    let mut findings: Vec<T> = findings.into_iter().collect();
    findings.sort_by_key(|finding| of(finding).severity);
    findings
}

/// A severity as every format for people names it.
fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_from_the_top_of_the_repository() {
        for (folder, file, expected) in [
            ("", "a/b.py", "a/b.py"),
            ("svc/", "a/b.py", "svc/a/b.py"),
            ("svc/api/", "../dbguard.toml", "svc/dbguard.toml"),
            ("svc/", "../../out.toml", "../out.toml"),
            ("svc/", "/srv/x.db", "/srv/x.db"),
        ] {
            assert_eq!(Judged { folder, ..Judged::default() }.in_repository(file), expected);
        }
    }

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
