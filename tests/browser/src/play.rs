//! The steps of the test, in the order in which they are played.

use idv_sandbox::{Sandbox, Vendor};

use crate::Result;
use crate::client::{self, Settings};
use crate::page::{Look, Page};
use crate::receiver::Receiver;

/// The scenarios that every vendor has.
const SCENARIOS: [&str; 10] = [
    "happy",
    "data-changed",
    "rejected",
    "fraud",
    "fraud-in-review",
    "aborted-then-success",
    "canceled-in-review",
    "expired",
    "never-finishes",
    "unknown-status",
];

/// The state of a verification that the vendor has deleted at the end of a scenario.
const DELETED: &str = "(deleted)";

/// The state in the vendor's terms after each of [`SCENARIOS`].
const STATES: [(&str, [&str; 10]); 5] = [
    (
        "idnow",
        [
            "SUCCESS",
            "SUCCESS_DATA_CHANGED",
            "FRAUD_SUSPICION_CONFIRMED (WARNING_FAKE_ID)",
            "FRAUD_SUSPICION_CONFIRMED (WARNING_PHOTO)",
            "FRAUD_SUSPICION_CONFIRMED (WARNING_ID_MANIPULATION)",
            "SUCCESS",
            "CANCELED (TECH_PHOTO)",
            DELETED,
            "REVIEW_PENDING",
            "ESCALATED_TO_PARTNER",
        ],
    ),
    (
        "identity-tm",
        [
            "80 data ready",
            "80 data ready",
            "17/73 identification negative",
            "17/72 identification negative",
            "17/72 identification negative",
            "80 data ready",
            "22 processing terminated",
            "99 timed out, data deleted",
            "11 in quality management",
            "4711 not documented",
        ],
    ),
    (
        "cm-id-scan",
        [
            "completed",
            "completed (the print differs from the machine-readable zone)",
            "completed (the number of the document is invalid)",
            "completed (the faces are of different persons)",
            "completed (no living person was there)",
            "completed",
            "expired",
            "expired",
            "pending",
            "on_hold",
        ],
    ),
    (
        "identify24",
        [
            "Identified",
            "Identified",
            "Rejected",
            "Rejected",
            "Rejected",
            "Identified",
            "Canceled",
            "Expired",
            "InReview",
            "EscalatedToPartner",
        ],
    ),
    (
        "verificar-identidad",
        [
            "5100 Validated",
            "5100 Validated",
            "5500 Rejected",
            "5500 Rejected",
            "5500 Rejected",
            "5100 Validated",
            "5500 Rejected",
            "message sent",
            "5001 Process under verification",
            "4711 undocumented",
        ],
    ),
];

/// The choices on a person's page.
const CHOICES: [&str; 6] = [
    "succeed",
    "data-differ",
    "fail",
    "suspect-fraud",
    "abandon",
    "come-back-later",
];

/// The largest number of events of a scenario.
const MAX_EVENTS: usize = 60;

/// A newcomer sees the next steps.
pub(crate) async fn empty(page: &Page, sandbox: &Sandbox) -> Result<()> {
    for look in Look::ALL {
        page.look(look).await?;
        page.open(&sandbox.shared_url()).await?;
        page.shows(".welcome", "There is no verification yet")
            .await?;
        page.check("the empty page").await?;
        page.view("empty", look).await?;
    }
    page.look(Look::ALL[0]).await
}

/// Every vendor's verification is created, taken to the end of each scenario, and deleted by buttons
/// alone.
pub(crate) async fn every_scenario(page: &Page, sandbox: &Sandbox) -> Result<()> {
    let mut wrong = Vec::new();
    for vendor in sandbox.vendors() {
        let expected = STATES.iter().find(|(known, _)| *known == vendor.id());
        let (_, expected) = expected.ok_or("no states of this vendor are expected")?;
        for (scenario, expected) in SCENARIOS.into_iter().zip(expected) {
            reset(page, sandbox).await?;
            create_by_button(page, &vendor).await?;
            page.click(&format!("button[formaction$='/scenario/{scenario}']"))
                .await?;
            page.shows(".timeline", &format!("scenario {scenario}"))
                .await?;
            let state = play_out(page).await?;
            println!("{} {scenario}: {state}", vendor.id());
            if state != *expected {
                wrong.push(format!(
                    "{} {scenario}: {state}, not {expected}",
                    vendor.id()
                ));
            }
            if (vendor.id(), scenario) == ("idnow", "happy") {
                page.image("sandbox-verification").await?;
            }
            if state != DELETED {
                delete_by_button(page, &vendor, &state).await?;
            }
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n").into())
    }
}

/// Creates a verification on the page that a reset leads to.
async fn create_by_button(page: &Page, vendor: &Vendor<'_>) -> Result<()> {
    page.find("input[name='reference']")
        .await?
        .send_keys("T-1")
        .await?;
    page.click(&format!(
        "button[formaction='/_page/verifications/{}']",
        vendor.id()
    ))
    .await?;
    page.shows(".timeline", "created").await
}

/// Deletes the verification of the page in the way that the vendor's document has.
async fn delete_by_button(page: &Page, vendor: &Vendor<'_>, state: &str) -> Result<()> {
    const DELETE: &str = "form[action$='/delete'] button";
    match vendor.id() {
        "idnow" => {
            page.click(DELETE).await?;
            page.shows(".welcome", "There is no verification yet").await
        }
        "identity-tm" if state.ends_with("data deleted") => {
            page.click(DELETE).await?;
            page.shows("#notice", "The vendor refused the request (3.12)")
                .await
        }
        "identity-tm" => {
            page.click(DELETE).await?;
            // An order that has not ended is canceled first (4.2).
            let state = page.find(".facts .state").await?.text().await?;
            if !state.ends_with("data deleted") {
                page.click(DELETE).await?;
            }
            page.shows(".facts .state", "data deleted").await
        }
        _ => {
            page.shows("#client", "has no deletion").await?;
            page.shows(".facts .state", state).await
        }
    }
}

/// Moves the clock until no event of the verification is planned, and returns its state.
async fn play_out(page: &Page) -> Result<String> {
    for _ in 0..MAX_EVENTS {
        if page.find_all(".timeline .is-ahead").await?.is_empty() {
            let state = page.find(".facts .state").await?;
            return Ok(state.text().await?);
        }
        // A plan can end with a day on which nothing happens.
        let has_event = page.find("#next").await?.is_enabled().await?;
        page.click(if has_event {
            "#next"
        } else {
            "button[value='day']"
        })
        .await?;
        let notice = page.find("#notice").await?.text().await?;
        if notice.contains("There is nothing at this address") {
            return Ok(DELETED.to_owned());
        }
    }
    Err("the scenario does not end".into())
}

/// A person plays each choice on the page behind the hand-off link.
pub(crate) async fn every_choice(
    page: &Page,
    sandbox: &Sandbox,
    receiver: &Receiver,
) -> Result<()> {
    for vendor in sandbox.vendors() {
        for choice in CHOICES {
            reset(page, sandbox).await?;
            let id = create(page, sandbox, receiver, &vendor, "T-1").await?;
            open_first(page, sandbox, &id).await?;
            let view = page.address().await?;
            let before = page.find(".facts .state").await?.text().await?;
            let link = page.find(".facts a[href^='http']").await?;
            let link = link.attr("href").await?.unwrap_or_default();
            page.open(&link).await?;
            page.shows("main.person", "Play the person").await?;
            if choice == CHOICES[0] {
                for look in Look::ALL {
                    page.look(look).await?;
                    page.check(&format!("the person's page of {}", vendor.id()))
                        .await?;
                    page.view(&format!("person-{}", vendor.id()), look).await?;
                }
                page.look(Look::ALL[0]).await?;
                if vendor.id() == "idnow" {
                    page.image("sandbox-person").await?;
                }
            }
            page.follow(&format!("button[formaction$='/{choice}']"))
                .await?;
            returned(
                page,
                (vendor.id(), choice),
                (&link, &view),
                &receiver.return_url(),
            )
            .await?;
            page.open(&view).await?;
            let after = page.find(".facts .state").await?.text().await?;
            let timeline = page.find(".timeline").await?.text().await?;
            let noted = match choice {
                "come-back-later" => "the person leaves the page".to_owned(),
                choice => format!("the person chooses {choice}"),
            };
            if !timeline.contains(&noted) {
                return Err(format!("{} {choice}: no `{noted}` in {timeline}", vendor.id()).into());
            }
            println!("{} {choice}: {before} -> {after}", vendor.id());
        }
    }
    Ok(())
}

/// Checks that the person's browser ends at the address of the request, with the parameters of the
/// vendor's document, or at the vendor's page.
async fn returned(
    page: &Page,
    (vendor, choice): (&str, &str),
    (link, view): (&str, &str),
    back: &str,
) -> Result<()> {
    let expected = match (vendor, choice) {
        (_, "come-back-later" | "abandon") => return Ok(()),
        ("cm-id-scan", _) => format!("{back}?trxid="),
        ("identity-tm", "fail" | "suspect-fraud") => format!("{back}?result=abort"),
        ("identity-tm", _) => format!("{back}?result=success"),
        _ => link.to_owned(),
    };
    for _ in 0..MAX_EVENTS {
        let address = page.address().await?;
        if address.starts_with(&expected) {
            return Ok(());
        }
        // The person stays at the vendor until their part is over.
        page.open(view).await?;
        page.click("#next").await?;
        page.open(link).await?;
    }
    let address = page.address().await?;
    Err(format!("{vendor} {choice}: the browser is at {address}, not at {expected}").into())
}

/// The inspector names the rule that refuses a request.
pub(crate) async fn refused_request(page: &Page, sandbox: &Sandbox) -> Result<()> {
    reset(page, sandbox).await?;
    let idnow = sandbox.vendor("idnow")?;
    let address = format!(
        "{}/api/v1/ihrebank/identifications/T-1/start",
        idnow.base_url()
    );
    client::refused(&address).await?;
    let refusal = sandbox.requests().pop().and_then(|request| request.refusal);
    let rule = refusal.ok_or("the refused request has no rule")?.rule;
    page.open(&format!("{}/_page/requests", sandbox.shared_url()))
        .await?;
    page.click("tbody a").await?;
    page.shows(".problem", rule.requires).await?;
    page.shows(".problem", rule.section).await?;
    page.image("sandbox-refusal").await?;
    // Masking is switched on the page.
    page.click(".masking button").await?;
    page.shows(".masking", "are shown").await?;
    page.click(".masking button").await?;
    page.shows(".masking", "are masked").await
}

/// A callback is resent, duplicated, delayed and forged.
pub(crate) async fn callbacks(page: &Page, sandbox: &Sandbox, receiver: &Receiver) -> Result<()> {
    reset(page, sandbox).await?;
    let idnow = sandbox.vendor("idnow")?;
    let id = create(page, sandbox, receiver, &idnow, "T-1").await?;
    open_first(page, sandbox, &id).await?;
    page.click("button[formaction$='/scenario/happy']").await?;
    play_out(page).await?;
    let first = receiver.accepted();
    page.open(&format!("{}/_page/callbacks", sandbox.shared_url()))
        .await?;
    page.click("tbody a").await?;
    page.click("button[formaction$='/resend']").await?;
    expect("resent", receiver.accepted(), first + 1)?;
    page.click("button[formaction$='/duplicate']").await?;
    expect("duplicated", receiver.accepted(), first + 3)?;
    page.click("form[action$='/delay'] button").await?;
    expect("delayed", receiver.accepted(), first + 3)?;
    page.click("button[value='hour']").await?;
    expect("delayed, an hour later", receiver.accepted(), first + 4)?;
    let refused = receiver.refused();
    page.click("button[formaction$='/forge']").await?;
    page.shows(".outcome", "The client refused it.").await?;
    expect("forged", receiver.refused(), refused + 1)?;
    page.image("sandbox-callback").await
}

fn expect(what: &str, actual: usize, expected: usize) -> Result<()> {
    if actual == expected {
        Ok(())
    } else {
        Err(format!("{what}: the client has received {actual} callbacks, not {expected}").into())
    }
}

/// The clock moves by its buttons, and a fault is planned and removed.
pub(crate) async fn clock_and_faults(page: &Page, sandbox: &Sandbox) -> Result<()> {
    page.open(&format!("{}/_page/faults", sandbox.shared_url()))
        .await?;
    let before = sandbox.clock().now();
    page.click("button[value='hour']").await?;
    page.click("button[value='day']").await?;
    let moved = sandbox.clock().now().as_second() - before.as_second();
    if moved != 25 * 3600 {
        return Err(format!("the clock moved by {moved} seconds, not by 25 hours").into());
    }
    page.click("button[value='run']").await?;
    page.shows("#clock", "running").await?;
    page.click("button[value='pause']").await?;
    page.shows("#clock", "paused").await?;
    page.find("input[name='path']")
        .await?
        .send_keys("/start")
        .await?;
    page.click("button[value='cut_after']").await?;
    page.shows(".timeline", "cut_after").await?;
    page.click("form[action$='/clear'] button").await?;
    page.shows("main", "No fault is planned").await
}

/// An open page follows a change that it did not cause, and keeps the input of a field.
pub(crate) async fn live(page: &Page, sandbox: &Sandbox, receiver: &Receiver) -> Result<()> {
    reset(page, sandbox).await?;
    let idnow = sandbox.vendor("idnow")?;
    let settings = settings(page, sandbox, &idnow).await?;
    page.open(&sandbox.shared_url()).await?;
    let create = |reference: &'static str| {
        client::create(
            "idnow",
            &settings,
            reference,
            receiver,
            sandbox.clock().now().as_second(),
        )
    };
    create("T-1").await?;
    page.shows("tbody", "T-1").await?;
    page.open(&format!("{}/_page/faults", sandbox.shared_url()))
        .await?;
    let field = page.find("input[name='path']").await?;
    field.send_keys("/log").await?;
    sandbox.plan(idv_sandbox::Fault::new(idv_sandbox::FaultKind::Html).at("/none"));
    page.shows("main .timeline", "html").await?;
    let focus = "return document.activeElement.name + '=' + document.activeElement.value";
    if page.run(focus).await? != "path=/log" {
        return Err("the page lost the input or the focus of a field".into());
    }
    sandbox.clear_faults();
    page.shows("main", "No fault is planned").await
}

/// Every control is reached and used by the keyboard alone.
pub(crate) async fn keyboard(page: &Page, sandbox: &Sandbox) -> Result<()> {
    page.open(&format!(
        "{}/_page/verifications/idnow/T-1",
        sandbox.shared_url()
    ))
    .await?;
    let controls = page
        .run("return document.querySelectorAll('a[href], button:enabled, input:not([type=hidden]), pre[tabindex], summary').length")
        .await?
        .as_u64()
        .unwrap_or_default();
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..controls + 5 {
        page.find("body").await?;
        page.press_tab().await?;
        let focused = page
            .run(
                "const element = document.activeElement;
                const style = getComputedStyle(element);
                return element === document.body ? '' : element.outerHTML.slice(0, 160)
                    + (style.outlineStyle === 'none' ? ' INVISIBLE' : '');",
            )
            .await?;
        let focused = focused.as_str().unwrap_or_default().to_owned();
        if focused.ends_with("INVISIBLE") {
            return Err(format!("the focus is invisible on {focused}").into());
        }
        if !focused.is_empty() {
            reached.insert(focused);
        }
    }
    let scenarios = reached
        .iter()
        .filter(|html| html.contains("/scenario/"))
        .count();
    if scenarios < SCENARIOS.len() {
        return Err(format!("the keyboard reaches {scenarios} scenarios").into());
    }
    // The Enter key on the first scenario plays it.
    page.run("document.querySelector(\"button[formaction$='/scenario/happy']\").focus()")
        .await?;
    page.press_enter().await?;
    page.shows(".timeline", "scenario happy").await
}

/// Every view fits the window, in light and dark.
pub(crate) async fn every_view_fits(
    page: &Page,
    sandbox: &Sandbox,
    receiver: &Receiver,
) -> Result<()> {
    reset(page, sandbox).await?;
    for vendor in sandbox.vendors() {
        create(page, sandbox, receiver, &vendor, "T-1").await?;
        let id = vendor.ids().pop().ok_or("no verification")?;
        vendor.act(&id, "happy")?;
    }
    sandbox
        .clock()
        .advance(std::time::Duration::from_secs(3600))
        .await;
    sandbox.plan(idv_sandbox::Fault::new(idv_sandbox::FaultKind::Delay(500)).at("/login"));
    let mut views = vec![
        ("list".to_owned(), "/_page/".to_owned()),
        ("callbacks".to_owned(), "/_page/callbacks".to_owned()),
        ("callback".to_owned(), "/_page/callbacks/1".to_owned()),
        ("requests".to_owned(), "/_page/requests".to_owned()),
        ("request".to_owned(), "/_page/requests/1".to_owned()),
        ("faults".to_owned(), "/_page/faults".to_owned()),
        ("settings".to_owned(), "/_page/settings".to_owned()),
    ];
    for vendor in sandbox.vendors() {
        let id = vendor.ids().pop().ok_or("no verification")?;
        let path = format!("/_page/verifications/{}/{id}", vendor.id());
        views.push((format!("verification-{}", vendor.id()), path));
    }
    for (name, path) in views {
        for look in Look::ALL {
            page.look(look).await?;
            page.open(&format!("{}{path}", sandbox.shared_url()))
                .await?;
            page.check(&format!("{path} ({look:?})")).await?;
            page.view(&name, look).await?;
        }
    }
    page.look(Look::ALL[0]).await
}

async fn reset(page: &Page, sandbox: &Sandbox) -> Result<()> {
    page.open(&format!("{}/_page/settings", sandbox.shared_url()))
        .await?;
    page.click("button.danger").await?;
    page.shows("h1", "Verifications").await
}

/// Reads the settings that the page shows.
async fn settings(page: &Page, sandbox: &Sandbox, vendor: &Vendor<'_>) -> Result<Settings> {
    page.open(&format!("{}/_page/settings", sandbox.shared_url()))
        .await?;
    let shell = page.find(&format!("#{}-shell", vendor.id())).await?;
    Ok(Settings::parse(&shell.text().await?))
}

/// Creates a verification with the settings that the page shows.
async fn create(
    page: &Page,
    sandbox: &Sandbox,
    receiver: &Receiver,
    vendor: &Vendor<'_>,
    reference: &str,
) -> Result<String> {
    let settings = settings(page, sandbox, vendor).await?;
    let now = sandbox.clock().now().as_second();
    client::create(vendor.id(), &settings, reference, receiver, now).await
}

/// Opens the only verification of the list.
async fn open_first(page: &Page, sandbox: &Sandbox, id: &str) -> Result<()> {
    page.open(&sandbox.shared_url()).await?;
    page.click("tbody a").await?;
    page.shows("h1", id).await
}
