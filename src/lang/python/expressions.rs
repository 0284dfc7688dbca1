//! Expressions.

use tree_sitter::Node;

use super::super::lowering::LONGEST_CHAIN;
use super::super::program::{Arg, Bound, ExprId, Kind, Op, Param, Piece, ScopeId, ScopeKind};
use super::{At, Lowering, named_children, span};
use crate::text::Span;

/// Operands that are lowered one inside the other.
const STRETCH: usize = 24;

impl Lowering<'_> {
    pub(super) fn expr(&mut self, node: Node<'_>, at: At) -> ExprId {
        if let Some(known) = self.lowered.remove(&node.id()) {
            return known;
        }
        self.lower_chain(node, at);
        let Some(at) = at.deeper() else {
            self.builder.module.has_errors = true;
            return self.builder.expr(Kind::Opaque(Vec::new()), span(node), at.scope, at.block);
        };
        let kind = match node.kind() {
            "string" | "concatenated_string" => return self.string(node, at),
            "parenthesized_expression" | "await" | "type" | "expression_list" if node.named_child_count() == 1 => {
                return match node.named_child(0) {
                    Some(inner) => self.expr(inner, at),
                    None => self.opaque(node, at),
                };
            }
            "identifier" => Kind::Name(self.name(node)),
            "none" => Kind::Null,
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            "integer" | "float" => Kind::Number(self.name(node)),
            "attribute" => match (node.child_by_field_name("object"), node.child_by_field_name("attribute")) {
                (Some(object), Some(attribute)) => Kind::Member(self.expr(object, at), self.name(attribute)),
                _ => return self.opaque(node, at),
            },
            "subscript" => {
                let mut cursor = node.walk();
                let keys: Vec<Node<'_>> = node.children_by_field_name("subscript", &mut cursor).collect();
                match (node.child_by_field_name("value"), keys.is_empty()) {
                    (Some(value), false) => self.index(value, &keys, at),
                    _ => return self.opaque(node, at),
                }
            }
            // `Literal["users", "posts"]` as a type.
            "generic_type" => match named_children(node).as_slice() {
                [value, keys] => self.index(*value, &named_children(*keys), at),
                _ => return self.opaque(node, at),
            },
            "call" => return self.call(node, at),
            "binary_operator" | "boolean_operator" => {
                match (node.child_by_field_name("left"), node.child_by_field_name("right")) {
                    (Some(left), Some(right)) => {
                        let op = match node.child_by_field_name("operator").map(|operator| self.text(operator)) {
                            Some("+") => Op::Add,
                            Some("/") => Op::Div,
                            Some("%") => Op::Mod,
                            Some("or") => Op::Or,
                            Some("and") => Op::And,
                            _ => Op::Other,
                        };
                        let left = self.expr(left, at);
                        Kind::Binary { op, left, right: self.expr(right, at) }
                    }
                    _ => return self.opaque(node, at),
                }
            }
            "comparison_operator" => {
                let parts: Vec<_> = named_children(node).into_iter().map(|part| self.expr(part, at)).collect();
                match parts.as_slice() {
                    [left, right] => Kind::Binary { op: Op::Compare, left: *left, right: *right },
                    _ => Kind::Opaque(parts),
                }
            }
            "conditional_expression" => match named_children(node).as_slice() {
                [then, test, otherwise] => {
                    let test = self.expr(*test, at);
                    let then = self.expr(*then, at);
                    Kind::Cond { test, then, otherwise: self.expr(*otherwise, at) }
                }
                _ => return self.opaque(node, at),
            },
            "list" | "tuple" | "set" | "expression_list" | "pattern_list" | "tuple_pattern" => {
                Kind::List(self.all(node, at))
            }
            "dictionary" => Kind::Dict(self.pairs(node, at)),
            "lambda" => return self.lambda(node, at),
            "named_expression" => {
                let Some(value) = node.child_by_field_name("value") else { return self.opaque(node, at) };
                let value = self.expr(value, at);
                if let Some(name) = node.child_by_field_name("name") {
                    let bound = self.name(name);
                    self.builder.bind(at.scope, bound, Bound::Expr(value), span(name), at.block);
                }
                return value;
            }
            "list_comprehension" | "set_comprehension" | "generator_expression" | "dictionary_comprehension" => {
                return self.comprehension(node, at);
            }
            "yield" => {
                let parts = self.all(node, at);
                let scope = at.scope;
                if let Some(&value) = parts.first() {
                    self.builder.scope_mut(scope).returns.push(value);
                }
                Kind::Opaque(parts)
            }
            _ => return self.opaque(node, at),
        };
        self.builder.expr(kind, span(node), at.scope, at.block)
    }

    pub(super) fn all(&mut self, node: Node<'_>, at: At) -> Vec<ExprId> {
        let mut parts = Vec::new();
        for child in named_children(node) {
            if child.kind() == "comment" {
                self.builder.module.prose.push(span(child));
            } else {
                parts.push(self.expr(child, at));
            }
        }
        parts
    }

    /// `a + b + c ..` and `a.b().c() ..` are as deep as they are long: parts of a long one are lowered first, from the inside.
    fn lower_chain(&mut self, node: Node<'_>, at: At) {
        let mut chain = Vec::new();
        let mut inner = node;
        while let Some(next) = first_operand(inner).filter(|next| !self.lowered.contains_key(&next.id())) {
            chain.push(next);
            inner = next;
        }
        if chain.len() > LONGEST_CHAIN {
            return;
        }
        for part in chain.into_iter().skip(STRETCH).step_by(STRETCH).collect::<Vec<_>>().into_iter().rev() {
            let value = self.expr(part, at);
            self.lowered.insert(part.id(), value);
        }
    }

    fn opaque(&mut self, node: Node<'_>, at: At) -> ExprId {
        let parts = self.all(node, at);
        self.builder.expr(Kind::Opaque(parts), span(node), at.scope, at.block)
    }

    fn pairs(&mut self, node: Node<'_>, at: At) -> Vec<(Option<ExprId>, ExprId)> {
        let mut pairs = Vec::new();
        for child in named_children(node) {
            match (child.kind(), child.child_by_field_name("key"), child.child_by_field_name("value")) {
                ("pair", Some(key), Some(value)) => {
                    let key = self.expr(key, at);
                    pairs.push((Some(key), self.expr(value, at)));
                }
                ("comment", ..) => self.builder.module.prose.push(span(child)),
                _ => {
                    for part in self.all(child, at) {
                        pairs.push((None, part));
                    }
                }
            }
        }
        pairs
    }

    /// `value[key]`; of several keys a list.
    fn index(&mut self, value: Node<'_>, keys: &[Node<'_>], at: At) -> Kind {
        let value = self.expr(value, at);
        let all: Vec<ExprId> = keys.iter().map(|key| self.expr(*key, at)).collect();
        match (all.as_slice(), keys.first(), keys.last()) {
            ([key], ..) => Kind::Index(value, *key),
            (_, Some(first), Some(last)) => {
                let whole = Span { start: span(*first).start, end: span(*last).end };
                Kind::Index(value, self.builder.expr(Kind::List(all), whole, at.scope, at.block))
            }
            _ => Kind::Opaque(vec![value]),
        }
    }

    fn call(&mut self, node: Node<'_>, at: At) -> ExprId {
        let (Some(function), Some(arguments)) =
            (node.child_by_field_name("function"), node.child_by_field_name("arguments"))
        else {
            return self.opaque(node, at);
        };
        if self.text(function) == "dict"
            && let Some(made) = self.keyword_dictionary(node, arguments, at)
        {
            return made;
        }
        let callee = self.expr(function, at);
        let mut args = Vec::new();
        if arguments.kind() == "argument_list" {
            for child in named_children(arguments) {
                let arg = match child.kind() {
                    "comment" => {
                        self.builder.module.prose.push(span(child));
                        continue;
                    }
                    "keyword_argument" => {
                        let Some(value) = child.child_by_field_name("value") else { continue };
                        let name = child.child_by_field_name("name").map(|name| self.name(name));
                        Arg { name, value: self.expr(value, at) }
                    }
                    "list_splat" | "dictionary_splat" => {
                        let name = if child.kind() == "list_splat" { "*" } else { "**" };
                        let Some(value) = child.named_child(0) else { continue };
                        Arg { name: Some(name.into()), value: self.expr(value, at) }
                    }
                    _ => Arg { name: None, value: self.expr(child, at) },
                };
                args.push(arg);
            }
        } else {
            args.push(Arg { name: None, value: self.expr(arguments, at) });
        }
        self.builder.expr(Kind::Call { callee, args }, span(node), at.scope, at.block)
    }

    /// `dict(path="x.db", timeout=5)` is `{"path": "x.db", "timeout": 5}`.
    fn keyword_dictionary(&mut self, node: Node<'_>, arguments: Node<'_>, at: At) -> Option<ExprId> {
        let given = named_children(arguments);
        if given.is_empty() || given.iter().any(|arg| arg.kind() != "keyword_argument") {
            return None;
        }
        let mut pairs = Vec::new();
        for arg in given {
            let (name, value) = (arg.child_by_field_name("name")?, arg.child_by_field_name("value")?);
            let text = Kind::Text(vec![Piece::Text(self.text(name).to_owned(), span(name))]);
            let key = self.builder.expr(text, span(name), at.scope, at.block);
            pairs.push((Some(key), self.expr(value, at)));
        }
        Some(self.builder.expr(Kind::Dict(pairs), span(node), at.scope, at.block))
    }

    fn lambda(&mut self, node: Node<'_>, at: At) -> ExprId {
        let scope = self.builder.scope(ScopeKind::Function, "".into(), span(node), at.scope);
        let block = self.builder.block(at.block, None);
        if let Some(parameters) = node.child_by_field_name("parameters") {
            self.parameters(parameters, scope, at, At { scope, block, ..at });
        }
        if let Some(body) = node.child_by_field_name("body") {
            let value = self.expr(body, At { scope, block, ..at });
            self.builder.scope_mut(scope).returns.push(value);
        }
        self.builder.expr(Kind::Function(scope), span(node), at.scope, at.block)
    }

    /// Loop names are the comprehension's own: they mean nothing behind it, and stand in it before they are bound.
    fn comprehension(&mut self, node: Node<'_>, at: At) -> ExprId {
        let scope = self.builder.scope(ScopeKind::Function, "".into(), span(node), at.scope);
        let inside = At { scope, ..at };
        let mut parts = Vec::new();
        let mut around = at;
        for child in named_children(node) {
            if child.kind() != "for_in_clause" {
                continue;
            }
            if let (Some(left), Some(right)) = (child.child_by_field_name("left"), child.child_by_field_name("right")) {
                // What the first loop goes over belongs to the outside.
                let right = self.expr(right, around);
                parts.push(right);
                self.bind_element(left, right, inside);
                around = inside;
            }
        }
        let outside = at;
        let at = inside;
        for child in named_children(node) {
            match child.kind() {
                "for_in_clause" => {}
                "comment" => self.builder.module.prose.push(span(child)),
                "pair" => {
                    let inner = self.all(child, at);
                    parts.extend(inner);
                }
                _ => parts.push(self.expr(child, at)),
            }
        }
        // `{name: folder / name for name in names}` has one pair, for every name.
        if node.kind() == "dictionary_comprehension"
            && let Some(pair) = node.child_by_field_name("body")
            && let [key, value] = ["key", "value"].map(|part| pair.child_by_field_name(part).map(span))
        {
            let lowered = |wanted: Option<_>| {
                parts.iter().copied().find(|part| Some(self.builder.module.exprs[part.0 as usize].span) == wanted)
            };
            if let (Some(key), Some(value)) = (lowered(key), lowered(value)) {
                return self.builder.expr(
                    Kind::Dict(vec![(Some(key), value)]),
                    span(node),
                    outside.scope,
                    outside.block,
                );
            }
        }
        if node.kind() == "list_comprehension" || node.kind() == "generator_expression" {
            // The element's expression is last but for filters; it is what the list holds.
            let body = node.child_by_field_name("body").map(span);
            let element =
                parts.iter().copied().find(|part| Some(self.builder.module.exprs[part.0 as usize].span) == body);
            if let Some(element) = element {
                return self.builder.expr(Kind::List(vec![element]), span(node), outside.scope, outside.block);
            }
        }
        self.builder.expr(Kind::Opaque(parts), span(node), outside.scope, outside.block)
    }

    /// Parameters of `scope`; defaults are evaluated `outside`.
    pub(super) fn parameters(&mut self, node: Node<'_>, scope: ScopeId, outside: At, inside: At) {
        let mut keyword_only = false;
        for child in named_children(node) {
            let kind = child.kind();
            let (name, default, annotation) = match kind {
                "identifier" => (Some(child), None, None),
                "default_parameter" | "typed_default_parameter" => (
                    child.child_by_field_name("name"),
                    child.child_by_field_name("value"),
                    child.child_by_field_name("type"),
                ),
                "typed_parameter" => (child.named_child(0), None, child.child_by_field_name("type")),
                "list_splat_pattern" | "dictionary_splat_pattern" => (child.named_child(0), None, None),
                "keyword_separator" => {
                    keyword_only = true;
                    continue;
                }
                "comment" => {
                    self.builder.module.prose.push(span(child));
                    continue;
                }
                _ => continue,
            };
            let Some(mut name) = name else { continue };
            let mut rest = kind.contains("splat");
            if name.kind().contains("splat") {
                rest = true;
                let Some(inner) = name.named_child(0) else { continue };
                name = inner;
            }
            let default = default.map(|default| self.expr(default, outside));
            let annotation = annotation.map(|annotation| self.expr(annotation, outside));
            let words = self.name(name);
            let params = &mut self.builder.scope_mut(scope).params;
            let index = params.len();
            params.push(Param { name: words.clone(), span: span(name), default, annotation, rest, keyword_only });
            keyword_only |= rest;
            self.builder.bind(scope, words, Bound::Param(index), span(name), inside.block);
        }
    }
}

/// What stands at the beginning of an operation, a call or an access.
fn first_operand(node: Node<'_>) -> Option<Node<'_>> {
    node.child_by_field_name(match node.kind() {
        "binary_operator" | "boolean_operator" => "left",
        "attribute" => "object",
        "subscript" => "value",
        "call" => "function",
        _ => return None,
    })
}
