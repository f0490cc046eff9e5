//! Who pushes a stack now: a lease that has a holder and expires.

/// A lease.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it: `user@host/pid/random`.
    pub holder: String,
    /// How long it holds without being renewed, in seconds.
    pub seconds: u32,
    /// When it was taken: RFC 3339 with microseconds.
    pub acquired: String,
    /// When it was last renewed: RFC 3339 with microseconds. Every renewal changes it.
    pub renewed: String,
    /// How often it went from one holder to another.
    pub transitions: u32,
}
