//! How services reach one another: ports, Services, and who waits for whom.

use std::collections::BTreeMap;

use super::super::dns_label;
use super::super::draft::{list, map, number, text};
use super::Taking;
use super::component::{Component, original, raw, raws};
use crate::problem::{Place, Problem};
use crate::yaml::{Data, Map, Node};

/// Ports that need not be said, by the last part of an image's name.
const USUAL: [(&str, u16); 26] = [
    ("postgres", 5432),
    ("postgresql", 5432),
    ("pgvector", 5432),
    ("timescaledb", 5432),
    ("postgis", 5432),
    ("mysql", 3306),
    ("mariadb", 3306),
    ("redis", 6379),
    ("valkey", 6379),
    ("keydb", 6379),
    ("mongo", 27017),
    ("memcached", 11211),
    ("rabbitmq", 5672),
    ("elasticsearch", 9200),
    ("opensearch", 9200),
    ("meilisearch", 7700),
    ("clickhouse-server", 8123),
    ("minio", 9000),
    ("influxdb", 8086),
    ("nats", 4222),
    ("eclipse-mosquitto", 1883),
    ("cassandra", 9042),
    ("couchdb", 5984),
    ("etcd", 2379),
    ("zookeeper", 2181),
    ("kafka", 9092),
];

/// A port, or a run of them, on which a service listens.
#[derive(Debug, Clone, PartialEq)]
struct Port {
    name: Option<String>,
    first: u16,
    last: u16,
    protocol: String,
    /// Where it was published on the Docker host.
    published: Option<String>,
}

/// The ports of a service, and what is no port.
#[derive(Default)]
struct Ports {
    all: Vec<Port>,
    left: BTreeMap<&'static str, Vec<Node>>,
    guessed: Option<&'static str>,
}

impl Taking<'_> {
    /// Ports, the Service in front of them, and the way in from outside.
    pub fn network(&mut self, c: &mut Component) {
        let Ports { all: ports, left, guessed } = self.ports(&c.service.clone(), &c.rest.clone());
        let said: Vec<_> = ["ports", "expose"].iter().filter_map(|key| Some(original(key, &c.take(key)?))).collect();
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
        if let Some(why) = guessed {
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

    /// The ports that a service says, or that its image or the other services are known to use.
    fn ports(&mut self, name: &str, service: &Map) -> Ports {
        let mut found = Ports::default();
        for key in ["ports", "expose"] {
            for item in service.get(key).and_then(Node::as_list).unwrap_or_default() {
                let plain = self.without_variables(item);
                match if plain.as_map().is_some() { long(&plain) } else { raw(&plain).and_then(|text| short(&text)) } {
                    Some(port) => {
                        let port = if key == "expose" { Port { published: None, ..port } } else { port };
                        if !found
                            .all
                            .iter()
                            .any(|p| (p.first, p.last, &p.protocol) == (port.first, port.last, &port.protocol))
                        {
                            found.all.push(port);
                        }
                    }
                    None => found.left.entry(key).or_default().push(item.clone()),
                }
            }
        }
        if found.all.is_empty()
            && let Some((port, why)) = self.usual(service).or_else(|| self.named(name))
        {
            found.all.push(Port { name: None, first: port, last: port, protocol: "TCP".to_owned(), published: None });
            found.guessed = Some(why);
        }
        found
    }

    fn usual(&mut self, service: &Map) -> Option<(u16, &'static str)> {
        let image = self.variables_of(service.get("image")?)?;
        let name = image.rsplit('/').next()?.split([':', '@']).next()?.to_owned();
        let (_, port) = USUAL.iter().find(|(usual, _)| *usual == name)?;
        Some((*port, "compose.yaml does not say it: the usual port of this image"))
    }

    fn variables_of(&mut self, node: &Node) -> Option<String> {
        raw(&self.without_variables(node))
    }

    /// The port behind the name of a service in any text of another one.
    fn named(&self, name: &str) -> Option<(u16, &'static str)> {
        let mut texts = Vec::new();
        for (_, service) in self.services.iter() {
            for (key, node) in service.as_map().into_iter().flat_map(Map::iter).filter(|(key, _)| *key != "image") {
                if !["ports", "volumes", "build"].contains(&key) {
                    leaves(node, &mut texts);
                }
            }
        }
        let port = texts.iter().find_map(|text| port_behind(text, name))?;
        Some((port, "compose.yaml does not say it: another service calls it there"))
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

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// The services on which another one depends.
fn depends(node: &Node) -> Vec<String> {
    match &node.data {
        Data::Map(map) => map.keys().map(str::to_owned).collect(),
        _ => raws(node).unwrap_or_default().iter().filter_map(|one| one.split(':').next().map(str::to_owned)).collect(),
    }
}

fn leaves(node: &Node, texts: &mut Vec<String>) {
    match &node.data {
        Data::Map(map) => map.iter().for_each(|(_, value)| leaves(value, texts)),
        Data::List(items) => items.iter().for_each(|item| leaves(item, texts)),
        _ => texts.extend(raw(node)),
    }
}

/// The number in `NAME:1234`.
fn port_behind(text: &str, name: &str) -> Option<u16> {
    text.match_indices(&format!("{name}:")).find_map(|(at, found)| {
        let before = text[..at].chars().next_back();
        let digits: String = text[at + found.len()..].chars().take_while(char::is_ascii_digit).collect();
        let behind = text[at + found.len() + digits.len()..].chars().next();
        let is_whole = !before.is_some_and(is_name) && !behind.is_some_and(is_name) && digits.len() >= 2;
        digits.parse().ok().filter(|_| is_whole)
    })
}

/// `127.0.0.1:8080-8081:80-81/udp`
fn short(text: &str) -> Option<Port> {
    let (rest, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (host, container) = rest.rsplit_once(':').map_or((None, rest), |(host, container)| (Some(host), container));
    let (first, last) = run(container)?;
    Some(Port {
        name: None,
        first,
        last,
        protocol: protocol_of(protocol)?,
        published: Some(host.unwrap_or_default().to_owned()),
    })
}

/// `{target: 80, published: 8080, protocol: tcp}`
fn long(node: &Node) -> Option<Port> {
    let text = |key: &str| node.get(key).and_then(raw);
    let (first, last) = run(&text("target")?)?;
    let protocol = protocol_of(&text("protocol").unwrap_or_else(|| "tcp".to_owned()))?;
    let is_label = |name: &String| name.len() <= 15 && super::super::label(name).is_ok();
    Some(Port {
        name: text("name").filter(is_label),
        first,
        last,
        protocol,
        published: Some(text("published").unwrap_or_default()),
    })
}

fn run(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first > 0 && first <= last).then_some((first, last))
}

fn protocol_of(text: &str) -> Option<String> {
    let protocol = text.to_ascii_uppercase();
    ["TCP", "UDP", "SCTP"].contains(&protocol.as_str()).then_some(protocol)
}

/// Ports by names; one number of both TCP and UDP is one.
fn names(ports: &[Port]) -> Vec<(String, Node)> {
    let mut named: Vec<(String, Node)> = Vec::new();
    for port in ports {
        let is_pair =
            |other: &&Port| (other.first, other.last) == (port.first, port.last) && other.protocol != port.protocol;
        let pair = ports.iter().find(is_pair).filter(|other| other.protocol != "SCTP" && port.protocol != "SCTP");
        let protocol = if pair.is_some() { "TCP+UDP" } else { &port.protocol };
        let prefix = if pair.is_some() { "both".to_owned() } else { protocol.to_lowercase() };
        let name = port.name.clone().unwrap_or_else(|| format!("{prefix}-{}", port.first));
        if named.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let node = match (protocol, port.first == port.last) {
            ("TCP", true) => number(port.first),
            (_, true) => text(&format!("{}/{protocol}", port.first)),
            (_, false) => map([("port", number(port.first)), ("to", number(port.last)), ("protocol", text(protocol))]),
        };
        named.push((name, node));
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ports_are_read() {
        let read = |text: &str| {
            short(text).map(|port| format!("{}-{} {} {:?}", port.first, port.last, port.protocol, port.published))
        };
        let all =
            ["80", "8080:80", "127.0.0.1:8001:8001", "6060:6060/udp", "9090-9091:8080-8081", "[::1]:80:81", "x", "0"];
        assert_eq!(
            all.map(|text| read(text).unwrap_or_default()),
            [
                "80-80 TCP Some(\"\")",
                "80-80 TCP Some(\"8080\")",
                "8001-8001 TCP Some(\"127.0.0.1:8001\")",
                "6060-6060 UDP Some(\"6060\")",
                "8080-8081 TCP Some(\"9090-9091\")",
                "81-81 TCP Some(\"[::1]:80\")",
                "",
                "",
            ]
        );
    }

    #[test]
    fn a_port_is_found_behind_a_name() {
        assert_eq!(port_behind("redis://redis:6379/0", "redis"), Some(6379));
        assert_eq!(port_behind("http://my-db:80 db:5432", "db"), Some(5432));
        assert_eq!(port_behind("redis:7.2", "redis"), None);
        assert_eq!(port_behind("db:x", "db"), None);
    }

    #[test]
    fn a_host_gets_its_new_name_where_it_is_one() {
        let named = |text: &str| with_new_name(text, "my_db", "my-db");
        assert_eq!(named("http://my_db/my_db?x=my_db:80,a@my_db"), "http://my-db/my_db?x=my-db:80,a@my-db");
        assert_eq!(named("my_db my_db2:80 x_my_db:80"), "my_db my_db2:80 x_my_db:80");
    }
}
