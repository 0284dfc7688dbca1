//! The data half from freeze to publish: one attempt, which moves everything or leaves what `clear` takes away. Knows nothing
//! of the code half.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Work, milliseconds, remove_stage, timed};
use crate::db;
use crate::migrate::plan::Action;
use crate::migrate::run::folder::now;
use crate::migrate::run::freeze::{self, Held};
use crate::migrate::run::journal::Phase;
use crate::migrate::run::publish::{self, Attempt, Ledger};
use crate::migrate::run::state::step;
use crate::migrate::run::{backup, live, pages, trouble};
use crate::migrate::{Input, Proof, Stop, prove, side_by_side, stage};

impl Work<'_> {
    /// From freeze to publish. `false` where somebody wrote what no fence can refuse: everything is done anew.
    pub(super) fn move_data(&mut self) -> Result<bool, Stop> {
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
            .and_then(|file| pages::digest(&file))
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
