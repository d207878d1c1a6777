//! The page behind a person's link (6.1), and the address after the identification (6.2).

use super::account::Account;
use super::case::Case;
use super::{World, documents, form};
use crate::person::PersonPage;

/// The placeholder of the transaction number in a redirect address (6.2.2).
pub(super) const PLACEHOLDER: &str = "<transactionnumber>";

/// Returns the page of an identification.
pub(super) fn page(world: &World, key: &str) -> Option<PersonPage> {
    let case = world.cases.get(key)?;
    let account = world.account(&case.company)?;
    Some(PersonPage {
        language: "en",
        title: format!("Identification for {}", account.name),
        asked: asked(case, account),
        shown: shown(case),
        is_open: !case.is_performed() && !documents::is_missing_any(&case.documents),
    })
}

/// Returns the address to which the browser is redirected after an identification. The account has
/// one for a success and one for a failure (6.2.3).
pub(super) fn return_address(world: &World, key: &str) -> Option<String> {
    let case = world.cases.get(key)?;
    let account = world.account(&case.company)?;
    let address = if case.result.as_ref()?.is_success_for_person() {
        &account.redirect_after_success
    } else {
        &account.redirect_after_failure
    };
    // No character of a transaction number needs to be encoded (3.2.6).
    Some(
        address
            .as_ref()?
            .replace(PLACEHOLDER, &case.transaction_number),
    )
}

fn asked(case: &Case, account: &Account) -> Vec<String> {
    let mut asked = Vec::new();
    if account.auto_ident {
        // The steps of section 1.1.1.
        asked.extend([
            "Please hold your identity card, passport or driving licence ready.".to_owned(),
            "Please photograph it, and then show your face for the comparison.".to_owned(),
        ]);
    } else {
        asked.extend([
            "Please hold your identity card or passport ready.".to_owned(),
            "Please allow the use of the camera and the microphone.".to_owned(),
            format!(
                "An agent will be with you in about {} seconds.",
                account.estimated_waiting_time
            ),
        ]);
        if let Some(language) = case.submitted.get("preferredLang") {
            asked.push(format!("The language of the call is `{language}`."));
        }
    }
    if case.submitted.contains_key("mobilephone") {
        asked.push("Please enter the code that you receive by text message.".to_owned());
    }
    for document in &case.documents {
        asked.push(format!(
            "Please read and sign the document: {}.",
            document.name()
        ));
    }
    asked
}

/// Returns the Ident-ID, which the person sees (3.2.6), and the submitted data.
fn shown(case: &Case) -> Vec<(String, String)> {
    let ident_id = ("Ident-ID".to_owned(), case.ident_id.clone());
    let submitted = form::names().filter_map(|name| {
        let value = case.submitted.get(name)?;
        Some((form::label(name)?.to_owned(), value.clone()))
    });
    std::iter::once(ident_id).chain(submitted).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use http::{HeaderValue, StatusCode};

    use crate::idnow::Own;
    use crate::part::Part as _;
    use crate::person::Choice;
    use crate::sandbox::Sandbox;

    async fn sandbox() -> Sandbox {
        let sandbox = Sandbox::builder()
            .speed(0.0)
            .in_process()
            .start()
            .await
            .unwrap();
        let configured = sandbox.idnow().configure(|account| {
            let address = |outcome| format!("https://bank.example/{outcome}?t=<transactionnumber>");
            account.redirect_after_success = Some(address("success"));
            account.redirect_after_failure = Some(address("failure"));
        });
        configured.unwrap();
        start(&sandbox, "ihrebank", "exampleApiKey").await;
        sandbox
    }

    async fn start(sandbox: &Sandbox, company: &str, key: &str) {
        let base = sandbox.idnow().base_url();
        let body = r#"{"firstname":"Erika","mobilephone":"0151 1","preferredLang":"en"}"#;
        let request =
            http::Request::post(format!("{base}/api/v1/{company}/identifications/T-1/start"))
                .header("content-type", "application/json")
                .header("x-api-key", key)
                .body(Bytes::from(body))
                .unwrap();
        assert_eq!(sandbox.exchange(request).await.unwrap().status(), 201);
    }

    fn return_address(sandbox: &Sandbox) -> Option<String> {
        (Own::ENTRY.return_address)(&sandbox.worlds.state(), "T-1")
    }

    #[tokio::test]
    async fn choice_leads_to_its_result_and_return_address() {
        for (choice, state, outcome) in [
            (Choice::Succeed, "REVIEW_PENDING", Some("success")),
            (Choice::DataDiffer, "REVIEW_PENDING", Some("success")),
            (
                Choice::Fail,
                "FRAUD_SUSPICION_CONFIRMED (WARNING_FAKE_ID)",
                Some("failure"),
            ),
            (
                Choice::SuspectFraud,
                "FRAUD_SUSPICION_PENDING (WARNING_PHOTO)",
                Some("failure"),
            ),
            (
                Choice::Abandon,
                "ABORTED (USER_CANCELLATION)",
                Some("failure"),
            ),
            (Choice::ComeBackLater, "not started", None),
        ] {
            let sandbox = sandbox().await;
            sandbox
                .worlds
                .unrecorded(|state, now| (Own::ENTRY.choose)(state, now, "T-1", choice))
                .unwrap();
            sandbox.clock().advance(Duration::ZERO).await;
            let summary = (Own::ENTRY.find)(&sandbox.worlds.state(), "T-1")
                .unwrap()
                .summary;
            assert_eq!(summary.state, state, "{choice:?}");
            let address = outcome.map(|outcome| format!("https://bank.example/{outcome}?t=T-1"));
            assert_eq!(return_address(&sandbox), address, "{choice:?}");
        }
    }

    #[tokio::test]
    async fn link_redirects_once_the_identification_is_performed() {
        let sandbox = sandbox().await;
        let open = async || {
            let base = sandbox.idnow().base_url();
            let link = format!("{base}/ihrebank/identifications/T-1");
            let request = http::Request::get(link).body(Bytes::new()).unwrap();
            let response = sandbox.exchange(request).await.unwrap();
            let address = response.headers().get("location").cloned();
            (response.status(), address)
        };
        assert_eq!(open().await, (StatusCode::OK, None));
        let vendor = sandbox.vendor("idnow").unwrap();
        vendor.take_step("T-1", "agent-aborts").unwrap();
        sandbox.clock().advance(Duration::ZERO).await;
        assert_eq!(open().await, (StatusCode::OK, None), "it can be repeated");
        vendor.take_step("T-1", "agent-approves").unwrap();
        sandbox.clock().advance(Duration::ZERO).await;
        let address = HeaderValue::from_static("https://bank.example/success?t=T-1");
        assert_eq!(open().await, (StatusCode::FOUND, Some(address)));
    }

    #[tokio::test]
    async fn person_stays_unless_redirect_is_activated() {
        let sandbox = sandbox().await;
        let configured = sandbox
            .idnow()
            .configure(|account| account.redirect_after_success = None);
        configured.unwrap();
        sandbox.idnow().act("T-1", "happy").unwrap();
        sandbox.clock().advance(Duration::from_secs(3600)).await;
        assert_eq!(return_address(&sandbox), None);
        let configured = sandbox
            .idnow()
            .configure(|account| account.redirect_after_success = Some("ftp://bank".to_owned()));
        let error = configured.unwrap_err().to_string();
        assert!(error.contains("redirect_after_success"), "{error}");
    }

    #[tokio::test]
    async fn page_asks_for_what_the_settings_require() {
        let sandbox = sandbox().await;
        let page = || crate::part::person::<Own>(&sandbox.worlds.state(), "T-1").unwrap();
        let video = page();
        assert!(video.is_open && video.title.contains("IhreBank"));
        assert!(video.asked.iter().any(|text| text.contains("30 seconds")));
        assert!(video.asked.iter().any(|text| text.contains("text message")));
        assert!(video.asked.iter().any(|text| text.contains("`en`")));
        let name = ("First name".to_owned(), "Erika".to_owned());
        assert!(video.shown.contains(&name));
        let configured = sandbox
            .idnow()
            .configure(|account| account.auto_ident = true);
        configured.unwrap();
        assert!(page().asked.iter().all(|text| !text.contains("agent")));
        sandbox.idnow().act("T-1", "rejected").unwrap();
        sandbox.clock().advance(Duration::from_secs(3600)).await;
        assert!(!page().is_open);
    }

    #[tokio::test]
    async fn other_company_is_found_by_company_and_number() {
        let sandbox = sandbox().await;
        start(&sandbox, "testbank", "testbankApiKey").await;
        let ids = |sandbox: &Sandbox| {
            let listed = (Own::ENTRY.list)(&sandbox.worlds.state());
            let ids = listed.into_iter().map(|listed| listed.summary.id);
            ids.collect::<Vec<_>>()
        };
        assert_eq!(ids(&sandbox), ["T-1", "testbank/t-1"]);
        let vendor = sandbox.vendor("idnow").unwrap();
        vendor.act("testbank/T-1", "rejected").unwrap();
        sandbox.clock().advance(Duration::from_secs(3600)).await;
        let state = |id| {
            let listed = (Own::ENTRY.find)(&sandbox.worlds.state(), id).unwrap();
            listed.summary.state
        };
        assert_eq!(state("T-1"), "not started");
        assert!(state("testbank/t-1").starts_with("FRAUD_SUSPICION_CONFIRMED"));
    }
}
