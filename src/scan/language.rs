//! Which language a file is read as: by its name, else by its first line.

use crate::lang::Language;

/// The language of a file of this path, whose text begins with `head`.
#[must_use]
pub(super) fn language_of(path: &str, head: &[u8]) -> Language {
    let name = path.rsplit('/').next().unwrap_or(path);
    let lower;
    // Most names are in lower case, and every file of a tree is asked for.
    let name = if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        lower = name.to_ascii_lowercase();
        lower.as_str()
    } else {
        name
    };
    if let Some(language) = by_name(name) {
        return language;
    }
    // A manual page, in troff.
    if name.ends_with(|last: char| last.is_ascii_digit())
        && [&b".\\\""[..], b".TH", b"'\\\""].iter().any(|mark| head.starts_with(mark))
    {
        return Language::Markdown;
    }
    let mut bare = name;
    // `settings.py.deprecated`, `config.json.backup-2`: what they were before somebody put them aside.
    for _ in 0..3 {
        let Some((stem, ending)) = bare.rsplit_once('.') else { break };
        if let Some(language) = by_ending(ending) {
            return language;
        }
        let aside = [
            "bak",
            "backup",
            "old",
            "orig",
            "deprecated",
            "disabled",
            "example",
            "sample",
            "template",
            "tmpl",
            "dist",
            "in",
            "j2",
            "docker",
            "prod",
            "production",
            "dev",
            "development",
            "staging",
            "local",
            "jinja",
            "tpl",
            "erb",
        ];
        if !aside.iter().any(|word| ending.starts_with(word)) {
            break;
        }
        bare = stem;
    }
    by_first_line(head).unwrap_or(Language::Other)
}

fn by_name(name: &str) -> Option<Language> {
    Some(match name {
        "dockerfile" | "containerfile" => Language::Dockerfile,
        ".gitignore" | "gitignore" | ".dockerignore" | ".npmignore" | ".eslintignore" | ".prettierignore"
        | ".helmignore" | ".hgignore" => Language::Ignore,
        "pipfile" => Language::Toml,
        ".envrc" | ".bashrc" | ".profile" | ".zshrc" => Language::Shell,
        "makefile" | "gnumakefile" | "justfile" | "procfile" | "crontab" => Language::Other,
        "readme" | "changelog" | "license" | "notice" | "authors" | "todo" => Language::Markdown,
        _ if name.starts_with("dockerfile.") || name.ends_with(".dockerfile") || name.ends_with(".containerfile") => {
            Language::Dockerfile
        }
        _ if name == ".env"
            || name.starts_with(".env.")
            || name.ends_with(".env")
            || name == "env.example"
            || name.starts_with("env.") && name.ends_with("sample") =>
        {
            Language::Dotenv
        }
        _ => return None,
    })
}

fn by_ending(ending: &str) -> Option<Language> {
    Some(match ending {
        "py" | "pyi" | "pyw" => Language::Python,
        "js" | "mjs" | "cjs" | "jsx" | "vue" | "svelte" => Language::Javascript,
        "ts" | "mts" | "cts" | "tsx" => Language::Typescript,
        "sh" | "bash" | "zsh" | "ksh" | "fish" | "bats" => Language::Shell,
        "sql" => Language::Sql,
        "yml" | "yaml" => Language::Yaml,
        "toml" => Language::Toml,
        "json" | "jsonc" | "json5" | "code-workspace" => Language::Json,
        "ini" | "cfg" | "conf" | "service" | "properties" | "desktop" | "timer" | "editorconfig" => Language::Ini,
        "md" | "markdown" | "mdx" | "rst" | "txt" | "adoc" | "asciidoc" | "org" | "log" => Language::Markdown,
        "env" => Language::Dotenv,
        "go" | "rs" | "rb" | "java" | "kt" | "cs" | "php" | "nix" | "lua" | "ex" | "exs" | "tf" | "html" | "htm"
        | "xml" | "c" | "h" | "cpp" | "hpp" | "swift" | "dart" | "scala" | "pl" | "ps1" | "bat" | "cmd" | "gradle"
        | "prisma" | "ipynb" | "csv" | "tsv" | "css" | "scss" | "proto" | "graphql" => Language::Other,
        _ => return None,
    })
}

fn by_first_line(head: &[u8]) -> Option<Language> {
    let line = head.split(|&byte| byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?.strip_prefix("#!")?;
    if line.contains("python") {
        Some(Language::Python)
    } else if line.contains("node") || line.contains("bun") || line.contains("deno") {
        Some(Language::Javascript)
    } else if line.contains("sh") {
        Some(Language::Shell)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_57_odd_names() {
        let cases: &[(&str, &str, Language)] = &[
            ("bin/tool", "#!/usr/bin/env python3\n", Language::Python),
            ("run", "#!/bin/sh\n", Language::Shell),
            (".env.template", "", Language::Dotenv),
            ("prod.env", "", Language::Dotenv),
            ("config.json.backup-2024", "", Language::Json),
            ("old.py.deprecated", "", Language::Python),
            ("Dockerfile.arm64", "", Language::Dockerfile),
            ("docker-compose.yml.j2", "", Language::Yaml),
            ("flake.nix", "", Language::Other),
            ("Makefile", "", Language::Other),
            ("a/README", "", Language::Markdown),
            ("tool.1", ".TH \"TOOL\" \"1\"\n", Language::Markdown),
            ("tool.1", "#!/bin/sh\n", Language::Shell),
        ];
        for (path, head, language) in cases {
            assert_eq!(language_of(path, head.as_bytes()), *language, "{path}");
        }
    }
}
