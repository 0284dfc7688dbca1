//! The expression that gives a path, found around the literal that names the file: joins, classes, conversions, defaults.
//! Changes nothing.

use tree_sitter::Node;

use super::literal::Literal;
use super::span;
use crate::lang::names;
use crate::lang::python::named_children;
use crate::lang::write::Refusal;
use crate::text::{Source, Span};

/// What a path is to the code around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Path,
    Url,
}

/// The whole expression that gives a path.
pub(super) struct PathExpression<'a> {
    pub(super) node: Node<'a>,
    pub(super) kind: Kind,
    /// The text it always gives; `None` where something is known at run time only.
    pub(super) fixed: Option<String>,
    /// The quote that its last literal is written with.
    pub(super) quote: char,
    /// What stands between the quotes of each of its literals, holes left out.
    pub(super) contents: Vec<Span>,
    /// The class of a path: `Path`, `pathlib.Path`.
    pub(super) class: Option<String>,
    /// It is the default of a reading of the environment.
    pub(super) read: Option<Read<'a>>,
    /// A sum in its place would be taken for nothing else.
    pub(super) stands_alone: bool,
    /// Scheme and query of a URL.
    ends: (String, String),
}

/// `os.getenv("NAME", default)` and its kin.
pub(super) struct Read<'a> {
    pub(super) node: Node<'a>,
    /// The literal of the variable's name.
    pub(super) name: Node<'a>,
    pub(super) default: Option<Node<'a>>,
}

impl<'a> Read<'a> {
    /// The reading that a node is.
    pub(super) fn of(source: &'a Source, node: Node<'a>) -> Option<Self> {
        match node.kind() {
            "subscript" => {
                let base = source.slice(span(node.child_by_field_name("value")?));
                let name = node.child_by_field_name("subscript")?;
                (is_environ(base) && name.kind() == "string").then_some(Self { node, name, default: None })
            }
            "call" => {
                let callee = source.slice(span(node.child_by_field_name("function")?));
                let arguments = arguments(node);
                let name = *arguments.first()?;
                let reads = is_getter(callee) && name.kind() == "string";
                let default = arguments.get(1).map(|it| match it.kind() {
                    "keyword_argument" => it.child_by_field_name("value").unwrap_or(*it),
                    _ => *it,
                });
                reads.then_some(Self { node, name, default })
            }
            "boolean_operator" => {
                let inner = Self::of(source, node.child_by_field_name("left")?)?;
                let or = node.child_by_field_name("operator")?.kind() == "or";
                (or && inner.default.is_none()).then_some(Self {
                    node,
                    name: inner.name,
                    default: node.child_by_field_name("right"),
                })
            }
            _ => None,
        }
    }
}

fn is_environ(base: &str) -> bool {
    base == "environ" || base.ends_with(".environ")
}

fn is_getter(callee: &str) -> bool {
    callee == "getenv"
        || callee.ends_with(".getenv")
        || callee.strip_suffix(".get").is_some_and(is_environ)
        || matches!(callee, "env" | "env.str" | "config")
}

fn arguments(call: Node<'_>) -> Vec<Node<'_>> {
    let list = call.child_by_field_name("arguments");
    list.map(named_children).unwrap_or_default().into_iter().filter(|it| it.kind() != "comment").collect()
}

impl<'a> PathExpression<'a> {
    /// Climbs from the node that names the file to the whole of what gives its path.
    pub(super) fn around(source: &'a Source, start: Node<'a>) -> Result<Self, Refusal> {
        if !matches!(start.kind(), "string" | "concatenated_string" | "call" | "binary_operator") {
            return Err(Refusal::because("the path is not written here"));
        }
        let mut node = start;
        while let Some(next) = wider(source, node) {
            node = next;
        }
        refuse_where_code_may_not_stand(source, node)?;
        let literals = super::literals_in(node);
        let read_literals: Vec<Literal<'_>> = literals.iter().filter_map(|it| Literal::of(source, *it)).collect();
        if read_literals.iter().any(Literal::is_bytes) {
            return Err(Refusal::because("the path is given as bytes"));
        }
        let in_order = |it: &&Literal<'_>| it.content.map_or(0, |content| content.start);
        let last = read_literals.iter().max_by_key(in_order);
        let last = last.ok_or_else(|| Refusal::because("the path is not written here"))?;
        let quote = last.quote();
        let fixed = fixed(source, node);
        let written = fixed.clone().or_else(|| {
            let content = Literal::of(source, node)?.content?;
            Some(source.slice(content).to_owned())
        });
        let ends = match written {
            Some(written) => url_ends(&written),
            None => (leading_scheme(source, node).unwrap_or_default(), String::new()),
        };
        let class = class_of(source, node);
        let kind = match (&ends, gives_path(source, node)) {
            ((scheme, _), _) if !scheme.is_empty() => Kind::Url,
            (_, true) => Kind::Path,
            _ => Kind::Text,
        };
        let contents = read_literals.iter().filter_map(|it| it.content).collect();
        let (read, stands_alone) = (default_of(source, node), stands_alone(node));
        Ok(Self { node, kind, fixed, quote, contents, class, read, stands_alone, ends })
    }

    /// What stands before and after the path in a URL: `sqlite:///` and `?mode=ro`. Empty for what is no URL.
    pub(super) fn url_ends(&self) -> (&str, &str) {
        (&self.ends.0, &self.ends.1)
    }
}

/// `sqlite+aiosqlite:///` and `?mode=ro`.
fn url_ends(text: &str) -> (String, String) {
    let rest = names::strip_url(text);
    if rest.len() == text.len() || rest.is_empty() {
        return <_>::default();
    }
    match text.find(rest) {
        Some(at) => {
            let (scheme, query) = (&text[..at], &text[at + rest.len()..]);
            // SQLAlchemy takes what follows two slashes for a host.
            let slash = if scheme.starts_with("sqlite") && scheme.ends_with("://") && !scheme.ends_with(":///") {
                "/"
            } else {
                ""
            };
            (format!("{scheme}{slash}"), query.to_owned())
        }
        None => <_>::default(),
    }
}

/// `sqlite:///` of a URL that is added up or filled in: what the first of its literals begins with.
fn leading_scheme(source: &Source, node: Node<'_>) -> Option<String> {
    let first = first_literal(source, node)?;
    let text = source.slice(first.content?);
    let scheme =
        text.find("://").and_then(|at| text.get(..at + 3)).filter(|_| names::sqlite_url_path(text).is_some())?;
    let slash = if text.get(scheme.len()..)?.starts_with('/') { "/" } else { "" };
    Some(format!("{scheme}{slash}"))
}

/// The literal that an expression begins with.
pub(super) fn first_literal<'a>(source: &'a Source, node: Node<'a>) -> Option<Literal<'a>> {
    let mut node = node;
    for _ in 0..64 {
        node = match node.kind() {
            "parenthesized_expression" | "concatenated_string" => *named_children(node).first()?,
            "binary_operator" => node.child_by_field_name("left")?,
            // `"sqlite:///{}".format(path)`
            "call" => node.child_by_field_name("function").filter(|it| it.kind() == "attribute")?,
            "attribute" => node.child_by_field_name("object")?,
            _ => return Literal::of(source, node),
        };
    }
    None
}

/// The next wider expression that is still the same path.
fn wider<'a>(source: &'a Source, node: Node<'a>) -> Option<Node<'a>> {
    let parent = node.parent()?;
    match parent.kind() {
        "concatenated_string" => Some(parent),
        // Brackets alone give nothing new; what is done with them may.
        "parenthesized_expression" => wider(source, parent),
        "binary_operator" => {
            let operator = parent.child_by_field_name("operator")?.kind();
            let left = parent.child_by_field_name("left")?;
            match operator {
                "/" => Some(parent),
                "+" if left != node && is_scheme(source, left) => None,
                "+" => Some(parent),
                "%" if left == node => Some(parent),
                _ => None,
            }
        }
        "attribute" => {
            let call = parent.parent().filter(|call| {
                call.kind() == "call" && call.child_by_field_name("function").is_some_and(|it| it == parent)
            })?;
            let method = source.slice(span(parent.child_by_field_name("attribute")?));
            let same = ["resolve", "absolute", "expanduser", "as_posix", "format", "joinpath", "format_map"];
            same.contains(&method).then_some(call)
        }
        "argument_list" => {
            let call = parent.parent().filter(|call| call.kind() == "call")?;
            let callee = source.slice(span(call.child_by_field_name("function")?));
            let name = callee.rsplit('.').next().unwrap_or(callee);
            let joins = callee.ends_with("path.join")
                || is_path_class(callee)
                || matches!(
                    name,
                    "joinpath" | "abspath" | "normpath" | "realpath" | "expanduser" | "expandvars" | "fspath"
                )
                || callee == "str"
                || callee == "join" && arguments(call).len() > 1;
            joins.then_some(call)
        }
        "conditional_expression" => {
            let parts = named_children(parent);
            let other = [0, 2].into_iter().filter_map(|at| parts.get(at)).find(|it| **it != node)?;
            let condition = parts.get(1).is_some_and(|it| *it == node);
            // `store.path if store else "x.db"`: what the program gives first, it goes on giving first.
            (!condition && spells(*other)).then_some(parent)
        }
        _ => None,
    }
}

/// Whether a text is spelled out in an expression.
fn spells(node: Node<'_>) -> bool {
    let mut waiting = vec![node];
    while let Some(node) = waiting.pop() {
        if node.kind() == "string" {
            return true;
        }
        waiting.extend(named_children(node));
    }
    false
}

fn is_path_class(callee: &str) -> bool {
    matches!(callee.rsplit('.').next(), Some("Path" | "PurePath" | "PosixPath" | "PurePosixPath" | "UPath"))
}

fn is_scheme(source: &Source, node: Node<'_>) -> bool {
    Literal::of(source, node)
        .and_then(|it| it.text())
        .is_some_and(|text| text.ends_with("://") || text.ends_with(":///"))
}

/// The text that an expression of nothing but literals gives.
fn fixed(source: &Source, node: Node<'_>) -> Option<String> {
    match node.kind() {
        "string" => Literal::of(source, node)?.text(),
        "concatenated_string" => named_children(node)
            .into_iter()
            .map(|part| if part.kind() == "comment" { None } else { fixed(source, part) })
            .collect(),
        "parenthesized_expression" => fixed(source, *named_children(node).first()?),
        "binary_operator" => {
            let (left, right) =
                (fixed(source, node.child_by_field_name("left")?)?, fixed(source, node.child_by_field_name("right")?)?);
            match node.child_by_field_name("operator")?.kind() {
                "/" => Some(joined(&left, &right)),
                "+" => Some(left + &right),
                _ => None,
            }
        }
        "call" => {
            let callee = source.slice(span(node.child_by_field_name("function")?));
            let parts: Vec<String> = arguments(node).into_iter().map(|it| fixed(source, it)).collect::<Option<_>>()?;
            let first = parts.first()?.clone();
            if callee.ends_with("path.join") || is_path_class(callee) || callee == "join" {
                return Some(parts.iter().skip(1).fold(first, |path, part| joined(&path, part)));
            }
            (matches!(callee, "str" | "os.fspath") && parts.len() == 1).then_some(first)
        }
        _ => None,
    }
}

fn joined(left: &str, right: &str) -> String {
    if right.starts_with('/') {
        return right.to_owned();
    }
    format!("{}/{right}", left.trim_end_matches('/')).trim_start_matches("./").to_owned()
}

/// Whether an expression gives an object of a path, and not its text.
fn gives_path(source: &Source, node: Node<'_>) -> bool {
    match node.kind() {
        "parenthesized_expression" => named_children(node).first().is_some_and(|it| gives_path(source, *it)),
        "binary_operator" => node.child_by_field_name("operator").is_some_and(|it| it.kind() == "/"),
        "conditional_expression" => named_children(node).first().is_some_and(|it| gives_path(source, *it)),
        "call" => {
            let callee = node.child_by_field_name("function").map_or("", |it| source.slice(span(it)));
            is_path_class(callee)
                || [".resolve", ".absolute", ".joinpath"].iter().any(|method| callee.ends_with(method))
                || callee.ends_with(".expanduser") && !callee.ends_with("path.expanduser")
        }
        _ => false,
    }
}

/// Whether an expression is handed to what takes the text of a path as well as its object.
pub(super) fn is_taken_as_text(source: &Source, node: Node<'_>) -> bool {
    let Some(list) = node.parent().filter(|parent| parent.kind() == "argument_list") else { return false };
    let callee = list.parent().and_then(|call| call.child_by_field_name("function"));
    let first = named_children(list).into_iter().find(|it| it.kind() != "comment");
    let callee = callee.map_or("", |it| source.slice(span(it)));
    first == Some(node) && matches!(callee, "sqlite3.connect" | "aiosqlite.connect" | "sqlite_utils.Database")
}

/// The class whose object the leftmost part of a path is.
fn class_of(source: &Source, node: Node<'_>) -> Option<String> {
    let mut node = node;
    for _ in 0..64 {
        node = match node.kind() {
            "parenthesized_expression" => *named_children(node).first()?,
            "binary_operator" => node.child_by_field_name("left")?,
            "conditional_expression" => *named_children(node).first()?,
            "attribute" => node.child_by_field_name("object")?,
            "call" => {
                let callee = node.child_by_field_name("function")?;
                let name = source.slice(span(callee));
                if is_path_class(name) {
                    return Some(name.to_owned());
                }
                callee
            }
            _ => return None,
        };
    }
    None
}

/// The reading of the environment that a node is the default of.
fn default_of<'a>(source: &'a Source, node: Node<'a>) -> Option<Read<'a>> {
    let mut around = node.parent()?;
    while matches!(around.kind(), "parenthesized_expression" | "keyword_argument" | "argument_list") {
        around = around.parent()?;
    }
    let read = Read::of(source, around)?;
    read.default
        .filter(|default| default.byte_range().start <= node.start_byte() && node.end_byte() <= default.end_byte())?;
    Some(read)
}

fn stands_alone(node: Node<'_>) -> bool {
    node.parent().is_none_or(|parent| {
        matches!(
            parent.kind(),
            "assignment"
                | "argument_list"
                | "keyword_argument"
                | "pair"
                | "list"
                | "tuple"
                | "set"
                | "default_parameter"
                | "typed_default_parameter"
                | "return_statement"
                | "expression_statement"
                | "parenthesized_expression"
        )
    })
}

/// Places where a literal is asked for and no expression may stand, or where one would mean something else.
fn refuse_where_code_may_not_stand(source: &Source, node: Node<'_>) -> Result<(), Refusal> {
    let mut at = node;
    while let Some(parent) = at.parent() {
        match parent.kind() {
            "interpolation" | "format_specifier" => return Err(Refusal::because("the path stands within an f-string")),
            "type" => return Err(Refusal::because("the path stands in a type")),
            "case_pattern" => return Err(Refusal::because("the path is a pattern of `match`")),
            "subscript" if parent.child_by_field_name("subscript").is_some_and(|it| it == at) => {
                return Err(Refusal::because("the path is a key"));
            }
            "comparison_operator" => return Err(Refusal::because("the path is compared with another")),
            "call" if at.kind() == "argument_list" => {
                let callee = parent.child_by_field_name("function").map_or("", |it| source.slice(span(it)));
                if callee.ends_with("environ.setdefault") || callee.ends_with(".setenv") {
                    return Err(Refusal::because("the variable itself is set here"));
                }
            }
            "assignment" => {
                let left = parent.child_by_field_name("left").map_or("", |it| source.slice(span(it)));
                if left.contains("environ[") {
                    return Err(Refusal::because("the variable itself is set here"));
                }
                return Ok(());
            }
            "block" | "module" => return Ok(()),
            _ => {}
        }
        at = parent;
    }
    Ok(())
}
