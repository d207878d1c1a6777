//! The functions, their authentication and the format of their responses.

use http::{Method, StatusCode};

use super::account::Account;
use super::answer::{AnswerFormat, Code, Failure, Outcome};
use super::parameters::Parameters;
use super::{Moment, Own, World, certificate, rules, send};
use crate::exchange::{Answer, Incoming};
use crate::part::Part as _;
use crate::rule::Refusal;

/// Answers a call of a function.
pub(super) fn handle(
    world: &mut World,
    request: &Incoming,
    function: &str,
    moment: &mut Moment<'_>,
) -> Answer {
    if !matches!(
        function,
        "VerificarIdentidad" | "GetCertificadoIdentidad" | "GetCreditos"
    ) {
        return Answer::nothing_here().refused(Refusal::by(&rules::FUNCTION));
    }
    if let Some(answer) = world.own.block.refuse(&world.first, moment.now) {
        return answer;
    }
    if request.method != Method::POST {
        world.own.block.count(&world.first, moment.now);
        return Answer::page(StatusCode::METHOD_NOT_ALLOWED, "Requests are made by POST.")
            .with_header("allow", "POST")
            .refused(Refusal::by(&rules::METHOD));
    }
    let (parameters, read) = Parameters::of(request);
    let (format, known) = format(&parameters, &world.first);
    let outcome = authorize(request, &world.first)
        .and(read)
        .and(known)
        .and_then(|()| match function {
            "VerificarIdentidad" => {
                let pages = world.base(request, Own::PAGES);
                send::send(world, &parameters, &pages, moment).map(Answered::Outcome)
            }
            "GetCertificadoIdentidad" => {
                certificate::download(world, &parameters).map(Answered::File)
            }
            _ => Ok(Answered::Outcome(Outcome::Credits(
                world.first.credit_hundredths,
            ))),
        });
    // Repeated queries of the credits count as empty connections.
    if outcome.is_err() || function == "GetCreditos" {
        world.own.block.count(&world.first, moment.now);
    }
    let wrong_file = function == "GetCertificadoIdentidad"
        && !matches!(&outcome, Err(failure) if failure.code == Code::Credentials);
    match outcome {
        Ok(Answered::Outcome(outcome)) => format.answer(&outcome, &world.first),
        Ok(Answered::File(answer)) => answer,
        Err(failure) => {
            let refusal = failure.refusal();
            let mut answer = format.answer(&Outcome::Failed(failure.code), &world.first);
            if wrong_file {
                answer.status = StatusCode::from_u16(world.first.certificate_failure_status)
                    .unwrap_or(answer.status);
            }
            answer.refused(refusal)
        }
    }
}

enum Answered {
    Outcome(Outcome),
    File(Answer),
}

/// Returns the format that `Resp` selects; the default one if it is invalid.
fn format(parameters: &Parameters, account: &Account) -> (AnswerFormat, Result<(), Failure>) {
    let absent = account.format_unless_told;
    match parameters.text("Resp") {
        Ok(None) => (absent, Ok(())),
        Ok(Some(name)) => match AnswerFormat::of(&name) {
            Some(format) => (format, Ok(())),
            None => (
                absent,
                Err(Failure::data(&rules::RESP, "Resp is JSON, XML or TXT")),
            ),
        },
        Err(failure) => (absent, Err(failure)),
    }
}

/// Checks Basic authentication by the API user and the API token.
fn authorize(request: &Incoming, account: &Account) -> Result<(), Failure> {
    let refuse = |rule| Failure::new(rule, Code::Credentials);
    let given = request.basic().ok_or_else(|| refuse(&rules::BASIC))?;
    if given == format!("{}:{}", account.user, account.token) {
        Ok(())
    } else {
        Err(refuse(&rules::CREDENTIALS))
    }
}
