//! The JSON of an order: its statuses (3.2.6) and its result (3.3.4).

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::account::Account;
use super::case::{Case, Method};
use super::codes;
use super::files;
use super::order::add;

/// Formats a time in the document's form: German time with its difference to UTC.
pub(crate) fn time(at: Timestamp) -> String {
    // The rule itself rather than the name of a time zone, so that no time zone database is needed.
    let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap_or(TimeZone::UTC);
    at.to_zoned_datetime(zone)
        .strftime("%Y-%m-%dT%H:%M:%S%:z")
        .to_string()
}

/// Builds the response of getStatus.
pub(crate) fn status(case: &Case, now: Timestamp, extended: bool, sub_kinds: bool) -> Value {
    // A code that is not in the table is included: a customer must expect it (3.2.3.1).
    let visible = |kind: u32| extended || codes::code(kind).is_none_or(|code| !code.extended);
    let statuses: Vec<Value> = case
        .statuses
        .iter()
        .filter(|status| visible(status.kind))
        .map(|status| {
            let mut fields = Map::new();
            fields.insert("Kind".into(), status.kind.into());
            if let Some(sub_kind) = status.sub_kind.filter(|_| sub_kinds) {
                fields.insert("SubKind".into(), sub_kind.into());
            }
            fields.insert("Time".into(), time(status.at).into());
            if let Some(text) = status.text {
                fields.insert("Text".into(), text.into());
            }
            fields.into()
        })
        .collect();
    json!({ "OrderID": case.id, "Ref": case.submitted.reference(), "Executed": time(now), "Status": statuses })
}

/// The additional data of a request for the result (3.3.3).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Variants {
    pub(crate) initial_data: bool,
    pub(crate) identify_method: bool,
    pub(crate) identifier: bool,
}

/// Builds the response of getIdentData.
pub(crate) fn result(case: &Case, account: &Account, variants: Variants) -> Value {
    let mut root = Map::new();
    let identified = case.identified.unwrap_or(case.created);
    root.insert("Identitfied".into(), time(identified).into());
    if variants.identify_method && case.method() != Method::Phone {
        root.insert("IdentifyMethod".into(), method(case).into());
    }
    // No agent reads a chip.
    if variants.identifier && !matches!(case.method(), Method::Eid | Method::Phone) {
        root.insert(
            "Identifier".into(),
            if account.identifier_as_text {
                json!("1872")
            } else {
                json!(1872)
            },
        );
    }
    if account.user_ip_in_result {
        root.insert("UserIp".into(), "203.0.113.7".into());
    }
    if case.is_at_point_of_sale() {
        root.insert("OcrStatus".into(), ocr_status(case).into());
        let name = if account.names_as_printed {
            "eldUsed"
        } else {
            "eIdUsed"
        };
        root.insert(name.into(), (method(case) == "eID").into());
        root.insert("SecurityCheckFailed".into(), false.into());
    }
    if case.fraud {
        root.insert("FraudAttempt".into(), true.into());
    }
    let mut sets = Vec::new();
    if !case.nameless {
        sets.push(checked(case));
        sets.extend(variants.initial_data.then(|| initial(case)));
    }
    let data = if account.images_in_result && case.has_images(account) {
        let mut data = if account.numbered_sets {
            sets.into_iter()
                .enumerate()
                .map(|(number, set)| (number.to_string(), set.into()))
                .collect()
        } else {
            // Without numbers, the object has room for one set: the checked one.
            sets.into_iter().next().unwrap_or_default()
        };
        data.insert("Images".into(), files::image_list(case, account));
        Value::Object(data)
    } else {
        sets.into()
    };
    root.insert("IdentData".into(), data);
    root.into()
}

/// Returns the checked data, `Type` 1.
pub(crate) fn checked(case: &Case) -> Map<String, Value> {
    if let Some(reused) = &case.reused {
        return reused.clone();
    }
    let mut data = Map::new();
    data.insert("Type".into(), 1.into());
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            data.insert(name.into(), value.into());
        }
    };
    let given = |name: &str| given(case, name);
    // If only a phone was verified, no agent saw a document.
    let seen = case.method() != Method::Phone;
    let or = |name: &str, seen_text: &str| {
        given(name).unwrap_or_else(|| {
            if seen {
                seen_text.to_owned()
            } else {
                String::new()
            }
        })
    };
    let corrected = |text: &str, value: String| if case.changed { text.to_owned() } else { value };
    put("Firstname", Some(or("Firstname", "Erika")));
    put("Surname", Some(or("Surname", "Mustermann")));
    put("Street", Some(or("Street", "Heidestr. 17")));
    put("ZipCode", Some(or("ZipCode", "51147")));
    put("City", Some(or("City", "Köln")));
    put("Country", given("Country"));
    let birthdate = case
        .born
        .map_or_else(|| or("Birthdate", "1964-08-12"), str::to_owned);
    put(
        "Birthdate",
        Some(if case.changed {
            a_year_later(&birthdate)
        } else {
            birthdate
        }),
    );
    put(
        "Birthplace",
        Some(corrected("Hamburg", or("Birthplace", "Berlin"))),
    );
    // Determined unless it is null or omitted (3.1.4).
    if case.submitted.value(&["IdentData", "Birthname"]).is_some() {
        put("Birthname", Some(or("Birthname", "Gabler")));
    }
    put(
        "Nationality",
        Some(or("Nationality", "DE")).filter(|text| !text.is_empty()),
    );
    put("Title", given("Title"));
    put("Artistname", given("Artistname"));
    put(
        "Gender",
        Some(or("Gender", "female")).filter(|text| !text.is_empty()),
    );
    put(
        "Mobile",
        case.submitted
            .mobile()
            .filter(|_| case.mobile_verified)
            .map(str::to_owned),
    );
    if seen && (!case.submitted.adds(add::LICENSE_ALONE) || case.submitted.adds(add::LICENSE)) {
        data.insert("IDCard".into(), id_card(case).into());
    }
    if case.submitted.adds(add::LICENSE | add::LICENSE_ALONE) {
        data.insert("DriverLicence".into(), driver_licence(case));
    }
    if let Some(Value::Object(details)) = case.submitted.value(&["IdentData", "Additional"]) {
        let answered = details
            .iter()
            .map(|(name, detail)| (name.clone(), answer_to(detail).into()));
        data.insert("Additional".into(), Value::Object(answered.collect()));
    }
    data
}

/// Returns the same day of the next year.
fn a_year_later(date: &str) -> String {
    let date = date
        .parse::<jiff::civil::Date>()
        .and_then(|date| date.checked_add(jiff::Span::new().years(1)));
    date.map_or_else(|_| "1983-05-22".to_owned(), |date| date.to_string())
}

/// Returns the submitted data, `Type` 2. As in the sample, omitted dates are the first day of 1970,
/// and other omitted fields are null.
fn initial(case: &Case) -> Map<String, Value> {
    let mut data = Map::new();
    data.insert("Type".into(), 2.into());
    let text = |path: &[&str]| case.submitted.text(path).map_or(Value::Null, Value::from);
    let date = |path: &[&str]| Value::from(case.submitted.text(path).unwrap_or("1970-01-01"));
    for name in ["Firstname", "Surname", "Street", "ZipCode", "City"] {
        data.insert(name.into(), text(&["IdentData", name]));
    }
    data.insert("Birthdate".into(), date(&["IdentData", "Birthdate"]));
    for name in ["Birthplace", "Nationality"] {
        data.insert(name.into(), text(&["IdentData", name]));
    }
    for name in [
        "Country",
        "Birthname",
        "Title",
        "Artistname",
        "Gender",
        "Mobile",
        "Email",
    ] {
        let value = text(&["IdentData", name]);
        if !value.is_null() {
            data.insert(name.into(), value);
        }
    }
    let mut card = Map::new();
    for name in ["CardNo", "PlaceOfIssue"] {
        card.insert(name.into(), text(&["IdentData", "IDCard", name]));
    }
    card.insert(
        "ValidUntil".into(),
        date(&["IdentData", "IDCard", "ValidUntil"]),
    );
    data.insert("IDCard".into(), card.into());
    data
}

fn id_card(case: &Case) -> Map<String, Value> {
    let given = |name: &str| case.submitted.text(&["IdentData", "IDCard", name]);
    let mut card = Map::new();
    let by_chip = method(case) == "eID";
    if by_chip {
        card.insert(
            "eidRestrictedIdentifier".into(),
            "1BFE4AA04A6E3C2B7D9F0C8E5A1D6B3F".into(),
        );
    }
    // The chip contains neither the number of the card nor the place and the date of issue; its
    // picture does.
    if !by_chip || case.asks_of_eid("EnableOCR") {
        card.insert(
            "CardNo".into(),
            given("CardNo").unwrap_or("T22000129").into(),
        );
        card.insert(
            "PlaceOfIssue".into(),
            given("PlaceOfIssue").unwrap_or("Stadt Köln").into(),
        );
        card.insert(
            "DateOfIssue".into(),
            given("DateOfIssue").unwrap_or("2020-11-01").into(),
        );
    }
    let custom = legitimation_document(case);
    let licence = if case.submitted.adds(add::LICENSE) {
        8
    } else {
        0
    };
    card.insert(
        "extDocumentType".into(),
        (licence | u32::from(custom.is_none())).into(),
    );
    card.insert(
        "CountryOfIssue".into(),
        given("CountryOfIssue").unwrap_or("DE").into(),
    );
    card.insert(
        "ValidUntil".into(),
        given("ValidUntil").unwrap_or("2030-10-31").into(),
    );
    card.insert("Type".into(), custom.unwrap_or("IDCard").into());
    card
}

/// Returns the first document type that the customer requests in place of the usual ones.
fn legitimation_document(case: &Case) -> Option<&str> {
    let first = case
        .submitted
        .value(&["LegitimationDocument"])?
        .as_array()?
        .first()?;
    first.as_str().or_else(|| first.get("Document")?.as_str())
}

fn driver_licence(case: &Case) -> Value {
    let given = |name: &str, default: &str| {
        case.submitted
            .text(&["IdentData", "DriverLicence", name])
            .unwrap_or(default)
            .to_owned()
    };
    json!({
        "LicenceNo": given("LicenceNo", "B072RRE2I55"),
        "Classes": given("Classes", "AM, B, L"),
        "DateOfIssue": given("DateOfIssue", "2013-02-22"),
    })
}

/// Returns the agent's entry for a special attribute: the submitted value, or a value of its type.
fn answer_to(detail: &Value) -> String {
    let submitted = detail
        .get("Value")
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty());
    let default = match detail.get("Type").and_then(Value::as_u64) {
        Some(2) => "2010-01-11",
        Some(3) => "true",
        Some(4) => "DE",
        _ => "as seen",
    };
    submitted.unwrap_or(default).to_owned()
}

/// Returns the value submitted for the identification, or else for the contact.
fn given(case: &Case, name: &str) -> Option<String> {
    let of_address = matches!(
        name,
        "Firstname" | "Surname" | "Street" | "ZipCode" | "City"
    );
    let text = case.submitted.text(&["IdentData", name]);
    text.or_else(|| {
        case.submitted
            .text(&["Address", name])
            .filter(|_| of_address)
    })
    .map(str::to_owned)
}

/// Returns `IdentifyMethod` (3.3.4).
fn method(case: &Case) -> &'static str {
    match case.method() {
        // An earlier identification was by video, as far as is known.
        Method::Video | Method::Earlier | Method::Phone => "Video",
        Method::Shop => "Shop",
        Method::Eid => "eID",
        Method::AutoId => "AutoID",
    }
}

/// Returns `OcrStatus` (3.3.4): the requested processing was done.
fn ocr_status(case: &Case) -> u32 {
    match (
        case.asks_of_eid("EnableOCR"),
        case.asks_of_eid("CaptureImages"),
    ) {
        (true, true) => 1,
        (true, false) => 2,
        (false, _) => 0,
    }
}
