//! The scanner of `${{ }}` finds its way through any text: what it runs stands in the text, and what is none stays.
#![no_main]

use std::cell::RefCell;

use homebuild::problem::{Place, Source};
use homebuild::template::expression::{evaluate_with, is_in, is_whole};
use homebuild::yaml::Node;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let place = Place::file(&Source::new("a.yaml", text));
    let ran = RefCell::new(Vec::new());
    let mut failed = 0;
    let run = |expression: &str, place: &Place| {
        ran.borrow_mut().push(expression.to_owned());
        Ok(Node::text("", place))
    };
    let node = evaluate_with(Node::text(text, &place), &run, &mut |_, _| failed += 1);
    let ran = ran.into_inner();
    let rest = ran.iter().try_fold(text, |rest, one| rest.split_once(one.as_str()).map(|(_, rest)| rest));
    assert!(rest.is_some(), "{ran:?} does not stand in the text, in this order");
    assert!(!is_whole(text) || ran.len() == 1 && failed == 0);
    if !is_in(text) {
        assert_eq!(node.as_str(), Some(text));
        assert!(ran.is_empty());
    }
    let written: usize = node.as_str().map_or(0, str::len);
    assert!(failed > 0 || written <= text.len());
});
