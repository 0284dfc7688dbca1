//! Databases that the next `git add .` would commit.

use std::collections::BTreeMap;

use super::sink::Offence;
use super::{Applied, Sink, names};
use crate::db::State;
use crate::finding::Remedy;
use crate::scan::{Database, DatabaseId, Inventory};
use crate::text::Place;

pub(super) fn judge(inventory: &Inventory, _: &Applied<'_>, sink: &mut Sink<'_>) {
    if !inventory.in_git {
        return;
    }
    // One line of an ignore file is missing for all that lie in one folder with one ending.
    let mut missing: BTreeMap<(&str, &str), Vec<(DatabaseId, &Database)>> = BTreeMap::new();
    for (index, database) in inventory.databases.iter().enumerate() {
        let Some(file) = &database.file else { continue };
        if database.tracking.tracked
            || database.tracking.ignored
            || names::is_fixture(&database.path)
            || file.path.starts_with(['/', '.'])
            || matches!(file.state, State::NotSqlite(_) | State::Unreadable(_))
        {
            continue;
        }
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        missing.entry((folder, ending)).or_default().push((DatabaseId(index), database));
    }
    for ((folder, ending), databases) in missing {
        let Some((id, first)) = databases.first() else { continue };
        let line = match (databases.len(), ending) {
            (1, _) | (_, "") => format!("/{}", first.path),
            (_, ending) if folder.is_empty() => format!("/*.{ending}"),
            (_, ending) => format!("/{folder}/*.{ending}"),
        };
        let mut offence = Offence::at(&Place::whole(first.path.as_str().into()))
            .hole("path", &first.path)
            .hole("line", &line)
            .hole("others", others(databases.len()))
            .about(Some(*id))
            .remedy(Remedy::AddIgnore { file: ".gitignore".to_owned(), line });
        for (_, other) in databases.iter().skip(1) {
            offence = offence.label(&Place::whole(other.path.as_str().into()), "other");
        }
        sink.report(offence);
    }
}

fn others(count: usize) -> String {
    match count {
        1 => "is".to_owned(),
        2 => "and one more are".to_owned(),
        more => format!("and {} more are", more - 1),
    }
}
