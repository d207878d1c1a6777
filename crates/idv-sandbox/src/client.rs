//! The sandbox in the place of a client: creates and deletes verifications by the documented
//! requests, so that the page alone can play a verification from beginning to end.

use http::{HeaderMap, HeaderValue, Method};
use jiff::Timestamp;
use serde_json::Value;

use crate::exchange::{Incoming, Piece};
use crate::part::Part;
use crate::state::State;

/// A client of a vendor's first account.
pub(crate) struct Client<'a, P: Part> {
    pub(crate) account: P::Account,
    pub(crate) now: Timestamp,
    state: &'a mut State,
}

impl<'a, P: Part> Client<'a, P> {
    pub(crate) fn new(state: &'a mut State, now: Timestamp) -> Self {
        Self {
            account: P::seen(state).first.clone(),
            now,
            state,
        }
    }

    /// Sends a request with a JSON body, or without a body. Returns the JSON of the response; an
    /// error says why the vendor refused the request.
    pub(crate) fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, String> {
        let mut fields = HeaderMap::new();
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|error| error.to_string())?;
            fields.insert(*name, value);
        }
        if body.is_some() {
            fields.insert("content-type", HeaderValue::from_static("application/json"));
        }
        let request = Incoming {
            method,
            // Links lead to the sandbox, as for a client that has its address.
            host: String::new(),
            path: path.to_owned(),
            query: String::new(),
            headers: fields,
            body: body.map(Value::to_string).unwrap_or_default().into(),
        };
        let (answer, _) = self.state.answer(self.now, P::ENTRY, &request);
        let answer = answer.ok_or("A planned fault has cut the connection.")?;
        if let Some(refusal) = &answer.refusal {
            let rule = refusal.rule;
            return Err(format!(
                "The vendor refused the request ({}): {}",
                rule.section, rule.requires
            ));
        }
        if !answer.status.is_success() {
            return Err(format!("The vendor answered with {}.", answer.status));
        }
        Ok(serde_json::from_slice(&Piece::collect(answer.body)).unwrap_or(Value::Null))
    }

    /// Returns a verification.
    pub(crate) fn case(&self, id: &str) -> Option<&P::Case> {
        let world = P::seen(self.state);
        world.cases.get(&P::key(world, id))
    }
}

/// Creates a verification of a fictitious person and returns its id.
pub(crate) fn create<P: Part>(
    state: &mut State,
    now: Timestamp,
    reference: Option<&str>,
) -> Result<String, String> {
    let reference = match reference {
        Some(reference) => reference.to_owned(),
        None => format!("sandbox-{}", state.random.letters(8)),
    };
    P::create(&mut Client::new(state, now), &reference)
}

/// Returns a text or a number among the members of a response.
pub(crate) fn text(response: &Value, name: &str) -> Result<String, String> {
    match response.get(name) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        _ => Err(format!("The response has no `{name}`.")),
    }
}

/// Deletes a verification.
pub(crate) fn delete<P: Part>(state: &mut State, now: Timestamp, id: &str) -> Result<(), String> {
    let mut client = Client::<P>::new(state, now);
    if client.case(id).is_none() {
        return Err(format!("There is no such {}.", P::VERIFICATION));
    }
    P::delete(&mut client, id)
}
