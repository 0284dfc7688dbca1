//! The laws of the cards: what is written once is held to be so.

use std::collections::BTreeSet;

use super::*;

fn folder(path: &str) -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_folder_is_the_roster() {
    let mut ids: Vec<&str> = ids().collect();
    ids.sort_unstable();
    let cards: Vec<String> =
        folder("rules").into_iter().filter_map(|name| Some(name.strip_suffix(".toml")?.to_owned())).collect();
    assert_eq!(cards, ids);
    let files: BTreeSet<String> = folder("src/rules").into_iter().collect();
    for id in ids {
        assert!(files.contains(&format!("{}.rs", id.replace('-', "_"))), "{id}");
    }
}

#[test]
fn every_card_is_whole() {
    for card in all().iter().map(|rule| &rule.card) {
        let id = card.id;
        let Examples { bad, good } = card.examples().unwrap();
        assert!(!bad.is_empty() && !good.is_empty(), "{id} has an example of each kind");
        assert!(bad.iter().all(|example| !example.flags.is_empty()), "{id}: a bad example flags something");
        assert!(good.iter().all(|example| example.flags.is_empty()), "{id}: a good example flags nothing");
        let own = std::fs::read_to_string(format!("{}/rules/{id}.toml", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let (head, examples) = own.split_at(own.find("\n[[").unwrap());
        let keys = |text: &str| toml::from_str::<toml::Table>(text).unwrap().into_iter().map(|(key, _)| key).collect();
        let (head, examples): (BTreeSet<String>, BTreeSet<String>) = (keys(head), keys(examples));
        assert!(head.contains("summary") && examples.iter().eq(["bad", "good"]), "{id}: its examples stand at its end");
        for words in [&card.summary, &card.message, &card.why].into_iter().chain(&card.help) {
            assert!(!words.trim().is_empty(), "{id}");
            assert!(!words.contains("  "), "{id}: {words}");
        }
        assert!(!card.summary.ends_with('.') && card.summary.len() <= 100, "{id}: {}", card.summary);
        assert!(!card.message.ends_with('.'), "{id}: {}", card.message);
    }
}

/// "allow[hardcoded-path]" reads well: small words joined by hyphens, no verb that says the opposite.
#[test]
fn ids_read_well_after_allow() {
    for id in ids() {
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{id}");
        assert!(!["no-", "avoid-", "dont-", "check-", "allow-"].iter().any(|prefix| id.starts_with(prefix)), "{id}");
    }
}

#[test]
fn rules_yield_without_a_circle() {
    fn reaches(from: &str, to: &str, depth: usize) -> bool {
        depth > 0 && card(from).unwrap().yields_to.iter().any(|next| next == to || reaches(next, to, depth - 1))
    }
    for rule in all() {
        for better in &rule.card.yields_to {
            assert!(card(better).is_some(), "{} yields to {better}, which is no rule", rule.card.id);
        }
        assert!(!reaches(rule.card.id, rule.card.id, all().len()), "{}", rule.card.id);
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test writes the file that it holds current, when it is asked to")]
fn the_readme_is_current() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/README.md");
    if std::env::var_os("DBGUARD_UPDATE").is_some() {
        std::fs::write(&path, readme()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), readme(), "run with DBGUARD_UPDATE=1");
}
