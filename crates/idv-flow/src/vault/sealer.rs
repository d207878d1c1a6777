//! Seals and opens values, with the keys of a vault.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use idv_core::Random;
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use super::keys::{Keys, Master};
use super::provider::{DataKey, KeyError, KeyProvider};
use super::ring::{KeyRing, SETTLED_AFTER};
use super::{Context, Source, Vault};
use crate::error::{FlowError, Result};
use crate::machine::retention::later;
use crate::store::Store;

const PLAIN: u8 = 0;
const SEALED: u8 = 1;
/// The longest time for which data keys that were read count. Much shorter than the time after
/// which a new one seals values.
const READ_EVERY: SignedDuration = SignedDuration::from_secs(30);
/// Maximum number of times a change of the stored data keys is tried because other programs change
/// them.
const MAX_CONFLICTS: usize = 10;

/// A vault that is bound to a store, with its keys in memory.
pub(crate) struct Sealer(Kind);

enum Kind {
    Plain,
    Keys(Keys),
    Ring(Box<Ring>),
}

/// Data keys that a provider has wrapped.
struct Ring {
    provider: Arc<dyn KeyProvider>,
    /// Keys of the configuration, for reading.
    older: Vec<Master>,
    /// The name of the stored value.
    name: String,
    loaded: RwLock<Arc<Loaded>>,
}

/// The data keys, as they were read last.
struct Loaded {
    keys: Keys,
    ring: KeyRing,
    stored: Vec<u8>,
    read_at: Timestamp,
}

/// The store and the randomness that keys are read with.
#[derive(Clone, Copy)]
pub(crate) struct Access<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) random: &'a dyn Random,
    pub(crate) now: Timestamp,
}

impl Sealer {
    /// Binds a vault to a store: reads its data keys, or makes the first. Each tenant with a vault
    /// of its own has its own data keys.
    pub(crate) async fn bind(
        vault: &Vault,
        tenant: Option<&str>,
        access: Access<'_>,
    ) -> Result<Self> {
        let (provider, older) = match &vault.0 {
            Source::Plain => return Ok(Self(Kind::Plain)),
            Source::Keys(keys) => return Ok(Self(Kind::Keys(keys.clone()))),
            Source::Provider(provider, older) => (Arc::clone(provider), older.clone()),
        };
        let name = tenant.map_or_else(
            || "data_keys".to_owned(),
            |tenant| format!("data_keys:{tenant}"),
        );
        let stored = match access.store.value(&name).await? {
            Some(stored) => stored,
            None => {
                let (key, mut ring) = (new_key(access.random), KeyRing::default());
                let wrapped = provider.wrap(&key.to_data_key()).await?;
                ring.add(&key, wrapped, access.now);
                access.store.remember(&name, &ring.to_json()).await?
            }
        };
        let ring = KeyRing::parse(&stored)?;
        let (keys, failure) = unwrap_all(&*provider, &older, &ring, None, access.now).await?;
        // A program that cannot open the store's values does not start.
        if let Some(failure) = failure {
            return Err(failure.into());
        }
        let sealer = Self(Kind::Ring(Box::new(Ring {
            provider,
            older,
            name,
            loaded: RwLock::new(Arc::new(Loaded {
                keys,
                ring,
                stored,
                read_at: access.now,
            })),
        })));
        sealer.rotate(access).await?;
        Ok(sealer)
    }

    /// Reads the data keys again if they were read long ago.
    pub(crate) async fn refresh(&self, access: Access<'_>) -> Result<()> {
        let Kind::Ring(ring) = &self.0 else {
            return Ok(());
        };
        let age = access.now.duration_since(ring.loaded().read_at);
        if age.abs() < READ_EVERY {
            return Ok(());
        }
        ring.read(access).await
    }

    /// Has the data keys wrapped by the provider's current key, and adds a new one, if the provider
    /// has another current key than before.
    pub(crate) async fn rotate(&self, access: Access<'_>) -> Result<()> {
        let Kind::Ring(ring) = &self.0 else {
            return Ok(());
        };
        for _ in 0..MAX_CONFLICTS {
            let loaded = ring.loaded();
            let current = ring.provider.current_key().await?;
            if loaded.ring.is_wrapped_by(&current) {
                return Ok(());
            }
            let mut changed = loaded.ring.clone();
            for stored in &mut changed.keys {
                let wrapped = stored.wrapped()?;
                if wrapped.key_id != current {
                    let key = ring.provider.unwrap(&wrapped).await?;
                    stored.wrap_anew(ring.provider.wrap(&key).await?);
                }
            }
            let key = new_key(access.random);
            let wrapped = ring.provider.wrap(&key.to_data_key()).await?;
            changed.add(&key, wrapped, access.now);
            let replaced = access
                .store
                .replace(&ring.name, &loaded.stored, &changed.to_json())
                .await?;
            ring.read(access).await?;
            if replaced {
                tracing::info!(
                    key = current,
                    "data keys were wrapped by another key of the provider"
                );
                return Ok(());
            }
        }
        // Other programs rotate.
        Ok(())
    }

    /// Notes that every value is sealed by the current data key.
    pub(crate) async fn note_resealed(&self, access: Access<'_>) -> Result<()> {
        let Kind::Ring(ring) = &self.0 else {
            return Ok(());
        };
        ring.read(access).await?;
        let loaded = ring.loaded();
        let Some(current) = loaded.ring.current(access.now) else {
            return Ok(());
        };
        let mut changed = loaded.ring.clone();
        changed.resealed = current.name().map(hex::encode);
        // Another program may be slow to seal by the current one. If the data keys were changed
        // meanwhile, the next time will do.
        if later(current.active_at, SETTLED_AFTER) <= access.now
            && changed.resealed != loaded.ring.resealed
        {
            access
                .store
                .replace(&ring.name, &loaded.stored, &changed.to_json())
                .await?;
            ring.read(access).await?;
        }
        Ok(())
    }

    /// Seals a value. `context` says what it is and whose; it must be the same when the value is
    /// opened.
    pub(crate) fn seal(&self, random: &dyn Random, context: &Context, value: &[u8]) -> Vec<u8> {
        let seal = |master: &Master| {
            let sealed = master.seal(random, &context.0, value);
            [&[SEALED], master.name.as_slice(), &sealed].concat()
        };
        match &self.0 {
            Kind::Plain => [&[PLAIN], value].concat(),
            Kind::Keys(keys) => seal(&keys.current),
            Kind::Ring(ring) => seal(&ring.loaded().keys.current),
        }
    }

    /// Opens a sealed value.
    pub(crate) fn open(&self, context: &Context, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        match (&self.0, sealed.split_first()) {
            (Kind::Plain, Some((&PLAIN, value))) => Ok(Zeroizing::new(value.to_vec())),
            (Kind::Plain, Some(_)) => Err(FlowError::Damaged(
                "the value is sealed, and no key is configured",
            )),
            // A value in clear could come from anyone who can write to the store.
            (_, Some((&PLAIN, _))) => Err(FlowError::Damaged(
                "the value is not sealed, and the store has a key",
            )),
            (Kind::Keys(keys), Some((&SEALED, rest))) => keys.open(&context.0, rest),
            (Kind::Ring(ring), Some((&SEALED, rest))) => ring.loaded().keys.open(&context.0, rest),
            _ => Err(FlowError::Damaged("the value has an unknown form")),
        }
    }

    pub(crate) const fn is_plain(&self) -> bool {
        matches!(self.0, Kind::Plain)
    }

    /// Returns whether values may be left that an older key sealed.
    pub(crate) fn has_older(&self) -> bool {
        match &self.0 {
            Kind::Plain => false,
            Kind::Keys(keys) => !keys.older.is_empty(),
            Kind::Ring(ring) => {
                let loaded = ring.loaded();
                let current = hex::encode(loaded.keys.current.name);
                !loaded.keys.older.is_empty() && loaded.ring.resealed != Some(current)
            }
        }
    }

    /// Returns the name of the key that seals new values; `None` without a key.
    pub(crate) fn key_name(&self) -> Option<String> {
        match &self.0 {
            Kind::Plain => None,
            Kind::Keys(keys) => Some(hex::encode(keys.current.name)),
            Kind::Ring(ring) => Some(hex::encode(ring.loaded().keys.current.name)),
        }
    }

    /// Returns whether a value that opens was sealed by another key than the current one.
    pub(crate) fn is_outdated(&self, sealed: &[u8]) -> bool {
        let name = match &self.0 {
            Kind::Plain => return false,
            Kind::Keys(keys) => keys.current.name,
            Kind::Ring(ring) => ring.loaded().keys.current.name,
        };
        sealed.get(1..5) != Some(&name)
    }
}

impl Ring {
    fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the data keys. Those that the provider cannot unwrap now stay locked, and are tried
    /// again the next time.
    async fn read(&self, access: Access<'_>) -> Result<()> {
        let stored = access
            .store
            .value(&self.name)
            .await?
            .ok_or(FlowError::Damaged("the wrapped data keys are missing"))?;
        let (before, ring) = (self.loaded(), KeyRing::parse(&stored)?);
        let (keys, failure) = unwrap_all(
            &*self.provider,
            &self.older,
            &ring,
            Some(&before.keys),
            access.now,
        )
        .await?;
        if let Some(failure) = failure {
            tracing::warn!(
                error = &failure as &dyn std::error::Error,
                "a data key could not be unwrapped and will be tried again"
            );
        }
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Loaded {
            keys,
            ring,
            stored,
            read_at: access.now,
        });
        Ok(())
    }
}

/// Unwraps the data keys that are not known yet. Returns the keys, and the failure of the last one
/// that could not be unwrapped.
async fn unwrap_all(
    provider: &dyn KeyProvider,
    older: &[Master],
    ring: &KeyRing,
    known: Option<&Keys>,
    now: Timestamp,
) -> Result<(Keys, Option<KeyError>)> {
    let (mut opened, mut locked, mut failure) = (Vec::new(), Vec::new(), None);
    for stored in &ring.keys {
        let name = stored.name().unwrap_or_default();
        if let Some(master) = known.and_then(|known| known.find(&name)) {
            opened.push(master.clone());
            continue;
        }
        let unwrapped = match stored.wrapped() {
            Ok(wrapped) => provider.unwrap(&wrapped).await,
            Err(error) => Err(error),
        };
        match unwrapped.map(|key| Master::of(&key)) {
            Ok(master) if master.name == name => opened.push(master),
            Ok(_) => {
                locked.push(name);
                failure = Some(KeyError::Invalid(
                    "the key provider unwrapped another data key than the one that was wrapped",
                ));
            }
            Err(error) => {
                locked.push(name);
                failure = Some(error);
            }
        }
    }
    let current = ring.current(now).and_then(super::ring::StoredKey::name);
    let position = opened
        .iter()
        .position(|master| Some(master.name) == current)
        .or_else(|| opened.len().checked_sub(1));
    let Some(position) = position else {
        return Err(failure
            .unwrap_or(KeyError::Invalid("the store has no data key"))
            .into());
    };
    let current = opened.remove(position);
    opened.extend_from_slice(older);
    Ok((
        Keys {
            current,
            older: opened,
            locked,
        },
        failure,
    ))
}

fn new_key(random: &dyn Random) -> Master {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    let key = DataKey::new(bytes);
    zeroize::Zeroize::zeroize(&mut bytes);
    Master::of(&key)
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Plain => "Sealer(plain)",
            Kind::Keys(_) => "Sealer(keys)",
            Kind::Ring(_) => "Sealer(data keys)",
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use idv_core::{OsRandom, Secret};

    use super::*;
    use crate::store::MemoryStore;

    fn key(digit: &str) -> Secret {
        Secret::new(digit.repeat(64))
    }

    fn sealer(vault: &Vault) -> Sealer {
        let access = Access {
            store: &MemoryStore::new(),
            random: &OsRandom,
            now: Timestamp::UNIX_EPOCH,
        };
        Sealer::bind(vault, None, access)
            .now_or_never()
            .unwrap()
            .unwrap()
    }

    fn keyed(digit: &str) -> Sealer {
        sealer(&Vault::new(&key(digit)).unwrap())
    }

    fn plain() -> Sealer {
        sealer(&Vault::plain())
    }

    fn context() -> Context {
        Context::store("test")
    }

    #[test]
    fn value_opens_with_its_key_and_in_its_place_only() {
        let vault = keyed("a");
        let sealed = vault.seal(&OsRandom, &context(), b"Erika");
        assert_eq!(
            vault.open(&context(), &sealed).unwrap().as_slice(),
            b"Erika"
        );
        assert!(!sealed.windows(5).any(|window| window == b"Erika"));
        assert_ne!(sealed, vault.seal(&OsRandom, &context(), b"Erika"));
        assert!(vault.open(&Context::store("other"), &sealed).is_err());
        assert!(keyed("b").open(&context(), &sealed).is_err());
        assert!(plain().open(&context(), &sealed).is_err());
    }

    #[test]
    fn changed_or_truncated_value_is_refused() {
        let vault = keyed("a");
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
    fn older_key_opens_and_the_new_one_seals() {
        let old = keyed("a").seal(&OsRandom, &context(), b"Erika");
        let rotated = Vault::new(&key("b")).unwrap();
        let vault = sealer(&rotated.with_older(&key("a")).unwrap());
        assert_eq!(vault.open(&context(), &old).unwrap().as_slice(), b"Erika");
        assert!(vault.is_outdated(&old));
        assert!(!vault.is_outdated(&vault.seal(&OsRandom, &context(), b"Erika")));
    }

    #[test]
    fn value_in_clear_is_refused_if_there_is_a_key() {
        let clear = plain().seal(&OsRandom, &context(), b"Erika");
        let opened = plain().open(&context(), &clear).unwrap();
        assert_eq!(opened.as_slice(), b"Erika");
        assert!(keyed("a").open(&context(), &clear).is_err());
    }

    #[test]
    fn invalid_key_is_refused_and_none_is_printed() {
        for text in ["", "abc", &"g".repeat(64), &"a".repeat(66)] {
            assert!(Vault::new(&Secret::new(text)).is_err());
        }
        assert_eq!(
            format!("{:?} {:?}", Vault::new(&key("a")).unwrap(), Vault::plain()),
            "Vault(sealed) Vault(plain)"
        );
    }
}
