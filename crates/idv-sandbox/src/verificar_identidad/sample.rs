//! Reports without a request: each event of the vendor, for a fictitious request.

use super::parameters::Parameters;
use super::report::OTHER_SERVICE;
use super::{Moment, World, send};

/// Every kind of report, and the scenario that causes it.
pub(super) const EVENTS: &[(&str, &str)] = &[
    ("VERIFICACION_IDENTIDAD-3000", "happy"),
    ("VERIFICACION_IDENTIDAD-3001", "happy"),
    ("VERIFICACION_IDENTIDAD-3002", "happy"),
    ("VERIFICACION_IDENTIDAD-3003", "happy"),
    ("VERIFICACION_IDENTIDAD-5000", "happy"),
    ("VERIFICACION_IDENTIDAD-5001", "happy"),
    ("VERIFICACION_IDENTIDAD-5100", "happy"),
    ("VERIFICACION_IDENTIDAD-5500", "rejected"),
    (OTHER_SERVICE, "happy"),
];

/// The request of the document's sample.
pub(super) const REQUEST: [(&str, &str); 3] = [
    ("Telefono", "34600000001"),
    ("Dni", "00000000T"),
    ("Mensaje", "[LINK]"),
];

/// Sends the request of the document's sample and returns its identifier.
pub(super) fn create(world: &mut World, moment: &mut Moment<'_>) -> Result<String, String> {
    // The account's limits on requests do not concern its reports.
    world.first.activated = true;
    world.first.general_error = None;
    world.first.credit_hundredths = world.first.cost_hundredths;
    world.first.other_services = true;
    let parameters = Parameters::from_texts(REQUEST);
    let pages = world.pages.clone();
    send::send(world, &parameters, &pages, moment)
        .map_err(|failure| failure.refusal().rule.requires)?;
    let id = world.cases.keys().last().cloned();
    id.ok_or_else(|| "no request was created".to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::Own;
    use super::super::account::Account;
    use super::EVENTS;
    use crate::callback::Callback;
    use crate::part::Part as _;
    use crate::sandbox::Sandbox;
    use crate::state::State;

    const URL: &str = "http://127.0.0.1:8080/reports";

    /// Returns the callback of an event for an account with these settings.
    async fn triggered(event: &str, change: fn(&mut Account)) -> Result<Callback, String> {
        let sandbox = Sandbox::builder().in_process().start().await.unwrap();
        sandbox.verificar_identidad().configure(change).unwrap();
        let trigger = |state: &mut State, now| (Own::ENTRY.trigger)(state, now, event, URL);
        let callback = sandbox.worlds.unrecorded(trigger);
        let state = sandbox.worlds.state();
        assert_eq!(state.parts.verificar_identidad.cases.len(), 0);
        assert!(state.parts.verificar_identidad.first.callback_url.is_none());
        assert!(state.next_due().is_none(), "nothing happens afterwards");
        callback
    }

    /// Returns the value of a member of a JSON report.
    fn member(callback: &Callback, name: &str) -> String {
        let (media_type, body) = callback.body.as_ref().unwrap();
        assert_eq!(*media_type, "application/json");
        let report: serde_json::Value = serde_json::from_slice(body).unwrap();
        report[name].as_str().unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn each_event_triggers_its_report() {
        for (event, _) in EVENTS {
            let callback = triggered(event, |_| {}).await.unwrap();
            assert_eq!(callback.kind, *event);
            assert!(
                callback.url.starts_with(URL) && callback.url.contains("?token="),
                "{}",
                callback.url
            );
            let service = member(&callback, "Servicio");
            assert_eq!(event.split('-').next(), Some(service.as_str()));
            assert_eq!(
                event.split('-').nth(1).unwrap_or_default(),
                member(&callback, "Estado")
            );
        }
        assert!(triggered("VERIFICACION_IDENTIDAD-1", |_| {}).await.is_err());
    }

    #[tokio::test]
    async fn triggered_report_has_the_accounts_credentials() {
        let change = |account: &mut Account| {
            account.report_user = Some("vendor".to_owned());
            account.report_password = "password".to_owned();
            account.credit_hundredths = 0;
            account.activated = false;
            account.general_error = Some(-5);
        };
        let callback = triggered("VERIFICACION_IDENTIDAD-5100", change)
            .await
            .unwrap();
        assert_eq!(callback.url, URL);
        assert_eq!(
            callback.headers,
            [(
                "authorization".to_owned(),
                "Basic dmVuZG9yOnBhc3N3b3Jk".to_owned()
            )]
        );
    }

    #[test]
    fn each_event_has_a_scenario_and_its_own_name() {
        let names: BTreeSet<&str> = EVENTS.iter().map(|(event, _)| *event).collect();
        assert_eq!(names.len(), EVENTS.len());
        let scenarios = Own::ENTRY.scenarios();
        for (event, cause) in EVENTS {
            assert!(
                scenarios.iter().any(|known| known.name == *cause),
                "{event}"
            );
        }
    }
}
