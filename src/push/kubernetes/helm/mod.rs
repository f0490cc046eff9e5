//! Releases of charts, by the program `helm`.
