//! Files that a program deletes, moves away, empties or writes over, followed through the functions that are handed them.
//! A path that is destroyed must not come to name another database; what is destroyed by its own words alone `lang::write` sees as well.

use std::collections::HashMap;
use std::sync::Arc;

use super::evaluate::{Evaluator, Frame, InModule, Val, argument, paths_of};
use super::ir::{Arg, Bound, ExprId, Kind, Module, ScopeId};
use crate::lang::facts::Destroyed;
use crate::lang::names;
use crate::lang::value::Value;

/// Functions followed, one inside the other.
const DEPTH: u32 = 3;
/// Calls looked at for one module.
const CALLS: u32 = 4_000;
/// Calls in a function that only hands on what it is given.
const THIN: usize = 6;

/// Which arguments of a function by its dotted name are destroyed.
fn destroyed_arguments(name: &str) -> &'static [usize] {
    match name {
        "os.remove"
        | "os.unlink"
        | "os.truncate"
        | "shutil.rmtree"
        | "aiofiles.os.remove"
        | "aiofiles.os.unlink"
        | "fs.unlink"
        | "fs.unlinkSync"
        | "fs.rm"
        | "fs.rmSync"
        | "fs.truncate"
        | "fs.truncateSync"
        | "fs.writeFile"
        | "fs.writeFileSync"
        | "fs.createWriteStream"
        | "fs.promises.unlink"
        | "fs.promises.rm"
        | "fs.promises.truncate"
        | "fs.promises.writeFile"
        | "fs/promises.unlink"
        | "fs/promises.rm"
        | "fs/promises.truncate"
        | "fs/promises.writeFile"
        | "fs-extra.remove"
        | "fs-extra.removeSync"
        | "fs-extra.unlink"
        | "fs-extra.unlinkSync"
        | "rimraf"
        | "rimraf.rimraf"
        | "rimraf.sync"
        | "rimraf.rimrafSync"
        | "Deno.remove"
        | "Deno.removeSync"
        | "Deno.truncate"
        | "Bun.write" => &[0],
        "os.rename"
        | "os.renames"
        | "os.replace"
        | "shutil.move"
        | "aiofiles.os.rename"
        | "aiofiles.os.replace"
        | "fs.rename"
        | "fs.renameSync"
        | "fs.promises.rename"
        | "fs/promises.rename"
        | "fs-extra.move"
        | "fs-extra.moveSync"
        | "Deno.rename"
        | "Deno.renameSync" => &[0, 1],
        "shutil.copy"
        | "shutil.copy2"
        | "shutil.copyfile"
        | "fs.copyFile"
        | "fs.copyFileSync"
        | "fs.cp"
        | "fs.cpSync"
        | "fs.promises.copyFile"
        | "fs.promises.cp"
        | "fs/promises.copyFile"
        | "fs/promises.cp"
        | "fs-extra.copy"
        | "fs-extra.copySync"
        | "Deno.copyFile"
        | "Deno.copyFileSync" => &[1],
        _ => &[],
    }
}

/// Functions that empty the file they open, where they are told to write.
fn opens_file(name: &str) -> bool {
    matches!(name, "open" | "io.open" | "aiofiles.open" | "fs.open" | "fs.openSync" | "fs/promises.open")
}

/// Methods of a path that destroy its file; `replace` is one of texts as well, which is given two.
fn destroys_itself(method: &str, args: &[Arg]) -> bool {
    match method {
        "unlink" | "rename" | "write_text" | "write_bytes" => true,
        "replace" => args.len() == 1,
        _ => false,
    }
}

/// Whether a call by this name can destroy a file: asked before anything is followed.
fn may_destroy(name: &str) -> bool {
    matches!(
        name,
        "remove"
            | "removeSync"
            | "unlink"
            | "unlinkSync"
            | "truncate"
            | "truncateSync"
            | "rmtree"
            | "rm"
            | "rmSync"
            | "rimraf"
            | "rimrafSync"
            | "sync"
            | "rename"
            | "renames"
            | "renameSync"
            | "replace"
            | "move"
            | "moveSync"
            | "copy"
            | "copy2"
            | "copyfile"
            | "copySync"
            | "copyFile"
            | "copyFileSync"
            | "cp"
            | "cpSync"
            | "write"
            | "writeFile"
            | "writeFileSync"
            | "createWriteStream"
            | "write_text"
            | "write_bytes"
            | "open"
            | "openSync"
    )
}

/// Every database that a module destroys, or hands to a function that does.
pub(super) fn destroyed(evaluator: &Evaluator<'_>, at: usize, module: &Module) -> Vec<Destroyed> {
    let mut search = Search { evaluator, found: Vec::new(), inner: HashMap::new(), leads: HashMap::new(), steps: 0 };
    for &call in &module.calls {
        search.call(at, module, call, &None, 0);
    }
    search.found
}

struct Search<'e, 'p> {
    evaluator: &'e Evaluator<'p>,
    found: Vec<Destroyed>,
    /// The calls of a module by the function that they stand in.
    inner: HashMap<usize, HashMap<ScopeId, Vec<ExprId>>>,
    /// Whether a function destroys files, or hands them to one that does.
    leads: HashMap<InModule<ScopeId>, bool>,
    steps: u32,
}

impl<'p> Search<'_, 'p> {
    fn call(&mut self, at: usize, module: &'p Module, call: ExprId, frame: &Frame, depth: u32) {
        let Kind::Call { callee, args } = &module.expr(call).kind else { return };
        // What most objects are is not worth asking for, so that methods of the program's own objects are followed within a class alone.
        let follows = match &module.expr(*callee).kind {
            Kind::Name(_) => !args.is_empty(),
            Kind::Member(base, _) => !args.is_empty() && is_plain(module, *base),
            _ => false,
        };
        if !follows && !looks_destructive(module, call) {
            return;
        }
        self.steps += 1;
        if self.steps > CALLS {
            return;
        }
        for function in self.evaluator.ask_within(at, *callee, frame) {
            match function {
                Val::External(name) => self.library(at, module, (call, &name, args), frame),
                Val::Method(whole, method)
                    if destroys_itself(&method, args) || method.as_ref() == "open" && empties_itself(module, args) =>
                {
                    self.found(module, call, &method, paths_of(vec![*whole]));
                }
                Val::Function(function, this)
                    if depth < DEPTH && self.leads(function, depth) && self.hands_database(at, args, frame) =>
                {
                    let given = self.evaluator.frame(at, function, args, frame, this.map(|this| *this));
                    let Some(home) = self.evaluator.program.module(function.0) else { continue };
                    for call in self.calls_in(function.0, home, function.1) {
                        self.call(function.0, home, call, &given, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    /// A call of a function of the libraries.
    fn library(&mut self, at: usize, module: &'p Module, (call, name, args): (ExprId, &str, &[Arg]), frame: &Frame) {
        let positions = destroyed_arguments(name).iter();
        let mut given: Vec<ExprId> =
            positions.filter_map(|&position| argument(args, position, keywords(position))).collect();
        if opens_file(name) && empties(module, args) {
            given.extend(argument(args, 0, &["file"]));
        }
        for path in given {
            let values = paths_of(self.evaluator.ask_within(at, path, frame));
            self.found(module, call, name, values);
        }
    }

    fn found(&mut self, module: &Module, call: ExprId, by: &str, values: Vec<Value>) {
        let values: Vec<Value> =
            values.into_iter().filter(|value| value.origin.is_some() && is_database(value)).collect();
        if values.is_empty() {
            return;
        }
        let place = module.source.place(module.expr(call).span);
        let found = Destroyed { place, by: Arc::from(by), values: values.into() };
        if !self.found.contains(&found) {
            self.found.push(found);
        }
    }

    /// Told by the names of what it calls, before anything is followed.
    fn leads(&mut self, function: InModule<ScopeId>, depth: u32) -> bool {
        if let Some(&known) = self.leads.get(&function) {
            return known;
        }
        // One that calls itself leads nowhere new.
        self.leads.insert(function, false);
        let Some(module) = self.evaluator.program.module(function.0) else { return false };
        let calls = self.calls_in(function.0, module, function.1);
        let mut leads = calls.iter().any(|&call| looks_destructive(module, call));
        if !leads && depth + 1 < DEPTH && calls.len() <= THIN {
            let callee = |call: &ExprId| match &module.expr(*call).kind {
                Kind::Call { callee, args } if !args.is_empty() => {
                    matches!(module.expr(*callee).kind, Kind::Name(_)).then_some(*callee)
                }
                _ => None,
            };
            leads = calls.iter().filter_map(callee).any(|callee| {
                self.evaluator.ask(function.0, callee).iter().any(|val| match val {
                    Val::Function(next, _) => self.leads(*next, depth + 1),
                    _ => false,
                })
            });
        }
        self.leads.insert(function, leads);
        leads
    }

    fn hands_database(&self, at: usize, args: &[Arg], frame: &Frame) -> bool {
        let Some(module) = self.evaluator.program.module(at) else { return false };
        args.iter().any(|arg| {
            let kind = &module.expr(arg.value).kind;
            matches!(
                kind,
                Kind::Text(_)
                    | Kind::Name(_)
                    | Kind::Member(..)
                    | Kind::Index(..)
                    | Kind::Call { .. }
                    | Kind::Binary { .. }
            ) && paths_of(self.evaluator.ask_within(at, arg.value, frame)).iter().any(is_database)
        })
    }

    fn calls_in(&mut self, at: usize, module: &Module, function: ScopeId) -> Vec<ExprId> {
        let by_function = self.inner.entry(at).or_insert_with(|| {
            let mut found: HashMap<ScopeId, Vec<ExprId>> = HashMap::new();
            for &call in &module.calls {
                found.entry(module.expr(call).scope).or_default().push(call);
            }
            found
        });
        by_function.get(&function).cloned().unwrap_or_default()
    }
}

/// A module, a class or the object itself, by its words: its functions are found without following values.
fn is_plain(module: &Module, base: ExprId) -> bool {
    let expr = module.expr(base);
    let Kind::Name(name) = &expr.kind else { return false };
    if matches!(name.as_ref(), "self" | "cls" | "this") {
        return true;
    }
    let mut scope = Some(expr.scope);
    while let Some(id) = scope {
        let body = module.scope(id);
        if let Some(bindings) = body.bindings.get(name) {
            return bindings
                .iter()
                .any(|binding| matches!(binding.value, Bound::Module(_) | Bound::Import { .. } | Bound::Class(_)));
        }
        scope = body.parent;
    }
    false
}

/// By its name a call destroys a file; of names that texts and lists have as well by the module it is called on, too.
fn looks_destructive(module: &Module, call: ExprId) -> bool {
    let Kind::Call { callee, args } = &module.expr(call).kind else { return false };
    match &module.expr(*callee).kind {
        Kind::Name(name) if &**name == "open" => empties(module, args),
        Kind::Name(name) => may_destroy(name),
        Kind::Member(base, name) => match (name.as_ref(), &module.expr(*base).kind) {
            ("open" | "openSync", _) => empties(module, args) || empties_itself(module, args),
            ("replace", _) if args.len() == 1 => true,
            ("remove" | "replace" | "copy" | "move" | "truncate" | "write" | "sync", Kind::Name(base)) => {
                ["os", "shutil", "fs", "Deno", "Bun", "rimraf"].iter().any(|module| base.contains(module))
            }
            ("remove" | "replace" | "copy" | "move" | "truncate" | "write" | "sync", Kind::Member(_, base)) => {
                matches!(base.as_ref(), "os" | "promises")
            }
            (name, _) => may_destroy(name),
        },
        _ => false,
    }
}

fn is_database(value: &Value) -> bool {
    value.file_name().is_some_and(|name| names::is_database_path(&name))
}

fn keywords(position: usize) -> &'static [&'static str] {
    match position {
        0 => &["path", "src"],
        _ => &["dst"],
    }
}

/// The mode of `open(path, mode)` writes from the beginning.
fn empties(module: &Module, args: &[Arg]) -> bool {
    is_writing(module, argument(args, 1, &["mode"]))
}

/// That of `path.open(mode)`.
fn empties_itself(module: &Module, args: &[Arg]) -> bool {
    is_writing(module, argument(args, 0, &["mode"]))
}

fn is_writing(module: &Module, mode: Option<ExprId>) -> bool {
    let text = mode.and_then(|mode| match &module.expr(mode).kind {
        Kind::Text(_) => super::evaluate::static_text(module, mode),
        _ => None,
    });
    text.is_some_and(|text| text.starts_with('w'))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::lang::program::read_among;
    use crate::lang::{Language, Value, javascript, python};
    use crate::text::Source;

    /// What the first file destroys: `place by path <- file:line:column of the literal`.
    fn told(files: &[(&str, &str)]) -> Vec<String> {
        let module = |(path, text): &(&str, &str)| {
            let source = Arc::new(Source::new(*path, text.as_bytes().to_vec()));
            if path.ends_with(".py") { python::lower(source) } else { javascript::lower(source, Language::Javascript) }
        };
        let facts = read_among(files.iter().map(module).collect());
        let told = |value: &Value| {
            let origin = value.origin.as_ref().unwrap();
            format!("{} <- {}:{}:{}", value.pattern(), origin.file, origin.start.line, origin.start.column)
        };
        let lines = facts.destroyed.iter().flat_map(|it| {
            let by = format!("{}:{} {}", it.place.file, it.place.start.line, it.by);
            it.values.iter().map(move |value| format!("{by} {}", told(value)))
        });
        lines.collect()
    }

    #[test]
    fn what_python_destroys_is_followed_to_the_literal() {
        for (text, expected) in [
            (
                "import os\ndef reset(path):\n    os.remove(path)\nreset('auth.db')\n",
                "a.py:3 os.remove auth.db <- a.py:4:7",
            ),
            (
                "from os import unlink as drop\ndef reset(path, keep=False):\n    if not keep:\n        drop(str(path))\nreset(path='auth.db')\n",
                "a.py:4 os.unlink auth.db <- a.py:5:12",
            ),
            (
                "from pathlib import Path\nDB = Path('data') / 'auth.db'\ndef reset(path: Path):\n    path.unlink(missing_ok=True)\nreset(DB)\n",
                "a.py:4 unlink data/auth.db <- a.py:2:21",
            ),
            (
                "import shutil\ndef restore(backup, path):\n    shutil.move(backup, path)\nrestore(tmp(), 'auth.db')\n",
                "a.py:3 shutil.move auth.db <- a.py:4:16",
            ),
            (
                "import shutil\nDB = 'auth.db'\nshutil.copy2(backup, dst=DB)\n",
                "a.py:3 shutil.copy2 auth.db <- a.py:2:6",
            ),
            ("def empty(path):\n    open(path, 'w').close()\nempty('auth.db')\n", "a.py:2 open auth.db <- a.py:3:7"),
            (
                "from pathlib import Path\ndef empty(path):\n    with Path(path).open(mode='wb') as f:\n        pass\nempty('auth.db')\n",
                "a.py:3 open auth.db <- a.py:5:7",
            ),
            (
                "import os\nclass Store:\n    def __init__(self, path):\n        self.path = path\n    def wipe(self):\n        os.remove(self.path)\nStore('auth.db').wipe()\n",
                "a.py:6 os.remove auth.db <- a.py:7:7",
            ),
            (
                "import os\nfor name in ['auth.db', 'x.txt']:\n    os.remove(name)\n",
                "a.py:3 os.remove auth.db <- a.py:2:14",
            ),
        ] {
            assert_eq!(told(&[("a.py", text)]), [expected], "{text}");
        }
    }

    #[test]
    fn what_is_read_or_copied_from_is_not_destroyed() {
        for text in [
            "import shutil\nshutil.copy('auth.db', backup)\n",
            "open('auth.db', 'rb').read()\nopen('auth.db')\n",
            "def size(path):\n    return open(path, mode='rb')\nsize('auth.db')\n",
            "import os\ndef reset(path):\n    os.remove(path)\nreset('notes.txt')\n",
            "name = 'auth.db'.replace('auth', 'x')\nnames.remove('auth.db')\n",
            "import os\ndef show(path):\n    print(path)\n    os.remove('x.tmp')\nshow('auth.db')\n",
        ] {
            assert_eq!(told(&[("a.py", text)]), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_function_of_another_file_destroys_too() {
        let files = ("files.py", "import os\ndef drop(path):\n    os.remove(path)\ndef clear(path):\n    drop(path)\n");
        for (text, expected) in [
            ("from files import drop\ndrop('auth.db')\n", "files.py:3 os.remove auth.db <- a.py:2:6"),
            ("import files\nDB = 'auth.db'\nfiles.clear(DB)\n", "files.py:3 os.remove auth.db <- a.py:2:6"),
            ("import settings\nimport os\nos.remove(settings.AUTH)\n", "a.py:3 os.remove auth.db <- settings.py:1:8"),
        ] {
            assert_eq!(told(&[("a.py", text), files, ("settings.py", "AUTH = 'auth.db'\n")]), [expected], "{text}");
        }
        // What tests destroy is destroyed.
        let test = ("tests/test_a.py", "from files import drop\n\ndef test_it():\n    drop('auth.db')\n");
        assert_eq!(told(&[test, files]), ["files.py:3 os.remove auth.db <- tests/test_a.py:4:10"]);
    }

    #[test]
    fn what_javascript_destroys_is_followed_to_the_literal() {
        for (text, expected) in [
            (
                "const fs = require('fs');\nfunction reset(path) { fs.unlinkSync(path); }\nreset('auth.db');\n",
                "a.js:2 fs.unlinkSync auth.db <- a.js:3:7",
            ),
            (
                "import { rm } from 'node:fs/promises';\nconst reset = async (path) => { await rm(path, { force: true }); };\nreset('auth.db');\n",
                "a.js:2 fs/promises.rm auth.db <- a.js:3:7",
            ),
            (
                "import fs from 'fs';\nimport path from 'path';\nconst DB = path.join(__dirname, 'auth.db');\nfs.copyFileSync('new.bin', DB);\n",
                "a.js:4 fs.copyFileSync auth.db <- a.js:3:33",
            ),
            ("const fs = require('fs');\nfs.openSync('auth.db', 'w');\n", "a.js:2 fs.openSync auth.db <- a.js:2:13"),
        ] {
            assert_eq!(told(&[("a.js", text)]), [expected], "{text}");
        }
        assert_eq!(
            told(&[("a.js", "const fs = require('fs');\nfs.readFileSync('auth.db');\nfs.openSync('auth.db', 'r');\n")]),
            Vec::<String>::new()
        );
        let other = ("files.js", "const fs = require('fs');\nexports.drop = function (path) { fs.rmSync(path); };\n");
        let own = ("a.js", "const files = require('./files');\nfiles.drop('auth.db');\n");
        assert_eq!(told(&[own, other]), ["files.js:2 fs.rmSync auth.db <- a.js:2:12"]);
    }
}
