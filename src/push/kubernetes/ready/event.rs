//! Events: what the cluster tells of its work on an object.

use serde_json::Value;

/// One event, of either API that has them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event<'a> {
    /// When it happened last. All are UTC and written alike, so that their order is that of their texts.
    time: &'a str,
    /// `Warning` or `Normal`.
    pub level: &'a str,
    /// In a word: `FailedMount`.
    pub reason: &'a str,
    /// In a sentence.
    pub message: &'a str,
    /// Kind and name of the object that it tells of.
    pub of: (&'a str, &'a str),
    /// How often it happened.
    pub times: i64,
}

/// Events in the order of their time, the last one last.
pub(super) fn in_order<'a>(events: &[&'a Value]) -> Vec<Event<'a>> {
    let mut events: Vec<Event> = events.iter().map(|event| Event::read(event)).collect();
    events.sort_by_key(|event| event.time);
    events
}

impl<'a> Event<'a> {
    fn read(event: &'a Value) -> Self {
        let text = |places: &[&str]| places.iter().find_map(|place| event.pointer(place)?.as_str()).unwrap_or_default();
        let times = ["/series/count", "/count"].iter().find_map(|place| event.pointer(place)?.as_i64());
        Self {
            time: text(&["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"]),
            level: text(&["/type"]),
            reason: text(&["/reason"]),
            message: text(&["/message", "/note"]),
            of: (
                text(&["/involvedObject/kind", "/regarding/kind"]),
                text(&["/involvedObject/name", "/regarding/name"]),
            ),
            times: times.unwrap_or(1),
        }
    }

    /// Whether it tells of something that went wrong.
    pub(super) fn is_warning(&self) -> bool {
        self.level == "Warning"
    }
}
