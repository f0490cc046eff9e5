//! What the system says of the program itself.

/// MiB of memory that the program uses; 0 on a system that does not say it as Linux does.
#[must_use]
pub fn memory_in_use() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok()).unwrap_or_default();
    (pages * rustix::param::page_size() as u64) >> 20
}
