//! Keys, and the ciphers that are derived from them.

use aes_gcm::aead::{Aead, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use idv_core::{Random, Secret};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::index::mac;
use super::provider::{DataKey, KeyError};
use crate::error::{FlowError, Result};

/// The length of a salt.
pub(super) const SALT: usize = 24;

/// The length of a key's name.
pub(super) const NAME: usize = 4;

/// The keys that open values, and the one that seals them.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) current: Master,
    pub(super) older: Vec<Master>,
    /// The names of data keys that the provider could not unwrap so far.
    pub(super) locked: Vec<[u8; NAME]>,
}

/// A key, and the name by which sealed values refer to it.
#[derive(Clone)]
pub(super) struct Master {
    pub(super) name: [u8; NAME],
    bytes: Zeroizing<[u8; 32]>,
}

impl Keys {
    pub(super) const fn new(current: Master) -> Self {
        Self {
            current,
            older: Vec::new(),
            locked: Vec::new(),
        }
    }

    pub(super) fn find(&self, name: &[u8]) -> Option<&Master> {
        [&self.current]
            .into_iter()
            .chain(&self.older)
            .find(|master| master.name == name)
    }

    /// Opens a value that begins with the name of its key.
    pub(super) fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let (name, rest) = sealed
            .split_at_checked(NAME)
            .ok_or(FlowError::Damaged("the value is too short"))?;
        match self.find(name) {
            Some(master) => master.open(context, rest),
            // It is not damaged: the key provider failed.
            None if self.locked.iter().any(|locked| locked == name) => {
                Err(KeyError::unavailable("a data key is not unwrapped yet").into())
            }
            None => Err(FlowError::Damaged(
                "the value was sealed by a key that is not configured",
            )),
        }
    }
}

impl Master {
    pub(super) fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        let named = Zeroizing::new([b"idv-flow key name".as_slice(), bytes.as_slice()].concat());
        let digest: [u8; 32] = Sha256::digest(&*named).into();
        let [a, b, c, d, ..] = digest;
        Self {
            name: [a, b, c, d],
            bytes,
        }
    }

    pub(super) fn of(key: &DataKey) -> Self {
        Self::new(Zeroizing::new(*key.expose()))
    }

    pub(super) fn to_data_key(&self) -> DataKey {
        DataKey::new(*self.bytes)
    }

    /// Parses 64 hexadecimal digits.
    pub(super) fn parse(key: &Secret) -> Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(key.expose(), bytes.as_mut_slice()).map_err(|_| {
            FlowError::Invalid(
                "invalid key: expected 64 hexadecimal digits, such as `openssl rand -hex 32` prints"
                    .to_owned(),
            )
        })?;
        Ok(Self::new(bytes))
    }

    /// Seals a value: a salt and the ciphertext.
    pub(super) fn seal(&self, random: &dyn Random, context: &[u8], value: &[u8]) -> Vec<u8> {
        let mut salt = [0; SALT];
        random.fill(&mut salt);
        let payload = Payload {
            msg: value,
            aad: context,
        };
        // Sealing fails beyond 64 GiB only, and no value is that long.
        let ciphertext = self
            .cipher(&salt)
            .encrypt(&Nonce::default(), payload)
            .unwrap_or_default();
        [salt.as_slice(), &ciphertext].concat()
    }

    /// Opens a salt and a ciphertext.
    pub(super) fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let (salt, ciphertext) = sealed
            .split_at_checked(SALT)
            .ok_or(FlowError::Damaged("the value is too short"))?;
        let payload = Payload {
            msg: ciphertext,
            aad: context,
        };
        let value = self.cipher(salt).decrypt(&Nonce::default(), payload);
        value
            .map(Zeroizing::new)
            .map_err(|_| FlowError::Damaged("the value was changed, or sealed for another place"))
    }

    /// Returns the cipher of one value. Its key is used once, so its nonce may be zero.
    fn cipher(&self, salt: &[u8]) -> Aes256Gcm {
        let key = Zeroizing::new(mac(self.bytes.as_slice(), &[b"idv-flow seal", salt]));
        Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
    }
}
