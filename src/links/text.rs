//! Names of Services in texts: `NAME.NS.svc`, `NAME.NS:PORT`, a pod's own `NAME:PORT`; and Traefik's
//! `NAMESPACE-NAME@kubernetescrd`.

use super::{Need, ROUTED, Target};
use crate::check::{Check, Object, REFERENCE, UNKNOWN_HOST};
use crate::yaml::{Data, Node};

/// What the texts of an object name.
pub fn find<'a>(object: &Object<'a>, needs: &mut Vec<Need<'a>>) {
    let Some(root) = object.at(&[]) else { return };
    let mut add = |check: &Check, what: Target<'a>, text: &'a str| {
        needs.push(Need { check: check.name, what, field: "", text, subject: object.label(), job: object.job });
    };
    every(root, &mut |text| {
        hosts(text, &mut |what, text| add(&UNKNOWN_HOST, what, text));
        routed(text, &mut |what, text| add(&REFERENCE, what, text));
    });
    for container in object.containers() {
        let env = container.node.get("env").and_then(Node::as_list).unwrap_or_default();
        for text in env.iter().filter_map(|entry| entry.get("value").and_then(Node::as_str)) {
            own_service(text, object.what.namespace, &mut |what, text| add(&UNKNOWN_HOST, what, text));
        }
    }
}

type Found<'f, 'a> = dyn FnMut(Target<'a>, &'a str) + 'f;

fn every<'a>(node: &'a Node, found: &mut dyn FnMut(&'a str)) {
    match &node.data {
        Data::Str(text) => found(text),
        Data::List(list) => list.iter().for_each(|item| every(item, found)),
        Data::Map(map) => map.iter().filter(|(key, _)| *key != "image").for_each(|(_, value)| every(value, found)),
        _ => {}
    }
}

fn is_of_host(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.'
}

/// What can stand before a host: not a variable's end, nor what makes another name of it.
fn may_precede(text: &str) -> bool {
    !text.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '}' | '$' | '*' | '%' | '>' | ')'))
}

/// The host that ends at a place of a text.
fn host_before(text: &str, end: usize) -> Option<&str> {
    let start =
        text[..end].rfind(|c| !is_of_host(c)).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let host = &text[start..end];
    (may_precede(&text[..start]) && host.split('.').all(is_label)).then_some(host)
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.len() < 64 && !label.starts_with('-') && !label.ends_with('-')
}

/// The port that a text begins with: `:8080`.
fn port(text: &str) -> Option<&str> {
    let digits = text.strip_prefix(':')?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    (1..=5).contains(&end).then(|| &digits[..end])
}

fn hosts<'a>(text: &'a str, found: &mut Found<'_, 'a>) {
    for (at, _) in text.match_indices(".svc") {
        let after = text[at + 4..].strip_prefix(".cluster.local").unwrap_or(&text[at + 4..]);
        let ends = !after.starts_with(|c: char| is_of_host(c) || c == '_') || after.starts_with(". ");
        let labels = host_before(text, at).filter(|_| ends).and_then(two_last);
        if let Some((name, namespace)) = labels {
            found(service_of(name, namespace, port(after), false), text);
        }
    }
    for (at, _) in text.match_indices(':') {
        let Some(number) = port(&text[at..]) else { continue };
        let Some(host) = host_before(text, at) else { continue };
        if let Some((name, namespace)) = host.split_once('.').filter(|(_, namespace)| !namespace.contains('.')) {
            let begins = |label: &str| label.starts_with(|c: char| c.is_ascii_lowercase());
            if begins(name) && begins(namespace) {
                found(service_of(name, namespace, Some(number), true), text);
            }
        }
    }
}

/// Of `pod.service.namespace`, too, only the service and its namespace.
fn two_last(host: &str) -> Option<(&str, &str)> {
    let (rest, namespace) = host.rsplit_once('.')?;
    Some((rest.rsplit_once('.').map_or(rest, |(_, name)| name), namespace))
}

fn service_of<'a>(name: &'a str, namespace: &'a str, port: Option<&str>, is_guess: bool) -> Target<'a> {
    Target { kind: "Service", namespace: Some(namespace), name, part: port.map(Into::into), is_guess }
}

/// `NAME:PORT` of an environment variable, alone or as the host of a URL: a Service of the pod's own namespace.
fn own_service<'a>(text: &'a str, namespace: Option<&'a str>, found: &mut Found<'_, 'a>) {
    for (at, _) in text.match_indices(':') {
        let Some(number) = port(&text[at..]) else { continue };
        let Some(name) = host_before(text, at).filter(|host| !host.contains('.') && *host != "localhost") else {
            continue;
        };
        let start = at - name.len();
        let is_host = text[..start].ends_with("//") || text[..start].ends_with('@');
        let is_alone = start == 0 && at + 1 + number.len() == text.len();
        let namespace = namespace.filter(|_| name.starts_with(|c: char| c.is_ascii_lowercase()));
        if let Some(namespace) = namespace.filter(|_| is_host || is_alone) {
            found(service_of(name, namespace, Some(number), false), text);
        }
    }
}

fn routed<'a>(text: &'a str, found: &mut Found<'_, 'a>) {
    for (at, _) in text.match_indices(ROUTED) {
        if let Some(name) = host_before(text, at).filter(|name| !name.is_empty()) {
            found(Target { kind: ROUTED, namespace: None, name, part: None, is_guess: false }, text);
        }
    }
}

/// The Service that `NAME.NS:PORT`, or that with `.svc`, is.
pub fn service(host: &str) -> Option<(&str, &str, Option<&str>)> {
    let (host, port) = host.rsplit_once(':').map_or((host, None), |(host, port)| (host, Some(port)));
    let host = host.strip_suffix(".cluster.local").unwrap_or(host);
    let (name, namespace) = host.strip_suffix(".svc").unwrap_or(host).split_once('.')?;
    (!namespace.contains('.')).then_some((name, namespace, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        let mut add = |what: Target<'_>, _: &str| all.push(format!("{what}{}", if what.is_guess { "?" } else { "" }));
        hosts(text, &mut add);
        all
    }

    fn own(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        own_service(text, Some("here"), &mut |what, _| all.push(what.to_string()));
        all
    }

    #[test]
    fn a_service_is_found_in_a_text() {
        let plain = "Service `mysql` in namespace `dbaas`";
        let with_port = "Service `mysql` with port `3306` in namespace `dbaas`";
        assert_eq!(found("mysql.dbaas.svc.cluster.local"), [plain]);
        assert_eq!(found("tcp://u:p@mysql.dbaas.svc:3306/x"), [with_port]);
        assert_eq!(found("host mysql-0.mysql.dbaas.svc."), [] as [&str; 0]);
        assert_eq!(found("mysql-0.mysql.dbaas.svc.cluster.local is it"), [plain]);
        assert_eq!(found("a mysql.dbaas:3306, b"), [format!("{with_port}?")]);
    }

    #[test]
    fn what_only_looks_like_a_service_is_not_one() {
        for text in ["$NAME.dbaas.svc", "{{ x }}.dbaas.svc", "a.b.svcs", "*.dbaas.svc", "cluster.svc.example", ".svc"] {
            assert_eq!(found(text), [] as [&str; 0], "{text}");
        }
        for text in ["10.0.0.1:80", "a.b.example:80", "A.b:80", "a.b:http", "12:30", "a.b:123456"] {
            assert_eq!(found(text), [] as [&str; 0], "{text}");
        }
    }

    #[test]
    fn a_pod_names_services_of_its_own_namespace() {
        let redis = "Service `redis` with port `6379` in namespace `here`";
        assert_eq!(own("redis:6379"), [redis]);
        assert_eq!(own("redis://redis:6379/0"), [redis]);
        assert_eq!(own("redis://user:password@redis:6379/0"), [redis]);
        for text in ["localhost:80", "http://localhost:80", "1:2", "a redis:6379", "nginx:1.29", "http://h.x:80"] {
            assert_eq!(own(text), [] as [&str; 0], "{text}");
        }
    }
}
