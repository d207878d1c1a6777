//! Plays the sandbox's page in a real browser, which is installed if it is missing.

use crate::Result;
use crate::install::{Packages, find_program, install};
use crate::workspace::cargo;

/// The programs that the test runs.
const PROGRAMS: [&str; 2] = ["chromium", "chromedriver"];

/// The browser, and a font for its text.
const PACKAGES: Packages = Packages {
    apt: &["chromium", "chromium-driver", "fonts-liberation"],
    dnf: &["chromium", "chromedriver", "liberation-sans-fonts"],
    apk: &["chromium", "chromium-chromedriver", "font-liberation"],
    // Homebrew has a browser for the desktop only.
    brew: &[],
};

/// The folder of the book's images.
const IMAGES: &str = "docs/src/images";

/// Runs the test. With `screenshots` it writes the images of the book.
pub(crate) fn run(screenshots: bool) -> Result<()> {
    if !PROGRAMS
        .iter()
        .all(|program| find_program(program).is_some())
    {
        install("Chromium", &PACKAGES)?;
    }
    let mut command = cargo();
    command.args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "idv-browser",
        "--",
    ]);
    if screenshots {
        command.args(["--screenshots", IMAGES]);
    }
    let status = command
        .status()
        .map_err(|error| format!("cargo did not start: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err("the page failed in the browser".to_owned())
    }
}
