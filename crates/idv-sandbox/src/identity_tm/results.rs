//! Results: getIdentData (3.3), getIdentDataPDF (3.4), and content encryption (9.4).

use http::StatusCode;
use serde_json::Value;

use super::api::Call;
use super::case::Case;
use super::failure::{Failure, no_such_method};
use super::render::{self, Variants};
use super::{Own, crypt, reuse, rules};
use crate::exchange::{Answer, Piece};
use crate::part::Part as _;
use crate::pdf;

/// getIdentData, with its variants in any combination and order.
pub(super) fn data(call: &mut Call<'_, '_, '_>, order: &str) -> Result<Answer, Failure> {
    let (mut variants, mut signed, mut encrypted) = (Variants::default(), false, false);
    for name in call.rest {
        let variant = match *name {
            "IncludeInitialData" => &mut variants.initial_data,
            "IncludeIdentifyMethod" => &mut variants.identify_method,
            "IncludeIdentifier" => &mut variants.identifier,
            "Signed" => &mut signed,
            "crypt" => &mut encrypted,
            _ => return Err(no_such_method(&rules::DATA_VARIANT)),
        };
        if std::mem::replace(variant, true) {
            return Err(Failure::by(
                &rules::VARIANT_ONCE,
                format!("{name} appears twice"),
            ));
        }
    }
    let case = with_result(call, order)?;
    let answer = if signed {
        if !call.account.namirial || !call.account.products.contains(&15) {
            return Err(Failure::by(
                &rules::REUSE,
                "the account does not sign through Namirial, so identifications cannot be used again",
            ));
        }
        let checked = render::checked(case);
        let Some(sealed) = reuse::seal(&checked, vector(call)) else {
            return Ok(too_long());
        };
        Answer::new(StatusCode::OK, "text/plain; charset=utf-8", sealed)
    } else {
        Answer::json(
            StatusCode::OK,
            &render::result(case, &call.account, variants),
        )
    };
    if encrypted || call.account.always_encrypted {
        encrypt(call, answer)
    } else {
        Ok(answer)
    }
}

/// getIdentDataPDF.
pub(super) fn pdf(call: &Call<'_, '_, '_>, order: &str) -> Result<Answer, Failure> {
    let case = with_result(call, order)?;
    if !call.account.result_pdf {
        return Err(Failure::by(
            &rules::RESULT_PDF,
            "getIdentDataPDF is not enabled for the account",
        ));
    }
    let mut lines = vec![
        "Resultat IDENTprüfung".to_owned(),
        format!("Auftrag: {}", case.id),
        format!("Referenz: {}", case.submitted.reference()),
    ];
    for (name, value) in render::checked(case) {
        match value {
            Value::String(text) => lines.push(format!("{name}: {text}")),
            Value::Object(fields) => {
                let text = |value: &Value| {
                    value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned)
                };
                lines.extend(
                    fields
                        .iter()
                        .map(|(inner, value)| format!("{name} {inner}: {}", text(value))),
                );
            }
            _ => {}
        }
    }
    let verdict = if case.fraud {
        "Resultat negativ"
    } else {
        "Resultat positiv"
    };
    lines.push(format!(
        "{verdict} am {}",
        render::time(case.identified.unwrap_or(case.created))
    ));
    Ok(Answer::new(
        StatusCode::OK,
        "application/pdf",
        pdf::document(&lines),
    ))
}

/// Handles a method whose response is encrypted if `/crypt` follows. Any other suffix is an unknown
/// method.
pub(super) fn encryptable(
    call: &mut Call<'_, '_, '_>,
    order: &str,
    method: impl Fn(&Call<'_, '_, '_>, &str) -> Result<Answer, Failure>,
) -> Result<Answer, Failure> {
    match call.rest {
        [] => method(call, order),
        ["crypt"] => method(call, order).and_then(|answer| encrypt(call, answer)),
        _ => Err(no_such_method(&rules::CRYPT_VARIANT)),
    }
}

/// Encrypts the content of a response; the media type stays (9.4).
fn encrypt(call: &mut Call<'_, '_, '_>, mut answer: Answer) -> Result<Answer, Failure> {
    let key = call.account.encryption_key.as_deref().and_then(crypt::key);
    let key = key.ok_or_else(|| {
        Failure::by(
            &rules::ENCRYPTION_KEY,
            "no encryption key is shared for the account",
        )
    })?;
    let content = Piece::collect(std::mem::take(&mut answer.body));
    let vector = vector(call);
    let Some(sealed) = crypt::encrypt(&key, vector, content) else {
        return Ok(too_long());
    };
    answer.body = vec![Piece::Bytes(sealed.into())];
    Ok(answer)
}

/// Returns a finally processed order (3.3.1) with a result.
fn with_result<'a>(call: &'a Call<'_, '_, '_>, order: &str) -> Result<&'a Case, Failure> {
    let case = final_case(call, order)?;
    if !case.has_result() {
        return Err(Failure::by(
            &rules::IDENTIFICATION_DATA,
            "there is no identification data: the order was neither positive nor suspected of fraud",
        ));
    }
    Ok(case)
}

/// Returns a finally processed order.
pub(super) fn final_case<'a>(call: &'a Call<'_, '_, '_>, order: &str) -> Result<&'a Case, Failure> {
    let case = call.kept_case(order)?;
    if case.is_final() {
        Ok(case)
    } else {
        Err(Failure::by(
            &rules::FINAL_ORDER,
            "the order is not finally processed",
        ))
    }
}

fn vector(call: &mut Call<'_, '_, '_>) -> [u8; crypt::VECTOR] {
    [(); crypt::VECTOR].map(|()| u8::try_from(call.moment.random.number(256)).unwrap_or_default())
}

/// Returns the response for content that exceeds the limit of the encryption, 64 GiB. That is a
/// failure of the server and no refusal.
fn too_long() -> Answer {
    Own::failure(StatusCode::INTERNAL_SERVER_ERROR, 500)
}
