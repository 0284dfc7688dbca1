//! What a policy comes to: every setting as TOML, with the line it is from, or that it is the default.

use std::io::{self, Write};

use super::severity_word;
use crate::lang::Engine;
use crate::policy::{Argument, Opener, Policy, Written};
use crate::rules;
use crate::scan::{DOCUMENT_FOLDERS, TEST_FOLDERS, TEST_NAMES};
use crate::text::Place;
use crate::tree::{BUILT, INSTALLED, VENDORED};

/// What decides on findings beside the policy. Where two words go together, the second says where the first is from.
#[derive(Debug, Clone, Copy)]
pub struct Origins<'a> {
    pub root: (&'a str, &'a str),
    /// Who named the policy.
    pub policy: &'a str,
    /// The baseline that is used, as reports name it.
    pub baseline: Option<(&'a str, &'a str)>,
    pub heeds_comments: bool,
    /// The paths whose findings are told; empty for all.
    pub paths: &'a [String],
    /// The least severity that makes the exit code 1.
    pub fails: (&'a str, &'a str),
}

/// Writes the effective policy. `asked` tells of a rule whether the command line asks it.
pub fn show_settings(
    policy: &Policy,
    origins: &Origins<'_>,
    asked: impl Fn(&str) -> bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "# root: {}  ({})", super::escape(origins.root.0), origins.root.1)?;
    match &policy.file {
        Some(file) => writeln!(out, "# policy: {}  ({})", super::escape(file), origins.policy)?,
        None => writeln!(out, "# policy: none")?,
    }
    if !policy.extends.is_empty() {
        writeln!(
            out,
            "# it extends: {}",
            policy.extends.iter().map(|it| super::escape(it)).collect::<Vec<_>>().join(", ")
        )?;
    }
    match origins.baseline {
        Some((file, origin)) => writeln!(out, "# baseline: {}  ({origin})", super::escape(file))?,
        None => writeln!(out, "# baseline: none")?,
    }
    let comments = if origins.heeds_comments { "heeded  (default)" } else { "not heeded  (--no-ignores)" };
    writeln!(out, "# comments that allow a rule: {comments}")?;
    match origins.paths {
        [] => writeln!(out, "# findings are told of: all of the root  (default)")?,
        paths => writeln!(out, "# findings are told of: {}  (command line)", super::escape(&paths.join(", ")))?,
    }
    writeln!(out, "# exit code 1 from: {}  ({})", origins.fails.0, origins.fails.1)?;
    built_in(out)?;
    if let Some(primary) = &policy.primary {
        writeln!(out, "\n[primary]")?;
        if !primary.path.value.is_empty() {
            one(out, "path", &quoted(&primary.path.value), Some(&primary.path.place))?;
        }
        // A default has the place of the section's name, which does not hold the value.
        let is_default = primary.env.place.span.range().len() < primary.env.value.len();
        one(out, "env", &quoted(&primary.env.value), (!is_default).then_some(&primary.env.place))?;
        list(out, "aliases", &primary.aliases)?;
        if let Some(url) = &primary.url_env {
            one(out, "url-env", &quoted(&url.value), Some(&url.place))?;
        }
        let engine = match primary.engine {
            Engine::Sqlite => "sqlite",
            Engine::Postgresql => "postgresql",
            Engine::Mysql => "mysql",
            _ => "other",
        };
        one(out, "engine", &quoted(engine), primary.engine_at.as_ref())?;
    }
    for entry in &policy.specialised {
        writeln!(out, "\n[[specialised]]")?;
        one(out, "path", &quoted(&entry.path.value), Some(&entry.path.place))?;
        if let Some(env) = &entry.env {
            one(out, "env", &quoted(&env.value), Some(&env.place))?;
        }
        list(out, "allowed-in", &entry.allowed_in)?;
        words(out, "why", entry.why.as_deref())?;
    }
    for entry in &policy.retired {
        writeln!(out, "\n[[retired]]")?;
        one(out, "path", &quoted(&entry.path.value), Some(&entry.path.place))?;
        for (old, new) in &entry.tables {
            one(out, &format!("tables.{}", quoted(&old.value)), &quoted(new), Some(&old.place))?;
        }
        words(out, "why", entry.why.as_deref())?;
    }
    for entry in &policy.external {
        writeln!(out, "\n[[external]]")?;
        one(out, "path", &quoted(&entry.path.value), Some(&entry.path.place))?;
        words(out, "owner", entry.owner.as_deref())?;
    }
    pairs(out, "tables", &policy.tables)?;
    pairs(out, "mounts", &policy.mounts)?;
    writeln!(out, "\n[places]")?;
    let places = &policy.places;
    for (key, globs) in [
        ("config", &places.config),
        ("temporary", &places.temporary),
        ("tests", &places.tests),
        ("exclude", &places.exclude),
    ] {
        list(out, key, globs)?;
    }
    writeln!(out, "\n[python]")?;
    let openers = policy.python.openers.iter().map(|it| Written { value: opener(&it.value), place: it.place.clone() });
    list(out, "openers", &openers.collect::<Vec<_>>())?;
    for (key, value) in [("access", &policy.python.access), ("import", &policy.python.import)] {
        if let Some(value) = value {
            one(out, key, &quoted(&value.value), Some(&value.place))?;
        }
    }
    writeln!(out, "\n[suppression]")?;
    let asks = policy.suppression.require_reason.as_ref();
    one(
        out,
        "require-reason",
        if asks.is_some_and(|it| it.value) { "true" } else { "false" },
        asks.map(|it| &it.place),
    )?;
    writeln!(out, "\n[rules]")?;
    for card in rules::all().iter().map(|rule| &rule.card) {
        let set = policy.rules.get(card.id);
        let severity = set.map_or(Some(card.severity), |set| set.value);
        let word = severity.map_or("off", severity_word);
        let why = if !asked(card.id) {
            Some("not asked: --select or --ignore")
        } else if card.needs_policy && policy.file.is_none() {
            Some("not asked: it needs a policy")
        } else {
            None
        };
        match why {
            Some(why) => writeln!(out, "{} = {}  # {why}", card.id, quoted(word))?,
            None => one(out, card.id, &quoted(word), set.map(|set| &set.place))?,
        }
    }
    Ok(())
}

/// What holds without any policy, and is often taken for a gap.
fn built_in(out: &mut dyn Write) -> io::Result<()> {
    let lists = [
        (
            "tests, whose throw-away databases are no findings",
            [&TEST_FOLDERS.map(folder)[..], &names(&TEST_NAMES)].concat(),
        ),
        ("documents, whose words are no findings", [&DOCUMENT_FOLDERS.map(folder)[..], &names(&["*.md"])].concat()),
        ("not read: virtual environments, and installed", INSTALLED.map(folder).to_vec()),
        ("not read: code of others", VENDORED.map(folder).to_vec()),
        ("not read: caches, `dist`, `build` and `out` that a machine wrote, and", BUILT.map(folder).to_vec()),
    ];
    for (what, names) in lists {
        writeln!(out, "# built in, {what}: {}", names.join(" "))?;
    }
    writeln!(out, "# `dbguard check -v` names what was not read, and why; `--show-files` what was")
}

fn folder(name: &str) -> String {
    format!("{name}/")
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn one(out: &mut dyn Write, key: &str, value: &str, place: Option<&Place>) -> io::Result<()> {
    match place {
        Some(place) => writeln!(out, "{key} = {value}  # {}:{}", super::escape(&place.file), place.start.line),
        None => writeln!(out, "{key} = {value}  # default"),
    }
}

/// Words for people: they stand beside the entry that they speak of.
fn words(out: &mut dyn Write, key: &str, said: Option<&str>) -> io::Result<()> {
    said.map_or(Ok(()), |said| writeln!(out, "{key} = {}", quoted(said)))
}

fn list(out: &mut dyn Write, key: &str, values: &[Written<String>]) -> io::Result<()> {
    let words: Vec<String> = values.iter().map(|value| quoted(&value.value)).collect();
    one(out, key, &format!("[{}]", words.join(", ")), values.first().map(|value| &value.place))
}

fn pairs(out: &mut dyn Write, name: &str, pairs: &[(Written<String>, String)]) -> io::Result<()> {
    if !pairs.is_empty() {
        writeln!(out, "\n[{name}]")?;
    }
    pairs.iter().try_for_each(|(old, new)| one(out, &quoted(&old.value), &quoted(new), Some(&old.place)))
}

fn opener(opener: &Opener) -> String {
    match &opener.argument {
        Argument::Position(position) => format!("{}({position})", opener.function),
        Argument::Keyword(name) => format!("{}({name})", opener.function),
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
