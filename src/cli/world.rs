//! The world around the process: its folder, its environment, its terminal. Read here, once, and nowhere else.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

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
    /// `NO_COLOR` is set, or the terminal is dumb.
    colourless: bool,
    /// `CLICOLOR_FORCE` is set.
    forced: bool,
}

impl World {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads them")]
    pub(crate) fn here() -> io::Result<Self> {
        let said = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        Ok(Self {
            cwd: std::env::current_dir()?,
            config: said("DBGUARD_CONFIG").map(PathBuf::from),
            user: ["SUDO_USER", "USER", "LOGNAME", "USERNAME"]
                .iter()
                .find_map(|name| said(name))
                .map_or_else(|| "unknown".to_owned(), |name| name.to_string_lossy().into_owned()),
            hold: said("DBGUARD_HOLD_AT")
                .filter(|_| cfg!(debug_assertions))
                .and_then(|place| hold(&place.to_string_lossy())),
            colourless: said("NO_COLOR").is_some() || said("TERM") == Some(OsString::from("dumb")),
            forced: said("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
        })
    }

    #[cfg(test)]
    pub(crate) fn at(cwd: PathBuf) -> Self {
        Self { cwd, config: None, user: "tester".to_owned(), hold: None, colourless: true, forced: false }
    }

    /// Whether somebody can be asked: both the question and the answer go through a terminal.
    pub(crate) fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
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

/// Writes to a stream, where a reader that went away (`| head`) is no error.
pub(crate) fn write_to(stream: &mut dyn Write, text: &[u8]) -> io::Result<()> {
    match stream.write_all(text).and_then(|()| stream.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
