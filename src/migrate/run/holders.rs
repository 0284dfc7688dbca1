//! Which other processes have a file open, where the system tells (`/proc`). Opens nothing.

use std::fs;
use std::path::Path;

/// A process that has the file open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) process: u32,
    /// As the system names its program.
    pub(super) program: String,
}

/// Others than this process; empty where the system does not say, or where they belong to another user.
pub(super) fn of(file: &Path) -> Vec<Holder> {
    let Ok(file) = fs::canonicalize(file) else { return Vec::new() };
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let mut found = Vec::new();
    for entry in processes.flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        if process != std::process::id() && has_open(&entry.path().join("fd"), &file) {
            let program = fs::read_to_string(entry.path().join("comm")).unwrap_or_default().trim().to_owned();
            found.push(Holder { process, program });
        }
    }
    found.sort_by_key(|holder| holder.process);
    found
}

fn has_open(handles: &Path, file: &Path) -> bool {
    let Ok(handles) = fs::read_dir(handles) else { return false };
    handles.flatten().any(|handle| fs::read_link(handle.path()).is_ok_and(|target| target == file))
}

/// ` by python3 (process 12)`, or nothing.
pub(super) fn words(file: &Path) -> String {
    let holders: Vec<String> =
        of(file).iter().map(|holder| format!("{} (process {})", holder.program, holder.process)).collect();
    if holders.is_empty() { String::new() } else { format!("; it is open in {}", holders.join(", ")) }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    #[test]
    fn a_process_that_has_a_file_open_is_named() {
        // Closed here: other tests start processes, which have for a moment open what this one has.
        let file = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        assert_eq!(words(&file), "");
        let script = format!("exec 3<'{}'; echo open; read line", file.display());
        let mut shell =
            Command::new("sh").args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(shell.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(words(&file), format!("; it is open in sh (process {})", shell.id()));
        drop(shell.stdin.take());
        shell.wait().unwrap();
    }
}
