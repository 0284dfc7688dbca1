//! What the name and folder of a database file tell of it: a fixture, a copy, a side file, another program's.

use std::sync::LazyLock;

use regex::Regex;

/// `x.db-wal` and its kin belong to `x.db`.
#[must_use]
pub fn without_side_ending(path: &str) -> &str {
    ["-wal", "-shm", "-journal"].iter().find_map(|ending| path.strip_suffix(ending)).unwrap_or(path)
}

/// A test's material: in a folder of tests, fixtures, samples or examples.
#[must_use]
pub fn is_fixture(path: &str) -> bool {
    const FOLDERS: [&str; 14] = [
        "test",
        "tests",
        "testing",
        "testdata",
        "test-data",
        "test_data",
        "fixtures",
        "fixture",
        "__fixtures__",
        "__tests__",
        "spec",
        "samples",
        "sample",
        "examples",
    ];
    let Some((folder, name)) = path.rsplit_once('/') else { return is_test_name(path) };
    folder.split('/').any(|part| FOLDERS.contains(&part.to_ascii_lowercase().as_str())) || is_test_name(name)
}

fn is_test_name(name: &str) -> bool {
    TEST.is_match(name)
}

static TEST: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)^(?:test|tests|fixture|sample|example)(?:[_.-]|$)|[_-](?:test|fixture)\."));
static COPY: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\.(?:bak|backup|old|orig|copy|migrated|save|corrupt)(?:[-._0-9][\w.:-]*)?$|[-_.](?:bak|backup|old|orig|copy|archived?|migrated|before|pre)(?:[-_.][\w.:*-]*)?\.\w+$|^(?:backup|bak|old|copy)[-_.]|\.(?:db|sqlite3?|db3)[-_.][0-9][\w.:-]*$| \(?copy",
    )
});
static THROW_AWAY: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:te?mp|test|scratch|throwaway|dummy)(?:[_.-]|[0-9*]|$)|[_.-](?:te?mp|test|scratch|dummy)(?:[_.-]|[0-9*])",
    )
});

/// The patterns above are constants; a test compiles each.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

/// A copy that someone keeps: `x.db.bak-2024`, `backups/x.db`, `x_old.db`.
#[must_use]
pub fn is_copy(path: &str) -> bool {
    const FOLDERS: [&str; 9] =
        ["backup", "backups", "bak", "archive", "archives", "archived", "old", "snapshots", "db_backups"];
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    // `db_backup_20240102`, `migration-backup-*`
    let says_so = |part: &str| part.split(['_', '-', '.']).any(|word| matches!(word, "backup" | "backups" | "bak"));
    let is_folder = |part: &str| FOLDERS.contains(&part) || says_so(part);
    COPY.is_match(name) || folder.split('/').any(|part| is_folder(&part.to_ascii_lowercase()))
}

/// A name that says the database may be thrown away: `tmp_import.db`, `test.sqlite3`.
#[must_use]
pub fn is_throw_away(name: &str) -> bool {
    THROW_AWAY.is_match(name.rsplit('/').next().unwrap_or(name))
}

/// Well-known databases of other programs: the end of the path, and whose it is.
const OTHERS: [(&str, &str); 26] = [
    ("home-assistant_v2.db", "Home Assistant"),
    ("zigbee.db", "Zigbee Home Automation"),
    ("places.sqlite", "Firefox"),
    ("cookies.sqlite", "Firefox"),
    ("favicons.sqlite", "Firefox"),
    ("signal/sql/db.sqlite", "Signal"),
    ("viber.db", "Viber"),
    ("cookies", "Chromium"),
    ("litellm.db", "LiteLLM"),
    ("authelia/db.sqlite3", "Authelia"),
    ("authelia/config/db.sqlite3", "Authelia"),
    ("n8n/database.sqlite", "n8n"),
    (".n8n/database.sqlite", "n8n"),
    ("n8n-data/database.sqlite", "n8n"),
    ("grafana.db", "Grafana"),
    ("gitea.db", "Gitea"),
    ("pihole-ftl.db", "Pi-hole"),
    ("gravity.db", "Pi-hole"),
    ("kuma.db", "Uptime Kuma"),
    ("portainer.db", "Portainer"),
    ("vaultwarden/db.sqlite3", "Vaultwarden"),
    ("nextcloud.db", "Nextcloud"),
    ("open-webui/webui.db", "Open WebUI"),
    ("webui.db", "Open WebUI"),
    ("mlflow.db", "MLflow"),
    (".coverage", "coverage.py"),
];

/// The other program that a database is known to belong to, by its usual name and folder.
#[must_use]
pub fn known_owner(path: &str) -> Option<&'static str> {
    let lower = path.to_ascii_lowercase();
    OTHERS
        .iter()
        .find(|(end, _)| lower == *end || lower.strip_suffix(end).is_some_and(|head| head.ends_with('/')))
        .map(|(_, owner)| *owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_36_copies_and_side_files() {
        for yes in [
            "x.db.bak",
            "x.db.backup-2024-01-02",
            "data/backups/x.db",
            "x_old.db",
            "*_backup_*.sqlite",
            "x.db.20240102",
            "backup_x.db",
            "x.db.MIGRATED",
            "x-backup-1.sqlite3",
            "x.db.old",
            "data/db_backup_*/users.db",
        ] {
            assert!(is_copy(yes), "{yes}");
        }
        for no in ["x.db", "data/goldfish.db", "data/copyright.db", "oldtimers.db", "prefs.db", "backups.db"] {
            assert!(!is_copy(no), "{no}");
        }
        assert_eq!(without_side_ending("data/x.db-wal"), "data/x.db");
    }

    #[test]
    fn fixtures() {
        for (path, expected) in [
            ("tests/fixtures/a.db", true),
            ("app/__tests__/a.db", true),
            ("test_users.db", true),
            ("users_test.db", true),
            ("data/contest.db", false),
            ("latest/a.db", false),
            ("testimony.db", false),
        ] {
            assert_eq!(is_fixture(path), expected, "{path}");
        }
    }

    #[test]
    fn throw_away_names() {
        for (path, expected) in [
            ("tmp.db", true),
            ("data/temp_import.db", true),
            ("import.tmp.db", true),
            ("test_*.db", true),
            ("template.db", false),
            ("temperature.db", false),
            ("latest.db", false),
        ] {
            assert_eq!(is_throw_away(path), expected, "{path}");
        }
    }

    #[test]
    fn case_61_databases_of_other_programs() {
        for (path, owner) in [
            ("homeassistant/home-assistant_v2.db", Some("Home Assistant")),
            ("/config/places.sqlite", Some("Firefox")),
            ("authelia/db.sqlite3", Some("Authelia")),
            ("db.sqlite3", None),
            ("data/database.sqlite", None),
            ("myplaces.sqlite", None),
        ] {
            assert_eq!(known_owner(path), owner, "{path}");
        }
    }
}
