//! What happens during a push, told as it happens.

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A stack began.
    Begins,
    /// A module waits: for what, and why it is not there yet.
    Waits(String),
    /// An object was written: its action's word and its name.
    Wrote(String, String),
    /// The server warns of something.
    Warns(String),
    /// A module is ready.
    Ready,
    /// A module failed.
    Failed,
    /// A module or the stack was interrupted, or lost its lock.
    Stopped,
    /// A module goes back to its last good tree.
    GoesBack,
    /// The stack is skipped, since this one, which it depends on, did not end well.
    Skipped(String),
    /// The stack is done.
    Done,
}

/// Is told what happens in a stack and its module (empty where it is about the stack).
pub type Reporter<'a> = dyn Fn(&str, &str, Event) + Sync + 'a;
