//! The contents of the person's page.

use serde_json::Value;

use super::World;
use super::account::Account;
use super::case::{Case, Method};
use super::esign;
use super::order::{Submitted, add};
use crate::person::PersonPage;

/// Returns the page behind the links of an order.
pub(super) fn of(world: &World, order: &str) -> Option<PersonPage> {
    let case = world.cases.get(order)?;
    let account = world.account(&case.user)?;
    let documents = documents(world, case);
    let signs = case.awaits_signature();
    let mut asked = Vec::new();
    if signs {
        asked.push(format!("Please read what you will sign: {documents}."));
        let confirmations = items(&case.submitted, &["eSignOptions", "AdditionalCheckboxes"]);
        asked.extend(
            confirmations
                .filter_map(Value::as_str)
                .map(|text| format!("Please confirm: {text}")),
        );
        asked.push("Please sign with the TAN that comes to your phone.".to_owned());
    } else {
        ask_for_identification(case, account, &mut asked);
        if case.submitted.is_signed() {
            asked.push(format!("Afterwards, you will sign: {documents}."));
        }
    }
    Some(PersonPage {
        language: "en",
        title: if signs {
            "Sign your documents"
        } else {
            title(case.method())
        }
        .to_owned(),
        asked,
        shown: shown(case),
        is_open: case.awaits_person(account),
    })
}

const fn title(method: Method) -> &'static str {
    match method {
        Method::Video => "Identify yourself in a video call",
        Method::Shop => "Identify yourself in a shop",
        Method::Eid => "Identify yourself with the online function of your identity card",
        Method::AutoId => "Identify yourself with autoID",
        Method::Phone => "Verify your mobile number",
        Method::Earlier => "Your identification",
    }
}

/// Adds the requests to the person, according to the method and the settings of the order.
fn ask_for_identification(case: &Case, account: &Account, asked: &mut Vec<String>) {
    let mut ask = |text: &str| asked.push(text.to_owned());
    let order = &case.submitted;
    let method = case.method();
    let tan = "Please have your phone at hand: a TAN will come to it.";
    match method {
        Method::Phone => return ask(tan),
        Method::Earlier => return ask("There is nothing for you to do here."),
        Method::Video => {
            ask("Please find a place with good light, a camera and a microphone.");
            ask(tan);
            if account.video_recording || order.adds(add::RECORD_VIDEO) {
                ask("The call is recorded.");
            }
        }
        Method::Shop => {
            ask(&format!(
                "Please take the number of the order to a shop: {}.",
                case.id
            ));
        }
        Method::Eid => {
            ask("Please hold your identity card to your phone, and enter its PIN in the app.");
            if case.asks_of_eid("EnableOCR") || case.asks_of_eid("CaptureImages") {
                ask("Please take pictures of both sides of your identity card.");
            }
            if case.asks_of_eid("VerifyMobileNumber") {
                ask(tan);
            }
        }
        Method::AutoId => {
            ask("Please take pictures of your identity document and of your face.");
        }
    }
    let custom = items(order, &["LegitimationDocument"])
        .filter_map(|item| item.as_str().or_else(|| item.get("Document")?.as_str()))
        .collect::<Vec<_>>();
    if !custom.is_empty() {
        ask(&format!("Please have ready: {}.", custom.join(", ")));
    } else if method != Method::Eid && !order.adds(add::LICENSE_ALONE) {
        ask("Please have your identity card or passport ready.");
    }
    if order.adds(add::LICENSE | add::LICENSE_ALONE) {
        ask("Please have your driving licence ready.");
    }
    if let Some(Value::Object(details)) = order.value(&["IdentData", "Additional"]) {
        let labels = details
            .values()
            .filter_map(|detail| detail.get("Label")?.as_str())
            .collect::<Vec<_>>();
        if !labels.is_empty() {
            ask(&format!("You will be asked for: {}.", labels.join(", ")));
        }
    }
}

/// Returns the names of the documents to sign; those of another order if several persons sign.
fn documents(world: &World, case: &Case) -> String {
    let order = case
        .submitted
        .text(&["MultiSignOptions", "FirstOrderID"])
        .and_then(|first| world.cases.get(first))
        .map_or(&case.submitted, |first| &first.submitted);
    esign::names(order).join(", ")
}

/// Returns the items of an array.
fn items<'a>(order: &'a Submitted, path: &[&str]) -> impl Iterator<Item = &'a Value> {
    let items = order.value(path).and_then(Value::as_array);
    items.into_iter().flatten()
}

/// Returns the submitted data that the agent compares with the person's document, and the purpose
/// (3.1.4).
fn shown(case: &Case) -> Vec<(String, String)> {
    let order = &case.submitted;
    let given = |name: &str| {
        order
            .text(&["IdentData", name])
            .or_else(|| order.text(&["Address", name]))
    };
    let joined = |names: &[&str]| {
        let texts: Vec<&str> = names.iter().filter_map(|name| given(name)).collect();
        Some(texts.join(" ")).filter(|text| !text.is_empty())
    };
    let rows = [
        ("Order", Some(case.id.clone())),
        ("Purpose", purpose(order)),
        ("Name", joined(&["Title", "Firstname", "Surname"])),
        ("Street", joined(&["Street"])),
        ("City", joined(&["ZipCode", "City"])),
        ("Country", joined(&["Country"])),
        ("Date of birth", joined(&["Birthdate"])),
        ("Place of birth", joined(&["Birthplace"])),
        ("Mobile number", order.mobile().map(str::to_owned)),
        (
            "E-mail",
            order.text(&["Email"]).map(|text| text.trim().to_owned()),
        ),
    ];
    rows.into_iter()
        .filter_map(|(label, value)| Some((label.to_owned(), value?)))
        .collect()
}

/// Returns the purpose in English, in the language of the order, or in any language.
fn purpose(order: &Submitted) -> Option<String> {
    let texts = match order.value(&["Purpose"])? {
        Value::String(text) => return Some(text.clone()),
        Value::Object(texts) => texts,
        _ => return None,
    };
    let language = order.text(&["Lang"]).unwrap_or_default();
    let in_language = |wanted: &str| {
        texts
            .iter()
            .find(|(language, _)| language.eq_ignore_ascii_case(wanted))
            .map(|(_, text)| text)
    };
    in_language("en")
        .or_else(|| in_language(language))
        .or_else(|| texts.values().next())?
        .as_str()
        .map(str::to_owned)
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::identity_tm::Own;
    use crate::part::Part as _;
    use crate::person::Choice;
    use crate::sandbox::Sandbox;
    use crate::state::State;

    /// Starts a sandbox with an order that has the addresses of its redirects, and returns the
    /// OrderID and the path of the person's page.
    async fn start(product: u64, additions: &[(&str, Value)]) -> (Sandbox, String, String) {
        let sandbox = Sandbox::builder()
            .speed(0.0)
            .in_process()
            .start()
            .await
            .unwrap();
        let mut body = crate::identity_tm::sample::body(product);
        body["getTargetLink"] = true.into();
        body["RedirectURL"] = json!({
            "Success": "https://example.com/yes?id=[OrderID]&ref=[Ref]",
            "Abort": "app://no/[OrderID]",
        });
        for (name, value) in additions {
            body[*name] = value.clone();
        }
        let request = http::Request::put(format!("{}putOrder", sandbox.identity_tm().base_url()))
            .header("authorization", "Basic ZXhhbXBsZTpleGFtcGxlUGFzc3dvcmQ=")
            .header("content-type", "application/json")
            .body(Bytes::from(body.to_string()))
            .unwrap();
        let answer = sandbox.exchange(request).await.unwrap();
        let answer = answer.into_body().whole().unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        (sandbox, text("OrderID"), text("TargetURL"))
    }

    async fn advance(sandbox: &Sandbox, hours: u64) {
        let clock = sandbox.clock();
        clock.advance(Duration::from_secs(hours * 3600)).await;
    }

    fn page(sandbox: &Sandbox, id: &str) -> PersonPage {
        crate::part::person::<Own>(&sandbox.worlds.state(), id).unwrap()
    }

    fn return_address(sandbox: &Sandbox, id: &str) -> Option<String> {
        (Own::ENTRY.return_address)(&sandbox.worlds.state(), id)
    }

    fn choose(sandbox: &Sandbox, id: &str, choice: Choice) -> Result<(), String> {
        let choose = |state: &mut State, now| (Own::ENTRY.choose)(state, now, id, choice);
        sandbox.worlds.unrecorded(choose)
    }

    fn state(sandbox: &Sandbox, id: &str) -> String {
        let listed = (Own::ENTRY.find)(&sandbox.worlds.state(), id).unwrap();
        listed.summary.state
    }

    /// Returns the status and the address of the redirect.
    async fn visit(sandbox: &Sandbox, url: &str) -> (u16, Option<String>) {
        let request = http::Request::get(url).body(Bytes::new()).unwrap();
        let answer = sandbox.exchange(request).await.unwrap();
        let location = answer.headers().get("location");
        let location = location.map(|location| location.to_str().unwrap().to_owned());
        (answer.status().as_u16(), location)
    }

    #[tokio::test]
    async fn person_returns_to_the_documented_address() {
        for product in [0, 8, 12, 15, 16, 17, 19] {
            for choice in Choice::ALL {
                let (sandbox, id, url) = start(product, &[]).await;
                let about = format!("{product}, {choice:?}");
                assert_eq!(return_address(&sandbox, &id), None, "{about}");
                choose(&sandbox, &id, choice).unwrap();
                advance(&sandbox, 48).await;
                let expected = match choice {
                    Choice::Succeed | Choice::DataDiffer => {
                        Some(format!("https://example.com/yes?id={id}&ref=SAMPLE-1"))
                    }
                    Choice::Fail | Choice::SuspectFraud | Choice::Abandon => {
                        Some(format!("app://no/{id}"))
                    }
                    Choice::ComeBackLater => None,
                };
                assert_eq!(return_address(&sandbox, &id), expected, "{about}");
                assert_eq!(page(&sandbox, &id).is_open, expected.is_none(), "{about}");
                let status = if expected.is_some() { 302 } else { 200 };
                assert_eq!(visit(&sandbox, &url).await, (status, expected), "{about}");
            }
        }
    }

    #[tokio::test]
    async fn choice_starts_at_once() {
        let (sandbox, id, _) = start(12, &[]).await;
        assert_eq!(state(&sandbox, &id), "25 order initialized");
        choose(&sandbox, &id, Choice::Succeed).unwrap();
        advance(&sandbox, 0).await;
        assert_eq!(state(&sandbox, &id), "77 in the waiting room for the call");
    }

    #[tokio::test]
    async fn person_returns_for_the_signature() {
        let (sandbox, id, url) = start(15, &[]).await;
        for step in ["person-begins", "person-completes"] {
            let vendor = sandbox.vendor(Own::ID).unwrap();
            vendor.take_step(&id, step).unwrap();
            advance(&sandbox, 0).await;
        }
        let success = format!("https://example.com/yes?id={id}&ref=SAMPLE-1");
        assert_eq!(visit(&sandbox, &url).await, (302, Some(success)));
        let vendor = sandbox.vendor(Own::ID).unwrap();
        vendor.take_step(&id, "reviewer-confirms").unwrap();
        advance(&sandbox, 0).await;
        let page = page(&sandbox, &id);
        assert!(page.is_open && page.title.contains("Sign"), "{page:?}");
        choose(&sandbox, &id, Choice::Abandon).unwrap();
        advance(&sandbox, 1).await;
        assert_eq!(state(&sandbox, &id), "103 signing aborted");
        let abort = format!("app://no/{id}");
        assert_eq!(visit(&sandbox, &url).await, (302, Some(abort)));
    }

    #[tokio::test]
    async fn page_without_redirects_keeps_the_person() {
        let (sandbox, id, url) = start(12, &[("RedirectURL", Value::Null)]).await;
        choose(&sandbox, &id, Choice::Abandon).unwrap();
        advance(&sandbox, 1).await;
        assert_eq!(return_address(&sandbox, &id), None);
        assert_eq!(visit(&sandbox, &url).await, (200, None));
        assert!(!page(&sandbox, &id).is_open);
    }

    #[tokio::test]
    async fn page_asks_for_the_settings_of_the_order() {
        let details = json!({ "Additional": { "a": { "Type": 2, "Label": "Date of issue" } } });
        let purposes = json!({ "DE": "Konto", "EN": "Account" });
        for (product, name, value, expected) in [
            (12, "Add", json!(4096), "driving licence"),
            (12, "Add", json!(131_072), "The call is recorded."),
            (
                12,
                "LegitimationDocument",
                json!(["Student card"]),
                "Student card",
            ),
            (12, "IdentData", details, "Date of issue"),
            (12, "Ref", json!("x"), "identity card or passport"),
            (12, "Purpose", purposes, "Account"),
            (12, "Email", json!("erika@example.com"), "erika@example.com"),
            (15, "Ref", json!("x"), "you will sign: document-1"),
            (16, "Ref", json!("x"), "of your face"),
            (17, "Ref", json!("x"), "a TAN will come"),
            (19, "Ref", json!("x"), "enter its PIN"),
            (
                19,
                "eIDSettings",
                json!({ "EnableOCR": true }),
                "both sides",
            ),
            (8, "Ref", json!("x"), "to a shop"),
        ] {
            let (sandbox, id, _) = start(product, &[(name, value)]).await;
            let page = page(&sandbox, &id);
            let shown = page.shown.iter().map(|(_, value)| value.clone());
            let all: Vec<String> = page.asked.iter().cloned().chain(shown).collect();
            assert!(
                all.iter().any(|text| text.contains(expected)),
                "{product}, {name}: {all:?}"
            );
        }
    }
}
