//! The world around the process: its folder, its environment, its terminal. Read here, once, and nowhere else.

use std::ffi::OsString;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use crate::check::Date;
use crate::migrate::run::Hold;

/// What the process was started with.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) cwd: PathBuf,
    /// `DBGUARD_CONFIG`, if it says anything.
    pub(crate) config: Option<PathBuf>,
    /// Who runs it, for the audit log: `SUDO_USER`, `USER`, `LOGNAME` or `USERNAME`.
    pub(crate) user: String,
    /// `DBGUARD_HOLD_AT`, in builds for tests only: the line of the journal where the process stops, to be killed there.
    pub(crate) hold: Option<Hold>,
    /// The day it is, in UTC.
    pub(crate) today: Date,
    /// Git's own variables, as a hook gets them.
    git: Vec<(OsString, OsString)>,
    /// What pre-commit is to look at, from one commit to another.
    pub(crate) pre_commit_range: Option<(String, String)>,
    /// pre-commit or prek runs this, and has put away what is not staged.
    pub(crate) in_hook_manager: bool,
    /// `NO_COLOR` is set, or the terminal is dumb.
    colourless: bool,
    /// `CLICOLOR_FORCE` is set.
    forced: bool,
}

impl World {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads them")]
    pub(crate) fn here() -> io::Result<Self> {
        let said = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let text = |name: &str| said(name).and_then(|value| value.into_string().ok());
        let git = ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"];
        let git = git.into_iter().chain(["GIT_ALTERNATE_OBJECT_DIRECTORIES"]);
        Ok(Self {
            git: git.filter_map(|name| Some((OsString::from(name), said(name)?))).collect(),
            pre_commit_range: text("PRE_COMMIT_FROM_REF").zip(text("PRE_COMMIT_TO_REF")),
            in_hook_manager: said("PRE_COMMIT").is_some(),
            cwd: std::env::current_dir()?,
            config: said("DBGUARD_CONFIG").map(PathBuf::from),
            user: ["SUDO_USER", "USER", "LOGNAME", "USERNAME"]
                .iter()
                .find_map(|name| said(name))
                .map_or_else(|| "unknown".to_owned(), |name| name.to_string_lossy().into_owned()),
            hold: said("DBGUARD_HOLD_AT")
                .filter(|_| cfg!(debug_assertions))
                .and_then(|place| hold(&place.to_string_lossy())),
            today: day(std::time::SystemTime::now()),
            colourless: said("NO_COLOR").is_some() || said("TERM") == Some(OsString::from("dumb")),
            forced: said("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
        })
    }

    #[cfg(test)]
    pub(crate) fn at(cwd: PathBuf) -> Self {
        Self {
            cwd,
            config: None,
            today: (2026, 1, 1),
            git: Vec::new(),
            pre_commit_range: None,
            in_hook_manager: false,
            user: "tester".to_owned(),
            hold: None,
            colourless: true,
            forced: false,
        }
    }

    /// Whether somebody can be asked: both the question and the answer go through a terminal.
    pub(crate) fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Git's variables as far as they are meant for the repository of `root`: a hook's index is that of its own repository.
    pub(crate) fn git_for(&self, root: &Path) -> Vec<(OsString, OsString)> {
        let top = |folder: &Path| folder.ancestors().find(|at| at.join(".git").exists()).map(Path::to_path_buf);
        let here = std::fs::canonicalize(&self.cwd).unwrap_or_else(|_| self.cwd.clone());
        if top(&here) == top(root) { self.git.clone() } else { Vec::new() }
    }

    /// Whether what goes to standard output is coloured when nobody said `--color`.
    pub(crate) fn colours_stdout(&self) -> bool {
        !self.colourless && (self.forced || io::stdout().is_terminal())
    }

    pub(crate) fn colours_stderr(&self) -> bool {
        !self.colourless && (self.forced || io::stderr().is_terminal())
    }

    /// Columns of the terminal; `None` when standard output is none.
    pub(crate) fn width(&self) -> Option<usize> {
        if !io::stdout().is_terminal() {
            return None;
        }
        terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
    }
}

/// `12` stops behind line 12 of the journal, `12-` before it.
fn hold(place: &str) -> Option<Hold> {
    let number = place.trim_end_matches('-');
    Some(Hold { n: number.parse().ok()?, before: number.len() < place.len() })
}

/// The day of a time, by the calendar of today, which is right for all of the past that computers have.
fn day(time: std::time::SystemTime) -> Date {
    let since = time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    // Days since the first of March of the year 0: then the day that some years lack is the last of a year.
    let days = since.as_secs() / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let narrow = |number: u64| u8::try_from(number).unwrap_or(u8::MAX);
    (u16::try_from(year).unwrap_or(u16::MAX), narrow(month), narrow(of_year - (153 * shifted + 2) / 5 + 1))
}

/// What is written to a stream at once, in bytes.
const PIECE: usize = 64 << 10;

/// Writes to a stream, where a reader that went away (`| head`) is no error.
pub(crate) fn write_to(stream: &mut dyn Write, text: &[u8]) -> io::Result<()> {
    write_with(stream, |out| out.write_all(text))
}

/// The same for a text that is made while it is written: of a long one no more than a piece is ever held.
pub(crate) fn write_with(
    stream: &mut dyn Write,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(PIECE, stream);
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_calendar() {
        for (seconds, expected) in [
            (0, (1970, 1, 1)),
            (951_782_399, (2000, 2, 28)),
            (951_782_400, (2000, 2, 29)),
            (951_868_800, (2000, 3, 1)),
            (1_798_761_599, (2026, 12, 31)),
            (1_798_761_600, (2027, 1, 1)),
            (4_107_542_400, (2100, 3, 1)),
        ] {
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            assert_eq!(day(time), expected, "{seconds}");
        }
    }
}
