//! What was seen of inputs: enough to tell later, by metadata alone, that nothing changed.

/// Files and folders as they were when they were read. Opaque: made by [`super::Site`], kept by [`crate::out::save`].
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Seen {}

impl Seen {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was seen elsewhere, too.
    pub fn extend(&mut self, _other: Self) {
        todo!()
    }
}
