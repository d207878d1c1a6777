//! Plays the sandbox's page in headless Chromium: every vendor, scenario and choice by its buttons.
//!
//! `cargo xtask browser` installs the browser and starts this program. `--screenshots FOLDER` writes
//! the images of the book, and `--views FOLDER` every view in each size and colour, to be looked at.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program for a terminal"
)]

mod chromium;
mod client;
mod page;
mod play;
mod receiver;

use std::path::PathBuf;
use std::process::ExitCode;

use idv_sandbox::Sandbox;

use chromium::Chromium;
use page::{Folders, Page};
use receiver::Receiver;

/// A failed step, in a sentence.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut folders = Folders::default();
    let mut arguments = std::env::args_os().skip(1);
    while let Some(option) = arguments.next() {
        let folder = arguments.next().map(PathBuf::from);
        match (option.to_str(), folder) {
            (Some("--screenshots"), Some(folder)) => folders.book = Some(folder),
            (Some("--views"), Some(folder)) => folders.views = Some(folder),
            _ => {
                eprintln!("usage: idv-browser [--screenshots FOLDER] [--views FOLDER]");
                return ExitCode::from(2);
            }
        }
    }
    match run(folders).await {
        Ok(()) => {
            println!("the page works in the browser");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(folders: Folders) -> Result<()> {
    let chromium = Chromium::start().await?;
    let driver = chromium.open().await?;
    let page = Page::new(driver.clone(), folders);
    let done = play(&page).await;
    // The browser ends even if a step fails.
    driver.quit().await?;
    done
}

async fn play(page: &Page) -> Result<()> {
    let receiver = Receiver::start().await?;
    // The clock stands still, so that each step has the same effect in every run.
    let sandbox = Sandbox::builder()
        .speed(0.0)
        .seed(1)
        .callback(receiver.url())
        .start()
        .await?;
    let mut failed = Vec::new();
    let mut note = async |step: &str, done: Result<()>| {
        println!("{step}: {}", if done.is_ok() { "ok" } else { "failed" });
        if let Err(error) = done {
            page.report().await;
            failed.push(format!("{step}: {error}"));
        }
    };
    note("first page", play::empty(page, &sandbox).await).await;
    note("scenarios", play::every_scenario(page, &sandbox).await).await;
    note(
        "choices",
        play::every_choice(page, &sandbox, &receiver).await,
    )
    .await;
    note("refusal", play::refused_request(page, &sandbox).await).await;
    let callbacks = play::callbacks(page, &sandbox, &receiver).await;
    note("callbacks", callbacks).await;
    note("clock", play::clock_and_faults(page, &sandbox).await).await;
    note("live", play::live(page, &sandbox, &receiver).await).await;
    note("keyboard", play::keyboard(page, &sandbox).await).await;
    note(
        "views",
        play::every_view_fits(page, &sandbox, &receiver).await,
    )
    .await;
    sandbox.shutdown().await;
    if failed.is_empty() {
        Ok(())
    } else {
        Err(failed.join("\n").into())
    }
}
