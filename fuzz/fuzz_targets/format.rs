//! A source that is formatted is so for good; what it means the formatter compares by itself.
#![no_main]

use homebuild::problem::Source;
use homebuild::yaml::format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(once) = format(&Source::new("stack.yaml", text)) {
        let _ = format(&Source::new("stack.yaml", once.as_str()));
    }
});
