//! A plan carried out, step by step, each in the journal before and after: freeze, backup, stage, prove, fence, publish, code,
//! check, commit, retire. Goes on where an earlier process ended.

mod checking;
mod finish;
mod moving;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::code::{self, FileChange, Saved};
use super::folder::{Home, RunFolder, beside, now, remove_if_there};
use super::journal::{Hold, Journal, Phase};
use super::preflight::{self, Look};
use super::publish;
use super::report::Used;
use super::state::{Begin, Standing, State, step};
use super::{audit, lock, rollback, trouble};
use crate::migrate::plan::Plan;
use crate::migrate::{Account, Progress, Proof, Staged, Stop};

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
        let state = State::at(&folder.journal())?;
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
