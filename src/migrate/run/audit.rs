//! The audit log: who did what, when and with which version; never what stands in a row. Append-only.

use std::fs::OpenOptions;
use std::io::Write;

use serde_json::json;

use super::folder::{Home, now};
use super::trouble;
use crate::migrate::Stop;

/// One line more, on the disk when this returns.
pub(super) fn note(home: &Home, who: &str, what: &str, run: &str, outcome: &str) -> Result<(), Stop> {
    let path = home.path().join("audit.jsonl");
    let line = json!({
        "at": now(), "who": who, "what": what, "run": run, "outcome": outcome, "version": env!("CARGO_PKG_VERSION"),
    });
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(&path)
        .and_then(|mut file| {
            file.write_all(format!("{line}\n").as_bytes())?;
            file.sync_data()
        })
        .map_err(|error| trouble::io("write the audit log", &path, &error))
}
