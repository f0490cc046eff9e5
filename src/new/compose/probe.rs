//! A healthcheck as the probe that says when a pod is ready.

use super::super::draft::{list, map, number, text};
use super::super::ready_at;
use super::Taking;
use super::component::{Component, original, raw, raws};
use super::words::{seconds, split};
use crate::yaml::{Data, Map, Node};

/// Options of curl and wget that make more of a request than a look at a page.
const MORE: [&str; 9] = ["-X", "--request", "-H", "--header", "-d", "--data", "-u", "--user", "--post-data"];

impl Taking<'_> {
    /// The readiness probe: the healthcheck, or a connection to the port.
    pub fn probe(&mut self, c: &mut Component) {
        if let Some(node) = c.take("healthcheck") {
            self.healthcheck(c, node);
        }
        if c.values.iter().all(|value| value.key != "probes")
            && let Some(port) = c.listens
        {
            c.say("probes", "ready as soon as someone listens");
            c.set("probes", &[], ready_at(port));
        }
    }

    fn healthcheck(&mut self, c: &mut Component, node: Node) {
        let before = original("healthcheck", &node);
        let Some(mut check) = node.as_map().cloned() else { return c.leave("healthcheck", node) };
        let Some(handler) = check.get("test").and_then(|test| self.handler(test)) else {
            return c.leave("healthcheck", node);
        };
        check.remove("test");
        let mut probe = Map(vec![]);
        for (key, value) in handler {
            probe.set(key, value);
        }
        for (from, to) in
            [("start_period", "initialDelaySeconds"), ("interval", "periodSeconds"), ("timeout", "timeoutSeconds")]
        {
            let time = check.get(from).and_then(raw).and_then(|text| seconds(&self.variables.plain(&text)));
            if let Some(time) = time {
                check.remove(from);
                probe.set(to, number(time));
            }
        }
        if let Some(Data::Int(retries)) = check.get("retries").map(|node| node.data.clone()) {
            check.remove("retries");
            probe.set("failureThreshold", number(retries));
        }
        c.say("probes", &before);
        c.set("probes", &["readiness"], Node::new(Data::Map(probe), &node.place));
        c.leave("healthcheck", Node::new(Data::Map(check), &node.place));
    }

    /// What is done to know that a container is well; none where nothing is.
    fn handler(&mut self, test: &Node) -> Option<Vec<(&'static str, Node)>> {
        let words = match &test.data {
            Data::List(_) => raws(test)?,
            _ => vec!["CMD-SHELL".to_owned(), raw(test)?],
        };
        let (kind, command) = words.split_first()?;
        let line = command.first().filter(|line| *line != "NONE")?;
        let (words, command) = match kind.as_str() {
            "CMD" => (Some(command.to_vec()), command.to_vec()),
            "CMD-SHELL" => (only_command(line), vec!["/bin/sh".to_owned(), "-c".to_owned(), line.clone()]),
            _ => return None,
        };
        if let Some(page) = words.and_then(|words| page(&self.today(&words))) {
            return Some(vec![("httpGet", page)]);
        }
        let command = command.iter().map(|word| text(&self.variables.text(word, &test.place).0)).collect::<Vec<_>>();
        Some(vec![("exec", map([("command", list(command))]))])
    }

    fn today(&self, words: &[String]) -> Vec<String> {
        words.iter().map(|word| self.variables.today(word)).collect()
    }
}

/// The words of a shell's line that is one command, and perhaps `|| exit 1`.
fn only_command(line: &str) -> Option<Vec<String>> {
    let command = match line.split_once("||") {
        Some((command, end)) if end.trim().starts_with("exit") || end.trim() == "false" => command,
        Some(_) => return None,
        None => line,
    };
    let command = ["2>&1", "> /dev/null", ">/dev/null", "2>"]
        .iter()
        .fold(command.to_owned(), |line, quiet| line.replace(quiet, ""));
    (!command.contains(['|', '&', ';', '>', '`'])).then(|| split(&command))
}

/// The page on localhost at which curl or wget looks, as `httpGet`.
fn page(words: &[String]) -> Option<Node> {
    let (program, options) = words.split_first()?;
    if !["curl", "wget"].contains(&program.rsplit('/').next()?)
        || options.iter().any(|one| MORE.contains(&one.as_str()))
    {
        return None;
    }
    let is_url = |word: &&String| {
        !word.starts_with('-') && (word.contains("://") || word.contains("localhost") || word.contains("127.0.0.1"))
    };
    let mut urls = options.iter().filter(is_url);
    let (url, None) = (urls.next()?, urls.next()) else { return None };
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let at = rest.find('/').unwrap_or(rest.len());
    let (host, path) = rest.split_at(at);
    let host_end = if host.ends_with(']') { host.len() } else { host.rfind(':').unwrap_or(host.len()) };
    let (host, port) = (&host[..host_end], host[host_end..].trim_start_matches(':'));
    let is_local = matches!(host, "localhost" | "127.0.0.1" | "0.0.0.0" | "[::1]");
    let (scheme, usual) = match scheme {
        "http" => (None, 80),
        "https" => (Some("HTTPS"), 443),
        _ => return None,
    };
    let port = if port.is_empty() { usual } else { port.parse::<u16>().ok()? };
    let path = if path.is_empty() { "/" } else { path };
    let mut entries = vec![("path", text(path)), ("port", number(port))];
    entries.extend(scheme.map(|scheme| ("scheme", text(scheme))));
    is_local.then(|| map(entries))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::emit;

    fn read(line: &str) -> Option<String> {
        page(&only_command(line)?).map(|page| emit(&page).replace('\n', " ").trim_end().to_owned())
    }

    #[test]
    fn a_look_at_a_page_of_its_own_is_a_request() {
        let page = |text: &str| Some(text.to_owned());
        assert_eq!(read("curl -f http://localhost:3000/health || exit 1"), page("path: /health port: 3000"));
        assert_eq!(read("wget --no-verbose --tries=1 --spider http://127.0.0.1"), page("path: / port: 80"));
        assert_eq!(read("curl -fk https://localhost/a?b=c > /dev/null"), page("path: /a?b=c port: 443 scheme: HTTPS"));
        assert_eq!(read("wget -qO- localhost:8080/ok >/dev/null 2>&1"), page("path: /ok port: 8080"));
    }

    #[test]
    fn what_is_more_than_that_is_a_command() {
        for line in [
            "curl -f http://db:3000/",
            "curl -H 'Host: x' http://localhost/",
            "curl http://localhost:$PORT/",
            "curl http://localhost/ | grep ok",
            "curl http://localhost/ && touch /tmp/x",
            "pg_isready -U postgres",
            "curl http://localhost/ || curl http://localhost:81/",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
