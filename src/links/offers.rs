//! What there is to be named.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;

use super::{ROUTED, key, text};

/// Kinds of Traefik that are named in one word.
const TRAEFIK: [&str; 5] = ["Middleware", "MiddlewareTCP", "ServersTransport", "ServersTransportTCP", "TLSOption"];

/// What some objects, charts and the site offer, each with its owner.
#[derive(Debug, Default)]
pub struct Offers<'a> {
    known: BTreeMap<Cow<'a, str>, Offer<'a>>,
}

#[derive(Debug, Clone)]
struct Offer<'a> {
    owner: &'a str,
    /// The ports of a Service, the keys of a `ConfigMap` or Secret. None: not known, so any.
    parts: Option<Cow<'a, [Box<str>]>>,
}

/// Whether something needed is there.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer<'o> {
    /// It is, and this is its owner.
    Yes(&'o str),
    /// It is, but not that port or key: these are.
    Parts(Vec<&'o str>),
    /// It is not.
    No,
}

impl<'a> Offers<'a> {
    /// Adds an object by its identity's key, `Deployment.apps ntfy/ntfy`.
    pub fn add(&mut self, owner: &'a str, identity: &'a str, parts: Option<&'a [Box<str>]>) {
        let Some((kind, name)) = identity.split_once(' ') else { return };
        let offer = Offer { owner, parts: parts.map(Cow::Borrowed) };
        // nobody says the group of what it names
        let key = match kind.split_once('.') {
            Some((kind, "traefik.io" | "traefik.containo.us")) => {
                // Traefik names its objects across namespaces in one word
                self.known.insert(format!("{ROUTED} {}", name.replacen('/', "-", 1)).into(), offer.clone());
                Cow::Owned(format!("{kind} {name}"))
            }
            Some((kind, _)) => Cow::Owned(format!("{kind} {name}")),
            None => Cow::Borrowed(identity),
        };
        self.known.insert(key, offer);
    }

    /// Adds what a component says that its chart makes (`Kind/name`), or what the site says exists (also
    /// `Kind/namespace/name` and `host:port`).
    pub fn add_said(&mut self, owner: &'a str, said: &str, namespace: Option<&str>) {
        let mut add = |kind: &str, namespace: Option<&str>, name: &str, parts| {
            self.known.insert(key(kind, namespace, name).into_string().into(), Offer { owner, parts });
        };
        match said.split('/').collect::<Vec<_>>().as_slice() {
            // whether the kind lives in namespaces is not said
            [kind, name] => {
                add(kind, namespace, name, None);
                add(kind, None, name, None);
            }
            [kind, namespace, name] => {
                add(kind, Some(namespace), name, None);
                if TRAEFIK.contains(kind) {
                    add(ROUTED, None, &format!("{namespace}-{name}"), None);
                }
            }
            [host] => {
                if let Some((name, namespace, port)) = text::service(host) {
                    add("Service", Some(namespace), name, port.map(|port| vec![port.into()].into()));
                }
            }
            _ => {}
        }
    }

    /// Whether something is there, with a port or key of it.
    #[must_use]
    pub fn answer(&self, key: &str, part: Option<&str>) -> Answer<'_> {
        let Some(offer) = self.known.get(key).or_else(|| self.everywhere(key)) else { return Answer::No };
        match (&offer.parts, part) {
            (Some(parts), Some(part)) if !parts.iter().any(|known| **known == *part) => {
                Answer::Parts(parts.iter().map(|part| &**part).collect())
            }
            _ => Answer::Yes(offer.owner),
        }
    }

    /// What the site says is in every namespace: `Secret/*/tls-secret`.
    fn everywhere(&self, key: &str) -> Option<&Offer<'a>> {
        let (kind, name) = key.split_once(' ')?;
        let (_, name) = name.split_once('/')?;
        self.known.get(&*self::key(kind, Some("*"), name))
    }

    /// The names of a kind that are there, for one that is mistyped: of a namespace, if it lives in one.
    pub fn names<'o>(&'o self, key: &'o str) -> impl Iterator<Item = &'o str> {
        let start = key.rfind('/').or_else(|| key.find(' ')).map_or(key, |at| &key[..=at]);
        let from = self.known.range::<str, _>((Bound::Included(start), Bound::Unbounded));
        from.map_while(move |(known, _)| known.strip_prefix(start))
    }
}
