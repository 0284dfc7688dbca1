//! A committed run proved again, from its backups and from the target as it is now. Writes only into the folder of the run.

use std::fs;
use std::path::Path;

use super::folder::{Home, now};
use super::state::{Standing, State};
use super::{anew, backup, code, publish, shown, trouble};
use crate::migrate::{Progress, Proof, Staged, Stop, prove};

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    pub run: String,
    pub proofs: Vec<Proof>,
}

impl Verification {
    #[must_use]
    pub fn holds(&self) -> bool {
        self.proofs.iter().all(|proof| proof.holds)
    }
}

/// Proves the last committed run again.
///
/// # Errors
/// No run is committed, its backups were cleaned up, or something cannot be read.
pub fn verify(root: &Path, run: Option<&str>, progress: &dyn Progress) -> Result<Verification, Stop> {
    let home = Home::of(root);
    let found =
        home.runs()?.into_iter().rev().filter(|folder| run.is_none_or(|run| run == folder.id)).find_map(|folder| {
            let state = State::at(&folder.journal());
            match state {
                Ok(state) if matches!(state.standing(), Standing::Committed | Standing::Done) => {
                    Some(Ok((folder, state)))
                }
                Ok(_) => None,
                Err(stop) => Some(Err(stop)),
            }
        });
    let Some((folder, state)) = found.transpose()? else {
        return Err(Stop::new(
            "there is nothing to verify",
            "no run of this project is committed",
            "see `dbguard migrate status`",
        ));
    };
    let Some(begin) = state.begin.as_ref().filter(|_| state.cleaned.is_none()) else {
        return Err(Stop::new(
            "a run that was cleaned up cannot be verified",
            format!("the backups of run {} are gone", folder.id),
            "its proofs as they were stand in `proofs.json` in its folder",
        ));
    };
    let backups = folder.path().join("backup");
    let mut proofs = Vec::new();
    for (id, copy) in &state.backups {
        let whole = copy.is_whole(&backups);
        proofs.push(proof(
            "backup",
            id,
            "as it was taken",
            if whole { "as it was taken" } else { "damaged or gone" },
            whole,
        ));
    }
    for file in &state.files {
        let present = fs::read(root.join(&file.path)).map(|content| code::digest(&content));
        let same = present.is_ok_and(|digest| digest == file.after);
        proofs.push(proof(
            "code",
            &file.path,
            "as the run wrote it",
            if same { "as the run wrote it" } else { "edited since" },
            same,
        ));
    }
    if begin.data && proofs.iter().filter(|proof| proof.name == "backup").all(|proof| proof.holds) {
        let published = publish::is_published(&begin.target, &folder.id)?;
        let words = if published { "in its ledger" } else { "not in its ledger" };
        proofs.push(proof("run", &shown(root, &begin.target), "in its ledger", words, published));
        let plan = super::kept_plan(&folder)?;
        let inputs = anew::inputs(&folder, &plan, begin, &state).unwrap_or_default();
        let staged: Staged = serde_json::from_slice(&folder.read("staged.json")?).map_err(|error| {
            let file = folder.path().join("staged.json");
            Stop::new(
                "the account of the run cannot be read",
                format!("{}: {error}", file.display()),
                "use the dbguard that made the run",
            )
        })?;
        let scratch = folder.inside(&format!("verify-{}", now().replace(':', "")))?;
        let proved = (|| {
            let target = backup::copy(&begin.target, &scratch, "target", progress)?.file(&scratch);
            prove(&plan, &inputs, &target, &staged, progress)
        })();
        fs::remove_dir_all(&scratch).map_err(|error| trouble::io("remove a scratch folder", &scratch, &error))?;
        proofs.extend(proved?);
    }
    Ok(Verification { run: folder.id, proofs })
}

fn proof(name: &str, subject: &str, expected: &str, found: &str, holds: bool) -> Proof {
    Proof {
        name: name.to_owned(),
        subject: subject.to_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
        holds,
    }
}
