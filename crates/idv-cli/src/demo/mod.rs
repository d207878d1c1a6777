//! `idv demo`: the vendors' sandbox inside this program, and people who act.

mod environment;
mod play;
mod print;
mod receiver;
mod story;

use clap::Args;
use idv_sandbox::{Ending, Sandbox, Scenario, Vendor};
use serde_json::json;

use crate::commands::Run;
use crate::demo::story::{Portrait, Story};
use crate::failure::{Exit, Failure};
use crate::output::{self, Output};
use crate::settings::Settings;

/// The scenario that is shown if none is chosen, and its vendor.
const SHOWN: (&str, &str) = ("idnow", "data-changed");

/// Verifies simulated people at a sandbox inside this program: no account, no network beyond this machine, and no waiting, since
/// time there is virtual. Plays every scenario at every vendor, shows one story and a summary, and ends with 1 if any outcome is not as
/// expected.
#[derive(Args)]
pub(crate) struct Demo {
    /// Play the scenarios of this vendor only, and show their stories; `all` for every vendor
    #[arg(
        long,
        value_name = "ID",
        default_value = "all",
        hide_default_value = true
    )]
    provider: String,

    /// Play this scenario only, and show its stories
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,

    /// Show every story, and compare the vendors' reports of one person
    #[arg(long)]
    all: bool,
}

impl Run for Demo {
    async fn run(self, _: &Settings, output: Output) -> Result<Exit, Failure> {
        let shows_all = self.all || self.provider != "all" || self.scenario.is_some();
        // Time moves only when the demo moves it.
        let sandbox = Sandbox::builder()
            .speed(0.0)
            .start()
            .await
            .map_err(|error| {
                Failure::new(Exit::Failed, format!("the sandbox cannot start: {error}"))
            })?;
        let mut stories = Vec::new();
        let vendors = self.vendors(&sandbox)?;
        self.check_scenario(&vendors)?;
        for vendor in vendors {
            let company = play::Company::open(vendor, &sandbox).await?;
            for scenario in scenarios(vendor).filter(|scenario| self.is_chosen(scenario)) {
                let story = company.play(scenario).await;
                if !output.is_json() && (shows_all || (story.provider, story.scenario) == SHOWN) {
                    output::text(&print::story(&story))?;
                }
                stories.push(story);
            }
        }
        sandbox.shutdown().await;
        let portrait = Portrait::of(&stories);
        let short = stories.iter().filter(|story| story.fell_short()).count()
            + portrait.differences().count();
        if output.is_json() {
            output::json(&json!({ "stories": stories, "person": portrait, "fell_short": short }))?;
        } else {
            if shows_all {
                output::text(&print::portrait(&portrait))?;
                output::text(&print::table_of(&stories))?;
            }
            output::text(&print::summary(&stories, short, shows_all))?;
        }
        report(&stories, &portrait);
        Ok(if short == 0 { Exit::Done } else { Exit::Failed })
    }
}

impl Demo {
    fn is_chosen(&self, scenario: &Scenario) -> bool {
        self.scenario
            .as_ref()
            .is_none_or(|name| scenario.name == name)
    }

    /// Refuses a scenario that no chosen vendor has.
    fn check_scenario(&self, vendors: &[Vendor<'_>]) -> Result<(), Failure> {
        let Some(name) = &self.scenario else {
            return Ok(());
        };
        let all: Vec<Scenario> = vendors
            .iter()
            .flat_map(|vendor| scenarios(*vendor))
            .collect();
        if all.iter().any(|scenario| self.is_chosen(scenario)) {
            return Ok(());
        }
        let mut names: Vec<&str> = Vec::new();
        for scenario in &all {
            if !names.contains(&scenario.name) {
                names.push(scenario.name);
            }
        }
        Err(Failure::usage(format!(
            "there is no scenario `{name}`; there are: {}",
            names.join(", ")
        )))
    }

    /// Returns the chosen vendors, in the order of their ids.
    fn vendors<'a>(&self, sandbox: &'a Sandbox) -> Result<Vec<Vendor<'a>>, Failure> {
        let mut all = sandbox.vendors();
        all.sort_by_key(Vendor::id);
        let names: Vec<&str> = all.iter().map(Vendor::id).collect();
        if self.provider != "all" && !names.contains(&self.provider.as_str()) {
            let known = format!(
                "there is no provider `{}`; there are: all, {}",
                self.provider,
                names.join(", ")
            );
            return Err(Failure::usage(known));
        }
        all.retain(|vendor| self.provider == "all" || self.provider == vendor.id());
        Ok(all)
    }
}

/// The scenarios of a vendor that end in one way, whatever account or request it is.
fn scenarios(vendor: Vendor<'_>) -> impl Iterator<Item = Scenario> {
    vendor
        .scenarios()
        .into_iter()
        .filter(|scenario| scenario.ending != Ending::Unspecified)
}

/// Says on standard error what fell short: standard output may be read by a program.
fn report(stories: &[Story], portrait: &Portrait) {
    for story in stories {
        for shortfall in &story.shortfalls {
            output::note(&format!(
                "idv: {} {}: {shortfall}",
                story.provider, story.scenario
            ));
        }
    }
    for field in portrait.differences() {
        output::note(&format!("idv: the same person has more than one {field}"));
    }
}
