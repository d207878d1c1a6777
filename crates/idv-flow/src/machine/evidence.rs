//! Keeps evidence before the vendor's copy is deleted: the policy, the progress and the changes to
//! a flow.

use idv_core::report::{Evidence as Listed, EvidenceKind};
use idv_core::{Capability, Error, EvidenceId, VendorInfo};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::change::{ChangeSet, kind};
use super::plan::PERMANENT_FAILURES;
use super::retention::later;
use super::state::{Creation, FlowState, VendorsCopy};
use super::{Machine, conflict};
use crate::audit::Event;
use crate::error::{FlowError, Result};

pub(crate) const MIB: u64 = 1024 * 1024;
/// Maximum number of items that a policy may keep. Their list is part of the flow's state.
const MOST_ITEMS: u32 = 1_000;

/// Selects the evidence that the engine downloads, seals and stores before the vendor's copy is
/// deleted. By default it keeps none.
///
/// ```
/// use idv_core::report::{Evidence as Listed, EvidenceKind};
/// use idv_flow::EvidencePolicy;
///
/// let images = EvidencePolicy::of([EvidenceKind::DocumentFront, EvidenceKind::Selfie])
///     .max_item(10 * 1024 * 1024);
/// assert!(images.keeps(EvidenceKind::Selfie) && !images.keeps(EvidenceKind::Video));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct EvidencePolicy {
    /// The kinds to keep.
    pub kinds: EvidenceKinds,
    /// The maximum length of an item, in bytes. Default: 256 MiB.
    pub max_item: u64,
    /// The maximum total length of a flow's items, in bytes. Default: 1 GiB.
    pub max_total: u64,
    /// The maximum number of a flow's items: at most 1,000. Default: 64.
    pub max_items: u32,
}

/// The kinds of evidence to keep.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EvidenceKinds {
    /// No evidence.
    #[default]
    None,
    /// All evidence that the report lists.
    All,
    /// Only these kinds.
    Only(Vec<EvidenceKind>),
}

impl EvidencePolicy {
    /// Returns a policy that keeps no evidence.
    ///
    /// ```
    /// use idv_flow::EvidencePolicy;
    ///
    /// assert!(EvidencePolicy::none().is_none());
    /// assert_eq!(EvidencePolicy::none(), EvidencePolicy::default());
    /// ```
    #[must_use]
    pub const fn none() -> Self {
        Self {
            kinds: EvidenceKinds::None,
            max_item: 256 * MIB,
            max_total: 1024 * MIB,
            max_items: 64,
        }
    }

    /// Returns a policy that keeps all evidence that the report lists.
    ///
    /// ```
    /// use idv_core::report::EvidenceKind;
    /// use idv_flow::EvidencePolicy;
    ///
    /// let policy = EvidencePolicy::all().max_items(10);
    /// assert!(policy.keeps(EvidenceKind::Video));
    /// ```
    #[must_use]
    pub fn all() -> Self {
        Self {
            kinds: EvidenceKinds::All,
            ..Self::none()
        }
    }

    /// Returns a policy that keeps these kinds of evidence.
    ///
    /// ```
    /// use idv_core::report::EvidenceKind;
    /// use idv_flow::EvidencePolicy;
    ///
    /// let policy = EvidencePolicy::of([EvidenceKind::DocumentFront, EvidenceKind::Selfie]);
    /// assert!(!policy.keeps(EvidenceKind::Video));
    /// ```
    #[must_use]
    pub fn of(kinds: impl Into<Vec<EvidenceKind>>) -> Self {
        Self {
            kinds: EvidenceKinds::Only(kinds.into()),
            ..Self::none()
        }
    }

    idv_core::setters! { max_item: u64, max_total: u64, max_items: u32 }

    /// Returns whether the policy keeps evidence of this kind.
    ///
    /// ```
    /// use idv_core::report::EvidenceKind;
    /// use idv_flow::EvidencePolicy;
    ///
    /// assert!(EvidencePolicy::all().keeps(EvidenceKind::Selfie));
    /// assert!(!EvidencePolicy::none().keeps(EvidenceKind::Selfie));
    /// ```
    #[must_use]
    pub fn keeps(&self, kind: EvidenceKind) -> bool {
        match &self.kinds {
            EvidenceKinds::None => false,
            EvidenceKinds::All => true,
            EvidenceKinds::Only(kinds) => kinds.contains(&kind),
        }
    }

    /// Returns whether the policy keeps no evidence.
    ///
    /// ```
    /// use idv_flow::EvidencePolicy;
    ///
    /// assert!(!EvidencePolicy::all().is_none());
    /// assert!(EvidencePolicy::of([]).is_none()); // a list without kinds
    /// ```
    #[must_use]
    pub const fn is_none(&self) -> bool {
        match &self.kinds {
            EvidenceKinds::None => true,
            EvidenceKinds::All => false,
            EvidenceKinds::Only(kinds) => kinds.is_empty(),
        }
    }

    /// Returns an error if a limit is invalid.
    pub(crate) fn check(&self) -> Result<()> {
        if self.max_items > MOST_ITEMS {
            let text = format!(
                "invalid `max_items` of an evidence policy: expected at most {MOST_ITEMS}, not {}",
                self.max_items
            );
            return Err(FlowError::Invalid(text));
        }
        Ok(())
    }
}

impl Default for EvidencePolicy {
    fn default() -> Self {
        Self::none()
    }
}

/// A stored item of evidence. [`Engine::read_evidence`](crate::Engine::read_evidence) reads its
/// content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KeptEvidence {
    /// The number of the item within its flow, which is also the number of its download.
    pub item: u32,
    /// The vendor's id of the item, as the report lists it.
    pub id: EvidenceId,
    /// The kind of evidence.
    pub kind: EvidenceKind,
    /// The media type, detected from the first bytes, or the vendor's if none is detected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The length in bytes.
    pub length: u64,
    /// The SHA-256 digest.
    #[serde(serialize_with = "hex_digest", deserialize_with = "digest_of_hex")]
    pub sha256: [u8; 32],
    /// When the item was stored.
    pub kept_at: Timestamp,
    /// The number of its sealed parts.
    pub(crate) parts: u32,
    /// The name of the vault's key that sealed the parts; `None` without a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
}

impl KeptEvidence {
    /// Returns the digest in hexadecimal.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// use idv_flow::EvidencePolicy;
    /// # let engine = bank.builder().evidence(EvidencePolicy::all()).open().await?;
    /// # let id = bank.verified(&engine).await?;
    ///
    /// let kept = engine.evidence(id).await?.remove(0);
    /// assert_eq!(kept.sha256_hex().len(), 64);
    /// assert!(kept.sha256_hex().starts_with(&format!("{:02x}", kept.sha256[0])));
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn sha256_hex(&self) -> String {
        hex::encode(self.sha256)
    }
}

/// An item of evidence whose download fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FailedEvidence {
    /// The vendor's id of the item, as the report lists it.
    pub id: EvidenceId,
    /// The kind of evidence.
    pub kind: EvidenceKind,
    /// The kind of the last failure, as one word.
    pub error: String,
    /// When the download failed first.
    pub since: Timestamp,
    /// The number of failed downloads.
    pub(crate) failures: u32,
    /// When the download failed last.
    pub(crate) failed_at: Timestamp,
}

impl FailedEvidence {
    /// Returns whether the engine no longer retries the download, because the failure is permanent.
    /// An operator [retries](crate::Resolution::AskNow) or
    /// [skips](crate::Resolution::SkipEvidence) the item.
    #[must_use]
    pub fn awaits_operator(&self) -> bool {
        match self.error.as_str() {
            "unsupported" => true,
            error => !passes(error) && self.failures >= PERMANENT_FAILURES,
        }
    }
}

/// Returns whether a failed download can succeed later: after an outage, or when an operator has
/// corrected the configuration, the account or the store.
fn passes(error: &str) -> bool {
    matches!(
        error,
        "unavailable"
            | "rate_limited"
            | "not_ready"
            | "unauthorized"
            | "quota_exhausted"
            | "config"
            | "sink"
    )
}

/// An item of evidence that a driver has processed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvidenceResult {
    /// The item is stored.
    Kept(KeptEvidence),
    /// The item is longer than the policy allows.
    TooLong {
        /// The vendor's id of the item.
        id: EvidenceId,
        /// The kind of evidence.
        kind: EvidenceKind,
    },
    /// This number of items was not downloaded, because the policy's maximum number of items is
    /// reached.
    TooMany(usize),
}

/// The progress of keeping a flow's evidence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Evidence {
    pub(crate) policy: EvidencePolicy,
    pub(crate) kept: Vec<KeptEvidence>,
    /// Items that are too long to keep, or that an operator has skipped.
    pub(crate) left_out: Vec<EvidenceId>,
    /// The number of reports whose evidence is complete.
    pub(crate) reports: u8,
    /// The number of downloads that began. Each has its own number, under which its parts are
    /// stored.
    pub(crate) items: u32,
    /// The download in progress.
    pub(crate) calling: Option<Calling>,
    /// The number of consecutive failures.
    pub(crate) failures: u32,
    pub(crate) failed_at: Option<Timestamp>,
    pub(crate) failing_since: Option<Timestamp>,
    /// The kind of the last failure.
    pub(crate) error: Option<String>,
    /// The earliest time of the next download, if the vendor asked for a wait.
    pub(crate) not_before: Option<Timestamp>,
    /// The items whose download fails.
    pub(crate) failed: Vec<FailedEvidence>,
    /// The number of stored reports if the download of each item that is left has failed.
    pub(crate) only_failed: Option<u8>,
    /// The number of kept items that an event has announced.
    pub(crate) announced: usize,
    /// Whether an operator has given up the remaining items.
    pub(crate) given_up: bool,
    /// Whether the parts are being erased.
    pub(crate) erasing: bool,
}

/// A download in progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Calling {
    /// The number of the download.
    pub(crate) item: u32,
    /// When the download began, or last reported progress.
    pub(crate) at: Timestamp,
}

impl Evidence {
    /// Returns whether the flow has no policy and no evidence.
    pub(crate) fn is_unused(&self) -> bool {
        *self == Self::default()
    }

    /// Returns whether this download is the one in progress.
    pub(crate) fn is_current(&self, item: u32) -> bool {
        self.calling.is_some_and(|calling| calling.item == item)
    }

    /// Returns the number of bytes that may still be kept.
    pub(crate) fn bytes_left(&self) -> u64 {
        let kept: u64 = self
            .kept
            .iter()
            .map(|kept| kept.length)
            .fold(0, u64::saturating_add);
        self.policy.max_total.saturating_sub(kept)
    }

    /// Returns the number of items that may still be downloaded.
    pub(crate) fn items_left(&self) -> usize {
        let done = self.kept.len() + self.left_out.len();
        usize::try_from(self.policy.max_items)
            .unwrap_or(usize::MAX)
            .saturating_sub(done)
    }

    /// Returns whether an item is processed.
    pub(crate) fn has(&self, id: &EvidenceId) -> bool {
        self.kept.iter().any(|kept| kept.id == *id) || self.left_out.contains(id)
    }

    /// Clears the consecutive failures, so that the next download need not wait.
    fn answered(&mut self) {
        (self.failures, self.failed_at, self.failing_since) = (0, None, None);
        (self.error, self.not_before) = (None, None);
    }

    /// Clears all failures, so that each item is downloaded again at once.
    pub(crate) fn retry_now(&mut self) {
        self.answered();
        (self.failed, self.only_failed) = (Vec::new(), None);
    }

    /// Returns the failure of an item.
    pub(crate) fn failure(&self, id: &EvidenceId) -> Option<&FailedEvidence> {
        self.failed.iter().find(|failed| failed.id == *id)
    }

    /// Sets the items that are left, and returns whether there is none.
    fn set_missing(&mut self, missing: &[EvidenceId], reports: u8) -> bool {
        let left = |id: &&EvidenceId| !self.has(id);
        let left: Vec<_> = missing.iter().filter(left).cloned().collect();
        self.failed.retain(|failed| left.contains(&failed.id));
        let all_failed = left.iter().all(|id| self.failure(id).is_some());
        self.only_failed = (!left.is_empty() && all_failed).then_some(reports);
        left.is_empty()
    }

    /// Records a failure that does not concern a single item.
    fn all_failed(&mut self, error: String, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        self.failing_since.get_or_insert(now);
        (self.failed_at, self.error) = (Some(now), Some(error));
    }

    /// Records the failure of an item. Returns whether it is a new kind of failure.
    fn item_failed(&mut self, item: &Listed, error: &str, now: Timestamp) -> bool {
        let earlier = self.failed.iter_mut().find(|failed| failed.id == item.id);
        let Some(failed) = earlier else {
            self.failed.push(FailedEvidence {
                id: item.id.clone(),
                kind: item.kind,
                error: error.to_owned(),
                since: now,
                failures: 1,
                failed_at: now,
            });
            return true;
        };
        let is_new = failed.error != error;
        failed.failures = failed.failures.saturating_add(1);
        (failed.error, failed.failed_at) = (error.to_owned(), now);
        is_new
    }

    fn announce(&mut self) {
        self.announced = self.kept.len();
    }
}

impl Machine<'_> {
    /// Sets the evidence to keep of this flow. Call it before the first commit.
    ///
    /// # Errors
    ///
    /// [`FlowError::Invalid`] if a limit is invalid.
    pub fn keep_evidence(&mut self, policy: EvidencePolicy) -> Result<()> {
        policy.check()?;
        self.state.evidence.policy = policy;
        self.state.oldest_format = self.state.least_format();
        Ok(())
    }

    /// Marks that a download begins, so that no other worker begins it too.
    pub(super) fn begin_evidence(&mut self, changes: &ChangeSet) {
        let evidence = &mut self.state.evidence;
        evidence.items = evidence.items.saturating_add(1);
        evidence.calling = Some(Calling {
            item: evidence.items,
            at: changes.now,
        });
    }

    /// Marks that the parts are about to be erased, so that no hold is accepted for them.
    pub(super) fn begin_erasure(&mut self) {
        let evidence = &mut self.state.evidence;
        if !evidence.erasing {
            evidence.retry_now();
        }
        evidence.erasing = evidence.items > 0;
    }

    /// Records that a long download is still running.
    pub(super) fn evidence_under_way(&mut self, item: u32, changes: &ChangeSet) {
        if let Some(calling) = self
            .state
            .evidence
            .calling
            .as_mut()
            .filter(|calling| calling.item == item)
        {
            calling.at = changes.now;
        }
    }

    /// Records the end of a download, or that there was nothing to download.
    pub(super) fn evidence_kept(
        &mut self,
        item: u32,
        results: &[EvidenceResult],
        reports: usize,
        missing: &[EvidenceId],
        changes: &mut ChangeSet,
    ) {
        let state = &mut self.state;
        let evidence = &mut state.evidence;
        if state.deletion.own_erased_at.is_some() || evidence.erasing || !evidence.is_current(item)
        {
            return;
        }
        for result in results {
            match result {
                EvidenceResult::Kept(kept) if evidence.has(&kept.id) => {}
                EvidenceResult::Kept(kept) => {
                    let digest = kept.sha256_hex();
                    changes.write(Event::EvidenceKept {
                        digest,
                        kind: kept.kind,
                        length: kept.length,
                    });
                    evidence.kept.push(kept.clone());
                }
                EvidenceResult::TooLong { id, kind } => {
                    changes.write(Event::EvidenceLeftOut {
                        reason: "too_long",
                        kind: Some(*kind),
                        count: 1,
                    });
                    evidence.left_out.push(id.clone());
                }
                EvidenceResult::TooMany(count) => {
                    changes.write(Event::EvidenceLeftOut {
                        reason: "too_many",
                        kind: None,
                        count: *count,
                    });
                }
            }
        }
        evidence.calling = None;
        evidence.answered();
        (state.crashes, state.crashed_at) = (0, None);
        let reports = u8::try_from(reports).unwrap_or(u8::MAX);
        if evidence.set_missing(missing, reports) {
            evidence.reports = reports;
            evidence.announce();
        }
    }

    /// Records the failure of a download. `listed` is its item, with the number of reports and the
    /// items that are left, unless the failure came before an item was chosen.
    pub(super) fn evidence_failed(
        &mut self,
        item: u32,
        listed: Option<(&Listed, usize, &[EvidenceId])>,
        error: &Error,
        changes: &mut ChangeSet,
    ) {
        let evidence = &mut self.state.evidence;
        if !evidence.is_current(item) {
            return;
        }
        let (kind, now) = (kind(error), changes.now);
        tracing::debug!(provider = %self.vendor.provider, kind, "evidence could not be kept");
        let is_new = listed.is_none_or(|(listed, ..)| evidence.item_failed(listed, &kind, now));
        if is_new && evidence.error.as_ref() != Some(&kind) {
            changes.write(Event::EvidenceNotKept {
                error: kind.clone(),
            });
        }
        evidence.calling = None;
        if let Some((_, reports, missing)) = listed {
            evidence.set_missing(missing, u8::try_from(reports).unwrap_or(u8::MAX));
            if !passes(&kind) {
                // It concerns this item only: the others need not wait.
                evidence.answered();
                return;
            }
        }
        evidence.all_failed(kind, now);
        evidence.not_before = error.retry_after().map(|wait| later(now, wait));
    }

    /// Records that the parts could not be erased.
    pub(super) fn erasure_failed(&mut self, error: &Error, changes: &ChangeSet) {
        let evidence = &mut self.state.evidence;
        if evidence.erasing {
            evidence.all_failed(kind(error), changes.now);
        }
    }

    /// Skips an item whose download fails. The others are still kept.
    pub(super) fn evidence_skipped(
        &mut self,
        id: &EvidenceId,
        by: &str,
        changes: &mut ChangeSet,
    ) -> Result<()> {
        let waits = self.state.awaits_evidence(self.vendor);
        let evidence = &mut self.state.evidence;
        let Some(failed) = evidence.failure(id).filter(|_| waits) else {
            return conflict(
                "the download of this evidence has not failed: use the id of an item whose \
                 download fails",
            );
        };
        changes.write(Event::Resolved {
            by: by.to_owned(),
            action: "skip_evidence",
        });
        changes.write(Event::EvidenceLeftOut {
            reason: "skipped",
            kind: Some(failed.kind),
            count: 1,
        });
        evidence.failed.retain(|failed| failed.id != *id);
        evidence.left_out.push(id.clone());
        // The next step finds out whether an item is left.
        evidence.only_failed = None;
        evidence.answered();
        Ok(())
    }

    /// Gives up the evidence that is not kept yet.
    pub(super) fn evidence_given_up(&mut self, by: &str, changes: &mut ChangeSet) -> Result<()> {
        if !self.state.awaits_evidence(self.vendor) {
            return conflict("all evidence is kept or given up: there is nothing to give up");
        }
        changes.write(Event::Resolved {
            by: by.to_owned(),
            action: "give_up_evidence",
        });
        let evidence = &mut self.state.evidence;
        (evidence.given_up, evidence.calling) = (true, None);
        evidence.retry_now();
        evidence.announce();
        Ok(())
    }
}

impl FlowState {
    /// Returns whether evidence is still to be kept. Until then the vendor's copy is not deleted,
    /// and ours is not erased.
    pub(crate) fn awaits_evidence(&self, vendor: &VendorInfo) -> bool {
        let (evidence, deletion) = (&self.evidence, &self.deletion);
        let is_wanted =
            !evidence.policy.is_none() && !evidence.given_up && vendor.has(Capability::Evidence);
        let is_there =
            matches!(self.creation, Creation::Created) && deletion.vendors == VendorsCopy::There;
        let is_gone = deletion.own_erased_at.is_some() || evidence.erasing;
        is_wanted && is_there && !is_gone && self.reports > evidence.reports
    }

    /// Erases all data about the evidence.
    pub(super) fn erase_evidence(&mut self) {
        let evidence = &mut self.evidence;
        (evidence.kept, evidence.left_out) = (Vec::new(), Vec::new());
        (evidence.calling, evidence.erasing) = (None, false);
        evidence.retry_now();
    }
}

/// Returns the kind of evidence with this name.
pub(crate) fn kind_of(name: &str) -> Option<EvidenceKind> {
    serde_json::from_value(name.into()).ok()
}

fn hex_digest<S: Serializer>(digest: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(digest))
}

fn digest_of_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
    let text = String::deserialize(deserializer)?;
    let mut digest = [0; 32];
    hex::decode_to_slice(text, &mut digest).map_err(serde::de::Error::custom)?;
    Ok(digest)
}
