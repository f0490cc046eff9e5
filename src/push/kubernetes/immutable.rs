//! Which fields cannot change in place, and what a refused change means.
