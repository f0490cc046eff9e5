//! When a lease is taken over.
//!
//! Clocks of two machines differ, so that a lease that lives may look expired, and a dead one alive. So it is not taken
//! over for what it says alone, but when it was not renewed under the eyes of who wants it: for a third of its time where
//! it says that it has expired (its holder would have renewed it, and does so again soon after a time without network),
//! for all of its time where it says that it has not, or where it was seen to be renewed.

use std::time::Instant;

use jiff::Timestamp;

use super::Lease;

/// A look at a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// Nobody holds it.
    Free,
    /// It holds.
    Alive,
    /// It says that it has expired, and is watched.
    Doubtful,
    /// Its holder does not renew it any more.
    Dead,
}

/// What was seen of the lease of another push.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The version that was seen last, and since when.
    last: Option<(String, Instant)>,
    was_renewed: bool,
}

impl Watch {
    /// Looks at it once more.
    pub fn see(&mut self, lease: &Lease, version: &str, now: Instant, clock: Timestamp) -> Seen {
        if lease.holder.is_empty() {
            return Seen::Free;
        }
        let since = match &self.last {
            Some((last, since)) if last == version => *since,
            last => {
                self.was_renewed = last.is_some();
                self.last = Some((version.to_owned(), now));
                now
            }
        };
        let time = lease.time();
        let is_doubtful = lease.is_expired(clock) && !self.was_renewed;
        let needed = if is_doubtful { time / 3 } else { time };
        match now.saturating_duration_since(since) >= needed {
            true => Seen::Dead,
            false if is_doubtful => Seen::Doubtful,
            false => Seen::Alive,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Looks at a lease of 60 seconds at these seconds, by a clock that is `ahead` of the holder's; it was renewed at
    /// each of `renewals`.
    fn looks(ahead: i64, renewals: &[u64], looks: &[u64]) -> Vec<Seen> {
        let (start, clock) = (Instant::now(), Timestamp::from_second(1_800_000_000).unwrap());
        let mut watch = Watch::default();
        let see = |at: &u64| {
            let renewed = *renewals.iter().rfind(|renewed| *renewed <= at).unwrap();
            let renewed_at = clock + Duration::from_secs(renewed);
            let lease =
                Lease { holder: "a".into(), seconds: 60, renewed: format!("{renewed_at:.6}"), ..Lease::default() };
            let clock = clock + Duration::from_secs(*at) + jiff::SignedDuration::from_secs(ahead);
            watch.see(&lease, &renewed.to_string(), start + Duration::from_secs(*at), clock)
        };
        looks.iter().map(see).collect()
    }

    #[test]
    fn a_lease_that_is_renewed_lives() {
        assert_eq!(looks(0, &[0, 15, 30, 45, 60], &[1, 16, 31, 46, 61]), [Seen::Alive; 5]);
    }

    #[test]
    fn a_lease_that_has_expired_is_watched_for_a_third_of_its_time() {
        assert_eq!(looks(0, &[0], &[61, 80, 81]), [Seen::Doubtful, Seen::Doubtful, Seen::Dead]);
    }

    #[test]
    fn a_clock_that_is_ahead_takes_no_lease_that_lives() {
        let renewals: Vec<u64> = (0..40).map(|n| n * 15).collect();
        let seen = looks(100_000, &renewals, &(0..600).collect::<Vec<_>>());
        assert_eq!(seen[..15], [Seen::Doubtful; 15]);
        assert_eq!(seen[15..], [Seen::Alive; 585]);
    }

    #[test]
    fn a_clock_that_is_behind_finds_a_dead_lease_by_watching_all_of_its_time() {
        assert_eq!(looks(-100_000, &[0], &[5, 64, 65]), [Seen::Alive, Seen::Alive, Seen::Dead]);
    }
}
