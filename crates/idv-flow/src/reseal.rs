//! Key rotation: seals every value by the current key, so that an older key can be removed.

use crate::engine::opening::reseal_store_keys;
use crate::engine::repository::Inner;
use crate::error::{FlowError, Result};
use crate::store::{Commit, Committed, Filter, Lease, Message, MessageEnd, Record, Reports};
use crate::vault::{Context, Sealer};

/// Number of flows that are read at a time.
const PAGE: usize = 256;

impl Inner {
    /// Learns of a rotation of the keys, and seals every value by the current one: the store's own
    /// keys, the end of the audit trail's blocks, and each flow with its reports and its evidence.
    /// Flows that change meanwhile, or whose account is not configured here, are left to the next
    /// time; parked messages are sealed anew when they are judged again.
    pub(crate) async fn reseal(&self) -> Result<()> {
        let vaults = || std::iter::once(&self.vault).chain(self.tenants.values());
        for vault in vaults() {
            vault.rotate(self.access()).await?;
        }
        if !vaults().any(Sealer::has_older) {
            return Ok(());
        }
        reseal_store_keys(self.access(), &self.vault).await?;
        self.reseal_head().await?;
        let (mut after, mut is_complete) = (None, true);
        loop {
            let page = self.store.list(&Filter::all(), after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id.into());
            for record in page {
                match self.reseal_flow(record).await {
                    Ok(is_current) => is_complete &= is_current,
                    // The operator's list shows it.
                    Err(
                        FlowError::Damaged(_) | FlowError::Newer | FlowError::UnknownAccount(_),
                    ) => is_complete = false,
                    Err(error) => return Err(error),
                }
            }
        }
        if is_complete && self.outdated_messages().await? == 0 {
            for vault in vaults() {
                vault.note_resealed(self.access()).await?;
            }
        }
        Ok(())
    }

    /// Seals a flow by the current key. Returns whether nothing of it is sealed by an older one.
    async fn reseal_flow(&self, record: Record) -> Result<bool> {
        let at = self.account(&record.account)?;
        let id = record.id;
        let vault = self.vault_of(record.tenant.as_deref());
        let mut outdated = vault.is_outdated(&record.body);
        let mut opened = self.open(record)?;
        let mut reports = None;
        if opened.state.reports > 0
            && let Some(sealed) = self.store.reports(id).await?
            && vault.is_outdated(&sealed)
        {
            let context = Context::flow(id, "reports");
            reports = Some(vault.seal(&*self.random, &context, &vault.open(&context, &sealed)?));
            outdated = true;
        }
        outdated |= self.reseal_evidence(&mut opened).await?;
        if outdated {
            self.describe(&at, &mut opened, self.now());
            let mut commit = Commit::new(&opened.record, &[]);
            commit.lease = Lease::Keep;
            if let Some(reports) = &reports {
                commit.reports = Reports::Put(reports);
            }
            let committed = self.store.commit(&commit).await?;
            if committed == Committed::Conflict {
                if self.read(id).await?.state.deletion.own_erased_at.is_some() {
                    // A part that was sealed anew while the flow was erased must not stay.
                    self.evidence_store()?.erase_parts(id, None).await?;
                }
                return Ok(false);
            }
        }
        let current = vault.key_name();
        let kept = &opened.state.evidence.kept;
        Ok(kept.iter().all(|kept| kept.key == current))
    }

    /// Replaces a parked message that an older key sealed by one under another name that the
    /// current key seals.
    pub(crate) async fn reseal_message(
        &self,
        message: &Message,
        end: MessageEnd,
    ) -> Result<MessageEnd> {
        let MessageEnd::Parked { reason, again } = &end else {
            return Ok(end);
        };
        if !self.vault.is_outdated(&message.body) {
            return Ok(end);
        }
        let context = Context::message(&message.digest);
        let Ok(delivery) = self.vault.open(&context, &message.body) else {
            return Ok(end);
        };
        let digest = crate::engine::workers::inbox::renamed(&message.digest);
        let body = self
            .vault
            .seal(&*self.random, &Context::message(&digest), &delivery);
        let renamed = Message {
            digest,
            body,
            tries: 0,
            ..message.clone()
        }
        .parked(reason.clone(), *again);
        self.store.push(&renamed, self.now()).await?;
        Ok(MessageEnd::Done(self.now()))
    }
}
