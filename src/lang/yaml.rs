//! YAML: compose files, Kubernetes, workflows, Helm and Ansible templates, settings. Template actions do not hide what stands around them.

use tree_sitter::Node;

use super::config::{Content, Document, Gather, ItemId, Key, Quoting, Token, decoded, mask, understand};
use super::{Confidence, Facts, Language};
use crate::text::{Snippet, Source, Span};

/// Deeper nesting than this is not configuration.
const MAX_DEPTH: usize = 400;

/// The grammar's scanner has room for some 250 open blocks and writes beyond its buffer after that.
const MAX_BLOCKS: usize = 120;

pub(super) fn read(source: &Source) -> Facts {
    let mut gather = Gather::new(source, Language::Yaml);
    let (masked, actions) = mask::mask(&source.text);
    if open_blocks(&masked) > MAX_BLOCKS {
        loose_lines(&mut gather, &mut Vec::new());
        gather.facts.trouble = Some("nested too deeply; read line by line".to_owned());
        return gather.finish();
    }
    let mut parser = tree_sitter::Parser::new();
    if parser.set_language(&tree_sitter_yaml::LANGUAGE.into()).is_err() {
        return gather.finish();
    }
    let Some(tree) = parser.parse(&masked, None) else { return gather.finish() };
    let mut reader =
        Reader { source, document: Document::default(), comments: Vec::new(), read: Vec::new(), too_deep: false };
    reader.visit(tree.root_node(), None, &Key::Root, 0);
    let Reader { document, comments, mut read, too_deep, .. } = reader;
    understand(&document, &mut gather);
    mask::literals(&mut gather, &actions);
    for span in comments {
        gather.mention(span, Confidence::Low, "comment");
    }
    if too_deep || tree.root_node().has_error() {
        read.extend(actions.iter().map(|action| Span::new(action.start, action.end)));
        loose_lines(&mut gather, &mut read);
        gather.facts.trouble = Some("parts of it are not YAML; those were read line by line".to_owned());
    }
    gather.finish()
}

/// Nested so deeply that the grammar's scanner must not see it.
pub(super) fn is_too_deep(text: &str) -> bool {
    open_blocks(text) > MAX_BLOCKS
}

/// At least as many as the grammar's scanner will ever hold open at once.
fn open_blocks(text: &str) -> usize {
    let mut open: Vec<(usize, usize, bool)> = Vec::new();
    let (mut depth, mut most) = (0_usize, 0);
    for line in text.lines() {
        let words = line.trim_start();
        if words.is_empty() {
            continue;
        }
        let column = line.len() - words.len();
        let dash = words.starts_with('-');
        // A list may stand at the column of its own key.
        while let Some((_, blocks, _)) =
            open.pop_if(|(at, _, was_dash)| *at > column || *at == column && (*was_dash || !dash))
        {
            depth -= blocks;
        }
        let markers = words.as_bytes().windows(2).filter(|pair| matches!(pair, [b'-' | b'?', b' ' | b'\t'])).count();
        let blocks = 2 * markers + 2;
        depth += blocks;
        most = most.max(depth);
        open.push((column, blocks, dash));
    }
    most
}

struct Reader<'a> {
    source: &'a Source,
    document: Document,
    comments: Vec<Span>,
    /// What stands in the document or in a comment.
    read: Vec<Span>,
    too_deep: bool,
}

impl Reader<'_> {
    fn visit(&mut self, node: Node<'_>, parent: Option<ItemId>, key: &Key, depth: usize) {
        let span = Span::new(node.start_byte(), node.end_byte());
        if depth > MAX_DEPTH {
            self.too_deep = true;
            return;
        }
        match node.kind() {
            "comment" => {
                self.comments.push(span);
                self.read.push(span);
            }
            "block_mapping" | "flow_mapping" => {
                let id = self.document.add(parent, key.clone(), Content::Map);
                self.children(node, Some(id), &Key::Root, depth);
            }
            "block_sequence" | "flow_sequence" => {
                let id = self.document.add(parent, key.clone(), Content::List);
                let mut cursor = node.walk();
                for (index, child) in node.named_children(&mut cursor).enumerate() {
                    self.visit(child, Some(id), &Key::Index(index), depth + 1);
                }
            }
            "block_mapping_pair" | "flow_pair" => self.pair(node, parent, depth),
            "plain_scalar" => self.scalar(parent, key, span, Quoting::Plain),
            "single_quote_scalar" => self.scalar(parent, key, span, Quoting::Single),
            "double_quote_scalar" => self.scalar(parent, key, span, Quoting::Double),
            "block_scalar" => self.block(parent, key, span),
            "anchor" | "alias" | "tag" => {}
            _ => self.children(node, parent, key, depth),
        }
    }

    fn children(&mut self, node: Node<'_>, parent: Option<ItemId>, key: &Key, depth: usize) {
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            self.visit(child, parent, key, depth + 1);
        }
    }

    fn pair(&mut self, node: Node<'_>, parent: Option<ItemId>, depth: usize) {
        let key = match node.child_by_field_name("key") {
            Some(key) => {
                let span = Span::new(key.start_byte(), key.end_byte());
                Key::Name(super::config::unquoted(self.source.slice(span)).to_owned(), span)
            }
            None => Key::Root,
        };
        let value = node.child_by_field_name("value");
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            if Some(child) == value {
                self.visit(child, parent, &key, depth + 1);
            } else if child.kind() == "comment" || child.is_error() {
                self.visit(child, parent, &Key::Root, depth + 1);
            }
        }
    }

    fn scalar(&mut self, parent: Option<ItemId>, key: &Key, span: Span, quoting: Quoting) {
        self.read.push(span);
        let raw = self.source.slice(span);
        let snippet = if quoting == Quoting::Plain {
            decoded(raw, span.start as usize, quoting)
        } else {
            let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or("");
            decoded(inner, span.start as usize + 1, quoting)
        };
        self.document.add(parent, key.clone(), Content::Text(snippet, span));
    }

    /// `|` and `>`: the lines below the header, without their indentation.
    fn block(&mut self, parent: Option<ItemId>, key: &Key, span: Span) {
        self.read.push(span);
        let raw = self.source.slice(span);
        let header = raw.find('\n').map_or(raw.len(), |end| end + 1);
        let body = raw.get(header..).unwrap_or("");
        let snippet = Snippet::dedented(body, span.start as usize + header);
        self.document.add(parent, key.clone(), Content::Text(snippet, span));
    }
}

/// `key: value` and `- KEY=value` on lines of which the grammar read nothing.
fn loose_lines(gather: &mut Gather<'_>, read: &mut [Span]) {
    read.sort_unstable();
    let source = gather.source;
    let mut at = 0;
    for line in source.text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let whole = Span::new(start, at);
        let next = read.partition_point(|span| span.end <= whole.start);
        if read.get(next).is_some_and(|span| span.start < whole.end) {
            continue;
        }
        let words = line.trim_end().trim_start_matches([' ', '\t', '-']);
        let offset = start + line.trim_end().len() - words.len();
        if words.starts_with('#') {
            gather.mention(Span::new(offset, offset + words.len()), Confidence::Low, "comment");
            continue;
        }
        let Some((key, value)) = words.split_once('=').filter(|(key, _)| !key.contains(' ')).or(words.split_once(": "))
        else {
            gather.mention(Span::new(offset, offset + words.len()), Confidence::Low, "text");
            continue;
        };
        let value = value.trim_start();
        let from = offset + words.len() - value.len();
        let token =
            Token { text: super::config::unquoted(value).to_owned(), span: Span::new(from, from + value.len()) };
        if key.bytes().any(|byte| byte.is_ascii_lowercase()) {
            gather.configure(key.trim(), &token, "setting");
        } else {
            gather.set(key.trim(), &token, "environment");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Language;
    use super::super::config::testing::{odd_text, others, references, sound_for};

    const COMPOSE: &str = r#"x-env: &env
  ZOE_DB_PATH: /app/data/zoe.db
services:
  web:
    image: keinos/sqlite3:latest
    environment:
      - DATABASE_PATH=/app/data/zoe.db
      - "QUOTED=sqlite:///x.db"
      - LIBSQL_URL=${A:-file:${B:-x.db}}
      - DATA_DIR=/app/data
      - DEBUG=1
      - DATABASE_URL
    volumes:
      - ./data:/app/data
      - ./app.db:/app/app.db:ro
      - named:/opt/x
      - ${DATA:-./d}:/d
      - type: bind
        source: ./long
        target: /long
    command: ["serve", "--history-file", "/app/history.db", "--db=/app/y.db"]
  api:
    environment:
      DATABASE_URL: "postgresql://u:p@db/app"   # was zoe.db
      SESSION_DB_PATH: ./sessions.db
      EMPTY:
volumes:
  named:
    driver_opts: {type: none, o: bind, device: /opt/real}
"#;

    #[test]
    fn case_25_compose() {
        assert_eq!(
            references("docker-compose.yml", Language::Yaml, COMPOSE),
            [
                "2:16 configures /app/data/zoe.db -> /app/data/zoe.db (ZOE_DB_PATH)",
                "7:23 configures /app/data/zoe.db -> /app/data/zoe.db (DATABASE_PATH)",
                "8:17 configures sqlite:///x.db -> sqlite:///x.db (QUOTED)",
                "9:20 configures ${A:-file:${B:-x.db}} -> file:x.db (LIBSQL_URL)",
                "15:9 configures ./app.db -> ./app.db",
                "21:42 configures \"/app/history.db\" -> /app/history.db",
                "21:67 configures /app/y.db -> /app/y.db (db)",
                "24:21 configures \"postgresql://u:p@db/app\" -> postgresql://u:p@db/app (DATABASE_URL)",
                "24:55 mentions zoe.db -> zoe.db",
                "25:24 configures ./sessions.db -> ./sessions.db (SESSION_DB_PATH)",
            ]
        );
    }

    #[test]
    fn case_24_volumes_and_what_the_environment_holds() {
        let lines = others("docker-compose.yml", Language::Yaml, COMPOSE);
        for line in [
            "2: set ZOE_DB_PATH=/app/data/zoe.db",
            "10: set DATA_DIR=/app/data",
            "9: read A else file:x.db",
            "9: read B else x.db",
            "12: read DATABASE_URL",
            "14: mount ./data on /app/data",
            "15: mount ./app.db on /app/app.db",
            "16: mount /opt/real on /opt/x",
            "17: mount ./d on /d",
            "20: mount ./long on /long",
        ] {
            assert!(lines.iter().any(|other| other == line), "{line} is not in {lines:#?}");
        }
        assert!(!lines.iter().any(|line| line.contains("DEBUG")));
    }

    #[test]
    fn case_58_template_actions_hide_nothing() {
        let text = r#"apiVersion: apps/v1
kind: Deployment
spec:
  {{- if .Values.on }}
  containers:
    - name: app
      env:
        - name: DATABASE_PATH
          value: {{ .Values.path | default "/data/app.db" }}
        {{- range .Values.extra }}
        - name: OTHER
          value: "/data/{{ .name }}.sqlite"
        {{- end }}
        - name: DATABASE_URL
          valueFrom: {secretKeyRef: {name: a, key: b}}
      volumeMounts:
        - {name: data, mountPath: /data}
  volumes:
    - name: data
      hostPath: {path: /srv/data}
  {{- end }}
---
kind: ConfigMap
apiVersion: v1
data:
  DB_PATH: /data/cm.db
"#;
        assert_eq!(
            references("chart/templates/app.yaml", Language::Yaml, text),
            [
                "9:18 configures {{ .Values.path | default \"/data/app.db\" }} -> /data/app.db (DATABASE_PATH)",
                "12:18 configures \"/data/{{ .name }}.sqlite\" -> /data/*.sqlite (OTHER)",
                "26:12 configures /data/cm.db -> /data/cm.db (DB_PATH)",
            ]
        );
        let lines = others("chart/templates/app.yaml", Language::Yaml, text);
        assert!(lines.contains(&"17: mount /srv/data on /data".to_owned()), "{lines:#?}");
        assert!(lines.contains(&"14: set DATABASE_URL=*".to_owned()), "{lines:#?}");
    }

    #[test]
    fn case_58_what_is_no_yaml_is_read_by_lines() {
        let text = "a: [1, {\n  b: }}\n env: 'x\n- DB_PATH=/data/x.db\n# y.db\n";
        let told = references("broken.yml", Language::Yaml, text);
        assert!(told.iter().any(|line| line.contains("/data/x.db")), "{told:?}");
    }

    #[test]
    fn settings_and_what_only_looks_like_them() {
        for (text, told) in [
            ("database:\n  path: ./store/main\n", vec!["2:9 configures ./store/main -> ./store/main (database.path)"]),
            ("log:\n  file: app.log\nurl: https://h/x.db\n", vec![]),
            ("paths-ignore:\n  - '*.db'\n", vec!["2:5 mentions '*.db' -> *.db"]),
            ("engine: django.db.backends.sqlite3\nkey: database.sqlite.path\n", vec![]),
            ("help: it writes to zoe.db first\n", vec!["1:20 mentions zoe.db -> zoe.db"]),
            ("path: '/config/db.sqlite3'\n", vec!["1:7 configures '/config/db.sqlite3' -> /config/db.sqlite3 (path)"]),
            ("u: !env ${DATABASE_URL}\n", vec![]),
            ("a: \"x\\u002edb\"\n", vec!["1:4 configures \"x\\u002edb\" -> x.db (a)"]),
        ] {
            assert_eq!(references("settings.yml", Language::Yaml, text), told, "{text}");
        }
    }

    #[test]
    fn case_26_code_inside() {
        for (path, text, told) in [
            (
                "compose.yml",
                "services:\n  a:\n    healthcheck:\n      test: [\"CMD\", \"python\", \"-c\", \"import sqlite3; sqlite3.connect('/app/z.db')\"]\n",
                "4:70 opens '/app/z.db' -> /app/z.db",
            ),
            (
                "compose.yml",
                "services:\n  a:\n    command: sh -c \"sqlite3 /data/q.db .schema\"\n",
                "3:29 opens /data/q.db -> /data/q.db",
            ),
            (
                "compose.yml",
                "services:\n  a:\n    entrypoint: [\"sqlite3\", \"/data/q.db\"]\n",
                "3:29 opens \"/data/q.db\" -> /data/q.db",
            ),
            (
                ".github/workflows/a.yml",
                "jobs:\n  a:\n    steps:\n      - run: |\n          echo hi\n          sqlite3 ${{ env.DIR }}/q.db .dump\n",
                "6:19 opens ${{ env.DIR }}/q.db -> */q.db",
            ),
            (
                ".github/workflows/a.yml",
                "jobs:\n  a:\n    steps:\n      - shell: python\n        run: |\n          import sqlite3\n          sqlite3.connect('p.db')\n",
                "7:27 opens 'p.db' -> p.db",
            ),
        ] {
            assert_eq!(references(path, Language::Yaml, text), [told], "{text}");
            assert!(others(path, Language::Yaml, text).iter().all(|line| !line.contains("read _")), "{text}");
        }
    }

    #[test]
    fn names_of_hosts_are_no_files() {
        let text = "services:\n  a:\n    container_name: app.db\n    hostname: x.db\n    file: y.db\n";
        assert_eq!(references("compose.yml", Language::Yaml, text), ["5:11 configures y.db -> y.db (services.a.file)"]);
    }

    #[test]
    fn a_choice_over_several_lines_is_one_setting() {
        let text = "env:\n  DATABASE_URL: ${{\n    matrix.lite && 'sqlite:///x.db' ||\n    'mysql://root@h/db' }}\n  OTHER_DB_PATH: ${{ a && 'y.db' || '' }}\n  NOTE: see\n    z.db there\n";
        assert_eq!(
            references(".github/workflows/a.yml", Language::Yaml, text),
            [
                "3:20 configures 'sqlite:///x.db' -> sqlite:///x.db (DATABASE_URL)",
                "4:5 configures 'mysql://root@h/db' -> mysql://root@h/db (DATABASE_URL)",
                "5:27 configures 'y.db' -> y.db (OTHER_DB_PATH)",
                "7:5 mentions z.db -> z.db",
            ]
        );
    }

    #[test]
    fn deep_nesting_is_no_trouble() {
        for piece in [
            "[", "{", "- ", "- a: ", "? ", "? a: ", "!t - ", "a: ", "&a - ", "[a, - ", "a: - ", "-\t", "- ? ", "a:\n- ",
        ] {
            sound_for("deep.yml", Language::Yaml, piece.repeat(5_000).into_bytes());
        }
        let stairs = |step: &str| {
            (0..600).map(|level| format!("{}{step}\n", " ".repeat(level))).collect::<String>().into_bytes()
        };
        for step in ["a:", "-", "? a", "- a:", "|", "\"", "a: |", "!t", "&a"] {
            sound_for("deep.yml", Language::Yaml, stairs(step));
        }
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            sound_for("x.yml", Language::Yaml, bytes);
        }

        #[test]
        fn any_text(text in odd_text()) {
            sound_for("docker-compose.yml", Language::Yaml, text.into_bytes());
        }
    }
}
