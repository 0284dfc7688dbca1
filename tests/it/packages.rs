//! What is shipped beside the program: manual pages, completions, archives as cargo binstall looks for them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::sandbox::{Run, Sandbox, project};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn every_command_has_a_manual_page_and_every_shell_its_completions() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run(&["shipped-files", "out"]).code, 0);
    for command in dbguard::cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
        let page = fs::read_to_string(sandbox.path().join(format!("out/man/man1/dbguard-{}.1", command.get_name())));
        let about = command.get_about().unwrap().to_string();
        let words = about.split([',', ':', '-', '.', '`', '\'']).next().unwrap().to_owned();
        assert!(page.unwrap().contains(&words), "{}: {words}", command.get_name());
    }
    let names = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(sandbox.path().join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert!(names("out/man/man1").contains("dbguard.1"));
    let completions = ["_dbguard", "_dbguard.ps1", "dbguard.bash", "dbguard.elv", "dbguard.fish"];
    assert_eq!(names("out/completions"), completions.map(str::to_owned).into());
    let printed = sandbox.run(&["completions", "bash"]).stdout;
    assert_eq!(fs::read_to_string(sandbox.path().join("out/completions/dbguard.bash")).unwrap(), printed);
}

#[test]
fn an_archive_has_the_name_and_the_folder_that_binstall_asks_for() {
    let sandbox = Sandbox::new().folder("built/x86_64-unknown-linux-gnu").folder("built/x86_64-pc-windows-msvc");
    let program = Path::new(env!("CARGO_BIN_EXE_dbguard"));
    fs::copy(program, sandbox.path().join("built/x86_64-unknown-linux-gnu/dbguard")).unwrap();
    fs::write(sandbox.path().join("built/x86_64-pc-windows-msvc/dbguard.exe"), "a program").unwrap();
    let packed = Command::new(Path::new(ROOT).join("packaging/archive"))
        .args(["built", "out"])
        .current_dir(sandbox.path())
        .output();
    let run = Run::of(&packed.unwrap());
    assert_eq!(run.code, 0, "{run:?}");

    let manifest: toml::Table = project("Cargo.toml").parse().unwrap();
    let package = &manifest["package"];
    let binstall = &package["metadata"]["binstall"];
    let version = package["version"].as_str().unwrap();
    let fill = |template: &toml::Value, target: &str, suffix: &str, ending: &str| {
        let text = template.as_str().unwrap().replace("{ repo }", "REPO").replace("{ name }", "dbguard");
        let text = text.replace("{ bin }", "dbguard").replace("{ binary-ext }", ending);
        text.replace("{ version }", version).replace("{ target }", target).replace("{ archive-suffix }", suffix)
    };
    let url = fill(&binstall["pkg-url"], "x86_64-unknown-linux-gnu", ".tar.gz", "");
    let archive = url.strip_prefix(&format!("REPO/releases/download/v{version}/")).unwrap();
    let inside = fill(&binstall["bin-dir"], "x86_64-unknown-linux-gnu", "", "");
    let unpacked =
        Command::new("tar").args(["-xzf", archive]).current_dir(sandbox.path().join("out")).status().unwrap();
    assert!(unpacked.success());
    let said = Command::new(sandbox.path().join("out").join(&inside)).arg("--version").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout), format!("dbguard {version}\n"));
    let folder = sandbox.path().join("out").join(&inside).parent().unwrap().to_owned();
    for file in ["LICENSE-MIT", "README.md", "man/man1/dbguard-check.1", "completions/dbguard.fish"] {
        assert!(folder.join(file).is_file(), "{file} is not in the archive");
    }

    let windows = &binstall["overrides"]["x86_64-pc-windows-msvc"];
    assert_eq!(windows["pkg-fmt"].as_str(), Some("zip"));
    let url = fill(&binstall["pkg-url"], "x86_64-pc-windows-msvc", ".zip", ".exe");
    assert!(sandbox.path().join("out").join(url.rsplit('/').next().unwrap()).is_file());
    let checked = Command::new("sha256sum")
        .args(["--check", "SHA256SUMS"])
        .current_dir(sandbox.path().join("out"))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&checked.stdout).matches(": OK").count(), 2);
}

#[test]
fn a_release_begins_only_where_tag_changelog_repository_and_recipes_fit() {
    let recipe = "- repo: https://forge/me/it\n  rev: v1.2.0\n- uses: me/dbguard@v1.2.0\n";
    let sandbox = Sandbox::new().folder("packaging").file("README.md", recipe).file("docs/ci.md", recipe);
    let fits = sandbox.path().join("packaging/fits");
    fs::copy(Path::new(ROOT).join("packaging/fits"), &fits).unwrap();
    let write = |name: &str, text: &str| fs::write(sandbox.path().join(name), text).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&fits);
        command.args(arguments).env("GITHUB_REF_NAME", "v1.2.0");
        Run::of(&command.env("GITHUB_SERVER_URL", "https://forge").env("GITHUB_REPOSITORY", "me/it").output().unwrap())
    };
    write("Cargo.toml", "[package]\nversion = \"1.2.0\"\nrepository = \"https://forge/me/it\"\n");
    write("CHANGELOG.md", "# Changelog\n\n## 1.2.0\n\n- new\n\n## 1.1.0\n\n- old\n");
    assert_eq!(run(&[]).code, 0);
    assert_eq!(run(&["notes"]).stdout.trim(), "- new");
    write("CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n- new\n");
    write("Cargo.toml", "[package]\nversion = \"1.1.0\"\n");
    let unfit = run(&[]);
    assert_eq!((unfit.code, unfit.stdout.matches("::error").count()), (1, 5), "{unfit:?}");
    // The recipes as they stand before anybody said where the project lives.
    write("README.md", &project("README.md"));
    write("docs/ci.md", &project("docs/ci.md"));
    let unfit = run(&[]);
    assert!(unfit.stdout.contains("README.md says OWNER/ where it should say me/it"), "{unfit:?}");
    assert!(unfit.stdout.contains("docs/ci.md says OWNER/ where it should say me/it"), "{unfit:?}");
}

/// Nobody has said where the project lives: until then every document says so in the same word.
#[test]
fn a_place_that_is_not_known_is_called_owner_wherever_it_is_named() {
    let manifest: toml::Table = project("Cargo.toml").parse().unwrap();
    let is_known = manifest["package"].get("repository").is_some();
    for document in ["README.md", "docs/ci.md", "CONTRIBUTING.md", ".pre-commit-hooks.yaml", "action.yml"] {
        for line in
            project(document).lines().filter(|line| line.contains("/dbguard@v") || line.contains("/dbguard.git"))
        {
            assert_eq!(line.contains("OWNER/dbguard"), !is_known, "{document}: {line}");
        }
    }
}
