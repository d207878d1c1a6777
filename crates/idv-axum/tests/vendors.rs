//! Each vendor sends callbacks over HTTP according to its document and gets the reply that it
//! expects.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::time::Duration;

use idv::ProofKind;
use idv_axum::Options;
use idv_sandbox::{Fault, FaultKind, WebhookMethod};
use support::{Bank, SECRET, Vendor};

#[tokio::test]
async fn panel_address_contains_secret_if_vendor_uses_it() {
    for vendor in Vendor::all().await {
        let bank = Bank::open(&vendor).await;
        let base = "https://bank.example/identity".parse().unwrap();
        let address = idv_axum::account_callback_url(&base, vendor.id(), &bank.client).unwrap();
        let plain = format!("https://bank.example/identity/callbacks/{}", vendor.id());
        // Other vendors send the secret in a header, or one per order.
        let is_set_once = !vendor.info.accepts.contains(&"callback_url");
        let in_address = vendor.proof() == ProofKind::SecretUrl && is_set_once;
        let expected = if in_address {
            format!("{plain}?token={SECRET}")
        } else {
            plain
        };
        assert_eq!(address.expose(), expected, "{vendor:?}");
    }
}

#[tokio::test]
async fn authenticated_callback_is_processed_at_every_vendor() {
    for vendor in Vendor::all().await {
        let bank = Bank::open(&vendor).await;
        let (id, _) = bank.start().await;
        vendor.act(&bank.sandbox, "happy");
        let status = bank.follow(id).await;
        assert!(status.is_verified(), "{vendor:?}: {status:?}");
        let callbacks = bank.sandbox.callbacks();
        assert!(!callbacks.is_empty(), "{vendor:?}");
        for callback in &callbacks {
            let answers: Vec<u16> = callback
                .attempts
                .iter()
                .map(|attempt| attempt.status)
                .collect();
            assert_eq!(
                (callback.state, answers.as_slice()),
                ("delivered", [200].as_slice()),
                "{vendor:?}: {callback:?}"
            );
        }
        // A callback without news is not stored.
        let stored = bank.store.stored();
        assert!((1..=callbacks.len()).contains(&stored), "{vendor:?}");
        let proof = match vendor.proof() {
            ProofKind::SharedSecret => "shared_secret",
            ProofKind::Basic => "basic",
            _ => "secret_url",
        };
        let observed = bank.observed(id).await;
        assert!(
            observed.contains(&("callback".to_owned(), Some(proof.to_owned()))),
            "{vendor:?}: {observed:?}"
        );
    }
}

#[tokio::test]
async fn identity_tm_may_use_all_methods_and_longer_paths() {
    for method in [WebhookMethod::Get, WebhookMethod::Post, WebhookMethod::Put] {
        let bank = Bank::open(&Vendor::named("identity-tm")).await;
        bank.sandbox
            .identity_tm()
            .configure(|account| account.webhook_method = method)
            .unwrap();
        let mut new = bank.person();
        new.callback_url = Some(
            format!("{}/OnFinal", new.callback_url.unwrap())
                .parse()
                .unwrap(),
        );
        let id = bank
            .flow
            .start(idv_flow::StartRequest::new(new))
            .await
            .unwrap()
            .id;
        bank.vendor.act(&bank.sandbox, "happy");
        assert!(bank.follow(id).await.is_verified());
        let callbacks = bank.sandbox.callbacks();
        assert!(
            !callbacks.is_empty()
                && callbacks
                    .iter()
                    .all(|callback| callback.state == "delivered"),
            "{callbacks:?}"
        );
        assert_eq!(bank.store.stored(), callbacks.len());
    }
}

#[tokio::test]
async fn repeated_callback_is_stored_once() {
    for vendor in Vendor::all().await {
        // The numbers of stored and of delivered callbacks.
        let counted = async |is_duplicated: bool| {
            let bank = Bank::open(&vendor).await;
            let (id, _) = bank.start().await;
            if is_duplicated {
                let fault = Fault::new(FaultKind::CallbackDuplicated);
                bank.sandbox.plan(fault.at("/callbacks/").times(9999));
            }
            vendor.act(&bank.sandbox, "happy");
            assert!(bank.follow(id).await.is_verified(), "{vendor:?}");
            let callbacks = bank.sandbox.callbacks();
            let attempts = callbacks.iter().map(|callback| callback.attempts.len());
            (bank.store.stored(), attempts.sum::<usize>())
        };
        let (stored, delivered) = counted(false).await;
        assert!(stored > 0, "{vendor:?}");
        assert_eq!(counted(true).await, (stored, 2 * delivered), "{vendor:?}");
    }
}

#[tokio::test]
async fn vendor_repeats_callback_when_store_failed() {
    for vendor in Vendor::all().await {
        let bank = Bank::open(&vendor).await;
        let (id, _) = bank.start().await;
        vendor.act(&bank.sandbox, "happy");
        bank.store.fail();
        // Waits until the vendor has sent a callback.
        while bank
            .sandbox
            .callbacks()
            .iter()
            .all(|callback| callback.attempts.is_empty())
        {
            bank.sandbox.clock().advance(Duration::from_secs(1)).await;
        }
        bank.store.recover();
        let first = bank.sandbox.callbacks();
        assert!(
            first
                .iter()
                .flat_map(|callback| &callback.attempts)
                .all(|attempt| attempt.status == 503),
            "{vendor:?}: {first:?}"
        );
        assert_eq!(bank.store.stored(), 0, "{vendor:?}");
        assert!(bank.follow(id).await.is_verified(), "{vendor:?}");
        bank.sandbox.clock().advance(Duration::from_secs(120)).await;
        let again = &bank.sandbox.callbacks()[0];
        let answers: Vec<u16> = again
            .attempts
            .iter()
            .map(|attempt| attempt.status)
            .collect();
        assert_eq!(
            (again.state, answers.as_slice()),
            ("delivered", [503, 200].as_slice()),
            "{vendor:?}: {again:?}"
        );
    }
}

#[tokio::test]
async fn forged_callback_is_refused_and_not_stored() {
    for vendor in Vendor::all().await {
        let bank = Bank::open(&vendor).await;
        let (id, reference) = bank.start().await;
        let address = idv_axum::callback_url(&bank.base, vendor.id()).unwrap();
        let mut forged =
            vendor
                .of(&bank.sandbox)
                .forgery(address.as_str(), reference.as_str(), "1");
        forged.url.push_str(if forged.url.contains('?') {
            "&token=guessed"
        } else {
            "?token=guessed"
        });
        let status = bank.sandbox.forge(&forged).await.unwrap();
        // A client that sends credentials only after a challenge gets one.
        let expected = if vendor.has_password() { 401 } else { 403 };
        assert_eq!(status, expected, "{vendor:?}");
        assert_eq!(bank.store.offered(), 0, "{vendor:?}");
        assert!(
            !bank.flow.status(id).await.unwrap().is_verified(),
            "{vendor:?}"
        );
    }
}

#[tokio::test]
async fn callback_without_secret_is_a_claim() {
    for vendor in Vendor::all()
        .await
        .into_iter()
        .filter(Vendor::can_be_polled)
    {
        let bank = Bank::with(&vendor, false, &Options::new()).await;
        let (id, _) = bank.start().await;
        let address = idv_axum::callback_url(&bank.base, vendor.id()).unwrap();
        let about_no_one = vendor
            .of(&bank.sandbox)
            .forgery(address.as_str(), "abc", "1");
        let status = bank.sandbox.forge(&about_no_one).await;
        assert_eq!(
            (status.unwrap(), bank.store.offered()),
            (200, 0),
            "{vendor:?}"
        );
        vendor.act(&bank.sandbox, "happy");
        assert!(bank.follow(id).await.is_verified(), "{vendor:?}");
        let observed = bank.observed(id).await;
        assert!(
            observed.contains(&("callback".to_owned(), None)),
            "{vendor:?}: {observed:?}"
        );
        assert!(
            observed
                .iter()
                .all(|(channel, proof)| channel != "callback" || proof.is_none()),
            "{vendor:?}: {observed:?}"
        );
    }
}

#[tokio::test]
async fn return_is_a_claim_that_triggers_a_poll() {
    let bank = Bank::open(&Vendor::named("cm-id-scan")).await;
    let (id, _) = bank.start().await;
    let transaction = bank.vendor.latest(&bank.sandbox);
    let back = idv_axum::return_url(&bank.base, "cm-id-scan").unwrap();
    let address =
        format!("{back}?trxid={transaction}&resultid=00000000-0000-4000-8000-000000000000");
    let before = bank.store.changed();
    assert_eq!(bank.sandbox.forge_visit(&address).await.unwrap(), 200);
    assert_eq!(
        (bank.store.changed() - before, bank.store.offered()),
        (1, 0)
    );
    bank.flow.run_due().await.unwrap();
    assert!(!bank.flow.status(id).await.unwrap().is_verified());
    let observed = bank.observed(id).await;
    assert!(
        observed.contains(&("return".to_owned(), None)),
        "{observed:?}"
    );
    assert!(
        observed
            .iter()
            .all(|(channel, proof)| channel != "return" || proof.is_none()),
        "{observed:?}"
    );
}
