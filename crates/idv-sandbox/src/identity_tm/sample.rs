//! Webhooks without a client's order: the events, and an order with fictitious data.

use serde_json::{Value, json};

use super::account::{Account, Webhooks};
use super::case::Case;
use super::order::{Submitted, product};
use super::{Moment, World, create};
use crate::pdf;

/// The webhooks (3.1.4), and for each the scenario or the step that causes it.
///
/// The notification of 3.9 is not among them: it follows a request of the client.
pub(super) const EVENTS: &[(&str, &str)] = &[
    ("AfterVideo", "happy"),
    ("AfterIdent", "happy"),
    ("OnFinal", "happy"),
    ("OnError", "partner-fails"),
    ("OnVideoError", "aborted-then-success"),
    ("OnStatusChange", "fraud"),
];

/// The products of the sample. The first one that the account has is used.
const PRODUCTS: [u64; 7] = [
    product::VIDEO,
    product::AUTO_ID,
    product::ANY_BUT_VIDEO,
    product::READER,
    product::SHOP,
    product::ESIGN,
    product::PHONE,
];

/// Creates an order whose webhooks go to this address, and returns its OrderID.
pub(super) fn create(
    world: &mut World,
    url: &str,
    moment: &mut Moment<'_>,
) -> Result<String, String> {
    moment.reach.demand(Some(url))?;
    let to = |event| Some(address(url, event));
    // An order has one of the first two. This one exists for a single webhook, which may be any.
    world.first.webhooks = Webhooks {
        after_video: to("AfterVideo"),
        after_ident: to("AfterIdent"),
        on_final: to("OnFinal"),
        on_error: to("OnError"),
        on_video_error: to("OnVideoError"),
        on_status_change: to("OnStatusChange"),
    };
    let account = world.first.clone();
    let body = body(product_of(&account)?).to_string();
    let submitted = Submitted::read(body.as_bytes(), &account).map_err(|failure| failure.text)?;
    let id = create::order_id(world, moment.random);
    let token = moment.random.uuid().replace('-', "").to_uppercase();
    let case = Case::new(id.clone(), account.user, token, submitted, moment.now);
    world.cases.insert(id.clone(), case);
    Ok(id)
}

/// Returns a product of the account.
pub(super) fn product_of(account: &Account) -> Result<u64, String> {
    let is_enabled = |product: &u64| {
        account
            .products
            .iter()
            .any(|own| u64::from(*own) == *product)
    };
    let product = PRODUCTS.into_iter().find(is_enabled);
    product.ok_or_else(|| "The account has no product.".to_owned())
}

/// Returns the address of a webhook. Without a placeholder in it, the webhook's name and the
/// placeholders become parameters: the vendor adds nothing to an address, and sends no body.
pub(super) fn address(url: &str, event: &str) -> String {
    const PLACEHOLDERS: [&str; 3] = ["[OrderID]", "[Ref]", "[statusCode]"];
    if PLACEHOLDERS.iter().any(|name| url.contains(name)) {
        return url.to_owned();
    }
    let url = url.split('#').next().unwrap_or_default();
    let separator = if url.contains('?') { '&' } else { '?' };
    let status = if event == "OnStatusChange" {
        "&statusCode=[statusCode]"
    } else {
        ""
    };
    format!("{url}{separator}event={event}&orderId=[OrderID]&ref=[Ref]{status}")
}

/// Returns a request of putOrder, with the person of the document's samples.
pub(super) fn body(product: u64) -> Value {
    let mut body = json!({
        "Ref": "SAMPLE-1",
        "Product": product,
        "Add": 0,
        "Email": "e.mustermann@example.com",
        "Mobile": "+491711234567",
        "Address": { "Firstname": "Erika", "Surname": "Mustermann", "Country": "DE" },
    });
    if product == product::ESIGN
        && let Some(order) = body.as_object_mut()
    {
        use base64::Engine as _;
        let content = pdf::document(&["Sample".to_owned()]);
        let content = base64::engine::general_purpose::STANDARD.encode(content);
        order.insert("eSignPDF".into(), json!({ "Data": content }));
    }
    body
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
mod tests {
    use super::*;
    use crate::callback::Callback;
    use crate::identity_tm::Own;
    use crate::part::Part as _;
    use crate::sandbox::Sandbox;
    use crate::state::State;

    fn trigger(sandbox: &Sandbox, event: &str, url: &str) -> Result<Callback, String> {
        let trigger = |state: &mut State, now| (Own::ENTRY.trigger)(state, now, event, url);
        sandbox.worlds.unrecorded(trigger)
    }

    async fn start() -> Sandbox {
        let builder = Sandbox::builder().speed(0.0).in_process();
        builder.start().await.unwrap()
    }

    #[tokio::test]
    async fn each_event_triggers_its_webhook() {
        let sandbox = start().await;
        for (event, _) in EVENTS {
            let callback = trigger(&sandbox, event, "http://127.0.0.1:1/hook?a=b#c").unwrap();
            assert_eq!(
                (callback.kind, &callback.method),
                (*event, &http::Method::GET)
            );
            let (start, order) = callback.url.split_once("&orderId=").unwrap();
            assert_eq!(start, format!("http://127.0.0.1:1/hook?a=b&event={event}"));
            let status = if *event == "OnStatusChange" {
                "&statusCode=89"
            } else {
                ""
            };
            let reference = callback.reference;
            assert_eq!(order, format!("{reference}&ref=SAMPLE-1{status}"));
            assert_eq!(reference.len(), 14);
        }
        assert_eq!(sandbox.identity_tm().orders(), 0);
        assert_eq!(sandbox.identity_tm().account(), Account::default());
        assert!(sandbox.callbacks().is_empty());
    }

    #[tokio::test]
    async fn placeholders_of_the_address_are_filled() {
        let sandbox = start().await;
        let url = "http://localhost/[Ref]/[statusCode]";
        let callback = trigger(&sandbox, "OnStatusChange", url).unwrap();
        assert_eq!(callback.url, "http://localhost/SAMPLE-1/89");
    }

    #[tokio::test]
    async fn webhook_needs_a_product_that_causes_it() {
        let sandbox = start().await;
        let emulator = sandbox.identity_tm();
        let url = "http://localhost/";
        for product in [0, 8, 12, 15, 16, 17, 19] {
            emulator
                .configure(|account| account.products = vec![product])
                .unwrap();
            let by_video = matches!(product, 12 | 15);
            for (event, _) in EVENTS {
                let expected = match *event {
                    "AfterVideo" | "OnVideoError" => by_video,
                    "AfterIdent" => product != 17,
                    _ => true,
                };
                let callback = trigger(&sandbox, event, url);
                assert_eq!(callback.is_ok(), expected, "{product}, {event}");
            }
        }
        emulator
            .configure(|account| account.products.clear())
            .unwrap();
        assert!(trigger(&sandbox, "OnFinal", url).is_err());
    }

    #[tokio::test]
    async fn foreign_addresses_and_events_are_refused() {
        let sandbox = start().await;
        for (event, url) in [
            ("OnFinal", "https://example.com/"),
            ("OnFinal", "hook"),
            ("OnAnything", "http://localhost/"),
        ] {
            assert!(trigger(&sandbox, event, url).is_err(), "{event}, {url}");
        }
    }
}
