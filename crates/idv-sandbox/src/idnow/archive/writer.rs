//! Writes a ZIP archive.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Crc;
use flate2::write::DeflateEncoder;

use super::encryption::{self, Encryption};
use crate::exchange::Piece;

/// A ZIP archive under construction (APPNOTE.TXT 6.3.3, without the extensions for more than 4 GB).
#[derive(Default)]
pub(super) struct Archive {
    encryption: Option<Encryption>,
    pieces: Vec<Piece>,
    /// The length of all pieces.
    length: u64,
    directory: Vec<u8>,
    entries: u16,
}

/// The fields of an entry's header.
struct Entry<'a> {
    name: &'a str,
    method: u16,
    crc: u32,
    length: u64,
}

impl Archive {
    /// Returns an archive whose entries are encrypted.
    pub(super) fn encrypted(encryption: Encryption) -> Self {
        Self {
            encryption: Some(encryption),
            ..Self::default()
        }
    }

    pub(super) fn deflated(&mut self, name: &str, contents: &[u8]) {
        let mut crc = Crc::new();
        crc.update(contents);
        let entry = |method, length| Entry {
            name,
            method,
            crc: crc.sum(),
            length,
        };
        let mut encoder = DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        match encoder.write_all(contents).and_then(|()| encoder.finish()) {
            Ok(body) => self.add(
                &entry(8, contents.len() as u64),
                vec![Piece::Bytes(body.into())],
            ),
            // Writing to memory does not fail; if it did, the entry would be stored uncompressed.
            Err(_) => self.add(
                &entry(0, contents.len() as u64),
                vec![Piece::Bytes(Bytes::copy_from_slice(contents))],
            ),
        }
    }

    pub(super) fn stored(&mut self, name: &str, body: Vec<Piece>) {
        let length = body.iter().map(Piece::length).sum();
        self.add(
            &Entry {
                name,
                method: 0,
                crc: checksum(&body),
                length,
            },
            body,
        );
    }

    fn add(&mut self, entry: &Entry<'_>, mut body: Vec<Piece>) {
        let extra = match &self.encryption {
            Some(encryption) if !entry.name.ends_with('/') => {
                // Encryption in memory does not fail; if it did, the archive would lack the entry.
                let Some(sealed) = encryption.seal(entry.name, Piece::collect(body)) else {
                    return;
                };
                body = vec![Piece::Bytes(sealed.into())];
                Some(encryption::extra_field(entry.method))
            }
            _ => None,
        };
        let compressed = body.iter().map(Piece::length).sum();
        let common = entry.common(compressed, extra.as_ref().map_or(0, |extra| extra.len()));
        let mut header = b"PK\x03\x04".to_vec();
        header.extend_from_slice(&common);
        header.extend_from_slice(entry.name.as_bytes());
        header.extend(extra.iter().flatten());

        // Created by version 2.0 under MS-DOS; no comment, first disk, no attributes.
        self.directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        self.directory.extend_from_slice(&common);
        self.directory.extend_from_slice(&[0; 10]);
        self.directory.extend_from_slice(&four(self.length));
        self.directory.extend_from_slice(entry.name.as_bytes());
        self.directory.extend(extra.iter().flatten());

        self.length += header.len() as u64 + compressed;
        self.entries = self.entries.saturating_add(1);
        self.pieces.push(Piece::Bytes(header.into()));
        self.pieces.extend(body);
    }

    pub(super) fn finish(mut self) -> Vec<Piece> {
        let length = four(self.directory.len() as u64);
        let entries = self.entries.to_le_bytes();
        self.directory.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        self.directory.extend([entries, entries].concat());
        self.directory.extend_from_slice(&length);
        self.directory.extend_from_slice(&four(self.length));
        self.directory.extend_from_slice(&[0; 2]);
        self.pieces.push(Piece::Bytes(self.directory.into()));
        self.pieces
    }
}

impl Entry<'_> {
    /// Returns the fields that an entry's header shares with its line in the directory.
    fn common(&self, compressed: u64, extra: usize) -> Vec<u8> {
        // Names are UTF-8.
        const UTF8: u16 = 1 << 11;
        // Midnight on 1 January 1980, the format's earliest time.
        const TIME: [u8; 4] = [0, 0, 0x21, 0];
        // A transaction number has at most 255 bytes, so a name is far below 64 kB.
        let name = u16::try_from(self.name.len()).unwrap_or_default();
        let (parts, crc) = match extra {
            0 => ([20, UTF8, self.method], self.crc),
            // An AES entry contains neither its method nor its checksum here.
            _ => (
                [
                    encryption::VERSION,
                    UTF8 | encryption::FLAG,
                    encryption::METHOD,
                ],
                0,
            ),
        };
        let mut common = Vec::new();
        for part in parts {
            common.extend_from_slice(&part.to_le_bytes());
        }
        common.extend_from_slice(&TIME);
        common.extend_from_slice(&crc.to_le_bytes());
        common.extend_from_slice(&four(compressed));
        common.extend_from_slice(&four(self.length));
        common.extend_from_slice(&name.to_le_bytes());
        common.extend_from_slice(&u16::try_from(extra).unwrap_or_default().to_le_bytes());
        common
    }
}

/// Returns a length in four bytes. [`fits`](super::fits) keeps every length below 4 GB.
fn four(length: u64) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

/// Returns the checksum of pieces. The checksum of repeated bytes takes logarithmic time.
fn checksum(body: &[Piece]) -> u32 {
    let mut sum = Crc::new();
    for piece in body {
        match piece {
            Piece::Bytes(bytes) => sum.update(bytes),
            Piece::Repeated(unit, length) => {
                let mut block = Crc::new();
                block.update(unit.bytes());
                let mut left = *length / unit.bytes().len() as u64;
                while left > 0 {
                    if left & 1 == 1 {
                        sum.combine(&block);
                    }
                    left >>= 1;
                    let mut twice = Crc::new();
                    twice.combine(&block);
                    twice.combine(&block);
                    block = twice;
                }
            }
        }
    }
    sum.sum()
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use super::*;

    fn bytes(pieces: &[Piece]) -> Vec<u8> {
        Piece::collect(pieces.to_vec())
    }

    #[test]
    fn a_checksum_of_spaces_is_that_of_the_bytes() {
        for length in [0, 1, 2, 3, 255, 256, 70_001] {
            let body = [
                Piece::Bytes(Bytes::from_static(b"start")),
                Piece::spaces(length),
            ];
            let mut plain = Crc::new();
            plain.update(&bytes(&body));
            assert_eq!(checksum(&body), plain.sum(), "{length}");
        }
    }

    #[test]
    fn another_reader_finds_every_entry_whole() {
        let contents = |key: &str| {
            vec![
                Piece::Bytes(Bytes::copy_from_slice(key.as_bytes())),
                Piece::spaces(300_000),
            ]
        };
        let mut archive = Archive::default();
        archive.deflated("ä.xml", "<a>äöü</a>".repeat(1000).as_bytes());
        for key in ["pdf", "videolog", "userface"] {
            archive.stored(key, contents(key));
        }
        let mut read = zip::ZipArchive::new(Cursor::new(bytes(&archive.finish()))).unwrap();
        for (name, expected) in [
            ("ä.xml", "<a>äöü</a>".repeat(1000).into_bytes()),
            ("pdf", bytes(&contents("pdf"))),
            ("videolog", bytes(&contents("videolog"))),
            ("userface", bytes(&contents("userface"))),
        ] {
            let mut found = Vec::new();
            read.by_name(name).unwrap().read_to_end(&mut found).unwrap();
            assert_eq!(found, expected, "{name}");
        }
        assert_eq!(read.len(), 4);
    }
}
