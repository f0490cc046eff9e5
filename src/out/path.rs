//! Where artifacts of homebuild's own kinds lie; an object's file is named by `kubernetes::identity`.

use std::fmt::Write as _;

/// `cloud-init/<name>.yaml`.
#[must_use]
pub fn cloud_init(name: &str) -> String {
    format!("cloud-init/{}.yaml", encode(name))
}

/// `proxmox/<vmid>-<name>.json`.
#[must_use]
pub fn proxmox(vmid: u32, name: &str) -> String {
    format!("proxmox/{vmid}-{}.json", encode(name))
}

/// `control-plane/<file>.txt`: by its own name, which mostly ends in `.yaml`, kubectl would take it for an object.
#[must_use]
pub fn control_plane(file: &str) -> String {
    format!("control-plane/{}.txt", encode(file))
}

/// A name as a part of a file's name: bytes of characters outside letters, digits, `.`, `_`, `-` are percent-encoded, and
/// so is a `.` at the start.
#[must_use]
pub fn encode(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for (at, byte) in name.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || (byte == b'.' && at > 0);
        if plain {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// How long a file's name can be, in bytes, on the file systems that people use.
const LONGEST: usize = 255;

/// What is wrong with a path below `out/` that is to be written.
pub(super) fn refuse(path: &str) -> Option<&'static str> {
    let part = |part: &str| match part {
        "" => Some("an empty name"),
        "." | ".." => Some("a name that leads elsewhere"),
        "SHA256SUMS" => Some("a name that homebuild gives to digests"),
        _ if part.starts_with(super::turn::TEMPORARY) => Some("a name that homebuild gives to temporary files"),
        _ if part.len() > LONGEST => Some("a name longer than 255 bytes"),
        _ if part.chars().any(|c| c.is_control() || c == '\\') => Some("a name with a control character or `\\`"),
        _ => None,
    };
    path.split('/').find_map(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_found_by_number_and_name() {
        assert_eq!(proxmox(220, "docker-registry"), "proxmox/220-docker-registry.json");
    }

    #[test]
    fn no_name_leads_out_of_its_folder() {
        assert_eq!(encode("system:node-proxier"), "system%3Anode-proxier");
        assert_eq!(control_plane("../../etc/passwd"), "control-plane/%2E.%2F..%2Fetc%2Fpasswd.txt");
        assert_eq!(encode(".."), "%2E.");
        assert_eq!(encode("ü"), "%C3%BC");
    }

    #[test]
    fn paths_that_cannot_be_written_are_refused() {
        for path in ["", "/a", "a/", "a//b", "../a", "a/../b", "a/SHA256SUMS", "a/.homebuild-1", "a\nb", "a\\b"] {
            assert!(refuse(path).is_some(), "{path:?}");
        }
        assert!(refuse(&"x".repeat(256)).is_some());
        assert_eq!(refuse("m/cloud-init/a.yaml"), None);
    }
}
