//! What a service says of its container and pod, in Kubernetes' own words.

use super::super::draft::{list, map, number, text, truth};
use super::Taking;
use super::component::{Component, original, raw, raws};
use super::words::seconds;
use crate::yaml::{Data, Map, Node};

/// Turns one key's value into entries below `container` or `pod`; none where it has no counterpart.
type Turn = fn(&Node) -> Option<Vec<(&'static [&'static str], Node)>>;

/// The keys that say something of the container.
const CONTAINER: [(&str, Turn); 8] = [
    ("user", |node| {
        let user = raw(node)?;
        let (user, group) = user.split_once(':').map_or((user.as_str(), None), |(user, group)| (user, Some(group)));
        let id = |name: &str| if name == "root" { Some(0) } else { name.parse::<u32>().ok() };
        let mut ids = vec![(&["securityContext", "runAsUser"][..], number(id(user)?))];
        if let Some(group) = group {
            ids.push((&["securityContext", "runAsGroup"], number(id(group)?)));
        }
        Some(ids)
    }),
    ("working_dir", |node| Some(vec![(&["workingDir"], text(&raw(node)?))])),
    ("privileged", |node| truth_of(node, &["securityContext", "privileged"])),
    ("read_only", |node| truth_of(node, &["securityContext", "readOnlyRootFilesystem"])),
    ("cap_add", |node| capabilities(node, &["securityContext", "capabilities", "add"])),
    ("cap_drop", |node| capabilities(node, &["securityContext", "capabilities", "drop"])),
    ("tty", |node| truth_of(node, &["tty"])),
    ("stdin_open", |node| truth_of(node, &["stdin"])),
];

/// The keys that say something of the pod.
const POD: [(&str, Turn); 8] = [
    ("hostname", |node| {
        let name = raw(node)?;
        (super::super::label(&name).is_ok()).then(|| vec![(&["hostname"][..], text(&name))])
    }),
    ("stop_grace_period", |node| Some(vec![(&["terminationGracePeriodSeconds"], number(seconds(&raw(node)?)?))])),
    ("network_mode", |node| {
        let dns = (&["dnsPolicy"][..], text("ClusterFirstWithHostNet"));
        (raw(node)? == "host").then(|| vec![(&["hostNetwork"][..], truth(true)), dns])
    }),
    ("pid", |node| (raw(node)? == "host").then(|| vec![(&["hostPID"][..], truth(true))])),
    ("ipc", |node| (raw(node)? == "host").then(|| vec![(&["hostIPC"][..], truth(true))])),
    ("group_add", |node| {
        let groups: Option<Vec<_>> = raws(node)?.iter().map(|group| group.parse::<u32>().ok().map(number)).collect();
        Some(vec![(&["securityContext", "supplementalGroups"], list(groups?))])
    }),
    ("dns", |node| Some(vec![(&["dnsConfig", "nameservers"], list(raws(node)?.iter().map(|one| text(one))))])),
    ("dns_search", |node| Some(vec![(&["dnsConfig", "searches"], list(raws(node)?.iter().map(|one| text(one))))])),
];

fn truth_of(node: &Node, path: &'static [&'static str]) -> Option<Vec<(&'static [&'static str], Node)>> {
    match node.data {
        Data::Bool(value) => Some(vec![(path, truth(value))]),
        _ => None,
    }
}

fn capabilities(node: &Node, path: &'static [&'static str]) -> Option<Vec<(&'static [&'static str], Node)>> {
    let names = raws(node)?;
    Some(vec![(path, list(names.iter().map(|name| text(name.trim_start_matches("CAP_")))))])
}

impl Taking<'_> {
    /// What is said of the container and the pod.
    pub fn container(&mut self, c: &mut Component) {
        for (key, turns) in [("container", &CONTAINER), ("pod", &POD)] {
            for (from, turn) in turns {
                let Some(node) = c.take(from) else { continue };
                let plain = self.without_variables(&node);
                let Some(entries) = turn(&plain) else {
                    c.leave(from, node);
                    continue;
                };
                c.say(key, &original(from, &node));
                for (path, value) in entries {
                    c.set(key, path, value);
                }
            }
        }
        security_options(c);
        extra_hosts(c);
    }

    /// A value or list of values with the variables of today.
    pub fn without_variables(&mut self, node: &Node) -> Node {
        match &node.data {
            Data::Str(text) if text.contains('$') => Node::text(self.variables.plain(text), &node.place),
            Data::List(items) => {
                let items = items.iter().map(|item| self.without_variables(item)).collect();
                Node::new(Data::List(items), &node.place)
            }
            _ => node.clone(),
        }
    }
}

/// Further names in /etc/hosts, by their addresses.
fn extra_hosts(c: &mut Component) {
    let Some(node) = c.take("extra_hosts") else { return };
    let hosts: Vec<(String, String, Node)> = match &node.data {
        Data::Map(map) => map.iter().filter_map(|(host, ip)| Some((host.to_owned(), raw(ip)?, ip.clone()))).collect(),
        Data::List(items) => {
            let of = |item: &Node| {
                let line = raw(item)?;
                let (host, ip) = line.split_once(['=', ':'])?;
                Some((host.to_owned(), ip.to_owned(), item.clone()))
            };
            items.iter().filter_map(of).collect()
        }
        _ => Vec::new(),
    };
    let known = |ip: &str| ip.trim_matches(['[', ']']).parse::<std::net::IpAddr>().ok();
    if hosts.is_empty() || hosts.iter().any(|(_, ip, _)| known(ip).is_none()) {
        return c.leave("extra_hosts", node);
    }
    c.say("pod", &original("extra_hosts", &node));
    let aliases = hosts.iter().filter_map(|(host, ip, _)| {
        Some(map([("ip", text(&known(ip)?.to_string())), ("hostnames", list([text(host)]))]))
    });
    c.set("pod", &["hostAliases"], list(aliases.collect::<Vec<_>>()));
}

fn security_options(c: &mut Component) {
    let Some(node) = c.take("security_opt") else { return };
    let is_known = |item: &Node| {
        raw(item).is_some_and(|text| {
            matches!(text.replace([' ', '='], ":").as_str(), "no-new-privileges" | "no-new-privileges:true")
        })
    };
    let (known, left): (Vec<_>, Vec<_>) = node.as_list().unwrap_or_default().iter().cloned().partition(is_known);
    if let Some(first) = known.first() {
        c.say("container", &original("security_opt", &list([first.clone()])));
        c.set("container", &["securityContext", "allowPrivilegeEscalation"], truth(false));
    }
    let left = if node.as_list().is_some() { Data::List(left) } else { node.data };
    c.leave("security_opt", Node::new(left, &node.place));
}

/// A map without what is empty in it.
pub fn without_empty(mut map: Map) -> Map {
    map.0.retain(|entry| !entry.value.is_null() && entry.value.as_map().is_none_or(|map| !map.is_empty()));
    map
}
