//! Contents out of git's store, many at a time or one on demand, through `git cat-file --batch`. Knows no paths.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Mutex, PoisonError};

use super::repository::{GitError, Oid, Repository, unstarted};

/// What git has under a name.
#[derive(Debug)]
pub enum Blob {
    Whole(Vec<u8>),
    /// Only the first bytes were kept.
    TooLarge {
        size: u64,
        head: Vec<u8>,
    },
    /// A partial clone lacks it, or the store is damaged.
    Missing,
}

/// The contents of a repository.
pub struct Blobs<'r> {
    repository: &'r Repository,
    /// Kept running for those who ask for one at a time.
    open: Mutex<Option<Conversation>>,
}

struct Conversation {
    child: Child,
    /// Closed when nothing more is asked.
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

/// What a pipe holds wherever dbguard runs: so much is written without a reader on the other side.
const AT_ONCE: usize = 4096;

/// Below this many, further processes cost more than they save.
const WORTH_MORE: usize = 48;

impl<'r> Blobs<'r> {
    #[must_use]
    pub fn of(repository: &'r Repository) -> Self {
        Self { repository, open: Mutex::new(None) }
    }

    /// Starts the process that answers, so that it is ready when the first question comes.
    pub fn warm_up(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.is_none() {
            *open = Conversation::start(self.repository, false).ok();
        }
    }

    /// Ends the process that answers.
    pub fn end(&mut self) {
        let open = self.open.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(talk) = open {
            talk.end();
        }
    }

    /// One content.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn one(&self, oid: &Oid, largest: u64) -> Result<Blob, GitError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.is_none() {
            *open = Some(Conversation::start(self.repository, false)?);
        }
        let Some(talk) = open.as_mut() else { return Ok(Blob::Missing) };
        let mut answer = Blob::Missing;
        talk.ask(std::slice::from_ref(oid), false, |out| {
            answer = next(out, largest)?;
            Ok(())
        })?;
        Ok(answer)
    }

    /// Each content, in any order, from several threads at once.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn each(
        &self,
        oids: &[Oid],
        largest: impl Fn(&Oid) -> u64 + Sync,
        visit: impl Fn(&Oid, Blob) + Sync,
    ) -> Result<(), GitError> {
        if oids.is_empty() {
            return Ok(());
        }
        self.warm_up();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = open.as_mut() else { return Err(GitError::NotInstalled) };
        let more = match oids.len() {
            0..WORTH_MORE => 0,
            _ => std::thread::available_parallelism().map_or(1, usize::from).clamp(2, 8) - 1,
        };
        let mut parts = oids.chunks(oids.len().div_ceil(more + 1));
        let first = parts.next().unwrap_or_default();
        let (largest, visit) = (&largest, &visit);
        std::thread::scope(|scope| {
            let others: Vec<_> = parts
                .map(|part| {
                    scope.spawn(move || {
                        let mut talk = Conversation::start(self.repository, true)?;
                        let done = talk.each(part, largest, visit, true);
                        talk.end();
                        done
                    })
                })
                .collect();
            let mut done = running.each(first, largest, visit, false);
            for other in others {
                done = done.and(other.join().unwrap_or(Err(GitError::Said("a thread broke off".to_owned()))));
            }
            done
        })
    }
}

impl Drop for Blobs<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

impl Conversation {
    fn start(repository: &Repository, buffer: bool) -> Result<Self, GitError> {
        let mut command = repository.git();
        command.args(["cat-file", "--batch"]);
        if buffer {
            command.arg("--buffer");
        }
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(unstarted)?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(stdin), Some(stdout)) => {
                Ok(Self { child, stdin: Some(stdin), stdout: BufReader::with_capacity(1 << 16, stdout) })
            }
            _ => Err(GitError::Said("it cannot be talked to".to_owned())),
        }
    }

    fn each(
        &mut self,
        oids: &[Oid],
        largest: &(impl Fn(&Oid) -> u64 + Sync),
        visit: &(impl Fn(&Oid, Blob) + Sync),
        is_last: bool,
    ) -> Result<(), GitError> {
        self.ask(oids, is_last, |out| {
            for oid in oids {
                visit(oid, next(out, largest(oid))?);
            }
            Ok(())
        })
    }

    fn ask(
        &mut self,
        oids: &[Oid],
        is_last: bool,
        mut read: impl FnMut(&mut BufReader<ChildStdout>) -> io::Result<()>,
    ) -> Result<(), GitError> {
        let lost = |error: io::Error| GitError::Said(format!("it stopped answering: {error}"));
        let Some(mut stdin) = self.stdin.take() else { return Err(lost(io::ErrorKind::BrokenPipe.into())) };
        let mut asked = String::with_capacity(oids.len() * 41);
        for oid in oids {
            asked.push_str(oid);
            asked.push('\n');
        }
        if !is_last && asked.len() < AT_ONCE {
            stdin.write_all(asked.as_bytes()).map_err(lost)?;
            self.stdin = Some(stdin);
            return read(&mut self.stdout).map_err(lost);
        }
        // A thread writes: git answers while it reads, and a full pipe each way would stop both.
        let stdout = &mut self.stdout;
        let (stdin, done) = std::thread::scope(|scope| {
            let writer = scope.spawn(move || stdin.write_all(asked.as_bytes()).map(|()| (!is_last).then_some(stdin)));
            let done = read(stdout);
            (writer.join(), done)
        });
        done.map_err(lost)?;
        if let Ok(Ok(stdin)) = stdin {
            self.stdin = stdin;
        }
        Ok(())
    }

    fn end(self) {
        let Self { mut child, stdin, stdout } = self;
        drop((stdin, stdout));
        // It ends by itself when nobody talks to it any more: there is nothing to wait for.
        let _ = child.try_wait();
    }
}

/// `<object> <type> <size>\n<contents>\n`, or `<object> missing\n`.
fn next(out: &mut impl BufRead, largest: u64) -> io::Result<Blob> {
    let mut line = String::new();
    if out.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let size = match line.trim_end().rsplit_once(' ') {
        Some((head, size)) if head.contains(' ') => size.parse::<u64>().ok(),
        _ => None,
    };
    let Some(size) = size else { return Ok(Blob::Missing) };
    let kept = if size > largest { 128 } else { size };
    let mut bytes = Vec::new();
    out.by_ref().take(kept).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < kept.min(size) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    io::copy(&mut out.by_ref().take(size.saturating_sub(kept) + 1), &mut io::sink())?;
    Ok(if size > largest { Blob::TooLarge { size, head: bytes } } else { Blob::Whole(bytes) })
}
