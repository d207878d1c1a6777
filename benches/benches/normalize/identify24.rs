//! The answer to a fetch, and the webhook.

use idv::identify24::normalize::{Statuses, payload};
use idv_benches::Comparison;
use idv_core::Channel;

use super::{beside_value, reported};

const PAYLOADS: [(&str, &[u8], Channel); 2] = [
    (
        "Identify24: ident/get to a report / to a Value",
        fixture!("idv-identify24/fixtures/ident-get-response.json"),
        Channel::Fetch,
    ),
    ("Identify24: webhook to a report", fixture!("idv-identify24/fixtures/webhook.json"), Channel::Callback),
];

pub(crate) fn rows() -> Vec<Comparison> {
    let statuses = Statuses::default();
    let row = |(name, bytes, channel)| beside_value(name, bytes, |bytes| reported(payload(bytes, channel, &statuses).unwrap()));
    PAYLOADS.map(row).into()
}
