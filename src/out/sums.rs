//! `SHA256SUMS`: the digests of a module's files, as `sha256sum -c` reads them; also the record of what is ours.

use std::fmt::Write as _;

/// The file's name.
pub const NAME: &str = "SHA256SUMS";

/// The text for files (path below the module, digest), sorted by path.
pub fn text<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8; 32])>) -> String {
    let mut text = String::new();
    for (path, digest) in files {
        for byte in digest {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            text.push(char::from(HEX[usize::from(byte >> 4)]));
            text.push(char::from(HEX[usize::from(byte & 15)]));
        }
        let _ = writeln!(text, "  {path}");
    }
    text
}

/// The paths that a text lists, below its module. A line that is none of ours, or leads elsewhere, lists nothing.
pub fn paths(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let (digest, path) = line.split_once("  ")?;
        let whole = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        (whole && super::path::refuse(path).is_none()).then_some(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let text = text([("a.yaml", &[0xab; 32]), ("cloud-init/b.yaml", &[1; 32])]);
        assert!(text.starts_with(&format!("{}  a.yaml\n", "ab".repeat(32))));
        assert_eq!(paths(&text).collect::<Vec<_>>(), ["a.yaml", "cloud-init/b.yaml"]);
    }

    #[test]
    fn a_line_that_leads_elsewhere_lists_nothing() {
        let digest = "0".repeat(64);
        let text = format!("{digest}  ../../.bashrc\n{digest}  /etc/passwd\n{digest} *bin\nnonsense\n{digest}  \n");
        assert_eq!(paths(&text).count(), 0);
    }
}
