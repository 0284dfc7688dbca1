//! A run undone, from whatever state its process left: code first, then the target, then the sources. Before the commit nothing
//! can be lost; after it, what was written since is never thrown away without a word.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::apply::{open_run, remove_stage};
use super::folder::{Home, RunFolder, beside, remove_if_there, sync_folder};
use super::freeze::{self, Held};
use super::journal::{Hold, Journal, Phase};
use super::publish::{self, Attempt};
use super::retire::{self, Place};
use super::state::{Begin, Standing, State, step};
use super::{anew, audit, backup, code, holders, lock, trouble};
use crate::db;
use crate::migrate::{Progress, Stop};

/// What is to be undone, and how.
pub struct Undo<'a> {
    pub root: &'a Path,
    /// The id of a run; the last one that is not undone where it is not given.
    pub run: Option<&'a str>,
    /// Throw away what was written since, after saving it in the folder of the run.
    pub force: bool,
    pub who: &'a str,
    pub patience: Duration,
    pub progress: &'a dyn Progress,
    pub hold: Option<Hold>,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undone {
    pub run: String,
    pub target: PathBuf,
    pub target_was_new: bool,
    pub sources: usize,
    pub files: usize,
    /// Copies of what was there and would have been lost.
    pub saved: Vec<PathBuf>,
}

/// Undoes a run.
///
/// # Errors
/// There is nothing to undo; rows were written since its commit; or why it stopped, and then it may be run again.
pub fn rollback(request: &Undo<'_>) -> Result<Undone, Stop> {
    let home = Home::of(request.root);
    let nothing = || {
        Stop::new(
            "there is nothing to undo",
            "no run of this project is unfinished or committed",
            "`dbguard migrate status` lists the runs",
        )
    };
    find(&home, request.run)?.ok_or_else(nothing)?;
    let _lock = lock::project(&home)?;
    // Again: whoever held the lock may have gone on.
    let (folder, state) = find(&home, request.run)?.ok_or_else(nothing)?;
    if state.cleaned.is_some() {
        return Err(Stop::new(
            "a run that was cleaned up cannot be undone",
            format!("the backups of run {} are gone", folder.id),
            "take the databases from your own backups",
        ));
    }
    undo(request, &home, &folder, state)
}

/// Goes on with an undo whose process ended, if there is one: before a plan is carried out anew.
///
/// # Errors
/// Why it stopped; then it may be run again.
pub fn finish_undo(request: &Undo<'_>) -> Result<Option<Undone>, Stop> {
    let home = Home::of(request.root);
    let is_being_undone = |(_, state): &(RunFolder, State)| state.standing() == Standing::RollingBack;
    if !open_run(&home)?.as_ref().is_some_and(is_being_undone) {
        return Ok(None);
    }
    let _lock = lock::project(&home)?;
    match open_run(&home)?.filter(is_being_undone) {
        Some((folder, state)) => undo(request, &home, &folder, state).map(Some),
        None => Ok(None),
    }
}

/// Undoes this run; the project is locked.
fn undo(request: &Undo<'_>, home: &Home, folder: &RunFolder, mut state: State) -> Result<Undone, Stop> {
    let (mut journal, _) = Journal::reopen(&folder.journal(), request.hold)?;
    let mut undoing = Undoing {
        home,
        folder,
        journal: &mut journal,
        state: &mut state,
        patience: request.patience,
        progress: request.progress,
    };
    let done = undoing.undo(request.force);
    let words = done.as_ref().map_or_else(|stop| stop.title.clone(), |_| "done".to_owned());
    audit::note(home, request.who, "rollback", &folder.id, &words)?;
    done
}

fn find(home: &Home, run: Option<&str>) -> Result<Option<(RunFolder, State)>, Stop> {
    for folder in home.runs()?.into_iter().rev() {
        if run.is_some_and(|run| run != folder.id) {
            continue;
        }
        let state = State::at(&folder.journal())?;
        let undone = matches!(state.standing(), Standing::RolledBack | Standing::Abandoned);
        if state.begin.is_some() && !undone {
            return Ok(Some((folder, state)));
        }
    }
    Ok(None)
}

/// A run that is being undone.
pub(super) struct Undoing<'a> {
    pub(super) home: &'a Home,
    pub(super) folder: &'a RunFolder,
    pub(super) journal: &'a mut Journal,
    pub(super) state: &'a mut State,
    pub(super) patience: Duration,
    pub(super) progress: &'a dyn Progress,
}

impl Undoing<'_> {
    /// Each step may be done twice, so that it goes on after a kill.
    pub(super) fn undo(&mut self, force: bool) -> Result<Undone, Stop> {
        let Some(begin) = self.state.begin.clone() else {
            return Err(Stop::new("the journal is damaged", "it has no beginning", "look at the folder of the run"));
        };
        let _lock = if begin.data { Some(lock::target(&begin.target)?) } else { None };
        let force = force || self.state.forced;
        let mut undone = Undone {
            run: self.folder.id.clone(),
            target: begin.target.clone(),
            target_was_new: begin.target_is_new,
            ..Undone::default()
        };
        self.refuse_foreign_files(force)?;
        if !force && self.state.standing() != Standing::RollingBack {
            self.refuse_new_databases(&begin)?;
            self.refuse_open_stand_ins(&begin)?;
        }
        let mut target = if begin.data { self.take_target(&begin, force, &mut undone)? } else { None };
        if self.state.standing() != Standing::RollingBack {
            self.note(step::ROLLBACK, Phase::Intent, json!({ "forced": force }))?;
        }
        // From here on a writer that is still there is told, and nothing it was told is done gets lost.
        let held = target.as_ref().filter(|_| self.state.committed.is_some());
        if let Some(held) = held
            && !held.is_fenced()?
            && !held.fence("a migration into this database is being undone", self.patience)?
        {
            return Err(Stop::new(
                "the target changed in the moment it was to be put back",
                format!("{} has another schema or virtual table now", begin.target.display()),
                "run `dbguard migrate rollback` again",
            ));
        }
        self.put_code_back(force, &mut undone)?;
        if begin.data {
            self.put_target_back(&begin, target.as_mut())?;
            drop(target);
            self.put_sources_back(&begin, &mut undone)?;
            remove_stage(&begin.stage)?;
        }
        self.note(step::ROLLED_BACK, Phase::Done, Value::Null)?;
        Ok(undone)
    }

    fn note(&mut self, step: &str, phase: Phase, data: Value) -> Result<(), Stop> {
        let record = self.journal.append(step, phase, data)?;
        self.state.take(&record);
        Ok(())
    }

    fn refuse_foreign_files(&self, force: bool) -> Result<(), Stop> {
        if force || !self.state.code_begun {
            return Ok(());
        }
        let foreign = code::foreign(&self.home.root, &self.state.files);
        if foreign.is_empty() {
            return Ok(());
        }
        Err(Stop::new(
            "files of the code were edited since",
            foreign.join(", "),
            "undo those edits, or put the files back over them with --force, which saves them first",
        ))
    }

    /// Databases that programs made anew at old paths.
    fn refuse_new_databases(&self, begin: &Begin) -> Result<(), Stop> {
        let mut found = Vec::new();
        for subject in begin.retired() {
            let Some(retired) = self.state.retired.get(&subject.id) else { continue };
            if retire::is_made_anew(&subject.path, &retired.archive) {
                let rows = db::read(&subject.path).1.map_or(0, |schema| schema.rows());
                if rows > 0 {
                    found.push(format!("{} has {rows} rows", subject.path.display()));
                }
            }
        }
        if found.is_empty() {
            return Ok(());
        }
        Err(Stop::new(
            "databases were made anew at old paths",
            found.join("; "),
            "move their rows, or use --force, which keeps them in the folder of the run",
        ))
    }

    /// What stands at old paths, and programs that have it open: SQLite would let them write into the log of the database that
    /// comes back under that name, and take its pages from the file that is gone.
    fn refuse_open_stand_ins(&self, begin: &Begin) -> Result<(), Stop> {
        let mut found = Vec::new();
        for subject in begin.retired() {
            let Some(retired) = self.state.retired.get(&subject.id) else { continue };
            let place = retire::look(&subject.path);
            if place == Place::Tombstone || retire::is_made_anew(&subject.path, &retired.archive) {
                let words = holders::words(&subject.path);
                if !words.is_empty() {
                    found.push(format!("{}{words}", subject.path.display()));
                }
            }
        }
        if found.is_empty() {
            return Ok(());
        }
        Err(Stop::new(
            "programs have open what stands at old paths",
            found.join(", "),
            "stop or restart them: they must not go on with what they opened when the databases come back",
        ))
    }

    /// Holds the target, where it is what this run published, and makes sure that nothing written since is lost.
    fn take_target(&mut self, begin: &Begin, force: bool, undone: &mut Undone) -> Result<Option<Held>, Stop> {
        if !self.state.publishing || !publish::is_published(&begin.target, &self.folder.id)? {
            return Ok(None);
        }
        let one = [("target".to_owned(), begin.target.clone())];
        let Some(held) = freeze::freeze(&one, self.patience)?.pop() else { return Ok(None) };
        let committed = self.state.committed.is_some();
        // Under the fences of an undo that was begun, nobody has written since it was looked at.
        if self.state.standing() == Standing::RollingBack && committed && held.is_fenced()? {
            return Ok(Some(held));
        }
        let known = if self.state.unfenced { &self.state.published } else { &self.state.stage_pages };
        let unchanged = known.is_some() && *known == held.digest()?;
        // Between the first and the last of taking the fences away, they tell as much as the digest.
        let guarded = !self.state.unfenced && held.is_fenced()?;
        // Killed right after that: taking them away was one commit, and none came after it.
        let untouched = !self.state.unfenced
            && self
                .state
                .counter
                .is_some_and(|counter| held.change_counter().ok().flatten() == Some(counter.wrapping_add(1)));
        if unchanged || untouched || (guarded && !held.has_virtual_tables()?) {
            return Ok(Some(held));
        }
        let differences = self.differences(&held)?;
        // Where no digest was noted (a log keeps pages, or the process ended between opening the target and noting it).
        let untold = committed && (known.is_none() || !self.state.unfenced);
        if untold && differences.is_empty() && anew::is_as_published(self.folder, begin, self.state, self.progress)? {
            return Ok(Some(held));
        }
        if committed && !force {
            let differences = match differences.as_slice() {
                [] => "as many rows as before, but something in it changed".to_owned(),
                some => some.join(", "),
            };
            return Err(Stop::new(
                "the target was written to since the migration",
                format!("{}: {differences}", super::shown(&self.home.root, &begin.target)),
                "keep what there is; or use --force, which saves it in the folder of the run before it puts the old state back",
            ));
        }
        let folder = self.folder.inside("present")?;
        undone.saved.push(backup::copy(&begin.target, &folder, "present", self.progress)?.file(&folder));
        Ok(Some(held))
    }

    /// Tables that have other numbers of rows than when they were published, in words.
    fn differences(&self, held: &Held) -> Result<Vec<String>, Stop> {
        let before: BTreeMap<String, u64> = self
            .folder
            .read("published.json")
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let mut words = Vec::new();
        let now = held.counts()?;
        for (table, rows) in &now {
            match before.get(table) {
                Some(old) if old == rows => {}
                Some(old) => words.push(format!("`{table}` had {old} rows and has {rows}")),
                None => words.push(format!("`{table}` is new, with {rows} rows")),
            }
        }
        for table in before.keys().filter(|table| !now.iter().any(|(known, _)| known == *table)) {
            words.push(format!("`{table}` is gone"));
        }
        Ok(words)
    }

    fn put_code_back(&mut self, force: bool, undone: &mut Undone) -> Result<(), Stop> {
        if !self.state.code_begun {
            return Ok(());
        }
        for file in self.state.files.clone() {
            let step = format!("{}{}", step::RESTORE, file.path);
            self.note(&step, Phase::Intent, Value::Null)?;
            if force {
                code::force(self.folder, &self.home.root, &file)?;
            } else {
                code::restore(self.folder, &self.home.root, &file)?;
            }
            self.note(&step, Phase::Done, Value::Null)?;
            undone.files += 1;
        }
        Ok(())
    }

    fn put_target_back(&mut self, begin: &Begin, held: Option<&mut Held>) -> Result<(), Stop> {
        let step = format!("{}target", step::RESTORE);
        match (held, begin.target_source()) {
            (Some(held), Some(source)) => {
                self.note(&step, Phase::Intent, Value::Null)?;
                let folder = self.folder.path().join("backup");
                let copy =
                    self.state.backups.get(&source.id).filter(|copy| copy.is_whole(&folder)).ok_or_else(|| {
                        Stop::new(
                            "the backup of the target is damaged",
                            format!("{} holds no whole copy of `{}`", folder.display(), source.id),
                            "put it back from your own backups; the target stays as it is",
                        )
                    })?;
                if publish::into_held(&copy.file(&folder), held, self.patience, self.progress)? == Attempt::Overtaken {
                    return Err(Stop::new(
                        "the target changed in the moment it was put back",
                        format!("{} has another schema or virtual table now", begin.target.display()),
                        "run `dbguard migrate rollback` again",
                    ));
                }
            }
            (Some(held), None) => {
                self.note(&step, Phase::Intent, Value::Null)?;
                held.release()?;
                remove_database(&begin.target)?;
            }
            // Killed between the file and what lies beside it.
            (None, _) if begin.target_is_new && self.state.publishing && !begin.target.exists() => {
                remove_database(&begin.target)?;
            }
            (None, _) => return Ok(()),
        }
        self.note(&step, Phase::Done, Value::Null)
    }

    fn put_sources_back(&mut self, begin: &Begin, undone: &mut Undone) -> Result<(), Stop> {
        for subject in &begin.sources {
            let step = format!("{}{}", step::RESTORE, subject.id);
            self.note(&step, Phase::Intent, Value::Null)?;
            if let Some(retired) = self.state.retired.get(&subject.id).filter(|_| subject.path != begin.target) {
                let aside = self.folder.path().join(format!("made-anew-{}.db", subject.id.replace(['/', '\\'], "_")));
                retire::bring_back(&subject.path, &retired.archive, &aside)?;
                if aside.exists() {
                    undone.saved.push(aside);
                }
            }
            publish::drop_fences(&subject.path, self.patience)?;
            self.note(&step, Phase::Done, Value::Null)?;
            undone.sources += 1;
        }
        Ok(())
    }
}

fn remove_database(path: &Path) -> Result<(), Stop> {
    let fail = |error| trouble::io("remove the target", path, &error);
    for suffix in ["", "-wal", "-shm", "-journal"] {
        remove_if_there(&beside(path, suffix)).map_err(fail)?;
    }
    path.parent().filter(|folder| folder.exists()).map_or(Ok(()), sync_folder).map_err(fail)
}
