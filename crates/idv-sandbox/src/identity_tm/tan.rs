//! Processes that a TAN confirms: signing (5) and phone verification (6).

use http::StatusCode;
use serde_json::Value;

use super::api::Call;
use super::case::{Asked, Case, Purpose, Tan};
use super::failure::{Failure, no_such_method, not_found};
use super::order::product;
use super::{Moment, rules, scenario};
use crate::exchange::Answer;
use crate::random::Random;
use crate::rule::Rule;

/// The number of wrong TANs after which an order is cancelled.
const MAX_WRONG: u32 = 3;

/// Answers the methods of both chapters.
pub(super) fn handle(
    call: &mut Call<'_, '_, '_>,
    method: &str,
    order: &str,
) -> Result<Answer, Failure> {
    match method {
        "requestSign" => start(call, order, Purpose::Signature),
        "confirmSign" => confirm(call, order, Purpose::Signature),
        "requestResendSignTan" => resend(call, order, Purpose::Signature),
        "requestPhoneVerification" => start(call, order, Purpose::Phone),
        "provePhoneControl" => confirm(call, order, Purpose::Phone),
        "requestResendPhoneTan" => resend(call, order, Purpose::Phone),
        _ => Err(no_such_method(&rules::CALL)),
    }?;
    Ok(Answer::empty(StatusCode::ACCEPTED))
}

/// Shows a TAN on the person's phone, as status 71 reports.
pub(super) fn show(case: &mut Case, sub_kind: Option<u32>, moment: &mut Moment<'_>) {
    let purpose = match (case.asked, sub_kind) {
        (Some(asked), Some(16 | 17 | 49)) => asked.purpose,
        (None, Some(17 | 49)) => Purpose::Signature,
        (None, Some(16)) if case.identified.is_some() && case.submitted.is_signed() => {
            Purpose::Signature
        }
        (None, Some(16 | 62)) => Purpose::Phone,
        // A link or a password, not a TAN.
        _ => return,
    };
    send(case, purpose, moment.random);
}

impl Purpose {
    const fn digits(self) -> usize {
        match self {
            // The tables of 5.2.3 and 6.2.3.
            Self::Signature => 6,
            Self::Phone => 5,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Signature => "eSignTanSmsText",
            Self::Phone => "verificationSmsText",
        }
    }

    const fn first_method(self) -> &'static str {
        match self {
            Self::Signature => "requestSign",
            Self::Phone => "requestPhoneVerification",
        }
    }

    /// Returns the rule that the first method was called.
    const fn started(self) -> &'static Rule {
        match self {
            Self::Signature => &rules::SIGNING_STARTED,
            Self::Phone => &rules::PHONE_VERIFICATION_STARTED,
        }
    }
}

/// requestSign, requestPhoneVerification.
fn start(call: &mut Call<'_, '_, '_>, order: &str, purpose: Purpose) -> Result<(), Failure> {
    demand(call, order, purpose)?;
    let account = call.account.clone();
    let case = call.case(order)?;
    if case.submitted.mobile().is_none() {
        return Err(Failure::by(
            &rules::MOBILE_OF_ORDER,
            "the order has no mobile number",
        ));
    }
    let sub_kind = match purpose {
        Purpose::Signature if !case.submitted.is_signed() => {
            return Err(Failure::by(&rules::ESIGN_ORDER, "there is nothing to sign"));
        }
        Purpose::Signature
            if case.identified.is_none() && case.method() != super::case::Method::Earlier =>
        {
            return Err(Failure::by(
                &rules::IDENTIFIED_BEFORE_SIGNING,
                "the person is not identified yet",
            ));
        }
        Purpose::Signature => scenario::signature_sms(case, &account),
        Purpose::Phone => 16,
    };
    if purpose == Purpose::Signature && !case.reached(83) {
        call.world.reach(order, 83, None, call.moment);
    }
    if let Some(case) = call.world.cases.get_mut(order) {
        let wrong = case
            .asked
            .filter(|asked| asked.purpose == purpose)
            .map_or(0, |asked| asked.wrong);
        case.asked = Some(Asked { purpose, wrong });
    }
    call.world.reach(order, 71, Some(sub_kind), call.moment);
    Ok(())
}

/// requestResendSignTan, requestResendPhoneTan.
fn resend(call: &mut Call<'_, '_, '_>, order: &str, purpose: Purpose) -> Result<(), Failure> {
    demand(call, order, purpose)?;
    let case = call.case(order)?;
    if case.asked.is_none_or(|asked| asked.purpose != purpose) {
        return Err(not_started(purpose));
    }
    let sub_kind = if purpose == Purpose::Signature {
        scenario::signature_sms(case, &call.account)
    } else {
        16
    };
    call.world.reach(order, 71, Some(sub_kind), call.moment);
    Ok(())
}

/// confirmSign, provePhoneControl.
fn confirm(call: &mut Call<'_, '_, '_>, order: &str, purpose: Purpose) -> Result<(), Failure> {
    let given = given(call)?;
    demand(call, order, purpose)?;
    let case = call
        .world
        .cases
        .get_mut(order)
        .ok_or_else(|| not_found(&rules::ORDER))?;
    let Some(asked) = case.asked.as_mut().filter(|asked| asked.purpose == purpose) else {
        return Err(not_started(purpose));
    };
    if case.tan.as_ref().is_none_or(|tan| tan.code != given) {
        asked.wrong += 1;
        if asked.wrong < MAX_WRONG {
            return Err(Failure::by(&rules::RIGHT_TAN, "wrong TAN given"));
        }
        case.asked = None;
        case.attempt += 1;
        let (kind, sub_kind) = match purpose {
            Purpose::Signature => (103, None),
            Purpose::Phone => (17, Some(61)),
        };
        call.world.reach(order, kind, sub_kind, call.moment);
        // This ends the order rather than limiting a rate.
        return Err(Failure::by(
            &rules::TAN_TRIES,
            "too many tries with a wrong TAN, order cancelled",
        ));
    }
    case.asked = None;
    case.tan = None;
    case.mobile_verified = true;
    let reached: &[u32] = match purpose {
        Purpose::Signature => &[84, 80],
        Purpose::Phone if case.submitted.product == product::PHONE => &[6, 80],
        Purpose::Phone => &[],
    };
    for kind in reached {
        call.world.reach(order, *kind, None, call.moment);
    }
    Ok(())
}

/// Returns the failure for a TAN that was not requested.
fn not_started(purpose: Purpose) -> Failure {
    Failure::by(
        purpose.started(),
        format!("not started, call {} first", purpose.first_method()),
    )
}

/// Checks that the account may use the function, and that the order is not over.
fn demand(call: &Call<'_, '_, '_>, order: &str, purpose: Purpose) -> Result<(), Failure> {
    let (enabled, rule) = match purpose {
        Purpose::Signature => (call.account.customer_side_signing, &rules::SIGNING_ENABLED),
        Purpose::Phone => (
            call.account.phone_verification,
            &rules::PHONE_VERIFICATION_ENABLED,
        ),
    };
    if !enabled {
        return Err(Failure::by(
            rule,
            "this function is not enabled for the account",
        ));
    }
    let case = call.kept_case(order)?;
    if case.is_final() || (purpose == Purpose::Phone && case.mobile_verified) {
        return Err(Failure::by(
            &rules::UNPROCESSED_ORDER,
            "order has already been processed",
        ));
    }
    Ok(())
}

/// Returns the TAN of a request. The sample of 6.2.5 has six digits, its table five.
pub(super) fn given(call: &Call<'_, '_, '_>) -> Result<String, Failure> {
    let body = call.body()?;
    let tan = body
        .get("tan")
        .and_then(Value::as_str)
        .filter(|tan| (1..=6).contains(&tan.chars().count()));
    tan.map(str::to_owned).ok_or_else(|| {
        Failure::by(
            &rules::TAN,
            "tan is required, a text of at most 6 characters",
        )
    })
}

fn send(case: &mut Case, purpose: Purpose, random: &mut Random) {
    let Some(number) = case.submitted.mobile().map(str::to_owned) else {
        return;
    };
    let code = digits(purpose.digits(), random);
    let text = case
        .submitted
        .text(&[purpose.text()])
        .unwrap_or("Your TAN: [TAN]")
        .replace("[TAN]", &code);
    case.tan = Some(Tan { code, number, text });
}

/// Returns this number of random digits.
pub(super) fn digits(count: usize, random: &mut Random) -> String {
    (0..count).map(|_| random.number(10).to_string()).collect()
}
