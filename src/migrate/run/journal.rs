//! The journal of a run: append-only lines of JSON, each with a checksum over itself and all before it, on the disk before
//! the next thing happens. Knows nothing of what the steps mean.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::folder::{now, private_file, sync_folder};
use super::trouble;
use crate::migrate::Stop;

/// How a line ends: `,"sum":"` and sixteen digits and `"}`.
const SUM_KEY: &str = ",\"sum\":\"";
const SUM_DIGITS: usize = 16;
const TAIL: usize = SUM_KEY.len() + SUM_DIGITS + 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Phase {
    /// About to be done: it may have happened, or not.
    Intent,
    Done,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// From 1, without a gap.
    pub(super) n: u64,
    pub(super) at: String,
    /// A stable id: `backup:auth`, `code:app/login.py`.
    pub(super) step: String,
    pub(super) phase: Phase,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(super) data: Value,
}

/// Where a test stops the process, to kill it there or to change what is around it: before or after the line `n` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    pub n: u64,
    pub before: bool,
}

/// A journal open for appending.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    next: u64,
    sum: String,
    hold: Option<Hold>,
}

impl Journal {
    pub(super) fn create(path: &Path, hold: Option<Hold>) -> Result<Self, Stop> {
        let fail = |error| trouble::io("begin the journal", path, &error);
        let file = private_file(path).map_err(fail)?;
        path.parent().map_or(Ok(()), sync_folder).map_err(fail)?;
        Ok(Self { path: path.to_path_buf(), file, next: 1, sum: String::new(), hold })
    }

    /// Opens it for more, behind its last whole line: a torn one was never written.
    pub(super) fn reopen(path: &Path, hold: Option<Hold>) -> Result<(Self, Vec<Record>), Stop> {
        let read = load(path)?;
        let fail = |error| trouble::io("open the journal", path, &error);
        let mut file = OpenOptions::new().write(true).open(path).map_err(fail)?;
        file.set_len(read.whole).map_err(fail)?;
        file.seek(SeekFrom::End(0)).map_err(fail)?;
        let next = read.records.last().map_or(0, |record| record.n) + 1;
        Ok((Self { path: path.to_path_buf(), file, next, sum: read.sum, hold }, read.records))
    }

    /// Returns when the line is on the disk.
    pub(super) fn append(&mut self, step: &str, phase: Phase, data: Value) -> Result<Record, Stop> {
        let record = Record { n: self.next, at: now(), step: step.to_owned(), phase, data };
        self.hold_here(true);
        let fail = |error: std::io::Error| trouble::io("write the journal", &self.path, &error);
        let text = serde_json::to_string(&record).map_err(|error| fail(error.into()))?;
        let sum = checksum(&self.sum, &text);
        let body = text.strip_suffix('}').unwrap_or(&text);
        let line = format!("{body}{SUM_KEY}{sum}\"}}\n");
        self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data()).map_err(fail)?;
        self.sum = sum;
        self.next += 1;
        self.hold_here_after(record.n);
        Ok(record)
    }

    fn hold_here(&self, before: bool) {
        if self.hold == Some(Hold { n: self.next, before }) {
            hold(&self.path);
        }
    }

    fn hold_here_after(&self, n: u64) {
        if self.hold == Some(Hold { n, before: false }) {
            hold(&self.path);
        }
    }
}

/// Tells that the place is reached, and stays there until the mark is taken away.
fn hold(journal: &Path) {
    let mark = journal.with_extension("held");
    let _ = File::create(&mark);
    while mark.exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// The records of a journal.
pub(super) fn read(path: &Path) -> Result<Vec<Record>, Stop> {
    load(path).map(|read| read.records)
}

struct Loaded {
    records: Vec<Record>,
    /// Bytes up to the end of the last whole line.
    whole: u64,
    sum: String,
}

fn load(path: &Path) -> Result<Loaded, Stop> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .map_err(|error| trouble::io("read the journal", path, &error))?;
    let mut loaded = Loaded { records: Vec::new(), whole: 0, sum: String::new() };
    let mut lines = bytes.split_inclusive(|&byte| byte == b'\n').enumerate().peekable();
    while let Some((at, line)) = lines.next() {
        let expected = loaded.records.len() as u64 + 1;
        match parse(line, &loaded.sum).filter(|(record, _)| record.n == expected) {
            Some((record, sum)) => {
                loaded.records.push(record);
                loaded.sum = sum;
                loaded.whole += line.len() as u64;
            }
            None if lines.peek().is_none() => break,
            None => {
                return Err(Stop::new(
                    "the journal is damaged",
                    format!("{}: line {} is not what was written", path.display(), at + 1),
                    "put the file back from a backup; backups of the databases stand beside it, in `backup/`",
                ));
            }
        }
    }
    Ok(loaded)
}

fn parse(line: &[u8], before: &str) -> Option<(Record, String)> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (body, tail) = line.split_at_checked(line.len().checked_sub(TAIL)?)?;
    let sum = tail.strip_prefix(SUM_KEY)?.strip_suffix("\"}")?;
    let text = format!("{body}}}");
    if checksum(before, &text) != sum {
        return None;
    }
    Some((serde_json::from_str(&text).ok()?, sum.to_owned()))
}

fn checksum(before: &str, text: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before.as_bytes());
    hasher.update(text.as_bytes());
    hasher.finalize().to_hex().chars().take(SUM_DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn three_lines() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut journal = Journal::create(&path, None).unwrap();
        journal.append("begin", Phase::Done, json!({"target": "data/zoe \"}.db"})).unwrap();
        journal.append("backup:auth", Phase::Intent, Value::Null).unwrap();
        journal.append("backup:auth", Phase::Done, json!({"rows": 3})).unwrap();
        (folder, path)
    }

    fn steps(path: &Path) -> Vec<String> {
        read(path).unwrap().iter().map(|record| record.step.clone()).collect()
    }

    #[test]
    fn what_was_written_is_read_again() {
        let (_folder, path) = three_lines();
        let records = read(&path).unwrap();
        assert_eq!(records.iter().map(|record| record.n).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(records[0].data["target"], "data/zoe \"}.db");
        assert_eq!((records[1].phase, records[2].phase), (Phase::Intent, Phase::Done));
    }

    #[test]
    fn a_last_line_torn_at_any_byte_was_never_written() {
        let (_folder, path) = three_lines();
        let bytes = std::fs::read(&path).unwrap();
        let last = bytes[..bytes.len() - 1].iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
        for length in last..bytes.len() {
            let file = OpenOptions::new().write(true).open(&path).unwrap();
            file.set_len(length as u64).unwrap();
            assert_eq!(steps(&path), ["begin", "backup:auth"], "torn at {length}");
        }
        let (mut journal, records) = Journal::reopen(&path, None).unwrap();
        assert_eq!(records.len(), 2);
        journal.append("abandon", Phase::Done, Value::Null).unwrap();
        assert_eq!(steps(&path), ["begin", "backup:auth", "abandon"]);
    }

    #[test]
    fn any_changed_byte_before_the_last_line_is_damage() {
        let (_folder, path) = three_lines();
        let bytes = std::fs::read(&path).unwrap();
        let last = bytes[..bytes.len() - 1].iter().rposition(|&byte| byte == b'\n').unwrap();
        for at in 0..last {
            let mut changed = bytes.clone();
            changed[at] ^= 0x01;
            std::fs::File::create(&path).unwrap().write_all(&changed).unwrap();
            let stop = read(&path).unwrap_err();
            assert_eq!(stop.title, "the journal is damaged", "byte {at}");
        }
    }

    #[test]
    fn a_line_taken_out_of_the_middle_is_damage() {
        let (_folder, path) = three_lines();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let mut file = std::fs::File::create(&path).unwrap();
        writeln!(file, "{}\n{}", lines[0], lines[2]).unwrap();
        assert_eq!(steps(&path), ["begin"], "as the last line it is read as torn");
        writeln!(file, "{}", lines[1]).unwrap();
        assert!(read(&path).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, path) = three_lines();
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
