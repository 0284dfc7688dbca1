//! The first pass over a script: which variables it sets, which functions it has and what they are called with.

use std::cell::Cell;
use std::collections::HashMap;
use std::ops::Range;

use tree_sitter::Node;

use super::build;
use super::scope::{Binding, Function, Scope};
use super::word::Word;
use crate::text::Source;

/// What is around a node.
#[derive(Clone, Default)]
struct Around {
    conditional: bool,
    function: Option<usize>,
    /// The `if` or the list whose condition decides.
    branch: Option<Range<usize>>,
    local: bool,
}

pub(super) fn collect<'a>(source: &'a Source, root: Node<'_>) -> Scope<'a> {
    let mut scope = Scope {
        source,
        bindings: HashMap::new(),
        functions: Vec::new(),
        calls: HashMap::new(),
        exported: Vec::new(),
        fuel: Cell::new(0),
    };
    let mut stack = vec![(root, Around::default())];
    while let Some((node, mut around)) = stack.pop() {
        match node.kind() {
            "function_definition" => {
                let name = node.child_by_field_name("name").map_or("", |name| slice(source, name.byte_range()));
                around = Around { function: Some(scope.functions.len()), ..Around::default() };
                scope.functions.push(Function { name: name.to_owned(), range: node.byte_range() });
            }
            "if_statement" | "while_statement" | "case_statement" | "list" => {
                around.conditional = true;
                around.branch = Some(node.byte_range());
            }
            "for_statement" => {
                loop_variable(&mut scope, node, &around);
                around.conditional = true;
            }
            "declaration_command" => {
                let text = slice(source, node.byte_range());
                around.local = text.starts_with("local") || text.starts_with("declare") && around.function.is_some();
                if text.starts_with("export") {
                    exports(&mut scope, node);
                }
            }
            "variable_assignment" => assignment(&mut scope, node, &around),
            "command" => call(&mut scope, node, &around),
            _ => {}
        }
        let first = stack.len();
        let mut cursor = node.walk();
        let list = node.kind() == "list";
        for (index, child) in node.named_children(&mut cursor).enumerate() {
            let mut inner = around.clone();
            if list && index == 0 {
                // What stands before the first `&&` runs in any case.
                inner.conditional = around.conditional && around.branch.as_ref() != Some(&node.byte_range());
            }
            stack.push((child, inner));
        }
        stack[first..].reverse();
    }
    for bindings in scope.bindings.values_mut() {
        bindings.sort_by_key(|binding| binding.at);
    }
    scope
}

fn slice(source: &Source, range: Range<usize>) -> &str {
    source.text.get(range).unwrap_or("")
}

fn bind(scope: &mut Scope<'_>, name: &str, binding: Binding) {
    scope.bindings.entry(name.to_owned()).or_default().push(binding);
}

fn exports(scope: &mut Scope<'_>, node: Node<'_>) {
    let mut cursor = node.walk();
    for child in node.named_children(&mut cursor) {
        if child.kind() == "variable_name" {
            scope.exported.push(slice(scope.source, child.byte_range()).to_owned());
        }
    }
}

fn assignment(scope: &mut Scope<'_>, node: Node<'_>, around: &Around) {
    let Some(name) = node.child_by_field_name("name") else { return };
    // In front of a command it holds for that command only.
    if node.parent().is_some_and(|parent| parent.kind() == "command") {
        return;
    }
    let source = scope.source;
    let text = slice(source, name.byte_range());
    let name = text.split('[').next().unwrap_or("").to_owned();
    let Some(value) = node.child_by_field_name("value") else { return };
    let words = if value.kind() == "array" {
        let mut cursor = value.walk();
        let elements = value.named_children(&mut cursor).map(|element| {
            let word = build::word(element, &source.text);
            if word.lead().starts_with('[') { word.after_equals().map_or(word, |(_, tail)| tail) } else { word }
        });
        elements.take(64).collect()
    } else {
        vec![build::word(value, &source.text)]
    };
    let before = slice(source, node.start_byte()..value.start_byte());
    let adds = before.contains("+=") || text.contains('[');
    let empty = words.iter().all(|word| word.pieces.is_empty());
    let fallback = around.branch.as_ref().is_some_and(|branch| {
        let condition = slice(source, branch.start..node.start_byte());
        let condition = condition.get(..300).unwrap_or(condition);
        condition.contains("-z")
            && (condition.contains(&format!("${name}")) || condition.contains(&format!("${{{name}")))
    });
    let function = around.function;
    let region = if around.local { function.map(|index| scope.functions[index].range.clone()) } else { None };
    let conditional = around.conditional || adds || empty;
    let words = if empty || before.contains("+=") && value.kind() != "array" { Vec::new() } else { words };
    bind(scope, &name, Binding { at: node.end_byte(), region, function, words, conditional, fallback });
}

fn loop_variable(scope: &mut Scope<'_>, node: Node<'_>, around: &Around) {
    let Some(variable) = node.child_by_field_name("variable") else { return };
    let source = scope.source;
    let mut cursor = node.walk();
    let words: Vec<Word> = node
        .children_by_field_name("value", &mut cursor)
        .take(64)
        .map(|value| build::word(value, &source.text))
        .collect();
    let at = node.child_by_field_name("body").map_or(node.start_byte(), |body| body.start_byte());
    let name = slice(source, variable.byte_range()).to_owned();
    let region = Some(node.byte_range());
    let function = around.function;
    bind(scope, &name, Binding { at, region, function, words, conditional: false, fallback: false });
}

/// A call of a function, `read NAME`, and the defaults that `:=` assigns.
fn call(scope: &mut Scope<'_>, node: Node<'_>, around: &Around) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let source = scope.source;
    let name = slice(source, name.byte_range()).to_owned();
    let mut cursor = node.walk();
    let arguments: Vec<Word> = node
        .children_by_field_name("argument", &mut cursor)
        .take(64)
        .map(|node| build::word(node, &source.text))
        .collect();
    let function = around.function;
    for word in &arguments {
        for variable in word.variables() {
            if let Some(default) = variable.default.as_ref().filter(|_| variable.assigns) {
                let binding = Binding {
                    at: variable.span.end,
                    region: None,
                    function,
                    words: vec![default.clone()],
                    conditional: true,
                    fallback: true,
                };
                bind(scope, &variable.name, binding);
            }
        }
    }
    if name == "read" {
        for word in &arguments {
            let target = word.literal().filter(|text| !text.starts_with('-')).unwrap_or_default();
            if !target.is_empty() {
                let at = node.end_byte();
                let binding =
                    Binding { at, region: None, function, words: Vec::new(), conditional: false, fallback: false };
                bind(scope, &target, binding);
            }
        }
    }
    if !arguments.is_empty() {
        scope.calls.entry(name).or_default().push(arguments);
    }
}
