use super::*;
use crate::disk;
use crate::out;

/// The page of this repository's `out/`.
fn homelab() -> String {
    let disk = disk::Site::open(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let tree = out::read(&disk).unwrap();
    let graph = survey::graph(&tree).unwrap();
    let descriptions = BTreeMap::from([("immich".to_owned(), "<b>Photos</b> & videos".to_owned())]);
    page(&tree, &descriptions, &graph, "<svg></svg>")
}

#[test]
fn every_stack_has_its_place_with_what_it_has() {
    let page = homelab();
    let card = page.split("<article ").find(|card| card.starts_with("id=\"immich\"")).unwrap().replace("&#x2f;", "/");
    for text in [
        "href=\"https://immich.viktorbarzin.me\"",
        "immich-machine-learning",
        "2-gpu",
        "href=\"#platform\"",
        "10.0.10.15:/mnt",
    ] {
        assert!(card.contains(text), "{text}");
    }
    let stacks = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/out")).unwrap();
    let stacks = stacks.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count();
    assert_eq!(page.matches("<article ").count(), stacks);
    assert_eq!(homelab(), page, "the same tree gives the same bytes");
}

#[test]
fn what_a_stack_says_of_itself_is_text() {
    assert!(homelab().contains("&lt;b&gt;Photos&lt;&#x2f;b&gt; &amp; videos"));
}

#[test]
fn nothing_of_it_needs_a_network() {
    let page = homelab();
    for word in ["src=", "@import", "url(http", "<link", "fetch("] {
        assert!(!page.contains(word), "{word}");
    }
}
