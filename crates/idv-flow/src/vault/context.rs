//! The context that a sealed value is bound to.

use crate::audit::AuditHead;
use crate::id::FlowId;
use crate::store::{EvidencePart, Record};

/// The kind and the owner of a sealed value. A value opens only in its own context, so that none
/// can take the place of another.
pub(crate) struct Context(pub(super) Vec<u8>);

impl Context {
    pub(crate) fn flow(id: FlowId, what: &str) -> Self {
        Self([what.as_bytes(), b"\0", id.as_bytes()].concat())
    }

    /// The state of a flow. It opens only beside the keys by which the store finds the flow, its
    /// provider, account and tenant, the time of its creation, and the end of its audit trail: an
    /// earlier state, or another flow's key, in their place is noticed.
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
        // Neither a provider's id nor a label below contains the separator followed by its own
        // length. A flow without labels is sealed as before there were any.
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

    /// A part of an item of evidence. No part opens in another's place, and the last one says that
    /// it is.
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
