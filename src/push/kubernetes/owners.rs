//! Taking over the fields that an earlier tool wrote.
