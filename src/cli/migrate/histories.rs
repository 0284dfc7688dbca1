//! Migration tools that must learn under which name they find their own state in the target. Alembic is told in its `env.py`; of
//! code that reads `PRAGMA user_version` a person is told.

use std::path::Path;

use crate::db;
use crate::migrate::plan::Plan;
use crate::migrate::run::{FileChange, digest};
use crate::scan::Inventory;
use crate::text::Place;

/// Where a tool would take the state of another history for its own: the place, and words for people.
pub(super) type Open = (Place, String);

/// Tells alembic in its `env.py` which table is its own. `changes` are the patches so far, which may touch the same file.
pub(super) fn tell(plan: &Plan, before: &Inventory, root: &Path, changes: &mut Vec<FileChange>) -> Vec<Open> {
    let mut open = Vec::new();
    for source in plan.merged().filter(|source| source.path != plan.target.path) {
        let Some(id) = before.at(&source.path) else { continue };
        for block in plan.tables.iter().filter(|block| block.from.contains(&source.id)) {
            let Some(own) = db::bookkeeping(&block.name) else { continue };
            let Some(new) = block.rename_to.as_deref().filter(|_| own.tool == "alembic") else { continue };
            let inis = before.references_to(id).filter(|it| it.fact.place.file.ends_with("alembic.ini"));
            for ini in inis {
                let script = script(root, &ini.fact.place.file);
                if !script.as_deref().is_some_and(|script| write(root, script, new, changes)) {
                    let words = format!(
                        "its steps are noted in `{}`, which becomes `{new}` (write version_table=\"{new}\" into context.configure() of env.py)",
                        block.name
                    );
                    open.push((ini.fact.place.clone(), words));
                }
            }
        }
        open.extend(versions(plan, before, &source.path, &source.id));
    }
    open
}

/// The `env.py` of an `alembic.ini`, relative to the root.
fn script(root: &Path, ini: &str) -> Option<String> {
    let text = std::fs::read_to_string(root.join(ini)).ok()?;
    let location = text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "script_location").then(|| value.trim().trim_start_matches("%(here)s/").to_owned())
    })?;
    let folder = ini.rsplit_once('/').map_or("", |(folder, _)| folder);
    let parts = [folder, location.trim_matches('/'), "env.py"];
    let path = parts.into_iter().filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/");
    root.join(&path).is_file().then_some(path)
}

/// Whether the file tells the name, or does from now on.
fn write(root: &Path, script: &str, new: &str, changes: &mut Vec<FileChange>) -> bool {
    let Ok(bytes) = std::fs::read(root.join(script)) else { return false };
    let known = changes.iter().position(|change| change.path == script);
    let text = match known.and_then(|at| changes.get(at)) {
        Some(change) => change.after.clone(),
        None => bytes.clone(),
    };
    let Ok(text) = String::from_utf8(text) else { return false };
    if text.contains("version_table") {
        return text.contains(new);
    }
    let Some(after) = told(&text, new).map(String::into_bytes) else { return false };
    match known.and_then(|at| changes.get_mut(at)) {
        Some(change) => change.after = after,
        None => changes.push(FileChange { path: script.to_owned(), before: digest(&bytes), after }),
    }
    true
}

/// Each `context.configure(` with the name of the table as its first argument.
fn told(text: &str, new: &str) -> Option<String> {
    const CALL: &str = "context.configure(";
    let mut out = String::new();
    let mut rest = text;
    let mut found = false;
    while let Some((before, after)) = rest.split_once(CALL) {
        out.push_str(before);
        out.push_str(CALL);
        let line = before.rsplit('\n').next().unwrap_or_default();
        if !line.trim_start().starts_with('#') {
            found = true;
            let blank = after.len() - after.trim_start().len();
            // On a line of its own where the others are; `after` goes on with that same white space.
            let blank = after.get(..blank).filter(|blank| blank.contains('\n')).unwrap_or_default();
            let end = if blank.is_empty() { " " } else { "" };
            out.push_str(&format!("{blank}version_table=\"{new}\",{end}"));
        }
        rest = after;
    }
    out.push_str(rest);
    found.then_some(out)
}

/// Reads of `PRAGMA user_version`, where the target has another than the database that is read now.
fn versions<'a>(plan: &'a Plan, before: &'a Inventory, path: &str, id: &'a str) -> impl Iterator<Item = Open> + 'a {
    let of = |path: &str| {
        let found = before.at(path).and_then(|id| before.database(id).file.as_ref()?.schema.as_ref());
        found.map(|schema| schema.user_version)
    };
    let own = of(path).unwrap_or(0);
    let base = plan.target.base.as_deref().and_then(|base| plan.source(base)).and_then(|base| of(&base.path));
    let differs = base.is_some_and(|base| base != own);
    let database = before.at(path);
    let reads = before.statements.iter().filter(move |it| {
        differs
            && database.is_some_and(|own| it.databases.contains(&own))
            && it
                .fact
                .sql
                .to_ascii_lowercase()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .contains("pragma user_version")
    });
    reads.map(move |it| {
        let words = format!(
            "`PRAGMA user_version` is {own} in {id}, and {} in the target (give this code a table of its own for its version)",
            base.unwrap_or(0)
        );
        (it.fact.place.clone(), words)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_that_runs_is_told() {
        let text = "# context.configure(x)\ncontext.configure(url=url, literal_binds=True)\nif online:\n    context.configure(\n        connection=connection,\n    )\n";
        let expected = "# context.configure(x)\ncontext.configure(version_table=\"v_auth\", url=url, literal_binds=True)\nif online:\n    context.configure(\n        version_table=\"v_auth\",\n        connection=connection,\n    )\n";
        assert_eq!(told(text, "v_auth").as_deref(), Some(expected));
        assert_eq!(told("run()", "v_auth"), None);
    }
}
