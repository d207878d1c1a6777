//! The vendor's part of the control plane: `/_control/cm-id-scan/`.

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
        (&Method::GET, ["account"]) => Ok(json!(state.cm_id_scan.account())),
        (&Method::PUT, ["account"]) => body::<Account>(request)
            .and_then(|account| state.cm_id_scan.configure(account).map(|()| Value::Null).map_err(str::to_owned)),
        _ => return None,
    })
}
