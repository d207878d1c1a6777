//! The page of the message's link for the person's browser.

use http::{Method, StatusCode};

use super::case::{Case, estado};
use super::{Effect, Moment, Own, World, rules};
use crate::exchange::{Answer, Incoming};
use crate::part::Part as _;
use crate::person::{self, PersonPage};
use crate::rule::Refusal;

/// Opens the link: the process begins.
pub(super) fn handle(
    world: &mut World,
    request: &Incoming,
    token: &str,
    moment: &mut Moment<'_>,
) -> Answer {
    let found = world
        .cases
        .values()
        .find(|case| case.token == token && case.is_sent);
    let Some(case) = found else {
        return Answer::nothing_here().refused(Refusal::by(&rules::LINK));
    };
    if request.method != Method::GET {
        return Answer::nothing_here().refused(Refusal::by(&rules::LINK_METHOD));
    }
    if !case.is_open() {
        return Answer::page(StatusCode::OK, "Su proceso de verificación ha terminado.");
    }
    let (id, page) = (case.id.clone(), of(case));
    Own::happen(world, &id, Effect::Status(estado::ACCESSED), moment);
    person::answer(Own::ID, &id, &page)
}

/// Returns the page for a person with the message.
pub(super) fn of(case: &Case) -> PersonPage {
    let asked = [
        "Permita el uso de la cámara y tenga preparado su documento de identidad o pasaporte.",
        "Mire a la cámara: se comprobará que es usted una persona real.",
        "Muestre el anverso de su documento de identidad o pasaporte.",
        "Muestre el reverso de su documento de identidad.",
        "Si lo desea, permita el acceso a su ubicación.",
    ];
    let mut shown = vec![("Solicitado por".to_owned(), case.sender.clone())];
    let wanted = case.wanted.clone();
    shown.extend(wanted.map(|number| ("Documento solicitado".to_owned(), number)));
    PersonPage {
        language: "es",
        title: "Verificación de identidad".to_owned(),
        asked: asked.map(str::to_owned).to_vec(),
        shown,
        is_open: case.is_open(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::parameters::Parameters;
    use super::super::{Moment, send};
    use super::{Own, World};
    use crate::part::Part as _;
    use crate::person::Choice;
    use crate::sandbox::Sandbox;
    use crate::state::State;

    /// Sends a request, and returns its identifier.
    fn request(sandbox: &Sandbox, date: &str) -> String {
        let create = |world: &mut World, moment: &mut Moment<'_>| {
            let texts = [
                ("Telefono", "34600000001"),
                ("Dni", "00000000T"),
                ("Fecha", date),
            ];
            let pages = world.pages.clone();
            send::send(world, &Parameters::from_texts(texts), &pages, moment).unwrap();
        };
        sandbox.worlds.unrecorded(|state, now| {
            state.with(now, create);
            (Own::ENTRY.ids)(state).pop().unwrap()
        })
    }

    fn state(sandbox: &Sandbox, id: &str) -> String {
        let listed = (Own::ENTRY.find)(&sandbox.worlds.state(), id).unwrap();
        listed.summary.state
    }

    #[tokio::test]
    async fn each_choice_of_the_person_has_its_end() {
        for (choice, end) in [
            (Choice::Succeed, "5100 Validated"),
            (Choice::DataDiffer, "5100 Validated"),
            (Choice::Fail, "5500 Rejected"),
            (Choice::SuspectFraud, "5500 Rejected"),
            (Choice::Abandon, "3000 The user has accessed"),
            (Choice::ComeBackLater, "3000 The user has accessed"),
        ] {
            let sandbox = Sandbox::builder().in_process().speed(0.0).start();
            let sandbox = sandbox.await.unwrap();
            let id = request(&sandbox, "");
            let vendor = sandbox.vendor(Own::ID).unwrap();
            assert_eq!(vendor.take_step(&id, "open-link").unwrap().len(), 1);
            sandbox.clock().advance(Duration::ZERO).await;
            let choose = |state: &mut State, now| (Own::ENTRY.choose)(state, now, &id, choice);
            sandbox.worlds.unrecorded(choose).unwrap();
            sandbox.clock().advance(Duration::ZERO).await;
            let is_under_way = !matches!(choice, Choice::Abandon | Choice::ComeBackLater);
            assert_eq!(state(&sandbox, &id).starts_with("3001"), is_under_way);
            sandbox.clock().advance(Duration::from_secs(3600)).await;
            assert_eq!(state(&sandbox, &id), end);

            let state = sandbox.worlds.state();
            assert_eq!((Own::ENTRY.return_address)(&state, &id), None);
            let page = crate::part::person::<Own>(&state, &id).unwrap();
            assert_eq!((page.language, page.is_open), ("es", !is_under_way));
        }
    }

    #[tokio::test]
    async fn page_exists_from_the_message_on() {
        let sandbox = Sandbox::builder().in_process().speed(0.0).start();
        let sandbox = sandbox.await.unwrap();
        let id = request(&sandbox, "2026-01-01 02:00");
        assert_eq!(state(&sandbox, &id), "message scheduled");
        let page = |sandbox: &Sandbox| crate::part::person::<Own>(&sandbox.worlds.state(), &id);
        let listed = |sandbox: &Sandbox| {
            let listed = (Own::ENTRY.find)(&sandbox.worlds.state(), &id).unwrap();
            (listed.summary.hand_off, listed.summary.message)
        };
        assert_eq!((page(&sandbox), listed(&sandbox)), (None, (None, None)));
        sandbox.clock().advance(Duration::from_secs(3600)).await;
        assert_eq!(state(&sandbox, &id), "message sent");
        assert!(page(&sandbox).is_some_and(|page| page.is_open));
        let (link, message) = listed(&sandbox);
        assert!(message.unwrap().contains(&link.unwrap()));
    }
}
