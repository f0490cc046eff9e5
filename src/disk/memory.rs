//! What the system says of the program itself.

use std::time::Duration;

/// MiB of memory that the program uses; 0 on a system that does not say it as Linux does.
#[must_use]
pub fn memory_in_use() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok()).unwrap_or_default();
    (pages * rustix::param::page_size() as u64) >> 20
}

/// How long processors worked for the program; none on a system that does not say it as Linux does.
#[must_use]
pub fn time_worked() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // the name of the program, in brackets, may hold anything
    let mut numbers = text.rsplit_once(')')?.1.split(' ').skip(12).map_while(|number| number.parse::<u64>().ok());
    let ticks = numbers.next()? + numbers.next()?;
    Some(Duration::from_secs(ticks) / u32::try_from(rustix::param::clock_ticks_per_second()).ok()?)
}
