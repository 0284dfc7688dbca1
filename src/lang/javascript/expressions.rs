//! Expressions.

use std::sync::Arc;

use tree_sitter::Node;

use super::super::lowering::LONGEST_CHAIN;
use super::super::program::{Arg, Bound, ExprId, Kind, Op};
use super::patterns::Target;
use super::{At, Lowering, bare, children, span};

impl Lowering<'_> {
    pub(super) fn expr(&mut self, node: Node<'_>, at: At) -> ExprId {
        let node = bare(node);
        let Some(at) = at.deeper() else {
            return self.make(Kind::Opaque(Vec::new()), node, at);
        };
        match node.kind() {
            "string" | "template_string" => self.string(node, at),
            "call_expression" | "new_expression" => self.call(node, at),
            "binary_expression" => self.binary(node, at),
            "assignment_expression" => self.assignment(node, at),
            "augmented_assignment_expression" => self.augmented(node, at),
            "member_expression" | "subscript_expression" => self.access(node, at),
            "object" => self.object(node, at),
            "array" => {
                let parts = self.all(node, at);
                self.make(Kind::List(parts), node, at)
            }
            "ternary_expression" => self.ternary(node, at),
            "arrow_function" | "function_expression" | "generator_function" => self.function_expression(node, None, at),
            "class" => {
                let name = node.child_by_field_name("name").map(|name| self.name(name));
                let scope = self.class(node, name.unwrap_or_default(), at);
                self.make(Kind::Class(scope), node, at)
            }
            "yield_expression" => {
                let parts = self.all(node, at);
                if let Some(&value) = parts.first() {
                    self.builder.scope_mut(at.scope).returns.push(value);
                }
                self.make(Kind::Opaque(parts), node, at)
            }
            // Plain attributes of markup are words for people.
            "jsx_attribute" => {
                let parts = children(node).into_iter().filter(|child| child.kind() != "string");
                let parts = parts.map(|child| self.expr(child, at)).collect();
                self.make(Kind::Opaque(parts), node, at)
            }
            kind => match self.leaf(kind, node) {
                Some(kind) => self.make(kind, node, at),
                None => self.opaque(node, at),
            },
        }
    }

    fn leaf(&self, kind: &str, node: Node<'_>) -> Option<Kind> {
        Some(match kind {
            "identifier" | "this" | "super" | "import" | "nested_identifier" => Kind::Name(self.name(node)),
            "null" | "undefined" => Kind::Null,
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            "number" => Kind::Number(self.name(node)),
            "regex" => Kind::Regex,
            _ => return None,
        })
    }

    pub(super) fn all(&mut self, node: Node<'_>, at: At) -> Vec<ExprId> {
        children(node).into_iter().map(|child| self.expr(child, at)).collect()
    }

    pub(super) fn opaque(&mut self, node: Node<'_>, at: At) -> ExprId {
        // `import.meta`
        if node.kind() == "meta_property" {
            let (base, name) = self.text(node).split_once('.').unwrap_or(("new", "target"));
            let (base, name): (Arc<str>, Arc<str>) = (base.trim().into(), name.trim().into());
            let base = self.make(Kind::Name(base), node, at);
            return self.make(Kind::Member(base, name), node, at);
        }
        let parts = self.all(node, at);
        self.make(Kind::Opaque(parts), node, at)
    }

    fn access(&mut self, node: Node<'_>, at: At) -> ExprId {
        let Some(object) = node.child_by_field_name("object") else { return self.opaque(node, at) };
        let base = self.expr(object, at);
        if let Some(property) = node.child_by_field_name("property") {
            return self.make(Kind::Member(base, self.name(property)), node, at);
        }
        match node.child_by_field_name("index") {
            Some(index) => {
                let index = self.expr(index, at);
                self.make(Kind::Index(base, index), node, at)
            }
            None => base,
        }
    }

    fn call(&mut self, node: Node<'_>, at: At) -> ExprId {
        if let Some(module) = self.required(node) {
            let name = self.module_name(&module, span(node));
            return self.make(Kind::Name(name), node, at);
        }
        let callee = node.child_by_field_name("function").or_else(|| node.child_by_field_name("constructor"));
        let Some(callee) = callee else { return self.opaque(node, at) };
        let callee = self.expr(callee, at);
        let mut args = Vec::new();
        match node.child_by_field_name("arguments") {
            Some(arguments) if arguments.kind() == "arguments" => {
                for child in children(arguments) {
                    let spread = child.kind() == "spread_element";
                    let value = match children(child).first() {
                        Some(inner) if spread => self.expr(*inner, at),
                        _ => self.expr(child, at),
                    };
                    args.push(Arg { name: spread.then(|| "*".into()), value });
                }
            }
            // A tagged template: its one argument is the text.
            Some(template) => args.push(Arg { name: None, value: self.expr(template, at) }),
            None => {}
        }
        self.make(Kind::Call { callee, args }, node, at)
    }

    /// `a + b + c` nests to the left as deep as it is long, so the left side is followed in a loop.
    fn binary(&mut self, node: Node<'_>, at: At) -> ExprId {
        let mut spine = vec![node];
        let mut first = node;
        while let Some(left) = first.child_by_field_name("left").map(bare) {
            first = left;
            if left.kind() != "binary_expression" {
                break;
            }
            spine.push(left);
        }
        if first.kind() == "binary_expression" {
            return self.opaque(first, at);
        }
        // Who follows an expression inwards comes no deeper.
        if spine.len() > LONGEST_CHAIN {
            self.builder.module.has_errors = true;
            let operands = spine.iter().rev().filter_map(|node| node.child_by_field_name("right"));
            let parts = std::iter::once(first).chain(operands).map(|part| self.expr(part, at)).collect();
            return self.make(Kind::Opaque(parts), node, at);
        }
        let mut value = self.expr(first, at);
        for node in spine.into_iter().rev() {
            let operator = node.child_by_field_name("operator").map_or("", |operator| self.text(operator));
            let op = match operator {
                "+" => Op::Add,
                "/" => Op::Div,
                "%" => Op::Mod,
                "||" | "??" => Op::Or,
                "&&" => Op::And,
                "==" | "!=" | "===" | "!==" | "<" | ">" | "<=" | ">=" | "in" | "instanceof" => Op::Compare,
                _ => Op::Other,
            };
            value = match node.child_by_field_name("right") {
                Some(right) => {
                    let right = self.expr(right, at);
                    self.make(Kind::Binary { op, left: value, right }, node, at)
                }
                None => value,
            };
        }
        value
    }

    /// `a ||= b` gives a name another value; other operators only make a new one from the old.
    fn augmented(&mut self, node: Node<'_>, at: At) -> ExprId {
        let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
            return self.opaque(node, at);
        };
        let value = self.expr(right, at);
        let operator = node.child_by_field_name("operator").map_or("", |operator| self.text(operator));
        if matches!(operator, "||=" | "??=" | "&&=") {
            self.pattern(left, Bound::Expr(value), Target::Assigned, at);
            return value;
        }
        let appends = operator == "+=";
        let left = self.expr(left, at);
        if appends {
            self.builder.module.appends.push((left, value));
        }
        self.make(Kind::Opaque(vec![left, value]), node, at)
    }

    fn ternary(&mut self, node: Node<'_>, at: At) -> ExprId {
        let part = |field| node.child_by_field_name(field);
        let (Some(test), Some(then), Some(otherwise)) = (part("condition"), part("consequence"), part("alternative"))
        else {
            return self.opaque(node, at);
        };
        let test = self.expr(test, at);
        let then = self.expr(then, at);
        let otherwise = self.expr(otherwise, at);
        self.make(Kind::Cond { test, then, otherwise }, node, at)
    }

    fn object(&mut self, node: Node<'_>, at: At) -> ExprId {
        let mut pairs = Vec::new();
        for child in children(node) {
            match child.kind() {
                "pair" => {
                    let (Some(key), Some(value)) =
                        (child.child_by_field_name("key"), child.child_by_field_name("value"))
                    else {
                        continue;
                    };
                    let name = (key.kind() == "property_identifier").then(|| self.name(key));
                    let key = self.key(key, at);
                    let inner = bare(value);
                    let value = match inner.kind() {
                        "arrow_function" | "function_expression" => self.function_expression(inner, name, at),
                        _ => self.expr(value, at),
                    };
                    pairs.push((Some(key), value));
                }
                "shorthand_property_identifier" => {
                    let key = self.word(child, at);
                    let value = self.make(Kind::Name(self.name(child)), child, at);
                    pairs.push((Some(key), value));
                }
                "spread_element" => {
                    if let Some(inner) = children(child).first() {
                        pairs.push((None, self.expr(*inner, at)));
                    }
                }
                "method_definition" => {
                    if let Some(pair) = self.object_method(child, at) {
                        pairs.push(pair);
                    }
                }
                _ => pairs.push((None, self.expr(child, at))),
            }
        }
        self.make(Kind::Dict(pairs), node, at)
    }

    fn object_method(&mut self, node: Node<'_>, at: At) -> Option<(Option<ExprId>, ExprId)> {
        let name = node.child_by_field_name("name")?;
        let words = self.literal(name).unwrap_or_else(|| self.text(name)).into();
        let key = self.key(name, at);
        let scope = self.function(node, words, at);
        let mut cursor = node.walk();
        let getter = node.children(&mut cursor).any(|child| child.kind() == "get");
        let value = if getter { self.getter(scope, node, at) } else { self.make(Kind::Function(scope), node, at) };
        Some((Some(key), value))
    }

    fn key(&mut self, node: Node<'_>, at: At) -> ExprId {
        match node.kind() {
            "string" => self.string(node, at),
            "computed_property_name" => match children(node).first() {
                Some(inner) => self.expr(*inner, at),
                None => self.opaque(node, at),
            },
            _ => self.word(node, at),
        }
    }
}
