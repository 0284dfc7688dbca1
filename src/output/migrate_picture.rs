//! Where every row went, as a picture: databases on the left, the target on the right, a band between them for each table and
//! each thing that became of its rows. Knows nothing of the page around it.

use std::fmt::Write;

use super::escape;
use super::html::text;
use super::look::{beginning, count, grouped, shorten};
use crate::migrate::Account;
use crate::migrate::run::Report;

/// How wide a picture is, and how much of it is words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    /// Also its class, and part of its ids.
    pub(super) name: &'static str,
    width: f64,
    /// Columns of words on either side.
    words: f64,
    /// Room for a table's words.
    line: f64,
    /// Whether the number of rows stands below the name.
    below: bool,
    letter: f64,
}

pub(super) const WIDE: Page = Page { name: "wide", width: 1040.0, words: 290.0, line: 23.0, below: false, letter: 7.6 };
pub(super) const NARROW: Page =
    Page { name: "narrow", width: 356.0, words: 120.0, line: 33.0, below: true, letter: 6.6 };

/// As many tables are drawn; where there are more, each database is one band.
const TABLES: usize = 70;
const BAR: f64 = 9.0;
const GAP: f64 = 7.0;
const HEAD: f64 = 34.0;
/// Height of the largest table.
const TALL: f64 = 64.0;

/// What can become of a row, with its class.
pub(super) const PARTS: [(&str, &str); 4] =
    [("copied", "copied"), ("identical", "identical"), ("merged", "merged"), ("kept aside", "aside")];

pub(super) fn parts(account: &Account) -> [u64; 4] {
    [account.copied, account.identical, account.merged, account.kept_aside]
}

/// Rows that go one way.
struct Flow {
    database: usize,
    table: String,
    rows: u64,
    /// `None` where the target has no such table.
    target: Option<String>,
    parts: [u64; 4],
}

struct Node {
    /// `None` for what is kept aside.
    label: Option<String>,
    rows: u64,
    top: f64,
    height: f64,
    /// Height that bands took so far.
    taken: f64,
}

/// The picture, or nothing where no row moved.
pub(super) fn picture(report: &Report, page: Page) -> String {
    let flows = flows(report);
    if flows.is_empty() {
        return String::new();
    }
    let most = flows.iter().map(|flow| flow.rows).max().unwrap_or(1).max(1);
    let heights: Vec<[f64; 4]> = flows.iter().map(|flow| band_heights(flow, most)).collect();
    let mut drawn = String::new();
    let (left, left_end) = left(report, &flows, &heights, page, &mut drawn);
    let mut right = right(report, &flows, &heights, &left);
    let right_height: f64 = HEAD + right.iter().map(|node| slot(node, page)).sum::<f64>();
    let start = ((left_end - right_height) / 2.0).max(0.0);
    let height = left_end.max(right_height) + 4.0;
    let x = page.width - page.words - BAR;
    let words_x = page.width - page.words + 8.0;
    heading(&mut drawn, words_x, start, &report.target, page);
    let mut y = start + HEAD;
    for node in &mut right {
        let room = slot(node, page);
        node.top = y + (room - node.height) / 2.0;
        bar(&mut drawn, x, node);
        words(&mut drawn, words_x, y + room / 2.0, node, page);
        y += room;
    }
    let mut bands = String::new();
    for ((flow, heights), node) in flows.iter().zip(&heights).zip(&left) {
        let mut from = node.top;
        for (part, (&rows, &tall)) in flow.parts.iter().zip(heights).enumerate() {
            let to = flow.target.as_deref().filter(|_| part != 3);
            let Some(target) = right.iter_mut().find(|node| node.label.as_deref() == to).filter(|_| rows > 0) else {
                continue;
            };
            let (word, class) = PARTS.get(part).copied().unwrap_or_default();
            let title = format!(
                "{} of {} from {} to {}: {word}",
                count(usize::try_from(rows).unwrap_or(usize::MAX), "row", "rows"),
                flow.table,
                report.databases.get(flow.database).map_or("", |one| one.path.as_str()),
                to.unwrap_or("dbguard_kept_aside"),
            );
            band(&mut bands, [page.words + BAR, from, x, target.top + target.taken, tall], class, &title);
            from += tall;
            target.taken += tall;
        }
    }
    let (width, name) = (page.width, page.name);
    format!(
        "<svg class=\"picture {name}\" viewBox=\"0 0 {width} {height:.0}\" role=\"img\" \
         aria-labelledby=\"title-{name} told-{name}\"><title id=\"title-{name}\">Where every row went</title>\
         <desc id=\"told-{name}\">{}</desc>{bands}{drawn}</svg>",
        text(&told(report))
    )
}

fn told(report: &Report) -> String {
    let databases = report.databases.iter().filter(|one| report.accounts.iter().any(|it| it.source == one.id)).count();
    format!(
        "{} on the left, {} on the right, and a band from each table to where its rows are now. The table of accounts says \
         the same in numbers.",
        count(databases, "database", "databases"),
        report.target
    )
}

fn flows(report: &Report) -> Vec<Flow> {
    let of = |id: &str| report.databases.iter().position(|one| one.id == id);
    let each = report.accounts.iter().filter_map(|account| {
        let database = of(&account.source)?;
        let (table, target) = (account.table.clone(), account.target.clone());
        Some(Flow { database, table, rows: account.rows, target, parts: parts(account) })
    });
    let mut flows: Vec<Flow> = each.collect();
    // Stable: tables of a database keep their order.
    flows.sort_by_key(|flow| flow.database);
    if flows.len() <= TABLES {
        return flows;
    }
    let tables: std::collections::BTreeSet<&String> = flows.iter().filter_map(|flow| flow.target.as_ref()).collect();
    let all = count(tables.len(), "table", "tables");
    let mut whole: Vec<(Flow, usize)> = Vec::new();
    for flow in flows {
        match whole.last_mut().filter(|(last, _)| last.database == flow.database) {
            Some((last, tables)) => {
                *tables += 1;
                last.rows += flow.rows;
                for (sum, part) in last.parts.iter_mut().zip(flow.parts) {
                    *sum += part;
                }
            }
            None => whole.push((Flow { target: Some(all.clone()), ..flow }, 1)),
        }
    }
    let named = |(flow, tables): (Flow, usize)| Flow { table: count(tables, "table", "tables"), ..flow };
    whole.into_iter().map(named).collect()
}

/// Heights grow with the square root of rows, so that small tables are seen beside large ones.
fn band_heights(flow: &Flow, most: u64) -> [f64; 4] {
    #[expect(clippy::cast_precision_loss, reason = "lengths in a picture")]
    let (rows, most, parts) = (flow.rows as f64, most as f64, flow.parts.map(|part| part as f64));
    let whole = 3.0 + TALL * (rows / most).sqrt();
    parts.map(|part| if part > 0.0 { (whole * part / rows.max(1.0)).max(1.5) } else { 0.0 })
}

fn slot(node: &Node, page: Page) -> f64 {
    (node.height + GAP).max(page.line)
}

/// Draws the databases, and gives where each flow begins and where all of it ends.
fn left(report: &Report, flows: &[Flow], heights: &[[f64; 4]], page: Page, out: &mut String) -> (Vec<Node>, f64) {
    let mut nodes: Vec<Node> = Vec::with_capacity(flows.len());
    let mut y = 0.0;
    let mut last = None;
    for (flow, heights) in flows.iter().zip(heights) {
        if last != Some(flow.database) {
            if last.is_some() {
                y += 12.0;
            }
            let path = report.databases.get(flow.database).map_or("", |one| one.path.as_str());
            heading(out, page.words - 8.0, y, path, page);
            y += HEAD;
            last = Some(flow.database);
        }
        let height = heights.iter().sum::<f64>().max(1.5);
        let mut node = Node { label: Some(flow.table.clone()), rows: flow.rows, top: y, height, taken: 0.0 };
        let room = slot(&node, page);
        node.top = y + (room - height) / 2.0;
        bar(out, page.words, &node);
        words(out, page.words - 8.0, y + room / 2.0, &node, page);
        y += room;
        nodes.push(node);
    }
    (nodes, y)
}

/// Tables of the target, each near where its rows come from, and what is kept aside below them.
fn right(report: &Report, flows: &[Flow], heights: &[[f64; 4]], left: &[Node]) -> Vec<Node> {
    struct Pulled {
        node: Node,
        /// Where its bands come from, each by its weight.
        sum: f64,
        weight: f64,
    }
    let mut found: Vec<Pulled> = Vec::new();
    for ((flow, heights), from) in flows.iter().zip(heights).zip(left) {
        for (part, (&tall, &rows)) in heights.iter().zip(&flow.parts).enumerate() {
            let label = flow.target.as_deref().filter(|_| part != 3);
            // A table without rows is in the target too.
            if rows == 0 && (part > 0 || label.is_none()) {
                continue;
            }
            let at = found.iter().position(|one| one.node.label.as_deref() == label).unwrap_or_else(|| {
                let node = Node { label: label.map(str::to_owned), rows: 0, top: 0.0, height: 0.0, taken: 0.0 };
                found.push(Pulled { node, sum: 0.0, weight: 0.0 });
                found.len() - 1
            });
            let Some(one) = found.get_mut(at) else { continue };
            let weight = tall.max(1.0);
            one.sum += (from.top + from.height / 2.0) * weight;
            one.weight += weight;
            one.node.height += tall;
            one.node.rows += if part == 0 || label.is_none() { rows } else { 0 };
        }
    }
    found.sort_by(|one, other| {
        let place = |it: &Pulled| (it.node.label.is_none(), it.sum / it.weight);
        place(one).partial_cmp(&place(other)).unwrap_or(std::cmp::Ordering::Equal)
    });
    let published = |node: &Node| report.tables.iter().find(|(name, _)| Some(name) == node.label.as_ref());
    let each = found.into_iter().map(|Pulled { node, .. }| Node {
        rows: published(&node).map_or(node.rows, |(_, rows)| *rows),
        height: node.height.max(1.5),
        ..node
    });
    each.collect()
}

fn side(x: f64, page: Page) -> &'static str {
    if x < page.width / 2.0 { " text-anchor=\"end\"" } else { "" }
}

fn heading(out: &mut String, x: f64, y: f64, path: &str, page: Page) {
    let short = shorten(&escape(path), letters(page.words - 8.0, page.letter * 1.06));
    let _ = write!(
        out,
        "<text class=\"database\" x=\"{x:.1}\" y=\"{:.1}\"{}>{}<title>{}</title></text>",
        y + 20.0,
        side(x, page),
        text(&short),
        text(path)
    );
}

fn bar(out: &mut String, x: f64, node: &Node) {
    let class = if node.label.is_none() { "bar aside" } else { "bar" };
    let _ = write!(
        out,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{BAR}\" height=\"{:.1}\" rx=\"2\"/>",
        node.top, node.height
    );
}

fn words(out: &mut String, x: f64, middle: f64, node: &Node, page: Page) {
    let label = node.label.as_ref().map_or_else(|| "kept aside".to_owned(), |label| escape(label));
    let rows = grouped(node.rows);
    let room = letters(page.words - 8.0, page.letter);
    let room = if page.below { room } else { room.saturating_sub(rows.len() + 2) };
    let (short, name, side) = (text(&beginning(&label, room)), text(&label), side(x, page));
    let class = if node.label.is_none() { "table kept" } else { "table" };
    let _ = if page.below {
        write!(
            out,
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\"{side}>{short}<title>{name}</title></text>\
             <text class=\"rows\" x=\"{x:.1}\" y=\"{:.1}\"{side}>{rows}</text>",
            middle - 2.0,
            middle + 11.0
        )
    } else {
        write!(
            out,
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\"{side}>{short}<tspan class=\"rows\" dx=\"8\">{rows}</tspan>\
             <title>{name}</title></text>",
            middle + 4.5
        )
    };
}

/// A band from one bar to another: left end, its top, right end, its top, height.
fn band(out: &mut String, [x, y, to_x, to_y, tall]: [f64; 5], class: &str, title: &str) {
    let middle = f64::midpoint(x, to_x);
    let (low, to_low) = (y + tall, to_y + tall);
    let _ = write!(
        out,
        "<path class=\"band {class}\" d=\"M{x:.1} {y:.1}C{middle:.1} {y:.1} {middle:.1} {to_y:.1} {to_x:.1} {to_y:.1}V{to_low:.1}\
         C{middle:.1} {to_low:.1} {middle:.1} {low:.1} {x:.1} {low:.1}Z\"><title>{}</title></path>",
        text(title)
    );
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small positive lengths")]
fn letters(room: f64, letter: f64) -> usize {
    (room / letter) as usize
}
