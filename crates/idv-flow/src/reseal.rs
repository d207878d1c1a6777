//! Seals anew what an older key of the vault sealed, so that the older key can be removed.

use crate::engine::repository::Inner;
use crate::error::{FlowError, Result};
use crate::store::{Commit, Committed, Filter, Lease, Message, MessageEnd, Record, Reports};
use crate::vault::{Context, Vault};

/// Number of flows that are read at a time.
const PAGE: usize = 256;

impl Inner {
    /// Seals every flow, its reports and its evidence by the current key. What changes meanwhile, or is at a vendor that is not configured here, is left
    /// to the next time.
    pub(crate) async fn reseal(&self) -> Result<()> {
        if !self.vault.has_older() && !self.tenants.values().any(Vault::has_older) {
            return Ok(());
        }
        let mut after = None;
        loop {
            let page = self.store.list(&Filter::all(), after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.id.into());
            for record in page {
                match self.reseal_flow(record).await {
                    // An operator is told when its turn comes.
                    Err(
                        FlowError::Damaged(_) | FlowError::Newer | FlowError::UnknownAccount(_),
                    ) => {}
                    resealed => resealed?,
                }
            }
        }
    }

    async fn reseal_flow(&self, record: Record) -> Result<()> {
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
            if committed == Committed::Conflict
                && self.read(id).await?.state.deletion.own_erased_at.is_some()
            {
                // A part that was sealed anew while the flow was erased must not stay.
                self.evidence_store()?.erase_parts(id, None).await?;
            }
        }
        Ok(())
    }

    /// Parks a message under another name, sealed by the current key, in place of one that an older key sealed.
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
        let Ok(delivery) = self
            .vault
            .open(&Context::message(&message.digest), &message.body)
        else {
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
