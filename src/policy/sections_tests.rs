//! What a policy may say, and what is said of its mistakes.

use proptest::prelude::*;

use super::*;
use crate::policy::Argument;

fn from_text(text: &str) -> Policy {
    parse(&Source::new("dbguard.toml", text.as_bytes().to_vec()))
}

const WHOLE: &str = r#"
[primary]
path    = "/app/data/zoe.db"
env     = "DATABASE_PATH"            # what code must read
aliases = ["ZOE_DB_PATH"]

[[specialised]]
path       = "/app/data/memory.db"
env        = "MEMORY_DB_PATH"
allowed-in = ["services/*/light_rag*.py", "scripts/migrate_to_light_rag.py"]
why        = "Light RAG embeddings"

[[retired]]
path = "auth.db"
[[retired]]
path   = "./notifications.db"
tables = { notifications = "notification_user", system_state = "notification_system_state" }

[[external]]
path = "homeassistant/home-assistant_v2.db"
owner = "Home Assistant"

[tables]
roadmap_items = "roadmap_priority"

[mounts]
"/home/pi/zoe/data" = "data"
"/app/data" = "data"

[places]
config    = ["config/**", "**/settings.py", ".env*"]
temporary = ["/tmp/**"]
tests     = ["tests/**"]

[python]
openers = ["app.db.DBRouter(1)", "open_store(path)"]
access  = 'os.environ.get("{env}", "{path}")'

[suppression]
require-reason = true

[rules]
hardcoded-path = "warning"
live-copy = "off"
"#;

#[test]
fn the_whole_of_it() {
    let policy = from_text(WHOLE);
    assert_eq!(policy.mistakes, []);
    let primary = policy.primary.unwrap();
    assert_eq!((primary.path.value.as_str(), primary.path.place.start.line), ("/app/data/zoe.db", 3));
    assert_eq!(primary.env.value, "DATABASE_PATH");
    assert_eq!(primary.aliases[0].value, "ZOE_DB_PATH");
    assert_eq!(policy.specialised[0].allowed_in.len(), 2);
    assert_eq!(policy.retired[1].path.value, "notifications.db");
    assert_eq!(policy.retired[1].tables[0].1, "notification_user");
    assert_eq!(policy.external[0].owner.as_deref(), Some("Home Assistant"));
    assert_eq!(policy.tables[0].0.value, "roadmap_items");
    let mounts: Vec<&str> = policy.mounts.iter().map(|(container, _)| container.value.as_str()).collect();
    assert_eq!(mounts, ["/home/pi/zoe/data", "/app/data"], "in the order of the file");
    assert_eq!(policy.python.openers[1].value.argument, Argument::Keyword("path".to_owned()));
    assert_eq!(policy.rules["hardcoded-path"].value, Some(Severity::Warning));
    assert_eq!(policy.rules["live-copy"].value, None);
}

#[test]
fn a_primary_that_is_reached_by_url() {
    let policy = from_text("[primary]\nurl-env = 'DATABASE_URL'\nengine = 'postgresql'\n");
    assert_eq!(policy.mistakes, []);
    let primary = policy.primary.unwrap();
    assert_eq!((primary.engine, primary.env.value.as_str()), (Engine::Postgresql, "DATABASE_URL"));
    assert_eq!(primary.path.value, "");
}

#[test]
fn an_empty_policy_is_one() {
    let policy = from_text("");
    assert!(policy.mistakes.is_empty() && policy.primary.is_none() && policy.file.is_some() && !policy.broken);
}

/// Line, message, help.
#[test]
fn mistakes_stand_at_their_line() {
    for (text, line, message, help) in [
        ("[primry]\npath = 'x.db'", 1, "unknown key `primry` in a policy", Some("did you mean `primary`?")),
        (
            "[primary]\npath = 'x.db'\nalias = ['A']",
            3,
            "unknown key `alias` in `[primary]`",
            Some("did you mean `aliases`?"),
        ),
        ("[primary]\nenv = 'A'", 1, "`[primary]` has no `path`", None),
        ("[primary]\npath = 3", 2, "`path` must be a string, this is a number", None),
        ("[primary]\npath = ''", 2, "`path` is empty", None),
        (
            "[primary]\npath = 'sqlite:///x.db'",
            2,
            "`path` is a URL",
            Some("`path` is the file; a URL is read from `url-env`"),
        ),
        (
            "[primary]\npath = 'x.db'\nenv = '$DATABASE_PATH'",
            3,
            "`$DATABASE_PATH` is no name of an environment variable",
            Some("write `DATABASE_PATH`"),
        ),
        (
            "[primary]\nurl-env = 'U'\nengine = 'postgres'",
            3,
            "unknown engine `postgres`",
            Some("did you mean `postgresql`?"),
        ),
        (
            "[primary]\nengine = 'mysql'",
            1,
            "a primary that is no SQLite file is reached by URL: `[primary]` has no `url-env`",
            Some("url-env = \"DATABASE_URL\""),
        ),
        ("[retired]\npath = 'x.db'", 1, "`retired` must be a list of tables, `[[retired]]`, this is a table", None),
        ("retired = ['x.db']", 1, "`retired` must be a list of tables, `[[retired]]`, this is a string", None),
        ("[[external]]\nowner = 'n8n'", 1, "`[[external]]` has no `path`", None),
        ("[places]\ntests = 'tests/**'", 2, "`tests` must be a list of strings, this is a string", None),
        ("[places]\ntests = ['ok', 'tests/[']", 2, "not a glob: unclosed character class; missing ']'", None),
        ("[places]\ntemp = ['/tmp/**']", 2, "unknown key `temp` in `[places]`", Some("did you mean `temporary`?")),
        (
            "[places]\nzzz = []",
            2,
            "unknown key `zzz` in `[places]`",
            Some("`[places]` has `config`, `temporary`, `tests` and `exclude`"),
        ),
        (
            "[python]\nopeners = ['DBRouter(']",
            2,
            "`DBRouter(`: the bracket is not closed",
            Some("a function with its path argument: `app.db.open_store(path)` or `DBRouter(1)`"),
        ),
        (
            "[python]\naccess = 'get(\"{name}\")'",
            2,
            "`access` has no hole `{name}`",
            Some("its holes are `{env}` and `{path}`"),
        ),
        ("[rules]\nlive-copy = 'warn'", 2, "`warn` is no severity", Some("did you mean `warning`?")),
        (
            "[rules]\nlive-copy = 'loud'",
            2,
            "`loud` is no severity",
            Some("severities are `error`, `warning`, `note` and `off`"),
        ),
        ("[tables]\na = 'b'\nc = 'b'", 3, "`a` and `c` are both renamed to `b`", None),
        ("[tables]\na = 'a'", 2, "`a` is renamed to itself", None),
        (
            "[primary]\npath = 'x.db'\n[[retired]]\npath = './x.db'",
            4,
            "`x.db` is retired here and primary in line 2",
            Some("a database has one entry"),
        ),
    ] {
        let policy = from_text(text);
        let found: Vec<_> =
            policy.mistakes.iter().map(|it| (it.place.start.line, it.message.as_str(), it.help.as_deref())).collect();
        assert_eq!(found, [(line, message, help)], "{text}");
        assert!(!policy.broken, "{text}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_and_the_rest_is_read() {
    let policy = from_text("[primary]\npath = 'x.db'\nenvv = 'A'\n[[retired]]\n[[retired]]\npath = 'y.db'\n[mount]\n");
    assert_eq!(policy.mistakes.iter().map(|it| it.place.start.line).collect::<Vec<_>>(), [3, 4, 7]);
    assert_eq!(policy.primary.unwrap().path.value, "x.db");
    assert_eq!(policy.retired.len(), 1);
}

#[test]
fn a_text_that_is_not_toml_is_a_mistake_at_its_line() {
    let policy = from_text("[primary]\npath = \n");
    assert!(policy.broken);
    assert_eq!(policy.mistakes[0].place.start.line, 2);
    assert!(policy.mistakes[0].message.starts_with("not TOML: "), "{}", policy.mistakes[0].message);
}

#[test]
fn a_pyproject_holds_it_in_its_table() {
    let text = "[project]\nname = 'x'\n[tool.dbguard.primary]\npath = 'x.db'\nenw = 'A'\n";
    let policy = parse(&Source::new("sub/pyproject.toml", text.as_bytes().to_vec()));
    assert_eq!(policy.primary.unwrap().path.value, "x.db");
    assert_eq!(policy.mistakes.iter().map(|it| it.place.start.line).collect::<Vec<_>>(), [5]);
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&Source::new("dbguard.toml", bytes));
    }

    /// Bytes seldom make TOML; cutting and splicing the whole policy does.
    #[test]
    fn any_damage_is_answered(from in 0..WHOLE.len(), to in 0..WHOLE.len(), with in "[\\[\\]{}='\",.#a-zé\n]{0,12}") {
        let mut bytes = WHOLE.as_bytes().to_vec();
        bytes.splice(from.min(to)..from.max(to), with.bytes());
        let policy = parse(&Source::new("dbguard.toml", bytes));
        for mistake in &policy.mistakes {
            prop_assert!(mistake.place.start.line >= 1);
        }
    }
}
