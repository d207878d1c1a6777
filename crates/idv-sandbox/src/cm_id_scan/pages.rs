//! The pages for the person's browser ("Integration with return URL").

use http::StatusCode;

use super::create::{FACE_LIVENESS, FACE_MATCH};
use super::transaction::{EXPIRED, Transaction};
use super::{Own, World, rules};
use crate::exchange::Answer;
use crate::part::{Part as _, Verification as _};
use crate::person::{self, PersonPage};
use crate::rule::Refusal;

/// The sentences of the page in a language ("Locale").
struct Language {
    locale: &'static str,
    title: &'static str,
    take: &'static str,
    upload: &'static str,
    take_or_upload: &'static str,
    face: &'static str,
    comparison: &'static str,
    mobile: &'static str,
}

const ENGLISH: Language = Language {
    locale: "en-US",
    title: "Identity verification",
    take: "Take photos of both sides of your identity document.",
    upload: "Upload photos of both sides of your identity document.",
    take_or_upload: "Take or upload photos of both sides of your identity document.",
    face: "Look into the camera for the liveness check.",
    comparison: "Your face is compared with the photo on your identity document.",
    mobile: "Scan the QR code and continue on a mobile device.",
};

const DUTCH: Language = Language {
    locale: "nl-NL",
    title: "Identiteitsverificatie",
    take: "Maak foto's van beide zijden van uw identiteitsbewijs.",
    upload: "Upload foto's van beide zijden van uw identiteitsbewijs.",
    take_or_upload: "Maak of upload foto's van beide zijden van uw identiteitsbewijs.",
    face: "Kijk in de camera voor de levendigheidscontrole.",
    comparison: "Uw gezicht wordt vergeleken met de foto op uw identiteitsbewijs.",
    mobile: "Scan de QR-code en ga verder op een mobiel apparaat.",
};

const FRENCH: Language = Language {
    locale: "fr-FR",
    title: "Vérification d'identité",
    take: "Photographiez le recto et le verso de votre pièce d'identité.",
    upload: "Téléversez des photos du recto et du verso de votre pièce d'identité.",
    take_or_upload: "Photographiez ou téléversez les deux côtés de votre pièce d'identité.",
    face: "Regardez la caméra pour le contrôle du vivant.",
    comparison: "Votre visage est comparé à la photo de votre pièce d'identité.",
    mobile: "Scannez le code QR et continuez sur un appareil mobile.",
};

/// Returns the page of a transaction's `url`, or of `/scan` below it, to which the QR code leads a
/// phone.
pub(super) fn handle(world: &World, path: &[&str]) -> Answer {
    let Some((transaction, is_phone)) = find(world, path) else {
        return Answer::nothing_here().refused(Refusal::by(&rules::PAGE));
    };
    if !transaction.is_over() {
        return person::answer(Own::ID, &transaction.id, &page(transaction, is_phone));
    }
    match return_address(transaction, is_phone) {
        Some(place) => Answer::redirect(StatusCode::FOUND, place),
        None if transaction.state == EXPIRED => {
            Answer::page(StatusCode::OK, "This identification has expired.")
        }
        None => Answer::page(StatusCode::OK, "Thank you for your identification."),
    }
}

/// Returns the transaction of a path, and whether the path is that of the QR code.
fn find<'a>(world: &'a World, path: &[&str]) -> Option<(&'a Transaction, bool)> {
    let (locale, token, is_phone) = match path {
        [locale, "identifications", token] => (locale, token, false),
        [locale, "identifications", token, "scan"] => (locale, token, true),
        _ => return None,
    };
    let mut known = world.cases.values();
    known
        .find(|transaction| transaction.token == *token)
        .filter(|known| known.submitted.locale.eq_ignore_ascii_case(locale))
        .map(|transaction| (transaction, is_phone))
}

/// Returns the contents of the page. A phone that has scanned the QR code is not asked to do so.
pub(super) fn page(transaction: &Transaction, is_phone: bool) -> PersonPage {
    let submitted = &transaction.submitted;
    let language = [ENGLISH, DUTCH, FRENCH]
        .into_iter()
        .find(|language| language.locale == submitted.locale)
        .unwrap_or(ENGLISH);
    let document = &submitted.document;
    let allows = |source: &str| {
        let sources = document.capture_sources.as_ref();
        sources.is_none_or(|sources| sources.iter().any(|known| known == source))
    };
    let scan = match (allows("camera"), allows("file")) {
        (true, true) => language.take_or_upload,
        (true, false) => language.take,
        _ => language.upload,
    };
    let asked = [
        (submitted.mobile_only && !is_phone).then_some(language.mobile),
        Some(scan),
        submitted.has(FACE_LIVENESS).then_some(language.face),
        submitted.has(FACE_MATCH).then_some(language.comparison),
    ];
    let days = Some(document.allowed_expiration).filter(|days| *days != 0);
    let limits = [
        ("allowedExpiration", days),
        ("minimumAge", document.minimum_age),
        ("maximumAge", document.maximum_age),
    ];
    let limit = |(name, value): (&str, Option<i64>)| {
        value.map(|value| (name.to_owned(), value.to_string()))
    };
    PersonPage {
        language: language.locale,
        title: language.title.to_owned(),
        asked: asked.into_iter().flatten().map(str::to_owned).collect(),
        shown: limits.into_iter().filter_map(limit).collect(),
        is_open: !transaction.is_over(),
    }
}

/// Returns the redirect of a person who has finished; `None` if they stay on the page. The status
/// page of `scanReturnUrl` gets no parameters.
pub(super) fn return_address(transaction: &Transaction, is_phone: bool) -> Option<String> {
    let outcome = transaction.outcome.as_ref()?;
    if is_phone {
        return transaction.submitted.scan_return_url.clone();
    }
    let mut url = url::Url::parse(transaction.submitted.return_url.as_deref()?).ok()?;
    url.query_pairs_mut()
        .append_pair("trxid", &transaction.id)
        .append_pair("resultid", &outcome.result_id);
    Some(url.into())
}
