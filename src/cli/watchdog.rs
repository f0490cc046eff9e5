//! Ends the program where a template does not end by itself. Nothing is written while templates are rendered, so `out/` stays
//! as it was.

use std::thread;
use std::time::Duration;

use crate::disk;
use crate::problem::{Place, Problem};
use crate::template;

/// How often it looks, and how many times it sees the same rendering before it has no end: 0.8 seconds, where one takes
/// milliseconds, and eight without optimisation. The program must have worked for so long, too: a machine that slept or
/// had others to serve does not count.
const PAUSE: Duration = Duration::from_millis(50);
const LOOKS: u32 = if cfg!(debug_assertions) { 160 } else { 16 };
/// How many MiB the program may grow by during one rendering: sixteen times what a value may have.
const GROWTH: u64 = 128;

/// A rendering that was there when the watchdog looked before.
#[derive(Clone, Copy)]
struct Seen {
    number: u64,
    looks: u32,
    memory: u64,
    worked: Option<Duration>,
}

/// Watches the renderings of this program until it ends.
pub(super) fn begin() {
    thread::spawn(|| {
        let mut before: Option<Seen> = None;
        loop {
            thread::sleep(PAUSE);
            before = template::oldest().map(|(number, place)| match before.take() {
                Some(seen) if seen.number == number => look(seen, &place),
                _ => Seen { number, looks: 0, memory: disk::memory_in_use(), worked: disk::time_worked() },
            });
        }
    });
}

fn look(seen: Seen, place: &Place) -> Seen {
    if seen.looks >= LOOKS && worked_since(seen).is_none_or(|worked| worked >= PAUSE * LOOKS) {
        end("takes too long", place);
    }
    if disk::memory_in_use().saturating_sub(seen.memory) > GROWTH {
        end("takes more and more memory", place);
    }
    Seen { looks: seen.looks + 1, ..seen }
}

/// How long the program worked since a rendering was seen first, if that is known.
fn worked_since(seen: Seen) -> Option<Duration> {
    Some(disk::time_worked()?.saturating_sub(seen.worked?))
}

fn end(does: &str, place: &Place) -> ! {
    let problem = Problem::error("template", format!("a template {does}: it has no end"));
    let note = "a list that is added to itself again and again (`a + a`) doubles each time";
    super::tell_problems(problem.at(place).note(note).into(), "; nothing was written");
    std::process::exit(super::FAILED.into())
}
