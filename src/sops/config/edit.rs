//! Who is named in `.sops.yaml`, changed in its text: comments and all else stay.

use std::ops::Range;

use super::{Config, groups};
use crate::problem::{Place, Problem, Problems, Source};
use crate::sops::Recipient;
use crate::yaml::{self, Node, Part, Step, What};

impl Config {
    /// The text in which the rule of a file names one more recipient; none where it names them already, or where no rule
    /// is for the file.
    pub fn with(&self, path: &str, recipient: &Recipient) -> Result<Option<String>, Problems> {
        let Some(index) = self.index(path)? else { return Ok(None) };
        let mut named = self.named_by(index)?;
        if named.iter().any(|one| recipient.is(one)) {
            return Ok(None);
        }
        let new = recipient.to_string();
        let parts = self.parts(&new)?;
        let text = self.with_line(&parts, &self.age(index), &new).ok_or_else(|| self.by_hand(index, &new))?;
        named.push(new.clone());
        self.checked(index, text, &named).map(Some).ok_or_else(|| self.by_hand(index, &new).into())
    }

    /// The text in which the rule of a file does not name a recipient; none where it does not already.
    pub fn without(&self, path: &str, is_gone: &dyn Fn(&str) -> bool) -> Result<Option<String>, Problems> {
        let Some(index) = self.index(path)? else { return Ok(None) };
        let mut named = self.named_by(index)?;
        let Some(at) = named.iter().position(|one| is_gone(one)) else { return Ok(None) };
        let gone = named.remove(at);
        let parts = self.parts(&gone)?;
        let text = self.without_part(&parts, &self.age(index), is_gone).ok_or_else(|| self.by_hand(index, &gone))?;
        self.checked(index, text, &named).map(Some).ok_or_else(|| self.by_hand(index, &gone).into())
    }

    /// The way to the recipients of a rule.
    fn age(&self, index: usize) -> Vec<Step> {
        let mut path = vec![Step::Key("creation_rules".into()), Step::Index(index)];
        if !groups(&self.rules[index]).is_empty() {
            path.extend([Step::Key("key_groups".into()), Step::Index(0)]);
        }
        path.push(Step::Key("age".into()));
        path
    }

    fn parts(&self, recipient: &str) -> Result<Vec<Part>, Problem> {
        yaml::outline(&self.source.text).map_err(|unclear| {
            Problem::error("sops-config", format!("{} cannot be changed here: {}", self.source.path, unclear.message))
                .at(&Place::line(&self.source, unclear.line))
                .note(format!("change `age:` by hand: {recipient}"))
        })
    }

    fn by_hand(&self, index: usize, recipient: &str) -> Problem {
        Problem::error("sops-config", "the recipients of this rule are written in a way that homebuild cannot change")
            .at(&self.rules[index].place)
            .note(format!("change `age:` by hand: {recipient}"))
    }

    fn with_line(&self, parts: &[Part], age: &[Step], new: &str) -> Option<String> {
        let text = self.source.text.as_str();
        let here = parts.iter().find(|part| part.path == age && !matches!(part.what, What::Key | What::End));
        match here.map(|part| (&part.what, part)) {
            Some((What::Scalar(yaml::Data::Str(_)), part)) => Some(appended(text, &part.at, new)),
            Some((What::Collection { is_list: true, is_flow }, _)) => {
                let last = parts.iter().rfind(|part| is_item(part, age))?;
                if *is_flow {
                    return Some(inserted(text, last.at.end, &format!(", {new}")));
                }
                let dash = format!("\n{}- {new}", " ".repeat(column(text, dash(text, last.at.start)?)));
                Some(inserted(text, line_end(text, last.at.end), &dash))
            }
            // a rule without `age` gets it before its first key
            None => {
                let rule = &age[..age.len() - 1];
                let first =
                    parts.iter().find(|part| part.what == What::Key && part.path[..part.path.len() - 1] == *rule)?;
                let is_flow = parts
                    .iter()
                    .any(|part| part.path == rule && matches!(part.what, What::Collection { is_flow: true, .. }));
                let gap =
                    if is_flow { ", ".to_owned() } else { format!("\n{}", " ".repeat(column(text, first.at.start))) };
                Some(inserted(text, first.at.start, &format!("age: {new}{gap}")))
            }
            _ => None,
        }
    }

    fn without_part(&self, parts: &[Part], age: &[Step], is_gone: &dyn Fn(&str) -> bool) -> Option<String> {
        let text = self.source.text.as_str();
        let part = parts.iter().find(|part| part.path == age && !matches!(part.what, What::Key | What::End))?;
        let What::Collection { is_list: true, is_flow } = part.what else {
            return Some(replaced(text, &part.at, &cut(&text[part.at.clone()], is_gone)?));
        };
        let items: Vec<&Part> = parts.iter().filter(|part| is_item(part, age)).collect();
        let holds = |part: &Part| match &part.what {
            What::Scalar(yaml::Data::Str(value)) => value.split(',').any(|one| is_gone(one.trim())),
            _ => false,
        };
        let at = items.iter().position(|item| holds(item))?;
        let What::Scalar(yaml::Data::Str(value)) = &items[at].what else { return None };
        if value.split(',').filter(|one| !one.trim().is_empty()).count() > 1 {
            return Some(replaced(text, &items[at].at, &cut(&text[items[at].at.clone()], is_gone)?));
        }
        let range = match (is_flow, items.get(at + 1)) {
            (true, Some(next)) => items[at].at.start..next.at.start,
            (true, None) => items[at.checked_sub(1)?].at.end..items[at].at.end,
            (false, _) => {
                let begin = text[..dash(text, items[at].at.start)?].rfind('\n').map_or(0, |at| at + 1);
                begin..(line_end(text, items[at].at.end) + 1).min(text.len())
            }
        };
        Some(replaced(text, &range, ""))
    }

    /// The text, if it says of every rule what it said before, and of this one that it names these.
    fn checked(&self, index: usize, text: String, named: &[String]) -> Option<String> {
        let after = Self::read(&Source::new(self.source.path.as_str(), text.as_str())).ok()?;
        if after.rules.len() != self.rules.len() || after.named_by(index).ok()? != named {
            return None;
        }
        let shown = |at: usize, rule: &Node| if at == index { without_age(rule) } else { yaml::emit(rule) };
        let same = |at: usize| shown(at, &after.rules[at]) == shown(at, &self.rules[at]);
        (0..self.rules.len()).all(same).then_some(text)
    }
}

/// A rule but for its recipients, to be compared.
fn without_age(rule: &Node) -> String {
    let mut rule = rule.clone();
    if let Some(map) = rule.as_map_mut() {
        map.remove("age");
        let groups = map.get_mut("key_groups").map(|node| &mut node.data);
        let first = if let Some(yaml::Data::List(groups)) = groups { groups.first_mut() } else { None };
        if let Some(group) = first.and_then(Node::as_map_mut) {
            group.remove("age");
        }
    }
    yaml::emit(&rule)
}

fn is_item(part: &Part, list: &[Step]) -> bool {
    part.path.len() == list.len() + 1 && part.path.starts_with(list) && matches!(part.what, What::Scalar(_))
}

/// One more recipient at the end of a text with commas, in the way in which it is written.
fn appended(text: &str, at: &Range<usize>, new: &str) -> String {
    let raw = &text[at.clone()];
    let quote = raw.chars().next_back().filter(|last| matches!(last, '"' | '\'') && raw.starts_with(*last));
    let end = at.end - quote.map_or(0, char::len_utf8);
    let content = text[at.start..end].trim_end();
    let comma = if content.ends_with(',') { "" } else { "," };
    let last = content.rsplit_once('\n').map(|(_, last)| &last[..last.len() - last.trim_start().len()]);
    let gap = match last {
        Some(indent) => format!("\n{indent}"),
        None if content.contains(", ") => " ".to_owned(),
        None => String::new(),
    };
    inserted(text, at.start + content.len(), &format!("{comma}{gap}{new}"))
}

/// A text with commas, as it is written, without one of its parts; none where it cannot be told.
fn cut(raw: &str, is_gone: &dyn Fn(&str) -> bool) -> Option<String> {
    let quote = raw.chars().next().filter(|first| matches!(first, '"' | '\''));
    let is_block = raw.starts_with(['|', '>']);
    let begin = if is_block { raw.find('\n')? } else { quote.map_or(0, char::len_utf8) };
    let end = raw.len() - quote.map_or(0, char::len_utf8);
    let mut parts: Vec<&str> = raw[begin..end].split(',').collect();
    let at = parts.iter().position(|part| is_gone(part.trim()))?;
    let gone = parts.remove(at);
    let space = &gone[..gone.len() - gone.trim_start().len()];
    let mut kept: Vec<String> = parts.into_iter().map(str::to_owned).collect();
    if let Some(first) = kept.first_mut().filter(|_| at == 0) {
        *first = format!("{space}{}", first.trim_start());
    }
    Some(format!("{}{}{}", &raw[..begin], kept.join(","), &raw[end..]))
}

fn inserted(text: &str, at: usize, new: &str) -> String {
    replaced(text, &(at..at), new)
}

fn replaced(text: &str, at: &Range<usize>, new: &str) -> String {
    format!("{}{new}{}", &text[..at.start], &text[at.end..])
}

fn column(text: &str, at: usize) -> usize {
    at - text[..at].rfind('\n').map_or(0, |line| line + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |offset| at + offset)
}

/// The dash before an item of a list, where nothing else stands before it on its line.
fn dash(text: &str, item: usize) -> Option<usize> {
    let begin = text[..item].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[begin..item];
    let at = before.find('-')?;
    before[..at].trim().is_empty().then_some(begin + at)
}
