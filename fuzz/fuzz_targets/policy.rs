//! Arbitrary bytes as a policy: each is read or has mistakes, and every mistake lies in the text.

#![no_main]

use dbguard::policy;
use dbguard::text::Source;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for name in ["dbguard.toml", "pyproject.toml"] {
        let source = Source::new(name, bytes.to_vec());
        for mistake in policy::parse(&source).mistakes {
            assert!(mistake.place.span.end as usize <= source.text.len());
        }
    }
});
