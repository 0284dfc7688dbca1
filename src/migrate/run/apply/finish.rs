//! What follows the commit: the target is opened for writers, the sources are retired. Can be done again at any time.

use std::path::Path;

use serde_json::{Value, json};

use super::{Work, remove_stage};
use crate::migrate::Stop;
use crate::migrate::plan::{Action, AfterSources};
use crate::migrate::run::folder::now;
use crate::migrate::run::freeze::{self, Held};
use crate::migrate::run::journal::Phase;
use crate::migrate::run::retire;
use crate::migrate::run::state::{Subject, step};

impl Work<'_> {
    /// After the commit: the target is opened for writers, the sources are retired.
    pub(super) fn finish(&mut self) -> Result<(), Stop> {
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
        let how = if subject.action == Action::Merge { self.plan.after.sources } else { AfterSources::Archive };
        if retire::retire(&subject.path, &kept, &self.begin.target, how, &words, self.request.patience)? {
            self.outcome.retired.push(subject.path.clone());
            self.note(&step, Phase::Done, record)
        } else {
            self.outcome.left.push(subject.path.clone());
            Ok(())
        }
    }
}
