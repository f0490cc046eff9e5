//! On which ports a service listens.

use std::collections::{BTreeMap, BTreeSet};

use super::super::draft::{map, number, text};
use super::Taking;
use super::component::raw;
use super::network::is_name;
use crate::yaml::{Data, Map, Node};

/// Ports that need not be said, by the last part of an image's name.
const USUAL: [(&str, u16); 27] = [
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
    ("mongodb", 27017),
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
pub struct Port {
    pub name: Option<String>,
    pub first: u16,
    pub last: u16,
    pub protocol: String,
    /// Where it was published on the Docker host.
    pub published: Option<String>,
}

/// The ports of a service, and what is no port.
#[derive(Default)]
pub struct Ports {
    pub all: Vec<Port>,
    pub left: BTreeMap<&'static str, Vec<Node>>,
    /// What is known of ports that the service does not say.
    pub guessed: Vec<&'static str>,
}

impl Taking<'_> {
    /// The ports that a service says, or that its image or the other services are known to use.
    pub fn ports(&mut self, name: &str, service: &Map) -> Ports {
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
        let usual = self.usual(service).filter(|_| found.all.is_empty());
        for (port, why) in usual.into_iter().chain(self.called(name)) {
            if !found.all.iter().any(|known| known.protocol == "TCP" && (known.first..=known.last).contains(&port)) {
                let protocol = "TCP".to_owned();
                found.all.push(Port { name: None, first: port, last: port, protocol, published: None });
                found.guessed.push(why);
            }
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

    /// The ports behind the name of a service in the texts of others.
    fn called(&self, name: &str) -> Vec<(u16, &'static str)> {
        let mut texts = Vec::new();
        for (_, service) in self.services.iter() {
            for (key, node) in service.as_map().into_iter().flat_map(Map::iter) {
                if !["image", "ports", "volumes", "build"].contains(&key) {
                    leaves(node, &mut texts);
                }
            }
        }
        let ports: BTreeSet<u16> =
            texts.iter().flat_map(|text| ports_behind(&self.variables.today(text), name)).collect();
        ports.into_iter().map(|port| (port, "compose.yaml does not say it: another service calls it there")).collect()
    }
}

fn leaves(node: &Node, texts: &mut Vec<String>) {
    match &node.data {
        Data::Map(map) => map.iter().for_each(|(_, value)| leaves(value, texts)),
        Data::List(items) => items.iter().for_each(|item| leaves(item, texts)),
        _ => texts.extend(raw(node)),
    }
}

/// The numbers in `NAME:1234`.
fn ports_behind(text: &str, name: &str) -> Vec<u16> {
    let port = |(at, found): (usize, &str)| {
        let (before, rest) = (&text[..at], &text[at + found.len()..]);
        let digits = &rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())];
        let is_whole = !before.ends_with(is_name) && !rest[digits.len()..].starts_with(is_name) && digits.len() >= 2;
        digits.parse().ok().filter(|_| is_whole)
    };
    text.match_indices(&format!("{name}:")).filter_map(port).collect()
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
pub fn names(ports: &[Port]) -> Vec<(String, Node)> {
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
    fn ports_are_found_behind_a_name() {
        assert_eq!(ports_behind("redis://redis:6379/0", "redis"), [6379]);
        assert_eq!(ports_behind("http://my-db:80 db:5432,db:5433", "db"), [5432, 5433]);
        assert!(ports_behind("redis:7.2 redis:x", "redis").is_empty());
    }
}
