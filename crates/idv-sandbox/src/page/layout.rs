//! The frame of the page: headings, navigation, the clock, and common elements.

use std::time::Duration;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::exchange::{Answer, Incoming};
use crate::mask::Mask;
use crate::route::Port;
use crate::state::State;
use crate::vendor::{Entry, VENDORS};
use crate::world::Worlds;

/// The characters that are escaped in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// The policy of the page: it loads nothing from other origins, and nothing inline.
const POLICY: &str =
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// As [`POLICY`], for a person's page: it ends at an address of the client, and a client can embed
/// it.
const PERSON_POLICY: &str = "default-src 'self'; base-uri 'none'";

/// A section of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Verifications,
    Callbacks,
    Requests,
    Faults,
    Settings,
}

impl Section {
    const ALL: [Self; 5] = [
        Self::Verifications,
        Self::Callbacks,
        Self::Requests,
        Self::Faults,
        Self::Settings,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Verifications => "Verifications",
            Self::Callbacks => "Callbacks",
            Self::Requests => "Requests",
            Self::Faults => "Faults",
            Self::Settings => "Settings",
        }
    }

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Verifications => "/_page/",
            Self::Callbacks => "/_page/callbacks",
            Self::Requests => "/_page/requests",
            Self::Faults => "/_page/faults",
            Self::Settings => "/_page/settings",
        }
    }
}

/// The facts that every view needs.
pub(super) struct View<'a> {
    pub(super) state: &'a State,
    pub(super) request: &'a Incoming,
    pub(super) port: Port,
    pub(super) now: Timestamp,
    speed: f64,
}

impl<'a> View<'a> {
    pub(super) fn new(
        worlds: &Worlds,
        state: &'a State,
        request: &'a Incoming,
        port: Port,
    ) -> Self {
        Self {
            state,
            request,
            port,
            now: worlds.clock.now(),
            speed: worlds.clock.speed(),
        }
    }

    /// Returns a parameter of the query; empty if there is none.
    pub(super) fn parameter(&self, name: &str) -> String {
        let mut parameters = self.request.parameters().into_iter();
        parameters
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
            .unwrap_or_default()
    }

    /// Returns the vendor that the query selects.
    pub(super) fn vendor(&self) -> Option<&'static Entry> {
        vendor(&self.parameter("vendor"))
    }

    pub(super) fn mask(&self, vendor: &str) -> Mask {
        let public = super::layout::vendor(vendor).map_or(&[][..], |vendor| vendor.public);
        Mask::new(public, self.state.options.shows_personal_data)
    }

    /// Returns the whole page.
    pub(super) fn page(&self, section: Section, title: &str, main: &Markup) -> Answer {
        self.page_with(StatusCode::OK, section, title, main)
    }

    /// Returns the page of an action that is impossible.
    pub(super) fn problem(&self, status: StatusCode, problem: &str) -> Answer {
        let back = self.back();
        let main = html! {
            h1 { "This is not possible" }
            p.problem role="alert" { (problem) }
            p { a href=(back) { "Back" } }
        };
        self.page_with(status, Section::Verifications, "Not possible", &main)
    }

    fn page_with(
        &self,
        status: StatusCode,
        section: Section,
        title: &str,
        main: &Markup,
    ) -> Answer {
        let body = html! {
            a.skip href="#main" { "Skip to the contents" }
            header.top {
                a.brand href="/_page/" { "idv sandbox" }
                nav aria-label="Sections" {
                    ul {
                        @for known in Section::ALL {
                            li {
                                a href=(known.path())
                                    aria-current=[(known == section).then_some("page")] {
                                    (known.name())
                                }
                            }
                        }
                    }
                }
                (self.clock())
            }
            main #main tabindex="-1" { (main) }
            p #notice role="status" {}
        };
        document(
            status,
            title,
            POLICY,
            &html! { script src="/_page/page.js" defer {} },
            &body,
        )
    }

    /// Returns the clock and its buttons.
    fn clock(&self) -> Markup {
        let runs = self.speed > 0.0;
        let next = self.state.next_due();
        html! {
            section.clock #clock aria-label="Clock" {
                p {
                    time #now datetime=(self.now) data-speed=(self.speed) { (date_time(self.now)) }
                    " "
                    span.quiet {
                        @if runs && (self.speed - 1.0).abs() < f64::EPSILON { "UTC, running" }
                        @else if runs { "UTC, running at speed " (self.speed) }
                        @else { "UTC, paused" }
                    }
                }
                form method="post" action="/_page/clock" {
                    (self.back_field())
                    @if runs {
                        button #toggle name="move" value="pause" { "Pause" }
                    } @else {
                        button #toggle name="move" value="run" { "Run" }
                    }
                    button name="move" value="hour" { "+1 h" }
                    button name="move" value="day" { "+1 day" }
                    @match next {
                        Some(at) => button #next name="move" value="next" {
                            "Next event (" (until(self.now, at)) ")"
                        },
                        None => button #next name="move" value="next" disabled { "No event ahead" },
                    }
                }
            }
        }
    }

    /// Returns the field of a form with the address to which the action leads back.
    pub(super) fn back_field(&self) -> Markup {
        html! { input type="hidden" name="back" value=(self.own()); }
    }

    /// Returns the address of this view.
    fn own(&self) -> String {
        let request = self.request;
        if !is_own(&request.path) {
            "/_page/".to_owned()
        } else if request.query.is_empty() {
            request.path.clone()
        } else {
            format!("{}?{}", request.path, request.query)
        }
    }

    /// Returns the address from which an action was requested.
    pub(super) fn back(&self) -> String {
        let back = super::field(self.request, "back");
        if is_own(&back) {
            back
        } else {
            "/_page/".to_owned()
        }
    }

    /// Returns links that filter a list by vendor.
    pub(super) fn filter(&self, section: Section, extra: &str) -> Markup {
        let selected = self.vendor();
        let link = |vendor: Option<&Entry>, name: &str| {
            let query = match vendor {
                Some(vendor) => format!("?vendor={}{extra}", vendor.id),
                None if extra.is_empty() => String::new(),
                None => format!("?{}", extra.trim_start_matches('&')),
            };
            let current = (vendor == selected).then_some("true");
            html! {
                li { a href={ (section.path()) (query) } aria-current=[current] { (name) } }
            }
        };
        html! {
            nav.filter aria-label="Vendors" {
                ul {
                    (link(None, "All vendors"))
                    @for vendor in VENDORS { (link(Some(vendor), vendor.name)) }
                }
            }
        }
    }
}

/// Returns the page for a person.
pub(crate) fn person_page(title: &str, body: &Markup) -> Answer {
    document(StatusCode::OK, title, PERSON_POLICY, &html! {}, body)
}

fn document(status: StatusCode, title: &str, policy: &str, head: &Markup, body: &Markup) -> Answer {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – idv sandbox" }
                link rel="icon" href="/_page/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/_page/page.css";
                (head)
            }
            body { (body) }
        }
    };
    secured(Answer::new(
        status,
        "text/html; charset=utf-8",
        page.into_string(),
    ))
    .with_header("content-security-policy", policy)
}

/// Adds the headers that every response of the page has. The referrer stays within the origin, and
/// is not removed, since a browser would remove the origin of a form as well.
pub(super) fn secured(answer: Answer) -> Answer {
    answer
        .with_header("cache-control", "no-store")
        .with_header("referrer-policy", "same-origin")
        .with_header("x-content-type-options", "nosniff")
        .with_header("cross-origin-resource-policy", "same-origin")
}

/// Redirects the browser after an action, so that a reload does not repeat it.
pub(crate) fn see_other(place: impl Into<String>) -> Answer {
    secured(Answer::redirect(StatusCode::SEE_OTHER, place))
}

/// Returns whether an address is a path of the page.
fn is_own(address: &str) -> bool {
    address.starts_with("/_page/") && !address.contains(['\\', '\r', '\n'])
}

/// Returns a vendor by its id.
pub(crate) fn vendor(id: &str) -> Option<&'static Entry> {
    VENDORS.iter().find(|vendor| vendor.id == id)
}

pub(super) fn vendor_name(id: &str) -> &str {
    vendor(id).map_or(id, |vendor| vendor.name)
}

/// Returns the path of a verification's view.
pub(crate) fn verification_path(vendor: &str, id: &str) -> String {
    format!("/_page/verifications/{vendor}/{}", segment(id))
}

/// Escapes a segment of a path.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// Returns a time in UTC for a reader.
pub(super) fn date_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Returns a time as an element; a text that is no time stays as it is.
pub(super) fn time(time: &str) -> Markup {
    match time.parse::<Timestamp>() {
        Ok(parsed) => html! { time datetime=(time) { (date_time(parsed)) } },
        Err(_) => html! { (time) },
    }
}

/// Returns the status of a reply; 0 is none.
pub(super) fn status(status: u16) -> Markup {
    html! {
        @if status == 0 { span.status.is-bad { "no reply" } }
        @else { span.status.is-bad[status >= 400] { (status) } }
    }
}

/// Returns the time from now on, such as `in 12 min`.
pub(super) fn until(now: Timestamp, at: Timestamp) -> String {
    let left = at.duration_since(now);
    if left <= SignedDuration::ZERO {
        return "due".to_owned();
    }
    format!("in {}", length(left.unsigned_abs()))
}

fn length(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..120 => format!("{} s", seconds.max(1)),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Returns a page's links to the pages before and after it. `query` contains other parameters.
pub(super) fn pages(path: &str, query: &str, first: usize, size: usize, total: usize) -> Markup {
    if total <= size && first == 0 {
        return PreEscaped(String::new());
    }
    let last = first.saturating_add(size).min(total);
    html! {
        nav.pages aria-label="Pages" {
            p { (first.saturating_add(1).min(total)) "–" (last) " of " (total) }
            @if first > 0 {
                a href={ (path) "?first=" (first.saturating_sub(size)) (query) } { "Newer" }
            }
            @if last < total {
                a href={ (path) "?first=" (last) (query) } { "Older" }
            }
        }
    }
}

/// Returns a text that can be selected and copied, with its own identifier and label.
pub(super) fn copyable(id: &str, label: &str, text: &str) -> Markup {
    html! {
        div.copyable {
            button.copy type="button" data-copy=(id) { "Copy" }
            pre id=(id) tabindex="0" aria-label=(label) { (text) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_until_an_event_has_a_fitting_unit() {
        let at = |seconds| until(Timestamp::UNIX_EPOCH, Timestamp::constant(seconds, 0));
        assert_eq!(
            [-1, 0, 1, 119, 120, 7199, 7200, 200_000].map(at),
            [
                "due",
                "due",
                "in 1 s",
                "in 119 s",
                "in 2 min",
                "in 119 min",
                "in 2 h",
                "in 2 days"
            ]
        );
    }

    #[test]
    fn only_a_path_of_the_page_leads_back() {
        assert!(is_own("/_page/requests?first=7"));
        for other in [
            "",
            "/",
            "//evil",
            "https://evil/_page/",
            "/_page",
            "/_page/\\evil\n",
        ] {
            assert!(!is_own(other), "{other}");
        }
    }
}
