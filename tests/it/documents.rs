//! Documents say what is so: the paths they name exist, the help they quote is the program's, no command is left out.

use std::path::Path;

use crate::sandbox::{Sandbox, project};

/// Words between backticks that are paths of the project.
fn named_paths(text: &str) -> Vec<&str> {
    let looks_like_path = |words: &&str| {
        let known = ["src/", "tests/", "docs/", "rules/", "examples/", "benches/", "fuzz/", ".ci/"];
        let file = ["Cargo.toml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "clippy.toml"];
        (known.iter().any(|folder| words.starts_with(folder)) || file.contains(words))
            && !words.contains(['<', '*', '{', ' ', '`'])
    };
    text.split('`').skip(1).step_by(2).filter(looks_like_path).collect()
}

#[test]
fn every_path_that_documents_name_exists() {
    for document in ["CONTRIBUTING.md", "README.md", "docs/design.md"] {
        let text = project(document);
        let paths = named_paths(&text);
        assert!(!paths.is_empty(), "{document} names no path: is the test still looking?");
        for path in paths {
            let exists = Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists();
            assert!(exists, "{document} names {path}, which is not there");
        }
    }
}

#[test]
fn the_recipes_fit_on_a_page_or_two() {
    let lines = project("CONTRIBUTING.md").lines().count();
    assert!(lines <= 100, "CONTRIBUTING.md has {lines} lines");
}

/// `SNAPSHOTS=overwrite cargo test readme` writes the help anew.
#[test]
fn the_readme_quotes_the_help() {
    const BEGIN: &str = "<!-- dbguard -h -->\n```text\n";
    let readme = project("README.md");
    let run = Sandbox::new().run(&["-h"]);
    assert_eq!(run.code, 0);
    let (before, rest) = readme.split_once(BEGIN).expect("the README has its help block");
    let (quoted, after) = rest.split_once("```").expect("the help block ends");
    let help: String = run.stdout.trim_end().lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    if std::env::var_os("SNAPSHOTS").is_some_and(|action| action == "overwrite") && quoted != help {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        std::fs::write(path, format!("{before}{BEGIN}{help}```{after}")).unwrap();
    } else {
        assert_eq!(quoted, help, "the README's help is old: SNAPSHOTS=overwrite cargo test readme");
    }
}

#[test]
fn the_readme_shows_each_gate_in_four_lines_or_fewer() {
    let readme = project("README.md");
    let gates = readme.split("\n## Gates\n").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let recipes: Vec<&str> = gates.split("```").skip(1).step_by(2).collect();
    assert!(recipes.len() >= 3 && gates.contains("`dbguard hook install`"), "{gates}");
    for recipe in recipes {
        let lines = recipe.lines().skip(1).filter(|line| !line.trim().is_empty()).count();
        assert!((1..=4).contains(&lines), "{recipe}");
    }
}

#[test]
fn the_readme_shows_every_command_at_work() {
    let readme = project("README.md");
    for command in dbguard::cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = command.get_name();
        assert!(readme.contains(&format!("### `dbguard {name}")), "the README has no section for `dbguard {name}`");
        assert!(readme.contains(&format!("\ndbguard {name}")), "the README has no example of `dbguard {name}`");
        let help = Sandbox::new().run(&[name, "--help"]);
        assert_eq!(help.code, 0);
        assert!(help.stdout.contains("Examples:"), "`dbguard {name} --help` has no example");
    }
}
