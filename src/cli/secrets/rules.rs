//! Every `.sops.yaml` that a command changes: as it was read, and as it shall be, until all of it is right.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::disk::{self, Above};
use crate::problem::{Problem, Problems, Source};
use crate::sops::config::{self, Config};

/// What changes a `.sops.yaml` for a file, whose path it is given; none where nothing has to.
type Change<'a> = dyn Fn(&Config, &str) -> Result<Option<String>, Problems> + 'a;

#[derive(Default)]
pub(super) struct Rules(BTreeMap<String, (Arc<Source>, Config)>);

impl Rules {
    /// Changes the rules of a file, where there are any. `recipient` is whom it is about, for a message.
    pub(super) fn change(
        &mut self,
        site: &disk::Site,
        root: &Path,
        path: &str,
        recipient: &str,
        change: &Change,
    ) -> Result<(), Problems> {
        let Some(Above { source, path: below, is_inside }) = disk::nearest(site, root, path, config::NAME)? else {
            return Ok(());
        };
        let config = match self.0.get(&source.path) {
            Some((_, config)) => config,
            None => &Config::read(&source)?,
        };
        let Some(text) = change(config, &below)? else { return Ok(()) };
        if !is_inside {
            let message = format!("`{}` lies outside of the site: change it by hand", source.path);
            return Err(Problem::error("sops-config", message).note(format!("it is about {recipient}")).into());
        }
        let changed = Config::read(&Source::new(source.path.as_str(), text))?;
        let before = self.0.remove(&source.path).map_or_else(|| source.clone(), |(before, _)| before);
        self.0.insert(source.path.clone(), (before, changed));
        Ok(())
    }

    /// The rules of a file as they shall be, and its path from them; none where it has none.
    pub(super) fn of(&self, site: &disk::Site, root: &Path, path: &str) -> Result<Option<(Config, String)>, Problems> {
        let Some(above) = disk::nearest(site, root, path, config::NAME)? else { return Ok(None) };
        let source = self.0.get(&above.source.path).map_or(&above.source, |(_, config)| config.source());
        Ok(Some((Config::read(source)?, above.path)))
    }

    /// Writes those that changed: their paths.
    pub(super) fn save(self, site: &disk::Site) -> Result<Vec<String>, Problems> {
        for (before, config) in self.0.values() {
            site.rewrite(before, &config.source().text)?;
        }
        Ok(self.0.into_keys().collect())
    }
}
