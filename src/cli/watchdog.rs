//! Ends the program where a template does not end by itself. Nothing is written while templates are rendered, so `out/` stays
//! as it was.

use std::thread;
use std::time::Duration;

use crate::problem::{Place, Problem};
use crate::template;

/// How often it looks, and how many times it sees the same rendering before it has no end: five seconds, where one takes
/// milliseconds. A machine that slept in between does not count.
const PAUSE: Duration = Duration::from_millis(500);
const LOOKS: u32 = 10;

/// Watches the renderings of this program until it ends.
pub(super) fn begin() {
    thread::spawn(|| {
        let (mut before, mut looks) = (None, 0);
        loop {
            thread::sleep(PAUSE);
            let oldest = template::oldest();
            let number = oldest.as_ref().map(|(number, _)| *number);
            looks = if number == before { looks + 1 } else { 0 };
            before = number;
            if let Some((_, place)) = oldest.filter(|_| looks >= LOOKS) {
                end(&place);
            }
        }
    });
}

fn end(place: &Place) -> ! {
    let problem = Problem::error("template", "a template takes longer than five seconds: it has no end");
    let note = "a list that is added to itself again and again (`a + a`) doubles each time";
    super::tell_problems(problem.at(place).note(note).into(), "; nothing was written");
    std::process::exit(super::FAILED.into())
}
