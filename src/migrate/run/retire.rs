//! What becomes of a source when its rows have moved: kept in the archive, with a tombstone, a link or nothing in its place;
//! and the way back. Each step may be done twice. Knows nothing of plans.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::folder::{beside, private_file, remove_if_there, sync_folder};
use super::{live, trouble};
use crate::migrate::Stop;
use crate::migrate::plan::AfterSources;

/// Behind the name of what is about to take the place of a source.
const PART: &str = ".dbguard-part";
const TOMBSTONE: &str = "dbguard: this database has moved.\n";

/// What stands at the path of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Nothing,
    Tombstone,
    Link,
    /// A file: the source itself, or one that a program made anew.
    File,
}

pub(super) fn look(path: &Path) -> Place {
    match fs::symlink_metadata(path) {
        Err(_) => Place::Nothing,
        Ok(metadata) if metadata.is_symlink() => Place::Link,
        Ok(_) if is_tombstone(path) => Place::Tombstone,
        Ok(_) => Place::File,
    }
}

fn is_tombstone(path: &Path) -> bool {
    let mut first = vec![0; TOMBSTONE.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut first)).is_ok() && first == TOMBSTONE.as_bytes()
}

/// Words for a tombstone.
pub(super) fn tombstone(target: &str, archive: &str, at: &str) -> String {
    format!(
        "{TOMBSTONE}\nIts rows stand in {target} since {at}.\nThe file as it was is kept as {archive}\n\n\
         Programs that open this path must open {target} instead. `dbguard migrate rollback` undoes the move.\n"
    )
}

/// Archives the file at `source` and puts `how` in its place. `false` where a reader keeps pages in its log: it is left as it
/// is, fenced, for another time.
pub(super) fn retire(
    source: &Path,
    archive: &Path,
    target: &Path,
    how: AfterSources,
    words: &str,
    patience: Duration,
) -> Result<bool, Stop> {
    let fail = |error: io::Error| trouble::io("retire a database", source, &error);
    if look(source) == Place::File && !archive.exists() {
        if fs::metadata(source).map_err(fail)?.len() > 0 && !rest(source, patience)? {
            return Ok(false);
        }
        keep(source, archive).map_err(fail)?;
    }
    if look(source) == Place::File && is_kept(source, archive).map_err(fail)? {
        for suffix in ["-wal", "-shm"] {
            remove_if_there(&beside(source, suffix)).map_err(fail)?;
        }
        match how {
            AfterSources::Archive => fs::remove_file(source).map_err(fail)?,
            AfterSources::Tombstone => put_tombstone(source, words).map_err(fail)?,
            AfterSources::Symlink => put_link(source, target).map_err(fail)?,
        }
        source.parent().map_or(Ok(()), sync_folder).map_err(fail)?;
    }
    Ok(true)
}

/// Empties the log, so that the file alone is the database.
fn rest(source: &Path, patience: Duration) -> Result<bool, Stop> {
    let connection = live::open(source, patience)?;
    let fail = |error| trouble::sqlite("empty the log of a database", source, &error);
    if !live::has_log(&connection).map_err(fail)? {
        return Ok(true);
    }
    match live::checkpoint(&connection) {
        Err(error) if super::freeze::is_busy(&error) => Ok(false),
        other => other.map_err(fail),
    }
}

/// The same file under a second name; a copy where the archive is on another file system.
fn keep(source: &Path, archive: &Path) -> io::Result<()> {
    if fs::hard_link(source, archive).is_err() {
        let part = archive.with_extension("part");
        remove_if_there(&part)?;
        let mut to = private_file(&part)?;
        io::copy(&mut File::open(source)?, &mut to)?;
        to.set_permissions(fs::metadata(source)?.permissions())?;
        to.sync_all()?;
        fs::rename(&part, archive)?;
    }
    archive.parent().map_or(Ok(()), sync_folder)
}

/// Whether a program made a file at the path after the source was archived.
pub(super) fn is_made_anew(source: &Path, archive: &Path) -> bool {
    archive.exists() && look(source) == Place::File && !is_kept(source, archive).unwrap_or(false)
}

/// Whether what stands at the path is what stands in the archive: not a file that a program made anew meanwhile.
fn is_kept(source: &Path, archive: &Path) -> io::Result<bool> {
    if same_file(source, archive)? {
        return Ok(true);
    }
    let (one, other) = (File::open(source)?, File::open(archive)?);
    Ok(super::pages::digest(&one)? == super::pages::digest(&other)?)
}

#[cfg(unix)]
fn same_file(one: &Path, other: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (one, other) = (fs::metadata(one)?, fs::metadata(other)?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

#[cfg(not(unix))]
fn same_file(_: &Path, _: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Over the name of the database, whose log is empty and removed: nothing can bring its rows back here.
fn put_tombstone(source: &Path, words: &str) -> io::Result<()> {
    let part = beside(source, PART);
    remove_if_there(&part)?;
    let mut file = private_file(&part)?;
    file.write_all(words.as_bytes())?;
    file.set_permissions(fs::metadata(source)?.permissions())?;
    file.sync_all()?;
    fs::rename(&part, source)
}

#[cfg(unix)]
fn put_link(source: &Path, target: &Path) -> io::Result<()> {
    let part = beside(source, PART);
    remove_if_there(&part)?;
    std::os::unix::fs::symlink(relative(source, target), &part)?;
    fs::rename(&part, source)
}

#[cfg(not(unix))]
fn put_link(source: &Path, target: &Path) -> io::Result<()> {
    put_tombstone(source, &tombstone(&target.display().to_string(), "the archive", "this run"))
}

/// The way from a file to another: links must hold where the folder is mounted under another name.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let folder: Vec<Component<'_>> = from.parent().unwrap_or(from).components().collect();
    let goal: Vec<Component<'_>> = to.components().collect();
    let shared = folder.iter().zip(&goal).take_while(|(one, other)| one == other).count();
    let ups = std::iter::repeat_n(Component::ParentDir, folder.len() - shared);
    ups.chain(goal.into_iter().skip(shared)).collect()
}

/// Puts the archived file back in its place. What a program made there anew is moved to `aside`, never lost.
pub(super) fn bring_back(source: &Path, archive: &Path, aside: &Path) -> Result<(), Stop> {
    let fail = |error: io::Error| trouble::io("bring a database back", source, &error);
    // What was to take its place when the process ended.
    remove_if_there(&beside(source, PART)).map_err(fail)?;
    if !archive.exists() {
        return Ok(());
    }
    if is_made_anew(source, archive) {
        keep(source, aside).map_err(fail)?;
        for suffix in ["-wal", "-journal"] {
            let beside_it = beside(source, suffix);
            if beside_it.exists() {
                keep(&beside_it, &beside(aside, suffix)).map_err(fail)?;
            }
        }
    }
    for suffix in ["-wal", "-shm", "-journal"] {
        remove_if_there(&beside(source, suffix)).map_err(fail)?;
    }
    if look(source) == Place::File && same_file(source, archive).unwrap_or(false) {
        // Archived, and nothing was put in its place yet: to rename one name of a file to its other does nothing.
        fs::remove_file(archive).map_err(fail)?;
    } else if fs::rename(archive, source).is_err() {
        let part = beside(source, PART);
        remove_if_there(&part).map_err(fail)?;
        keep(archive, &part).and_then(|()| fs::rename(&part, source)).map_err(fail)?;
        remove_if_there(archive).map_err(fail)?;
    }
    source.parent().map_or(Ok(()), sync_folder).map_err(fail)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_target_from_any_folder() {
        for (from, to, way) in [
            ("/p/data/auth.db", "/p/data/zoe.db", "zoe.db"),
            ("/p/services/auth/auth.db", "/p/data/zoe.db", "../../data/zoe.db"),
            ("/p/auth.db", "/p/data/zoe.db", "data/zoe.db"),
        ] {
            assert_eq!(relative(Path::new(from), Path::new(to)), Path::new(way));
        }
    }

    #[test]
    fn a_retired_database_comes_back_as_the_same_file() {
        for how in [AfterSources::Archive, AfterSources::Tombstone, AfterSources::Symlink] {
            let folder = tempfile::tempdir().unwrap();
            let source = folder.path().join("auth.db");
            let target = folder.path().join("zoe.db");
            for path in [&source, &target] {
                let sql = "PRAGMA journal_mode=wal; CREATE TABLE t (a); INSERT INTO t VALUES (1)";
                live::copy(path).unwrap().execute_batch(sql).unwrap();
            }
            let archive = folder.path().join("kept.db");
            let before = std::os::unix::fs::MetadataExt::ino(&fs::metadata(&source).unwrap());
            for _ in 0..2 {
                let words = tombstone("zoe.db", "kept.db", "today");
                assert!(retire(&source, &archive, &target, how, &words, Duration::from_secs(1)).unwrap());
            }
            let opened = rusqlite::Connection::open_with_flags(&source, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)
                .and_then(|connection| connection.query_row("SELECT a FROM t", [], |row| row.get::<_, i64>(0)));
            match how {
                AfterSources::Archive => assert_eq!(look(&source), Place::Nothing),
                AfterSources::Tombstone => {
                    assert_eq!(look(&source), Place::Tombstone);
                    assert!(opened.unwrap_err().to_string().contains("not a database"));
                }
                AfterSources::Symlink => assert_eq!(opened.unwrap(), 1),
            }
            for _ in 0..2 {
                bring_back(&source, &archive, &folder.path().join("aside.db")).unwrap();
            }
            // Archived only, by a process that ended there.
            fs::hard_link(&source, &archive).unwrap();
            bring_back(&source, &archive, &folder.path().join("aside.db")).unwrap();
            assert!(!archive.exists());
            assert_eq!(before, std::os::unix::fs::MetadataExt::ino(&fs::metadata(&source).unwrap()));
            assert_eq!(live::counts(&live::open(&source, Duration::ZERO).unwrap()).unwrap(), [("t".to_owned(), 1)]);
            assert!(!folder.path().join("aside.db").exists());
        }
    }

    #[test]
    fn what_a_program_made_at_the_old_place_is_kept_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        live::copy(&path("auth.db")).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        let patience = Duration::from_secs(1);
        retire(&path("auth.db"), &path("kept.db"), &path("zoe.db"), AfterSources::Archive, "", patience).unwrap();
        live::copy(&path("auth.db"))
            .unwrap()
            .execute_batch("CREATE TABLE late (a); INSERT INTO late VALUES (7)")
            .unwrap();
        retire(&path("auth.db"), &path("kept.db"), &path("zoe.db"), AfterSources::Archive, "", patience).unwrap();
        assert_eq!(look(&path("auth.db")), Place::File, "the late one is not taken for the source");
        bring_back(&path("auth.db"), &path("kept.db"), &path("aside.db")).unwrap();
        let tables = |name: &str| live::counts(&live::open(&path(name), Duration::ZERO).unwrap()).unwrap();
        assert_eq!(tables("auth.db"), [("t".to_owned(), 0)]);
        assert_eq!(tables("aside.db"), [("late".to_owned(), 1)]);
    }
}
