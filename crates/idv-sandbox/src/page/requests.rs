//! The inspector: the requests to all vendors, and one of them with the rule that refuses it.

use maud::{Markup, html};

use super::layout::{Section, View, pages, status, time, vendor, vendor_name};
use crate::exchange::Answer;
use crate::part::Summary;
use crate::record::{Detail, RecordedRequest};
use crate::rule::{Refusal, Rule};
use crate::vendor::Entry;

/// The number of requests on a page.
const SIZE: usize = 100;

/// The number of a verification's requests that its view lists.
const SHOWN: usize = 30;

/// The number of requests in which the view of a verification looks for its own.
const SEARCHED: usize = 1000;

pub(super) fn list(view: &View<'_>) -> Answer {
    let vendor = view.vendor();
    let only_refused = !view.parameter("refused").is_empty();
    let matching = || {
        view.state.requests.requests().rev().filter(move |request| {
            vendor.is_none_or(|vendor| vendor.id == request.vendor)
                && (!only_refused || is_refused(request))
        })
    };
    let total = matching().count();
    let first = view.parameter("first").parse().unwrap_or(0).min(total);
    let refused = if only_refused { "&refused=1" } else { "" };
    let of_vendor = vendor.map_or_else(String::new, |vendor| format!("&vendor={}", vendor.id));
    let query = format!("{of_vendor}{refused}");
    let main = html! {
        h1 { "Requests" }
        @if view.state.requests.len() == 0 {
            section.card.welcome {
                p { "No client has sent a request yet." }
                p { "Copy the address and the credentials of a vendor from the " a href="/_page/settings" { "settings" } " into your client." }
                p { "If a vendor would refuse a request, this page says which rule of its document the request breaks." }
            }
        } @else {
            (view.filter(Section::Requests, refused))
            p {
                @if only_refused {
                    a href={ "/_page/requests?" (of_vendor.trim_start_matches('&')) } { "Show all requests" }
                } @else {
                    a href={ "/_page/requests?refused=1" (of_vendor) } { "Show refused requests only" }
                }
            }
            @if total == 0 { p { "There are no such requests." } }
            @else { (table(matching().skip(first).take(SIZE))) }
            (pages(Section::Requests.path(), &query, first, SIZE, total))
        }
    };
    view.page(Section::Requests, "Requests", &main)
}

fn is_refused(request: &RecordedRequest) -> bool {
    request.refusal.is_some() || request.status >= 400
}

/// Returns the requests of a verification: those that contain one of its identifiers.
pub(super) fn of(view: &View<'_>, vendor: &Entry, summary: &Summary) -> Markup {
    let names: Vec<&str> = [
        Some(&summary.id),
        Some(&summary.vendor_id),
        summary.reference.as_ref(),
    ]
    .into_iter()
    .flatten()
    .map(String::as_str)
    .filter(|name| !name.is_empty())
    .collect();
    let latest = view.state.requests.requests().rev().take(SEARCHED);
    let own: Vec<&RecordedRequest> = latest
        .filter(|request| request.vendor == vendor.id)
        .filter(|request| {
            let detail = view
                .state
                .requests
                .get(request.number)
                .and_then(|(_, detail)| detail);
            names.iter().any(|name| {
                mentions(&request.path, name) || detail.is_some_and(|detail| is_in(detail, name))
            })
        })
        .take(SHOWN)
        .collect();
    html! {
        section.card aria-labelledby="requests" {
            h2 #requests { "Requests" }
            @if own.is_empty() { p.quiet { "None of the latest requests mentions this " (vendor.verification) "." } }
            @else { (table(own.into_iter())) }
        }
    }
}

fn is_in(detail: &Detail, name: &str) -> bool {
    let in_body = |bytes: &[u8]| std::str::from_utf8(bytes).is_ok_and(|text| mentions(text, name));
    mentions(&detail.query, name)
        || in_body(&detail.request_body.bytes)
        || in_body(&detail.response_body.bytes)
}

/// Returns whether a text contains a name that is not a part of a longer word.
fn mentions(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text
            .get(at + name.len()..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

fn table<'a>(requests: impl Iterator<Item = &'a RecordedRequest>) -> Markup {
    html! {
        table.cards {
            thead {
                tr {
                    th scope="col" { "Request" }
                    th scope="col" { "Vendor" }
                    th scope="col" { "Method and path" }
                    th scope="col" { "Status" }
                    th scope="col" { "Refused by" }
                    th scope="col" { "Time" }
                }
            }
            tbody {
                @for request in requests {
                    tr id={ "r-" (request.number) } {
                        td data-label="Request" {
                            a href={ "/_page/requests/" (request.number) } { "#" (request.number) }
                        }
                        td data-label="Vendor" { (vendor_name(request.vendor)) }
                        td.breaks data-label="Request line" { (request.method) " " (request.path) }
                        td data-label="Status" { (status(request.status)) }
                        td data-label="Refused by" { (reason(request)) }
                        td data-label="Time" { (time(&request.at)) }
                    }
                }
            }
        }
    }
}

fn reason(request: &RecordedRequest) -> Markup {
    html! {
        @if let Some(fault) = &request.fault { "fault " (fault) }
        @else if let Some(refusal) = &request.refusal { (refusal.rule.name) " (" (refusal.rule.section) ")" }
        @else if request.hint.is_some() { "undocumented path" }
    }
}

pub(super) fn one(view: &View<'_>, number: &str) -> Option<Answer> {
    let number: u64 = number.parse().ok()?;
    let (request, detail) = view.state.requests.get(number)?;
    let main = html! {
        p.crumbs { a href=(Section::Requests.path()) { "Requests" } }
        h1.breaks { (request.method) " " (request.path) }
        dl.facts {
            dt { "Request" } dd { "#" (request.number) }
            dt { "Vendor" } dd { (vendor_name(request.vendor)) }
            dt { "Status" } dd { (status(request.status)) }
            dt { "Time" } dd { (time(&request.at)) }
        }
        (verdict(request))
        @match detail {
            Some(detail) => (messages(view, request, detail)),
            None => p { "The headers and bodies are no longer kept: only those of the latest requests are." }
        }
    };
    Some(view.page(Section::Requests, &format!("Request {number}"), &main))
}

/// Returns the checks, and the rule that refuses the request.
fn verdict(request: &RecordedRequest) -> Markup {
    let vendor = vendor(request.vendor);
    let rules = vendor.map_or(&[][..], |vendor| vendor.rules);
    let route = vendor.and_then(|vendor| {
        let mut routes = vendor.routes.iter();
        routes.find(|route| route.method == request.method && route.matches(&request.path))
    });
    html! {
        section.card aria-labelledby="verdict" {
            h2 #verdict { "Verdict" }
            @if let Some(fault) = &request.fault {
                p.problem { "A planned fault struck this request: " code { (fault) } "." }
            }
            @match &request.refusal {
                Some(refusal) => (refused(refusal)),
                None if request.fault.is_none() && request.status < 400 => p { "The request breaks no rule." },
                None => {}
            }
            @if let Some(hint) = &request.hint { p.problem { (sentence(hint)) } }
            @if let Some(route) = route {
                p { "Documented as " code { (route.method) " " (route.path) } ", section " (route.section) "." }
            }
            @if !rules.is_empty() && request.fault.is_none() {
                details {
                    summary { "All " (rules.len()) " rules that are checked at this vendor" }
                    ul.rules {
                        @for rule in rules {
                            @let is_broken = request.refusal.as_ref().is_some_and(|refusal| refusal.rule.name == rule.name);
                            li.is-broken[is_broken] { @if is_broken { strong { "Broken: " } } (described(rule)) }
                        }
                    }
                }
            }
        }
    }
}

fn refused(refusal: &Refusal) -> Markup {
    html! {
        p.problem {
            strong { "Refused by " (section(refusal.rule)) ", rule " code { (refusal.rule.name) } ": " }
            (refusal.rule.requires)
        }
        @if let Some(detail) = &refusal.detail { p { "Where: " (detail) } }
        @if refusal.rule.is_assumed {
            p.quiet { "The document leaves this open, and the sandbox chose it. The vendor's page of the sandbox explains the choice." }
        }
    }
}

fn described(rule: &Rule) -> Markup {
    html! {
        (rule.requires) " "
        span.quiet { (section(rule)) ", " code { (rule.name) } ", status " (rule.status.as_u16()) @if rule.is_assumed { ", assumed" } }
    }
}

/// Returns the place of a rule: a number, or a heading.
fn section(rule: &Rule) -> String {
    if rule
        .section
        .starts_with(|first: char| first.is_ascii_digit())
    {
        format!("section {}", rule.section)
    } else {
        format!("section “{}”", rule.section)
    }
}

/// Returns a text as a sentence.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), characters.as_str())
}

fn messages(view: &View<'_>, request: &RecordedRequest, detail: &Detail) -> Markup {
    let mask = view.mask(request.vendor);
    let headers = |name: &str| {
        let value = detail.request_headers.get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let query = mask.parameters(&detail.query);
    let response_type = detail
        .response_headers
        .iter()
        .find(|(name, _)| *name == "content-type")
        .map(|(_, value)| value.as_str());
    html! {
        section.card aria-labelledby="request" {
            h2 #request { "Request" }
            (masking(view))
            @if !query.is_empty() {
                h3 { "Query" }
                dl.headers {
                    @for (name, value) in &query { dt { (name) } dd { (value) } }
                }
            }
            (message(
                "request",
                detail.request_headers.iter().map(|(name, value)| (name.as_str(), mask.header(name.as_str(), value.as_bytes()))),
                &mask.body(headers("content-type").as_deref(), &detail.request_body),
            ))
        }
        section.card aria-labelledby="response" {
            h2 #response { "Response" }
            @if request.status == 0 { p { "A fault suppressed the response." } }
            (message(
                "response",
                detail.response_headers.iter().map(|(name, value)| (*name, mask.header(name, value.as_bytes()))),
                &mask.body(response_type, &detail.response_body),
            ))
        }
    }
}

/// Returns headers and a body.
pub(super) fn message<'a>(
    id: &str,
    headers: impl Iterator<Item = (&'a str, String)>,
    body: &str,
) -> Markup {
    html! {
        h3 { "Headers" }
        dl.headers {
            @for (name, value) in headers { dt { (name) } dd { (value) } }
        }
        h3 { "Body" }
        @if body.is_empty() { p.quiet { "None" } }
        @else { pre id={ (id) "-body" } tabindex="0" aria-label={ "Body of the " (id) } { (body) } }
    }
}

/// Returns the switch between masked and clear values.
pub(super) fn masking(view: &View<'_>) -> Markup {
    let shows_all = view.state.options.shows_personal_data;
    html! {
        form.masking method="post" action="/_page/masking" {
            (view.back_field())
            @if shows_all {
                p { "Personal data and secrets are shown." }
                button name="show" value="masked" { "Mask them" }
            } @else {
                p { "Personal data and secrets are masked." }
                button name="show" value="all" { "Show them" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_within_a_longer_word_is_no_mention() {
        assert!(mentions("/api/T-1/start", "T-1") && mentions("T-1", "T-1"));
        assert!(mentions("ÄT-1, xT-1 T-1", "T-1"));
        assert!(!mentions("/api/T-10/start", "T-1") && !mentions("ÄT-1", "T-1"));
    }
}
