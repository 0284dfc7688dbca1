//! `migration.toml` to a plan, with what is wrong in it. Opens no database.

use super::{Choice, Plan, Strategy};
use crate::policy::nearest;
use crate::text::{Place, Source, Span};

/// Something wrong in a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub place: Place,
    pub message: String,
    pub help: Option<String>,
}

/// The version of the format that this program writes.
const VERSION: u32 = 1;

/// Reads a plan.
///
/// # Errors
/// Everything wrong in it that can be told without its databases; the first thing only where it is not TOML of the right
/// shape.
pub fn read(source: &Source) -> Result<Plan, Vec<Mistake>> {
    let plan: Plan = match toml::from_str(&source.text) {
        Ok(plan) => plan,
        Err(error) => return Err(vec![misshapen(source, &error)]),
    };
    let mistakes = contradictions(source, &plan);
    if mistakes.is_empty() { Ok(plan) } else { Err(mistakes) }
}

fn misshapen(source: &Source, error: &toml::de::Error) -> Mistake {
    let span = error.span().unwrap_or_default();
    let message = error.message().to_owned();
    let words = |text: &str| -> Vec<String> {
        text.split('`').skip(1).step_by(2).map(str::to_owned).filter(|word| !word.is_empty()).collect()
    };
    let quoted = words(&message);
    let help = quoted
        .split_first()
        .filter(|_| message.starts_with("unknown"))
        .and_then(|(unknown, known)| nearest(unknown, known.iter().map(String::as_str)))
        .map(|meant| format!("did you mean `{meant}`?"));
    Mistake { place: source.place(Span::new(span.start, span.end)), message, help }
}

/// What the blocks say against each other.
fn contradictions(source: &Source, plan: &Plan) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut note = |words: &str, message: String, help: Option<String>| {
        mistakes.push(Mistake { place: place_of(source, words), message, help });
    };
    if plan.version != VERSION {
        let help = format!("this program reads version {VERSION}; make the plan again with `dbguard migrate plan`");
        note("version", format!("a plan of version {}", plan.version), Some(help));
    }
    let ids: Vec<&str> = plan.sources.iter().map(|source| source.id.as_str()).collect();
    let meant = |id: &str| match nearest(id, ids.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("sources are {}", ids.join(", ")),
    };
    for (index, id) in ids.iter().enumerate() {
        if ids.iter().take(index).any(|before| before == id) {
            note(&format!("id = {id:?}"), format!("two sources are called `{id}`"), Some("ids are unique".to_owned()));
        }
    }
    if let Some(base) = &plan.target.base
        && !ids.contains(&base.as_str())
    {
        note("base", format!("the base `{base}` is no source"), Some(meant(base)));
    }
    for block in &plan.tables {
        let at = format!("name = {:?}", block.name);
        if block.from.is_empty() {
            note(&at, format!("`{}` is from no source", block.name), Some("list sources under `from`".to_owned()));
        }
        let named = (block.from.iter().chain(&block.prefer))
            .chain(block.columns.keys())
            .chain(block.drop_columns.keys())
            .map(String::as_str)
            .chain(block.alias.iter().flat_map(|alias| [&alias.from, &alias.to]).map(|row| owner(row)));
        for id in named {
            if !ids.contains(&id) {
                note(&at, format!("`{}` speaks of `{id}`, which is no source", block.name), Some(meant(id)));
            }
        }
        let strategy = plan.strategy(block);
        if strategy == Choice::Made(Strategy::Newest) && block.newest.is_none() {
            let help = "name the column that tells: newest = \"updated_at\"".to_owned();
            note(&at, format!("`{}` keeps the newest row by no column", block.name), Some(help));
        }
        if strategy == Choice::Made(Strategy::Alias) && block.alias.is_empty() {
            let help = "list the pairs: alias = [{ from = \"auth:2\", to = \"zoe:1\" }]".to_owned();
            note(&at, format!("`{}` lists no alias", block.name), Some(help));
        }
    }
    for (index, block) in plan.tables.iter().enumerate() {
        for earlier in plan.tables.iter().take(index).filter(|other| other.name.eq_ignore_ascii_case(&block.name)) {
            if let Some(id) = block.from.iter().find(|id| earlier.from.contains(id)) {
                let message = format!("two blocks decide on `{}` of `{id}`", block.name);
                note(&format!("name = {:?}", block.name), message, Some("keep one of them".to_owned()));
            }
        }
    }
    for reference in &plan.refs {
        for (key, words) in [("column", &reference.column), ("to", &reference.to)] {
            if !words.contains('.') {
                let help = "write table.column".to_owned();
                note(&format!("{words:?}"), format!("`{key}` of a [[ref]] is `{words}`"), Some(help));
            }
        }
    }
    mistakes
}

/// The source of `source:key`.
fn owner(row: &str) -> &str {
    row.split(':').next().unwrap_or(row)
}

/// Where the words stand first; the top of the file where they do not.
fn place_of(source: &Source, words: &str) -> Place {
    let at = source.text.find(words).unwrap_or(0);
    let end = source.text.get(at..).filter(|rest| rest.starts_with(words)).map_or(at, |_| at + words.len());
    source.place(Span::new(at, end))
}
