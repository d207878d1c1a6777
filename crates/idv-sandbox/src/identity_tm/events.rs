//! Status changes and their notifications: webhooks (2.6) and mails (3.1.4).

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::account::Account;
use super::case::{Case, Status};
use super::{Effect, Moment};
use crate::callback::Callback;
use crate::clock::later;

/// The time after which results are deleted automatically (3.12).
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// The characters that are not encoded in an address.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Applies a status.
pub(crate) fn reach(
    case: &mut Case,
    account: &Account,
    kind: u32,
    sub_kind: Option<u32>,
    moment: &mut Moment<'_>,
) {
    let was_final = case.is_final();
    case.statuses.push(Status {
        kind,
        sub_kind,
        at: moment.now,
        text: text(kind, sub_kind, account),
    });
    match kind {
        6 => case.identified = case.identified.or(Some(moment.now)),
        89 => case.fraud = true,
        _ => {}
    }
    let is_final = !was_final && case.is_final();
    if is_final && case.is_suspicious() {
        case.identified = case.identified.or(Some(moment.now));
    }
    if account.status_change_kinds.contains(&kind) {
        tell(case, account, "OnStatusChange", kind, moment);
    }
    match kind {
        21 => tell(case, account, "OnVideoError", kind, moment),
        29 | 109 | 139 => tell(case, account, "OnError", kind, moment),
        75 | 79 => tell(case, account, "AfterVideo", kind, moment),
        _ => {}
    }
    match kind {
        // Conducted: in the video call, by eID, or by a method whose result is verified at once.
        51 | 75 | 105 if !case.conducted => {
            case.conducted = true;
            tell(case, account, "AfterIdent", kind, moment);
        }
        // The person can, and has to, repeat their part.
        21 | 153 => case.conducted = false,
        _ => {}
    }
    if kind == 79 || kind == 75 {
        mail(case, "OnLeave");
    }
    if is_final {
        tell(case, account, "OnFinal", kind, moment);
        mail(
            case,
            match kind {
                6 | 84 => "OnPositiveIdent",
                99 | 100 => "OnTimeOut",
                _ => "OnNegativeIdent",
            },
        );
        moment.plan(later(moment.now, KEPT), &case.id, Effect::Delete);
    }
}

/// Sends a webhook if the order or the account has an address for it.
fn tell(case: &Case, account: &Account, kind: &'static str, status: u32, moment: &mut Moment<'_>) {
    let of_order = |kind: &str| case.submitted.text(&["WebhookURL", kind]);
    let of_account = account
        .webhooks
        .all()
        .into_iter()
        .find(|(known, _)| *known == kind)
        .and_then(|(_, url)| url);
    // Only one of these two is sent, and the order's address takes precedence over the account's.
    let replaced = match kind {
        "AfterVideo" => of_order("AfterIdent").is_some(),
        "AfterIdent" => of_order("AfterVideo").is_some(),
        _ => false,
    };
    let of_account = of_account.filter(|_| !replaced).map(String::as_str);
    let Some(url) = of_order(kind).or(of_account) else {
        return;
    };
    let mut url = fill(url, case);
    if kind == "OnStatusChange" {
        url = url.replace("[statusCode]", &status.to_string());
    }
    moment.callbacks.push(Callback::new(
        kind,
        &case.id,
        account.webhook_method.into(),
        url,
    ));
}

/// Fills the placeholders of an address (2.6).
pub(crate) fn fill(url: &str, case: &Case) -> String {
    let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
    // The values are encoded, so that no bracket in them counts as a placeholder.
    url.replace("[Ref]", &encode(case.submitted.reference()))
        .replace("[OrderID]", &encode(&case.id))
}

fn mail(case: &mut Case, kind: &'static str) {
    if let Some(address) = case
        .submitted
        .text(&["EmailNotifications", kind])
        .map(str::to_owned)
    {
        case.mails.push((kind, address));
    }
}

/// Returns the explanatory text: that of the sample in 3.2.9, or a reason if the account receives
/// them (3.2.6).
const fn text(kind: u32, sub_kind: Option<u32>, account: &Account) -> Option<&'static str> {
    match (kind, sub_kind) {
        (17 | 21 | 22 | 29 | 63 | 103, _) if account.status_texts => Some(match kind {
            17 => "Ausweis abgelaufen am 01.02.2025",
            21 => "Bildqualität nicht ausreichend",
            22 => "Bearbeitung beendet: Angaben nicht prüfbar",
            29 => "Auftrag kann nicht bearbeitet werden",
            63 => "Storniert durch den Auftraggeber",
            _ => "Signatur durch den Kunden abgebrochen",
        }),
        (71, Some(44)) => Some("signme Passwort"),
        (71, Some(16 | 17 | 49 | 56 | 62)) => Some("TAN"),
        _ => None,
    }
}
