//! Key providers without a service: keys of the configuration, and keys in files.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use idv_core::{OsRandom, Random, Secret};
use zeroize::Zeroizing;

use super::keys::Master;
use super::provider::{DataKey, KeyError, KeyProvider, WrappedKey};
use crate::error::Result;

/// Wraps data keys under keys that the application passes, each 64 hexadecimal digits.
///
/// Rotation: pass the new key to [`LocalKeys::new`] under another id, and the old one to
/// [`LocalKeys::with_older`].
#[derive(Clone)]
pub struct LocalKeys {
    current: (String, Master),
    older: Vec<(String, Master)>,
    random: Arc<dyn Random>,
}

impl LocalKeys {
    /// Returns a provider with a key. Its id is stored in clear.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let store = bank.store.clone();
    /// # let client = bank.client();
    /// use idv_flow::{Engine, LocalKeys, Vault};
    ///
    /// let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f".into();
    /// let keys = LocalKeys::new("2026-01", &key)?;
    /// let engine = Engine::builder(store.clone())
    ///     .client(client)
    ///     .vault(Vault::from_provider(keys))
    ///     .open()
    ///     .await?;
    /// assert!(!engine.is_plain());
    /// assert!(LocalKeys::new("2026-01", &"a password".into()).is_err());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::Invalid`](crate::FlowError::Invalid) if the key is not 64 hexadecimal digits.
    pub fn new(id: impl Into<String>, key: &Secret) -> Result<Self> {
        Ok(Self {
            current: (id.into(), Master::parse(key)?),
            older: Vec::new(),
            random: Arc::new(OsRandom),
        })
    }

    /// Adds a key that was the current one before, for unwrapping.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// use idv_flow::{KeyProvider as _, LocalKeys, DataKey};
    ///
    /// let old = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f".into();
    /// let new = "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f".into();
    /// let wrapped = LocalKeys::new("2025", &old)?.wrap(&DataKey::new([7; 32])).await?;
    ///
    /// let keys = LocalKeys::new("2026", &new)?.with_older("2025", &old)?;
    /// assert_eq!(keys.current_key().await?, "2026");
    /// assert_eq!(keys.unwrap(&wrapped).await?.expose(), &[7; 32]);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// As [`LocalKeys::new`].
    pub fn with_older(mut self, id: impl Into<String>, key: &Secret) -> Result<Self> {
        self.older.push((id.into(), Master::parse(key)?));
        Ok(self)
    }
}

#[async_trait]
impl KeyProvider for LocalKeys {
    async fn current_key(&self) -> Result<String, KeyError> {
        Ok(self.current.0.clone())
    }

    async fn wrap(&self, key: &DataKey) -> Result<WrappedKey, KeyError> {
        let (id, master) = &self.current;
        Ok(wrap(master, id, key, &*self.random))
    }

    async fn unwrap(&self, wrapped: &WrappedKey) -> Result<DataKey, KeyError> {
        let (_, master) = [&self.current]
            .into_iter()
            .chain(&self.older)
            .find(|(id, _)| *id == wrapped.key_id)
            .ok_or_else(|| KeyError::UnknownKey(wrapped.key_id.clone()))?;
        unwrap(master, wrapped)
    }
}

impl fmt::Debug for LocalKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKeys")
            .field("current", &self.current.0)
            .finish_non_exhaustive()
    }
}

/// Wraps data keys under keys in the files of a directory.
///
/// Each file `<id>.key` holds a key of 64 hexadecimal digits. The current key is the one that the
/// file `current` names, or without such a file the last one in the order of the names: with names
/// such as `2026-01.key`, adding a file is a rotation. The files are read when a key is needed, so
/// that a program need not be started anew.
#[derive(Clone)]
pub struct FileKeys {
    directory: PathBuf,
    random: Arc<dyn Random>,
}

impl FileKeys {
    /// Returns a provider with the keys of a directory. The directory is read first when an engine
    /// opens a store.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// use idv_flow::{FileKeys, KeyProvider as _};
    /// # let directory = bank::temporary("keys");
    /// # std::fs::create_dir_all(&directory)?;
    ///
    /// let keys = FileKeys::new(&directory);
    /// std::fs::write(directory.join("2026-01.key"), "0f".repeat(32))?;
    /// assert_eq!(keys.current_key().await?, "2026-01");
    ///
    /// // A rotation, which running programs notice.
    /// std::fs::write(directory.join("2026-02.key"), "f0".repeat(32))?;
    /// assert_eq!(keys.current_key().await?, "2026-02");
    /// # std::fs::remove_dir_all(&directory)?;
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            random: Arc::new(OsRandom),
        }
    }

    fn current(&self) -> Result<String, KeyError> {
        match std::fs::read_to_string(self.directory.join("current")) {
            Ok(id) => return Ok(id.trim().to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(KeyError::unavailable(error)),
        }
        let files = std::fs::read_dir(&self.directory).map_err(KeyError::unavailable)?;
        let mut last: Option<String> = None;
        for file in files {
            let path = file.map_err(KeyError::unavailable)?.path();
            let id = path
                .file_stem()
                .filter(|_| path.extension().is_some_and(|extension| extension == "key"))
                .and_then(|id| id.to_str())
                .filter(|id| is_id(id));
            if let Some(id) = id
                && last.as_deref().is_none_or(|last| last < id)
            {
                last = Some(id.to_owned());
            }
        }
        last.ok_or(KeyError::Invalid(
            "the directory of keys is empty: add a file <id>.key with 64 hexadecimal digits",
        ))
    }

    fn key(&self, id: &str) -> Result<Master, KeyError> {
        // The id of a wrapped key comes from the store, and must not lead elsewhere.
        if !is_id(id) {
            return Err(KeyError::UnknownKey(id.to_owned()));
        }
        match std::fs::read_to_string(self.directory.join(format!("{id}.key"))) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                Master::parse(&Secret::new(text.trim())).map_err(|_| {
                    KeyError::Invalid("a file of keys does not hold 64 hexadecimal digits")
                })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(KeyError::UnknownKey(id.to_owned()))
            }
            Err(error) => Err(KeyError::unavailable(error)),
        }
    }

    /// Returns the directory.
    ///
    /// ```
    /// use std::path::Path;
    /// use idv_flow::FileKeys;
    ///
    /// assert_eq!(FileKeys::new("/etc/idv/keys").directory(), Path::new("/etc/idv/keys"));
    /// ```
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

#[async_trait]
impl KeyProvider for FileKeys {
    async fn current_key(&self) -> Result<String, KeyError> {
        self.current()
    }

    async fn wrap(&self, key: &DataKey) -> Result<WrappedKey, KeyError> {
        let id = self.current()?;
        Ok(wrap(&self.key(&id)?, &id, key, &*self.random))
    }

    async fn unwrap(&self, wrapped: &WrappedKey) -> Result<DataKey, KeyError> {
        unwrap(&self.key(&wrapped.key_id)?, wrapped)
    }
}

impl fmt::Debug for FileKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileKeys")
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

/// Returns whether a text can be the id of a key in a file.
fn is_id(id: &str) -> bool {
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !id.is_empty() && id.len() <= 64 && !id.starts_with('.') && id.bytes().all(is_valid)
}

fn context(id: &str) -> Vec<u8> {
    [b"idv-flow data key\0", id.as_bytes()].concat()
}

fn wrap(master: &Master, id: &str, key: &DataKey, random: &dyn Random) -> WrappedKey {
    WrappedKey::new(id, master.seal(random, &context(id), key.expose()))
}

fn unwrap(master: &Master, wrapped: &WrappedKey) -> Result<DataKey, KeyError> {
    let key = master
        .open(&context(&wrapped.key_id), &wrapped.bytes)
        .map_err(|_| {
            KeyError::Invalid(
                "a wrapped data key was changed, or wrapped by another key of the same id",
            )
        })?;
    DataKey::from_slice(&key)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn now<T>(future: impl Future<Output = T>) -> T {
        future.now_or_never().unwrap()
    }

    fn secret(digit: &str) -> Secret {
        Secret::new(digit.repeat(64))
    }

    #[test]
    fn local_keys_unwrap_older_keys_by_their_ids() {
        let (old, key) = (
            LocalKeys::new("1", &secret("a")).unwrap(),
            DataKey::new([7; 32]),
        );
        let wrapped = now(old.wrap(&key)).unwrap();
        assert_eq!(wrapped.key_id, "1");
        assert!(!wrapped.bytes.windows(4).any(|bytes| bytes == [7; 4]));
        let new = LocalKeys::new("2", &secret("b"))
            .unwrap()
            .with_older("1", &secret("a"))
            .unwrap();
        assert_eq!(now(new.unwrap(&wrapped)).unwrap().expose(), &[7; 32]);
        assert_eq!(now(new.wrap(&key)).unwrap().key_id, "2");
        let stranger = LocalKeys::new("2", &secret("b")).unwrap();
        let error = now(stranger.unwrap(&wrapped)).unwrap_err().to_string();
        assert!(error.contains("no key `1`"), "{error}");
        let same_id = LocalKeys::new("1", &secret("c")).unwrap();
        let error = now(same_id.unwrap(&wrapped)).unwrap_err();
        assert!(matches!(error, KeyError::Invalid(_)), "{error}");
        assert!(!format!("{new:?}").contains("bbbb"));
        assert!(LocalKeys::new("1", &Secret::new("short")).is_err());
    }

    #[test]
    fn file_keys_rotate_by_an_added_file() {
        let directory =
            std::env::temp_dir().join(format!("idv-flow-file-keys-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let write = |name: &str, text: &str| std::fs::write(directory.join(name), text).unwrap();
        let keys = FileKeys::new(&directory);
        assert!(matches!(
            now(keys.current_key()).unwrap_err(),
            KeyError::Invalid(_)
        ));
        write("2026-01.key", &format!("{}\n", "a".repeat(64)));
        write("readme.txt", "not a key");
        let key = DataKey::new([7; 32]);
        let first = now(keys.wrap(&key)).unwrap();
        write("2026-02.key", &"b".repeat(64));
        assert_eq!(now(keys.current_key()).unwrap(), "2026-02");
        assert_eq!(now(keys.unwrap(&first)).unwrap().expose(), &[7; 32]);
        write("current", "2026-01\n");
        assert_eq!(now(keys.wrap(&key)).unwrap().key_id, "2026-01");
        write("2026-03.key", "no digits");
        write("current", "2026-03");
        assert!(matches!(
            now(keys.wrap(&key)).unwrap_err(),
            KeyError::Invalid(_)
        ));
        for id in ["../2026-01", "", "missing", ".2026-01"] {
            let error = now(keys.unwrap(&WrappedKey::new(id, Vec::new()))).unwrap_err();
            assert!(matches!(error, KeyError::UnknownKey(_)), "{id}: {error}");
        }
        std::fs::remove_dir_all(&directory).unwrap();
        assert!(matches!(
            now(keys.current_key()).unwrap_err(),
            KeyError::Unavailable(_)
        ));
        assert!(format!("{keys:?}").contains("idv-flow-file-keys"));
    }
}
