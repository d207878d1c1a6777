//! The encryption of an archive's entries: AES with 256 bits in the form of WinZip (10.1), version AE-2.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{AES_256, EncryptingKey, UnboundCipherKey};
use aws_lc_rs::{hmac, pbkdf2};
use sha2::{Digest as _, Sha256};

/// The version of the format that readers need.
pub(super) const VERSION: u16 = 51;
/// The flag of an encrypted entry.
pub(super) const FLAG: u16 = 1;
/// The method of an entry by AES; its own is in the extra field.
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

/// A password, and what makes the salts of an archive.
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

    /// Encrypts an entry: the salt, the password's verification value, the contents and their code. Nothing here needs to be
    /// unpredictable, so the salt is made of the entry's name.
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

/// The bytes that the contents are mixed with: the numbers from 1 on, with the lowest byte first, encrypted.
fn stream(key: &[u8], blocks: usize) -> Option<Vec<u8>> {
    let numbers = 1..=u128::try_from(blocks).ok()?;
    let mut stream: Vec<u8> = numbers.flat_map(u128::to_le_bytes).collect();
    let key = UnboundCipherKey::new(&AES_256, key).ok()?;
    EncryptingKey::ecb(key).ok()?.encrypt(&mut stream).ok()?;
    Some(stream)
}

/// The field that tells readers of the encryption, and of the entry's own method.
pub(super) fn extra_field(method: u16) -> [u8; 11] {
    // Its id and length, the version AE-2, the vendor's letters, the strength of 256 bits.
    let [low, high] = method.to_le_bytes();
    [0x01, 0x99, 7, 0, 2, 0, b'A', b'E', 3, low, high]
}
