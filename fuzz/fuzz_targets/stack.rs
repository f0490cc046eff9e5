//! A stack of any text is built in memory, or its problems are told; twice the same.
#![no_main]

use std::sync::{Arc, LazyLock};

use homebuild::problem::Source;
use homebuild::site::{Config, Site, SiteSources};
use homebuild::{render, resolve};
use libfuzzer_sys::fuzz_target;

fn base(path: &str, text: &str) -> Arc<Source> {
    Source::new(path, text)
}

macro_rules! bases {
    ($($path:literal),*) => { vec![$(base($path, include_str!(concat!("../../tests/base/", $path)))),*] };
}

static SITE: LazyLock<Site> = LazyLock::new(|| {
    let config = Config::read(&base("homebuild.yaml", include_str!("../../tests/base/homebuild.yaml"))).expect("right");
    let sources = SiteSources {
        layouts: bases![
            "layouts/config.schema.yaml",
            "layouts/config.yaml.j2",
            "layouts/namespace.schema.yaml",
            "layouts/namespace.yaml.j2",
            "layouts/objects.schema.yaml",
            "layouts/objects.yaml.j2",
            "layouts/types.schema.yaml",
            "layouts/web.schema.yaml",
            "layouts/web.yaml.j2"
        ],
        partials: bases!["partials/ports.yaml.j2"],
        ..SiteSources::default()
    };
    Site::new(config, &sources).expect("right")
});

fuzz_target!(|text: &str| {
    // a text of `files/` may follow the stack's own
    let (stack, file) = text.split_once("\0\n").unwrap_or((text, "{{ stack.name }}\n"));
    let sources = [Source::new("stacks/web/files/a.j2", file), Source::new("stacks/web/stack.yaml", stack)];
    assert_eq!(built(&sources), built(&sources));
});

fn built(sources: &[Arc<Source>]) -> String {
    let (stack, problems) = resolve::stack(&SITE, "web", sources);
    let told: String = problems.sorted().iter().map(ToString::to_string).collect();
    let Some(stack) = stack else {
        assert!(!told.is_empty());
        return told;
    };
    match render::stack(&SITE, &stack) {
        Ok(modules) => {
            modules.iter().flat_map(|module| &module.artifacts).map(|a| format!("{}\n{}", a.path, a.text)).collect()
        }
        Err(problems) => told + &problems.sorted().iter().map(ToString::to_string).collect::<String>(),
    }
}
