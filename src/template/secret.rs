//! `secrets` in expressions: a map whose leaves are references, and what is not there.

use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind};

use crate::problem::did_you_mean;
use crate::secrets::reference::{path_text, write_path};
use crate::secrets::{Fingerprint, Reference, Secret};

/// What is known of secrets that homebuild makes.
#[derive(Debug, Default)]
pub struct Makes {
    /// The paths of those that the site or the stack declares.
    pub names: BTreeSet<String>,
    /// Whether one that `| generated` stands behind counts as made: to find all of them, not only the first.
    pub pretend: bool,
}

/// The value of `secrets`.
#[must_use]
pub fn secrets(all: &Arc<Secret>, makes: Makes) -> Value {
    Value::from_object(Secrets { all: all.clone(), path: Vec::new(), makes: Arc::new(makes) })
}

/// A map of secrets, by its path from the top.
#[derive(Debug)]
struct Secrets {
    all: Arc<Secret>,
    path: Vec<String>,
    makes: Arc<Makes>,
}

impl Secrets {
    /// What is said where it stands and a text is wanted.
    fn error(&self) -> Error {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let name = [&["secrets"], path.as_slice()].concat();
        let message = format!(
            "`{}` {}",
            crate::secrets::reference::path_text(&name),
            crate::secrets::of_many(self.here().iter().map(|(key, _)| key.as_str()))
        );
        Error::new(ErrorKind::InvalidOperation, message)
    }

    fn here(&self) -> &[(String, Secret)] {
        match self.all.get(self.path.iter().map(String::as_str)) {
            Some(Secret::Map(keys)) => keys,
            _ => &[],
        }
    }
}

impl Object for Secrets {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let mut path = self.path.clone();
        path.push(super::value::text(key).ok()?);
        let keys: Vec<&str> = path.iter().map(String::as_str).collect();
        Some(match self.all.get(keys) {
            Some(Secret::Map(_)) => {
                Value::from_object(Secrets { all: self.all.clone(), path, makes: self.makes.clone() })
            }
            Some(Secret::Value(fingerprint)) => {
                Value::from_object(Leaf(Reference { path, filters: Vec::new(), fingerprint: fingerprint.clone() }))
            }
            None if self.makes.pretend && self.makes.names.contains(&path_text(&path)) => pretended(path),
            None => {
                let last = path.last().map_or("", String::as_str);
                let hint = did_you_mean(last, self.here().iter().map(|(known, _)| known.as_str()));
                Value::from_object(Missing { path, hint, makes: self.makes.clone() })
            }
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.here().iter().map(|(key, _)| Value::from(key.as_str())).collect())
    }
}

/// A reference to a secret that is not made yet.
fn pretended(path: Vec<String>) -> Value {
    Value::from_object(Leaf(Reference { path, filters: Vec::new(), fingerprint: Fingerprint("00000000".to_owned()) }))
}

/// The error of a map of secrets where one is wanted, if the value is such a map.
pub fn many(value: &Value) -> Option<Error> {
    value.downcast_object_ref::<Secrets>().map(Secrets::error)
}

/// One secret in an expression: no text yet, so that nothing can cut or compare its reference as if it were the value.
#[derive(Debug)]
pub struct Leaf(pub Reference);

impl Object for Leaf {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A secret that is not there. Its keys are not there either, so that `is defined` and `default` work at any depth.
#[derive(Debug)]
pub struct Missing {
    path: Vec<String>,
    hint: String,
    makes: Arc<Makes>,
}

impl Missing {
    /// Its path: `a.b["c@d"]`.
    #[must_use]
    pub fn path(&self) -> String {
        let mut text = String::new();
        let _ = write_path(&mut text, self.path.iter().map(String::as_str));
        text
    }

    /// A reference to what it will be, where one is pretended.
    #[must_use]
    pub fn pretended(&self) -> Option<Value> {
        self.makes.pretend.then(|| pretended(self.path.clone()))
    }

    /// What is said where it is to be made first.
    #[must_use]
    pub fn not_made(&self) -> Error {
        let message = format!("the secret `{}` is not made yet: run `homebuild secrets generate`", self.path());
        Error::new(ErrorKind::UndefinedError, message)
    }

    /// What is said where it is used all the same.
    #[must_use]
    pub fn error(&self) -> Error {
        let path = self.path();
        if self.makes.names.contains(&path) {
            return self.not_made();
        }
        let hint = if self.hint.is_empty() { String::new() } else { format!("; {}", self.hint) };
        Error::new(ErrorKind::UndefinedError, format!("there is no secret `{path}`{hint}"))
    }
}

impl Object for Missing {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let mut path = self.path.clone();
        path.push(super::value::text(key).ok()?);
        Some(Value::from_object(Missing { path, hint: self.hint.clone(), makes: self.makes.clone() }))
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }
}
