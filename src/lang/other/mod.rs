//! The common front end: string literals and comments of any language that has no front end of its own,
//! with a small sense of calls, joins and names around them.

mod calls;
mod environment;
mod expression;
mod lex;
mod notebook;
mod openers;
mod queries;
mod reading;
mod scope;
mod style;
mod tags;
mod text;
mod xml;

use super::{Facts, Language, read_snippet};
use crate::text::{Snippet, Source};

pub(super) fn read(source: &Source) -> Facts {
    let path = source.path.to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    if let Some(language) = set_aside(name) {
        return read_snippet(source, &Snippet::verbatim(&source.text, 0), language);
    }
    match name {
        "makefile" | "gnumakefile" => return text::makefile(source),
        "justfile" | "procfile" | "crontab" => return text::recipes(source, name),
        _ => {}
    }
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending {
        "mk" | "mak" => text::makefile(source),
        "ipynb" => notebook::read(source),
        "just" => text::recipes(source, "justfile"),
        "xml" | "xaml" | "plist" | "config" | "csproj" | "props" | "resx" | "iml" | "jrxml" => xml::read(source),
        "html" | "htm" | "xhtml" | "adoc" | "tex" | "log" | "csv" | "tsv" | "svg" | "po" | "css" | "scss" => {
            super::markdown::read(source)
        }
        _ => {
            let (style, known) = style::of(&source.path);
            reading::read(source, style, known)
        }
    }
}

/// HARD-CASE 57: `settings.py.deprecated`, `config.json.backup-2024` are read as what they were.
fn set_aside(name: &str) -> Option<Language> {
    let (before, after) = name.rsplit_once('.')?;
    let marks = [
        "deprecated",
        "backup",
        "bak",
        "old",
        "orig",
        "disabled",
        "example",
        "sample",
        "template",
        "tmpl",
        "tpl",
        "j2",
        "dist",
        "in",
        "default",
        "save",
    ];
    let mark = after.split(['-', '_', '~']).next().unwrap_or(after);
    if !marks.contains(&mark) {
        return None;
    }
    let ending = before.rsplit_once('.').map_or(before, |(_, ending)| ending);
    Some(match ending {
        "py" => Language::Python,
        "js" | "mjs" | "cjs" | "jsx" => Language::Javascript,
        "ts" | "tsx" => Language::Typescript,
        "sh" | "bash" => Language::Shell,
        "sql" => Language::Sql,
        "yml" | "yaml" => Language::Yaml,
        "toml" => Language::Toml,
        "json" => Language::Json,
        "ini" | "cfg" | "conf" | "service" | "properties" => Language::Ini,
        "env" => Language::Dotenv,
        "md" | "txt" | "rst" => Language::Markdown,
        "dockerfile" => Language::Dockerfile,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
