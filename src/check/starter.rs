//! The first `dbguard.toml`: what the tree shows, written down as a policy that a person finishes. Writes no file.

mod survey;

use std::fmt::Write;

use crate::lang::Engine;
use crate::policy::Globs;
use crate::rules::names;
use crate::scan::Inventory;

use survey::{Survey, Surveyed};

/// A commented policy for a tree without one. It parses without a mistake, and no entry of it matches nothing.
#[must_use]
pub fn starter(inventory: &Inventory) -> String {
    let survey = Survey::new(inventory);
    let mut out = String::from(
        "# What dbguard holds this project to. Written by `dbguard init` from what the tree shows: look it over,\n\
         # then `dbguard check`.\n",
    );
    primary(&survey, &mut out);
    others(&survey, &mut out);
    mounts(&survey, &mut out);
    places(inventory, &mut out);
    out.push_str(
        "\n# [python]\n\
         # openers = [\"app.db.open_store(path)\"]      # your own function that opens what it is given\n\
         # access  = 'os.environ.get(\"{env}\", \"{path}\")'    # what a fix writes\n\
         \n# [rules]                                    # `dbguard rule` lists them: error | warning | note | off\n\
         # cwd-relative-path = \"off\"\n",
    );
    out
}

fn primary(survey: &Survey<'_>, out: &mut String) {
    let Some(primary) = &survey.primary else {
        out.push_str(match &survey.server {
            Some(_) => "",
            None if survey.unrelated => {
                "\n# Several services, each with a database of its own, and no code that uses one: which of them is the\n\
                 # primary, if any, is for you to say.\n\
                 # [primary]\n# path = \"data/app.db\"\n# env  = \"DATABASE_PATH\"\n"
            }
            None => {
                "\n# No database was found yet. The one that the application is to have:\n\
                 # [primary]\n# path = \"data/app.db\"\n# env  = \"DATABASE_PATH\"\n"
            }
        });
        if let Some((engine, variable)) = &survey.server {
            out.push_str(
                "\n# A server: any SQLite file in code, besides what stands below, is a finding.\n[primary]\n",
            );
            line(out, "engine ", &quote(engine_name(*engine)), "");
            line(out, "url-env", &quote(variable), "");
        }
        return;
    };
    let _ = writeln!(out, "\n# The one database that code uses: {}.\n[primary]", primary.counts());
    line(out, "path   ", &quote(&survey.primary_path), "");
    let (variable, reads, url) = survey.variable();
    let said = match reads {
        0 => "read by no code yet".to_owned(),
        1 => "read in 1 place today".to_owned(),
        reads => format!("read in {reads} places today"),
    };
    line(out, "env    ", &quote(variable), &said);
    if let Some(url) = url {
        line(out, "url-env", &quote(url), "the same, as a URL");
    }
    let others = survey.variables.iter().map(|(name, _)| *name).filter(|name| *name != variable && Some(*name) != url);
    let aliases: Vec<String> = others.map(quote).collect();
    if !aliases.is_empty() {
        line(out, "aliases", &format!("[{}]", aliases.join(", ")), "mean the same today");
    }
}

fn others(survey: &Survey<'_>, out: &mut String) {
    for other in &survey.external {
        let _ = write!(out, "\n# {}.\n[[external]]\n", other.counts());
        line(out, "path ", &quote(other.path()), "");
        if let Some(owner) = names::known_owner(&other.database.path) {
            line(out, "owner", &quote(owner), "");
        }
    }
    if !survey.open.is_empty() {
        out.push_str(
            "\n# Still to decide, most used first. `retired`: its tables belong into the primary, no reference may remain.\n\
             # `specialised`: it stays, for some code and a reason. `external`: another program's.\n",
        );
    }
    for other in &survey.open {
        let path = quote(other.path());
        let _ = writeln!(out, "#\n# {}.", other.counts());
        if let Some(folder) = other.only_folder.as_ref().filter(|_| other.shared.is_empty()) {
            let _ = writeln!(
                out,
                "# [[specialised]]\n# path = {path}\n# env = {}\n# allowed-in = [{}]\n# why = \"\"",
                quote(&other.variable()),
                quote(&format!("{folder}/**"))
            );
        } else {
            let _ = writeln!(out, "# [[retired]]\n# path = {path}");
        }
    }
}

fn mounts(survey: &Survey<'_>, out: &mut String) {
    if survey.mounts.is_empty() {
        return;
    }
    out.push_str("\n# One folder under several names, so that both spellings are one database.\n[mounts]\n");
    for (container, host) in &survey.mounts {
        let _ = writeln!(out, "{} = {}", quote(container), quote(host));
    }
}

fn places(inventory: &Inventory, out: &mut String) {
    let used = |globs: &[&str]| -> Vec<String> {
        let fits = |glob: &&&str| {
            let compiled = Globs::new([**glob]);
            inventory.sources.iter().any(|source| compiled.is_match(&source.path))
        };
        globs.iter().filter(fits).map(|glob| quote(glob)).collect()
    };
    let config = used(&[
        "config/**",
        "**/settings.py",
        "**/settings/*.py",
        "**/config.py",
        ".env*",
        "docker-compose*.yml",
        "docker-compose*.yaml",
        "compose*.y*ml",
        "alembic.ini",
    ]);
    let tests = used(&["tests/**", "test/**", "**/conftest.py", "**/test_*.py", "**/*.test.ts", "**/*.test.js"]);
    out.push_str("\n[places]\n");
    if !config.is_empty() {
        line(out, "config   ", &format!("[{}]", config.join(", ")), "may spell the path out");
    }
    line(out, "temporary", "[\"/tmp/**\"]", "where throw-away databases may live");
    if !tests.is_empty() {
        line(out, "tests    ", &format!("[{}]", tests.join(", ")), "");
    }
}

fn line(out: &mut String, key: &str, value: &str, comment: &str) {
    let _ = match comment {
        "" => writeln!(out, "{key} = {value}"),
        comment => writeln!(out, "{:<40} # {comment}", format!("{key} = {value}")),
    };
}

fn engine_name(engine: Engine) -> &'static str {
    if engine == Engine::Mysql { "mysql" } else { "postgresql" }
}

/// A TOML string on one line, whatever is in it.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

impl Surveyed<'_> {
    /// `23 references in 7 files, 4 tables, 346 rows, shares `users` with the primary`.
    fn counts(&self) -> String {
        let number = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        let mut words = vec![match self.references {
            0 => "no references".to_owned(),
            some => {
                format!("{} in {}", number(some, "reference", "references"), number(self.files.len(), "file", "files"))
            }
        }];
        if self.table_uses > 0 {
            words.push(format!("its tables used in {}", number(self.table_uses, "place", "places")));
        }
        match self.database.file.as_ref().map(|file| file.schema.as_ref()) {
            Some(Some(schema)) => {
                words.push(number(schema.own_tables().count(), "table", "tables"));
                words.push(number(usize::try_from(schema.rows()).unwrap_or(usize::MAX), "row", "rows"));
            }
            Some(None) if self.is_empty() => words.push("an empty file".to_owned()),
            Some(None) => words.push("a file that could not be read".to_owned()),
            None => words.push("no file here".to_owned()),
        }
        if !self.shared.is_empty() {
            words.push(format!("shares `{}` with the primary", self.shared.join("`, `").escape_debug()));
        }
        words.join(", ")
    }
}

#[cfg(test)]
#[path = "starter_tests.rs"]
mod tests;
