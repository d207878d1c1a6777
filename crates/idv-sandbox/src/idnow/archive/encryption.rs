//! The encryption of an archive's entries: WinZip's AES-256 (10.1), version AE-2.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{AES_256, EncryptingKey, UnboundCipherKey};
use aws_lc_rs::{hmac, pbkdf2};
use sha2::{Digest as _, Sha256};

/// The version of the format that readers must support.
pub(super) const VERSION: u16 = 51;
/// The flag of an encrypted entry.
pub(super) const FLAG: u16 = 1;
/// The method of an AES entry. The actual method is in the extra field.
pub(super) const METHOD: u16 = 99;

const KEY: usize = 32;
const SALT: usize = 16;
const VERIFIER: usize = 2;
const CODE: usize = 10;
const BLOCK: usize = 16;
const ROUNDS: NonZeroU32 = match NonZeroU32::new(1000) {
    Some(rounds) => rounds,
    None => NonZeroU32::MIN,
};

/// A password, and the seed of an archive's salts.
pub(super) struct Encryption {
    password: String,
    archive: String,
}

impl Encryption {
    pub(super) fn new(password: &str, archive: &str) -> Self {
        Self {
            password: password.to_owned(),
            archive: archive.to_owned(),
        }
    }

    /// Encrypts an entry: salt, password verification value, contents and authentication code. The
    /// salt need not be unpredictable here, so it is derived from the entry's name.
    pub(super) fn seal(&self, name: &str, mut contents: Vec<u8>) -> Option<Vec<u8>> {
        let salt = Sha256::new()
            .chain_update(&self.archive)
            .chain_update([0])
            .chain_update(name)
            .finalize();
        let salt = salt.get(..SALT)?;
        let mut keys = [0; KEY * 2 + VERIFIER];
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA1,
            ROUNDS,
            salt,
            self.password.as_bytes(),
            &mut keys,
        );
        let (key, rest) = keys.split_at_checked(KEY)?;
        let (code_key, verifier) = rest.split_at_checked(KEY)?;

        let stream = stream(key, contents.len().div_ceil(BLOCK))?;
        contents
            .iter_mut()
            .zip(stream)
            .for_each(|(byte, mask)| *byte ^= mask);
        let code = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, code_key),
            &contents,
        );
        Some([salt, verifier, &contents, code.as_ref().get(..CODE)?].concat())
    }
}

/// Returns the key stream: the encrypted counters from 1 on, in little-endian order.
fn stream(key: &[u8], blocks: usize) -> Option<Vec<u8>> {
    let numbers = 1..=u128::try_from(blocks).ok()?;
    let mut stream: Vec<u8> = numbers.flat_map(u128::to_le_bytes).collect();
    let key = UnboundCipherKey::new(&AES_256, key).ok()?;
    EncryptingKey::ecb(key).ok()?.encrypt(&mut stream).ok()?;
    Some(stream)
}

/// Returns the extra field with the encryption and the entry's actual method.
pub(super) fn extra_field(method: u16) -> [u8; 11] {
    // The fields: id and length, version AE-2, vendor id, 256-bit strength.
    let [low, high] = method.to_le_bytes();
    [0x01, 0x99, 7, 0, 2, 0, b'A', b'E', 3, low, high]
}
