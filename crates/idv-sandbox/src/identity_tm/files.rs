//! Files of an order: signed documents (3.5 to 3.7), images (3.8), recordings (3.9 to 3.11).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::account::Account;
use super::api::Call;
use super::case::Case;
use super::esign::{self, Document};
use super::failure::Failure;
use super::order::add;
use super::results::final_case;
use super::{Effect, render, rules};
use crate::clock::later;
use crate::exchange::{Answer, Piece};
use crate::{jpeg, pdf};

/// The beginning of an MP4 file: its type, and a box of free space of any length.
const MP4: &[u8] = b"\0\0\0\x18ftypisom\0\0\x02\0isommp42\0\0\0\0mdat";
/// The beginning of an MP4 file of another brand, so that the placeholder differs from the
/// recording.
const PLACEHOLDER: &[u8] = b"\0\0\0\x14ftypmp42\0\0\0\0mp42\0\0\0\x08free";
/// The beginning of an MP3 file: an empty ID3 tag and a frame header.
const MP3: &[u8] = b"ID3\x04\0\0\0\0\0\0\xff\xfb\x90\x64";

/// getESignPDF (3.5).
pub(super) fn signed_documents(call: &Call<'_, '_, '_>, order: &str) -> Result<Answer, Failure> {
    let case = signed(call, order)?;
    let documents = esign::documents(&first(call, case).submitted);
    if documents.is_empty() {
        return Err(Failure::by(&rules::SIGNED_PDF, "the order has no eSignPDF"));
    }
    let sign = |document: &Document| {
        let mut content = document.content.clone();
        // A comment stands for the signature, since PDF readers ignore it.
        content.extend_from_slice(format!("\n% signed in order {}\n", case.id).as_bytes());
        json!({ "Base64Data": STANDARD.encode(content) })
    };
    Ok(Answer::json(
        StatusCode::OK,
        &json!({ "PDFs": documents.iter().map(sign).collect::<Vec<_>>() }),
    ))
}

/// getESignHash (3.6).
pub(super) fn signed_hashes(call: &Call<'_, '_, '_>, order: &str) -> Result<Answer, Failure> {
    let case = signed(call, order)?;
    let hashes = esign::hashes(&first(call, case).submitted);
    if hashes.is_empty() {
        return Err(Failure::by(
            &rules::SIGNED_HASH,
            "the order has no eSignHash",
        ));
    }
    let sign = |hash: &Document| {
        let value = Sha256::new()
            .chain_update(&hash.content)
            .chain_update(&case.id)
            .finalize();
        json!({ (hash.name.as_str()): STANDARD.encode(value) })
    };
    Ok(Answer::json(
        StatusCode::OK,
        &json!({ "Hashes": hashes.iter().map(sign).collect::<Vec<_>>() }),
    ))
}

/// getESignAuditLogPDF (3.7).
pub(super) fn audit_log(call: &Call<'_, '_, '_>, order: &str) -> Result<Answer, Failure> {
    let case = signed(call, order)?;
    if !case.submitted.adds(add::ADVANCED) {
        return Err(Failure::by(
            &rules::ADVANCED_ORDER,
            "the order is not an AES order",
        ));
    }
    let mut lines = vec![format!("Audit log of order {}", case.id)];
    lines.extend(
        case.statuses
            .iter()
            .map(|status| format!("{} {}", render::time(status.at), status.kind)),
    );
    Ok(Answer::new(
        StatusCode::OK,
        "application/pdf",
        pdf::document(&lines),
    ))
}

/// getImages (3.8).
pub(super) fn images(call: &Call<'_, '_, '_>, order: &str) -> Result<Answer, Failure> {
    let case = final_case(call, order)?;
    let answer = if case.has_images(&call.account) {
        json!({ "Images": image_list(case, &call.account) })
    } else {
        json!({})
    };
    Ok(Answer::json(StatusCode::OK, &answer))
}

/// Returns the recorded images, which results contain as well (3.3.4).
pub(super) fn image_list(case: &Case, account: &Account) -> Value {
    let at = case
        .identified
        .unwrap_or(case.created)
        .strftime("%Y%m%d-%H%M%S-000")
        .to_string();
    let image = |name: &str| {
        let content = jpeg::image(name, account.image_length);
        json!({ "Image": STANDARD.encode(content), "Filename": format!("{name}_{at}.jpg") })
    };
    json!([image("front"), image("back"), image("portrait")])
}

/// getVideoFileBinaryAsync (3.9).
pub(super) fn provide_video(call: &mut Call<'_, '_, '_>, order: &str) -> Result<Answer, Failure> {
    let body = call.body()?;
    recorded(call, order)?;
    let url = body
        .get("callbackUrl")
        .and_then(Value::as_str)
        .ok_or_else(|| Failure::by(&rules::CALLBACK_URL, "callbackUrl is required"))?;
    if !url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
        return Err(Failure::by(
            &rules::CALLBACK_URL,
            "callbackUrl must be an absolute URL",
        ));
    }
    let at = later(
        call.moment.now,
        Duration::from_secs(call.account.video_provision_seconds),
    );
    call.moment
        .plan(at, order, Effect::VideoReady(url.to_owned()));
    Ok(Answer::empty(StatusCode::OK))
}

/// getVideoFileBinary (3.10): the recording, or a placeholder until it is available.
pub(super) fn video(call: &Call<'_, '_, '_>, order: &str) -> Result<Answer, Failure> {
    let pieces = if recorded(call, order)?.video_ready {
        file(MP4, call.account.video_length)
    } else {
        file(PLACEHOLDER, 0)
    };
    Ok(Answer::of(StatusCode::OK, "video/mp4", pieces))
}

/// getVoiceFiles (3.11).
pub(super) fn voice(call: &Call<'_, '_, '_>, order: &str) -> Result<Answer, Failure> {
    let case = final_case(call, order)?;
    if !call.account.audio_recording || case.identified.is_none() {
        return Err(Failure::by(
            &rules::AUDIO_RECORDING,
            "there is no audio recording",
        ));
    }
    let body = json!({ "Voicefiles": [{ "Filename": "sound_4348.mp3", "Base64Data": STANDARD.encode(MP3) }] });
    Ok(Answer::json(StatusCode::OK, &body))
}

/// Returns a signed order, whose final status is 84.
fn signed<'a>(call: &'a Call<'_, '_, '_>, order: &str) -> Result<&'a Case, Failure> {
    let case = call.kept_case(order)?;
    if case.submitted.is_signed() && case.reached(84) {
        Ok(case)
    } else {
        Err(Failure::by(&rules::SIGNED_ORDER, "the order is not signed"))
    }
}

/// Returns the order with the documents: another order if several persons sign (3.1.4,
/// `MultiSignOptions`).
fn first<'a>(call: &'a Call<'_, '_, '_>, case: &'a Case) -> &'a Case {
    let first = case.submitted.text(&["MultiSignOptions", "FirstOrderID"]);
    first
        .and_then(|first| call.world.cases.get(first))
        .unwrap_or(case)
}

/// Returns an order whose video call was recorded (3.10.1).
fn recorded<'a>(call: &'a Call<'_, '_, '_>, order: &str) -> Result<&'a Case, Failure> {
    let case = call.kept_case(order)?;
    if case.has_video(&call.account) {
        Ok(case)
    } else {
        Err(Failure::by(
            &rules::VIDEO_RECORDING,
            "there is no recording of a video identification",
        ))
    }
}

fn file(start: &'static [u8], length: u64) -> Vec<Piece> {
    vec![
        Piece::Bytes(start.into()),
        Piece::spaces(length.saturating_sub(start.len() as u64)),
    ]
}
