//! `${VARIABLES}` of a Compose file. In the stack they are `vars`, or secrets where their names say so.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::is_made_by_chance;
use crate::problem::{Place, Problem, Problems, Source};
use crate::secrets::Secret;
use crate::yaml::{self, Node};

use super::words::is_secret;

/// What to do about a secret.
const MOVE: &str = "put it into the secrets file under the name that its expression has, then take `default(...)` away";
const GIVE: &str =
    "give the secrets file its value under the name that its expression has, then take `default(...)` away";

/// A part of a text.
enum Piece<'a> {
    Text(String),
    Variable { name: &'a str, operator: &'a str, argument: &'a str },
}

/// What is known of variables and secrets, and what was used of them.
pub struct Variables<'a> {
    /// Of the file `.env` beside the Compose file.
    given: BTreeMap<String, String>,
    /// The stack's `vars`, in the order of their first use: name, value, and what is to be said of it.
    pub used: Vec<(String, String, Option<String>)>,
    /// Variables that are written as their values, because an expression cannot stand there.
    pub inlined: BTreeMap<String, String>,
    stack: String,
    known: &'a Secret,
    secrets: BTreeMap<String, String>,
    /// Secrets that must stand nowhere.
    pub withheld: BTreeSet<String>,
    /// What the author should look at.
    pub problems: Problems,
}

impl<'a> Variables<'a> {
    pub fn new(given: BTreeMap<String, String>, stack: &str, known: &'a Secret) -> Self {
        let stack = identifier(stack);
        let (used, inlined, secrets) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        let (withheld, problems) = (BTreeSet::new(), Problems::new());
        Self { given, used, inlined, stack, known, secrets, withheld, problems }
    }

    /// A text as it is with today's values, for where the structure needs it.
    pub fn plain(&mut self, raw: &str) -> String {
        for piece in pieces(raw) {
            if let Piece::Variable { name, operator, argument } = piece {
                let value = self.value(name, operator, argument);
                self.inlined.insert(name.to_owned(), value);
            }
        }
        self.today(raw)
    }

    /// A text with today's values, to look at.
    pub fn today(&self, raw: &str) -> String {
        let value = |piece| match piece {
            Piece::Text(text) => text,
            Piece::Variable { name, operator, argument } => self.value(name, operator, argument),
        };
        pieces(raw).into_iter().map(value).collect()
    }

    /// A text with expressions in it, and whether it says something else than before.
    pub fn text(&mut self, raw: &str, place: &Place) -> (String, bool) {
        let mut out = String::new();
        let mut changed = false;
        for piece in pieces(raw) {
            match piece {
                Piece::Text(text) => out.push_str(&literal(&text)),
                Piece::Variable { name, operator, argument } => {
                    let (text, same) = self.variable(name, operator, argument, place);
                    out.push_str(&text);
                    changed |= !same;
                }
            }
        }
        let has_escapes = raw.contains("$$") || raw.contains("${{");
        (out, changed || has_escapes)
    }

    /// A value that is a secret by its name: the secret, or what it is until there is one.
    pub fn secret(&mut self, name: &str, raw: &str, place: &Place) -> String {
        let value = self.today(raw);
        let mut key = identifier(name);
        let taken =
            |key: &str, secrets: &BTreeMap<String, String>| secrets.get(key).is_some_and(|other| *other != value);
        while taken(&key, &self.secrets) {
            key.push_str("_2");
        }
        self.secrets.insert(key.clone(), value.clone());
        let path = format!("secrets.{}.{key}", self.stack);
        if matches!(self.known.get([self.stack.as_str(), key.as_str()]), Some(Secret::Value(_))) {
            return format!("${{{{ {path} }}}}");
        }
        let is_withheld = is_made_by_chance(&value);
        let (code, message, todo) = match value.as_str() {
            "" => ("no-value", "what looks like a secret has no value yet", GIVE),
            _ if is_withheld => ("plain-secret", "a secret is not copied into stack.yaml", GIVE),
            _ => ("plain-secret", "what looks like a secret stands in stack.yaml in plain", MOVE),
        };
        self.problems.push(Problem::warning(code, message).at(place).note(todo));
        let shown = if is_withheld { String::new() } else { value.clone() };
        if is_withheld {
            self.withheld.insert(value);
        }
        let default = yaml::emit_json(&Node::text(shown, place));
        format!("${{{{ {path} | default({}) }}}}", default.trim_end())
    }

    /// A problem that does not show the line on which a secret stands.
    pub fn without_secret(&self, mut problem: Problem) -> Problem {
        let shows = |place: &Place| {
            let line = place.source.line(place.line).unwrap_or_default();
            self.secrets.values().any(|secret| !secret.is_empty() && line.contains(secret.as_str()))
        };
        if let Some(place) = problem.place.as_mut().filter(|place| shows(place)) {
            place.source = Source::new(place.source.path.as_str(), "");
        }
        problem
    }

    /// The password in a URL, as the secret that it is.
    pub fn url(&mut self, name: &str, raw: &str, place: &Place) -> Option<(String, bool)> {
        let (scheme, rest) = raw.split_once("://")?;
        let (user, host) = rest.split_once('@').filter(|(user, _)| !user.contains(['/', '?', ' ']))?;
        let (user, password) = user.split_once(':').filter(|(_, password)| !password.is_empty())?;
        if names_secret(password) {
            return None; // it is one by itself
        }
        let value = self.today(password);
        let same = self.secrets.iter().find(|(_, other)| **other == value).map(|(key, _)| key.clone());
        let secret = self.secret(&same.unwrap_or_else(|| format!("{name}_password")), password, place);
        let (user, user_changed) = self.text(user, place);
        let (host, host_changed) = self.text(host, place);
        let changed = user_changed || host_changed || password.contains('$');
        Some((format!("{scheme}://{user}:{secret}@{host}"), changed))
    }

    /// A variable in a text, and whether all that was said of it is kept.
    fn variable(&mut self, name: &str, operator: &str, argument: &str, place: &Place) -> (String, bool) {
        let value = self.value(name, operator, argument);
        let is_default = matches!(operator, ":-" | "-") && value == argument;
        let kept = operator.is_empty() || is_default;
        if is_secret(name, &value) {
            return (self.secret(name, &value.replace('$', "$$"), place), kept);
        }
        if operator.contains('+') {
            return (literal(&value), false);
        }
        let expression = format!("${{{{ vars.{name} }}}}");
        if let Some((_, known, _)) = self.used.iter().find(|(used, ..)| used == name) {
            return if *known == value { (expression, kept) } else { (literal(&value), false) };
        }
        let is_unset = value.is_empty() && !operator.contains('-') && !self.given.contains_key(name);
        let comment = is_unset.then(|| {
            let message = "a variable has no value: give it one in `vars`";
            self.problems.push(Problem::warning("no-value", message).at(place));
            "compose.yaml takes it from the environment: give it a value".to_owned()
        });
        self.used.push((name.to_owned(), value, comment));
        (expression, kept)
    }

    fn value(&self, name: &str, operator: &str, argument: &str) -> String {
        let given = self.given.get(name).cloned();
        let filled = given.clone().filter(|value| !value.is_empty());
        match operator {
            ":-" => filled.unwrap_or_else(|| self.today(argument)),
            "-" => given.unwrap_or_else(|| self.today(argument)),
            ":+" => filled.map_or_else(String::new, |_| self.today(argument)),
            "+" => given.map_or_else(String::new, |_| self.today(argument)),
            _ => given.unwrap_or_default(),
        }
    }
}

/// Whether a text is a variable that is a secret by its name, and nothing else.
pub fn names_secret(raw: &str) -> bool {
    matches!(pieces(raw).as_slice(), [Piece::Variable { name, .. }] if is_secret(name, ""))
}

/// A name as an expression can have it behind a point.
fn identifier(name: &str) -> String {
    let name = name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// Text that is no expression of ours.
pub fn literal(text: &str) -> String {
    text.replace("${{", "$${{")
}

/// The texts and variables of a text.
fn pieces(raw: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = raw;
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (piece, length) = piece(after);
        match piece {
            Some(variable) => {
                if !text.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                }
                pieces.push(variable);
            }
            None => text.push('$'),
        }
        rest = &after[length..];
    }
    text.push_str(rest);
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    pieces
}

/// The variable behind a `$`, and how long it is; none where the `$` stands for itself.
fn piece(after: &str) -> (Option<Piece<'_>>, usize) {
    if after.starts_with('$') {
        return (None, 1);
    }
    if let Some(inside) = after.strip_prefix('{').and_then(|inside| Some(&inside[..closing(inside)?])) {
        let (name, rest) = inside.split_at(name(inside));
        let operator = [":-", "-", ":?", "?", ":+", "+", ""].into_iter().find(|operator| rest.starts_with(operator));
        let operator = operator.unwrap_or_default();
        let argument = &rest[operator.len()..];
        if !name.is_empty() && (!operator.is_empty() || argument.is_empty()) {
            return (Some(Piece::Variable { name, operator, argument }), inside.len() + 2);
        }
        return (None, 0);
    }
    match &after[..name(after)] {
        "" => (None, 0),
        name => (Some(Piece::Variable { name, operator: "", argument: "" }), name.len()),
    }
}

/// Where the brace that was opened is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// How long the name is that a text begins with.
fn name(text: &str) -> usize {
    let is_name = |(at, c): &(usize, char)| c.is_ascii_alphabetic() || *c == '_' || *at > 0 && c.is_ascii_digit();
    text.char_indices().take_while(is_name).count()
}

/// The variables of a file such as `.env`.
pub fn read_env(text: &str) -> Vec<(String, String)> {
    let line = |line: &str| {
        let line = line.trim().trim_start_matches("export ").trim_start();
        let (key, value) = line.split_once('=').filter(|_| !line.starts_with('#'))?;
        let value = value.trim();
        let value = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split(quote).next().unwrap_or_default(),
            _ => value.split(" #").next().unwrap_or_default().trim_end(),
        };
        Some((key.trim().to_owned(), value.to_owned()))
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> (String, String, Vec<String>) {
        let given = [("SET", "set"), ("EMPTY", "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let known = Secret::none();
        let mut variables = Variables::new(given.into(), "my-app", &known);
        let text = variables.text(raw, &Place::nowhere()).0;
        let vars = variables.used.iter().map(|(name, value, _)| format!("{name}={value}")).collect();
        (text, variables.plain(raw), vars)
    }

    #[test]
    fn variables_are_vars_with_the_value_of_today() {
        let (text, plain, vars) = read("a/${SET}:${TAG:-${OTHER:-v1}}-$SET$$x${EMPTY:-e}${EMPTY-e}.$ {");
        assert_eq!(text, "a/${{ vars.SET }}:${{ vars.TAG }}-${{ vars.SET }}$x${{ vars.EMPTY }}.$ {");
        assert_eq!(plain, "a/set:v1-set$xe.$ {");
        assert_eq!(vars, ["SET=set", "TAG=v1", "EMPTY=e"]);
    }

    #[test]
    fn what_decides_by_a_variable_is_decided() {
        assert_eq!(read("${SET:+yes}${NO:+no}${SET+1}").0, "yes1");
        assert_eq!(read("${NO:?give it}").1, "");
        assert_eq!(read("${NO-:80:81}").1, ":80:81");
    }

    #[test]
    fn a_variable_that_is_a_secret_by_its_name_is_one() {
        let (text, ..) = read("postgres://u:${DB_PASSWORD:-a\"b}@db");
        assert_eq!(text, "postgres://u:${{ secrets.my_app.db_password | default(\"a\\\"b\") }}@db");
    }

    #[test]
    fn a_secret_has_a_name_that_an_expression_can_say() {
        assert_eq!(identifier("2fa-App.x"), "_2fa_app_x");
    }

    #[test]
    fn what_would_be_an_expression_of_ours_stays_text() {
        assert_eq!(read("$${{ x }}").0, "$${{ x }}");
        assert_eq!(read("${").0, "${");
    }

    #[test]
    fn a_file_of_variables_is_read() {
        let read = read_env("# c\nA=1 # one\nexport B=\"x # y\"\n\nC='z'\nD\n E = f=g\n");
        let read: Vec<_> = read.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(read, ["A=1", "B=x # y", "C=z", "E=f=g"]);
    }
}
