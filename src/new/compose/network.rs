//! How services reach one another: ports, Services, and who waits for whom.

use super::super::dns_label;
use super::super::draft::{list, map, number, text};
use super::Taking;
use super::component::{Component, original, raws};
use super::ports::{Port, Ports, names};
use crate::problem::{Place, Problem};
use crate::yaml::{Data, Map, Node};

impl Taking<'_> {
    /// Ports, the Service in front of them, and the way in from outside.
    pub fn network(&mut self, c: &mut Component) {
        let Ports { all: ports, left, guessed } = self.ports(&c.service.clone(), &c.rest.clone());
        let is_list = |c: &Component, key: &str| c.rest.get(key).is_some_and(|node| node.as_list().is_some());
        let lists = ["ports", "expose"].into_iter().filter(|key| is_list(c, key)).collect::<Vec<_>>();
        let said: Vec<_> = lists.iter().filter_map(|key| Some(original(key, &c.take(key)?))).collect();
        for (key, nodes) in left {
            let place = nodes.first().map_or_else(Place::nowhere, |node| node.place.clone());
            c.leave(key, Node::new(Data::List(nodes), &place));
        }
        let tcp = ports.iter().find(|port| port.protocol == "TCP");
        c.listens = tcp.map(|port| port.first);
        let only = ports.as_slice();
        let key = match only {
            [] => {
                for said in &said {
                    c.say("port", said);
                }
                return self.without_port(c);
            }
            [Port { protocol, first, last, .. }] if protocol == "TCP" && first == last => "port",
            _ if !self.declared.contains("ports") && tcp.is_some() => "port",
            _ => "ports",
        };
        if key == "port" {
            let port = tcp.map(|port| port.first).unwrap_or_default();
            c.set("port", &[], number(port));
            if self.declared.contains("service") {
                c.set("service", &[], number(port));
            }
        }
        if key == "ports" || ports.len() > 1 {
            c.set("ports", &[], map(names(&ports)));
        }
        for why in guessed {
            c.say(key, why);
        }
        for said in &said {
            c.say(key, said);
        }
        if ports.iter().any(|port| port.published.is_some()) {
            self.way_in(c, tcp.is_some());
        }
    }

    /// The service that gets the host: the one called like the stack, or the first that is published, to all before to
    /// the Docker host only.
    pub fn front(&mut self) -> Option<String> {
        let mut published = Vec::new();
        for (name, service) in self.services.iter() {
            let ports = service.as_map().map(|service| self.ports(name, service).all).unwrap_or_default();
            let tcp = ports.into_iter().find(|port| port.protocol == "TCP" && port.published.is_some());
            published.extend(tcp.map(|port| (name.to_owned(), port.published.unwrap_or_default())));
        }
        let rank = |(name, host): &&(String, String)| (name != self.stack, host.starts_with("127."));
        published.iter().min_by_key(rank).map(|(name, _)| name.clone())
    }

    /// A published port is reached from outside: by a host, or by an address of its own.
    fn way_in(&mut self, c: &mut Component, is_tcp: bool) {
        match &self.wish.host {
            Some(host) if is_tcp && self.front.as_ref() == Some(&c.service) => c.set("ingress", &[], text(host)),
            _ => {
                let message = "published ports are reached inside of the cluster only";
                let todo = "a page gets a host, `ingress: NAME` (--host gives one to the first); other ports an address, `service: {type: LoadBalancer}`";
                self.problems.push(Problem::warning("compose", message).at(&c.place).note(todo));
            }
        }
    }

    /// The services that cannot keep their names.
    pub fn renamed(&self) -> Vec<(String, String)> {
        let names = self.services.keys().map(|name| (name.to_owned(), dns_label(name)));
        names.filter(|(before, now)| before != now).collect()
    }

    /// A text with the new names of services where it names them as hosts: behind `@` or `//`, before a port, or alone
    /// as the value of something that is called a host.
    pub fn with_new_names(&self, key: &str, text: &str) -> String {
        let is_host = key.to_ascii_uppercase().contains("HOST");
        self.renamed.iter().fold(text.to_owned(), |text, (before, now)| {
            if is_host && text == *before { now.clone() } else { with_new_name(&text, before, now) }
        })
    }

    /// Nobody knows where it listens, which matters if others wait for it or name it.
    fn without_port(&mut self, c: &Component) {
        let name = c.service.as_str();
        let waits = self
            .services
            .iter()
            .any(|(_, other)| other.get("depends_on").is_some_and(|node| depends(node).iter().any(|one| one == name)));
        if waits {
            let message = "nobody says on which port this service listens, so it has no Service";
            let todo = "give its component `port` if others reach it";
            self.problems.push(Problem::warning("compose", message).at(&c.place).note(todo));
        }
    }

    /// Waits until those listen on whom a service depends.
    pub fn waiting(&mut self, c: &mut Component) {
        let mut hosts = Vec::new();
        for key in ["depends_on", "links"] {
            let Some(node) = c.take(key) else { continue };
            let mut left = false;
            self.once(&node);
            for other in depends(&node) {
                let service = self.services.get(&other).and_then(Node::as_map).cloned();
                let port = service.and_then(|service| {
                    let Ports { all: ports, .. } = self.ports(&other, &service);
                    ports.into_iter().find(|port| port.protocol == "TCP")
                });
                match port {
                    Some(port) => hosts.push(format!("{}:{}", dns_label(&other), port.first)),
                    None => left = true,
                }
            }
            if left || hosts.is_empty() {
                c.leave(key, node);
            } else {
                c.say("wait_for", &original(key, &node));
            }
        }
        hosts.sort();
        hosts.dedup();
        if !hosts.is_empty() {
            c.set("wait_for", &[], list(hosts.iter().map(|host| text(host))));
        }
    }

    /// What others wait for until it has ended is no app.
    fn once(&mut self, node: &Node) {
        for (name, how) in node.as_map().into_iter().flat_map(Map::iter) {
            if how.get("condition").and_then(Node::as_str) == Some("service_completed_successfully") {
                let message =
                    format!("another service waits until `{name}` has ended, but an app is started again and again");
                let todo = "make it a job, or an init container of the other: `init: {NAME: {image: ...}}`";
                self.problems.push(Problem::warning("compose", message).at(&how.place).note(todo));
            }
        }
    }
}

/// A text with a host's new name behind `@` or `//` or before a port.
fn with_new_name(text: &str, before: &str, now: &str) -> String {
    let mut out = String::new();
    let mut rest = 0;
    for (at, _) in text.match_indices(before) {
        let (start, end) = (&text[..at], &text[at + before.len()..]);
        let is_whole = !start.ends_with(is_name) && !end.starts_with(is_name);
        let has_port = end.strip_prefix(':').is_some_and(|port| port.starts_with(|c: char| c.is_ascii_digit()));
        if at >= rest && is_whole && (start.ends_with('@') || start.ends_with("//") || has_port) {
            out.push_str(&text[rest..at]);
            out.push_str(now);
            rest = at + before.len();
        }
    }
    out.push_str(&text[rest..]);
    out
}

/// What a name of a service is made of.
pub fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// The services on which another one depends.
fn depends(node: &Node) -> Vec<String> {
    match &node.data {
        Data::Map(map) => map.keys().map(str::to_owned).collect(),
        _ => raws(node).unwrap_or_default().iter().filter_map(|one| one.split(':').next().map(str::to_owned)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_gets_its_new_name_where_it_is_one() {
        let named = |text: &str| with_new_name(text, "my_db", "my-db");
        assert_eq!(named("http://my_db/my_db?x=my_db:80,a@my_db"), "http://my-db/my_db?x=my-db:80,a@my-db");
        assert_eq!(named("my_db my_db2:80 x_my_db:80"), "my_db my_db2:80 x_my_db:80");
    }
}
