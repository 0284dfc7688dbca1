//! Arbitrary bytes as a Python source: the front end, with the evaluator behind it, must answer.

#![no_main]

use dbguard::lang::{self, Language};
use dbguard::text::Source;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let source = Source::new("fuzzed.py", bytes.to_vec());
    let facts = lang::read(&source, Language::Python);
    for reference in &facts.references {
        assert!(reference.place.span.end as usize <= source.text.len());
    }
});
