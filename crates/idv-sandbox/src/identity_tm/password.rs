//! Changes of the customer API's password (9.2).

use http::StatusCode;
use serde_json::{Value, json};

use super::account::Account;
use super::api::Call;
use super::check;
use super::failure::Failure;
use super::{rules, tan};
use crate::exchange::Answer;
use crate::rule::Rule;

/// requestNewPassword: sends a TAN to the registered number.
pub(super) fn request(call: &mut Call<'_, '_, '_>) -> Result<Answer, Failure> {
    let body = call.body()?;
    let mobile = body.get("mobile").and_then(Value::as_str);
    let mobile = mobile.filter(|mobile| mobile.chars().count() <= 64 && check::is_phone(mobile));
    let mobile = mobile.ok_or_else(|| {
        Failure::by(
            &rules::MOBILE,
            "mobile is required, a number such as +49171123456",
        )
    })?;
    match call.account.mobile.as_deref() {
        None => Err(Failure::by(
            &rules::MOBILE_REGISTERED,
            "no mobile number is registered for the account",
        )),
        Some(known) if known != mobile => Err(unauthorized(&rules::MOBILE_MATCHES)),
        Some(_) => {
            let tan = tan::digits(6, call.moment.random);
            call.world
                .own
                .password_tans
                .insert(call.account.user.clone(), tan);
            Ok(Answer::empty(StatusCode::OK))
        }
    }
}

/// confirmNewPassword: sets a new password. After a wrong TAN, the change has to be requested
/// again.
pub(super) fn confirm(call: &mut Call<'_, '_, '_>) -> Result<Answer, Failure> {
    let given = tan::given(call)?;
    let tan = call.world.own.password_tans.remove(&call.account.user);
    if tan.is_none_or(|tan| tan != given) {
        return Err(unauthorized(&rules::PASSWORD_TAN));
    }
    let password = call.moment.random.letters(12);
    let changed = Account {
        password: password.clone(),
        ..call.account.clone()
    };
    call.world
        .configure(changed)
        .map_err(|_| unauthorized(&rules::PASSWORD_TAN))?;
    Ok(Answer::json(
        StatusCode::OK,
        &json!({ "password": password }),
    ))
}

fn unauthorized(rule: &'static Rule) -> Failure {
    Failure::by(
        rule,
        "authentication failed, please check username, password, mobile number and TAN",
    )
}
