//! The store's own keys: of its indexes and of its audit trail.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac};
use idv_core::Random;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::store::LookupKey;

/// The keys of a store's indexes and of its audit trail: random, made when the store is first used,
/// and kept in it, sealed.
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

    /// Returns the id that the trail of an account has in place of a flow's.
    pub(crate) fn account_trail(&self, account: &str) -> FlowId {
        let digest = mac(self.audit.as_slice(), &[b"account", account.as_bytes()]);
        // The digest is longer, so there is always a first part.
        FlowId::from_bytes(digest.first_chunk().copied().unwrap_or_default())
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
pub(super) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
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
