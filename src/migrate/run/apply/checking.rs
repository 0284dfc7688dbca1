//! Whether what was written works: the target counted, the caller's word, the application's own. Changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::Work;
use crate::migrate::Stop;
use crate::migrate::run::folder::{private_file, remove_if_there};
use crate::migrate::run::{backup, live, publish, trouble};

impl Work<'_> {
    /// The target reopened and counted; the caller's word; the application's own.
    pub(super) fn check(&mut self) -> Result<(), Stop> {
        if self.begin.data {
            let target = &self.begin.target;
            let connection = live::reader(target, self.request.patience)?;
            let rows =
                live::counts(&connection).map_err(|error| trouble::sqlite("count the target", target, &error))?;
            let rows: BTreeMap<String, u64> = rows.into_iter().collect();
            self.folder.write("published.json", json!(rows).to_string().as_bytes())?;
        }
        (self.request.check)()?;
        match self.plan.after.check.clone() {
            Some(command) if self.begin.data => self.ask_the_application(&command),
            _ => Ok(()),
        }
    }

    /// Runs the plan's own check against a copy of the target, into which it may write.
    fn ask_the_application(&self, command: &str) -> Result<(), Stop> {
        let folder = self.folder.inside("check")?;
        let copy = backup::copy(&self.begin.target, &folder, "check", self.request.progress)?.file(&folder);
        publish::drop_fences(&copy, Duration::ZERO)?;
        let log = self.folder.path().join("check.log");
        let fail = |error: std::io::Error| trouble::io("run the plan's check", &log, &error);
        remove_if_there(&log).map_err(fail)?;
        let out = private_file(&log).map_err(fail)?;
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(&self.home.root).stdin(Stdio::null());
        shell.env("DBGUARD_CHECK_DATABASE", &copy).envs(self.begin.check_env.iter().map(|name| (name, &copy)));
        shell.stdout(out.try_clone().map_err(fail)?).stderr(out);
        let status = shell.status().map_err(fail)?;
        fs::remove_dir_all(&folder).map_err(fail)?;
        if status.success() {
            return Ok(());
        }
        Err(Stop::new(
            "the plan's check failed",
            format!("`{command}` ended with {status}; its output stands in {}", self.shown(&log)),
            "mend what it found, then run it again",
        ))
    }
}
