//! Evidence in an object store, such as a local folder or S3.

use std::fmt;
use std::path::Path as Folder;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{StreamExt as _, TryStreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutPayload};

use super::{EvidencePart, EvidenceStore};
use crate::id::FlowId;
use crate::store::{StoreError, StoreResult};

/// The maximum length of a part that is read. Stored parts are shorter.
const MAX_PART: u64 = 2 * 1024 * 1024;

/// Keeps evidence in an object store of the crate `object_store`: a local folder, S3, Google Cloud
/// Storage or Azure.
///
/// Each part is an object, `PREFIX/FLOW/ITEM/PART`; the names reveal nothing about the person. The
/// calls need a Tokio runtime.
///
/// ```
/// use std::sync::Arc;
/// use idv_flow::store::ObjectEvidence;
///
/// // With the feature `aws` of `object_store`:
/// // AmazonS3Builder::from_env().with_bucket_name("evidence").build()
/// let bucket = Arc::new(object_store::memory::InMemory::new());
/// let evidence = ObjectEvidence::new(bucket).prefix("production");
/// # fn of(builder: idv_flow::EngineBuilder, evidence: ObjectEvidence) -> idv_flow::EngineBuilder {
/// builder.evidence_store(evidence)
/// # }
/// ```
///
/// # Erasing
///
/// A deleted object is no longer found. A bucket with versions, replicas or a retention policy
/// keeps it as long as its rules say, and a disk keeps it until the space is reused. This is why
/// parts are sealed before they reach the store.
#[derive(Clone)]
pub struct ObjectEvidence {
    objects: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl ObjectEvidence {
    /// Keeps evidence in an object store, under the prefix `evidence`.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// use std::sync::Arc;
    /// use idv_flow::EvidencePolicy;
    /// use idv_flow::store::ObjectEvidence;
    /// # let builder = || bank.builder();
    ///
    /// let bucket = Arc::new(object_store::memory::InMemory::new());
    /// let builder = builder().evidence(EvidencePolicy::all());
    /// let engine = builder.evidence_store(ObjectEvidence::new(bucket)).open().await?;
    /// # let id = bank.verified(&engine).await?;
    /// // Later the person of the flow `id` is verified.
    /// assert_eq!(engine.evidence(id).await?.len(), 1);
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn new(objects: Arc<dyn ObjectStore>) -> Self {
        Self {
            objects,
            prefix: Path::from("evidence"),
        }
    }

    /// Keeps evidence in a local folder, which is created if it is missing. Each part is
    /// synchronized to the disk.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// use idv_flow::EvidencePolicy;
    /// use idv_flow::store::ObjectEvidence;
    /// # let builder = || bank.builder();
    /// # let folder = bank::temporary("evidence");
    ///
    /// let evidence = ObjectEvidence::folder(&folder)?;
    /// let builder = builder().evidence(EvidencePolicy::all());
    /// let engine = builder.evidence_store(evidence).open().await?;
    /// # let id = bank.verified(&engine).await?;
    /// // Later the person of the flow `id` is verified.
    /// assert!(folder.join("evidence").join(id.to_string()).exists());
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the folder cannot be created or opened.
    pub fn folder(path: impl AsRef<Folder>) -> StoreResult<Self> {
        const FAILED: &str = "the folder for evidence could not be opened";
        let path = path.as_ref();
        create_folder(path)
            .map_err(|error| StoreError::new(FAILED).with_source(error.kind().to_string()))?;
        let objects = LocalFileSystem::new_with_prefix(path).map_err(cannot(FAILED))?;
        Ok(Self::new(Arc::new(
            objects.with_fsync(true).with_automatic_cleanup(true),
        )))
    }

    /// Sets the prefix. All programs over one store use the same prefix, and each store has its
    /// own.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// use std::sync::Arc;
    /// use idv_flow::store::{EvidencePart, EvidenceStore as _, ObjectEvidence};
    /// # let id = "0123456789abcdef0123456789abcdef".parse()?;
    ///
    /// // Two stores share a bucket, and neither finds the parts of the other.
    /// let bucket = Arc::new(object_store::memory::InMemory::new());
    /// let production = ObjectEvidence::new(bucket.clone()).prefix("production");
    /// let test = ObjectEvidence::new(bucket).prefix("test");
    /// production.put_part(EvidencePart::new(id, 0, 0), b"sealed").await?;
    /// assert_eq!(production.parts(id).await?.len(), 1);
    /// assert!(test.parts(id).await?.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = Path::from(prefix);
        self
    }

    fn of_flow(&self, flow: FlowId) -> Path {
        self.prefix.clone().join(flow.to_string())
    }

    fn of_item(&self, flow: FlowId, item: u32) -> Path {
        self.of_flow(flow).join(item.to_string())
    }

    fn of_part(&self, part: EvidencePart) -> Path {
        self.of_item(part.flow, part.item)
            .join(part.part.to_string())
    }
}

#[async_trait]
impl EvidenceStore for ObjectEvidence {
    async fn put_part(&self, part: EvidencePart, body: &[u8]) -> StoreResult<()> {
        let payload = PutPayload::from_bytes(Bytes::copy_from_slice(body));
        self.objects
            .put(&self.of_part(part), payload)
            .await
            .map_err(cannot("evidence could not be stored"))?;
        Ok(())
    }

    async fn part(&self, part: EvidencePart) -> StoreResult<Option<Vec<u8>>> {
        let failed = || cannot("evidence could not be read");
        let object = match self.objects.get(&self.of_part(part)).await {
            Err(Error::NotFound { .. }) => return Ok(None),
            object => object.map_err(failed())?,
        };
        if object.meta.size > MAX_PART {
            return Err(StoreError::new(
                "an object of the evidence is longer than any part",
            ));
        }
        match object.bytes().await {
            Err(Error::NotFound { .. }) => Ok(None),
            bytes => Ok(Some(bytes.map_err(failed())?.into())),
        }
    }

    async fn parts(&self, flow: FlowId) -> StoreResult<Vec<EvidencePart>> {
        let prefix = self.of_flow(flow);
        let objects: Vec<_> = self
            .objects
            .list(Some(&prefix))
            .try_collect()
            .await
            .map_err(cannot("evidence could not be listed"))?;
        let mut parts: Vec<_> = objects
            .iter()
            .filter_map(|object| part_of(flow, &prefix, &object.location))
            .collect();
        parts.sort_unstable();
        Ok(parts)
    }

    async fn erase_parts(&self, flow: FlowId, item: Option<u32>) -> StoreResult<()> {
        let prefix = item.map_or_else(|| self.of_flow(flow), |item| self.of_item(flow, item));
        let locations = self
            .objects
            .list(Some(&prefix))
            .map_ok(|object| object.location)
            .boxed();
        let mut erased = self.objects.delete_stream(locations);
        while let Some(location) = erased.next().await {
            match location {
                // Another worker was faster.
                Ok(_) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(cannot("evidence could not be erased")(error)),
            }
        }
        Ok(())
    }
}

impl fmt::Debug for ObjectEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectEvidence")
            .field("prefix", &self.prefix.as_ref())
            .finish_non_exhaustive()
    }
}

/// Parses the name of an object.
fn part_of(flow: FlowId, prefix: &Path, location: &Path) -> Option<EvidencePart> {
    let mut rest = location.prefix_match(prefix)?;
    let mut number = || rest.next()?.as_ref().parse().ok();
    let (item, part) = (number()?, number()?);
    rest.next()
        .is_none()
        .then_some(EvidencePart { flow, item, part })
}

/// Creates a folder that only its owner can read.
fn create_folder(path: &Folder) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Converts a failure of an object store: its kind, but not its text, which names locations.
fn cannot(what: &'static str) -> impl FnOnce(Error) -> StoreError {
    move |error| {
        StoreError::new(what).with_source(match error {
            Error::NotFound { .. } => "the bucket or the object is missing",
            Error::PermissionDenied { .. } => "the permission is missing",
            Error::Unauthenticated { .. } => "the credentials are not valid",
            Error::NotSupported { .. } | Error::NotImplemented { .. } => {
                "the object store does not support it"
            }
            Error::InvalidPath { .. } => "the path is not valid",
            _ => "the object store failed",
        })
    }
}
