//! The pages. They contain no scripts and do not repeat the customer's input.

use std::fmt::Write as _;

use idv::{HandOff, Outcome, Reference, Status};
use idv_flow::FlowStatus;
use idv_flow::store::Phase;

/// The style of all pages.
pub(crate) const STYLE: &str =
    "body { font-family: sans-serif; max-width: 34em; margin: 2em auto; line-height: 1.5 }
label { display: flex; justify-content: space-between; margin: .3em 0 }
input { width: 18em }
.problem { color: #a00 }
";

/// The fields of the form: name, label, type, and a sample value for the sandbox.
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

/// Returns the form, filled in if `sandbox` is set.
pub(crate) fn form(reference: &Reference, sandbox: bool, problem: Option<&str>) -> String {
    let mut fields = String::new();
    for (name, label, kind, sample) in FIELDS {
        let value = if sandbox { sample } else { "" };
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

/// Returns the status page with the person's next step.
pub(crate) fn status(status: &FlowStatus, sandbox: bool) -> String {
    let (word, text) = described(status);
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
                    "<p><a id=\"hand-off\" href=\"{link}\" rel=\"noreferrer\" target=\"_blank\">Continue to the verification</a></p>"
                )
            }
            Some(HandOff::VendorContactsPerson) => {
                "<p id=\"hand-off\">You will receive a message on your phone. Please follow its link.</p>"
                    .to_owned()
            }
            _ => String::new(),
        };
        if sandbox {
            let _ = write!(
                body,
                "<form method=\"post\" action=\"/verifications/{}/act\"><button>Sandbox: let the person act</button></form>",
                status.id
            );
        }
    }
    page("Your verification", refresh, &body)
}

/// Returns the page for internal errors, whose details are in the log.
pub(crate) fn sorry() -> String {
    page(
        "Sorry",
        "",
        "<p>Something went wrong. Please try again later.</p>",
    )
}

/// Returns the status as one word and as a text for people.
fn described(status: &FlowStatus) -> (&'static str, &'static str) {
    const NEEDS_ATTENTION: (&str, &str) = (
        "attention",
        "Our staff will check your verification and contact you.",
    );
    if status.disputed {
        return NEEDS_ATTENTION;
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
                "Your verification has expired. Please start again.",
            ),
            _ => (
                "inconclusive",
                "Your verification was not successful. Please start again.",
            ),
        },
        _ if status.attention.is_some() => NEEDS_ATTENTION,
        (Phase::Creating, _) => (
            "creating",
            "One moment: your verification is being prepared.",
        ),
        (_, Some(Status::InProgress)) => ("in_progress", "You are being verified."),
        (_, Some(Status::InReview { .. } | Status::Ended)) => {
            ("in_review", "Thank you. Your verification is in review.")
        }
        _ => ("awaiting_person", "Please continue your verification."),
    }
}

fn page(title: &str, head: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         {head}<title>{title}</title>\n<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n\
         <body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )
}

/// Escapes text for HTML, including attributes.
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
