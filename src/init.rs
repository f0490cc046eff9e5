//! A small site for someone else's homelab: what `homebuild init` writes. Its files lie in `src/init/` as they are.

use std::sync::Arc;

use crate::new::New;
use crate::problem::{Problems, Source};
use crate::schema::editor;
use crate::site::{Config, Site, SiteSources};

macro_rules! files {
    ($($path:literal)*) => { [$(($path, include_str!(concat!("init/", $path)))),*] };
}

const FILES: [(&str, &str); 13] = files! {
    "README.md"
    "homebuild.yaml"
    ".gitignore"
    "layouts/app.schema.yaml"
    "layouts/app.yaml.j2"
    "layouts/namespace.schema.yaml"
    "layouts/namespace.yaml.j2"
    "layouts/vm.schema.yaml"
    "layouts/vm.yaml.j2"
    "partials/ingress.yaml.j2"
    "stacks/machines/stack.yaml"
    "stacks/uptime/stack.yaml"
    "stacks/whoami/stack.yaml"
};

/// The files of the site, with what editors need to know of its layouts.
pub fn site() -> Result<New, Problems> {
    let below = |folder: &str| -> Vec<Arc<Source>> {
        FILES
            .iter()
            .filter(|(path, _)| path.starts_with(folder))
            .map(|(path, text)| Source::new(*path, *text))
            .collect()
    };
    let config = Config::read(&below("homebuild.yaml").remove(0))?;
    let sources = SiteSources { layouts: below("layouts/"), partials: below("partials/"), ..SiteSources::default() };
    let schema = editor(&Site::new(config, &sources)?.language());
    let mut files: Vec<_> = FILES.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    files.push(("schemas/editor.json".to_owned(), schema));
    Ok(New { files, warnings: Problems::new() })
}
