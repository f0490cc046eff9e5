//! The filters and tests of templates and expressions beside minijinja's own.
//!
//! A filter that needs a secret's value writes itself into the reference, and push runs it. On text that only contains
//! a secret it is an error, because nobody knows the whole text before push.

#![expect(clippy::needless_pass_by_value, reason = "minijinja calls functions with owned arguments")]

use minijinja::value::{Kwargs, Rest, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, filters};

use super::value::{self, References};
use super::{Generated, lock, scope};
use crate::digest;
use crate::problem::{Place, Source, Spot};
use crate::secrets::charset::{self, Charset};
use crate::secrets::reference::{self, has_reference};
use crate::secrets::text as encoded;
use crate::secrets::{Filter, Reference};
use crate::yaml::{self, Form};

/// Characters of a Kubernetes name or label.
const LABEL_LENGTH: usize = 63;

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter(" join", filters::join);
    environment.add_filter("join", join);
    environment.add_filter("text", text);
    environment.add_filter("string", text);
    environment.add_filter("octal", octal);
    environment.add_filter("dns_label", dns_label);
    environment.add_filter("split_secrets", split_secrets);
    environment.add_filter("from_yaml", from_yaml);
    environment.add_filter("from_items", from_items);
    environment.add_filter("toyaml", to_yaml);
    environment.add_filter("tojson", to_json);
    environment.add_filter("b64encode", |value: Value| computed("b64encode", &value, |text| encoded::base64(text)));
    environment.add_filter("urlencode", |value: Value| computed("urlencode", &value, |text| encoded::percent(text)));
    environment.add_filter("bcrypt", |value: Value, cost: Option<u32>| at_push("bcrypt", &value, cost));
    environment.add_filter("sha512_crypt", |value: Value, rounds: Option<u32>| at_push("sha512_crypt", &value, rounds));
    environment.add_filter("generated", generated);
    environment.add_filter("default", default);
    environment.add_filter("d", default);
    for (name, filter) in of_plain_text() {
        environment.add_filter(name, move |state: &mut State, arguments: Rest<Value>| match arguments.first() {
            Some(value) if (is_text(value) || !OF_LISTS.contains(&name)) && is_secret(value)? => Err(wrong(format!(
                "`{name}` would change the reference, not the secret; nobody knows its value before push"
            ))),
            _ => filter.call(state, &arguments),
        });
    }
    environment.add_test("secret", |value: Value| is_secret(&value));
    environment.add_test("defined", |value: &Value| is_defined(value));
    environment.add_test("undefined", |value: &Value| !is_defined(value));
}

/// Those of them that take a list as it is; the others make a text of whatever they get.
const OF_LISTS: [&str; 5] = ["reverse", "first", "last", "length", "count"];

/// Minijinja's filters that look into a text, and would look into a reference.
fn of_plain_text() -> [(&'static str, Value); 13] {
    let length = Value::from_function(filters::length);
    [
        ("upper", Value::from_function(filters::upper)),
        ("lower", Value::from_function(filters::lower)),
        ("title", Value::from_function(filters::title)),
        ("capitalize", Value::from_function(filters::capitalize)),
        ("trim", Value::from_function(filters::trim)),
        ("reverse", Value::from_function(filters::reverse)),
        ("first", Value::from_function(filters::first)),
        ("last", Value::from_function(filters::last)),
        ("split", Value::from_function(filters::split)),
        ("lines", Value::from_function(filters::lines)),
        ("replace", Value::from_function(filters::replace)),
        ("length", length.clone()),
        ("count", length),
    ]
}

fn wrong(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// minijinja's `join` with `true` for true, not `True`; none and lists have no text.
fn join(state: &mut State<'_, '_>, items: &Value, arguments: Rest<Value>) -> Result<Value, Error> {
    let as_text = |item: Value| if item.as_str().is_some() { Ok(item) } else { value::text(&item).map(Value::from) };
    let is_plain = !arguments.iter().any(Value::is_kwargs) && arguments.len() < 2;
    let items = if is_plain { items.try_iter()?.map(as_text).collect::<Result<Value, _>>()? } else { items.clone() };
    let arguments: Vec<Value> = std::iter::once(items).chain(arguments.0).collect();
    state.apply_filter(" join", &arguments)
}

/// A scalar as text; none stays none.
fn text(value: Value) -> Result<Value, Error> {
    if value.is_none() { Ok(value) } else { value::text(&value).map(Value::from) }
}

/// A file mode as people write it, `"0755"`, as the number that the API wants; none stays none.
fn octal(value: Value) -> Result<Value, Error> {
    if value.is_none() {
        return Ok(value);
    }
    value
        .as_str()
        .and_then(|mode| u32::from_str_radix(mode, 8).ok())
        .filter(|mode| *mode <= 0o7777)
        .map(Value::from)
        .ok_or_else(|| wrong(format!("{value:?} is no file mode; write it as text: \"0755\"")))
}

/// Any text as a DNS label: lower case, digits and `-`. What is too long ends in a digest of the whole.
fn dns_label(value: &str) -> String {
    let mut label = String::with_capacity(value.len());
    for c in value.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => label.push(c),
            _ if label.ends_with('-') => {}
            _ => label.push('-'),
        }
    }
    let label = label.trim_matches('-');
    if label.len() <= LABEL_LENGTH {
        return label.to_owned();
    }
    let digest = digest::hex(value, 4);
    format!("{}-{digest}", label[..LABEL_LENGTH - 1 - digest.len()].trim_end_matches('-'))
}

/// Whether a secret is anywhere in a value.
fn is_secret(value: &Value) -> Result<bool, Error> {
    match value.kind() {
        ValueKind::String => Ok(value.as_str().is_some_and(has_reference)),
        ValueKind::Plain => Ok(value::leaf(value).is_some()),
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter()?.try_fold(false, |found, item| Ok(found || is_secret(&item)?))
        }
        ValueKind::Map => {
            value.try_iter()?.try_fold(false, |found, key| Ok(found || is_secret(&value.get_item(&key)?)?))
        }
        _ => Ok(false),
    }
}

fn is_text(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::String | ValueKind::Plain)
}

fn is_defined(value: &Value) -> bool {
    !value.is_undefined() && value::missing(value).is_none()
}

/// Another value for what is not there; a secret that is not there counts as such, none does not.
fn default(value: &Value, other: Rest<Value>) -> Result<Value, Error> {
    match (is_defined(value), other.as_slice()) {
        (true, _) => Ok(value.clone()),
        (false, [other]) => Ok(other.clone()),
        (false, _) => Err(wrong("`default` needs one value: `| default(none)`")),
    }
}

/// A map cut in two: `plain`, and `secret` with the parts that hold a secret, lists whole.
fn split_secrets(value: &Value) -> Result<Value, Error> {
    let (plain, secret) = split(value)?;
    let or_empty = |side: Option<Value>| side.unwrap_or_else(|| Value::from_pairs::<_, &str, Value>([]));
    Ok(Value::from_pairs([("plain", or_empty(plain)), ("secret", or_empty(secret))]))
}

fn split(value: &Value) -> Result<(Option<Value>, Option<Value>), Error> {
    if !is_secret(value)? {
        return Ok((Some(value.clone()), None));
    }
    if value.kind() != ValueKind::Map {
        return Ok((None, Some(value.clone())));
    }
    let (mut plain, mut secret) = (Vec::new(), Vec::new());
    for key in value.try_iter()? {
        let (left, right) = split(&value.get_item(&key)?)?;
        plain.extend(left.map(|side| (key.clone(), side)));
        secret.extend(right.map(|side| (key.clone(), side)));
    }
    let side = |pairs: Vec<(Value, Value)>| (!pairs.is_empty()).then(|| Value::from_pairs(pairs));
    Ok((side(plain), side(secret)))
}

/// YAML text as data; several documents are a list.
fn from_yaml(value: &str) -> Result<Value, Error> {
    let source = Source::new("text", value);
    let mut documents = yaml::parse(&source).map_err(|problem| {
        let place = problem.place.as_ref().map_or_else(String::new, |place| {
            let line = source.line(place.line).unwrap_or_default();
            format!(" at line {} of it: {line}", place.line)
        });
        wrong(format!("{}{place}", problem.message))
    })?;
    match documents.len() {
        0 => Ok(Value::from(())),
        1 => Ok(value::from_node(&documents.remove(0))),
        _ => Ok(documents.iter().map(value::from_node).collect()),
    }
}

/// A list of `[key, value]` pairs as a map.
fn from_items(value: &Value) -> Result<Value, Error> {
    let pairs = value.try_iter()?.map(|pair| Ok((pair.get_item_by_index(0)?, pair.get_item_by_index(1)?)));
    Ok(Value::from_pairs(pairs.collect::<Result<Vec<_>, Error>>()?))
}

/// Data as canonical YAML text; what holds a secret is ready for any value of it.
fn to_yaml(value: &Value) -> Result<Value, Error> {
    let node = value::to_node(value, &Place::nowhere())?;
    encoded::emit(node, Form::Yaml).map(Value::from).map_err(wrong)
}

/// Data as JSON text on one line; a secret gets the filter `json`, inside the quotes.
fn to_json(value: &Value, options: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = options.get("indent")?;
    options.assert_all_used()?;
    if indent.is_none() {
        let mut out = String::new();
        value::write_json(&mut out, value, References::AsJson)?;
        return Ok(Value::from_safe_string(out));
    }
    let node = value::to_node(value, &Place::nowhere())?;
    let text = encoded::emit(node, Form::Json).map_err(wrong)?;
    Ok(Value::from_safe_string(text.trim_end().to_owned()))
}

/// A filter that is done now on text and by push on a secret.
fn computed(name: &str, value: &Value, now: impl Fn(&str) -> String) -> Result<String, Error> {
    let text = value::text(value)?;
    if has_reference(&text) { filtered(name, &text) } else { Ok(now(&text)) }
}

/// A filter that only push can do, because its result must not stand in `out/`.
fn at_push(name: &str, value: &Value, argument: Option<u32>) -> Result<String, Error> {
    let text = value::text(value)?;
    let filter = argument.map_or_else(|| name.to_owned(), |number| format!("{name}({number})"));
    Filter::read(&filter).map_err(wrong)?;
    if has_reference(&text) {
        return filtered(&filter, &text);
    }
    Err(wrong(format!("`{name}` is for secrets; this text would stand in out/ as it is")))
}

fn filtered(filter: &str, text: &str) -> Result<String, Error> {
    Reference::exactly(text).map(|reference| reference.filter(filter).to_string()).ok_or_else(|| {
        wrong(format!("`{filter}` needs the secret alone, not a text that contains one: `secrets.x | {filter}`"))
    })
}

/// Says that a secret is made once by homebuild, and how.
fn generated(state: &State<'_, '_>, value: &Value, options: Kwargs) -> Result<Value, Error> {
    let length = options.get::<Option<u32>>("length")?.unwrap_or(charset::LENGTH);
    let charset = options.get::<Option<String>>("charset")?.unwrap_or_else(|| charset::DEFAULT.to_owned());
    options.assert_all_used()?;
    charset::length(length).map_err(wrong)?;
    Charset::read(&charset).map_err(wrong)?;
    let path = match (value::missing(value), value::text(value).ok().as_deref().and_then(Reference::exactly)) {
        (Some(missing), _) => missing.path(),
        (None, Some(found)) => {
            let mut path = String::new();
            reference::write_path(&mut path, found.path.iter().map(String::as_str))?;
            path
        }
        (None, None) => return Err(wrong("`generated` stands behind a secret: secrets.x | generated(length=32)")),
    };
    if let Some(scope) = scope(state) {
        let spot = Spot::file(state.name());
        lock(&scope.files.generated).push(Generated { path, length, charset, spot });
    }
    match value::missing(value) {
        Some(missing) => missing.pretended().ok_or_else(|| missing.not_made()),
        None => Ok(value.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_is_too_long_ends_in_a_digest_of_the_whole() {
        assert_eq!(dns_label("nfs:immich/Library "), "nfs-immich-library");
        let (one, other) = (dns_label(&"a".repeat(70)), dns_label(&"a".repeat(71)));
        assert!(one.len() == LABEL_LENGTH && other.len() == LABEL_LENGTH && one != other);
    }

    #[test]
    fn a_filter_on_a_secret_waits_for_push() {
        let secret = Value::from("<secret:a.b#00000000>");
        assert_eq!(computed("b64encode", &secret, str::to_owned).unwrap(), "<secret:a.b|b64encode#00000000>");
        assert_eq!(at_push("bcrypt", &secret, Some(6)).unwrap(), "<secret:a.b|bcrypt(6)#00000000>");
        assert!(computed("b64encode", &Value::from("x<secret:a.b#00000000>"), str::to_owned).is_err());
        assert!(at_push("bcrypt", &secret, Some(60)).is_err());
        assert!(at_push("bcrypt", &Value::from("hunter2"), None).is_err());
    }

    #[test]
    fn yaml_with_a_secret_stays_yaml_whatever_the_secret_is() {
        let value = Value::from_pairs([("a", Value::from("x<secret:s#00000000>")), ("b", Value::from("yes"))]);
        assert_eq!(to_yaml(&value).unwrap().as_str(), Some("a: \"x<secret:s|json#00000000>\"\nb: \"yes\"\n"));
    }
}
