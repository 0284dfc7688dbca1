//! What maps, lists and texts mean, whichever grammar they were written in: compose, Kubernetes, workflows, settings.

use std::collections::HashSet;

use super::document::{Content, Document, ItemId, Key};
use super::{Gather, Token, exec, is_variable, shell_text, value};
use crate::lang::{Confidence, EnvRead, Language, Role, Setting, Value, names};
use crate::text::{Snippet, Span};

/// Maps and lists under these keys hold variables of the environment.
const ENVIRONMENTS: [&str; 14] = [
    "environment",
    "env",
    "envs",
    "env_vars",
    "envvars",
    "extraenv",
    "extraenvvars",
    "containerenv",
    "remoteenv",
    "environment_variables",
    "environmentvariables",
    "build_args",
    "buildargs",
    "variables",
];

/// Lists under these keys are a program and its arguments; a text is shell.
const COMMANDS: [&str; 8] = ["command", "entrypoint", "cmd", "args", "exec", "test", "entry", "runtimeargs"];

/// Texts under these keys are shell, one by one.
const SCRIPTS: [&str; 22] = [
    "run",
    "script",
    "scripts",
    "before_script",
    "after_script",
    "commands",
    "cmds",
    "shell",
    "ansible.builtin.shell",
    "ansible.builtin.command",
    "release_command",
    "initcommand",
    "startcommand",
    "buildcommand",
    "predeploycommand",
    "postcreatecommand",
    "poststartcommand",
    "oncreatecommand",
    "postattachcommand",
    "updatecontentcommand",
    "pre_build",
    "post_build",
];

/// Which kind of document it is, as far as the words of a finding go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Compose,
    Kubernetes,
    Workflow,
    Plain,
}

struct Reader<'a, 'b> {
    document: &'a Document,
    gather: &'a mut Gather<'b>,
    kind: Kind,
    /// Items that were understood with their parent.
    done: HashSet<ItemId>,
}

/// Adds what the document says to `gather`.
pub(in crate::lang) fn understand(document: &Document, gather: &mut Gather<'_>) {
    let mut reader = Reader { document, gather, kind: Kind::Plain, done: HashSet::new() };
    for id in document.ids() {
        if document.parent(id).is_none() {
            reader.kind = kind(document, id, &reader.gather.source.path);
        }
        if !reader.done.contains(&id) {
            reader.item(id);
        }
    }
    for id in document.ids().filter(|&id| !document.is_recorded(id)) {
        if let Key::Name(name, span) = document.key(id)
            && names::is_database_path(name)
            && !names::is_memory(name)
        {
            reader.gather.refer(*span, Role::Mentions, value(name), "key", Confidence::Medium, None);
        }
    }
}

fn kind(document: &Document, root: ItemId, path: &str) -> Kind {
    let has = |name: &str| document.child(root, name).is_some();
    if path.contains(".github/") || has("jobs") {
        Kind::Workflow
    } else if has("apiVersion") && has("kind") {
        Kind::Kubernetes
    } else if has("services") || path.rsplit('/').next().is_some_and(|name| name.contains("compose")) {
        Kind::Compose
    } else {
        Kind::Plain
    }
}

impl Reader<'_, '_> {
    fn item(&mut self, id: ItemId) {
        if self.document.is_recorded(id) {
            self.recorded(id);
            return;
        }
        let name = self.document.name(id).to_ascii_lowercase();
        match self.document.content(id) {
            Content::Text(..) => self.text(id, &name),
            Content::Map | Content::List => self.group(id, &name),
        }
    }

    fn group(&mut self, id: ItemId, name: &str) {
        let document = self.document;
        let under = document.parent(id).map_or("", |parent| document.nearest_name(parent)).to_ascii_lowercase();
        if ENVIRONMENTS.contains(&name) || name == "args" && under == "build" {
            self.environment(id);
        } else if matches!(name, "volumes" | "mounts" | "volumemounts") {
            self.volumes(id);
        } else if matches!(document.content(id), Content::List) && COMMANDS.contains(&name) {
            if name != "test" || under == "healthcheck" {
                self.command(id);
            }
        } else if SCRIPTS.contains(&name) || SCRIPTS.contains(&under.as_str()) && is_list(document, id) {
            for &child in document.children(id) {
                self.script(child);
            }
        }
    }

    fn text(&mut self, id: ItemId, name: &str) {
        let document = self.document;
        let Content::Text(snippet, span) = document.content(id) else { return };
        if (COMMANDS.contains(&name) || SCRIPTS.contains(&name)) && snippet.text.contains(char::is_whitespace) {
            self.script(id);
            return;
        }
        if name == "command" && self.sibling_arguments(id) {
            return;
        }
        if snippet.text.contains('\n') {
            self.embedded(id, snippet, *span);
            return;
        }
        let token = Token { text: snippet.text.clone(), span: *span };
        let construct = self.construct("setting");
        // Names of hosts, in the words of the Compose specification.
        if self.kind == Kind::Compose && matches!(name, "container_name" | "hostname" | "domainname") {
            return;
        }
        if is_screaming(document.name(id)) {
            self.gather.set(document.name(id), &token, &construct);
        } else {
            self.gather.configure(&document.dotted(id), &token, &construct);
        }
    }

    /// `command: uvx` beside `args: [..]`: the list is read as one command with it.
    fn sibling_arguments(&self, id: ItemId) -> bool {
        let document = self.document;
        document
            .parent(id)
            .and_then(|parent| document.child(parent, "args"))
            .is_some_and(|args| is_list(document, args))
    }

    fn construct(&self, what: &str) -> String {
        match self.kind {
            Kind::Compose => format!("compose {what}"),
            Kind::Kubernetes => format!("Kubernetes {what}"),
            Kind::Workflow => format!("workflow {what}"),
            Kind::Plain => what.to_owned(),
        }
    }

    fn environment(&mut self, id: ItemId) {
        let document = self.document;
        let construct = self.construct("environment");
        for &child in document.children(id) {
            match (document.key(child), document.content(child)) {
                (Key::Name(name, _), Content::Text(snippet, span)) => {
                    self.done.insert(child);
                    let token = Token { text: snippet.text.clone(), span: *span };
                    self.gather.set(name, &token, &construct);
                }
                (Key::Name(name, span), Content::Map) => {
                    let text = ["value", "default"].iter().find_map(|key| document.child(child, key));
                    self.variable(name, *span, text, &construct);
                }
                (Key::Index(_), Content::Text(snippet, span)) => {
                    self.done.insert(child);
                    self.assignment(snippet, *span, &construct);
                }
                (_, Content::Map) => {
                    let name = ["name", "key"].iter().find_map(|key| document.child(child, key));
                    let Some(name) = name.and_then(|name| document.token(name)) else { continue };
                    let text = document.child(child, "value");
                    self.variable(&name.text, name.span, text, &construct);
                }
                _ => {}
            }
        }
    }

    /// A variable whose value stands below it (`value: x`) or somewhere else altogether (`valueFrom`).
    fn variable(&mut self, name: &str, span: Span, text: Option<ItemId>, construct: &str) {
        if let Some(text) = text
            && let Some(token) = self.document.token(text)
        {
            self.done.insert(text);
            self.gather.set(name, &token, construct);
        } else if names::env_names_database(name) {
            let place = self.gather.source.place(span);
            let (value, language) = (Value::unknown("valueFrom"), self.gather.language);
            self.gather.facts.settings.push(Setting { place, name: name.to_owned(), value, language });
        }
    }

    /// `KEY=value` as an element of a list; `KEY` alone passes the host's variable on.
    fn assignment(&mut self, snippet: &Snippet, span: Span, construct: &str) {
        let Some((name, value)) = snippet.text.split_once('=') else {
            let name = snippet.text.trim();
            if names::env_names_database(name) {
                let place = self.gather.source.place(span);
                let language = self.gather.language;
                self.gather.facts.env_reads.push(EnvRead {
                    place,
                    name: name.to_owned(),
                    default: None,
                    falls_back: false,
                    language,
                });
            }
            return;
        };
        let from = snippet.host(u32::try_from(name.len() + 1).unwrap_or(u32::MAX));
        let to = snippet.host_span(Span::new(0, snippet.text.len())).end;
        let token = Token { text: value.to_owned(), span: Span { start: from, end: to.max(from) } };
        self.gather.set(name.trim(), &token, construct);
    }

    fn command(&mut self, id: ItemId) {
        let document = self.document;
        let parent = document.parent(id);
        let sibling = |name: &str| parent.and_then(|parent| document.child(parent, name));
        let mut parts = vec![id];
        if document.name(id) == "args"
            && let Some(command) = sibling("command")
        {
            if is_list(document, command) {
                return;
            }
            parts.insert(0, command);
        }
        if document.name(id) == "command"
            && let Some(args) = sibling("args").filter(|&args| is_list(document, args))
        {
            parts.push(args);
            self.done.insert(args);
        }
        let mut arguments = Vec::new();
        for part in parts {
            let texts = if is_list(document, part) { document.children(part) } else { &[part] };
            for &text in texts {
                if let Content::Text(snippet, span) = document.content(text) {
                    arguments.push((snippet.clone(), *span));
                    self.done.insert(text);
                }
            }
        }
        let construct = self.construct("command");
        exec(self.gather, &arguments, &construct);
    }

    fn script(&mut self, id: ItemId) {
        let document = self.document;
        let Content::Text(snippet, span) = document.content(id) else { return };
        self.done.insert(id);
        let shell = document.parent(id).and_then(|parent| document.child(parent, "shell"));
        let shell = shell.and_then(|shell| document.text(shell)).map_or("", |shell| shell.text.as_str());
        if shell.starts_with("python") && document.name(id) == "run" {
            self.gather.snippet(snippet, Language::Python);
        } else {
            let construct = self.construct("command");
            shell_text(self.gather, snippet, *span, &construct);
        }
    }

    /// A file inside the file: a config map's `settings.toml: |`, a workflow's script.
    fn embedded(&mut self, id: ItemId, snippet: &Snippet, span: Span) {
        let name = self.document.name(id);
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let first = snippet.text.lines().next().unwrap_or("");
        let language = match ending {
            "sh" | "bash" => Some(Language::Shell),
            "py" => Some(Language::Python),
            "sql" => Some(Language::Sql),
            "js" | "mjs" | "cjs" => Some(Language::Javascript),
            "env" => Some(Language::Dotenv),
            "ini" | "cfg" | "conf" | "properties" => Some(Language::Ini),
            "toml" => Some(Language::Toml),
            "json" => Some(Language::Json),
            "yaml" | "yml" => Some(Language::Yaml),
            _ if first.starts_with("#!") && first.contains("python") => Some(Language::Python),
            _ if first.starts_with("#!") && first.contains("sh") => Some(Language::Shell),
            _ if is_dotenv(&snippet.text) => Some(Language::Dotenv),
            _ => None,
        };
        match language {
            Some(language) => self.gather.snippet(snippet, language),
            None => self.gather.mention(span, Confidence::Low, "text"),
        }
    }

    fn volumes(&mut self, id: ItemId) {
        let document = self.document;
        let children: Vec<ItemId> = if is_list(document, id) { document.children(id).to_vec() } else { vec![id] };
        for child in children {
            match document.content(child) {
                Content::Text(snippet, span) => {
                    self.done.insert(child);
                    self.short_volume(snippet, *span);
                }
                Content::Map => self.long_volume(child),
                Content::List => {}
            }
        }
    }

    /// `./data:/app/data:ro`, `source=x,target=/y,type=bind`.
    fn short_volume(&mut self, snippet: &Snippet, span: Span) {
        let text = &snippet.text;
        let (host, container) = if text.contains("target=") || text.contains("dst=") {
            let field = |names: [&str; 2]| {
                let mut at = 0;
                text.split(',').find_map(|part| {
                    let start = at;
                    at += part.len() + 1;
                    let (key, value) = part.split_once('=')?;
                    names.contains(&key.trim()).then(|| start + key.len() + 1..start + key.len() + 1 + value.len())
                })
            };
            let (Some(host), Some(container)) = (field(["source", "src"]), field(["target", "dst"])) else { return };
            (host, container)
        } else {
            let Some(colon) = outside_braces(text, 0) else { return };
            let end = outside_braces(text, colon + 1).unwrap_or(text.len());
            (0..colon, colon + 1..end)
        };
        let container = text.get(container).unwrap_or("");
        if !container.starts_with(['/', '$', '~', '{']) && !container.contains('/') {
            return;
        }
        let part = snippet.host_span(Span::new(host.start, host.end));
        let words = text.get(host).unwrap_or("").to_owned();
        self.mount(&Token { text: words, span: part }, container, span);
    }

    /// `source: x` with `target: y`; `name: x` with `mountPath: y`.
    fn long_volume(&mut self, id: ItemId) {
        let document = self.document;
        let field = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| document.child(id, name))
                .and_then(|child| document.token(child).map(|t| (child, t)))
        };
        if let (Some((source, host)), Some((_, target))) =
            (field(&["source", "src"]), field(&["target", "destination", "dst"]))
        {
            self.done.insert(source);
            let target_text = target.text;
            self.mount(&host, &target_text, target.span);
        } else if let (Some((_, name)), Some((_, path))) = (field(&["name"]), field(&["mountPath"])) {
            let mut host = self.host_path(id, &name.text).unwrap_or(name);
            if let Some((_, sub)) = field(&["subPath"]) {
                host.text = format!("{}/{}", host.text.trim_end_matches('/'), sub.text);
            }
            let place = self.gather.source.place(path.span);
            self.gather.facts.mounts.push(crate::lang::Mount { place, host: host.text, container: path.text });
        }
    }

    fn mount(&mut self, host: &Token, container: &str, span: Span) {
        // A named volume may be bound to a folder further down.
        let device = (!host.text.contains(['/', '.'])).then(|| self.named_volume(&host.text)).flatten();
        match device {
            Some(device) => self.gather.mount(&Token { text: device, span: host.span }, container, span),
            None => self.gather.mount(host, container, span),
        }
    }

    fn named_volume(&self, name: &str) -> Option<String> {
        let document = self.document;
        let root = document.ids().next()?;
        let volume = document.child(document.child(root, "volumes")?, name)?;
        let device = document.child(document.child(volume, "driver_opts")?, "device")?;
        document.text(device).map(|text| text.text.clone())
    }

    /// The folder of the host behind a pod's volume.
    fn host_path(&self, id: ItemId, name: &str) -> Option<Token> {
        let document = self.document;
        let mut at = document.parent(id);
        while let Some(around) = at {
            if let Some(volumes) = document.child(around, "volumes") {
                for &volume in document.children(volumes) {
                    let called = document.child(volume, "name").and_then(|name| document.text(name));
                    if called.is_some_and(|called| called.text == name) {
                        let path = document.child(document.child(volume, "hostPath")?, "path")?;
                        return document.token(path);
                    }
                }
            }
            at = document.parent(around);
        }
        None
    }

    /// HARD-CASE 54: data about a run speaks of databases and configures none.
    fn recorded(&mut self, id: ItemId) {
        let Some(token) = self.document.token(id) else { return };
        if token.text.len() <= 1024 && names::is_database_path(&token.text) {
            let value = value(&token.text);
            self.gather.refer(token.span, Role::Mentions, value, "recorded data", Confidence::Low, None);
        } else {
            self.gather.mention(token.span, Confidence::Low, "recorded data");
        }
    }
}

fn is_list(document: &Document, id: ItemId) -> bool {
    matches!(document.content(id), Content::List)
}

fn is_screaming(name: &str) -> bool {
    name.len() > 2 && is_variable(name) && !name.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// Every line that says something sets a variable.
pub(in crate::lang) fn is_dotenv(text: &str) -> bool {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).all(|line| {
        line.split_once('=').is_some_and(|(name, _)| is_screaming(name.trim_start_matches("export ").trim()))
    })
}

/// Lines of `key: value`, with something below them.
pub(in crate::lang) fn is_yaml(text: &str) -> bool {
    let mut lines =
        text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')).peekable();
    lines.peek().is_some()
        && lines.all(|line| {
            let words = line.trim_start();
            let item = words.strip_prefix("- ").unwrap_or(words);
            item.len() < words.len()
                || item.split_once(':').is_some_and(|(key, value)| {
                    let key_only = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
                    !key.is_empty() && key_only && (value.is_empty() || value.starts_with(' '))
                })
        })
}

/// The next `:` that is neither inside `${..}` nor behind a drive letter.
fn outside_braces(text: &str, from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate().skip(from) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b':' if depth == 0 && !(at == from + 1 && text.as_bytes().get(at + 1) == Some(&b'\\')) => return Some(at),
            _ => {}
        }
    }
    None
}
