//! A tour: lays out a sprawling application in a temporary folder and walks through it with dbguard, each command with its output.
//!
//! `cargo run --release --example tour`. The folder stays, to play in.

#![allow(clippy::print_stdout, reason = "a tour speaks")]
#![allow(clippy::disallowed_methods, reason = "a tour starts programs and tells itself that it is one of them")]

#[path = "sprawl/mod.rs"]
mod sprawl;

use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use sprawl::{Sprawl, Truth, decisions};

/// Set where this program stands in for `dbguard` itself.
const AS_DBGUARD: &str = "DBGUARD_TOUR_STEP";

/// As much of a command's output as is shown.
const LINES: usize = 52;

fn main() -> ExitCode {
    if std::env::var_os(AS_DBGUARD).is_some() {
        return dbguard::cli::main();
    }
    match tour() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("the tour ends early: {error}");
            ExitCode::FAILURE
        }
    }
}

fn tour() -> Result<(), Box<dyn Error>> {
    let house = House::lay_out()?;
    say(&format!(
        "A household application has grown: {} texts, and {} SQLite files nobody planned.",
        house.truth.texts.len(),
        house.truth.databases.len()
    ));
    house.run("ls", &["data"], LINES)?;

    say("Its own tests tell the story: whoever registers cannot log in.");
    house.run("python3", &["-m", "unittest", "discover", "-s", "tests/smoke", "-t", "."], LINES).or_else(|error| {
        println!("(left out: {error})");
        Ok::<(), Box<dyn Error>>(())
    })?;

    say("scan: which databases there are, who refers to them, and which tables stand in several.");
    house.dbguard(&["scan"], LINES)?;

    say("check, before there is a policy: the rules that need none.");
    house.dbguard(&["check", "--statistics"], LINES)?;

    say("One of them closely: code and databases read together.");
    house.dbguard(&["check", "--select", "split-table"], 30)?;

    say("init: a first policy from what the tree shows. A human reads it, then commits it.");
    house.dbguard(&["init"], LINES)?;
    house.run("cat", &["dbguard.toml"], 26)?;

    say("A human decides: auth.db is retired, its users belong into the primary. Then check one file closely.");
    house.decide("data/auth.db")?;
    house.dbguard(&["check", "app/auth.py"], LINES)?;

    say("The whole tree, one line for each finding.");
    house.dbguard(&["check", "--output-format", "concise"], 20)?;

    say("And counted, by rule.");
    house.dbguard(&["check", "--statistics"], LINES)?;

    say("fix: what would mend it, as a patch that `git apply` takes. Nothing is written yet.");
    house.git(&["add", "dbguard.toml"])?;
    house.git(&["commit", "-qm", "A policy"])?;
    house.dbguard(&["fix", "--diff", "--unsafe", "app/auth.py", "app/people.py"], LINES)?;

    say(
        "All of it at once. Unsafe, because the rows of auth.db have yet to move: what is left is listed with its reason.",
    );
    house.dbguard(&["fix", "--unsafe"], 24)?;
    house.run("git", &["diff", "--shortstat"], LINES)?;
    house.git(&["checkout", "-q", "."])?;

    say("Each rule explains itself.");
    house.dbguard(&["rule", "split-table"], LINES)?;

    say("A human decides: all of them shall be one.");
    house.retire_all()?;

    say("migrate plan: every database examined, every row compared, and what only a human can decide.");
    house.dbguard(&["migrate", "plan"], LINES)?;

    say("A human decides: what fills the gaps, users that meet are one, two scripts are mended by hand.");
    house.decide_the_plan()?;

    say("plan --docs: what the project's rules and its schema page should say afterwards, as a patch.");
    house.dbguard(&["migrate", "plan", "--docs"], 1)?;
    house.run("head", &["-n", "40", "migration-docs.patch"], 40)?;
    house.git(&["add", "."])?;
    house.git(&["commit", "-qm", "The plan"])?;

    say("A rehearsal: all of it on copies, proved, timed, undone and thrown away.");
    house.dbguard(&["migrate", "apply", "--rehearse"], LINES)?;

    say("And now in earnest: databases and code in one step.");
    house.dbguard(&["migrate", "apply", "--yes"], LINES)?;
    house.run("git", &["diff", "--shortstat"], LINES)?;
    house.run("git", &["diff", "-U0", "app/auth.py", "app/people.py"], LINES)?;

    say("Whoever registers can log in.");
    house.run("python3", &["-m", "unittest", "discover", "-s", "tests/smoke", "-t", "."], LINES).or_else(|error| {
        println!("(left out: {error})");
        Ok::<(), Box<dyn Error>>(())
    })?;

    say("verify proves it again, from the backups and the database as it is now.");
    house.dbguard(&["migrate", "verify"], LINES)?;

    say("And if it was a mistake: every byte of the code and every row of the data comes back.");
    house.dbguard(&["migrate", "rollback", "--yes"], LINES)?;
    house.run("git", &["status", "--short", "--", ".", ":!data"], LINES)?;
    house.dbguard(&["migrate", "report"], LINES)?;

    println!("\nThe application stays in {}", house.folder.display());
    println!("Go there and try: dbguard scan -v, dbguard check services/, dbguard fix --diff");
    Ok(())
}

/// The application, in git as its people left it.
struct House {
    folder: PathBuf,
    truth: Truth,
}

impl House {
    fn lay_out() -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::Builder::new().prefix("dbguard-tour-").tempdir()?.keep();
        let truth = Sprawl::new().lay_out(&folder)?;
        let house = Self { folder, truth };
        house.git(&["init", "-q"])?;
        house.git(&["add", "."])?;
        let anyway: Vec<&str> = house.truth.committed_anyway.iter().map(String::as_str).collect();
        house.git(&[&["add", "-f", "--"], anyway.as_slice()].concat())?;
        house.git(&["commit", "-qm", "Everything so far"])?;
        Ok(house)
    }

    /// Takes the comment marks off the entry of one database in the policy.
    fn decide(&self, database: &str) -> Result<(), Box<dyn Error>> {
        let file = self.folder.join("dbguard.toml");
        let policy = std::fs::read_to_string(&file)?;
        let open = policy.replace(
            &format!("# [[retired]]\n# path = \"{database}\""),
            &format!("[[retired]]\npath = \"{database}\""),
        );
        if open == policy {
            return Err(format!("no entry for {database} in dbguard.toml").into());
        }
        std::fs::write(file, open)?;
        println!("\n$ sed -i '…' dbguard.toml    # [[retired]] path = \"{database}\"");
        Ok(())
    }

    /// Writes what a human decided into the plan.
    fn decide_the_plan(&self) -> Result<(), Box<dyn Error>> {
        decisions::decide(&self.folder)?;
        println!(
            "\n$ $EDITOR migration.toml    # email, password_hash, strategy; [code] accept = {:?}",
            decisions::ACCEPTED
        );
        for (name, _, to) in decisions::BY_HAND {
            println!("$ $EDITOR {name}    # {to}");
        }
        Ok(())
    }

    /// Takes the comment marks off all entries.
    fn retire_all(&self) -> Result<(), Box<dyn Error>> {
        let file = self.folder.join("dbguard.toml");
        let policy = std::fs::read_to_string(&file)?;
        std::fs::write(file, policy.replace("# [[retired]]\n# path", "[[retired]]\npath"))?;
        println!("\n$ sed -i '…' dbguard.toml    # every [[retired]] that init proposed");
        Ok(())
    }

    fn git(&self, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
        let named = ["-c", "user.name=house", "-c", "user.email=house@house.test", "-c", "commit.gpgsign=false"];
        let done = Command::new("git").args(named).args(arguments).current_dir(&self.folder).status()?;
        if done.success() { Ok(()) } else { Err(format!("git {arguments:?} failed").into()) }
    }

    /// Runs this program as `dbguard`.
    fn dbguard(&self, arguments: &[&str], lines: usize) -> Result<(), Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        command.env(AS_DBGUARD, "1");
        self.show("dbguard", command, arguments, lines)
    }

    fn run(&self, program: &str, arguments: &[&str], lines: usize) -> Result<(), Box<dyn Error>> {
        self.show(program, Command::new(program), arguments, lines)
    }

    fn show(&self, name: &str, mut command: Command, arguments: &[&str], lines: usize) -> Result<(), Box<dyn Error>> {
        println!("\n$ {name} {}", arguments.join(" "));
        let output = command.args(arguments).current_dir(&self.folder).env("PYTHONDONTWRITEBYTECODE", "1").output()?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let all: Vec<&str> = said.trim_end().lines().collect();
        for line in all.iter().take(lines) {
            println!("{}", shortened(line));
        }
        if all.len() > lines {
            println!("… {} more lines", all.len() - lines);
        }
        if let Some(code) = output.status.code().filter(|&code| code != 0) {
            println!("(exit code {code})");
        }
        Ok(())
    }
}

fn say(words: &str) {
    println!("\n\n# {words}");
}

/// A line that fits a wide terminal.
fn shortened(line: &str) -> String {
    const WIDTH: usize = 160;
    if line.chars().count() <= WIDTH {
        return line.to_owned();
    }
    line.chars().take(WIDTH - 1).chain(['…']).collect()
}
