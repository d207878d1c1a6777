//! The page behind a hand-off link, on which the person plays their part.

use http::StatusCode;
use maud::{Markup, html};
use serde::Serialize;

use crate::exchange::Answer;
use crate::page::layout;
use crate::vendor::Entry;

/// The contents of the page behind a hand-off link, in the vendor's manner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PersonPage {
    /// The language of the page, as in the HTML attribute `lang`.
    pub(crate) language: &'static str,
    pub(crate) title: String,
    /// The requests to the person, a sentence each.
    pub(crate) asked: Vec<String>,
    /// The submitted data that the vendor shows to the person: labels and values.
    pub(crate) shown: Vec<(String, String)>,
    /// Whether the person can still play their part.
    pub(crate) is_open: bool,
}

/// A choice of the person on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Choice {
    Succeed,
    DataDiffer,
    Fail,
    SuspectFraud,
    Abandon,
    ComeBackLater,
}

impl Choice {
    pub(crate) const ALL: [Self; 6] = [
        Self::Succeed,
        Self::DataDiffer,
        Self::Fail,
        Self::SuspectFraud,
        Self::Abandon,
        Self::ComeBackLater,
    ];

    /// Returns the choice as a segment of a path.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Succeed => "succeed",
            Self::DataDiffer => "data-differ",
            Self::Fail => "fail",
            Self::SuspectFraud => "suspect-fraud",
            Self::Abandon => "abandon",
            Self::ComeBackLater => "come-back-later",
        }
    }

    /// Returns the choice of a segment of a path.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name)
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Succeed => "Succeed",
            Self::DataDiffer => "Data differ",
            Self::Fail => "Fail",
            Self::SuspectFraud => "Suspect fraud",
            Self::Abandon => "Abandon",
            Self::ComeBackLater => "Come back later",
        }
    }

    const fn explanation(self) -> &'static str {
        match self {
            Self::Succeed => "The person is verified with the submitted data.",
            Self::DataDiffer => "The person is verified, and the document shows other data.",
            Self::Fail => "The person is rejected.",
            Self::SuspectFraud => "The vendor suspects a fraud and confirms it.",
            Self::Abandon => "The person gives up and does not come back.",
            Self::ComeBackLater => "The person leaves, and the link stays valid.",
        }
    }

    /// Returns the common scenario that the choice plays; `None` if the vendor has its own one, or
    /// if nothing happens.
    pub(crate) const fn scenario(self) -> Option<&'static str> {
        match self {
            Self::Succeed => Some("happy"),
            Self::DataDiffer => Some("data-changed"),
            Self::Fail => Some("rejected"),
            Self::SuspectFraud => Some("fraud"),
            Self::Abandon | Self::ComeBackLater => None,
        }
    }
}

/// Returns the response with the page behind a verification's hand-off link.
///
/// The vendor's part is in the vendor's language. The choices are the sandbox's, in English.
pub(crate) fn answer(vendor: &str, id: &str, page: &PersonPage) -> Answer {
    let name = layout::vendor(vendor).map_or(vendor, |vendor| vendor.name);
    let main = html! {
        section.card lang=(page.language) aria-labelledby="title" {
            h1 #title { (page.title) }
            @if !page.asked.is_empty() {
                ul.asked { @for request in &page.asked { li { (request) } } }
            }
            @if !page.shown.is_empty() {
                dl.facts {
                    @for (label, value) in &page.shown { dt { (label) } dd { (value) } }
                }
            }
        }
        section.card aria-labelledby="play" {
            h2 #play { "Play the person" }
            @if page.is_open {
                form.choices method="post" {
                    @for choice in Choice::ALL {
                        p {
                            button formaction=(action(vendor, id, choice))
                                aria-describedby=(choice.name()) {
                                (choice.label())
                            }
                            span.quiet id=(choice.name()) { (choice.explanation()) }
                        }
                    }
                }
            } @else {
                p { "The person has nothing to do here at present." }
            }
        }
    };
    framed(name, vendor, id, &page.title, &main)
}

/// Returns the response to an impossible choice.
pub(crate) fn problem(vendor: &Entry, id: &str, problem: &str) -> Answer {
    let main = html! {
        section.card {
            h1 { "This is not possible" }
            p.problem role="alert" { (problem) }
        }
    };
    let answer = framed(vendor.name, vendor.id, id, "Not possible", &main);
    Answer {
        status: StatusCode::CONFLICT,
        ..answer
    }
}

/// Returns the response to a choice if there is no address to return to.
pub(crate) fn finished(vendor: &Entry, id: &str) -> Answer {
    let main = html! {
        section.card {
            h1 { "Done" }
            p { "The person can close this page." }
        }
    };
    framed(vendor.name, vendor.id, id, "Done", &main)
}

/// Returns a page with a note that it belongs to the sandbox.
fn framed(name: &str, vendor: &str, id: &str, title: &str, main: &Markup) -> Answer {
    let body = html! {
        header.top.note {
            p {
                strong { "idv sandbox" }
                " in place of " (name) ". It is a test: data stays on this machine. "
                a href=(layout::verification_path(vendor, id)) { "Open it in the sandbox" }
            }
        }
        main.person { (main) }
    };
    layout::person_page(title, &body)
}

fn action(vendor: &str, id: &str, choice: Choice) -> String {
    format!(
        "/_person/{vendor}/{}/{}",
        layout::segment(id),
        choice.name()
    )
}
