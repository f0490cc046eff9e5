//! Which fields of an object belong to whom: the sets of paths in `managedFields`.
