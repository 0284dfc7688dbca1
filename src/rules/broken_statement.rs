//! A statement that cannot run against the database its connection opens.

use super::sink::Offence;
use super::{Applied, Sink, Standing};
use crate::db::Verdict;
use crate::scan::{self, Context, Inventory};

/// As much of a statement as a message shows.
const SHOWN: usize = 60;

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    let schema = |database| inventory.database(database).file.as_ref().and_then(|file| file.schema.as_ref());
    for judged in scan::judge(inventory, schema) {
        let (Verdict::Broken(fault), Some(database)) = (&judged.verdict, judged.database) else { continue };
        let fact = &judged.statement.fact;
        if policy.context(&fact.place.file, judged.statement.context) != Context::Code
            || matches!(policy.standing(database), Standing::Temporary | Standing::External(_))
        {
            continue;
        }
        let offence = Offence::at(&fact.place)
            .hole("statement", short(&fact.sql))
            .hole("database", super::told_apart(inventory, database))
            .hole("reason", fault.words())
            .about(Some(database));
        sink.report(offence);
    }
}

/// The statement on one line, cut.
pub(super) fn short(sql: &str) -> String {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN {
        return line;
    }
    let cut: String = line.chars().take(SHOWN).collect();
    format!("{}…", cut.trim_end())
}
