//! What changes in a file: values, and those who can open it.

use super::{File, Held, Reader, SOPS, Step, What, bound, is_at, keys, path_text, words};
use crate::problem::{Place, Problem, Problems, Source};
use crate::sops::{Cipher, Recipient, Value};
use crate::yaml::{self, Data, Map, Node};

/// The version of sops whose files homebuild writes.
const VERSION: &str = "3.13.3";
/// When a file was changed that never was.
const NEVER: &str = "1970-01-01T00:00:00Z";

impl File {
    /// A file without values that these can open; `rules` are the keys of `sops:` that say what is encrypted.
    pub fn new(path: &str, recipients: &[Recipient], rules: &Map) -> Result<Self, Problems> {
        let source = Source::new(path, "");
        let place = Place::file(&source);
        let cipher = Cipher::generate().map_err(|_| no_chance())?;
        let mut age = Vec::new();
        for recipient in recipients {
            age.push(reader(
                &Reader { recipient: recipient.to_string(), wrapped: recipient.wrap(cipher.key())? },
                &place,
            ));
        }
        let mut sops = Map::default();
        sops.set("age", Node::new(Data::List(age), &place));
        for (key, text) in [("lastmodified", NEVER), ("mac", "")] {
            sops.set(key, Node::text(text, &place));
        }
        for (key, value) in rules.iter() {
            sops.set(key, value.clone());
        }
        sops.set("version", Node::text(VERSION, &place));
        let mut file = Map::default();
        file.set(SOPS, Node::new(Data::Map(sops), &place));
        Self::read(&source, yaml::emit(&Node::new(Data::Map(file), &place)), cipher)
    }

    /// The text to be written, with its MAC. `now` is the time as RFC 3339 has it, in seconds.
    pub fn finish(&self, now: &str) -> Result<String, Problems> {
        let text = self.with_mac(now)?;
        let file = Self::read(&self.source, text, self.cipher.clone())?;
        file.check_mac()?;
        Ok(file.text)
    }

    /// Sets the value at a path, whose maps are made where they are missing; a place in a list may be one more than it
    /// has. Whether that changed anything: a value that is there keeps its ciphertext.
    pub fn set<S: AsRef<str>>(&mut self, path: &[S], value: &Value) -> Result<bool, Problems> {
        let named: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
        if !self.rules.encrypts(&named) {
            let shown = crate::secrets::reference::path_text(path);
            return Err(Problem::error("secrets", format!("`{shown}` would stand in plain"))
                .at(&Place::file(&self.source).without_text())
                .note("the rule in the file's `sops:` leaves such names alone: take another one; what is no secret is for `vars`")
                .into());
        }
        if let Some(held) = self.held.iter().find(|held| is_at(&held.path, path)) {
            if held.value == *value {
                return Ok(false);
            }
            let written = self.written(&held.path, value)?;
            let text = self.with_scalar(&held.path, &held.at, &written);
            let path = held.path.clone();
            self.become_text(text, &path, &[(Vec::new(), value)])?;
            return Ok(true);
        }
        let steps = self.steps(path)?;
        let written = self.written(&steps, value)?;
        let text = self.with_new(&steps, written).map_err(|why| self.stuck(&steps, why))?;
        self.become_text(text, &steps, &[(Vec::new(), value)])?;
        Ok(true)
    }

    /// Takes the value, the map or the list at a path out, and the maps and lists that hold nothing else. Whether it was
    /// there.
    pub fn remove<S: AsRef<str>>(&mut self, path: &[S]) -> Result<bool, Problems> {
        let known = self.parts.iter().find(|part| !matches!(part.what, What::Comment(_)) && is_at(&part.path, path));
        let Some(steps) = known.map(|part| part.path.clone()).filter(|path| !super::is_sops(path)) else {
            return Ok(false);
        };
        let text = self.without(&steps).map_err(|why| self.stuck(&steps, why))?;
        self.become_text(text, &steps, &[])?;
        Ok(true)
    }

    /// Takes over what changed from one state of the file to another, where this is a third: the file that somebody else has
    /// written meanwhile. What both have changed is an error.
    pub fn take_over(&mut self, before: &Self, after: &Self) -> Result<(), Problems> {
        let mut problems = Problems::new();
        let both = |path: &[String]| {
            let shown = crate::secrets::reference::path_text(path);
            let problem = Problem::error("secrets", format!("`{shown}` was changed by another program meanwhile"));
            problem.at(&Place::file(&self.source).without_text()).note("take its value over, or set yours afterwards")
        };
        let mut changes = Vec::new();
        for (path, value) in after.values().filter(|(path, value)| before.value(path) != Some(value)) {
            match self.value(&path) {
                now if now == before.value(&path) || now == Some(value) => changes.push((path, Some(value.clone()))),
                _ => problems.push(both(&path)),
            }
        }
        for (path, value) in before.values().filter(|(path, _)| after.value(path).is_none()) {
            match self.value(&path) {
                Some(now) if now != value => problems.push(both(&path)),
                Some(_) => changes.push((path, None)),
                None => {}
            }
        }
        problems.or(())?;
        for (path, value) in changes {
            match value {
                Some(value) => self.set(&path, &value)?,
                None => self.remove(&path)?,
            };
        }
        Ok(())
    }

    /// Wraps the file's key for one more, who reads everything in it from then on. Whether they could not already.
    pub fn add_reader(&mut self, recipient: &Recipient) -> Result<bool, Problems> {
        let readers = self.readers();
        if readers.iter().any(|reader| recipient.is(&reader.recipient)) {
            return Ok(false);
        }
        let wrapped = Reader { recipient: recipient.to_string(), wrapped: recipient.wrap(self.cipher.key())? };
        let node = reader(&wrapped, &Place::file(&self.source));
        let mut steps = vec![Step::Key(SOPS.into()), Step::Key("age".into())];
        let has_list = self.parts.iter().any(|part| part.path == steps);
        if has_list {
            steps.push(Step::Index(readers.len()));
        }
        let node = if has_list { node } else { Node::new(Data::List(vec![node]), &Place::file(&self.source)) };
        let text = self.with_new(&steps, node).map_err(|why| self.stuck(&steps, why))?;
        self.become_text(text, &steps, &[])?;
        Ok(true)
    }

    /// Takes one out of those who can open the file from now on. Whether they could.
    pub fn remove_reader(&mut self, recipient: &str) -> Result<bool, Problems> {
        let Some(index) = self.readers().iter().position(|reader| reader.recipient == recipient) else {
            return Ok(false);
        };
        let steps = [Step::Key(SOPS.into()), Step::Key("age".into()), Step::Index(index)];
        let text = self.without(&steps).map_err(|why| self.stuck(&steps, why))?;
        self.become_text(text, &steps, &[])?;
        Ok(true)
    }

    /// A value as it is written at a path.
    pub(super) fn written(&self, path: &[Step], value: &Value) -> Result<Node, Problem> {
        let place = Place::file(&self.source);
        if self.rules.encrypts(&keys(path)) {
            let text = self.cipher.encrypt(value, &bound(path)).map_err(|_| no_chance())?;
            return Ok(Node::text(text, &place));
        }
        let text = value.text().ok_or_else(|| {
            Problem::error(
                "secrets",
                format!("`{}` stays in plain in this file, and its bytes are no text", path_text(path)),
            )
            .at(&place)
        })?;
        let data = if value.kind() == super::Kind::Str { Data::Str(text.into()) } else { yaml::plain(text) };
        Ok(Node::new(data, &place))
    }

    /// The steps to a value that is not there: numbers are places in the lists that are there.
    pub(super) fn steps<S: AsRef<str>>(&self, path: &[S]) -> Result<Vec<Step>, Problem> {
        let mut steps = Vec::new();
        let fail = |message: String| Problem::error("secrets", message).at(&Place::file(&self.source).without_text());
        let shown = crate::secrets::reference::path_text(path);
        if path.is_empty() || path[0].as_ref() == SOPS {
            return Err(fail(format!("`{shown}` is no name of a secret")));
        }
        if self.is_collection(path) {
            return Err(fail(format!("`{shown}` is a map or a list, not a value")).note("name one of the values in it"));
        }
        for word in path {
            let here =
                self.parts.iter().find(|part| !matches!(part.what, What::Key | What::Comment(_)) && part.path == steps);
            steps.push(match here.map(|part| &part.what) {
                Some(What::Scalar(data)) if *data != Data::Null => {
                    let message = format!("`{}` is a value: nothing can stand below it", path_text(&steps));
                    return Err(fail(message).note("take it out first: `homebuild secrets remove NAME`"));
                }
                Some(What::Collection { is_list: true, .. }) => {
                    let next = self.entries(&steps);
                    let index = word.as_ref().parse::<usize>().ok().filter(|index| *index <= next);
                    Step::Index(index.ok_or_else(|| {
                        let list = path_text(&steps);
                        fail(format!("`{shown}`: the list `{list}` has {next} values"))
                            .note(format!("the next one is `{list}.{next}`"))
                    })?)
                }
                _ => Step::Key(word.as_ref().into()),
            });
        }
        Ok(steps)
    }

    /// Becomes the file of a text in which what is at a path is new, or gone: `wanted` are the values there, by their paths
    /// below it. Where any other value would have changed, nothing is done.
    pub(super) fn become_text(
        &mut self,
        text: String,
        changed: &[Step],
        wanted: &[(Vec<String>, &Value)],
    ) -> Result<(), Problems> {
        let after = Self::read(&self.source, text, self.cipher.clone())?;
        let is_other = |held: &&Held| !held.path.starts_with(changed);
        // where something is gone, what stood behind it in a list has its number now
        let (others, new): (Vec<&Held>, Vec<&Held>) =
            after.held.iter().partition(|held| wanted.is_empty() || is_other(held));
        let same = |(now, then): (&&Held, &Held)| keys(&now.path) == keys(&then.path) && now.value == then.value;
        let before: Vec<&Held> = self.held.iter().filter(is_other).collect();
        let are_kept = others.len() == before.len() && others.iter().zip(before).all(same);
        let above = words(changed);
        let is_there =
            |(path, value): &(Vec<String>, &Value)| after.value(&[above.as_slice(), path].concat()) == Some(value);
        if are_kept && new.len() == wanted.len() && wanted.iter().all(is_there) {
            *self = after;
            return Ok(());
        }
        Err(Problem::error("secrets", "this file is written in a way that homebuild cannot change safely")
            .at(&Place::file(&self.source).without_text())
            .note("`sops edit FILE` writes it anew in the usual form")
            .into())
    }

    pub(super) fn stuck(&self, path: &[Step], why: &str) -> Problem {
        Problem::error("secrets", format!("`{}` cannot be changed here: {why}", path_text(path)))
            .at(&Place::file(&self.source).without_text())
            .note("`sops edit FILE` writes the file anew in the usual form")
    }
}

/// The problem that the system gives no random bytes.
pub(super) fn no_chance() -> Problem {
    Problem::error("secrets", "the system gives no random bytes")
}

fn reader(reader: &Reader, place: &Place) -> Node {
    let mut map = Map::default();
    map.set("enc", Node::text(reader.wrapped.as_str(), place));
    map.set("recipient", Node::text(reader.recipient.as_str(), place));
    Node::new(Data::Map(map), place)
}
