//! Returns of people: they prove nothing, show no data and never redirect to another site.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use http::{Method, StatusCode};
use idv_axum::{Options, ReturnPage};
use support::{Answer, Bank, Desk, Vendor, request};

const BACK: &str = "/returns/cm-id-scan?trxid=b659c273-0000-4000-8000-000000000000&resultid=e6b7ce66-0000-4000-8000-000000000000";

/// Starts a verification whose person is at the vendor, and returns the address for the return.
async fn away() -> (Bank, String) {
    let bank = Bank::open(&Vendor::named("cm-id-scan")).await;
    bank.start().await;
    let transaction = bank.vendor.latest(&bank.sandbox);
    (
        bank,
        format!(
            "/returns/cm-id-scan?trxid={transaction}&resultid=e6b7ce66-0000-4000-8000-000000000000"
        ),
    )
}

async fn come_back(desk: &Desk, target: &str) -> Answer {
    desk.ask(request(
        Method::GET,
        target,
        &[("cookie", "session=abc")],
        "",
    ))
    .await
}

fn assert_safe(answer: &Answer) {
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn return_counts_once_and_shows_no_data() {
    let (bank, back) = away().await;
    let slash = back.replace('?', "/?");
    let before = bank.store.changed();
    for target in [
        back.as_str(),
        &back,
        &slash,
        "/returns/cm-id-scan?trxid=%3Cscript%3E",
        "/returns/cm-id-scan",
    ] {
        let answer = bank.ask(request(Method::GET, target, &[], "")).await;
        assert_eq!(
            (answer.status, bank.store.changed() - before),
            (StatusCode::OK, 1),
            "{target}"
        );
        assert_eq!(bank.store.offered(), 0, "a claim is not stored");
        assert_safe(&answer);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert!(
            !answer.body.contains("e6b7ce66") && !answer.body.contains("script"),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn return_page_ignores_query_at_every_vendor() {
    for vendor in Vendor::all().await {
        let desk = Desk::open(&vendor).await;
        for query in [
            "",
            "?OnFinal=1",
            "?transaction-number=abc",
            "?orderId=%FF&ref=%00",
            "?next=https://elsewhere.example",
        ] {
            let answer = come_back(&desk, &format!("/returns/{}{query}", vendor.id())).await;
            assert_eq!(
                (answer.status, answer.header("location")),
                (StatusCode::OK, ""),
                "{vendor:?} {query}"
            );
        }
    }
}

#[tokio::test]
async fn application_chooses_next_page_by_its_session() {
    let options = Options::new().after_return(|returned| async move {
        assert_eq!(returned.provider().as_str(), "cm-id-scan");
        let session = returned.headers()["cookie"]
            .to_str()
            .unwrap()
            .trim_start_matches("session=")
            .to_owned();
        ReturnPage::redirect(&format!("/status/{session}")).unwrap_or_default()
    });
    let desk = Desk::with(&Vendor::named("cm-id-scan"), true, &options).await;
    let answer = come_back(&desk, BACK).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, "/status/abc")
    );
    assert_safe(&answer);
    let elsewhere = options.site("https://www.bank.example/app/".parse().unwrap());
    let desk = Desk::with(&Vendor::named("cm-id-scan"), true, &elsewhere).await;
    assert_eq!(
        come_back(&desk, BACK).await.header("location"),
        "https://www.bank.example/status/abc"
    );
}

#[tokio::test]
async fn query_never_redirects_to_another_site() {
    // An application that trusts its input.
    let options = Options::new().after_return(|returned| async move {
        ReturnPage::redirect(&returned.query("next").unwrap_or_default()).unwrap_or_default()
    });
    let desk = Desk::with(&Vendor::named("cm-id-scan"), true, &options).await;
    for next in [
        "https://elsewhere.example",
        "//elsewhere.example",
        "/%5Celsewhere.example",
        "%5C%5Celsewhere.example",
        "/%09/elsewhere.example",
        "/%0d%0aset-cookie:a=b",
    ] {
        let answer = come_back(&desk, &format!("/returns/cm-id-scan?next={next}")).await;
        assert_eq!(
            (
                answer.status,
                answer.header("location"),
                answer.header("set-cookie")
            ),
            (StatusCode::OK, "", ""),
            "{next}"
        );
    }
    assert_eq!(
        come_back(&desk, "/returns/cm-id-scan?next=/status")
            .await
            .header("location"),
        "/status"
    );
}

#[tokio::test]
async fn only_get_counts_as_return() {
    let (bank, back) = away().await;
    let answer = bank.ask(request(Method::HEAD, &back, &[], "")).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""));
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let answer = bank.ask(request(method, &back, &[], "")).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (StatusCode::METHOD_NOT_ALLOWED, "GET,HEAD")
        );
    }
    assert_eq!(bank.store.offered(), 0);
}

#[tokio::test]
async fn browser_retries_return_when_store_fails() {
    let (bank, back) = away().await;
    // No person waits for a store that does not respond.
    tokio::time::pause();
    let come_back = || bank.ask(request(Method::GET, &back, &[], ""));
    bank.store.fail();
    let failed = come_back().await;
    bank.store.hang();
    for answer in [failed, come_back().await] {
        assert_eq!(
            (answer.status, answer.header("refresh")),
            (StatusCode::SERVICE_UNAVAILABLE, "3")
        );
        assert_safe(&answer);
    }
    bank.store.recover();
    let before = bank.store.changed();
    assert_eq!(
        (come_back().await.status, bank.store.changed() - before),
        (StatusCode::OK, 1)
    );
}
