//! Identity.TM's part of the control plane: `/_control/identity-tm/`.

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::account::Account;
use crate::control::body;
use crate::exchange::Incoming;
use crate::world::State;

/// Answers a request; `None` where there is no such route.
pub(crate) fn handle(state: &mut State, _now: Timestamp, request: &Incoming, rest: &[&str]) -> Option<Result<Value, String>> {
    Some(match (&request.method, rest) {
        (&Method::GET, ["accounts", user]) => match state.identity_tm.account(user) {
            Some(account) => Ok(json!(account)),
            None => Err("there is no such account".to_owned()),
        },
        (&Method::PUT, ["accounts", user]) => body::<Account>(request).and_then(|account| {
            if account.user != *user {
                return Err("the user in the settings is another than in the path".to_owned());
            }
            state.identity_tm.configure(account).map(|()| Value::Null).map_err(str::to_owned)
        }),
        _ => return None,
    })
}
