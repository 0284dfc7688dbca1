//! What the people of the application decide about its migration: which choices fill the plan, what they mend by hand, what may stay.

use std::fs;
use std::io;
use std::path::Path;

/// What the plan asks, and what is answered.
const CHOICES: [(&str, &str); 3] = [
    ("email = \"?\"", "email = \"{username}@house.test\""),
    ("password_hash = \"?\"", "password_hash = \"!\""),
    ("strategy = \"?\"", "strategy = \"fill-nulls\""),
];

/// Loops over names and one `ATTACH`, which no rewriting of text can mend: the file, what it says, what it shall say.
pub const BY_HAND: [(&str, &str, &str); 2] = [
    ("scripts/export.py", "f\"/app/data/{name}.db\"", "\"/app/data/zoe.db\""),
    ("services/metrics/store.py", "ATTACH '/app/data/metrics.db'", "ATTACH '/app/data/zoe.db'"),
];

/// A mount of one file, names of databases in lists, a command in a string, tables that tests make in memory.
pub const ACCEPTED: [&str; 5] = [
    "docker-compose.yml",
    "scripts/report.py",
    "scripts/vacuum.py",
    "scripts/export.py",
    "tests/test_notifications.py",
];

/// Writes all of it into the plan and the code of the application in `folder`.
///
/// # Errors
/// A file cannot be read or written, or does not hold what is decided about.
pub fn decide(folder: &Path) -> io::Result<()> {
    let accepted = format!("[code]\naccept = {ACCEPTED:?}\n\n[after]");
    let answers = CHOICES.into_iter().chain([("[after]", accepted.as_str())]);
    for (asked, answer) in answers {
        replace(folder, "migration.toml", asked, answer)?;
    }
    BY_HAND.into_iter().try_for_each(|(file, from, to)| replace(folder, file, from, to))
}

fn replace(folder: &Path, name: &str, from: &str, to: &str) -> io::Result<()> {
    let file = folder.join(name);
    let text = fs::read_to_string(&file)?;
    if !text.contains(from) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{name} does not hold {from:?}")));
    }
    fs::write(file, text.replace(from, to))
}
