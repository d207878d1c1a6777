//! The web form for a person's data (chapter 4).

use http::{Method, StatusCode};
use maud::html;

use super::failure::Failure;
use super::start::{Submitted, check, is_transaction_number};
use super::{Moment, Own, World, key, pages, rules};
use crate::exchange::{Answer, Incoming};
use crate::page::layout;
use crate::part::Part as _;
use crate::rule::Refusal;

/// A field of the form.
struct Field {
    name: &'static str,
    label: &'static str,
    /// The type of the input.
    kind: &'static str,
    /// The browser's suggestion for the value, as in the attribute `autocomplete`.
    suggestion: &'static str,
}

const fn field(
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    suggestion: &'static str,
) -> Field {
    Field {
        name,
        label,
        kind,
        suggestion,
    }
}

/// The fields of the form: the parameters of section 3.2.8 that a person knows.
const FIELDS: [Field; 15] = [
    field("firstname", "First name", "text", "given-name"),
    field("lastname", "Last name", "text", "family-name"),
    field("birthname", "Name at birth", "text", "off"),
    field("title", "Title", "text", "honorific-prefix"),
    field("gender", "Gender: MALE or FEMALE", "text", "off"),
    field("birthday", "Date of birth: YYYY-MM-DD", "text", "bday"),
    field("birthplace", "Place of birth", "text", "off"),
    field("nationality", "Nationality: two letters", "text", "off"),
    field("street", "Street", "text", "off"),
    field("streetnumber", "Street number", "text", "off"),
    field("zipcode", "Postal code", "text", "postal-code"),
    field("city", "City", "text", "address-level2"),
    field("country", "Country: two letters", "text", "country"),
    field("email", "E-mail address", "email", "email"),
    field("mobilephone", "Mobile phone", "tel", "tel"),
];

/// Returns the label of a field.
pub(super) fn label(name: &str) -> Option<&'static str> {
    FIELDS
        .iter()
        .find(|field| field.name == name)
        .map(|field| field.label.split(':').next().unwrap_or(field.label))
}

/// Returns the names of the form's fields.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|field| field.name)
}

type Entered = Vec<(String, String)>;

/// A form that is refused: its rule, the text for the person, and the name of the wrong field.
struct Invalid {
    refusal: Refusal,
    text: String,
    field: Option<&'static str>,
}

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
        return page(StatusCode::OK, "Please enter your data.", &[], None);
    }
    let entered: Entered = url::form_urlencoded::parse(&request.body)
        .into_owned()
        .collect();
    let submitted = match read(request, transaction, &entered) {
        Ok(submitted) => submitted,
        Err(invalid) => {
            let status = invalid.refusal.rule.status;
            return page(status, &invalid.text, &entered, invalid.field).refused(invalid.refusal);
        }
    };
    // Without a number from the company, the vendor generates one.
    let number = transaction.map_or_else(|| moment.random.uuid(), str::to_owned);
    create(
        world,
        company,
        &number,
        submitted,
        tracking_id.as_deref(),
        moment,
    )
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
        return page(StatusCode::NOT_FOUND, "There is no form.", &[], None)
            .refused(Refusal::by(&rules::WEB_FORM));
    };
    if world.upsert(&account, number, submitted, moment).is_err() {
        return pages::finished();
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

/// Parses a submitted form. An empty field counts as omitted.
fn read(
    request: &Incoming,
    transaction: Option<&str>,
    entered: &Entered,
) -> Result<Submitted, Invalid> {
    let invalid = |refusal, text: &str| Invalid {
        refusal,
        text: text.to_owned(),
        field: None,
    };
    if !request
        .media_type()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    {
        return Err(invalid(
            Refusal::by(&rules::FORM_CONTENT_TYPE),
            "Please send the form as application/x-www-form-urlencoded.",
        ));
    }
    if transaction.is_some_and(|number| !is_transaction_number(number)) {
        return Err(invalid(
            Refusal::by(&rules::TRANSACTION_NUMBER),
            "The transaction number in the address of this form has a wrong format.",
        ));
    }
    let mut submitted = Submitted::default();
    for (name, value) in entered {
        let Some(field) = FIELDS.iter().find(|field| field.name == name) else {
            let refusal = Failure::unrecognized_field(&rules::FORM_FIELDS, name).refusal();
            return Err(invalid(refusal, &format!("This form has no field {name}.")));
        };
        if value.is_empty() {
            continue;
        }
        check(name, value).map_err(|failure| Invalid {
            refusal: failure.refusal(),
            text: format!("Please check your data. {}", field.label),
            field: Some(field.name),
        })?;
        submitted.fields.insert(name.clone(), value.clone());
    }
    Ok(submitted)
}

/// Returns the page with the form, filled in with the entered values. The cursor is in the wrong
/// field, or else in the first one.
fn page(
    status: StatusCode,
    text: &str,
    entered: &[(String, String)],
    wrong: Option<&str>,
) -> Answer {
    let focused = wrong.or_else(|| names().next());
    let value = |name: &str| {
        let entered = entered.iter().find(|(known, _)| known == name);
        entered.map_or("", |(_, value)| value.as_str())
    };
    let body = html! {
        header.top.note {
            p {
                strong { "idv sandbox" }
                " in place of " (Own::NAME) ". It is a test: data stays on this machine."
            }
        }
        main.person {
            section.card aria-labelledby="heading" {
                h1 #heading { "Your data" }
                p #message role=[wrong.map(|_| "alert")] { (text) }
                form method="post" {
                    @for field in &FIELDS {
                        @let is_wrong = wrong == Some(field.name);
                        p {
                            label for=(field.name) { (field.label) }
                            br;
                            input name=(field.name) id=(field.name) type=(field.kind)
                                list=[(field.name == "gender").then_some("genders")]
                                autocomplete=(field.suggestion)
                                autofocus[focused == Some(field.name)]
                                aria-invalid=[is_wrong.then_some("true")]
                                aria-describedby=[is_wrong.then_some("message")]
                                value=(value(field.name));
                        }
                    }
                    datalist #genders {
                        option value="MALE" {}
                        option value="FEMALE" {}
                    }
                    p { button { "Continue" } }
                }
            }
        }
    };
    Answer {
        status,
        ..layout::person_page("Your data", &body)
    }
}
