//! Results as JSON and as XML (chapter 13), built from the same items.

use serde_json::{Map, Value, json};

use super::account::Account;
use super::case::{Case, Item, Outcome};

/// Returns the attachments of a result: key, file name, media type (13.1.6).
pub(crate) fn attachments(
    case: &Case,
    account: &Account,
    outcome: &Outcome,
) -> Vec<(String, String)> {
    if !outcome.has_data() || !account.attachments {
        return Vec::new();
    }
    let tx = &case.transaction_number;
    let mut files = vec![("pdf", format!("{tx}.pdf"))];
    if account.auto_ident {
        files.extend([
            ("livenessleft", format!("{tx}_liveness_left.jpg")),
            ("livenessright", format!("{tx}_liveness_right.jpg")),
        ]);
    } else {
        files.extend([
            ("audiolog", format!("{tx}.mp3")),
            ("videolog", format!("{tx}.mp4")),
        ]);
        files.push(("security_covered", format!("{tx}_security_covered.jpg")));
    }
    for key in [
        "idfrontside",
        "idbackside",
        "userface",
        "security1",
        "security2",
        "security3",
    ] {
        files.push((key, format!("{tx}_{key}.jpg")));
    }
    files
        .into_iter()
        .map(|(key, name)| (key.to_owned(), name))
        .collect()
}

/// Returns the result as JSON, without attachments (13.4; 8.3.3.2).
pub(crate) fn json(case: &Case, account: &Account, outcome: &Outcome) -> Value {
    let mut root = Map::new();
    root.insert(
        "identificationprocess".into(),
        object(process(case, account, outcome)),
    );
    if let Some(signing) = signing(case, outcome) {
        root.insert("esigning".into(), object(signing));
    }
    root.insert("customdata".into(), object(custom(case)));
    root.insert("contactdata".into(), object(contact(case)));
    let mut user = items(&case.user_data(outcome));
    user.insert(
        "address".into(),
        items(&case.address(outcome, account.street_number_in_street)).into(),
    );
    root.insert("userdata".into(), user.into());
    if outcome.has_data() {
        root.insert(
            "identificationdocument".into(),
            items(&case.document(outcome, account.redact)).into(),
        );
        let files = attachments(case, account, outcome);
        if !files.is_empty() {
            root.insert(
                "attachments".into(),
                object(
                    files
                        .into_iter()
                        .map(|(key, name)| (key, name.into()))
                        .collect(),
                ),
            );
        }
        if !case.questions.is_empty() {
            root.insert("questions".into(), case.questions.clone().into());
        }
    }
    root.into()
}

/// Returns the result as XML (13.3).
pub(crate) fn xml(case: &Case, account: &Account, outcome: &Outcome) -> String {
    let mut xml = Xml("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned());
    xml.open("identifications");
    xml.open("identification");
    xml.section("identificationprocess", process(case, account, outcome));
    if let Some(signing) = signing(case, outcome) {
        xml.section("esigning", signing);
    }
    xml.section("customdata", custom(case));
    xml.section("contactdata", contact(case));
    xml.open("userdata");
    case.user_data(outcome)
        .iter()
        .for_each(|item| xml.item(item));
    xml.open("address");
    case.address(outcome, account.street_number_in_street)
        .iter()
        .for_each(|item| xml.item(item));
    xml.close("address");
    xml.close("userdata");
    if outcome.has_data() {
        xml.open("identificationdocument");
        case.document(outcome, account.redact)
            .iter()
            .for_each(|item| xml.item(item));
        xml.close("identificationdocument");
        let files = attachments(case, account, outcome);
        if !files.is_empty() {
            xml.section(
                "attachments",
                files
                    .into_iter()
                    .map(|(key, name)| (key, name.into()))
                    .collect(),
            );
        }
        if !case.questions.is_empty() {
            let answers = case.questions.iter().map(|(key, answer)| {
                (
                    key.clone(),
                    answer.get("value").cloned().unwrap_or_default(),
                )
            });
            xml.section("questions", answers.collect());
        }
    }
    xml.close("identification");
    xml.close("identifications");
    xml.0
}

type Fields = Vec<(String, Value)>;

fn process(case: &Case, account: &Account, outcome: &Outcome) -> Fields {
    let tx = &case.transaction_number;
    let mut fields = vec![
        ("result", json!(outcome.word)),
        ("agentname", json!(outcome.agent)),
        (
            "identificationtime",
            json!(outcome.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        ),
        ("type", json!("WEB")),
        ("transactionnumber", json!(tx)),
        ("companyid", json!(account.company)),
        ("id", json!(case.ident_id)),
        ("filename", json!(format!("{tx}.zip"))),
        (
            "href",
            json!(format!(
                "/api/v1/{}/identifications/{tx}.zip",
                account.company
            )),
        ),
    ];
    if let Some(reason) = &outcome.reason {
        fields.push(("reason", json!(reason)));
    }
    if outcome.has_data() {
        // Derived from the fields themselves, so that the two never disagree.
        let items = [case.user_data(outcome), case.address(outcome, false)].concat();
        fields.push(("identchanges", json!(items.iter().any(changed_by_agent))));
        fields.push((
            "reviewchanges",
            json!(items.iter().any(|item| item.review == Some("CHANGE"))),
        ));
    }
    if let Some(previous) = &outcome.previous {
        fields.push(("previousresult", json!(previous)));
    }
    if let Some(tracking) = case
        .tracking_id
        .as_ref()
        .or_else(|| case.submitted.get("trackingid"))
    {
        fields.push(("trackingid", json!(tracking)));
    }
    named(fields)
}

/// Returns the section about a signature. No table contains it, but results of eSign accounts do.
fn signing(case: &Case, outcome: &Outcome) -> Option<Fields> {
    let ended = case.is_e_signing() && outcome.is_success();
    let result = if outcome.is_signed() {
        "SUCCESS"
    } else {
        "FAILED"
    };
    ended.then(|| {
        named(vec![
            ("result", json!(result)),
            ("sessionid", json!(format!("3XIDNOW-{}", case.ident_id))),
        ])
    })
}

/// Returns whether the agent entered a value other than the submitted one, whatever the reviewer
/// changed afterwards.
fn changed_by_agent(item: &Item) -> bool {
    let entered = if item.review == Some("CHANGE") {
        &item.identification
    } else {
        &item.value
    };
    item.status == "CHANGE" && *entered != item.original
}

fn custom(case: &Case) -> Fields {
    submitted(
        case,
        &["custom1", "custom2", "custom3", "custom4", "custom5"],
    )
}

fn contact(case: &Case) -> Fields {
    submitted(case, &["email", "mobilephone"])
}

fn submitted(case: &Case, names: &[&str]) -> Fields {
    names
        .iter()
        .filter_map(|name| {
            Some((
                (*name).to_owned(),
                case.submitted.get(*name)?.clone().into(),
            ))
        })
        .collect()
}

fn named(fields: Vec<(&str, Value)>) -> Fields {
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn object(fields: Fields) -> Value {
    Value::Object(fields.into_iter().collect())
}

fn items(items: &[Item]) -> Map<String, Value> {
    let render = |item: &Item| {
        let mut fields = Map::new();
        if item.status == "REDACTION" {
            fields.insert("value".into(), Value::Null);
        } else if let Some(value) = &item.value {
            fields.insert("value".into(), value.clone().into());
        }
        fields.insert("status".into(), item.status.into());
        for (name, text) in [
            ("reviewstatus", item.review),
            ("original", item.original.as_deref()),
            ("identification", item.identification.as_deref()),
        ] {
            if let Some(text) = text {
                fields.insert(name.into(), text.into());
            }
        }
        (item.name.to_owned(), Value::Object(fields))
    };
    items.iter().map(render).collect()
}

/// XML under construction.
struct Xml(String);

impl Xml {
    fn open(&mut self, name: &str) {
        self.0 += &format!("<{name}>\n");
    }

    fn close(&mut self, name: &str) {
        self.0 += &format!("</{name}>\n");
    }

    fn section(&mut self, name: &str, fields: Fields) {
        self.open(name);
        for (key, value) in fields {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            self.0 += &format!("<{key}>{}</{key}>\n", escape(&text));
        }
        self.close(name);
    }

    fn item(&mut self, item: &Item) {
        self.0 += &format!("<{} status=\"{}\"", item.name, item.status);
        for (name, text) in [
            ("original", item.original.as_deref()),
            ("reviewstatus", item.review),
            ("identification", item.identification.as_deref()),
        ] {
            if let Some(text) = text {
                self.0 += &format!(" {name}=\"{}\"", escape(text));
            }
        }
        match &item.value {
            Some(value) => self.0 += &format!(">{}</{}>\n", escape(value), item.name),
            None => self.0 += "/>\n",
        }
    }
}

/// Escapes text for an element or an attribute. Line breaks and tabs become references, since a
/// parser would normalize them; characters that XML 1.0 excludes are replaced.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push(char::REPLACEMENT_CHARACTER),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_string_survives_xml() {
        let text = "a & b < c > d \" e ' f\r\ng\th ]]> ÄΩ中 \u{1f600}";
        let xml = format!("<a b=\"{0}\">{0}</a>", escape(text));
        assert!(!escape(text).contains(['\r', '\n', '\t']));
        let quick_xml::events::Event::Start(start) =
            quick_xml::Reader::from_str(&xml).read_event().unwrap()
        else {
            panic!("no element in {xml}")
        };
        let attribute = start.attributes().next().unwrap().unwrap();
        assert_eq!(quick_xml::escape::unescape(&attribute.value).unwrap(), text);
    }

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        assert_eq!(escape("a\0b\u{1}c\u{ffff}"), "a\u{fffd}b\u{fffd}c\u{fffd}");
    }
}
