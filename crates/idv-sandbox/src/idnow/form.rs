//! The web form for a person's data (chapter 4).

use http::{Method, StatusCode};

use super::start::{Submitted, check, is_transaction_number};
use super::{Moment, World, key};
use crate::exchange::{Answer, Incoming};

/// The fields of the form and their labels: the parameters of section 3.2.8 that a person knows.
const FIELDS: [(&str, &str); 15] = [
    ("firstname", "First name"),
    ("lastname", "Last name"),
    ("birthname", "Name at birth"),
    ("title", "Title"),
    ("gender", "Gender: MALE or FEMALE"),
    ("birthday", "Date of birth: YYYY-MM-DD"),
    ("birthplace", "Place of birth"),
    ("nationality", "Nationality: two letters"),
    ("street", "Street"),
    ("streetnumber", "Street number"),
    ("zipcode", "Postal code"),
    ("city", "City"),
    ("country", "Country: two letters"),
    ("email", "E-mail address"),
    ("mobilephone", "Mobile phone"),
];

type Fields = Vec<(String, String)>;

/// Answers a request to the form, with or without a transaction number in its address (4.3).
///
/// A tracking id in the address belongs to the identification with this number, even before it
/// exists, or else to the identification that the form creates.
pub(super) fn handle(
    world: &mut World,
    request: &Incoming,
    company: &str,
    transaction: Option<&str>,
    moment: &mut Moment<'_>,
) -> Answer {
    let tracking_id = request
        .parameters()
        .into_iter()
        .find(|(name, _)| name == "tid")
        .map(|(_, value)| value);
    // A tracking id needs a number. The static link only gets one when its form is submitted.
    if let (Some(transaction), Some(tracking_id)) = (
        transaction.filter(|number| is_transaction_number(number)),
        &tracking_id,
    ) {
        track(world, company, transaction, tracking_id);
    }
    if request.method == Method::GET {
        return page(StatusCode::OK, "Please enter your data.", &[]);
    }
    let fields: Fields = url::form_urlencoded::parse(&request.body)
        .into_owned()
        .collect();
    if !request
        .media_type()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    {
        return page(
            StatusCode::BAD_REQUEST,
            "Please send the form as application/x-www-form-urlencoded.",
            &[],
        );
    }
    let number = match transaction {
        Some(number) if !is_transaction_number(number) => {
            return page(
                StatusCode::BAD_REQUEST,
                "The transaction number in the address of this form has a wrong format.",
                &fields,
            );
        }
        Some(number) => number.to_owned(),
        // Without a number from the company, the vendor generates one.
        None => moment.random.uuid(),
    };
    match read(&fields) {
        Ok(submitted) => create(
            world,
            company,
            &number,
            submitted,
            tracking_id.as_deref(),
            moment,
        ),
        Err(text) => page(StatusCode::BAD_REQUEST, &text, &fields),
    }
}

/// Creates or updates the identification, and redirects the person to it.
fn create(
    world: &mut World,
    company: &str,
    number: &str,
    submitted: Submitted,
    tracking_id: Option<&str>,
    moment: &mut Moment<'_>,
) -> Answer {
    let Some(account) = world.account(company).cloned() else {
        return page(StatusCode::NOT_FOUND, "There is no form.", &[]);
    };
    if world.upsert(&account, number, submitted, moment).is_err() {
        return Answer::page(StatusCode::CONFLICT, "This identification is finished.");
    }
    if let Some(tracking_id) = tracking_id {
        track(world, company, number, tracking_id);
    }
    // After a form is submitted, the browser requests the next page with GET.
    Answer::redirect(
        StatusCode::SEE_OTHER,
        format!("/{company}/identifications/{number}"),
    )
}

fn track(world: &mut World, company: &str, number: &str, tracking_id: &str) {
    let key = key(company, number);
    match world.cases.get_mut(&key) {
        Some(case) => case.tracking_id = Some(tracking_id.to_owned()),
        None => drop(world.own.awaited.insert(key, tracking_id.to_owned())),
    }
}

/// Parses the fields. An empty field counts as omitted.
fn read(fields: &Fields) -> Result<Submitted, String> {
    let mut submitted = Submitted::default();
    for (name, value) in fields {
        let Some((_, label)) = FIELDS.iter().find(|(known, _)| known == name) else {
            return Err(format!("This form has no field {name}."));
        };
        if value.is_empty() {
            continue;
        }
        check(name, value).map_err(|_| format!("Please check your data. {label}"))?;
        submitted.fields.insert(name.clone(), value.clone());
    }
    Ok(submitted)
}

/// Returns the page with the form, filled in with the entered values.
fn page(status: StatusCode, text: &str, entered: &[(String, String)]) -> Answer {
    let field = |(name, label): &(&str, &str)| {
        let value = entered
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value.as_str());
        format!(
            "<p><label>{label} <input name=\"{name}\" value=\"{}\"></label></p>",
            escape(value)
        )
    };
    let fields: String = FIELDS.iter().map(field).collect();
    let html = format!(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>Sandbox</title></head><body><p>{}</p><form method=\"post\">{fields}\
        <p><button>Continue</button></p></form></body></html>\n",
        escape(text)
    );
    Answer::new(status, "text/html; charset=utf-8", html)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
