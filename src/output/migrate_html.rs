//! A migration as one page for a browser: `report.html`. It needs no network and runs no script, and holds names and numbers,
//! never the content of a row.

use std::io::{self, Write};

use super::html::{begin, cell, end, table_head, text};
use super::look::{count, grouped};
use super::migrate_picture::{NARROW, PARTS, WIDE, parts, picture};
use super::migrate_record::Totals;
use super::usage_picture::{self, Use};
use crate::migrate::plan::Action;
use crate::migrate::run::{Became, Report, Reported, Standing};
use crate::migrate::{Account, Proof};

type Out<'a> = &'a mut dyn Write;

/// Writes the report of a run as one page.
pub fn migration_html(report: &Report, out: Out<'_>) -> io::Result<()> {
    let totals = Totals::of(report);
    let title = title(report);
    begin(&title, out)?;
    header(report, &totals, &text(&title), out)?;
    warnings(report, out)?;
    if !report.accounts.is_empty() {
        way(report, out)?;
        accounts(report, &totals, out)?;
    }
    databases(report, out)?;
    uses(report, out)?;
    proofs(report, &totals, out)?;
    times(report, out)?;
    objects(report, out)?;
    code(report, out)?;
    next(report, out)?;
    let footer = format!(
        "Written by dbguard {} from the journal of run {}. <code>report.json</code> beside it says the same to programs.",
        env!("CARGO_PKG_VERSION"),
        text(&report.run)
    );
    end(&footer, out)
}

fn merged(report: &Report) -> impl Iterator<Item = &Reported> {
    report.databases.iter().filter(|one| one.action == Some(Action::Merge))
}

fn title(report: &Report) -> String {
    let databases = merged(report).count();
    let many = count(databases, "database", "databases");
    match report.standing {
        _ if !report.data => format!("{} of the code changed", count(report.files.len(), "file", "files")),
        Standing::Done | Standing::Committed if report.rehearsed => format!("{many} into {}, rehearsed", report.target),
        Standing::Done | Standing::Committed => format!("{many} became {}", report.target),
        Standing::RolledBack => format!("{many} are as they were"),
        Standing::Abandoned => "Nothing was changed".to_owned(),
        Standing::Unfinished | Standing::RollingBack => format!("{many} on the way into {}", report.target),
    }
}

fn standing(report: &Report) -> (&'static str, &'static str) {
    match report.standing {
        Standing::Done if report.rehearsed => ("rehearsed on copies", "good"),
        Standing::Done => ("done", "good"),
        Standing::Committed => ("committed, not tidied up", "caution"),
        Standing::Unfinished => ("unfinished", "bad"),
        Standing::Abandoned => ("given up", "caution"),
        Standing::RollingBack => ("being undone", "bad"),
        Standing::RolledBack => ("undone", "caution"),
    }
}

fn header(report: &Report, totals: &Totals, title: &str, out: Out<'_>) -> io::Result<()> {
    let (word, class) = standing(report);
    let at = report.committed.as_ref().unwrap_or(&report.began);
    writeln!(
        out,
        "<header>\n<span class=\"standing {class}\">{word}</span>\n<h1>{title}</h1>\n<p class=\"faint\">{}, run {}, dbguard {}</p>",
        moment(at),
        text(&report.run),
        text(&report.version)
    )?;
    if let Some(why) = &report.why {
        writeln!(out, "<p class=\"caution\">{}</p>", text(why))?;
    }
    let mut facts: Vec<(String, &str, &str)> = Vec::new();
    if !report.accounts.is_empty() {
        facts.push((grouped(totals.rows), "rows, all accounted for", "rows"));
    }
    if totals.proofs > 0 {
        let held = grouped(totals.proofs_that_hold);
        let words = if totals.proofs_that_hold == totals.proofs { "proofs, all hold" } else { "proofs hold" };
        let all = grouped(totals.proofs);
        facts.push((if held == all { held } else { format!("{held} of {all}") }, words, "proofs"));
    }
    if !report.files.is_empty() {
        let undone = matches!(report.standing, Standing::RolledBack | Standing::Abandoned);
        let words = if undone { "files of the code, as they were" } else { "files of the code changed" };
        facts.push((grouped(report.files.len() as u64), words, "files"));
    }
    if totals.milliseconds > 0 {
        facts.push((seconds(totals.milliseconds), "from freeze to commit", "time"));
    }
    writeln!(out, "<dl class=\"facts\">")?;
    for (number, words, id) in facts {
        writeln!(out, "<div><dt>{words}</dt><dd id=\"{id}\">{number}</dd></div>")?;
    }
    writeln!(out, "</dl>\n</header>")
}

fn warnings(report: &Report, out: Out<'_>) -> io::Result<()> {
    if report.warnings.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section id=\"warnings\">\n<h2>Worth a look</h2>\n<ul class=\"warnings\">")?;
    for warning in &report.warnings {
        writeln!(out, "<li>{}</li>", text(warning))?;
    }
    writeln!(out, "</ul>\n</section>")
}

/// The rows summed up, and the picture of where they went.
fn way(report: &Report, out: Out<'_>) -> io::Result<()> {
    let sums = report.accounts.iter().map(parts).fold([0; 4], |mut sums, one| {
        for (sum, part) in sums.iter_mut().zip(one) {
            *sum += part;
        }
        sums
    });
    writeln!(out, "<section id=\"way\">\n<h2>Before and after</h2>\n<div class=\"sum\" aria-hidden=\"true\">")?;
    let present = || PARTS.iter().zip(sums).filter(|(_, sum)| *sum > 0);
    for ((_, class), sum) in present() {
        write!(out, "<span class=\"part-{class}\" style=\"flex:{sum}\"></span>")?;
    }
    writeln!(out, "</div>\n<ul class=\"legend\">")?;
    for ((word, class), sum) in present() {
        let about = match *class {
            "copied" => "rows of their own in the target",
            "identical" => "stood there already, value for value",
            "merged" => "gave their values to a row of the target",
            _ => "whole, in <code>dbguard_kept_aside</code>",
        };
        let sum = grouped(sum);
        writeln!(out, "<li class=\"part-{class}\"><b>{sum} {word}</b> <span class=\"faint\">{about}</span></li>")?;
    }
    writeln!(out, "</ul>\n{}\n{}\n</section>", picture(report, WIDE), picture(report, NARROW))
}

const ACCOUNT_HEADS: [&str; 6] = ["rows", "copied", "identical", "merged", "kept aside", "adds up"];

fn accounts(report: &Report, totals: &Totals, out: Out<'_>) -> io::Result<()> {
    writeln!(
        out,
        "<section id=\"accounts\">\n<h2>Accounts</h2>\n<p class=\"about\">What became of the rows of each table. In every line, \
         rows = copied + identical + merged + kept aside.</p>\n<table class=\"cards\" role=\"table\">\n\
         <caption>What became of the rows of each table</caption>\n\
         <thead role=\"rowgroup\"><tr role=\"row\"><th role=\"columnheader\" scope=\"col\">table</th>"
    )?;
    for head in ACCOUNT_HEADS {
        write!(out, "<th role=\"columnheader\" scope=\"col\" class=\"n\">{head}</th>")?;
    }
    writeln!(out, "</tr></thead>\n<tbody role=\"rowgroup\">")?;
    let mut last = None;
    for account in &report.accounts {
        if last != Some(&account.source) {
            let database = report.databases.iter().find(|one| one.id == account.source);
            let path = database.map_or(account.source.as_str(), |one| one.path.as_str());
            writeln!(
                out,
                "<tr role=\"row\" class=\"database\"><th role=\"rowheader\" scope=\"rowgroup\" colspan=\"7\">{}</th></tr>",
                text(path)
            )?;
            last = Some(&account.source);
        }
        let to = match &account.target {
            Some(target) if *target == account.table => String::new(),
            Some(target) => format!(" <span class=\"to\">is now {}</span>", text(target)),
            None => " <span class=\"to\">is left out by the plan</span>".to_owned(),
        };
        let holds = if account.adds_up() { "<span class=\"good\">yes</span>" } else { "<span class=\"bad\">no</span>" };
        writeln!(
            out,
            "<tr role=\"row\" class=\"account\"><th role=\"rowheader\" scope=\"row\">{}{to}</th>{}<td role=\"cell\" \
             class=\"n\" data-name=\"adds up\">{holds}</td></tr>",
            text(&account.table),
            numbers(account)
        )?;
    }
    let all = Account {
        source: String::new(),
        table: String::new(),
        target: None,
        rows: totals.rows,
        copied: totals.copied,
        identical: totals.identical,
        merged: totals.merged,
        kept_aside: totals.kept_aside,
    };
    let good = report.accounts.iter().all(Account::adds_up);
    let holds = if good { "<span class=\"good\">yes</span>" } else { "<span class=\"bad\">no</span>" };
    writeln!(
        out,
        "</tbody>\n<tfoot role=\"rowgroup\"><tr role=\"row\"><th role=\"rowheader\" scope=\"row\">all of them</th>{}\
         <td role=\"cell\" class=\"n\" data-name=\"adds up\">{holds}</td></tr></tfoot>\n</table>\n</section>",
        numbers(&all)
    )
}

fn numbers(account: &Account) -> String {
    let [copied, identical, merged, aside] = parts(account);
    let each = ACCOUNT_HEADS.iter().zip([account.rows, copied, identical, merged, aside]);
    let cell = |(head, number): (&&str, u64)| {
        let zero = if number == 0 { " zero" } else { "" };
        format!("<td role=\"cell\" class=\"n{zero}\" data-name=\"{head}\">{}</td>", grouped(number))
    };
    each.map(cell).collect()
}

fn databases(report: &Report, out: Out<'_>) -> io::Result<()> {
    if !report.data || report.databases.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section id=\"databases\">\n<h2>Databases</h2>\n<p class=\"about\">What each of them was, and what stands at its path {}.{}</p>",
        if report.rehearsed { "after a run like this" } else { "now" },
        archive(report)
    )?;
    let columns = [("path", false), ("what stands there", false), ("tables", true), ("rows", true), ("size", true)];
    table_head("What became of each database", &columns, out)?;
    for one in &report.databases {
        let number = |name: &str, value: Option<String>| cell(name, true, value.as_deref());
        writeln!(
            out,
            "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">{}</th><td role=\"cell\">{}</td>{}{}{}</tr>",
            text(&one.path),
            stands(one),
            number("tables", one.tables.map(grouped)),
            number("rows", one.rows.map(grouped)),
            number("size", one.bytes.map(size)),
        )?;
    }
    writeln!(out, "</tbody>\n</table>\n</section>")
}

/// Where the files that were replaced are kept, which is one folder. That of a rehearsal is gone.
fn archive(report: &Report) -> String {
    let kept = report.databases.iter().find_map(|one| one.archive.as_deref()).filter(|_| !report.rehearsed);
    let folder = kept.and_then(|path| path.rsplit_once('/')).map(|(folder, _)| folder);
    folder.map_or_else(String::new, |folder| format!(" Files that went are kept in <code>{}</code>.", text(folder)))
}

fn stands(one: &Reported) -> &'static str {
    match one.became {
        Became::Target => "the one database",
        Became::Itself => match one.action {
            Some(Action::External) => "itself: it belongs to another program",
            Some(Action::Keep) => "itself: the plan keeps it",
            _ => "itself",
        },
        Became::Fenced => "itself, fenced: somebody still reads it",
        Became::Archived => "nothing",
        Became::Linked => "a link to the target",
        Became::Tombstone => "a tombstone that no client takes for a database",
    }
}

fn uses(report: &Report, out: Out<'_>) -> io::Result<()> {
    let uses: Vec<Use<'_>> = report
        .uses
        .iter()
        .map(|it| Use {
            database: &it.database,
            table: &it.table,
            file: &it.file,
            function: it.function.as_deref(),
            reads: it.reads,
            writes: it.writes,
            defines: it.defines,
        })
        .collect();
    let about = format!(
        "As the code was when the run began: a line for each function, a column for each table. Since then {} holds them all.",
        text(&report.target)
    );
    let moved = matches!(report.standing, Standing::Done | Standing::Committed) && report.data && !report.rehearsed;
    usage_picture::section(&uses, if moved { &about } else { usage_picture::ABOUT }, out)
}

fn proofs(report: &Report, totals: &Totals, out: Out<'_>) -> io::Result<()> {
    if report.proofs.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section id=\"proofs\">\n<h2>Proofs</h2>\n<p class=\"about\">{} of {} hold. Each was read back from the backups and \
         from the merged database, not from what the merge said of itself.</p>",
        grouped(totals.proofs_that_hold),
        grouped(totals.proofs)
    )?;
    let mut kinds: Vec<(&str, Vec<&Proof>)> = Vec::new();
    for proof in &report.proofs {
        match kinds.iter_mut().find(|(name, _)| *name == proof.name) {
            Some((_, proofs)) => proofs.push(proof),
            None => kinds.push((&proof.name, vec![proof])),
        }
    }
    // What fails comes first, and is open.
    kinds.sort_by_key(|(_, proofs)| proofs.iter().all(|proof| proof.holds));
    for (name, proofs) in kinds {
        let held = proofs.iter().filter(|proof| proof.holds).count();
        let (open, class) = if held < proofs.len() { (" open", "bad") } else { ("", "good") };
        let all = proofs.len();
        let words = match (all - held, all) {
            (0, 1) => "holds".to_owned(),
            (0, _) => format!("{all} hold"),
            (fail, _) => format!("{fail} of {all} fail"),
        };
        writeln!(
            out,
            "<details{open}><summary><span>{}</span><span class=\"{class}\">{words}</span></summary>\n\
             <table class=\"cards\" role=\"table\">\n<caption>Proofs: {0}</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">\
             <th role=\"columnheader\" scope=\"col\">of</th><th role=\"columnheader\" scope=\"col\">expected</th>\
             <th role=\"columnheader\" scope=\"col\">found</th><th role=\"columnheader\" scope=\"col\" class=\"n\">holds</th>\
             </tr></thead>\n<tbody role=\"rowgroup\">",
            text(name)
        )?;
        let mut sorted = proofs;
        sorted.sort_by_key(|proof| proof.holds);
        for proof in sorted {
            let (word, class) = if proof.holds { ("yes", "good") } else { ("no", "bad") };
            writeln!(
                out,
                "<tr role=\"row\" class=\"proof\"><th role=\"rowheader\" scope=\"row\">{}</th>\
                 <td role=\"cell\" data-name=\"expected\">{}</td><td role=\"cell\" data-name=\"found\">{}</td>\
                 <td role=\"cell\" class=\"n\" data-name=\"holds\"><span class=\"{class}\">{word}</span></td></tr>",
                text(&proof.subject),
                text(&proof.expected),
                text(&proof.found)
            )?;
        }
        writeln!(out, "</tbody>\n</table>\n</details>")?;
    }
    writeln!(out, "</section>")
}

fn times(report: &Report, out: Out<'_>) -> io::Result<()> {
    // Times of `backup:auth` and `backup:zoe` are one.
    let mut sums: Vec<(&str, u64, usize)> = Vec::new();
    for (step, time) in &report.times {
        let name = step.split(':').next().unwrap_or(step);
        match sums.iter_mut().find(|(known, ..)| *known == name) {
            Some((_, sum, times)) => (*sum, *times) = (*sum + time, *times + 1),
            None => sums.push((name, *time, 1)),
        }
    }
    let Some(most) = sums.iter().map(|(_, time, _)| *time).max() else { return Ok(()) };
    writeln!(
        out,
        "<section id=\"times\">\n<h2>Times</h2>\n<table class=\"steps\">\n<caption>How long each step took</caption>\n<thead>\
         <tr><th scope=\"col\">step</th><th scope=\"col\" class=\"n\">time</th><th scope=\"col\" aria-label=\"share\"></th></tr>\
         </thead>\n<tbody>"
    )?;
    for (name, time, times) in sums {
        let of = if times > 1 {
            format!(" <span class=\"faint\">× {}</span>", grouped(times as u64))
        } else {
            String::new()
        };
        let share = time.saturating_mul(100) / most.max(1);
        writeln!(
            out,
            "<tr><th scope=\"row\">{}{of}</th><td class=\"n\">{}</td><td><i style=\"width:{share}%\"></i></td></tr>",
            text(name),
            seconds(time)
        )?;
    }
    writeln!(out, "</tbody>\n</table>\n</section>")
}

fn objects(report: &Report, out: Out<'_>) -> io::Result<()> {
    if report.objects.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section id=\"objects\">\n<h2>Indexes, triggers and views</h2>")?;
    for (kind, one, many) in
        [("index", "index", "indexes"), ("trigger", "trigger", "triggers"), ("view", "view", "views")]
    {
        let found: Vec<_> = report.objects.iter().filter(|object| object.kind == kind).collect();
        if found.is_empty() {
            continue;
        }
        let left = found.iter().filter(|object| object.target.is_none()).count();
        let words = if left > 0 { format!("{left} left out") } else { "all carried".to_owned() };
        let class = if left > 0 { "caution" } else { "good" };
        writeln!(
            out,
            "<details><summary><span>{}</span><span class=\"{class}\">{words}</span></summary>\n<ul class=\"files\">",
            count(found.len(), one, many)
        )?;
        for object in found {
            let to = match &object.target {
                Some(target) if *target == object.name => String::new(),
                Some(target) => format!(" <span class=\"to\">is now {}</span>", text(target)),
                None => " <span class=\"caution\">left out</span>".to_owned(),
            };
            writeln!(
                out,
                "<li>{} <span class=\"faint\">of {}</span>{to}</li>",
                text(&object.name),
                text(&object.source)
            )?;
        }
        writeln!(out, "</ul>\n</details>")?;
    }
    writeln!(out, "</section>")
}

fn code(report: &Report, out: Out<'_>) -> io::Result<()> {
    if report.files.is_empty() {
        return Ok(());
    }
    let files = count(report.files.len(), "file", "files");
    writeln!(
        out,
        "<section id=\"code\">\n<h2>Code</h2>\n<details><summary><span>{files} changed in the same step</span></summary>\n\
         <ul class=\"files\">"
    )?;
    for file in &report.files {
        writeln!(out, "<li>{}</li>", text(file))?;
    }
    writeln!(out, "</ul>\n</details>\n</section>")
}

/// What may be done from here.
fn next(report: &Report, out: Out<'_>) -> io::Result<()> {
    const FINISH: (&str, &str) = ("apply", "finish it");
    const BACK: (&str, &str) = ("rollback", "put everything back");
    const STATUS: (&str, &str) = ("status", "does anybody still use an old path?");
    let lines: &[(&str, &str)] = match report.standing {
        _ if report.rehearsed => &[("apply", "do it; asks first")],
        Standing::Done if report.cleaned => &[STATUS],
        Standing::Done => &[STATUS, ("verify", "prove all of it again"), BACK],
        Standing::Committed | Standing::Unfinished => &[FINISH, BACK],
        Standing::RollingBack => &[("rollback", "finish undoing it")],
        Standing::Abandoned | Standing::RolledBack => {
            &[("plan", "look again; keeps the choices that are made"), ("apply --rehearse", "try it on copies")]
        }
    };
    writeln!(out, "<section id=\"next\">\n<h2>From here</h2>")?;
    if report.standing == Standing::Done && report.data && !report.rehearsed {
        let words = if report.cleaned {
            "It was cleaned up: it cannot be undone any more.".to_owned()
        } else {
            let days = count(usize::try_from(report.keep_days).unwrap_or(usize::MAX), "day", "days");
            format!(
                "What is needed to undo it is kept for {days}; <code>dbguard migrate cleanup</code> removes it then."
            )
        };
        writeln!(out, "<p class=\"about\">{words}</p>")?;
    }
    writeln!(out, "<ul class=\"next\">")?;
    for (command, words) in lines {
        writeln!(out, "<li><code>dbguard migrate {command}</code> <span class=\"faint\">{words}</span></li>")?;
    }
    writeln!(out, "</ul>\n</section>")
}

/// `2026-11-21T12:22:08Z` as people read it.
fn moment(at: &str) -> String {
    format!("<time datetime=\"{0}\">{1}</time>", text(at), text(&at.replace('T', " ").replace('Z', " UTC")))
}

fn seconds(milliseconds: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let seconds = milliseconds as f64 / 1e3;
    if milliseconds < 1000 { format!("{milliseconds} ms") } else { format!("{seconds:.1} s") }
}

fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let bytes = bytes as f64;
    match bytes {
        small if small < 1e6 => format!("{:.0} KB", small / 1e3),
        middle if middle < 1e9 => format!("{:.1} MB", middle / 1e6),
        large => format!("{:.1} GB", large / 1e9),
    }
}
