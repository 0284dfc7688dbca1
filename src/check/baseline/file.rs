//! The baseline as TOML: read with places, written in an order that keeps changes small. Opens no file.

use std::fmt::Write;
use std::num::NonZeroU32;

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::{Baseline, Date, Entry, words};
use crate::text::{Place, Source, Span};

/// A baseline that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub place: Place,
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    version: Spanned<u32>,
    expires: Option<Spanned<Datetime>>,
    #[serde(default)]
    finding: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Record {
    fingerprint: Spanned<String>,
    rule: String,
    file: String,
    #[serde(default = "one")]
    count: NonZeroU32,
    #[serde(default = "one")]
    places: NonZeroU32,
    #[serde(default)]
    on_disk: bool,
    what: Option<String>,
    why: Option<String>,
}

fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}

/// Reads a baseline.
///
/// # Errors
/// Where it is no TOML, or holds what a baseline does not: the place and the reason.
pub fn parse(source: &Source) -> Result<Baseline, Broken> {
    let place = |range: std::ops::Range<usize>| source.place(Span::new(range.start, range.end));
    let file: File = toml::from_str(&source.text).map_err(|error| Broken {
        place: place(error.span().unwrap_or_default()),
        message: error.message().to_owned(),
    })?;
    if *file.version.get_ref() != 1 {
        let message = format!("version {} is not known, this dbguard knows version 1", file.version.get_ref());
        return Err(Broken { place: place(file.version.span()), message });
    }
    let expires = file.expires.map(|written| {
        let at = place(written.span());
        match (written.get_ref().date, written.get_ref().time) {
            (Some(date), None) => Ok(((date.year, date.month, date.day), at)),
            _ => Err(Broken { place: at, message: "`expires` is a day: 2026-12-31".to_owned() }),
        }
    });
    let entries = file.finding.into_iter().map(|record| Entry {
        place: place(record.fingerprint.span()),
        fingerprint: record.fingerprint.into_inner(),
        rule: record.rule,
        file: record.file,
        count: record.count.get(),
        places: record.places.get(),
        on_disk: record.on_disk,
        what: record.what,
        why: record.why,
    });
    Ok(Baseline { file: source.path.to_string(), expires: expires.transpose()?, entries: entries.collect() })
}

impl Baseline {
    /// The baseline as it is written to its file.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut out = String::from(
            "# Findings that were accepted when dbguard came to this project. `dbguard baseline update` drops what is gone;\n\
             # only `--accept-new` adds. `why` may be added to an entry and is kept.\nversion = 1\n",
        );
        if let Some((day, _)) = &self.expires {
            let _ = writeln!(out, "expires = {}", words(*day));
        }
        let mut entries: Vec<&Entry> = self.entries.iter().collect();
        entries.sort_by_key(|entry| (&entry.file, &entry.rule, &entry.fingerprint));
        for entry in entries {
            let _ = writeln!(out, "\n[[finding]]\nfingerprint = {}", quoted(&entry.fingerprint));
            let _ = writeln!(out, "rule = {}\nfile = {}", quoted(&entry.rule), quoted(&entry.file));
            for (key, number) in [("count", entry.count), ("places", entry.places)] {
                if number != 1 {
                    let _ = writeln!(out, "{key} = {number}");
                }
            }
            if entry.on_disk {
                out.push_str("on-disk = true\n");
            }
            for (key, words) in [("what", &entry.what), ("why", &entry.why)] {
                if let Some(words) = words {
                    let _ = writeln!(out, "{key} = {}", quoted(words));
                }
            }
        }
        out
    }
}

/// `2026-12-31` as a day that the calendar has.
pub fn date(text: &str) -> Option<Date> {
    let read: Datetime = text.parse().ok()?;
    let date = read.date.filter(|_| read.time.is_none() && read.offset.is_none())?;
    Some((date.year, date.month, date.day))
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Baseline, Broken> {
        parse(&Source::new(".dbguard-baseline.toml", text.as_bytes().to_vec()))
    }

    #[test]
    fn what_is_written_is_read() {
        let text = "version = 1\nexpires = 2026-12-31\n\n[[finding]]\nfingerprint = \"b\"\nrule = \"r\"\nfile = \"z.py\"\n\n\
                    [[finding]]\nfingerprint = \"a\"\nrule = \"r\"\nfile = \"a\\n\\u001b\\\".py\"\ncount = 3\nplaces = 8\n\
                    on-disk = true\nwhat = \"'x' \\\"y\\\"\"\nwhy = \"\"\"two\nlines\"\"\"\n";
        let baseline = read(text).unwrap();
        assert_eq!(baseline.entries[1].file, "a\n\u{1b}\".py");
        assert_eq!((baseline.count(), baseline.expires.as_ref().unwrap().0), (4, (2026, 12, 31)));
        let written = baseline.to_toml();
        let again = read(&written).unwrap();
        assert_eq!(again.entries[0].why.as_deref(), Some("two\nlines"));
        assert_eq!(again.to_toml(), written);
        assert_eq!(again.count(), 4);
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        let entry = "[[finding]]\nfingerprint = \"a\"\nrule = \"r\"\n";
        for (text, line, words) in [
            ("version = 1\n<<<<<<< HEAD\n".to_owned(), 2, ""),
            ("version = 2\n".to_owned(), 1, "version 2 is not known"),
            ("\n[[finding]]\n".to_owned(), 2, "fingerprint"),
            (format!("version = 1\n{entry}file = \"a\"\ncount = 0\n"), 6, "nonzero"),
            (format!("version = 1\n{entry}file = \"a\"\ncuont = 2\n"), 6, "cuont"),
            (format!("version = 1\n{entry}file = 3\n"), 5, "string"),
            ("version = 1\nexpires = \"soon\"\n".to_owned(), 2, ""),
            ("version = 1\nexpires = 2026-13-01\n".to_owned(), 2, ""),
            ("version = 1\nexpires = 2026-12-31T10:00:00Z\n".to_owned(), 2, "a day"),
        ] {
            let broken = read(&text).unwrap_err();
            assert_eq!(broken.place.start.line, line, "{text}: {broken:?}");
            assert!(broken.message.contains(words), "{text}: {broken:?}");
        }
    }

    #[test]
    fn days() {
        assert_eq!(date("2026-12-31"), Some((2026, 12, 31)));
        for wrong in ["2026-02-30", "31.12.2026", "2026-12-31T00:00:00", "", "12:00:00"] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }
}
