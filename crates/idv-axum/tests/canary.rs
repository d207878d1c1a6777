//! Neither personal data nor a secret appears in a log, at any level.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use http::Method;
use idv_axum::{ClientIp, Options, ReturnPage};
use idv_testkit::{Canary, Recording};
use support::{Bank, Desk, SECRET, Vendor, request};

#[tokio::test]
async fn callbacks_and_returns_log_no_marks() {
    let recording = Recording::start();
    let mut canary = Canary::new();
    canary.watch(SECRET);
    // The password in its encoded form.
    canary.watch("bWVuc2F0ZWs6");
    let mut printed = String::new();
    for vendor in Vendor::all().await {
        let bank = Bank::open(&vendor).await;
        let mut new = bank.person();
        let name = canary.mark("name");
        canary.watch(new.reference.as_str());
        new.person.family_name = Some(name.clone().into());
        let id = bank
            .flow
            .start(idv_flow::StartRequest::new(new))
            .await
            .unwrap()
            .id;
        // The name of the simulated person, for vendors that do not take it with the request.
        vendor.of(&bank.sandbox).expect(&name);
        vendor.act(&bank.sandbox, "happy");
        bank.follow(id).await;
        let report = format!(
            "{:?}",
            serde_json::to_string(&bank.flow.report(id).await.unwrap()).unwrap()
        );
        assert!(
            report.to_lowercase().contains(&name) || vendor.is("identify24"),
            "{vendor:?}: the report contains the mark"
        );
        let address =
            idv_axum::account_callback_url(&bank.base, vendor.id(), &bank.client).unwrap();
        printed += &format!("{address:?}");
        // Refused messages, one for each step of the checks.
        bank.store.fail();
        let address = address.expose().to_owned();
        for address in [
            format!(
                "{address}{}ref={name}",
                if address.contains('?') { '&' } else { '?' }
            ),
            format!("{address}{name}"),
        ] {
            let status = bank
                .sandbox
                .forge_callback(&address, format!(r#"{{"{name}":"{name}"}}"#))
                .await
                .unwrap();
            assert!(status >= 400, "{vendor:?}: {status}");
            assert!(
                bank.sandbox.forge_visit(&address).await.unwrap() >= 400,
                "{vendor:?}"
            );
        }
    }
    let options =
        Options::new()
            .client_ip(ClientIp::Connection)
            .after_return(|returned| async move {
                tracing::info!(?returned, "an application logs its arguments");
                ReturnPage::redirect(&returned.query("next").unwrap()).unwrap_or_default()
            });
    for vendor in Vendor::all().await {
        let desk = Desk::with(&vendor, true, &options).await;
        let mark = canary.mark("mark");
        printed += &format!("{options:?}");
        for target in [
            format!(
                "/returns/{}?next={mark}&orderId={mark}&trxid={mark}&transaction-number={mark}",
                vendor.id()
            ),
            format!("/returns/{mark}?next=/{mark}"),
            format!("/callbacks/{mark}?token={mark}"),
            format!(
                "/callbacks/{}/{mark}?token={SECRET}&ref={mark}",
                vendor.id()
            ),
            format!("/{mark}"),
        ] {
            for (method, body) in [
                (Method::GET, String::new()),
                (Method::POST, mark.clone()),
                (Method::HEAD, String::new()),
            ] {
                let headers = [
                    ("cookie", mark.as_str()),
                    ("authorization", mark.as_str()),
                    ("x-callback-secret", SECRET),
                ];
                printed += &format!(
                    "{:?}",
                    desk.ask(request(method.clone(), &target, &headers, body.clone()))
                        .await
                        .body
                );
                desk.store.fail();
                desk.ask(request(method, &target, &headers, body)).await;
                desk.store.recover();
            }
        }
    }
    let log = recording.text();
    for expected in [
        "idv.callback{provider=",
        "idv.return{provider=",
        "the engine failed",
        "replied to a callback",
    ] {
        assert!(log.contains(expected), "missing in the log: {expected}");
    }
    assert_eq!(canary.found_in(&log), None, "in the log");
    assert_eq!(canary.found_in(&printed), None, "printed");
}
