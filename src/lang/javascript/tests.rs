//! Lowered programs, written out in a short form of their own.

use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::*;

use super::super::program::{Bound, ExprId, Kind, Module, Op, Piece, ScopeId};
use super::lower;
use crate::lang::Language;
use crate::text::Source;

fn read(path: &str, text: &str) -> Module {
    let language =
        if path.ends_with("ts") || path.ends_with("tsx") { Language::Typescript } else { Language::Javascript };
    lower(Arc::new(Source::new(path, text.as_bytes().to_vec())), language)
}

fn show(module: &Module, id: ExprId) -> String {
    let each = |ids: &[ExprId]| ids.iter().map(|&id| show(module, id)).collect::<Vec<_>>().join(", ");
    match &module.expr(id).kind {
        Kind::Text(pieces) => {
            let mut out = String::from("'");
            for piece in pieces {
                match piece {
                    Piece::Text(text, _) => out.push_str(text),
                    Piece::Hole(hole) => write!(out, "${{{}}}", show(module, *hole)).unwrap(),
                }
            }
            out + "'"
        }
        Kind::Name(name) => name.to_string(),
        Kind::Member(base, name) => format!("{}.{name}", show(module, *base)),
        Kind::Index(base, key) => format!("{}[{}]", show(module, *base), show(module, *key)),
        Kind::Call { callee, args } => {
            let args: Vec<_> = args.iter().map(|arg| arg.value).collect();
            format!("{}({})", show(module, *callee), each(&args))
        }
        Kind::Binary { op, left, right } => {
            let op = match op {
                Op::Add => "+",
                Op::Div => "/",
                Op::Mod => "%",
                Op::Or => "or",
                Op::And => "and",
                Op::Compare => "~",
                Op::Other => "?",
            };
            format!("({} {op} {})", show(module, *left), show(module, *right))
        }
        Kind::Cond { test, then, otherwise } => {
            format!("({} ? {} : {})", show(module, *test), show(module, *then), show(module, *otherwise))
        }
        Kind::List(parts) => format!("[{}]", each(parts)),
        Kind::Dict(pairs) => {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|&(key, value)| match key {
                    Some(key) => format!("{}: {}", show(module, key), show(module, value)),
                    None => format!("...{}", show(module, value)),
                })
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Kind::Function(scope) => function(module, *scope),
        Kind::Class(_) => "class".into(),
        Kind::Null => "null".into(),
        Kind::Bool(value) => value.to_string(),
        Kind::Number(digits) => digits.to_string(),
        Kind::Regex => "regex".into(),
        Kind::Opaque(parts) => format!("<{}>", each(parts)),
    }
}

fn function(module: &Module, scope: ScopeId) -> String {
    let scope = module.scope(scope);
    let params: Vec<_> = scope
        .params
        .iter()
        .map(|param| match param.default {
            Some(default) => format!("{}={}", param.name, show(module, default)),
            None => param.name.to_string(),
        })
        .collect();
    let returns: Vec<_> = scope.returns.iter().map(|&value| show(module, value)).collect();
    format!("fn {}({}) -> {}", scope.name, params.join(", "), returns.join(" | "))
}

fn bound(module: &Module, value: &Bound) -> String {
    match value {
        Bound::Expr(value) => show(module, *value),
        Bound::Annotated(value) => format!(": {}", show(module, *value)),
        Bound::Element(value) => format!("each {}", show(module, *value)),
        Bound::Enter(value) => format!("enter {}", show(module, *value)),
        Bound::Part(value, index) => format!("{}#{index}", show(module, *value)),
        Bound::Field(value, name) => format!("{}.{name}", show(module, *value)),
        Bound::Module(name) => format!("module {name}"),
        Bound::Import { module, name } => format!("{name} from {module}"),
        Bound::Function(scope) => function(module, *scope),
        Bound::Class(scope) => class(module, *scope),
        Bound::Param(index) => format!("param {index}"),
    }
}

fn class(module: &Module, scope: ScopeId) -> String {
    let scope = module.scope(scope);
    let mut lines: Vec<_> = scope
        .bindings
        .iter()
        .map(|(name, bindings)| (name, "", bindings))
        .chain(scope.members.iter().map(|(name, bindings)| (name, "this.", bindings)))
        .flat_map(|(name, dot, bindings)| bindings.iter().map(move |binding| (dot, name, binding)))
        .map(|(dot, name, binding)| format!("{dot}{name} = {}", bound(module, &binding.value)))
        .collect();
    lines.sort();
    let bases: Vec<_> = scope.bases.iter().map(|&base| show(module, base)).collect();
    format!("class({}) {{ {} }}", bases.join(", "), lines.join("; "))
}

/// Every binding of every function and of the module, but not of classes, in source order.
fn bindings(module: &Module) -> Vec<String> {
    let mut lines: Vec<_> = module
        .scopes
        .iter()
        .enumerate()
        .filter(|(_, scope)| scope.kind != super::super::program::ScopeKind::Class)
        .flat_map(|(index, scope)| {
            scope.bindings.iter().flat_map(move |(name, bindings)| {
                bindings.iter().map(move |binding| (binding.span.start, index, name, binding))
            })
        })
        .map(|(start, index, name, binding)| (start, index, format!("{name} = {}", bound(module, &binding.value))))
        .collect();
    lines.sort();
    lines.into_iter().map(|(_, _, line)| line).collect()
}

fn check(path: &str, cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        let module = read(path, text);
        assert!(!module.has_errors, "{text}");
        assert_eq!(bindings(&module), *expected, "{text}");
    }
}

#[test]
fn imports_of_both_module_systems() {
    check(
        "a.js",
        &[
            (
                "import Database, { open as o, x } from 'sqlite'; import * as path from \"node:path\"; import './s.js'",
                &[
                    "Database = default from sqlite",
                    "o = open from sqlite",
                    "x = x from sqlite",
                    "path = module node:path",
                ],
            ),
            ("const path = require('path')", &["path = module path"]),
            ("const { join: j, resolve } = require('path');", &["j = join from path", "resolve = resolve from path"]),
            ("const D = (await import('./db.js')).default", &["D = default from ./db.js"]),
            (
                "const sqlite3 = require('sqlite3').verbose()",
                &["sqlite3 = require(sqlite3).verbose()", "require(sqlite3) = module sqlite3"],
            ),
        ],
    );
    check(
        "a.ts",
        &[("import fs = require('fs'); import type { A } from './a'", &["fs = module fs", "A = A from ./a"])],
    );
}

#[test]
fn declarations_and_destructuring() {
    check(
        "a.js",
        &[
            ("const a = 'x.db', b = a; let c; var d = null", &["a = 'x.db'", "b = a", "c = null", "d = null"]),
            ("const { a, b: { c }, ...r } = o", &["a = o.a", "c = o.b.c", "r = o"]),
            ("const { a = 'x.db', 'k': v } = o", &["a = (o.a or 'x.db')", "v = o.k"]),
            ("const [a, , [b]] = f()", &["a = f()#0", "b = f()[2]#0"]),
            ("for (const [k, v] of xs) g(k)", &["k = xs[<>]#0", "v = xs[<>]#1"]),
            ("for (const n of ['a.db', 'b.db']) { open(n) }", &["n = each ['a.db', 'b.db']"]),
            ("let p; function f() { p = 'x.db' }", &["p = null", "f = fn f() -> ", "p = 'x.db'"]),
            ("function f() { return p } var p = 'x'", &["f = fn f() -> p", "p = 'x'"]),
            ("let a; a ??= 'x.db'", &["a = null", "a = 'x.db'"]),
        ],
    );
}

#[test]
fn expressions() {
    for (text, expected) in [
        ("`${a}/x.db`", "'${a}/x.db'"),
        (r#""a\tb\x41\u{42}\"c""#, "'a\tbAB\"c'"),
        ("process.env.DB_PATH || 'x.db'", "(process.env.DB_PATH or 'x.db')"),
        ("process.env['DB'] ?? `x`", "(process.env['DB'] or 'x')"),
        ("import.meta.env.DB", "import.meta.env.DB"),
        ("Deno.env.get('DB')", "Deno.env.get('DB')"),
        ("new URL('./x.db', import.meta.url)", "URL('./x.db', import.meta.url)"),
        ("a ? 'x' : b", "(a ? 'x' : b)"),
        ("dir + '/' + name", "((dir + '/') + name)"),
        (
            "{ filename, 'k': 1, [x]: 2, m() { return 1 }, ...r }",
            "{'filename': filename, 'k': 1, x: 2, 'm': fn m() -> 1, ...r}",
        ),
        ("{ get p() { return 'x.db' } }", "{'p': fn p() -> 'x.db'()}"),
        ("sql`SELECT ${x}`", "sql('SELECT ${x}')"),
        ("(a, b)", "<<a, b>>"),
        ("x === ':memory:'", "(x ~ ':memory:')"),
        ("a?.b?.[0]?.(1)", "a.b[0](1)"),
        ("/x\\.db/.test(a)", "regex.test(a)"),
        ("<A b=\"x\">{c}</A>", "<<A, <<>>>, <c>, <A>>"),
    ] {
        let module = read("a.jsx", &format!("const v = {text};"));
        assert!(!module.has_errors, "{text}");
        let line = bindings(&module).into_iter().find(|line| line.starts_with("v = ")).unwrap_or_default();
        assert_eq!(line, format!("v = {expected}"), "{text}");
    }
    let typed = read("a.ts", "const v = <string>(await f(x!) as string satisfies T);");
    assert_eq!(bindings(&typed), ["v = f(x)"]);
}

#[test]
fn functions_and_their_parameters() {
    check(
        "a.ts",
        &[
            (
                "function f(a, b = 'x.db', ...c) { if (a) return b; return c }",
                &["f = fn f(a, b='x.db', c) -> b | c", "a = param 0", "b = param 1", "c = param 2"],
            ),
            ("const f = async (p: string = 'x.db') => open(p)", &["f = fn f(p='x.db') -> open(p)", "p = param 0"]),
            (
                "const f = ({ path = 'x.db', mode }: O = {}) => path",
                &["f = fn f({0}={}) -> path", "{0} = param 0", "path = ({0}.path or 'x.db')", "mode = {0}.mode"],
            ),
            ("function f(this: T, a?: B) {}", &["f = fn f(a) -> ", "a = param 0"]),
        ],
    );
}

#[test]
fn classes_with_their_fields() {
    check(
        "a.ts",
        &[
            (
                "class A extends B { static p = 'x.db'; #q: string = 'y'; db: sqlite3.Database; \
                 constructor(private path: string) { super(); this.r = path; } get s() { return this.r } } A.t = 1; A.u.v = 2",
                &[
                    "A = class(B) { #q = 'y'; constructor = fn constructor(path) -> ; db = : sqlite3.Database; p = 'x.db'; \
                     s = fn s() -> this.r(); this.path = path; this.r = path; this.t = 1 }",
                    "path = param 0",
                ],
            ),
            ("enum D { Main = 'a.db', 'x' = 'b.db' }", &["D = {'Main': 'a.db', 'x': 'b.db'}"]),
        ],
    );
}

#[test]
fn exports_are_names_of_the_module() {
    check(
        "a.js",
        &[
            ("export const p = 'x.db'", &["p = 'x.db'"]),
            ("export default { p: 'x.db' }", &["default = {'p': 'x.db'}", "p = 'x.db'"]),
            ("const p = 1; module.exports = { p, q: p }", &["p = 1", "default = {'p': p, 'q': p}", "q = p"]),
            ("exports.p = 'x.db'; module.exports.q = 1", &["p = 'x.db'", "q = 1"]),
            ("export default class A {}", &["A = class() {  }", "default = A"]),
            ("export default function f() {}", &["default = f", "f = fn f() -> "]),
            ("const a = 1; export { a as b }", &["a = 1", "b = a"]),
            (
                "export * from './x'; export { y as z, default } from './y'; export * as n from './n'",
                &["* = * from ./x", "z = y from ./y", "default = default from ./y", "n = module ./n"],
            ),
        ],
    );
}

#[test]
fn branches_of_one_choice_share_a_group() {
    let module = read(
        "a.js",
        "let p; if (a) { p = 1 } else if (b) { p = 2 } else { p = 3 } switch (a) { case 'x.db': p = 4; break; default: p = 5 }",
    );
    let groups: Vec<_> =
        module.scope(ScopeId(0)).bindings["p"].iter().map(|binding| module.block(binding.block).group).collect();
    assert_eq!(groups, [None, Some(1), Some(1), Some(1), Some(2), Some(2)]);
    assert!(module.exprs.iter().any(|expr| matches!(expr.kind, Kind::Binary { op: Op::Compare, .. })));
}

#[test]
fn assignments_to_members_are_kept() {
    let module = read("a.js", "process.env.DATABASE_PATH = 'x.db'; config['db'] = y; [a.b] = z");
    let assigns: Vec<_> = module
        .assigns
        .iter()
        .map(|&(target, value)| format!("{} = {}", show(&module, target), show(&module, value)))
        .collect();
    assert_eq!(assigns, ["process.env.DATABASE_PATH = 'x.db'", "config['db'] = y", "a.b = z[0]"]);
}

#[test]
fn comments_and_markup_are_prose() {
    let text = "// see x.db\n/* y.db */ f(/* z.db */ 1)";
    let module = read("a.js", text);
    let prose: Vec<_> = module.prose.iter().map(|&span| module.source.slice(span)).collect();
    assert_eq!(prose, ["// see x.db", "/* y.db */", "/* z.db */"]);
}

#[test]
fn components_are_read_by_their_scripts() {
    let text = "<template>é kuma.db</template>\n<script setup lang=\"ts\">\nconst p: string = 'x.db'\n</script>\n<style>a{}</style>";
    let module = read("a.vue", text);
    assert!(!module.has_errors);
    assert_eq!(bindings(&module), ["p = 'x.db'"]);
    assert_eq!(module.source.slice(module.expr(module.texts[0]).span), "'x.db'");
    assert!(module.prose.iter().any(|&span| module.source.slice(span).contains("kuma.db")));
    assert!(bindings(&read("b.svelte", "<p>let a = 1</p>")).is_empty());
    assert_eq!(bindings(&read("c.astro", "---\nconst a = 1\n---\n<p>{a}</p>")), ["a = 1"]);
}

#[test]
fn case_65_windows_line_ends_and_wide_characters() {
    let module = read("a.js", "// 🙂\r\nlog('🙂é'); const p = 'é.db'\r\n");
    let last = module.expr(*module.texts.last().unwrap());
    assert_eq!(module.source.slice(last.span), "'é.db'");
    let position = module.source.position(last.span.start);
    assert_eq!((position.line, position.column), (2, 22));
}

#[test]
fn broken_code_still_gives_what_it_has() {
    let module = read("a.js", "function ( { const p = 'x.db'; new Database(p) ");
    assert!(module.has_errors);
    assert!(module.texts.iter().any(|&id| show(&module, id) == "'x.db'"));
}

#[test]
fn deep_nesting_ends_and_long_chains_do_not() {
    for (open, close) in
        [("(", ")"), ("[", "]"), ("f(", ")"), ("{a:", "}"), ("!", ""), ("() => ", ""), ("`${", "}`"), ("<a>{", "}</a>")]
    {
        let text = format!("v = {}1{}", open.repeat(20_000), close.repeat(20_000));
        read("a.jsx", &text);
    }
    for text in [
        "{".repeat(20_000),
        "if (a) {} else ".repeat(20_000),
        "class A { m() {".repeat(5_000),
        "var [".repeat(5_000),
        format!("var {} = x", "[".repeat(20_000) + "a" + &"]".repeat(20_000)),
        "switch (a) { case 1: ".repeat(10_000),
        format!("x{}", ".a().b".repeat(10_000)),
    ] {
        read("a.js", &text);
        read("a.ts", &text);
    }
    let long = read("a.js", &format!("const v = {}'x.db'", "a + ".repeat(5_000)));
    assert_eq!(long.texts.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_breaks_it(text in "\\PC{0,200}|([a-z{}()\\[\\];:='\"`$\\\\/<>.,é🙂 \n-]|const |import |class |=>|\\$\\{|<script>|</script>|'x.db'|function ){0,80}", path in "a\\.(js|ts|tsx|jsx|vue|astro)") {
        let module = read(&path, &text);
        let sound = |start: u32, end: u32| module.source.text.get(start as usize..end as usize).is_some();
        for expr in &module.exprs {
            prop_assert!(sound(expr.span.start, expr.span.end));
            if let Kind::Text(pieces) = &expr.kind {
                for piece in pieces {
                    if let Piece::Text(_, span) = piece {
                        prop_assert!(sound(span.start, span.end));
                    }
                }
            }
        }
        for span in &module.prose {
            prop_assert!(sound(span.start, span.end));
        }
    }
}
