//! A plan carried out, step by step, each in the journal before and after: freeze, backup, stage, prove, fence, publish, code,
//! check, commit, retire. Goes on where an earlier process ended.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::code::{self, FileChange, Saved};
use super::folder::{Home, RunFolder, beside, now, remove_if_there};
use super::freeze::{self, Held};
use super::journal::{Hold, Journal, Phase};
use super::preflight::{self, Look};
use super::publish::{self, Attempt, Ledger};
use super::report::Used;
use super::state::{Begin, Standing, State, Subject, step};
use super::{audit, backup, live, lock, retire, rollback, trouble};
use crate::db;
use crate::migrate::plan::{self, Action, Plan};
use crate::migrate::{Account, Input, Progress, Proof, Staged, Stop, prove, side_by_side, stage};

/// How often the data is moved anew because somebody wrote what no fence can refuse.
const ATTEMPTS: usize = 3;

/// Which half of a migration is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    Both,
    Data,
    Code,
}

/// What is to be carried out, and how.
pub struct Request<'a> {
    /// Real path; the paths of the plan are relative to it.
    pub root: &'a Path,
    pub plan: &'a Plan,
    pub plan_text: &'a str,
    /// The code half, prepared.
    pub changes: &'a [FileChange],
    /// Who uses the tables of the sources, for the report.
    pub uses: &'a [Used],
    pub half: Half,
    /// For the audit log.
    pub who: &'a str,
    /// How long a lock of somebody else is waited for.
    pub patience: Duration,
    /// Asked when the stage is proved, with its path: the caller's word that the code will run on it. It may open no database
    /// but the stage, because closing another would let go of the locks on it.
    pub judge: &'a dyn Fn(&Path) -> Result<(), Stop>,
    /// Asked when code and data are written: the caller's word that they fit each other.
    pub check: &'a dyn Fn() -> Result<(), Stop>,
    /// Environment variables by which the application finds its database: for the check of the plan they name a copy.
    pub check_env: &'a [String],
    pub progress: &'a dyn Progress,
    pub hold: Option<Hold>,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    pub run: String,
    pub folder: PathBuf,
    pub target: PathBuf,
    /// The last run carried out this very plan; nothing was done.
    pub already: bool,
    /// An earlier process began this run.
    pub resumed: bool,
    /// The run that was finished is of another plan than the one asked for.
    pub other_plan: bool,
    pub accounts: Vec<Account>,
    pub proofs: usize,
    pub files: usize,
    /// Sources that were archived, with what stands in their place.
    pub retired: Vec<PathBuf>,
    /// Sources that are still read by somebody, fenced and left where they are.
    pub left: Vec<PathBuf>,
    pub warnings: Vec<String>,
    /// Milliseconds of each step, in order.
    pub times: Vec<(String, u64)>,
}

impl Outcome {
    /// What an earlier process staged and proved, where this one need not do it again.
    fn recall(&mut self, folder: &RunFolder) {
        let read = |name: &str| folder.read(name).ok();
        let staged: Option<Staged> = read("staged.json").and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let proofs: Option<Vec<Proof>> = read("proofs.json").and_then(|bytes| serde_json::from_slice(&bytes).ok());
        if let Some(staged) = staged {
            self.accounts = staged.accounts;
            self.warnings = staged.warnings;
        }
        self.proofs = proofs.map_or(0, |proofs| proofs.len());
    }
}

/// Looks without touching anything.
///
/// # Errors
/// Whatever would stop the run at its beginning.
pub fn look(request: &Request<'_>) -> Result<Look, Stop> {
    if request.half == Half::Code {
        return Ok(Look { files: request.changes.len(), ..Look::default() });
    }
    preflight::look(request.root, request.plan, request.changes.len(), request.progress)
}

/// Whether a run stopped half-way, and its id.
///
/// # Errors
/// The journal cannot be read, or is damaged.
pub fn unfinished(root: &Path) -> Result<Option<String>, Stop> {
    Ok(open_run(&Home::of(root))?.map(|(folder, _)| folder.id))
}

/// Carries the plan out, or finishes the run that an earlier process began.
///
/// # Errors
/// Why it stopped; before its commit everything is as it was.
pub fn apply(request: &Request<'_>) -> Result<Outcome, Stop> {
    let home = Home::of(request.root);
    home.create()?;
    let _lock = lock::project(&home)?;
    let digest = code::digest(request.plan_text.as_bytes());
    let mut work = match open_run(&home)? {
        Some((folder, state)) => Work::reopen(request, home, folder, state, &digest)?,
        None => {
            if let Some(outcome) = already(&home, &digest, request)? {
                return Ok(outcome);
            }
            Work::begin(request, home, &digest)?
        }
    };
    let done = work.carry_on();
    let words = done.as_ref().map_or_else(|stop| stop.title.clone(), |()| "done".to_owned());
    audit::note(&work.home, request.who, "apply", &work.folder.id, &words)?;
    done.map(|()| work.outcome)
}

/// The last run, where it is neither finished nor undone.
pub(super) fn open_run(home: &Home) -> Result<Option<(RunFolder, State)>, Stop> {
    for folder in home.runs()?.into_iter().rev() {
        let state = State::of(&super::journal::read(&folder.journal())?);
        match state.standing() {
            // Nothing happened before its first line.
            _ if state.begin.is_none() => {}
            Standing::Unfinished | Standing::Committed | Standing::RollingBack => return Ok(Some((folder, state))),
            _ => return Ok(None),
        }
    }
    Ok(None)
}

fn already(home: &Home, digest: &str, request: &Request<'_>) -> Result<Option<Outcome>, Stop> {
    let Some((folder, state)) = super::last_run(home)? else { return Ok(None) };
    let Some(begin) = state.begin.as_ref().filter(|begin| begin.plan == digest) else { return Ok(None) };
    let moves_the_same = begin.data == (request.half != Half::Code) && request.half != Half::Code;
    if state.standing() != Standing::Done || !moves_the_same {
        return Ok(None);
    }
    let outcome = Outcome {
        run: folder.id.clone(),
        folder: folder.path().into(),
        target: begin.target.clone(),
        already: true,
        ..Outcome::default()
    };
    Ok(Some(outcome))
}

/// A run at work.
pub(super) struct Work<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) home: Home,
    pub(super) folder: RunFolder,
    plan: Plan,
    begin: Begin,
    journal: Journal,
    state: State,
    outcome: Outcome,
}

impl<'a> Work<'a> {
    fn begin(request: &'a Request<'a>, home: Home, digest: &str) -> Result<Self, Stop> {
        let look = look(request)?;
        let at = now();
        let folder = home.begin(&at, digest.get(..8).unwrap_or(digest))?;
        let name = look.target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let files = keep(request, &home, &folder).inspect_err(|_| {
            // No line was written: there was no run.
            let _ = fs::remove_dir_all(folder.path());
        })?;
        let begin = Begin {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            who: request.who.to_owned(),
            plan: digest.to_owned(),
            stage: look.target.with_file_name(format!(".{name}.dbguard-{}", folder.id)),
            target: look.target.clone(),
            target_is_new: look.target_is_new,
            sources: look.subjects(),
            files,
            data: request.half != Half::Code,
            check_env: request.check_env.to_vec(),
            warnings: look.warnings.clone(),
            at,
        };
        let mut journal = Journal::create(&folder.journal(), request.hold)?;
        let mut state = State::default();
        state.take(&journal.append(step::BEGIN, Phase::Done, json!(begin))?);
        let warnings = look.warnings;
        let plan = request.plan.clone();
        Ok(Self::of(request, home, folder, plan, begin, journal, state, Outcome { warnings, ..Outcome::default() }))
    }

    fn reopen(
        request: &'a Request<'a>,
        home: Home,
        folder: RunFolder,
        state: State,
        digest: &str,
    ) -> Result<Self, Stop> {
        if state.standing() == Standing::RollingBack {
            return Err(Stop::new(
                "an earlier run is being undone",
                format!("run {} was being undone when its process ended", folder.id),
                "finish that with `dbguard migrate rollback`",
            ));
        }
        let Some(begin) = state.begin.clone() else {
            return Err(Stop::new(
                "the journal is damaged",
                format!("run {} has no beginning", folder.id),
                "look at it",
            ));
        };
        let plan = super::kept_plan(&folder)?;
        let (journal, _) = Journal::reopen(&folder.journal(), request.hold)?;
        let other_plan = begin.plan != digest;
        let mut outcome = Outcome { resumed: true, other_plan, ..Outcome::default() };
        if state.publishing {
            outcome.recall(&folder);
        }
        Ok(Self::of(request, home, folder, plan, begin, journal, state, outcome))
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one thing, put together in two places")]
    fn of(
        request: &'a Request<'a>,
        home: Home,
        folder: RunFolder,
        plan: Plan,
        begin: Begin,
        journal: Journal,
        state: State,
        mut outcome: Outcome,
    ) -> Self {
        outcome.run = folder.id.clone();
        outcome.folder = folder.path().to_path_buf();
        outcome.target = begin.target.clone();
        outcome.files = state.files.len();
        Self { request, home, folder, plan, begin, journal, state, outcome }
    }

    fn note(&mut self, step: &str, phase: Phase, data: Value) -> Result<(), Stop> {
        let record = self.journal.append(step, phase, data)?;
        self.state.take(&record);
        Ok(())
    }

    /// One step with its time: intent, work, done.
    fn step(
        &mut self,
        name: &str,
        intent: Value,
        work: impl FnOnce(&mut Self) -> Result<Value, Stop>,
    ) -> Result<(), Stop> {
        self.note(name, Phase::Intent, intent)?;
        let began = Instant::now();
        self.request.progress.begin(name, 0, 0);
        let done = work(self)?;
        self.request.progress.end();
        let time = milliseconds(began);
        self.outcome.times.push((name.to_owned(), time));
        self.note(name, Phase::Done, timed(done, time))
    }

    fn carry_on(&mut self) -> Result<(), Stop> {
        if let Err(stop) = self.reach_commit() {
            return Err(self.give_up(stop));
        }
        self.finish().map_err(|stop| {
            Stop::new(
                format!("the move is made, but not tidied up: {}", stop.title),
                stop.happened,
                format!("{}; `dbguard migrate apply` finishes it", stop.next),
            )
        })
    }

    fn reach_commit(&mut self) -> Result<(), Stop> {
        if self.state.committed.is_some() {
            return Ok(());
        }
        let _lock = if self.begin.data { Some(lock::target(&self.begin.target)?) } else { None };
        if self.begin.data && !(self.state.publishing && publish::is_published(&self.begin.target, &self.folder.id)?) {
            let mut attempts = 0;
            while !self.move_data()? {
                attempts += 1;
                if attempts == ATTEMPTS {
                    return Err(Stop::new(
                        "the databases changed while they were being switched",
                        format!(
                            "{attempts} times, a schema or a virtual table was written in the moment of the switch"
                        ),
                        "stop the programs that change schemas, then run it again",
                    ));
                }
            }
        }
        for file in self.state.files.clone() {
            self.step(&format!("{}{}", step::CODE, file.path), Value::Null, |work| {
                code::write(&work.folder, &work.home.root, &file).map(|()| Value::Null)
            })?;
        }
        self.step(step::CHECK, Value::Null, |work| work.check().map(|()| Value::Null))?;
        self.note(step::COMMIT, Phase::Done, Value::Null)
    }

    /// From freeze to publish. `false` where somebody wrote what no fence can refuse: everything is done anew.
    fn move_data(&mut self) -> Result<bool, Stop> {
        self.clear()?;
        self.note(step::FREEZE, Phase::Intent, Value::Null)?;
        let databases: Vec<(String, PathBuf)> =
            self.begin.sources.iter().map(|subject| (subject.id.clone(), subject.path.clone())).collect();
        let began = Instant::now();
        self.request.progress.begin(step::FREEZE, 0, 0);
        let mut held = freeze::freeze(&databases, self.request.patience)?;
        self.request.progress.end();
        self.note(step::FREEZE, Phase::Done, timed(Value::Null, milliseconds(began)))?;
        self.back_up(&mut held)?;
        self.as_expected()?;
        self.stage()?;
        self.make_ready()?;
        let words = format!("this database has moved to {}", self.shown(&self.begin.target));
        for one in &held {
            let name = format!("{}{}", step::FENCE, one.id);
            self.note(&name, Phase::Intent, Value::Null)?;
            let quiet = one.fence(&words, self.request.patience)?;
            self.note(&name, Phase::Done, json!({ "quiet": quiet }))?;
            if !quiet {
                return Ok(false);
            }
        }
        self.publish(&mut held)
    }

    /// What an attempt that did not publish left behind.
    fn clear(&mut self) -> Result<(), Stop> {
        if self.state.fenced {
            for subject in &self.begin.sources {
                publish::drop_fences(&subject.path, self.request.patience)?;
            }
        }
        remove_stage(&self.begin.stage)
    }

    /// All of them side by side; each has its share of the time that they took together.
    fn back_up(&mut self, held: &mut [Held]) -> Result<(), Stop> {
        let folder = self.folder.inside("backup")?;
        for one in held.iter() {
            self.note(&format!("{}{}", step::BACKUP, one.id), Phase::Intent, Value::Null)?;
        }
        let began = Instant::now();
        let progress = self.request.progress;
        let bytes = held.iter().filter_map(|one| fs::metadata(&one.path).ok()).map(|about| about.len()).sum();
        progress.begin(step::BACKUP.trim_end_matches(':'), 0, bytes);
        let copies = side_by_side(held.iter_mut().collect(), |one: &mut Held| {
            let began = Instant::now();
            let copy = backup::take(one, &folder, progress)?;
            Ok((one.id.clone(), copy, milliseconds(began)))
        })?;
        progress.end();
        let together = milliseconds(began);
        let apart: u64 = copies.iter().map(|(_, _, time)| time).sum();
        for (id, copy, time) in copies {
            let name = format!("{}{id}", step::BACKUP);
            let share = (together * time).checked_div(apart).unwrap_or(0);
            self.outcome.times.push((name.clone(), share));
            self.note(&name, Phase::Done, timed(json!(copy), share))?;
        }
        Ok(())
    }

    fn backup_of(&self, id: &str) -> Result<PathBuf, Stop> {
        let folder = self.folder.path().join("backup");
        self.state.backups.get(id).map(|copy| copy.file(&folder)).ok_or_else(|| {
            Stop::new(
                "a backup is missing",
                format!("the journal names none of `{id}`"),
                "undo the run, then begin anew",
            )
        })
    }

    /// Each source is what the plan was made for.
    fn as_expected(&self) -> Result<(), Stop> {
        let mut wanted = Vec::new();
        for source in &self.plan.sources {
            let Some(expect) = &source.expect else { continue };
            let Some(subject) = self.begin.sources.iter().find(|subject| subject.id == source.id) else { continue };
            wanted.push((source, expect, self.backup_of(&subject.id)?));
        }
        let found = side_by_side(wanted, |(source, expect, copy)| {
            let found = db::content(&copy).map_err(|state| {
                let happened = format!("the copy of {}: {state:?}", source.path);
                Stop::new("a backup cannot be read", happened, "look at the disk, then run it again")
            })?;
            Ok((source, expect, found))
        })?;
        let mut moved = Vec::new();
        for (source, expect, found) in found {
            if (found.tables, found.rows) != (expect.tables, expect.rows) {
                moved.push(format!(
                    "{} has {} tables and {} rows, the plan was made for {} and {}",
                    source.path, found.tables, found.rows, expect.tables, expect.rows
                ));
            } else if found.digest != expect.content {
                moved.push(format!("{} has as many rows as before, but something in it changed", source.path));
            }
        }
        if moved.is_empty() {
            return Ok(());
        }
        Err(Stop::new(
            "a source changed since the plan was made",
            moved.join("; "),
            "run `dbguard migrate plan` again: it keeps the choices that are made",
        ))
    }

    fn stage(&mut self) -> Result<(), Stop> {
        let mut inputs = Vec::new();
        for subject in self.begin.sources.iter().filter(|subject| subject.action == Action::Merge) {
            inputs.push(Input { id: subject.id.clone(), path: self.backup_of(&subject.id)? });
        }
        inputs.sort_by_key(|input| self.plan.sources.iter().position(|source| source.id == input.id));
        let path = self.begin.stage.clone();
        let mut staged = None;
        self.step(step::STAGE, json!({ "path": path }), |work| {
            let done = stage(&work.plan, &inputs, &path, work.request.progress)?;
            work.folder.write("staged.json", json!(done).to_string().as_bytes())?;
            let tables = done.accounts.len();
            staged = Some(done);
            Ok(json!({ "tables": tables }))
        })?;
        let Some(staged) = staged else { return Ok(()) };
        self.step(step::PROVE, Value::Null, |work| {
            let proofs = prove(&work.plan, &inputs, &path, &staged, work.request.progress)?;
            work.folder.write("proofs.json", json!(proofs).to_string().as_bytes())?;
            hold_all(&proofs)?;
            work.outcome.proofs = proofs.len();
            Ok(json!({ "proofs": proofs.len() }))
        })?;
        (self.request.judge)(&path)?;
        for warning in staged.warnings {
            if !self.outcome.warnings.contains(&warning) {
                self.outcome.warnings.push(warning);
            }
        }
        self.outcome.accounts = staged.accounts;
        Ok(())
    }

    /// The stage gets its line in the ledger, its fences, and the mode, owner and journal of what it becomes.
    fn make_ready(&mut self) -> Result<(), Stop> {
        let like = self.begin.target_source().or_else(|| {
            let base = self.plan.target.base.as_ref()?;
            self.begin.sources.iter().find(|subject| &subject.id == base)
        });
        let like = like.or(self.begin.sources.first());
        let log = match like {
            Some(subject) => {
                let connection = live::reader(&self.backup_of(&subject.id)?, Duration::ZERO)?;
                live::has_log(&connection).map_err(|error| trouble::sqlite("read a backup", &subject.path, &error))?
            }
            None => false,
        };
        let sources: Vec<String> = self.begin.sources.iter().map(|subject| self.shown(&subject.path)).collect();
        let ledger = Ledger {
            run: &self.folder.id,
            plan: &self.begin.plan,
            sources: &json!(sources).to_string(),
            applied_at: &now(),
        };
        publish::prepare(&self.begin.stage, &ledger, log)?;
        if let Some(subject) = like {
            take_after(&self.begin.stage, &subject.path)
                .map_err(|error| trouble::io("give the target its rights", &self.begin.stage, &error))?;
        }
        Ok(())
    }

    fn publish(&mut self, held: &mut Vec<Held>) -> Result<bool, Stop> {
        let stage = self.begin.stage.clone();
        let pages = fs::File::open(&stage)
            .and_then(|file| super::pages::digest(&file))
            .map_err(|error| trouble::io("read the staged database", &stage, &error))?;
        self.note(step::PUBLISH, Phase::Intent, json!({ "pages": pages }))?;
        let began = Instant::now();
        self.request.progress.begin(step::PUBLISH, 0, 0);
        let at = held.iter().position(|one| one.path == self.begin.target);
        match at {
            Some(at) => {
                let mut target = held.remove(at);
                if publish::into_held(&stage, &mut target, self.request.patience, self.request.progress)?
                    == Attempt::Overtaken
                {
                    return Ok(false);
                }
            }
            None => publish::as_new(&stage, &self.begin.target)?,
        }
        self.request.progress.end();
        let time = milliseconds(began);
        self.outcome.times.push((step::PUBLISH.to_owned(), time));
        self.note(step::PUBLISH, Phase::Done, timed(Value::Null, time))?;
        for one in held.iter() {
            one.release()?;
        }
        Ok(true)
    }

    /// The target reopened and counted; the caller's word; the application's own.
    fn check(&mut self) -> Result<(), Stop> {
        if self.begin.data {
            let target = &self.begin.target;
            let connection = live::reader(target, self.request.patience)?;
            let rows =
                live::counts(&connection).map_err(|error| trouble::sqlite("count the target", target, &error))?;
            let rows: BTreeMap<String, u64> = rows.into_iter().collect();
            self.folder.write("published.json", json!(rows).to_string().as_bytes())?;
        }
        (self.request.check)()?;
        match self.plan.after.check.clone() {
            Some(command) if self.begin.data => self.ask_the_application(&command),
            _ => Ok(()),
        }
    }

    /// Runs the plan's own check against a copy of the target, into which it may write.
    fn ask_the_application(&self, command: &str) -> Result<(), Stop> {
        let folder = self.folder.inside("check")?;
        let copy = backup::copy(&self.begin.target, &folder, "check", self.request.progress)?.file(&folder);
        publish::drop_fences(&copy, Duration::ZERO)?;
        let log = self.folder.path().join("check.log");
        let fail = |error: std::io::Error| trouble::io("run the plan's check", &log, &error);
        remove_if_there(&log).map_err(fail)?;
        let out = super::folder::private_file(&log).map_err(fail)?;
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(&self.home.root).stdin(Stdio::null());
        shell.env("DBGUARD_CHECK_DATABASE", &copy).envs(self.begin.check_env.iter().map(|name| (name, &copy)));
        shell.stdout(out.try_clone().map_err(fail)?).stderr(out);
        let status = shell.status().map_err(fail)?;
        fs::remove_dir_all(&folder).map_err(fail)?;
        if status.success() {
            return Ok(());
        }
        Err(Stop::new(
            "the plan's check failed",
            format!("`{command}` ended with {status}; its output stands in {}", self.shown(&log)),
            "mend what it found, then run it again",
        ))
    }

    /// Undoes what was begun, and says so.
    fn give_up(&mut self, stop: Stop) -> Stop {
        let touched = self.state.fenced || self.state.publishing || self.state.code_begun;
        let undone = if touched {
            let mut undoing = rollback::Undoing {
                home: &self.home,
                folder: &self.folder,
                journal: &mut self.journal,
                state: &mut self.state,
                patience: self.request.patience,
                progress: self.request.progress,
            };
            undoing.undo(false).map(drop)
        } else {
            remove_stage(&self.begin.stage)
                .and_then(|()| remove_backups(&self.folder))
                .and_then(|()| self.note(step::ABANDON, Phase::Done, json!({ "why": stop.title })))
        };
        match undone {
            Ok(()) if touched => {
                Stop::new(stop.title, format!("{}; everything was put back", stop.happened), stop.next)
            }
            Ok(()) => Stop::new(stop.title, format!("{}; nothing was changed", stop.happened), stop.next),
            Err(second) => Stop::new(
                stop.title,
                format!("{}; putting everything back stopped too: {second}", stop.happened),
                format!("{}; then `dbguard migrate rollback`", stop.next),
            ),
        }
    }

    /// After the commit: the target is opened for writers, the sources are retired.
    fn finish(&mut self) -> Result<(), Stop> {
        if self.begin.data {
            if !self.state.unfenced {
                self.open_target()?;
            }
            remove_stage(&self.begin.stage)?;
            let archive = self.folder.inside("archive")?;
            for subject in self.begin.retired().cloned().collect::<Vec<_>>() {
                self.retire(&subject, &archive)?;
            }
        }
        if self.outcome.left.is_empty() { self.note(step::END, Phase::Done, Value::Null) } else { Ok(()) }
    }

    /// Writers come back; what they find is remembered first, so that `rollback` knows whether they wrote.
    fn open_target(&mut self) -> Result<(), Stop> {
        let one = [("target".to_owned(), self.begin.target.clone())];
        let held = freeze::freeze(&one, self.request.patience)?;
        let counter = held.first().map_or(Ok(None), Held::change_counter)?;
        self.note(step::UNFENCE, Phase::Intent, json!({ "counter": counter }))?;
        let pages = match held.first() {
            Some(held) => held.open_for_writers(self.request.patience)?,
            None => None,
        };
        self.note(step::UNFENCE, Phase::Done, json!({ "pages": pages }))
    }

    fn retire(&mut self, subject: &Subject, archive: &Path) -> Result<(), Stop> {
        let name = subject.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let kept = archive.join(format!("{}-{name}", subject.id.replace(['/', '\\'], "_")));
        let step = format!("{}{}", step::RETIRE, subject.id);
        let record = json!({ "archive": kept, "at": now() });
        self.note(&step, Phase::Intent, record.clone())?;
        let words = retire::tombstone(&self.shown(&self.begin.target), &self.shown(&kept), &now());
        let how = if subject.action == Action::Merge { self.plan.after.sources } else { plan::AfterSources::Archive };
        if retire::retire(&subject.path, &kept, &self.begin.target, how, &words, self.request.patience)? {
            self.outcome.retired.push(subject.path.clone());
            self.note(&step, Phase::Done, record)
        } else {
            self.outcome.left.push(subject.path.clone());
            Ok(())
        }
    }

    /// A path as people know it: relative to the root where it lies there.
    fn shown(&self, path: &Path) -> String {
        super::shown(&self.home.root, path)
    }
}

/// What the folder of a run holds before its first line: the plan, and the files of the code.
fn keep(request: &Request<'_>, home: &Home, folder: &RunFolder) -> Result<Vec<Saved>, Stop> {
    folder.write("migration.toml", request.plan_text.as_bytes())?;
    folder.write("uses.json", json!(request.uses).to_string().as_bytes())?;
    let changes = if request.half == Half::Data { &[][..] } else { request.changes };
    code::prepare(folder, &home.root, changes)
}

pub(super) fn milliseconds(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// What a step leaves in the journal, with the time it took.
fn timed(done: Value, milliseconds: u64) -> Value {
    match done {
        Value::Null => json!({ "ms": milliseconds }),
        Value::Object(mut fields) => {
            fields.insert("ms".to_owned(), milliseconds.into());
            Value::Object(fields)
        }
        other => other,
    }
}

fn hold_all(proofs: &[Proof]) -> Result<(), Stop> {
    let failed: Vec<&Proof> = proofs.iter().filter(|proof| !proof.holds).collect();
    let Some(first) = failed.first() else { return Ok(()) };
    Err(Stop::new(
        format!("{} of {} proofs do not hold", failed.len(), proofs.len()),
        format!("{} of {}: expected {}, found {}", first.name, first.subject, first.expected, first.found),
        "`proofs.json` in the folder of the run lists all of them; mend the plan or the sources",
    ))
}

pub(super) fn remove_stage(stage: &Path) -> Result<(), Stop> {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let path = beside(stage, suffix);
        remove_if_there(&path).map_err(|error| trouble::io("remove the staged database", &path, &error))?;
    }
    Ok(())
}

fn remove_backups(folder: &RunFolder) -> Result<(), Stop> {
    for name in ["backup", "code"] {
        let path = folder.path().join(name);
        if path.exists() {
            fs::remove_dir_all(&path).map_err(|error| trouble::io("remove what a run kept", &path, &error))?;
        }
    }
    Ok(())
}

/// Mode and owner of `like`. Only root may give a file away: else it stays with whoever runs this.
fn take_after(stage: &Path, like: &Path) -> std::io::Result<()> {
    let metadata = fs::metadata(like)?;
    fs::set_permissions(stage, metadata.permissions())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let _ = std::os::unix::fs::chown(stage, Some(metadata.uid()), Some(metadata.gid()));
    }
    Ok(())
}
