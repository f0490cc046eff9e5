//! The metadata by which a file is known again.

use rustix::fs::{FileType, Stat};
use sha2::{Digest as _, Sha256};

/// What the file system says of one name. Any change of a file changes its `ctime`, unless it happens within the same
/// tick of the file system's clock: whoever relies on a stamp compares `ctime` with a clock read before the file was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    kind: u8,
    /// Length in bytes; 0 for all but files.
    pub size: u64,
    mtime: i64,
    /// When it last changed in any way, in nanoseconds since 1970.
    pub ctime: i64,
    inode: u64,
    /// The file system it lies on. Not part of the fingerprint: numbers of devices change from boot to boot.
    pub device: u64,
}

const FILE: u8 = 1;
const FOLDER: u8 = 2;
const LINK: u8 = 3;
const OTHER: u8 = 4;

impl Stamp {
    /// Nothing is there.
    pub const MISSING: Self = Self { kind: 0, size: 0, mtime: 0, ctime: 0, inode: 0, device: 0 };

    /// The stamp in what `stat` says.
    #[allow(
        clippy::useless_conversion,
        clippy::cast_possible_wrap,
        clippy::unnecessary_cast,
        clippy::cast_lossless,
        reason = "the widths of these fields differ from system to system"
    )]
    pub fn of(stat: &Stat) -> Self {
        let nanoseconds = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => FILE,
            FileType::Directory => FOLDER,
            FileType::Symlink => LINK,
            _ => OTHER,
        };
        Self {
            kind,
            size: if kind == FILE { u64::try_from(stat.st_size).unwrap_or_default() } else { 0 },
            mtime: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            ctime: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
            inode: stat.st_ino as u64,
            device: stat.st_dev as u64,
        }
    }

    /// Whether anything is there.
    pub fn exists(&self) -> bool {
        self.kind != 0
    }

    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.kind == FILE
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.kind == FOLDER
    }

    /// Whether it is a symbolic link.
    pub fn is_link(&self) -> bool {
        self.kind == LINK
    }

    /// Missing, file, folder or other, as a byte.
    pub fn kind(&self) -> u8 {
        self.kind
    }
}

/// The stamps of many names in their order, short.
#[derive(Debug, Default, Clone)]
pub struct Fingerprint {
    hash: Sha256,
    print: Print,
}

/// A finished fingerprint.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Print {
    /// The first 16 bytes of a SHA-256.
    pub sum: [u8; 16],
    /// The newest `ctime` of what was found and read.
    found: i64,
    /// The newest `ctime` of what we wrote ourselves.
    made: i64,
    /// Whether something lies on a file system of which we have no clock.
    foreign: bool,
}

impl Fingerprint {
    /// One more that was found, on the file system with our clock or on another.
    pub fn found(&mut self, stamp: &Stamp, device: u64) {
        self.print.found = self.print.found.max(stamp.ctime);
        self.add(stamp, device);
    }

    /// One more that we made just now.
    pub fn made(&mut self, stamp: &Stamp, device: u64) {
        self.print.made = self.print.made.max(stamp.ctime);
        self.add(stamp, device);
    }

    fn add(&mut self, stamp: &Stamp, device: u64) {
        let mut bytes = [0; 33];
        bytes[0] = stamp.kind;
        bytes[1..9].copy_from_slice(&stamp.size.to_le_bytes());
        bytes[9..17].copy_from_slice(&stamp.mtime.to_le_bytes());
        bytes[17..25].copy_from_slice(&stamp.ctime.to_le_bytes());
        bytes[25..].copy_from_slice(&stamp.inode.to_le_bytes());
        self.hash.update(bytes);
        self.print.foreign |= stamp.exists() && stamp.device != device;
    }

    /// The whole.
    pub fn finish(self) -> Print {
        Print { sum: short(self.hash), ..self.print }
    }
}

impl Print {
    /// Whether a later change cannot hide: what was found had changed before the clock that was read before it was, and
    /// what we made before the clock that was read after that. (A change in the same tick of the clock leaves the same
    /// stamp behind.)
    pub fn is_settled(&self, before: i64, after: i64) -> bool {
        !self.foreign && self.found < before && self.made < after
    }
}

/// The first 16 bytes of a digest.
pub fn short(hash: Sha256) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&hash.finalize()[..16]);
    short
}
