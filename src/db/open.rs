//! Opens a database for reading without a byte written beside it, whatever journal lies there. Knows nothing of schemas.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::head;
use super::{Bytes, State};

/// How long another process may hold the file before it counts as locked.
const PATIENCE: Duration = Duration::from_millis(200);

/// A connection within a read transaction. The folder of the database stays as it is.
pub struct Opened {
    pub connection: Connection,
    /// Whether the header says that the database keeps a write-ahead log.
    pub(super) wal: bool,
    /// The file with what it was like before it was read; a database in memory has none.
    file: Option<(PathBuf, Fingerprint)>,
    /// Dropped after the connection, with all that was recovered in it.
    _copy: Option<tempfile::TempDir>,
}

impl Opened {
    /// Whether the files are still those that were opened: where no lock protects the reading, this tells whether it was whole.
    pub(super) fn is_unchanged(&self) -> bool {
        self.file.as_ref().is_none_or(|(file, before)| *before == fingerprint(file))
    }
}

/// A database wherever it is kept.
pub(super) fn open_bytes(bytes: Bytes<'_>) -> Result<Opened, State> {
    match bytes {
        Bytes::OnDisk(path) => open(path),
        Bytes::InMemory(bytes) => open_in_memory(bytes),
    }
}

/// A database whose bytes are at hand. What its log held is not part of it.
pub(super) fn open_in_memory(bytes: &[u8]) -> Result<Opened, State> {
    if let Some(state) = head::not_sqlite(bytes.get(..4096).unwrap_or(bytes), bytes.len() as u64) {
        return Err(state);
    }
    let wal = matches!(bytes.get(18..20), Some([2, _] | [_, 2]));
    let connect = || {
        let mut connection = Connection::open_in_memory_with_flags(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // Memory has no place for a log: a header that asks for one is read as one that does not.
        let (head, rest) = bytes.split_at_checked(20).unwrap_or((bytes, &[]));
        let mut head = head.to_vec();
        if wal && let Some(versions) = head.get_mut(18..20) {
            versions.fill(1);
        }
        connection.deserialize_read_exact("main", io::Cursor::new(head).chain(rest), bytes.len(), true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.execute_batch("PRAGMA trusted_schema=OFF; PRAGMA query_only=1; PRAGMA temp_store=MEMORY; BEGIN")?;
        connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    };
    match connect() {
        Ok(connection) => Ok(Opened { connection, wal, file: None, _copy: None }),
        Err(error) => Err(state_of(&error, bytes.get(..4096).unwrap_or(bytes))),
    }
}

/// The file with its sidecars: where symlinks are resolved, as SQLite looks for the sidecars there.
pub(super) fn open(path: &Path) -> Result<Opened, State> {
    let file = resolve(path).map_err(|error| unreadable(&error))?;
    let metadata = std::fs::metadata(&file).map_err(|error| unreadable(&error))?;
    if !metadata.is_file() {
        return Err(State::Unreadable("not a regular file".to_owned()));
    }
    let before = fingerprint(&file);
    let bytes = first_bytes(&file, head::LENGTH).map_err(|error| unreadable(&error))?;
    if let Some(state) = head::not_sqlite(&bytes, metadata.len()) {
        return Err(state);
    }
    let wal = matches!(bytes.get(18..20), Some([2, _] | [_, 2]));
    let opened = connect(&file, wal).and_then(|(connection, copy)| {
        // A first read takes the lock and recovers what must be recovered, so that mistakes surface here.
        connection.execute_batch("BEGIN")?;
        connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok((connection, copy))
    });
    match opened {
        Ok((connection, copy)) => Ok(Opened { connection, wal, file: Some((file, before)), _copy: copy }),
        // A file that changes meanwhile looks damaged without being so.
        Err(_) if before != fingerprint(&file) => Err(State::Locked("it is being written".to_owned())),
        Err(Failure::Sqlite(error)) => Err(state_of(&error, &bytes)),
        Err(Failure::Io(error)) => Err(State::Unreadable(format!("cannot be copied aside to be recovered: {error}"))),
    }
}

/// What an error of SQLite says of the file. `bytes` are its first ones.
pub(super) fn state_of(error: &rusqlite::Error, bytes: &[u8]) -> State {
    let words = match error {
        rusqlite::Error::SqliteFailure(_, Some(words)) => words.clone(),
        other => other.to_string(),
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => State::Locked(words),
        Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen | ErrorCode::SystemIoFailure) => {
            State::Unreadable(words)
        }
        Some(ErrorCode::NotADatabase) if head::looks_random(bytes.get(100..).unwrap_or_default()) => State::Encrypted,
        _ => State::Corrupt(words),
    }
}

enum Failure {
    Sqlite(rusqlite::Error),
    Io(io::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Any `-wal` beside a file makes SQLite create a `-shm`, so an ordinary read-only open is right only where there is none.
fn connect(file: &Path, wal: bool) -> Result<(Connection, Option<tempfile::TempDir>), Failure> {
    let has_frames = size(&beside(file, "-wal")).is_some_and(|size| size > 0);
    let has_journal =
        first_bytes(&beside(file, "-journal"), 1).is_ok_and(|bytes| bytes.first().is_some_and(|&byte| byte != 0));
    if has_journal && (wal || has_frames) || has_frames && !cfg!(unix) {
        return copy_aside(file);
    }
    if has_frames {
        return Ok((in_place_with_log(file)?, None));
    }
    if wal || beside(file, "-wal").exists() {
        return Ok((configured(file, "immutable=1")?, None));
    }
    let connection = configured(file, "mode=ro")?;
    match connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(())) {
        Err(rusqlite::Error::SqliteFailure(error, _))
            if error.extended_code == rusqlite::ffi::SQLITE_READONLY_ROLLBACK =>
        {
            copy_aside(file)
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok((connection, None)),
    }
}

/// The log's index is kept on the heap, as for a connection that has the database to itself; no lock is taken, nothing is
/// checkpointed at the end.
fn in_place_with_log(file: &Path) -> rusqlite::Result<Connection> {
    let connection = configured(file, "mode=ro&vfs=unix-none")?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.query_row("PRAGMA locking_mode=EXCLUSIVE", [], |_| Ok(()))?;
    Ok(connection)
}

/// SQLite recovers a copy in a private folder, as it would recover the file itself.
fn copy_aside(file: &Path) -> Result<(Connection, Option<tempfile::TempDir>), Failure> {
    let folder = private_folder()?;
    let copy = folder.path().join("copy.db");
    for suffix in ["", "-wal", "-journal"] {
        match File::open(beside(file, suffix)) {
            // Not fs::copy: a read-only mode must not come along, the copy is written to.
            Ok(mut from) => io::copy(&mut from, &mut File::create_new(beside(&copy, suffix))?).map(drop)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !suffix.is_empty() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok((configured(&copy, "mode=rw")?, Some(folder)))
}

/// For this user alone: what is copied into it may not be readable for others.
pub(super) fn private_folder() -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("dbguard-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
}

fn configured(file: &Path, parameters: &str) -> rusqlite::Result<Connection> {
    let access = if parameters.contains("mode=rw") {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    } else {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    };
    let flags = access | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri(file, parameters), flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.execute_batch("PRAGMA trusted_schema=OFF; PRAGMA query_only=1; PRAGMA temp_store=MEMORY;")?;
    Ok(connection)
}

/// The file as SQLite's `file:` URI, with parameters such as `mode=ro`.
pub(crate) fn uri(file: &Path, parameters: &str) -> String {
    format!("file:{}?{parameters}", percent_encoded(file))
}

/// A path as it may stand in a `file:` URI.
fn percent_encoded(path: &Path) -> String {
    #[cfg(unix)]
    let bytes = std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).to_vec();
    #[cfg(not(unix))]
    let bytes = format!("/{}", path.to_string_lossy().replace('\\', "/")).into_bytes();
    let mut encoded = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"/._-~:".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Sizes and times of the file and of its journals.
#[derive(PartialEq, Eq)]
struct Fingerprint([Option<(u64, Option<SystemTime>)>; 3]);

fn fingerprint(file: &Path) -> Fingerprint {
    Fingerprint(["", "-wal", "-journal"].map(|suffix| {
        std::fs::metadata(beside(file, suffix)).ok().map(|metadata| (metadata.len(), metadata.modified().ok()))
    }))
}

fn resolve(path: &Path) -> io::Result<PathBuf> {
    if cfg!(unix) { std::fs::canonicalize(path) } else { std::path::absolute(path) }
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn size(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|metadata| metadata.len())
}

fn first_bytes(path: &Path, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(error: &io::Error) -> State {
    State::Unreadable(match error.kind() {
        io::ErrorKind::PermissionDenied => "no right to read it".to_owned(),
        io::ErrorKind::NotFound => "it is not there".to_owned(),
        _ => error.to_string(),
    })
}
