//! Parses similarities, and compares document numbers.

use std::borrow::Cow;

use idv_core::Text;

use super::given_text;
use crate::dni;
use crate::wire::{Card, IdentityResult, Report};

/// Parses a decimal number with a point or a Spanish comma, with or without a percent sign.
pub(super) fn decimal(text: Option<&Text<'_>>) -> Option<f64> {
    written(text)?.parse().ok()
}

/// Returns the number divided by a hundred, by moving the decimal point, so that no digit changes.
pub(super) fn hundredth(text: Option<&Text<'_>>) -> Option<f64> {
    let written = written(text)?;
    match written.split_once(['e', 'E']) {
        None => [&*written, "e-2"].concat().parse().ok(),
        Some(_) => written.parse::<f64>().ok().map(|number| number / 100.0),
    }
}

fn written<'t>(text: Option<&'t Text<'_>>) -> Option<Cow<'t, str>> {
    let text = given_text(text)?.trim_end_matches('%').trim_end();
    let plain = text.bytes().all(|byte| {
        byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'-' | b'+' | b'e' | b'E')
    });
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    let commas = text.matches(',').count();
    (plain && has_digit && (commas == 0 || (commas == 1 && !text.contains('.')))).then(|| {
        match commas {
            0 => Cow::Borrowed(text),
            _ => Cow::Owned(text.replace(',', ".")),
        }
    })
}

/// The relation of the requested number to the extracted ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Requested {
    /// No number was requested.
    No,
    /// All extracted numbers equal the requested one.
    Matches,
    /// An extracted number differs.
    Differs,
    /// No number was extracted.
    Unread,
}

/// Returns the extracted numbers, the document's own first, each with the vendor's path.
pub(super) fn read<'t>(
    payload: &'t Report<'_>,
    found: &'t IdentityResult<'_>,
    card: &'t Card<'_>,
) -> impl Iterator<Item = &'t str> + Clone {
    let texts = [
        &card.number,
        &found.number_front,
        &payload.number_front,
        &found.number_back,
        &payload.number_back,
    ];
    texts
        .into_iter()
        .filter_map(|text| given_text(text.as_ref()))
}

/// Returns the requested numbers that the report repeats.
pub(super) fn requested<'t>(
    payload: &'t Report<'_>,
    found: &'t IdentityResult<'_>,
) -> impl Iterator<Item = &'t str> + Clone {
    [&found.requested_number, &payload.requested_number]
        .into_iter()
        .filter_map(|text| given_text(text.as_ref()))
}

/// Compares the requested numbers with the extracted ones.
///
/// `NumeroSerie` alone may have the number of a passport or of a foreign document, but never a DNI
/// or NIE.
pub(super) fn compare(
    payload: &Report<'_>,
    found: &IdentityResult<'_>,
    card: &Card<'_>,
) -> Requested {
    let (mut requested, read) = (requested(payload, found), read(payload, found, card));
    let (is_requested, is_read) = (
        requested.clone().next().is_some(),
        read.clone().next().is_some(),
    );
    let serial = given_text(card.serial_number.as_ref());
    let by_serial = |number: &str| {
        dni::letter_holds(&dni::plain(number)).is_none()
            && serial.is_some_and(|serial| dni::is_same(serial, number))
    };
    let matches = |number: &str| {
        by_serial(number) || (is_read && read.clone().all(|read| dni::is_same(read, number)))
    };
    if !is_requested {
        Requested::No
    } else if requested.all(matches) {
        Requested::Matches
    } else if is_read {
        Requested::Differs
    } else {
        Requested::Unread
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_has_a_point_or_comma() {
        for (text, number, hundredth) in [
            (
                "93.957847595214844",
                Some(93.957_847_595_214_84),
                Some(0.939_578_475_952_148_5),
            ),
            ("96,41", Some(96.41), Some(0.9641)),
            ("70.2 %", Some(70.2), Some(0.702)),
            ("-9", Some(-9.0), Some(-0.09)),
            ("-9.0", Some(-9.0), Some(-0.09)),
            ("9.6e1", Some(96.0), Some(0.96)),
            ("1.234,5", None, None),
            ("1,2,3", None, None),
            ("", None, None),
            ("N/A", None, None),
            ("e", None, None),
            ("inf", None, None),
            ("NaN", None, None),
            ("9 6", None, None),
        ] {
            let word = Text::new(text);
            assert_eq!(
                (decimal(Some(&word)), super::hundredth(Some(&word))),
                (number, hundredth),
                "{text}"
            );
        }
    }

    fn compared(json: &str) -> Requested {
        let payload = Report::read(json.as_bytes()).unwrap();
        let found = payload.result().unwrap_or_default();
        compare(&payload, &found, &found.card())
    }

    #[test]
    fn requested_number_is_compared_with_every_reading() {
        for (members, expected) in [
            (r#""DNIAnverso":"12345678Z""#, Requested::No),
            (
                r#""DNISolicitado":"","DNIAnverso":"12345678Z""#,
                Requested::No,
            ),
            (
                r#""DNISolicitado":"N/A","DNIAnverso":"12345678Z""#,
                Requested::No,
            ),
            (r#""DNISolicitado":"12345678Z""#, Requested::Unread),
            (
                r#""DNISolicitado":"12345678Z","DNIAnverso":"N/A","DNIReverso":"""#,
                Requested::Unread,
            ),
            (
                r#""DNISolicitado":"12.345.678-z","DNIAnverso":"12345678Z""#,
                Requested::Matches,
            ),
            (
                r#""DNISolicitado":"12345678Z","DNIAnverso":"12345678Z","DNIReverso":"87654321X""#,
                Requested::Differs,
            ),
            (
                r#""DNISolicitado":"12345678Z","Result":{"DNIReverso":"87654321X"}"#,
                Requested::Differs,
            ),
            (
                r#""DNISolicitado":"12345678Z","Result":{"DNIAnverso":"87654321X"}"#,
                Requested::Differs,
            ),
            (
                r#""DNISolicitado":"12345678Z","DNIReverso":"87654321X""#,
                Requested::Differs,
            ),
            (
                r#""DNISolicitado":"12345678Z","Result":{"DNI":{"DNI":"87654321X"}}"#,
                Requested::Differs,
            ),
            (
                r#""DNISolicitado":"12345678Z","Result":{"DNI":"87654321X"}"#,
                Requested::Differs,
            ),
            (
                r#""DNISolicitado":"12345678Z","Result":{"DNI":"12345678 Z"}"#,
                Requested::Matches,
            ),
            (
                r#""Result":{"DNISolicitado":"12345678Z","DNI":{"DNI":"87654321X"}}"#,
                Requested::Differs,
            ),
            (
                r#""DNISolicitado":"12345678Z","Result":{"DNISolicitado":"87654321X","DNI":{"DNI":"12345678Z"}}"#,
                Requested::Differs,
            ),
            // A passport, which also has the person's number.
            (
                r#""DNISolicitado":"pab-123456","Result":{"DNI":{"DNI":"12345678Z","NumeroSerie":"PAB123456"}}"#,
                Requested::Matches,
            ),
            (
                r#""DNISolicitado":"PAB123456","Result":{"DNI":{"NumeroSerie":"PAB123456"}}"#,
                Requested::Matches,
            ),
            (
                r#""DNISolicitado":"PAB123456","Result":{"DNI":{"NumeroSerie":"XDB999999"}}"#,
                Requested::Unread,
            ),
            (
                r#""DNISolicitado":"PAB123456","Result":{"DNI":{"DNI":"XDB999999"}}"#,
                Requested::Differs,
            ),
            (
                r#""DNISolicitado":"12345678Z","Result":{"DNI":{"DNI":"87654321X","NumeroSerie":"12345678Z"}}"#,
                Requested::Differs,
            ),
        ] {
            let json = format!(r#"{{"Servicio":"VERIFICACION_IDENTIDAD","ID":"1",{members}}}"#);
            assert_eq!(compared(&json), expected, "{members}");
        }
    }
}
