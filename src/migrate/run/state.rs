//! What a journal says: a fold over its lines. Writes nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::backup::Copy;
use super::code::Saved;
use super::journal::{Phase, Record};
use crate::migrate::Stop;
use crate::migrate::plan::Action;

/// Names of steps. What belongs to one source or file follows a colon: `backup:auth`.
pub(super) mod step {
    pub(crate) const BEGIN: &str = "begin";
    pub(crate) const FREEZE: &str = "freeze";
    pub(crate) const BACKUP: &str = "backup:";
    pub(crate) const STAGE: &str = "stage";
    pub(crate) const PROVE: &str = "prove";
    pub(crate) const FENCE: &str = "fence:";
    pub(crate) const PUBLISH: &str = "publish";
    pub(crate) const CODE: &str = "code:";
    pub(crate) const CHECK: &str = "check";
    pub(crate) const COMMIT: &str = "commit";
    pub(crate) const UNFENCE: &str = "unfence";
    pub(crate) const RETIRE: &str = "retire:";
    pub(crate) const END: &str = "end";
    pub(crate) const ABANDON: &str = "abandon";
    pub(crate) const ROLLBACK: &str = "rollback";
    pub(crate) const RESTORE: &str = "restore:";
    pub(crate) const ROLLED_BACK: &str = "rolled-back";
    pub(crate) const CLEAN: &str = "clean";
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It stopped between its beginning and its commit: `apply` finishes it, `rollback` undoes it.
    Unfinished,
    /// It is committed, and something is left to do: `apply` does it.
    Committed,
    /// All of it is done.
    Done,
    /// It was given up before anything changed.
    Abandoned,
    /// It is being undone: `rollback` goes on.
    RollingBack,
    RolledBack,
}

/// What a run set out to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Begin {
    pub(super) version: String,
    pub(super) who: String,
    /// Digest of the plan's text, which is kept as `migration.toml` in the folder of the run.
    pub(super) plan: String,
    /// Real path.
    pub(super) target: PathBuf,
    pub(super) target_is_new: bool,
    pub(super) stage: PathBuf,
    pub(super) sources: Vec<Subject>,
    /// The code half; both contents of each file stand in the folder of the run.
    pub(super) files: Vec<Saved>,
    /// Whether the databases move; else only the code does.
    pub(super) data: bool,
    /// Environment of the plan's own check: the variable that gets the path of a copy of the target.
    pub(super) check_env: Vec<String>,
    /// What was noticed before the first line.
    #[serde(default)]
    pub(super) warnings: Vec<String>,
    pub(super) at: String,
}

/// A database that the run holds: a source, or the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Subject {
    pub(super) id: String,
    /// Real path.
    pub(super) path: PathBuf,
    pub(super) action: Action,
}

impl Begin {
    /// The id of the source that is the target too.
    pub(super) fn target_source(&self) -> Option<&Subject> {
        self.sources.iter().find(|subject| subject.path == self.target)
    }

    /// Sources that are retired when all is done.
    pub(super) fn retired(&self) -> impl Iterator<Item = &Subject> {
        self.sources.iter().filter(|subject| subject.path != self.target)
    }
}

/// How a source was retired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Retired {
    pub(super) archive: PathBuf,
    pub(super) at: String,
    /// Not only begun.
    #[serde(skip)]
    pub(super) done: bool,
}

/// All that is known of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) begin: Option<Begin>,
    pub(super) files: Vec<Saved>,
    pub(super) backups: BTreeMap<String, Copy>,
    /// Any fence may stand.
    pub(super) fenced: bool,
    pub(super) publishing: bool,
    /// Digest of the pages that were published.
    pub(super) stage_pages: Option<String>,
    /// Any file of the code may be replaced.
    pub(super) code_begun: bool,
    pub(super) forced: bool,
    pub(super) committed: Option<String>,
    /// The target's change counter just before it was opened for writers; `None` where a log is kept.
    pub(super) counter: Option<u32>,
    pub(super) unfenced: bool,
    /// Digest of the target's pages when it was opened for writers; `None` where a log kept some.
    pub(super) published: Option<String>,
    pub(super) retired: BTreeMap<String, Retired>,
    pub(super) retiring: bool,
    pub(super) cleaned: Option<String>,
    ended: bool,
    pub(super) abandoned: Option<String>,
    rolling_back: bool,
    rolled_back: bool,
    /// The last line.
    pub(super) last: Option<(u64, String, Phase, String)>,
}

impl State {
    /// What the journal of a run says.
    ///
    /// # Errors
    /// It cannot be read, is damaged, or was written by a dbguard that notes other things.
    pub(super) fn at(journal: &Path) -> Result<Self, Stop> {
        let records = super::journal::read(journal)?;
        let state = Self::of(&records);
        state.is_known(&records, journal)?;
        Ok(state)
    }

    /// A run that is of another dbguard must not be passed over: an older one would be undone in its place.
    pub(super) fn is_known(&self, records: &[Record], journal: &Path) -> Result<(), Stop> {
        let Some(first) = records.first().filter(|first| first.step == step::BEGIN) else { return Ok(()) };
        if self.begin.is_some() || matches!(self.standing(), Standing::RolledBack | Standing::Abandoned) {
            return Ok(());
        }
        let version = first.data.get("version").and_then(Value::as_str).unwrap_or("another");
        let folder = journal.parent().unwrap_or(journal).display();
        Err(Stop::new(
            "a run was written by another version of dbguard",
            format!("{}: it is of version {version}, this is {}", journal.display(), env!("CARGO_PKG_VERSION")),
            format!(
                "use that dbguard for it; or move {folder} away, where the run needs neither finishing nor undoing"
            ),
        ))
    }

    pub(super) fn of(records: &[Record]) -> Self {
        let mut state = Self::default();
        for record in records {
            state.take(record);
        }
        state
    }

    pub(super) fn take(&mut self, record: &Record) {
        self.last = Some((record.n, record.step.clone(), record.phase, record.at.clone()));
        let done = record.phase == Phase::Done;
        match record.step.as_str() {
            step::BEGIN => {
                self.begin = read(&record.data);
                self.files = self.begin.as_ref().map_or_else(Vec::new, |begin| begin.files.clone());
            }
            step::FREEZE => {
                // Everything that was staged is staged anew.
                self.backups.clear();
                self.publishing = false;
            }
            step::PUBLISH => {
                self.publishing = true;
                self.stage_pages = pages(&record.data).or(self.stage_pages.take());
            }
            step::COMMIT => self.committed = Some(record.at.clone()),
            step::UNFENCE if !done => {
                self.counter =
                    record.data.get("counter").and_then(Value::as_u64).and_then(|counter| u32::try_from(counter).ok());
            }
            step::UNFENCE => {
                self.unfenced = true;
                self.published = pages(&record.data);
            }
            step::END => self.ended = true,
            step::ABANDON => {
                let why = record.data.get("why").and_then(Value::as_str).unwrap_or_default();
                self.abandoned = Some(why.to_owned());
            }
            step::ROLLBACK => {
                self.rolling_back = true;
                self.forced |= record.data.get("forced").and_then(Value::as_bool).unwrap_or(false);
            }
            step::ROLLED_BACK => self.rolled_back = true,
            step::CLEAN if done => self.cleaned = Some(record.at.clone()),
            other => self.take_one(other, record),
        }
    }

    fn take_one(&mut self, step: &str, record: &Record) {
        let done = record.phase == Phase::Done;
        if let Some(id) = step.strip_prefix(step::BACKUP) {
            if let Some(copy) = read(&record.data).filter(|_| done) {
                self.backups.insert(id.to_owned(), copy);
            }
        } else if step.starts_with(step::FENCE) {
            self.fenced = true;
        } else if step.starts_with(step::CODE) {
            self.code_begun = true;
        } else if let Some(id) = step.strip_prefix(step::RETIRE) {
            self.retiring = true;
            if let Some(retired) = read::<Retired>(&record.data) {
                self.retired.insert(id.to_owned(), Retired { done, ..retired });
            }
        }
    }

    pub(super) fn standing(&self) -> Standing {
        if self.rolled_back {
            Standing::RolledBack
        } else if self.rolling_back {
            Standing::RollingBack
        } else if self.abandoned.is_some() {
            Standing::Abandoned
        } else if self.ended {
            Standing::Done
        } else if self.committed.is_some() {
            Standing::Committed
        } else {
            Standing::Unfinished
        }
    }
}

fn pages(data: &Value) -> Option<String> {
    data.get("pages").and_then(Value::as_str).map(str::to_owned)
}

fn read<T: serde::de::DeserializeOwned>(data: &Value) -> Option<T> {
    serde_json::from_value(data.clone()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::run::journal::Journal;
    use serde_json::json;

    #[test]
    fn a_journal_of_another_version_is_not_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut journal = Journal::create(&path, None).unwrap();
        assert!(State::at(&path).is_ok());
        journal.append(step::BEGIN, Phase::Done, json!({ "version": "9.9.9", "target": ["a list"] })).unwrap();
        journal.append(step::COMMIT, Phase::Done, Value::Null).unwrap();
        let stop = State::at(&path).unwrap_err();
        assert_eq!(stop.title, "a run was written by another version of dbguard");
        assert!(stop.happened.contains("it is of version 9.9.9"), "{stop:?}");
        journal.append(step::ROLLED_BACK, Phase::Done, Value::Null).unwrap();
        assert!(State::at(&path).is_ok());
    }
}
