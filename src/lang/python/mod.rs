//! Python's syntax, lowered to the form that programs share. Follows no value: that is [`super::program`]'s work.

mod expressions;
#[cfg(test)]
mod habits;
#[cfg(test)]
mod objects_tests;
mod positions;
mod statements;
mod strings;
#[cfg(test)]
mod tests;
mod write;

use std::collections::HashMap;
use std::sync::Arc;

use tree_sitter::{Node, Parser};

use super::Language;
use super::lowering::{At, span};
use super::program::{BlockId, ExprId, Module, ModuleBuilder, ScopeId};
use crate::text::{Source, Span};

pub use positions::positions;
pub(super) use write::write;

/// Deeper nesting than this is not followed: real code stays below 60, and a stack has an end.
const MAX_DEPTH: u32 = 150;

/// Lowers a source. Text that is not Python gives a module with `has_errors` set and whatever could be read.
#[must_use]
pub fn lower(source: Arc<Source>) -> Module {
    let mut parser = Parser::new();
    let mut builder = ModuleBuilder::new(Arc::clone(&source), Language::Python);
    if is_too_deep(&source.text) {
        // Not parsed, but what it says of databases is still told.
        builder.module.has_errors = true;
        builder.module.prose.push(Span::new(0, source.text.len()));
        return builder.module;
    }
    let language = tree_sitter_python::LANGUAGE.into();
    if parser.set_language(&language).is_err() {
        builder.module.has_errors = true;
        return builder.module;
    }
    let Some(tree) = parser.parse(&source.text, None) else {
        builder.module.has_errors = true;
        return builder.module;
    };
    let root = tree.root_node();
    builder.module.has_errors = root.has_error();
    let mut lowering = Lowering { source: &source, builder, globals: Vec::new(), lowered: HashMap::new() };
    lowering.suite(root, At { scope: ScopeId(0), block: BlockId(0), class: None, levels: MAX_DEPTH });
    lowering.builder.module
}

/// The grammar keeps two bytes for each open block in a buffer of 1024 and ends the process when it overflows.
/// A block takes a column at least, so only a line that begins this far right can hold too many.
pub(super) fn is_too_deep(text: &str) -> bool {
    const DEEPEST: usize = 400;
    text.lines().any(|line| line.len() - line.trim_start_matches([' ', '\t', '\x0c']).len() > DEEPEST)
}

struct Lowering<'a> {
    source: &'a Source,
    builder: ModuleBuilder,
    /// Names that `global` hands to the module, with the function that said so.
    globals: Vec<(ScopeId, Arc<str>)>,
    /// Parts of long chains, by their nodes: their turn comes when what is around them is lowered.
    lowered: HashMap<usize, ExprId>,
}

impl Lowering<'_> {
    fn text(&self, node: Node<'_>) -> &str {
        self.source.slice(span(node))
    }

    fn name(&self, node: Node<'_>) -> Arc<str> {
        self.text(node).into()
    }
}

fn named_children<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).collect()
}
