//! Whether an object is ready, and why it is not yet.
