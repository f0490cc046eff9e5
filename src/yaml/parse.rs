//! Text to trees.

use std::sync::Arc;

use crate::problem::{Problem, Source};
use crate::yaml::Node;

/// All documents of a file. An empty document is no document.
pub fn parse(source: &Arc<Source>) -> Result<Vec<Node>, Problem> {
    let _ = source;
    Ok(Vec::new())
}

/// The one document of a file; an empty file is an empty map at its start.
pub fn parse_one(source: &Arc<Source>) -> Result<Node, Problem> {
    let _ = source;
    Err(Problem::error("yaml", ""))
}
