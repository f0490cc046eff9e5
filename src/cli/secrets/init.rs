//! `homebuild secrets init`

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;
use zeroize::Zeroizing;

use super::Answer;
use super::rules::Rules;
use crate::disk::{self, Seen};
use crate::load;
use crate::problem::{Problem, Problems, Source, gather};
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
    let named = readers(&site, &paths)?;
    let made = make(&site, root, &paths, &recipients, if named.is_empty() { &recipients } else { &named })?;
    let mut text = String::new();
    if let Some(own) = &own {
        text += &told(own);
    }
    for (path, word) in &made {
        let _ = writeln!(text, "{word} {path}");
    }
    let closed = closed(&site, &paths, &keys, own.as_ref())?;
    text += &closed;
    if made.is_empty() && own.as_ref().is_none_or(|own| !own.is_new) {
        text += "nothing was missing\n";
    }
    if closed.is_empty() {
        text += "next: homebuild secrets set NAME\n";
    }
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

/// Those who can open the files that are there: a rule that is made anew names them.
fn readers(site: &disk::Site, paths: &[String]) -> Result<Vec<Recipient>, Problems> {
    let mut all: Vec<Recipient> = Vec::new();
    for path in paths {
        let Some(source) = site.file(path, &mut Seen::new())? else { continue };
        for reader in who_opens(&source)?.0 {
            if let Ok(recipient) = Recipient::parse(&reader.recipient)
                && !all.iter().any(|one| one.is(&reader.recipient))
            {
                all.push(recipient);
            }
        }
    }
    Ok(all)
}

/// Makes `.sops.yaml` for `named` and the secrets files that are missing: their paths, and what was done to each.
fn make(
    site: &disk::Site,
    root: &Path,
    paths: &[String],
    recipients: &[Recipient],
    named: &[Recipient],
) -> Result<Vec<(String, &'static str)>, Problems> {
    let mut missing = Vec::new();
    for path in paths {
        if site.file(path, &mut Seen::new())?.is_none() {
            missing.push(path);
        }
    }
    let mut files = Vec::new();
    let Some(first) = paths.first() else { return Ok(Vec::new()) };
    if disk::nearest(site, root, first, config::NAME)?.is_none() {
        files.push((config::NAME.to_owned(), config::text(named)));
    }
    let mut rules = Rules::default();
    for path in missing {
        for recipient in recipients {
            let add = |config: &Config, below: &str| config.with(below, recipient);
            rules.change(site, root, path, &recipient.to_string(), &add)?;
        }
        let (config, below) = match rules.of(site, root, path)? {
            Some(found) => found,
            None => (Config::read(&Source::new(config::NAME, config::text(recipients)))?, path.clone()),
        };
        let rule = config.rule(&below)?;
        files.push((path.clone(), File::new(path, &rule.recipients, &rule.which)?.finish(&super::now())?));
    }
    site.add(&files)?;
    let changed = rules.save(site)?.into_iter().map(|path| (path, "changed"));
    Ok(changed.chain(files.into_iter().map(|(path, _)| (path, "made"))).collect())
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
            let public = &own.public;
            let _ = writeln!(text, "{path} is not encrypted for you: let someone who can open it run");
            let _ = writeln!(text, "  homebuild secrets recipients add {public}");
        }
    }
    Ok(text)
}
