//! The callbacks of all vendors, and one of them.

use maud::{Markup, html};

use super::layout::{Section, View, pages, status, time, vendor_name, verification_path};
use super::requests;
use crate::callback::RecordedCallback;
use crate::exchange::Answer;
use crate::part::Summary;
use crate::record::Recorded;
use crate::vendor::Entry;

/// The number of callbacks on a page.
const SIZE: usize = 100;

/// The number of a verification's callbacks that its view lists.
const SHOWN: usize = 50;

pub(super) fn list(view: &View<'_>) -> Answer {
    let vendor = view.vendor();
    let matching = || {
        let callbacks = view.state.callbacks.iter().rev();
        callbacks.filter(move |callback| vendor.is_none_or(|vendor| vendor.id == callback.vendor))
    };
    let total = matching().count();
    let first = view.parameter("first").parse().unwrap_or(0).min(total);
    let query = vendor.map_or_else(String::new, |vendor| format!("&vendor={}", vendor.id));
    let main = html! {
        h1 { "Callbacks" }
        @if view.state.callbacks.len() == 0 {
            section.card.welcome {
                p { "No vendor has sent a callback yet." }
                p { "Set your client's address in the request of a verification, in the vendor's account, or by the option " code { "--callback URL" } "." }
                p { "Then play a scenario of a verification, and move the clock." }
            }
        } @else {
            (view.filter(Section::Callbacks, ""))
            @if total == 0 { p { "This vendor has sent no callbacks." } }
            @else { (table(matching().skip(first).take(SIZE))) }
            (pages(Section::Callbacks.path(), &query, first, SIZE, total))
        }
    };
    view.page(Section::Callbacks, "Callbacks", &main)
}

/// Returns the callbacks of a verification.
pub(super) fn of(view: &View<'_>, vendor: &Entry, summary: &Summary) -> Markup {
    let is_own = |callback: &&RecordedCallback| {
        callback.vendor == vendor.id
            && [
                Some(&summary.id),
                Some(&summary.vendor_id),
                summary.reference.as_ref(),
            ]
            .contains(&Some(&callback.reference))
    };
    let own: Vec<&RecordedCallback> = view
        .state
        .callbacks
        .iter()
        .rev()
        .filter(is_own)
        .take(SHOWN)
        .collect();
    html! {
        section.card aria-labelledby="callbacks" {
            h2 #callbacks { "Callbacks" }
            @if own.is_empty() { p.quiet { "The vendor has sent none." } }
            @else { (table(own.into_iter())) }
        }
    }
}

fn table<'a>(callbacks: impl Iterator<Item = &'a RecordedCallback>) -> Markup {
    html! {
        table.cards {
            thead {
                tr {
                    th scope="col" { "Callback" }
                    th scope="col" { "Vendor" }
                    th scope="col" { "Kind" }
                    th scope="col" { "Reference" }
                    th scope="col" { "State" }
                    th scope="col" { "Attempts" }
                    th scope="col" { "Time" }
                }
            }
            tbody {
                @for callback in callbacks {
                    tr id={ "c-" (callback.number) } {
                        td data-label="Callback" {
                            a href={ "/_page/callbacks/" (callback.number) } { "#" (callback.number) }
                        }
                        td data-label="Vendor" { (vendor_name(callback.vendor)) }
                        td data-label="Kind" { (callback.kind) }
                        td data-label="Reference" { (callback.reference) }
                        td data-label="State" { (state(callback.state)) }
                        td data-label="Attempts" { (attempts(callback)) }
                        td data-label="Time" { (time(&callback.at)) }
                    }
                }
            }
        }
    }
}

/// Returns the number of attempts, and the status of the latest reply.
fn attempts(callback: &RecordedCallback) -> Markup {
    html! {
        (callback.attempts.len())
        @if let Some(attempt) = callback.attempts.last() { ", latest " (status(attempt.status)) }
    }
}

fn state(state: &str) -> Markup {
    html! { span.state.is-bad[matches!(state, "given_up" | "lost")] { (state.replace('_', " ")) } }
}

pub(super) fn one(view: &View<'_>, number: &str) -> Option<Answer> {
    let number: usize = number.parse().ok()?;
    let callback = view.state.callbacks.get(number)?;
    let sent = view.state.callbacks.sent(number);
    let mask = view.mask(callback.vendor);
    let path = format!("/_page/callbacks/{number}");
    let forged: Option<u16> = view.parameter("forged").parse().ok();
    let main = html! {
        p.crumbs { a href=(Section::Callbacks.path()) { "Callbacks" } }
        h1 { "Callback #" (number) ": " (callback.kind) }
        @if let Some(forged) = forged {
            @let is_accepted = (200..300).contains(&forged);
            p.outcome.problem[is_accepted] role="status" {
                "The forged callback was answered with: " (status(forged))
                @if is_accepted { ". The client accepted it!" }
                @else if forged >= 400 { ". The client refused it." }
            }
        }
        dl.facts {
            dt { "State" } dd { (state(callback.state)) }
            dt { "Vendor" } dd { (vendor_name(callback.vendor)) }
            dt { "Reference" } dd { (reference(view, callback)) }
            dt { "Time" } dd { (time(&callback.at)) }
            dt { "Request" }
            dd.breaks {
                (callback.method) " "
                @match sent {
                    Some(sent) => (mask.address(&sent.url)),
                    None => (callback.url),
                }
            }
        }
        section.card aria-labelledby="act" {
            h2 #act { "Send it again" }
            form method="post" {
                (view.back_field())
                ul.buttons {
                    li { button formaction={ (path) "/resend" } { "Resend" } span.quiet { "The same request once more" } }
                    li { button formaction={ (path) "/duplicate" } { "Duplicate" } span.quiet { "The same request twice" } }
                    li { button formaction={ (path) "/forge" } { "Forge" } span.quiet { "The same request with wrong secrets: a client has to refuse it" } }
                }
            }
            form method="post" action={ (path) "/delay" } {
                (view.back_field())
                ul.buttons {
                    li {
                        button { "Delay" }
                        label {
                            "by "
                            input name="seconds" type="number" min="1" max="31536000" value="600" required;
                            " s, in the sandbox's time"
                        }
                    }
                }
            }
        }
        section.card aria-labelledby="attempts" {
            h2 #attempts { "Attempts" }
            @if callback.attempts.is_empty() { p.quiet { "None yet." } }
            ol.timeline {
                @for attempt in &callback.attempts {
                    li {
                        (time(&attempt.at)) " " (status(attempt.status))
                        @if !attempt.reply.is_empty() { pre tabindex="0" aria-label="Reply" { (attempt.reply) } }
                    }
                }
            }
        }
        section.card aria-labelledby="sent" {
            h2 #sent { "Request" }
            (requests::masking(view))
            @match sent {
                Some(sent) => {
                    @let headers = sent.headers.iter().map(|(name, value)| (name.as_str(), mask.header(name, value.as_bytes())));
                    @let media_type = sent.body.as_ref().map(|(media_type, _)| *media_type);
                    @let body = sent.body.as_ref().map(|(_, body)| Recorded::of_bytes(body)).unwrap_or_default();
                    (requests::message("sent", headers.chain(media_type.map(|value| ("content-type", value.to_owned()))), &mask.body(media_type, &body)))
                }
                None => p { "The request is no longer kept: only those of the latest callbacks are." }
            }
        }
    };
    Some(view.page(Section::Callbacks, &format!("Callback {number}"), &main))
}

/// Returns the reference of a callback, with a link to its verification.
fn reference(view: &View<'_>, callback: &RecordedCallback) -> Markup {
    let known = super::layout::vendor(callback.vendor)
        .and_then(|vendor| (vendor.find)(view.state, &callback.reference));
    html! {
        @match known {
            Some(known) => a href=(verification_path(known.vendor, &known.summary.id)) { (callback.reference) },
            None => (callback.reference),
        }
    }
}
