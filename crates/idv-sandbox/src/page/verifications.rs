//! The verifications of all vendors, and one of them.

use std::cmp::Reverse;

use maud::{Markup, html};

use super::layout::{
    Section, View, date_time, pages, segment, time, until, vendor, vendor_name, verification_path,
};
use super::{callbacks, requests};
use crate::cases::TimelineEntry;
use crate::exchange::Answer;
use crate::scenario::Ending;
use crate::vendor::{Entry, Listed, VENDORS};

/// The usual number of verifications on a page, and the maximum.
const SIZES: [usize; 2] = [100, 1000];

pub(super) fn list(view: &View<'_>) -> Answer {
    let selected = view.vendor();
    let vendors = || {
        VENDORS
            .iter()
            .filter(|vendor| selected.is_none_or(|selected| selected == *vendor))
    };
    let total: usize = vendors().map(|vendor| (vendor.count)(view.state)).sum();
    let [usual, most] = SIZES;
    let size = view
        .parameter("size")
        .parse()
        .unwrap_or(usual)
        .clamp(1, most);
    let first = view.parameter("first").parse().unwrap_or(0).min(total);
    let mut verifications: Vec<Listed> = vendors()
        .flat_map(|vendor| (vendor.latest)(view.state, first + size))
        .collect();
    // Stable: verifications of the same time stay in the order of their creation.
    verifications.sort_by_key(|verification| Reverse(verification.created_at));
    let query = selected.map_or_else(String::new, |vendor| format!("&vendor={}", vendor.id));
    let sized = match size {
        _ if size == usual => query.clone(),
        size => format!("{query}&size={size}"),
    };
    let main = html! {
        h1 { "Verifications" }
        (create(view))
        @if VENDORS.iter().all(|vendor| (vendor.count)(view.state) == 0) {
            (nothing_yet())
        } @else {
            (view.filter(Section::Verifications, ""))
            @if total == 0 { p { "This vendor has no verifications." } }
            @else { (table(verifications.iter().skip(first).take(size))) }
            (pages(Section::Verifications.path(), &sized, first, size, total))
            @if total > usual {
                p {
                    @if size == usual {
                        a href={ "/_page/?size=" (most) (query) } { "Show " (most) " on a page" }
                    } @else {
                        a href={ "/_page/?size=" (usual) (query) } { "Show " (usual) " on a page" }
                    }
                }
            }
        }
    };
    view.page(Section::Verifications, "Verifications", &main)
}

/// Returns the buttons that create a verification.
fn create(view: &View<'_>) -> Markup {
    html! {
        section.card aria-labelledby="create" {
            h2 #create { "Create a verification" }
            p.quiet { "A button sends the request of the vendor's document for a fictitious person, with the credentials of the first account." }
            form method="post" {
                (view.back_field())
                p {
                    label { "Your reference " input name="reference" maxlength="40" placeholder="optional" autocomplete="off"; }
                }
                ul.buttons {
                    @for vendor in VENDORS {
                        li {
                            button formaction={ "/_page/verifications/" (vendor.id) } { (vendor.name) }
                        }
                    }
                }
            }
        }
    }
}

/// Returns the first steps of a newcomer.
fn nothing_yet() -> Markup {
    html! {
        section.card.welcome {
            p { "There is no verification yet. Create one by a button above, or let your client create one with the " a href="/_page/settings" { "settings of its vendor" } "." }
            p { "Then open the verification, and play the person and the vendor by its buttons, or open its hand-off link and play the person there." }
            p { "Most events happen later, so move the clock above, and look at the " a href="/_page/callbacks" { "callbacks" } " and the " a href="/_page/requests" { "requests" } "." }
        }
    }
}

fn table<'a>(verifications: impl Iterator<Item = &'a Listed>) -> Markup {
    html! {
        table.cards {
            thead {
                tr {
                    th scope="col" { "Verification" }
                    th scope="col" { "Vendor" }
                    th scope="col" { "Reference" }
                    th scope="col" { "Vendor's id" }
                    th scope="col" { "State" }
                    th scope="col" { "Created" }
                }
            }
            tbody {
                @for Listed { vendor, summary, created_at } in verifications {
                    tr id={ "v-" (vendor) "-" (segment(&summary.id)) } {
                        td data-label="Verification" {
                            a href=(verification_path(vendor, &summary.id)) { (summary.id) }
                        }
                        td data-label="Vendor" { (vendor_name(vendor)) }
                        td data-label="Reference" { (summary.reference.as_deref().unwrap_or("–")) }
                        td data-label="Vendor's id" { (summary.vendor_id) }
                        td data-label="State" { (state(summary)) }
                        td data-label="Created" {
                            @if let Some(at) = created_at { time datetime=(at) { (date_time(*at)) } }
                        }
                    }
                }
            }
        }
    }
}

fn state(summary: &crate::part::Summary) -> Markup {
    html! { span.state.is-over[summary.is_over] { (summary.state) } }
}

pub(super) fn one(view: &View<'_>, vendor_id: &str, id: &str) -> Option<Answer> {
    let vendor = vendor(vendor_id)?;
    let known = (vendor.find)(view.state, id)?;
    let summary = &known.summary;
    let path = verification_path(vendor.id, &summary.id);
    let main = html! {
        p.crumbs { a href=(Section::Verifications.path()) { "Verifications" } " / " (vendor.name) }
        h1 { (summary.id) }
        dl.facts {
            dt { "State" } dd { (state(summary)) }
            dt { "Vendor" } dd { (vendor.name) ", " (vendor.verification) }
            dt { "Vendor's id" } dd { (summary.vendor_id) }
            dt { "Reference" } dd { (summary.reference.as_deref().unwrap_or("none")) }
            @if let Some(at) = known.created_at {
                dt { "Created" } dd { time datetime=(at) { (date_time(at)) } }
            }
            dt { "For the person" }
            dd { (hand_off(summary)) }
        }
        (play(view, vendor, summary, &path))
        (delete(view, vendor, &path))
        (timeline(view, &(vendor.timeline)(view.state, &summary.id)))
        (callbacks::of(view, vendor, summary))
        (requests::of(view, vendor, summary))
    };
    Some(view.page(Section::Verifications, &summary.id, &main))
}

/// Returns the link or the message with which the person comes to the vendor.
fn hand_off(summary: &crate::part::Summary) -> Markup {
    html! {
        @if let Some(message) = &summary.message { pre.message { (message) } }
        @if let Some(address) = summary.hand_off.as_ref().filter(|address| is_web(address)) {
            a href=(address) { (address) }
        }
        @if summary.message.is_none() && summary.hand_off.is_none() { "No link and no message" }
    }
}

/// Returns whether an address is one of the web, so that a link to it runs no script.
fn is_web(address: &str) -> bool {
    address.starts_with("http://") || address.starts_with("https://")
}

/// Returns the buttons for the scenarios and the steps.
fn play(view: &View<'_>, vendor: &Entry, summary: &crate::part::Summary, path: &str) -> Markup {
    html! {
        section.card #play aria-labelledby="play-title" {
            h2 #play-title { "Play the person and the vendor" }
            @if summary.is_over {
                p { "The " (vendor.verification) " is over and takes no more scenarios." }
            } @else {
                form method="post" {
                    (view.back_field())
                    h3 { "Scenarios" }
                    p.quiet { "A scenario replaces a current one. Its events happen as the clock moves." }
                    ul.buttons {
                        @for scenario in vendor.scenarios() {
                            li {
                                button formaction={ (path) "/scenario/" (scenario.name) } { (scenario.name) }
                                span.quiet { (ending(scenario.ending)) }
                            }
                        }
                    }
                    @if !vendor.steps.is_empty() {
                        h3 { "Single steps" }
                        p.quiet { "A step happens at once and ends a current scenario." }
                        ul.buttons {
                            @for (name, description) in vendor.steps {
                                li {
                                    button formaction={ (path) "/step/" (name) } { (name) }
                                    span.quiet { (description) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Returns the button that deletes the verification.
fn delete(view: &View<'_>, vendor: &Entry, path: &str) -> Markup {
    html! {
        section.card #client aria-labelledby="client-title" {
            h2 #client-title { "Play the client" }
            @if vendor.deletes {
                p.quiet { "The button sends the request of the vendor's document, with the credentials of the first account." }
                form method="post" action={ (path) "/delete" } {
                    (view.back_field())
                    button.danger { "Delete" }
                }
            } @else {
                p { "The API of " (vendor.name) " has no deletion: the vendor deletes by its own rules." }
            }
        }
    }
}

const fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Verified => "Ends verified",
        Ending::VerifiedWithChanges => "Ends verified, with other data",
        Ending::Rejected => "Ends rejected",
        Ending::Inconclusive => "Proves nothing",
        Ending::Canceled => "Ends canceled",
        Ending::Expired => "The session expires",
        Ending::Disputed => "Ends with a contradiction",
        Ending::InReview => "The review never ends",
        Ending::AwaitingPerson => "Waits for the person",
        Ending::Unknown => "Ends with an undocumented code",
        Ending::Unspecified => "The end depends on the account or the client",
    }
}

fn timeline(view: &View<'_>, entries: &[TimelineEntry]) -> Markup {
    html! {
        section.card aria-labelledby="timeline" {
            h2 #timeline { "Timeline" }
            ol.timeline {
                @for entry in entries {
                    @let is_ahead = entry.at > view.now;
                    li.is-ahead[is_ahead] {
                        (time(&entry.at.to_string())) " "
                        @if is_ahead { span.badge { "planned, " (until(view.now, entry.at)) } " " }
                        (marked(&entry.what))
                    }
                }
            }
        }
    }
}

/// Returns a text with its parts between backticks as code.
fn marked(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    html! {
        // An even number of parts has a backtick without a partner.
        @if parts.len().is_multiple_of(2) { (text) }
        @else {
            @for (index, part) in parts.iter().enumerate() {
                @if index % 2 == 1 { code { (part) } } @else { (part) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_between_backticks_is_code() {
        let html = |text| marked(text).into_string();
        assert_eq!(
            html("state `a<b` of `c`"),
            "state <code>a&lt;b</code> of <code>c</code>"
        );
        assert_eq!(html("a `b"), "a `b");
    }
}
