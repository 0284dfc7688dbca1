//! Git has a database.

use super::sink::Offence;
use super::{Applied, Sink, names};
use crate::db::State;
use crate::finding::Remedy;
use crate::scan::{DatabaseId, Inventory};
use crate::text::Place;

pub(super) fn judge(inventory: &Inventory, policy: &Applied<'_>, sink: &mut Sink<'_>) {
    for (index, database) in inventory.databases.iter().enumerate() {
        let not_one = database.file.as_ref().is_some_and(|file| matches!(file.state, State::NotSqlite(_)));
        let in_tests = policy.context(&database.path, crate::scan::Context::Code) == crate::scan::Context::Test;
        if !database.tracking.tracked || not_one || in_tests || names::is_fixture(&database.path) {
            continue;
        }
        let mut offence = Offence::at(&Place::whole(database.path.as_str().into()))
            .hole("path", &database.path)
            .about(Some(DatabaseId(index)));
        // What is ignored already only has to leave the index.
        if !database.tracking.ignored {
            let line = format!("/{}", database.path);
            offence = offence.remedy(Remedy::AddIgnore { file: ".gitignore".to_owned(), line });
        }
        sink.report(offence);
    }
}
