//! VerificarIdentidad: sends a message with a link to a person's phone.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::AmbiguousOffset;

use super::answer::{Code, Failure, Outcome};
use super::case::{Case, spain};
use super::finding::Finding;
use super::parameters::Parameters;
use super::{Effect, Moment, World, new_id, rules};

/// The maximum length of a sender.
pub(super) const MAX_SENDER: usize = 11;

/// The placeholder of the link in a message.
const LINK: &str = "[LINK]";

/// The message of a request without one.
const MESSAGE: &str =
    "Necesitamos verificar su identidad. Pulse en el enlace para comenzar el proceso: [LINK]";

/// Sends a request. `pages` is the base address of the link in the message.
pub(super) fn send(
    world: &mut World,
    parameters: &Parameters,
    pages: &str,
    moment: &mut Moment<'_>,
) -> Result<Outcome, Failure> {
    let account = &world.first;
    let phone = parameters
        .text("Telefono")?
        .ok_or_else(|| Failure::data(&rules::PHONE, "Telefono is required"))?;
    if !is_phone(&phone) {
        return Err(Failure::data(
            &rules::PHONE_DIGITS,
            "Telefono must be the digits of a number with its country code",
        ));
    }
    let mut text = parameters
        .text("Mensaje")?
        .unwrap_or_else(|| MESSAGE.to_owned());
    if !text.contains(LINK) {
        if account.link_demanded {
            return Err(Failure::data(
                &rules::MESSAGE_LINK,
                "Mensaje must include the keyword [LINK]",
            ));
        }
        text = format!("{text} {LINK}");
    }
    let sender = parameters
        .text("Remitente")?
        .unwrap_or_else(|| account.sender.clone());
    if sender.chars().count() > MAX_SENDER {
        return Err(Failure::data(
            &rules::SENDER_LENGTH,
            "Remitente has more than 11 characters",
        ));
    }
    let send_at = match parameters.text("Fecha")? {
        Some(date) => moment_of(&date, moment, account.strict_clock)?,
        None => moment.now,
    };
    let wanted = parameters.text("Dni")?;
    if wanted
        .as_deref()
        .is_some_and(|number| number.contains(char::is_control))
    {
        return Err(Failure::data(
            &rules::DOCUMENT_NUMBER,
            "Dni has control characters",
        ));
    }
    if !account.activated {
        return Err(Failure::new(&rules::ACTIVATION, Code::NotActivated));
    }
    if let Some(code) = account.general_error {
        return Err(Failure::new(&rules::GENERAL_ERROR, Code::General(code)));
    }
    let cost = account.cost_hundredths;
    let left = account
        .credit_hundredths
        .checked_sub(cost)
        .ok_or_else(|| Failure::new(&rules::CREDIT, Code::Credits(cost)))?;
    world.first.credit_hundredths = left;

    let id = new_id(world, moment);
    let token = moment.random.letters(12);
    let case = Case {
        id: id.clone(),
        phone,
        wanted,
        sender,
        message: text.replace(LINK, &format!("{pages}/vi/{token}")),
        token,
        send_at,
        is_sent: send_at <= moment.now,
        statuses: Vec::new(),
        accesses: Vec::new(),
        finding: Finding::GOOD,
        attempt: 0,
    };
    world.cases.insert(id.clone(), case);
    if send_at > moment.now {
        moment.plan(send_at, &id, Effect::Message);
    } else {
        world.own.messages.push(id.clone());
    }
    Ok(Outcome::Sent {
        id,
        credit_hundredths: left,
    })
}

/// Returns whether a text consists of at most 15 digits and does not begin with 0 (E.164).
fn is_phone(phone: &str) -> bool {
    (8..=15).contains(&phone.len())
        && phone.bytes().all(|byte| byte.is_ascii_digit())
        && !phone.starts_with('0')
}

/// Parses a `Fecha`: a time in Spain, to the minute. A time that the clocks skip is refused; an
/// ambiguous one means the first. A time that is past by virtual time alone means now, unless the
/// clock is strict.
fn moment_of(date: &str, moment: &Moment<'_>, strict_clock: bool) -> Result<Timestamp, Failure> {
    let refuse = || {
        Failure::data(
            &rules::DATE_FORMAT,
            "Fecha must be a time such as 2022-05-01 15:10",
        )
    };
    let shaped = date.len() == 16
        && date.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            10 => byte == b' ',
            13 => byte == b':',
            _ => byte.is_ascii_digit(),
        });
    let civil = DateTime::strptime("%Y-%m-%d %H:%M", date)
        .ok()
        .filter(|_| shaped)
        .ok_or_else(refuse)?;
    let spain = spain().into_ambiguous_zoned_datetime(civil);
    if matches!(spain.offset(), AmbiguousOffset::Gap { .. }) {
        return Err(Failure::data(
            &rules::DATE_SKIPPED,
            "Fecha is in an hour that Spain's clocks skip",
        ));
    }
    let at = spain.earlier().map_err(|_| refuse())?.timestamp();
    // The current minute is not past.
    if moment
        .clocks(strict_clock)
        .all(|now| at.as_second() + 60 <= now.as_second())
    {
        return Err(Failure::data(&rules::DATE_PAST, "Fecha is in the past"));
    }
    Ok(at.max(moment.now))
}
