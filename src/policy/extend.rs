//! A policy that builds on another one: `extend` names its file, and what a policy says itself wins. Files come from whoever
//! asks, because a policy may be read out of git.

use std::io;
use std::path::{Component, Path, PathBuf};

use super::{Mistake, Policy, sections};
use crate::text::Source;

/// Gives the bytes of a policy's file, which reports call by the second name.
type Read<'r> = dyn FnMut(&Path, &str) -> io::Result<Vec<u8>> + 'r;

/// Policies that build on one another; more are a mistake, or links that lead in a circle.
const LONGEST: usize = 32;

/// Reads a policy with all that it extends; findings call its file `shown_as`. A file it extends that is missing, or that leads
/// back to it, is a mistake at the line that names it.
///
/// # Errors
/// Where `file` itself cannot be read.
pub fn load_from(file: &Path, shown_as: &str, read: &mut Read<'_>) -> io::Result<Policy> {
    let first = Source::new(shown_as, read(file, shown_as)?);
    let mut mistakes = Vec::new();
    let mut next = sections::extended(&first);
    let mut files = vec![settled(file)];
    let mut chain = vec![first];
    while let Some(base) = next.take() {
        let (Some(last), Some(said_in)) = (files.last(), chain.last()) else { break };
        let path = settled(&last.parent().unwrap_or(Path::new("")).join(&base.value));
        let shown = beside(&said_in.path, &base.value);
        let mut mistake = |message: String, help: &str| {
            mistakes.push(Mistake { place: base.place.clone(), message, help: Some(help.to_owned()) });
        };
        let known = files.iter().position(|known| *known == path);
        if known.is_some() || chain.len() == LONGEST {
            let again = known.and_then(|at| chain.get(at)).map_or(shown.as_str(), |known| &known.path);
            let way: Vec<&str> = chain.iter().map(|source| &*source.path).chain([again]).collect();
            mistake(format!("`extend` goes in a circle: {}", way.join(" → ")), "take one of these `extend` lines out");
            break;
        }
        match read(&path, &shown) {
            Ok(bytes) => {
                let source = Source::new(shown, bytes);
                next = sections::extended(&source);
                files.push(path);
                chain.push(source);
            }
            Err(error) => {
                let why = match error.kind() {
                    io::ErrorKind::NotFound => "there is no such file".to_owned(),
                    _ => error.to_string(),
                };
                mistake(
                    format!("`{}` cannot be read: {why}", base.value),
                    "the path is relative to the file that says `extend`",
                );
            }
        }
    }
    let extends = chain.iter().skip(1).map(|source| source.path.to_string()).collect();
    let whole = |base: Policy, source: &Source| sections::parse_onto(source, base);
    let mut policy = chain.iter().rev().fold(Policy::default(), whole);
    policy.extends = extends;
    policy.mistakes.extend(mistakes);
    Ok(policy)
}

/// A path without `.` and `..`, as far as its words tell.
fn settled(path: &Path) -> PathBuf {
    let mut settled = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(settled.components().next_back(), Some(Component::Normal(_))) => {
                settled.pop();
            }
            part => settled.push(part),
        }
    }
    settled
}

/// The name of a file that is named relative to another: `a/b.toml` and `../c.toml` give `c.toml`.
fn beside(shown: &str, relative: &str) -> String {
    let relative = relative.replace('\\', "/");
    if Path::new(&relative).is_absolute() {
        return relative;
    }
    let (folder, _) = shown.rsplit_once('/').unwrap_or_default();
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(relative.split('/')) {
        match part {
            "." => {}
            "" if !parts.is_empty() || !shown.starts_with('/') => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// The policy of `dbguard.toml` in `app/`, where these are the files.
    fn policy(files: &[(&str, &str)]) -> Policy {
        let files: HashMap<&str, &str> = files.iter().copied().collect();
        let mut read = |path: &Path, shown: &str| {
            assert!(path.starts_with("/app"), "{path:?}");
            files.get(shown).map(|text| text.as_bytes().to_vec()).ok_or(io::ErrorKind::NotFound.into())
        };
        load_from(Path::new("/app/x/../dbguard.toml"), "dbguard.toml", &mut read).unwrap()
    }

    fn mistakes(policy: &Policy) -> Vec<String> {
        let told = |it: &Mistake| format!("{}:{}: {}", it.place.file, it.place.start.line, it.message);
        policy.mistakes.iter().map(told).collect()
    }

    const BASE: &str = "\
[primary]
path = 'data/zoe.db'
env = 'ZOE_DB'
aliases = ['OLD_DB']
[[retired]]
path = 'auth.db'
tables = { users = 'accounts' }
[[retired]]
path = 'old.db'
[[external]]
path = 'hass.db'
[tables]
a = 'b'
c = 'd'
[mounts]
'/app' = 'x'
[places]
tests = ['t/**']
exclude = ['gen/**']
[python]
access = 'get({env})'
openers = ['open_store(path)']
[suppression]
require-reason = true
[rules]
live-copy = 'off'
two-writers = 'note'
";

    #[test]
    fn what_a_policy_says_itself_wins_and_the_rest_is_inherited() {
        let own = "\
extend = 'base.toml'
[primary]
path = 'data/auth.db'
[[external]]
path = 'auth.db'
[[retired]]
path = 'more.db'
[tables]
a = 'e'
[places]
tests = []
[python]
import = 'from app import PATH'
[rules]
live-copy = 'error'
";
        let policy = policy(&[("dbguard.toml", own), ("base.toml", BASE)]);
        assert_eq!(mistakes(&policy), [""; 0]);
        assert_eq!(
            (policy.file.as_deref(), &policy.extends[..]),
            (Some("dbguard.toml"), &["base.toml".to_owned()][..])
        );
        let primary = policy.primary.unwrap();
        assert_eq!((primary.path.value.as_str(), &*primary.path.place.file), ("data/auth.db", "dbguard.toml"));
        assert_eq!((primary.env.value.as_str(), &*primary.env.place.file), ("ZOE_DB", "base.toml"));
        assert_eq!(primary.aliases[0].value, "OLD_DB");
        let retired: Vec<&str> = policy.retired.iter().map(|it| it.path.value.as_str()).collect();
        assert_eq!(retired, ["old.db", "more.db"]);
        let external: Vec<&str> = policy.external.iter().map(|it| it.path.value.as_str()).collect();
        assert_eq!(external, ["hass.db", "auth.db"]);
        let tables: Vec<(&str, &str)> =
            policy.tables.iter().map(|(old, new)| (old.value.as_str(), new.as_str())).collect();
        assert_eq!(tables, [("c", "d"), ("a", "e")]);
        assert_eq!(policy.mounts.len(), 1);
        assert_eq!((policy.places.tests.len(), policy.places.exclude.len()), (0, 1));
        assert_eq!((policy.python.access.is_none(), policy.python.openers.len()), (true, 1));
        assert!(policy.suppression.require_reason.unwrap().value);
        assert_eq!(policy.rules["live-copy"].value, Some(crate::finding::Severity::Error));
        assert_eq!(policy.rules["two-writers"].value, Some(crate::finding::Severity::Note));
    }

    #[test]
    fn a_database_changes_its_part_whatever_it_was() {
        for (own, primary, retired) in [
            ("extend = 'base.toml'", Some("data/zoe.db"), 2),
            ("extend = 'base.toml'\n[[retired]]\npath = 'data/zoe.db'\n", None, 3),
            ("extend = 'base.toml'\n[primary]\npath = 'old.db'\n", Some("old.db"), 1),
            ("extend = 'base.toml'\n[primary]\nenv = 'OTHER'\n", Some("data/zoe.db"), 2),
            ("extend = 'base.toml'\n[primary]\nengine = 'postgresql'\nurl-env = 'DATABASE_URL'\n", Some(""), 2),
        ] {
            let policy = policy(&[("dbguard.toml", own), ("base.toml", BASE)]);
            assert_eq!(mistakes(&policy), [""; 0], "{own}");
            assert_eq!(policy.primary.as_ref().map(|it| it.path.value.as_str()), primary, "{own}");
            assert_eq!(policy.retired.len(), retired, "{own}");
        }
    }

    #[test]
    fn a_chain_is_followed_and_each_path_is_relative_to_its_own_file() {
        let policy = policy(&[
            ("dbguard.toml", "extend = './policies/team.toml'\n"),
            ("policies/team.toml", "extend = '../company/pyproject.toml'\n[[retired]]\npath = 'a.db'\n"),
            ("company/pyproject.toml", "[tool.dbguard]\n[[tool.dbguard.retired]]\npath = 'b.db'\n"),
        ]);
        assert_eq!(mistakes(&policy), [""; 0]);
        assert_eq!(policy.extends, ["policies/team.toml", "company/pyproject.toml"]);
        assert_eq!(policy.retired.len(), 2);
    }

    #[test]
    fn a_mistake_is_told_where_it_stands_and_the_rest_is_taken() {
        for (files, expected) in [
            (&[("dbguard.toml", "[rules]\n")][..], &[][..]),
            (
                &[("dbguard.toml", "\nextend = 'none.toml'\n")],
                &["dbguard.toml:2: `none.toml` cannot be read: there is no such file"],
            ),
            (
                &[("dbguard.toml", "extend = 'dbguard.toml'")],
                &["dbguard.toml:1: `extend` goes in a circle: dbguard.toml → dbguard.toml"],
            ),
            (
                &[("dbguard.toml", "extend = 'a.toml'"), ("a.toml", "\nextend = 'x/../dbguard.toml'")],
                &["a.toml:2: `extend` goes in a circle: dbguard.toml → a.toml → dbguard.toml"],
            ),
            (
                &[("dbguard.toml", "extend = ['a.toml']")],
                &["dbguard.toml:1: `extend` must be a string, this is a list"],
            ),
            (&[("dbguard.toml", "extend = ''")], &["dbguard.toml:1: `extend` is empty"]),
            (
                &[("dbguard.toml", "extend = 'a.toml'"), ("a.toml", "[retird]\n")],
                &["a.toml:1: unknown key `retird` in a policy"],
            ),
            (
                &[("dbguard.toml", "extend = 'a.toml'"), ("a.toml", "[[[")],
                &["a.toml:1: not TOML: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`"],
            ),
            (
                &[("dbguard.toml", "extend = 'a.toml'\n[tables]\nb = 'x'\n"), ("a.toml", "[tables]\na = 'x'\n")],
                &["dbguard.toml:3: `a` and `b` are both renamed to `x`"],
            ),
        ] {
            let policy = policy(files);
            assert_eq!(mistakes(&policy), expected, "{files:?}");
            assert!(!policy.broken, "{files:?}");
        }
    }

    #[test]
    fn a_circle_that_changes_its_name_ends_as_well() {
        let mut read = |_: &Path, _: &str| Ok(b"extend = 'again/x.toml'".to_vec());
        let policy = load_from(Path::new("/w/x.toml"), "x.toml", &mut read).unwrap();
        assert_eq!(policy.mistakes.len(), 1);
        assert!(policy.mistakes[0].message.starts_with("`extend` goes in a circle: x.toml → again/x.toml → "));
    }

    #[test]
    fn names_as_reports_give_them() {
        for (shown, relative, expected) in [
            ("dbguard.toml", "base.toml", "base.toml"),
            ("a/dbguard.toml", "../base.toml", "base.toml"),
            ("dbguard.toml", "../base.toml", "../base.toml"),
            ("../dbguard.toml", "../base.toml", "../../base.toml"),
            ("/etc/dbguard.toml", "base.toml", "/etc/base.toml"),
            ("a/dbguard.toml", "/etc/base.toml", "/etc/base.toml"),
            ("a/dbguard.toml", "./b//c.toml", "a/b/c.toml"),
        ] {
            assert_eq!(beside(shown, relative), expected, "{shown} {relative}");
        }
    }
}
