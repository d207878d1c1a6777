//! Refuses values that the document forbids (chapter 3.1.4) before anything is sent. Fields have
//! the document's names.

use idv_core::{Error, Pii, Result, Url};

use super::{
    Behaviors, FieldKind, Order, Placement, Product, Purpose, Stamp, StampPosition, VideoOrIdent,
};

/// The prefix of references that start a test robot (chapter 9.5).
const ROBOTS: &str = "X-AUTOTEST-";

pub(super) fn order(order: &Order) -> Result<()> {
    root(order)?;
    addresses(order)?;
    person(order)?;
    additional(order)?;
    signing(order)
}

fn root(order: &Order) -> Result<()> {
    order.behaviors.check()?;
    if order.product != Product::Esign && order.behaviors.is_about_signing() {
        return refused(
            "Add",
            "4, 8, 16, 128, 256 and 4194304 apply to signing: only product 15 supports them",
        );
    }
    if let Some(reference) = &order.reference {
        length("Ref", reference, 100)?;
        let looks_like_a_robots = reference
            .get(..ROBOTS.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(ROBOTS));
        if looks_like_a_robots && !order.is_for_a_robot() {
            return refused(
                "Ref",
                "the reference would start a test robot: use Order::test_robot instead",
            );
        }
    }
    if let Some(language) = &order.language {
        letters("Lang", language, 2, 2)?;
    }
    optional("Phone", &order.phone, phone)?;
    optional("Mobile", &order.mobile, phone)?;
    if order.product == Product::PhoneVerification && !has_mobile(order) {
        return refused("Mobile", "the number to be verified is missing");
    }
    email("Email", order.email.expose(), 50)?;
    for document in &order.legitimation_documents {
        check_text("LegitimationDocument.Document", &document.description, 50)?;
    }
    match &order.purpose {
        Some(Purpose::Text(text)) => check_text("Purpose", text, 150)?,
        Some(Purpose::ByLanguage(texts)) => {
            for (language, text) in texts {
                letters("Purpose", language, 2, 2)?;
                check_text("Purpose", text, 150)?;
            }
        }
        None => {}
    }
    for (field, text) in [
        ("eSignTanSmsText", &order.esign_tan_sms_text),
        ("verificationSmsText", &order.verification_sms_text),
    ] {
        if text.as_ref().is_some_and(|text| !text.contains("[TAN]")) {
            return refused(
                field,
                "expected a text with [TAN], which the vendor replaces with the TAN",
            );
        }
    }
    if order.esign_tan_sms_text.is_some() && order.product != Product::Esign {
        return refused(
            "eSignTanSmsText",
            "only signing orders (product 15) support this text",
        );
    }
    if let Some(tag) = &order.customer_route_tag {
        check_text("CustomerRouteTag", tag, 250)?;
    }
    let mails = &order.email_notifications;
    for (field, address) in [
        (
            "EmailNotifications.OnPositiveIdent",
            &mails.on_positive_ident,
        ),
        (
            "EmailNotifications.OnNegativeIdent",
            &mails.on_negative_ident,
        ),
        ("EmailNotifications.OnTimeOut", &mails.on_time_out),
        ("EmailNotifications.OnLeave", &mails.on_leave),
    ] {
        optional(field, address, |field, text| email(field, text, 150))?;
    }
    Ok(())
}

fn addresses(order: &Order) -> Result<()> {
    let redirects = [
        ("RedirectURL.Success", &order.redirects.success),
        ("RedirectURL.Abort", &order.redirects.abort),
    ];
    for (field, address) in redirects {
        if let Some(address) = address {
            web_address(field, address, 150)?;
        }
    }
    let webhooks = &order.webhooks;
    match &webhooks.after {
        Some(VideoOrIdent::AfterVideo(address)) => {
            web_address("WebhookURL.AfterVideo", address, 250)?;
        }
        Some(VideoOrIdent::AfterIdent(address)) => {
            web_address("WebhookURL.AfterIdent", address, 250)?;
        }
        None => {}
    }
    for (field, address) in [
        ("WebhookURL.OnFinal", &webhooks.on_final),
        ("WebhookURL.OnError", &webhooks.on_error),
        ("WebhookURL.OnVideoError", &webhooks.on_video_error),
        ("WebhookURL.OnStatusChange", &webhooks.on_status_change),
    ] {
        let Some(address) = address else { continue };
        web_address(field, address, 250)?;
    }
    // The vendor does not replace this placeholder in other URLs.
    let others = [
        &webhooks.on_final,
        &webhooks.on_error,
        &webhooks.on_video_error,
    ];
    let after = webhooks
        .after
        .as_ref()
        .map(|(VideoOrIdent::AfterVideo(address) | VideoOrIdent::AfterIdent(address))| address);
    if others
        .into_iter()
        .flatten()
        .chain(after)
        .any(|address| address.contains("[statusCode]"))
    {
        return refused("WebhookURL", "only OnStatusChange supports [statusCode]");
    }
    Ok(())
}

fn person(order: &Order) -> Result<()> {
    let address = &order.address;
    check_text("Address.Firstname", address.firstname.expose(), 50)?;
    check_text("Address.Surname", address.surname.expose(), 50)?;
    letters("Address.Country", address.country.expose(), 2, 3)?;
    texts(&[
        ("Address.CompanyName", &address.company_name, 50),
        ("Address.Street", &address.street, 50),
        ("Address.ZipCode", &address.zip_code, 5),
        ("Address.City", &address.city, 100),
    ])?;
    let Some(data) = &order.ident_data else {
        return Ok(());
    };
    texts(&[
        ("IdentData.Firstname", &data.firstname, 50),
        ("IdentData.Surname", &data.surname, 50),
        ("IdentData.Street", &data.street, 100),
        ("IdentData.ZipCode", &data.zip_code, 5),
        ("IdentData.City", &data.city, 100),
        ("IdentData.Birthplace", &data.birthplace, 100),
        ("IdentData.Birthname", &data.birthname, 75),
        ("IdentData.Nationality", &data.nationality, 50),
        ("IdentData.Title", &data.title, 50),
        ("IdentData.Artistname", &data.artistname, 50),
        ("IdentData.CollectedBy", &data.collected_by, 255),
        ("IdentData.IDCard.CardNo", &data.id_card.card_no, 50),
        (
            "IdentData.IDCard.PlaceOfIssue",
            &data.id_card.place_of_issue,
            100,
        ),
        (
            "IdentData.DriverLicence.LicenceNo",
            &data.driver_licence.licence_no,
            50,
        ),
        (
            "IdentData.DriverLicence.Classes",
            &data.driver_licence.classes,
            50,
        ),
    ])?;
    optional("IdentData.Country", &data.country, |field, text| {
        letters(field, text, 2, 2)
    })?;
    optional("IdentData.Email", &data.email, |field, text| {
        email(field, text, 50)
    })?;
    optional("IdentData.Mobile", &data.mobile, phone)?;
    let country = |field, text: &str| letters(field, text, 2, 3);
    optional(
        "IdentData.IDCard.CountryOfIssue",
        &data.id_card.country_of_issue,
        country,
    )?;
    optional(
        "IdentData.DriverLicence.CountryOfIssue",
        &data.driver_licence.country_of_issue,
        country,
    )?;
    if data.collected_by.is_some() && !order.behaviors.contains(Behaviors::POINT_OF_SALE_SIGNATURE)
    {
        return refused(
            "IdentData.CollectedBy",
            "only signing at a point of sale (Add 4194304) supports this field",
        );
    }
    for (field, date) in [
        ("IdentData.Birthdate", &data.birthdate),
        ("IdentData.IDCard.DateOfIssue", &data.id_card.date_of_issue),
        ("IdentData.IDCard.ValidUntil", &data.id_card.valid_until),
        (
            "IdentData.DriverLicence.DateOfIssue",
            &data.driver_licence.date_of_issue,
        ),
        (
            "IdentData.DriverLicence.ValidUntil",
            &data.driver_licence.valid_until,
        ),
    ] {
        if date
            .as_ref()
            .is_some_and(|date| date.expose().year() < 1000)
        {
            return refused(field, "expected a year of four digits");
        }
    }
    let images = &data.id_card.images;
    for (field, image) in [
        ("IdentData.IDCard.Images.Front", &images.front),
        ("IdentData.IDCard.Images.Back", &images.back),
    ] {
        if image
            .as_ref()
            .is_some_and(|image| !image.expose().starts_with(&[0xFF, 0xD8, 0xFF]))
        {
            return refused(field, "expected a JPEG image");
        }
    }
    Ok(())
}

fn additional(order: &Order) -> Result<()> {
    let Some(data) = &order.ident_data else {
        return Ok(());
    };
    let most = if order.product == Product::Shop {
        2
    } else {
        10
    };
    if data.additional.len() > most {
        return refused(
            "IdentData.Additional",
            "at most 2 additional fields in a shop, 10 by video",
        );
    }
    for (name, field) in &data.additional {
        check_text("IdentData.Additional", name, 50)?;
        check_text("IdentData.Additional.Label", &field.label, 100)?;
        let Some(value) = field.value.as_ref().map(Pii::expose) else {
            continue;
        };
        length("IdentData.Additional.Value", value, 150)?;
        let holds = match field.kind {
            FieldKind::Text => true,
            FieldKind::Date => value.len() == 10 && value.parse::<jiff::civil::Date>().is_ok(),
            FieldKind::Boolean => matches!(value.as_str(), "true" | "false" | "0" | "1"),
            FieldKind::Country => {
                (2..=3).contains(&value.len())
                    && value.bytes().all(|byte| byte.is_ascii_alphabetic())
            }
        };
        if !holds {
            return refused(
                "IdentData.Additional.Value",
                "the value does not match the field's type",
            );
        }
    }
    Ok(())
}

fn signing(order: &Order) -> Result<()> {
    for document in &order.esign_pdfs {
        match &document.data {
            Some(data) if is_pdf(data.expose()) => {}
            _ => return refused("eSignPDF.Data", "expected a PDF"),
        }
        optional("eSignPDF.Filename", &document.filename, |field, text| {
            check_text(field, text, 50)
        })?;
        placed("eSignPDF", document.placement.as_ref())?;
        for stamp in &document.stamps {
            stamped(stamp)?;
        }
    }
    for hash in &order.esign_hashes {
        if hash
            .hash
            .as_ref()
            .is_none_or(|hash| hash.expose().is_empty())
        {
            return refused("eSignHash.Hash", "the value is missing");
        }
        optional("eSignHash.Filename", &hash.filename, |field, text| {
            check_text(field, text, 50)
        })?;
    }
    for text in &order.esign_options.additional_checkboxes {
        check_text("eSignOptions.AdditionalCheckboxes", text, 300)?;
    }
    if let Some(multi_sign) = &order.multi_sign {
        let Some(first) = &multi_sign.first_order_id else {
            return refused("MultiSignOptions.FirstOrderID", "the value is missing");
        };
        length("MultiSignOptions.FirstOrderID", first.as_str(), 14)?;
        for parameters in &multi_sign.sign_parameters {
            optional(
                "MultiSignOptions.SignParameters.Filename",
                &parameters.filename,
                |field, text| check_text(field, text, 50),
            )?;
            if matches!(parameters.placement, Some(Placement::Tag { .. })) {
                return refused(
                    "MultiSignOptions.SignParameters",
                    "a further party signs at a position or in a field",
                );
            }
            placed(
                "MultiSignOptions.SignParameters",
                parameters.placement.as_ref(),
            )?;
        }
    }
    if order
        .ident_data_signed
        .as_ref()
        .is_some_and(idv_core::Secret::is_empty)
    {
        return refused("IdentDataSigned", "the value is empty");
    }
    let something = !order.esign_pdfs.is_empty()
        || !order.esign_hashes.is_empty()
        || order.multi_sign.is_some();
    let is_account_only = order.behaviors.contains(Behaviors::SIGN_ME_CREATE);
    if something && order.product != Product::Esign {
        return refused("Product", "only orders of product 15 can sign documents");
    }
    if something && is_account_only {
        return refused(
            "Add",
            "8 only creates a sign-me account: sign documents without it, or with 4 or 16",
        );
    }
    if order.product == Product::Esign && !something && !is_account_only {
        return refused(
            "eSignPDF",
            "a signing order needs a PDF, a hash, or another order to sign",
        );
    }
    Ok(())
}

fn has_mobile(order: &Order) -> bool {
    order.mobile.is_some()
        || order
            .ident_data
            .as_ref()
            .is_some_and(|data| data.mobile.is_some())
}

/// Returns whether a file is a PDF. Readers search for its header in the first 1024 bytes.
fn is_pdf(file: &[u8]) -> bool {
    let start = file.get(..1024).unwrap_or(file);
    start.windows(5).any(|bytes| bytes == b"%PDF-")
}

fn placed(field: &'static str, placement: Option<&Placement>) -> Result<()> {
    match placement {
        Some(Placement::At {
            x,
            y,
            width,
            height,
            page,
        }) => {
            if *x < 0
                || *y < 0
                || width.is_some_and(|width| width <= 0)
                || height.is_some_and(|height| height <= 0)
            {
                return refused(field, "expected a signature on the page, with a size");
            }
            if *page == Some(0) {
                return refused(field, "expected a page number from 1");
            }
        }
        Some(Placement::Field(text) | Placement::Tag { tag: text, .. }) if text.is_empty() => {
            return refused(field, "the name of the field, or the tag, is empty");
        }
        _ => {}
    }
    Ok(())
}

fn stamped(stamp: &Stamp) -> Result<()> {
    check_text("eSignPDF.Stamping.Content", stamp.content.expose(), 500)?;
    let position = match &stamp.position {
        Some(StampPosition::At(x, y)) => *x >= 0 && *y >= 0,
        Some(StampPosition::Tag { tag, .. }) => !tag.is_empty(),
        None => true,
    };
    if !position
        || stamp.page == Some(0)
        || stamp
            .size
            .is_some_and(|(width, height)| width <= 0 || height <= 0)
    {
        return refused(
            "eSignPDF.Stamping",
            "expected a stamp on a page from 1, or at a tag, with a size",
        );
    }
    Ok(())
}

fn refused<T>(field: &'static str, detail: &'static str) -> Result<T> {
    Err(Error::invalid(field, detail))
}

fn texts(fields: &[(&'static str, &Option<Pii<String>>, usize)]) -> Result<()> {
    fields.iter().try_for_each(|(field, text, most)| {
        optional(field, text, |field, text| length(field, text, *most))
    })
}

fn optional(
    field: &'static str,
    text: &Option<Pii<String>>,
    check: impl FnOnce(&'static str, &str) -> Result<()>,
) -> Result<()> {
    text.as_ref()
        .map_or(Ok(()), |text| check(field, text.expose()))
}

fn length(field: &'static str, text: &str, most: usize) -> Result<()> {
    if text.chars().count() > most {
        return Err(Error::invalid(
            field,
            format!("longer than {most} characters"),
        ));
    }
    Ok(())
}

fn check_text(field: &'static str, text: &str, most: usize) -> Result<()> {
    if text.trim().is_empty() {
        return refused(field, "the value is empty");
    }
    length(field, text, most)
}

fn letters(field: &'static str, text: &str, least: usize, most: usize) -> Result<()> {
    if !(least..=most).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_alphabetic())
    {
        return Err(Error::invalid(
            field,
            if least == most {
                "expected a code of 2 letters"
            } else {
                "expected a code of 2 or 3 letters"
            },
        ));
    }
    Ok(())
}

/// Checks the format `PN` of chapter 2.3.
fn phone(field: &'static str, text: &str) -> Result<()> {
    length(field, text, 50)?;
    let digits = text.strip_prefix('+').unwrap_or_default();
    if digits.is_empty()
        || digits.starts_with('0')
        || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return refused(field, "expected + and digits only, such as +491701234567");
    }
    Ok(())
}

fn email(field: &'static str, text: &str, most: usize) -> Result<()> {
    length(field, text, most)?;
    match text.trim().split_once('@') {
        Some((name, host))
            if !name.is_empty()
                && !host.is_empty()
                && !text.trim().contains(char::is_whitespace) =>
        {
            Ok(())
        }
        _ => refused(field, "expected an e-mail address"),
    }
}

fn web_address(field: &'static str, text: &str, most: usize) -> Result<()> {
    length(field, text, most)?;
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(()),
        _ => refused(field, "expected an http or https URL"),
    }
}
