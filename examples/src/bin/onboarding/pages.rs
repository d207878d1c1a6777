//! The pages. There is no script in them, and what people wrote is not repeated.

use std::fmt::Write as _;

use idv::{HandOff, Outcome, Reference, Status};
use idv_flow::FlowStatus;
use idv_flow::store::Phase;

/// How every page looks.
pub(crate) const STYLE: &str =
    "body { font-family: sans-serif; max-width: 34em; margin: 2em auto; line-height: 1.5 }
label { display: flex; justify-content: space-between; margin: .3em 0 }
input { width: 18em }
.problem { color: #a00 }
";

/// The fields of the form: their names, what people read, their types, and what is filled in for somebody who tries it.
const FIELDS: &[(&str, &str, &str, &str)] = &[
    ("given_names", "Given names", "text", "Erika"),
    ("family_name", "Family name", "text", "Mustermann"),
    ("birth_date", "Date of birth", "date", "1982-05-22"),
    ("birth_place", "Place of birth", "text", "Berlin"),
    ("nationality", "Nationality (two letters)", "text", "DE"),
    (
        "gender",
        "Gender (female, male or diverse)",
        "text",
        "female",
    ),
    ("street", "Street", "text", "Heidestrasse"),
    ("house_number", "House number", "text", "17"),
    ("postal_code", "Postal code", "text", "51147"),
    ("city", "City", "text", "Köln"),
    ("country", "Country (two letters)", "text", "DE"),
    ("email", "E-mail", "email", "erika@example.com"),
    (
        "phone",
        "Mobile phone, with + and country code",
        "tel",
        "+4915123456789",
    ),
];

/// The form, empty unless somebody only tries it.
pub(crate) fn form(reference: &Reference, tried: bool, problem: Option<&str>) -> String {
    let mut fields = String::new();
    for (name, label, kind, sample) in FIELDS {
        let value = if tried { sample } else { "" };
        // Writing to a string does not fail.
        let _ = writeln!(
            fields,
            "<label>{label} <input name=\"{name}\" type=\"{kind}\" value=\"{}\"></label>",
            escaped(value)
        );
    }
    let problem = problem.map_or_else(String::new, |text| {
        format!("<p class=\"problem\">{}</p>", escaped(text))
    });
    page(
        "Open an account",
        "",
        &format!(
            "{problem}<form method=\"post\" action=\"/verifications\">\n\
             <input type=\"hidden\" name=\"reference\" value=\"{}\">\n{fields}<button>Verify my identity</button>\n</form>",
            escaped(reference.as_str())
        ),
    )
}

/// How it stands, and what the person can do.
pub(crate) fn status(status: &FlowStatus, tried: bool) -> String {
    let (word, text) = told(status);
    let decided =
        matches!(status.status, Some(Status::Finished(_))) || status.phase == Phase::Refused;
    let refresh = if decided {
        ""
    } else {
        "<meta http-equiv=\"refresh\" content=\"1\">"
    };
    let mut body = format!("<p id=\"status\" class=\"{word}\">{text}</p>");
    if !decided {
        body += &match &status.hand_off {
            Some(HandOff::Redirect(link)) => {
                let link = escaped(link.expose().as_str());
                format!(
                    "<p><a id=\"hand-off\" href=\"{link}\" rel=\"noreferrer\" target=\"_blank\">Go on to the verification</a></p>"
                )
            }
            Some(HandOff::VendorContactsPerson) => {
                "<p id=\"hand-off\">You get a message on your phone: follow its link.</p>"
                    .to_owned()
            }
            _ => String::new(),
        };
        if tried {
            let _ = write!(
                body,
                "<form method=\"post\" action=\"/verifications/{}/act\"><button>Sandbox: let the person do their part</button></form>",
                status.id
            );
        }
    }
    page("Your verification", refresh, &body)
}

/// What went wrong is for the log.
pub(crate) fn sorry() -> String {
    page(
        "Sorry",
        "",
        "<p>Something went wrong. Please try again later.</p>",
    )
}

/// How it stands, in one word and for people.
fn told(status: &FlowStatus) -> (&'static str, &'static str) {
    const LOOKED_AT: (&str, &str) = (
        "attention",
        "One of us is looking at it. We will get in touch with you.",
    );
    if status.disputed {
        return LOOKED_AT;
    }
    match (status.phase, status.status) {
        (Phase::Refused, _) => (
            "refused",
            "Your verification could not be started. Please fill in the form again.",
        ),
        (_, Some(Status::Finished(outcome))) => match outcome {
            Outcome::Verified => ("verified", "You are verified. Welcome!"),
            Outcome::Rejected => ("rejected", "We cannot open an account for you."),
            Outcome::Expired => (
                "expired",
                "The time for your verification is over. Please start again.",
            ),
            _ => (
                "inconclusive",
                "Your verification did not work out. Please start again.",
            ),
        },
        _ if status.attention.is_some() => LOOKED_AT,
        (Phase::Creating, _) => (
            "creating",
            "One moment: your verification is being prepared.",
        ),
        (_, Some(Status::InProgress)) => ("in_progress", "You are being verified."),
        (_, Some(Status::InReview { .. } | Status::Ended)) => {
            ("in_review", "Thank you. The result is being looked at.")
        }
        _ => ("awaiting_person", "It is your turn."),
    }
}

fn page(title: &str, head: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         {head}<title>{title}</title>\n<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n\
         <body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )
}

/// Text as it stands in HTML, in attributes too.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, character| {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            other => escaped.push(other),
        }
        escaped
    })
}
