//! `idv demo`: the vendors' sandbox inside this program, and people who act.

mod cm_id_scan;
mod environment;
mod identify24;
mod identity_tm;
mod idnow;
mod play;
mod print;
mod receiver;
mod stage;
mod story;
mod verificar_identidad;

pub(crate) use identify24::WORDS;

use clap::Args;
use idv_sandbox::Sandbox;
use serde_json::json;

use crate::commands::Run;
use crate::demo::stage::Stage;
use crate::demo::story::{Portrait, SCENARIOS, Scenario, Story};
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
    #[arg(long, value_name = "ID", default_value = "all", hide_default_value = true)]
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
        self.check_scenario()?;
        let shows_all = self.all || self.provider != "all" || self.scenario.is_some();
        // Time moves only when the demo moves it.
        let sandbox = Sandbox::builder()
            .speed(0.0)
            .start()
            .await
            .map_err(|error| Failure::new(Exit::Failed, format!("the sandbox cannot start: {error}")))?;
        let mut stories = Vec::new();
        for stage in self.stages(&sandbox)? {
            let company = play::Company::open(&*stage, &sandbox).await?;
            for scenario in self.scenarios(&*stage) {
                let story = company.play(scenario).await;
                if !output.is_json() && (shows_all || (story.provider, story.scenario) == SHOWN) {
                    output::text(&print::story(&story))?;
                }
                stories.push(story);
            }
        }
        sandbox.shutdown().await;
        let portrait = Portrait::of(&stories);
        let short = stories.iter().filter(|story| story.fell_short()).count() + portrait.differences().count();
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
    /// Returns the chosen scenarios that a vendor has: those of all vendors, and its own.
    fn scenarios(&self, stage: &dyn Stage) -> impl Iterator<Item = &'static Scenario> {
        let chosen = |scenario: &&'static Scenario| self.scenario.as_ref().is_none_or(|name| scenario.name == name);
        SCENARIOS.iter().chain(stage.own()).filter(chosen)
    }

    /// Refuses a scenario that no chosen vendor has.
    fn check_scenario(&self) -> Result<(), Failure> {
        let Some(name) = &self.scenario else { return Ok(()) };
        let own = [cm_id_scan::OWN, identity_tm::OWN];
        let mut names = SCENARIOS.iter().chain(own.into_iter().flatten()).map(|scenario| scenario.name);
        if names.clone().any(|known| known == name) {
            return Ok(());
        }
        let names: Vec<&str> = names.by_ref().collect();
        Err(Failure::usage(format!("there is no scenario `{name}`; there are: {}", names.join(", "))))
    }

    /// The vendors, in the order of their ids.
    fn stages<'a>(&self, sandbox: &'a Sandbox) -> Result<Vec<Box<dyn Stage + 'a>>, Failure> {
        let all: Vec<Box<dyn Stage + 'a>> = vec![
            Box::new(cm_id_scan::CmIdScan::new(sandbox)),
            Box::new(identify24::Identify24::new(sandbox)),
            Box::new(identity_tm::IdentityTm::new(sandbox)),
            Box::new(idnow::Idnow::new(sandbox)),
            Box::new(verificar_identidad::VerificarIdentidad::new(sandbox)),
        ];
        let names: Vec<&str> = all.iter().map(|stage| stage.provider()).collect();
        if self.provider != "all" && !names.contains(&self.provider.as_str()) {
            let known = format!("there is no provider `{}`; there are: all, {}", self.provider, names.join(", "));
            return Err(Failure::usage(known));
        }
        Ok(all.into_iter().filter(|stage| self.provider == "all" || self.provider == stage.provider()).collect())
    }
}

/// Says on standard error what fell short: standard output may be read by a program.
fn report(stories: &[Story], portrait: &Portrait) {
    for story in stories {
        for shortfall in &story.shortfalls {
            output::note(&format!("idv: {} {}: {shortfall}", story.provider, story.scenario));
        }
    }
    for field in portrait.differences() {
        output::note(&format!("idv: the same person has more than one {field}"));
    }
}
