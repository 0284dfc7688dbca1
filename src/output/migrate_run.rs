//! What a migration did, would do, and left behind, for people. Judges nothing.

use std::io::{self, Write};
use std::path::Path;

use super::look::{BAD, CAUTION, FAINT, GOOD, HEADING, Look, NAME, PLAIN, Side, Table, count, escape, grouped};
use crate::migrate::plan::Action;
use crate::migrate::run::{Cleaned, Look as Preview, Outcome, Rehearsal, Standing, Status, Undone, Verification};

type Out<'a> = &'a mut dyn Write;

fn below(root: &Path, path: &Path) -> String {
    escape(&path.strip_prefix(root).unwrap_or(path).display().to_string())
}

fn megabytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let megabytes = bytes as f64 / 1e6;
    format!("{megabytes:.1} MB")
}

fn seconds(milliseconds: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let seconds = milliseconds as f64 / 1e3;
    if milliseconds < 1000 { format!("{milliseconds} ms") } else { format!("{seconds:.1} s") }
}

/// What a run would do: before the question, and for `--dry-run`.
pub fn migrate_preview(preview: &Preview, root: &Path, look: &Look, out: Out<'_>) -> io::Result<()> {
    let merged = preview.databases.iter().filter(|one| one.action == Action::Merge).count();
    if merged > 0 {
        let new = if preview.target_is_new { ", which will be made" } else { "" };
        let what = count(merged, "database", "databases");
        writeln!(out, "{} into {}{new}", look.paint(HEADING, &what), look.paint(NAME, &below(root, &preview.target)))?;
        let mut table = Table::new(&[
            ("database", Side::Left),
            ("what happens", Side::Left),
            ("tables", Side::Right),
            ("rows", Side::Right),
            ("size", Side::Right),
        ]);
        for one in &preview.databases {
            let what = match one.action {
                _ if one.path == preview.target => "is the target",
                Action::Merge => "its rows move, it is retired",
                Action::Archive => "moves to the archive",
                Action::DeleteEmpty => "is deleted, it is empty",
                Action::Keep | Action::External => "stays",
            };
            table.row(vec![
                (below(root, &one.path), NAME),
                (what.to_owned(), PLAIN),
                (grouped(one.tables), PLAIN),
                (grouped(one.rows), PLAIN),
                (megabytes(one.bytes), PLAIN),
            ]);
        }
        write!(out, "{}", table.draw(look))?;
    }
    if preview.files > 0 {
        writeln!(out, "{} of the code will be changed", count(preview.files, "file", "files"))?;
    }
    for one in preview.databases.iter().filter(|one| !one.open_in.is_empty()) {
        writeln!(out, "{} is open in {}", below(root, &one.path), escape(&one.open_in.join(", ")))?;
    }
    for space in &preview.space {
        let free = space.free.map_or_else(|| "unknown".to_owned(), megabytes);
        let folder = Some(below(root, &space.folder)).filter(|folder| !folder.is_empty());
        let folder = folder.unwrap_or_else(|| "the project's folder".to_owned());
        let words = format!("{folder} needs {} for a while; {free} are free", megabytes(space.needed));
        writeln!(out, "{}", look.paint(FAINT, &words))?;
    }
    warnings(&preview.warnings, look, out)
}

fn warnings(warnings: &[String], look: &Look, out: Out<'_>) -> io::Result<()> {
    for warning in warnings {
        writeln!(out, "{}: {}", look.paint(CAUTION, "warning"), look.wrap(&escape(warning), 2))?;
    }
    Ok(())
}

/// What a run did.
pub fn migrate_outcome(outcome: &Outcome, root: &Path, look: &Look, out: Out<'_>) -> io::Result<()> {
    if outcome.already {
        return writeln!(out, "Nothing to do: run {} carried out this plan", escape(&outcome.run));
    }
    let rows: u64 = outcome.accounts.iter().map(|account| account.rows).sum();
    let target = look.paint(NAME, &below(root, &outcome.target));
    let time: u64 = outcome.times.iter().map(|(_, time)| time).sum();
    if outcome.resumed {
        writeln!(out, "Finished run {}, which an earlier process began", escape(&outcome.run))?;
    }
    if !outcome.accounts.is_empty() {
        let title = format!("{} moved", count(usize::try_from(rows).unwrap_or(usize::MAX), "row", "rows"));
        let proofs = count(outcome.proofs, "proof holds", "proofs hold");
        writeln!(out, "{} into {target} in {}; {proofs}", look.paint(HEADING, &title), seconds(time))?;
        accounts(outcome, look, out)?;
    }
    if outcome.files > 0 {
        writeln!(out, "{} of the code changed", count(outcome.files, "file", "files"))?;
    }
    if !outcome.times.is_empty() {
        let times: Vec<String> =
            summed(outcome).into_iter().map(|(name, time)| format!("{name} {}", seconds(time))).collect();
        writeln!(out, "{}", look.paint(FAINT, &look.wrap(&times.join(", "), 2)))?;
    }
    for path in &outcome.retired {
        writeln!(out, "{} {}", look.paint(GOOD, "retired"), below(root, path))?;
    }
    for path in &outcome.left {
        let words = format!("{} is still being read: it is fenced and stands where it was", below(root, path));
        writeln!(out, "{} {words}; `dbguard migrate apply` retires it later", look.paint(CAUTION, "left"))?;
    }
    warnings(&outcome.warnings, look, out)?;
    if outcome.other_plan {
        writeln!(out, "That run was of another plan. Run `dbguard migrate apply` again for this one.")?;
    }
    writeln!(out, "Undo with `dbguard migrate rollback`; all of it is in {}", below(root, &outcome.folder))
}

/// Times of `backup:auth` and `backup:zoe` are one.
fn summed(outcome: &Outcome) -> Vec<(String, u64)> {
    let mut sums: Vec<(String, u64)> = Vec::new();
    for (step, time) in &outcome.times {
        let name = step.split(':').next().unwrap_or(step);
        match sums.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum += time,
            None => sums.push((name.to_owned(), *time)),
        }
    }
    sums
}

fn accounts(outcome: &Outcome, look: &Look, out: Out<'_>) -> io::Result<()> {
    let mut table = Table::new(&[
        ("from", Side::Left),
        ("table", Side::Left),
        ("rows", Side::Right),
        ("copied", Side::Right),
        ("identical", Side::Right),
        ("merged", Side::Right),
        ("kept aside", Side::Right),
    ]);
    for account in &outcome.accounts {
        let name = match &account.target {
            Some(target) if *target != account.table => format!("{} → {target}", account.table),
            _ => account.table.clone(),
        };
        table.row(vec![
            (escape(&account.source), NAME),
            (escape(&name), PLAIN),
            (grouped(account.rows), PLAIN),
            (grouped(account.copied), PLAIN),
            (grouped(account.identical), PLAIN),
            (grouped(account.merged), PLAIN),
            (grouped(account.kept_aside), if account.kept_aside > 0 { CAUTION } else { PLAIN }),
        ]);
    }
    write!(out, "{}", table.draw(look))
}

/// What a rehearsal came to.
pub fn migrate_rehearsal(rehearsal: &Rehearsal, look: &Look, out: Out<'_>) -> io::Result<()> {
    let proofs = count(rehearsal.outcome.proofs, "proof holds", "proofs hold");
    writeln!(
        out,
        "{}: {} in {}, undone in {}; {proofs}",
        look.paint(HEADING, "Rehearsed on copies"),
        megabytes(rehearsal.bytes),
        seconds(rehearsal.apply),
        seconds(rehearsal.rollback)
    )?;
    accounts(&rehearsal.outcome, look, out)?;
    warnings(&rehearsal.outcome.warnings, look, out)?;
    writeln!(out, "The copies are gone; nothing was changed")
}

/// How far each run is, and what happened since.
pub fn migrate_status(status: &Status, look: &Look, out: Out<'_>) -> io::Result<()> {
    if status.runs.is_empty() {
        return writeln!(out, "No migration has been run here");
    }
    for run in &status.runs {
        let (style, words) = match run.standing {
            Standing::Unfinished => {
                (BAD, "unfinished: `dbguard migrate apply` goes on, `dbguard migrate rollback` undoes it")
            }
            Standing::Committed => (CAUTION, "committed, not tidied up: `dbguard migrate apply` does the rest"),
            Standing::Done => (GOOD, "done"),
            Standing::Abandoned => (FAINT, "given up before anything changed"),
            Standing::RollingBack => (BAD, "being undone: `dbguard migrate rollback` goes on"),
            Standing::RolledBack => (FAINT, "undone"),
        };
        writeln!(out, "{}  {}", look.paint(HEADING, &escape(&run.id)), look.paint(style, words))?;
        let committed = run.committed.as_ref().map(|at| format!(", committed {at}")).unwrap_or_default();
        let target = if run.target.is_empty() {
            "the code alone".to_owned()
        } else {
            format!("into {}", look.paint(NAME, &escape(&run.target)))
        };
        writeln!(out, "  {target}, begun {}{committed}; {}", run.began, escape(&run.last))?;
        if let Some(why) = &run.why {
            writeln!(out, "  {}", escape(why))?;
        }
        if run.files > 0 {
            writeln!(out, "  {} of the code", count(run.files, "file", "files"))?;
        }
        for path in &run.paths {
            let style = if path.late { BAD } else { PLAIN };
            writeln!(out, "  {}: {}", look.paint(NAME, &escape(&path.path)), look.paint(style, &escape(&path.stands)))?;
        }
        if run.cleaned {
            writeln!(out, "  cleaned up: it cannot be undone any more")?;
        }
    }
    Ok(())
}

/// Each proof that does not hold, and how many do.
pub fn migrate_verification(verification: &Verification, look: &Look, out: Out<'_>) -> io::Result<()> {
    let held = verification.proofs.iter().filter(|proof| proof.holds).count();
    for proof in verification.proofs.iter().filter(|proof| !proof.holds) {
        let words = format!("{} of {}: expected {}, found {}", proof.name, proof.subject, proof.expected, proof.found);
        writeln!(out, "{} {}", look.paint(BAD, "does not hold"), look.wrap(&escape(&words), 2))?;
    }
    let style = if verification.holds() { GOOD } else { BAD };
    let words = format!("{held} of {} proofs hold", verification.proofs.len());
    writeln!(out, "{} for run {}", look.paint(style, &words), escape(&verification.run))
}

/// What was undone.
pub fn migrate_undone(undone: &Undone, root: &Path, look: &Look, out: Out<'_>) -> io::Result<()> {
    let mut back = Vec::new();
    // A run of the code alone has no target.
    let alone = undone.target.as_os_str().is_empty();
    if !alone {
        back.push(count(undone.sources, "database", "databases"));
    }
    if undone.files > 0 {
        back.push(count(undone.files, "file of the code", "files of the code"));
    }
    let target = match (alone, undone.target_was_new) {
        (true, _) => String::new(),
        (false, true) => format!("; {} is gone", below(root, &undone.target)),
        (false, false) => format!("; {} is as it was", below(root, &undone.target)),
    };
    let back = back.join(", ");
    writeln!(out, "{} run {}: {back} put back{target}", look.paint(HEADING, "Undid"), escape(&undone.run))?;
    for path in &undone.saved {
        writeln!(out, "{} what was written since, in {}", look.paint(CAUTION, "saved"), below(root, path))?;
    }
    Ok(())
}

/// What was removed, or would be.
pub fn migrate_cleaned(cleaned: &Cleaned, dry: bool, root: &Path, look: &Look, out: Out<'_>) -> io::Result<()> {
    for path in &cleaned.files {
        writeln!(out, "  {}", below(root, path))?;
    }
    let verb = if dry { "Would remove" } else { "Removed" };
    let files = count(cleaned.files.len(), "file", "files");
    let runs = count(cleaned.runs.len(), "run", "runs");
    writeln!(out, "{} of {runs}, {}", look.paint(HEADING, &format!("{verb} {files}")), megabytes(cleaned.bytes))?;
    for view in &cleaned.views {
        let verb = if dry { "Would take away" } else { "Took away" };
        writeln!(out, "{verb} the view {}: nothing in the code names it", look.paint(NAME, &escape(view)))?;
    }
    for (view, places) in &cleaned.views_in_use {
        let places = count(*places, "place of the code names it", "places of the code name it");
        writeln!(out, "The view {} stays: {places}", look.paint(NAME, &escape(view)))?;
    }
    for (run, days) in &cleaned.kept {
        let days = count(usize::try_from(*days).unwrap_or(usize::MAX), "more day", "more days");
        writeln!(out, "Run {} is kept for {days}; --now does not wait", escape(run))?;
    }
    Ok(())
}
