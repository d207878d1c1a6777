//! GetCertificadoIdentidad: the certificate of a validated verification.

use bytes::Bytes;
use http::StatusCode;

use super::World;
use super::answer::Failure;
use super::case::{Case, minute};
use super::parameters::Parameters;
use super::rules;
use crate::exchange::{Answer, Piece};
use crate::pdf;

/// Downloads the certificate.
pub(super) fn download(world: &World, parameters: &Parameters) -> Result<Answer, Failure> {
    let id = parameters
        .text("Id")?
        .ok_or_else(|| Failure::data(&rules::ID, "Id is required"))?;
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Failure::data(&rules::ID_INTEGER, "Id is not an integer"));
    }
    let case = world
        .cases
        .get(&id)
        .ok_or_else(|| Failure::data(&rules::ID_KNOWN, "no request has this Id"))?;
    if !case.is_validated() {
        return Err(Failure::data(
            &rules::VALIDATED,
            "the verification is not validated",
        ));
    }
    let pdf = document(case);
    let padding = world
        .first
        .certificate_length
        .saturating_sub(pdf.len() as u64);
    let pieces = vec![Piece::Bytes(Bytes::from(pdf)), Piece::spaces(padding)];
    let name = format!("attachment; filename=\"CertificadoIdentidad_{id}.pdf\"");
    Ok(
        Answer::of(StatusCode::OK, &world.first.certificate_type, pieces)
            .with_header("content-disposition", name),
    )
}

fn document(case: &Case) -> Vec<u8> {
    let validated = case
        .statuses
        .last()
        .map_or_else(String::new, |(_, at)| minute(*at));
    pdf::document(&[
        "Certificado de verificación de identidad".to_owned(),
        format!("Identificador: {}", case.id),
        format!("Teléfono: {}", case.phone),
        format!("DNI: {}", case.front()),
        format!("Fecha de envío: {}", minute(case.send_at)),
        format!("Validado: {validated}"),
    ])
}
