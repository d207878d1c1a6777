//! Sealing what is stored, and naming it for indexes.

use std::fmt;

use aes_gcm::aead::{Aead, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use hmac::{Hmac, Mac};
use idv_core::{Random, Secret};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::audit::AuditHead;
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::store::{EvidencePart, LookupKey, Record};

/// The key that seals what a store keeps of people: AES-256-GCM, with a fresh key for each value, derived from this one.
///
/// Rotation: make the new key the vault's and add the old one with [`Vault::with_older`]. New values are sealed by the new key, and workers
/// seal the rest anew within a day. Remove the old one when [`AuditReport::older_key`](crate::audit::AuditReport::older_key) is 0.
#[derive(Clone)]
pub struct Vault(Option<Keys>);

#[derive(Clone)]
struct Keys {
    current: Master,
    older: Vec<Master>,
}

/// A master key, and how sealed values name it.
#[derive(Clone)]
struct Master {
    name: [u8; 4],
    bytes: Zeroizing<[u8; 32]>,
}

const PLAIN: u8 = 0;
const SEALED: u8 = 1;
const SALT: usize = 24;

impl Vault {
    /// No key: what is stored is in clear. A flow over such a store says so whenever it is opened.
    #[must_use]
    pub const fn plain() -> Self {
        Self(None)
    }

    /// A key of 256 random bits, as 64 hexadecimal digits: `openssl rand -hex 32` makes one.
    ///
    /// # Errors
    ///
    /// [`FlowError::Invalid`] where it is anything else.
    pub fn new(key: &Secret) -> Result<Self> {
        Ok(Self(Some(Keys {
            current: Master::read(key)?,
            older: Vec::new(),
        })))
    }

    /// Adds a key that was the vault's before, for reading.
    ///
    /// # Errors
    ///
    /// As [`Vault::new`]; also where the vault has no key at all.
    pub fn with_older(mut self, key: &Secret) -> Result<Self> {
        let keys = self.0.as_mut().ok_or_else(|| {
            FlowError::Invalid("a vault without a key has no older one".to_owned())
        })?;
        keys.older.push(Master::read(key)?);
        Ok(self)
    }

    /// Whether there is no key.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.0.is_none()
    }

    /// Seals a value. `context` says what it is and whose; it must be the same when the value is opened.
    pub(crate) fn seal(&self, random: &dyn Random, context: &Context, value: &[u8]) -> Vec<u8> {
        let Some(keys) = &self.0 else {
            return [&[PLAIN], value].concat();
        };
        let mut salt = [0; SALT];
        random.fill(&mut salt);
        let head = [&[SEALED], keys.current.name.as_slice(), &salt].concat();
        let payload = Payload {
            msg: value,
            aad: &context.0,
        };
        // Sealing fails only beyond 64 GiB, which is nothing that is stored here.
        let sealed = keys
            .current
            .cipher(&salt)
            .encrypt(&Nonce::default(), payload)
            .unwrap_or_default();
        [head, sealed].concat()
    }

    /// Opens what was sealed.
    pub(crate) fn open(&self, context: &Context, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        match (&self.0, sealed.split_first()) {
            (None, Some((&PLAIN, value))) => Ok(Zeroizing::new(value.to_vec())),
            (None, Some(_)) => Err(FlowError::Damaged("it is sealed, and no key is configured")),
            // In a sealed store nothing in clear is believed: whoever can write to it could have put it there.
            (Some(_), Some((&PLAIN, _))) => Err(FlowError::Damaged(
                "it is not sealed, and the store has a key",
            )),
            (Some(keys), Some((&SEALED, rest))) => keys.open(context, rest),
            _ => Err(FlowError::Damaged("it has an unknown form")),
        }
    }

    /// Whether there is an older key.
    pub(crate) fn has_older(&self) -> bool {
        self.0.as_ref().is_some_and(|keys| !keys.older.is_empty())
    }

    /// Returns the name of the key that seals new values; `None` without a key.
    pub(crate) fn key_name(&self) -> Option<String> {
        self.0.as_ref().map(|keys| hex::encode(keys.current.name))
    }

    /// Whether a value that opens was sealed by a key that is no longer the vault's own.
    pub(crate) fn is_outdated(&self, sealed: &[u8]) -> bool {
        self.0
            .as_ref()
            .is_some_and(|keys| sealed.get(1..5) != Some(&keys.current.name))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_plain() {
            "Vault(plain)"
        } else {
            "Vault(sealed)"
        })
    }
}

impl Keys {
    fn open(&self, context: &Context, rest: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        const SHORT: FlowError = FlowError::Damaged("it is cut short");
        let (name, rest) = rest.split_at_checked(4).ok_or(SHORT)?;
        let (salt, value) = rest.split_at_checked(SALT).ok_or(SHORT)?;
        let master = [&self.current]
            .into_iter()
            .chain(&self.older)
            .find(|master| master.name == name)
            .ok_or(FlowError::Damaged(
                "it was sealed by a key that is not configured",
            ))?;
        let payload = Payload {
            msg: value,
            aad: &context.0,
        };
        let value = master.cipher(salt).decrypt(&Nonce::default(), payload);
        value
            .map(Zeroizing::new)
            .map_err(|_| FlowError::Damaged("its seal is broken"))
    }
}

impl Master {
    fn read(key: &Secret) -> Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        hex::decode_to_slice(key.expose(), bytes.as_mut_slice()).map_err(|_| {
            FlowError::Invalid(
                "the store's key is 64 hexadecimal digits: openssl rand -hex 32 makes one"
                    .to_owned(),
            )
        })?;
        let digest: [u8; 32] =
            Sha256::digest([b"idv-flow key name".as_slice(), bytes.as_slice()].concat()).into();
        let [a, b, c, d, ..] = digest;
        Ok(Self {
            name: [a, b, c, d],
            bytes,
        })
    }

    /// The cipher of one value: its key is used once, so its nonce may be zero.
    fn cipher(&self, salt: &[u8]) -> Aes256Gcm {
        let key = Zeroizing::new(mac(self.bytes.as_slice(), &[b"idv-flow seal", salt]));
        Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key))
    }
}

/// What a sealed value is and whose, so that none can be put into another's place.
pub(crate) struct Context(Vec<u8>);

impl Context {
    pub(crate) fn flow(id: FlowId, what: &str) -> Self {
        Self([what.as_bytes(), b"\0", id.as_bytes()].concat())
    }

    /// The state of a flow. It opens only beside the keys by which the store finds the flow, its provider, account and tenant, the time of
    /// its creation, and the end of its audit trail: an earlier state, or another flow's key, in their place is noticed.
    pub(crate) fn body(record: &Record) -> Self {
        let AuditHead { count, hash } = &record.audit;
        let vendor = record.vendor.as_ref().map(|key| key.0);
        let mut context = [
            b"body\0".as_slice(),
            record.id.as_bytes(),
            &count.to_be_bytes(),
            hash,
            &record.reference.0,
        ]
        .concat();
        context.extend_from_slice(&record.created_at.as_microsecond().to_be_bytes());
        context.push(u8::from(vendor.is_some()));
        context.extend_from_slice(&vendor.unwrap_or_default());
        context.extend_from_slice(record.provider.as_bytes());
        // Neither a provider's id nor a label below contains the separator followed by its own length. A flow without labels is sealed as
        // before there were any.
        let account = Some(&record.account).filter(|account| **account != record.provider);
        let labels = [
            (b'a', account.map(String::as_bytes)),
            (b't', record.tenant.as_deref().map(str::as_bytes)),
        ];
        let key = (
            b'k',
            record.application_key.as_ref().map(|key| key.0.as_slice()),
        );
        for (label, value) in labels.into_iter().chain([key]) {
            if let Some(value) = value {
                context.extend_from_slice(&[0, label]);
                context.extend_from_slice(&(value.len() as u64).to_be_bytes());
                context.extend_from_slice(value);
            }
        }
        Self(context)
    }

    /// A part of an item of evidence. No part opens in another's place, and the last one says that it is.
    pub(crate) fn evidence(part: EvidencePart, is_last: bool) -> Self {
        let EvidencePart { flow, item, part } = part;
        let place = [item.to_be_bytes(), part.to_be_bytes()].concat();
        Self(
            [
                b"evidence\0".as_slice(),
                flow.as_bytes(),
                &place,
                &[u8::from(is_last)],
            ]
            .concat(),
        )
    }

    pub(crate) fn message(digest: &[u8; 32]) -> Self {
        Self([b"message\0".as_slice(), digest].concat())
    }

    pub(crate) fn store(what: &str) -> Self {
        Self(what.as_bytes().to_vec())
    }
}

/// The keys of a store's indexes and of its audit trail: random, made when the store is first used, and kept in it, sealed.
#[derive(Clone)]
pub(crate) struct StoreKeys {
    index: Zeroizing<[u8; 32]>,
    audit: Zeroizing<[u8; 32]>,
}

impl StoreKeys {
    pub(crate) fn random(random: &dyn Random) -> Zeroizing<Vec<u8>> {
        let mut both = Zeroizing::new(vec![0; 64]);
        random.fill(&mut both);
        both
    }

    pub(crate) fn read(both: &[u8]) -> Result<Self> {
        let (index, audit) = both
            .split_first_chunk::<32>()
            .and_then(|(index, rest)| Some((index, rest.first_chunk::<32>()?)))
            .ok_or(FlowError::Damaged("the store's own keys are cut short"))?;
        Ok(Self {
            index: Zeroizing::new(*index),
            audit: Zeroizing::new(*audit),
        })
    }

    /// Returns the key of a reference. Vendors do not all keep its case.
    pub(crate) fn reference(&self, account: &str, reference: &str) -> LookupKey {
        let parts = [
            b"reference".as_slice(),
            account.as_bytes(),
            &reference.to_ascii_lowercase().into_bytes(),
        ];
        LookupKey(mac(self.index.as_slice(), &parts))
    }

    /// Returns the key of a vendor's id.
    pub(crate) fn vendor(&self, account: &str, id: &str) -> LookupKey {
        LookupKey(mac(
            self.index.as_slice(),
            &[b"vendor", account.as_bytes(), id.as_bytes()],
        ))
    }

    /// Returns the key of the application's own key. Each tenant has its own.
    pub(crate) fn application(&self, tenant: Option<&str>, key: &str) -> LookupKey {
        let has_tenant = [u8::from(tenant.is_some())];
        let parts = [
            b"application".as_slice(),
            &has_tenant,
            tenant.unwrap_or_default().as_bytes(),
            key.as_bytes(),
        ];
        LookupKey(mac(self.index.as_slice(), &parts))
    }

    /// A link of the audit trail.
    pub(crate) fn link(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(self.audit.as_slice(), parts)
    }
}

impl fmt::Debug for StoreKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKeys")
    }
}

/// HMAC-SHA256 over the parts, each with its length, so that none can borrow from its neighbour.
fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of every length, so the empty digest is never used.
    Hmac::<Sha256>::new_from_slice(key)
        .map(|mut mac| {
            for part in parts {
                mac.update(&(part.len() as u64).to_be_bytes());
                mac.update(part);
            }
            mac.finalize().into_bytes().into()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use idv_core::OsRandom;

    use super::*;

    fn key(digit: &str) -> Secret {
        Secret::new(digit.repeat(64))
    }

    fn context() -> Context {
        Context::store("test")
    }

    #[test]
    fn what_is_sealed_is_opened_by_the_same_key_in_the_same_place_and_nowhere_else() {
        let vault = Vault::new(&key("a")).unwrap();
        let sealed = vault.seal(&OsRandom, &context(), b"Erika");
        assert_eq!(
            vault.open(&context(), &sealed).unwrap().as_slice(),
            b"Erika"
        );
        assert!(!sealed.windows(5).any(|window| window == b"Erika"));
        assert_ne!(sealed, vault.seal(&OsRandom, &context(), b"Erika"));
        assert!(vault.open(&Context::store("other"), &sealed).is_err());
        assert!(
            Vault::new(&key("b"))
                .unwrap()
                .open(&context(), &sealed)
                .is_err()
        );
        assert!(Vault::plain().open(&context(), &sealed).is_err());
    }

    #[test]
    fn a_change_of_any_byte_and_every_cut_is_noticed() {
        let vault = Vault::new(&key("a")).unwrap();
        let sealed = vault.seal(&OsRandom, &context(), b"Erika");
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(vault.open(&context(), &changed).is_err(), "{position}");
            assert!(
                vault.open(&context(), &sealed[..position]).is_err(),
                "{position}"
            );
        }
    }

    #[test]
    fn an_older_key_opens_and_the_new_one_seals() {
        let old = Vault::new(&key("a"))
            .unwrap()
            .seal(&OsRandom, &context(), b"Erika");
        let vault = Vault::new(&key("b"))
            .unwrap()
            .with_older(&key("a"))
            .unwrap();
        assert_eq!(vault.open(&context(), &old).unwrap().as_slice(), b"Erika");
        assert!(vault.is_outdated(&old));
        assert!(!vault.is_outdated(&vault.seal(&OsRandom, &context(), b"Erika")));
    }

    #[test]
    fn what_is_in_clear_is_not_believed_where_there_is_a_key() {
        let plain = Vault::plain().seal(&OsRandom, &context(), b"Erika");
        assert_eq!(
            Vault::plain().open(&context(), &plain).unwrap().as_slice(),
            b"Erika"
        );
        assert!(
            Vault::new(&key("a"))
                .unwrap()
                .open(&context(), &plain)
                .is_err()
        );
    }

    #[test]
    fn keys_that_are_none_are_refused_and_none_is_printed() {
        for text in ["", "abc", &"g".repeat(64), &"a".repeat(66)] {
            assert!(Vault::new(&Secret::new(text)).is_err());
        }
        assert_eq!(
            format!("{:?} {:?}", Vault::new(&key("a")).unwrap(), Vault::plain()),
            "Vault(sealed) Vault(plain)"
        );
    }
}
