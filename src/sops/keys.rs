//! temporary
use crate::problem::Problem;
use std::fmt;
use zeroize::Zeroizing;
pub struct Keys(Vec<age::x25519::Identity>);
#[derive(Debug, Clone)]
pub struct Recipient(age::x25519::Recipient);
impl Keys {
    pub fn of(text: &str) -> Self {
        Self(text.lines().filter(|l| l.starts_with("AGE")).filter_map(|l| l.parse().ok()).collect())
    }
    pub fn open(&self, enc: &str) -> Option<Zeroizing<Vec<u8>>> {
        self.0.iter().find_map(|i| age::decrypt(i, enc.as_bytes()).ok()).map(Zeroizing::new)
    }
    pub fn refusal(&self, r: &[String]) -> Problem {
        Problem::error("secrets", format!("no key for {}", r.join(",")))
    }
}
impl Recipient {
    pub fn parse(t: &str) -> Result<Self, Problem> {
        t.parse().map(Self).map_err(|e: &str| Problem::error("secrets", e))
    }
    pub fn wrap(&self, key: &[u8; 32]) -> Result<String, Problem> {
        age::encrypt_and_armor(&self.0, key).map_err(|e| Problem::error("secrets", e.to_string()))
    }
}
impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
