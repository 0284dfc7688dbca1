//! The code half: files that a caller prepared, saved, replaced one by one, and put back. Knows nothing of databases or of
//! what the files say.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::folder::{RunFolder, remove_if_there, sync_folder};
use super::trouble;
use crate::migrate::Stop;

/// A file of the code that the run replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Relative to the root, `/`-separated.
    pub path: String,
    /// [`digest`] of the content that the change was made for.
    pub before: String,
    pub after: Vec<u8>,
}

/// What names the content of a file of the code.
#[must_use]
pub fn digest(content: &[u8]) -> String {
    blake3::hash(content).to_hex().to_string()
}

/// A change whose two contents stand in the folder of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Saved {
    pub(super) path: String,
    pub(super) before: String,
    pub(super) after: String,
}

/// Checks each file against what its change was made for, and saves both contents.
pub(super) fn prepare(run: &RunFolder, root: &Path, changes: &[FileChange]) -> Result<Vec<Saved>, Stop> {
    run.inside("code")?;
    let mut saved = Vec::with_capacity(changes.len());
    for change in changes {
        let place = place(root, &change.path)?;
        let content = fs::read(&place).map_err(|error| trouble::io("read a file of the code", &place, &error))?;
        if digest(&content) != change.before {
            return Err(changed_meanwhile(&change.path));
        }
        let after = digest(&change.after);
        run.write(&kept(&change.before), &content)?;
        run.write(&kept(&after), &change.after)?;
        saved.push(Saved { path: change.path.clone(), before: change.before.clone(), after });
    }
    Ok(saved)
}

/// Replaces a file; does nothing where it was replaced before.
pub(super) fn write(run: &RunFolder, root: &Path, file: &Saved) -> Result<(), Stop> {
    turn(run, root, &file.path, &file.before, &file.after)
}

/// Puts a file back; does nothing where it is as it was.
pub(super) fn restore(run: &RunFolder, root: &Path, file: &Saved) -> Result<(), Stop> {
    turn(run, root, &file.path, &file.after, &file.before)
}

/// Saves a file as somebody left it, so that it can be put back by force.
pub(super) fn save_present(run: &RunFolder, root: &Path, path: &str) -> Result<(), Stop> {
    let place = place(root, path)?;
    match fs::read(&place) {
        Ok(content) => run.write(&kept(&digest(&content)), &content),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(trouble::io("read a file of the code", &place, &error)),
    }
}

/// Puts a file back whatever it is now.
pub(super) fn force(run: &RunFolder, root: &Path, file: &Saved) -> Result<(), Stop> {
    save_present(run, root, &file.path)?;
    let place = place(root, &file.path)?;
    replace(&place, &run.read(&kept(&file.before))?)
        .map_err(|error| trouble::io("write a file of the code", &place, &error))
}

/// Files that are neither as they were nor as the run left them.
pub(super) fn foreign<'a>(root: &Path, files: &'a [Saved]) -> Vec<&'a str> {
    let known = |file: &&Saved| {
        let content = fs::read(root.join(&file.path)).map(|content| digest(&content));
        content.is_ok_and(|digest| digest == file.before || digest == file.after)
    };
    files.iter().filter(|file| !known(file)).map(|file| file.path.as_str()).collect()
}

fn turn(run: &RunFolder, root: &Path, path: &str, from: &str, to: &str) -> Result<(), Stop> {
    let place = place(root, path)?;
    let content = fs::read(&place).map_err(|error| trouble::io("read a file of the code", &place, &error))?;
    // What was to take its place when an earlier process ended.
    remove_if_there(&part(&place)).map_err(|error| trouble::io("tidy up beside a file of the code", &place, &error))?;
    let present = digest(&content);
    if present == to {
        return Ok(());
    }
    if present != from {
        return Err(changed_meanwhile(path));
    }
    let after = run.read(&kept(to))?;
    replace(&place, &after).map_err(|error| trouble::io("write a file of the code", &place, &error))
}

fn kept(digest: &str) -> String {
    format!("code/{digest}")
}

/// Where a file really lies: a link is followed, never replaced.
fn place(root: &Path, path: &str) -> Result<PathBuf, Stop> {
    let named = root.join(path);
    let place = fs::canonicalize(&named).map_err(|error| trouble::io("find a file of the code", &named, &error))?;
    if place.starts_with(root) {
        return Ok(place);
    }
    Err(Stop::new(
        "a file of the code lies outside the project",
        format!("{path} leads to {}", place.display()),
        "change it by hand, or run dbguard above both with --root",
    ))
}

fn part(place: &Path) -> PathBuf {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    place.with_file_name(format!(".{name}.dbguard-part"))
}

/// The whole new content or the whole old one, whenever the process ends; mode kept.
fn replace(place: &Path, content: &[u8]) -> io::Result<()> {
    let part = part(place);
    remove_if_there(&part)?;
    let mut file: File = OpenOptions::new().write(true).create_new(true).open(&part)?;
    let written = (|| {
        file.set_permissions(fs::metadata(place)?.permissions())?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&part, place)
    })();
    if written.is_err() {
        let _ = remove_if_there(&part);
    }
    written?;
    place.parent().map_or(Ok(()), sync_folder)
}

fn changed_meanwhile(path: &str) -> Stop {
    Stop::new(
        "a file of the code changed meanwhile",
        format!("{path} is not what its change was made for"),
        "run it again: the change is made anew from the file as it is now",
    )
}
