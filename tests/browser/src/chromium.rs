//! Starts ChromeDriver and headless Chromium.

use std::process::Stdio;
use std::time::Duration;

use thirtyfour::{ChromiumLikeCapabilities as _, DesiredCapabilities, WebDriver};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::Result;

/// The longest time until ChromeDriver is ready.
const START: Duration = Duration::from_secs(30);

/// A running ChromeDriver, which ends with this value.
pub(crate) struct Chromium {
    _driver: Child,
    port: u16,
}

impl Chromium {
    /// Starts ChromeDriver on a free port.
    pub(crate) async fn start() -> Result<Self> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("cannot start chromedriver: {error}"))?;
        let output = driver.stdout.take().ok_or("chromedriver has no output")?;
        let mut lines = BufReader::new(output).lines();
        let port = async {
            while let Some(line) = lines.next_line().await? {
                // "ChromeDriver was started successfully on port 40123."
                if let Some((_, port)) = line.split_once("successfully on port ") {
                    return Ok(port.trim_end_matches('.').parse::<u16>()?);
                }
            }
            Err::<u16, Box<dyn std::error::Error>>("chromedriver did not start".into())
        };
        let port = tokio::time::timeout(START, port).await??;
        Ok(Self {
            _driver: driver,
            port,
        })
    }

    /// Opens a window.
    pub(crate) async fn open(&self) -> Result<WebDriver> {
        let mut capabilities = DesiredCapabilities::chrome();
        for argument in [
            "--headless=new",
            // A container runs as root and has little shared memory.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--force-color-profile=srgb",
            "--font-render-hinting=none",
            "--lang=en",
        ] {
            capabilities.add_arg(argument)?;
        }
        let address = format!("http://127.0.0.1:{}", self.port);
        Ok(WebDriver::new(&address, capabilities).await?)
    }
}
