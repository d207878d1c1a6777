//! Each vendor calls back as its document has it, over HTTP, and is answered as it wants.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use idv_axum::Options;
use idv_sandbox::{Fault, FaultKind, WebhookMethod};
use support::{Bank, SECRET, Vendor};

#[tokio::test]
async fn the_address_for_the_panel_has_the_secret_where_it_lives_there() {
    for vendor in Vendor::ALL {
        let bank = Bank::open(vendor).await;
        let base = "https://bank.example/identity".parse().unwrap();
        let address = idv_axum::account_callback_url(&base, &bank.client).unwrap();
        let plain = format!("https://bank.example/identity/callbacks/{}", vendor.id());
        let expected = match vendor {
            Vendor::Identify24 | Vendor::Idnow | Vendor::VerificarIdentidad => format!("{plain}?token={SECRET}"),
            // In a header; or with each order, one of its own.
            _ => plain,
        };
        assert_eq!(address.expose(), expected, "{vendor:?}");
    }
}

#[tokio::test]
async fn a_proven_callback_is_stored_and_worked_off_at_every_vendor() {
    for vendor in Vendor::ALL {
        let bank = Bank::open(vendor).await;
        let (id, reference) = bank.start().await;
        vendor.act(&bank.sandbox, reference.as_str(), "happy").await;
        let status = bank.follow(id).await;
        assert!(status.is_verified(), "{vendor:?}: {status:?}");
        let callbacks = bank.sandbox.callbacks();
        assert!(!callbacks.is_empty(), "{vendor:?}");
        for callback in &callbacks {
            let answers: Vec<u16> = callback.attempts.iter().map(|(_, status)| *status).collect();
            assert_eq!((callback.state, answers.as_slice()), ("delivered", [200].as_slice()), "{vendor:?}: {callback:?}");
        }
        assert_eq!(bank.store.stored(), callbacks.len(), "{vendor:?}");
        let proof = match vendor {
            Vendor::CmIdScan => "shared_secret",
            Vendor::VerificarIdentidadByPassword => "basic",
            _ => "secret_url",
        };
        let observed = bank.observed(id).await;
        assert!(observed.contains(&("callback".to_owned(), Some(proof.to_owned()))), "{vendor:?}: {observed:?}");
    }
}

#[tokio::test]
async fn identity_tm_is_taken_by_each_of_its_methods_and_below_the_path_of_its_examples() {
    for method in [WebhookMethod::Get, WebhookMethod::Post, WebhookMethod::Put] {
        let bank = Bank::open(Vendor::IdentityTm).await;
        bank.sandbox.identity_tm().configure(|account| account.webhook_method = method).unwrap();
        let mut new = bank.person();
        new.callback_url = Some(format!("{}/OnFinal", new.callback_url.unwrap()).parse().unwrap());
        let id = bank.flow.start(idv_flow::Start::new(new)).await.unwrap().id;
        Vendor::IdentityTm.act(&bank.sandbox, "", "happy").await;
        assert!(bank.follow(id).await.is_verified());
        let callbacks = bank.sandbox.callbacks();
        assert!(!callbacks.is_empty() && callbacks.iter().all(|callback| callback.state == "delivered"), "{callbacks:?}");
        assert_eq!(bank.store.stored(), callbacks.len());
    }
}

#[tokio::test]
async fn a_callback_that_comes_twice_is_answered_twice_and_stored_once() {
    for vendor in Vendor::ALL {
        let bank = Bank::open(vendor).await;
        let (id, reference) = bank.start().await;
        bank.sandbox.plan(Fault::new(FaultKind::CallbackDuplicated).at("/callbacks/").times(9999));
        vendor.act(&bank.sandbox, reference.as_str(), "happy").await;
        assert!(bank.follow(id).await.is_verified(), "{vendor:?}");
        let delivered: usize = bank.sandbox.callbacks().iter().map(|callback| callback.attempts.len()).sum();
        assert_eq!(bank.store.offered(), delivered, "{vendor:?}");
        assert_eq!(bank.store.stored() * 2, delivered, "{vendor:?}");
    }
}

#[tokio::test]
async fn what_could_not_be_stored_is_refused_and_comes_again_from_vendors_that_repeat() {
    for vendor in Vendor::ALL {
        let bank = Bank::open(vendor).await;
        let (id, reference) = bank.start().await;
        vendor.act(&bank.sandbox, reference.as_str(), "happy").await;
        bank.store.fail();
        // Until something was sent.
        while bank.sandbox.callbacks().iter().all(|callback| callback.attempts.is_empty()) {
            bank.sandbox.clock().advance(Duration::from_secs(1)).await;
        }
        bank.store.recover();
        let first = bank.sandbox.callbacks();
        assert!(first.iter().flat_map(|callback| &callback.attempts).all(|(_, status)| *status == 503), "{vendor:?}: {first:?}");
        assert_eq!(bank.store.stored(), 0, "{vendor:?}");
        assert!(bank.follow(id).await.is_verified(), "{vendor:?}");
        // Two documents say nothing of repetitions, and the sandbox promises none.
        if !matches!(vendor, Vendor::Identify24 | Vendor::VerificarIdentidad | Vendor::VerificarIdentidadByPassword) {
            bank.sandbox.clock().advance(Duration::from_secs(120)).await;
            let again = &bank.sandbox.callbacks()[0];
            let answers: Vec<u16> = again.attempts.iter().map(|(_, status)| *status).collect();
            assert_eq!((again.state, answers.as_slice()), ("delivered", [503, 200].as_slice()), "{vendor:?}: {again:?}");
        }
    }
}

#[tokio::test]
async fn a_forged_callback_is_refused_and_stores_nothing() {
    for vendor in Vendor::ALL {
        let bank = Bank::open(vendor).await;
        let (id, reference) = bank.start().await;
        let address = idv_axum::callback_url(&bank.base, vendor.id()).unwrap();
        let status = match vendor {
            Vendor::IdentityTm => {
                let address = format!("{address}?event=OnStatusChange&ref={}&statusCode=6&token=guessed", reference.as_str());
                bank.sandbox.forge_visit(&address).await.unwrap()
            }
            _ => bank.sandbox.forge_callback(&format!("{address}?token=guessed"), "{}").await.unwrap(),
        };
        // A client that waits to be asked for its password is asked.
        let expected = if vendor == Vendor::VerificarIdentidadByPassword { 401 } else { 403 };
        assert_eq!(status, expected, "{vendor:?}");
        assert_eq!(bank.store.offered(), 0, "{vendor:?}");
        assert!(!bank.flow.status(id).await.unwrap().is_verified(), "{vendor:?}");
    }
}

#[tokio::test]
async fn without_a_secret_a_callback_is_a_claim_and_one_about_nobody_is_not_stored() {
    for vendor in [Vendor::CmIdScan, Vendor::Identify24, Vendor::IdentityTm, Vendor::Idnow] {
        let bank = Bank::with(vendor, None, &Options::new()).await;
        let (id, reference) = bank.start().await;
        let address = idv_axum::callback_url(&bank.base, vendor.id()).unwrap();
        let status = match vendor {
            Vendor::IdentityTm => bank.sandbox.forge_visit(&format!("{address}?event=OnFinal&orderId=1")).await,
            _ => bank.sandbox.forge_callback(address.as_str(), about_nobody(vendor)).await,
        };
        assert_eq!((status.unwrap(), bank.store.offered()), (200, 0), "{vendor:?}");
        vendor.act(&bank.sandbox, reference.as_str(), "happy").await;
        assert!(bank.follow(id).await.is_verified(), "{vendor:?}");
        let observed = bank.observed(id).await;
        assert!(observed.contains(&("callback".to_owned(), None)), "{vendor:?}: {observed:?}");
        assert!(observed.iter().all(|(channel, proof)| channel != "callback" || proof.is_none()), "{vendor:?}: {observed:?}");
    }
}

fn about_nobody(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::CmIdScan => {
            r#"{"id":"1","type":"transaction.state.updated","transaction":{"id":"b659c273-0000-4000-8000-000000000000"}}"#
        }
        Vendor::Identify24 => r#"{"ident_id":"1","status":"InReview"}"#,
        _ => r#"{"identificationprocess":{"result":"SUCCESS","transactionnumber":"abc"}}"#,
    }
}

#[tokio::test]
async fn a_person_who_comes_back_proves_nothing_and_wakes() {
    let bank = Bank::open(Vendor::CmIdScan).await;
    let (id, _) = bank.start().await;
    let transaction = Vendor::CmIdScan.latest(&bank.sandbox, "transactions").await;
    let back = idv_axum::return_url(&bank.base, "cm-id-scan").unwrap();
    let address = format!("{back}?trxid={transaction}&resultid=00000000-0000-4000-8000-000000000000");
    let before = bank.store.changed();
    assert_eq!(bank.sandbox.forge_visit(&address).await.unwrap(), 200);
    assert_eq!((bank.store.changed() - before, bank.store.offered()), (1, 0));
    bank.flow.run_due().await.unwrap();
    assert!(!bank.flow.status(id).await.unwrap().is_verified());
    let observed = bank.observed(id).await;
    assert!(observed.contains(&("return".to_owned(), None)), "{observed:?}");
    assert!(observed.iter().all(|(channel, proof)| channel != "return" || proof.is_none()), "{observed:?}");
}
