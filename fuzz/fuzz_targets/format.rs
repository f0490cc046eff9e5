//! A source that is formatted is so for good; what it means the formatter compares by itself.
#![no_main]

use std::sync::LazyLock;

use homebuild::problem::Source;
use homebuild::yaml::format;
use libfuzzer_sys::fuzz_target;

/// libFuzzer's hook would abort where the library behind `format` panics, which `format` catches and tells.
static CAUGHT: LazyLock<()> = LazyLock::new(|| std::panic::set_hook(Box::new(|_| ())));

fuzz_target!(|text: &str| {
    LazyLock::force(&CAUGHT);
    if let Ok(once) = format(&Source::new("stack.yaml", text)) {
        let _ = format(&Source::new("stack.yaml", once.as_str()));
    }
});
