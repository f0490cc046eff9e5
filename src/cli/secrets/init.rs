//! `homebuild secrets init`

use std::path::Path;

use serde_json::json;
use zeroize::Zeroizing;

use super::Answer;
use crate::disk::{self, Seen};
use crate::load;
use crate::problem::{Problem, Problems, gather};
use crate::sops::config::{self, Config};
use crate::sops::file::who_opens;
use crate::sops::keys::Pair;
use crate::sops::{File, Keys, Recipient, keys};

/// Arguments of `homebuild secrets init`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "secrets init",
    "secrets init --recipient age1jx6g64023d7pt5f9yd8y93t6nkzka6s6mq3pg248jl6apdjh2cwqe5rxur"
))]
pub(super) struct Arguments {
    /// Who can open the files that are made: a public key of age or SSH, given once for each [default: your own key, made
    /// where it is missing]
    #[arg(long, value_name = "PUBLIC-KEY")]
    recipient: Vec<String>,
    /// Print what was made as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// A person's own key.
struct Own {
    public: String,
    place: String,
    is_new: bool,
}

pub(super) fn run(root: &Path, arguments: &Arguments) -> Answer {
    let site = disk::Site::open(root)?;
    let _lock = super::lock(&site)?;
    let paths = load::secret_paths(&site)?;
    let keys = super::keys();
    super::warn_of_exposed(&keys);
    let given = gather(arguments.recipient.iter().map(|text| Recipient::parse(text).map_err(Problems::from)))?;
    let own = if given.is_empty() { Some(own(&keys)?) } else { None };
    let recipients = match &own {
        Some(own) => vec![Recipient::parse(&own.public)?],
        None => given,
    };
    let made = make(&site, root, &paths, &recipients)?;
    let mut text = String::new();
    if let Some(own) = &own {
        text += &told(own);
    }
    for (path, word) in &made {
        text += &format!("{word} {path}\n");
    }
    text += &closed(&site, &paths, &keys, own.as_ref())?;
    if made.is_empty() && own.as_ref().is_none_or(|own| !own.is_new) {
        text += "nothing was missing\n";
    }
    text += "next: homebuild secrets set NAME\n";
    let key = own.map(|own| json!({"public": own.public, "place": own.place, "made": own.is_new}));
    let files: Vec<&String> = made.iter().map(|(path, _)| path).collect();
    Ok((json!({"key": key, "changed": files}), text))
}

/// The key of age that is there, or a new one where sops looks for it.
fn own(keys: &Keys) -> Result<Own, Problem> {
    if let Some((public, place)) = keys.public().into_iter().find(|(public, _)| public.starts_with("age1")) {
        return Ok(Own { public, place, is_new: false });
    }
    let path = keys::default(&super::variable).ok_or_else(|| {
        Problem::error("no-home", "there is no home to put a private key into: HOME is not set")
            .note("name those who can open the secrets: --recipient age1...")
    })?;
    let pair = Pair::generate();
    let text = format!("# created: {}\n# public key: {}\n{}\n", super::now(), pair.public, *pair.private);
    disk::new_key_file(&path, Zeroizing::new(text).as_bytes()).map_err(|problem| {
        problem.note("a file that is there is never overwritten; homebuild found no usable key of age in it")
    })?;
    Ok(Own { public: pair.public, place: path.display().to_string(), is_new: true })
}

fn told(own: &Own) -> String {
    let Own { public, place, is_new } = own;
    if !is_new {
        return format!("your key is there already, from {place}\n  its public half is {public}\n");
    }
    format!(
        "made {place}: your private key\n  its public half is {public}\n  back it up now, on paper or in a password \
         manager: who has lost it cannot read these secrets again\n  it never belongs into git; who has it can read \
         everything\n"
    )
}

/// Makes `.sops.yaml` and the secrets files that are missing: their paths, and what was done to each.
fn make(
    site: &disk::Site,
    root: &Path,
    paths: &[String],
    recipients: &[Recipient],
) -> Result<Vec<(String, &'static str)>, Problems> {
    let mut missing = Vec::new();
    for path in paths {
        if site.file(path, &mut Seen::new())?.is_none() {
            missing.push(path);
        }
    }
    let mut files = Vec::new();
    let mut changed = Vec::new();
    let Some(first) = paths.first() else { return Ok(changed) };
    let found = disk::nearest(site, root, first, config::NAME)?;
    if found.is_none() {
        files.push((config::NAME.to_owned(), config::text(recipients)));
    }
    for path in missing {
        let (config, below, original) = match disk::nearest(site, root, path, config::NAME)? {
            Some(above) => (Config::read(&above.source)?, above.path.clone(), Some(above)),
            None => {
                let text = config::text(recipients);
                (Config::read(&crate::problem::Source::new(config::NAME, text))?, path.clone(), None)
            }
        };
        let config = with_all(config, &below, recipients)?;
        if let Some(above) = original.filter(|above| above.source.text != config.source().text) {
            if !above.is_inside {
                return Err(outside(&config, recipients).into());
            }
            site.rewrite(&above.source, &config.source().text)?;
            changed.push((above.source.path.clone(), "changed"));
        }
        let rule = config.rule(&below)?;
        files.push((path.clone(), File::create(path, &rule.recipients, &rule.which)?.finish(&super::now())?));
    }
    site.add(&files)?;
    changed.extend(files.into_iter().map(|(path, _)| (path, "made")));
    Ok(changed)
}

/// The same rules with these recipients in that of a file.
fn with_all(mut config: Config, path: &str, recipients: &[Recipient]) -> Result<Config, Problems> {
    for recipient in recipients {
        if let Some(text) = config.with(path, recipient)? {
            let path = config.source().path.clone();
            config = Config::read(&crate::problem::Source::new(path, text))?;
        }
    }
    Ok(config)
}

/// That a `.sops.yaml` above the site does not name these.
pub(super) fn outside(config: &Config, recipients: &[Recipient]) -> Problem {
    let names: Vec<String> = recipients.iter().map(ToString::to_string).collect();
    Problem::error("sops-config", format!("`{}` lies outside of the site: change it by hand", config.source().path))
        .note(format!("its rule for the secrets of this site should name {}", names.join(", ")))
}

/// What to do about the files that are there and that the own key does not open.
fn closed(site: &disk::Site, paths: &[String], keys: &Keys, own: Option<&Own>) -> Result<String, Problems> {
    let Some(own) = own else { return Ok(String::new()) };
    let mut text = String::new();
    for path in paths {
        let Some(source) = site.file(path, &mut Seen::new())? else { continue };
        let (readers, _) = who_opens(&source)?;
        let is_mine = |recipient: &str| keys.has(recipient) || keys::is_same(recipient, &own.public);
        if !readers.iter().any(|reader| is_mine(&reader.recipient)) {
            text += &format!(
                "{path} is not encrypted for you: let someone who can open it run\n  homebuild secrets recipients add \
                 {}\n",
                own.public
            );
        }
    }
    Ok(text)
}
