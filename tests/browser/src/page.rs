//! The page in the browser.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::error::WebDriverResult;
use thirtyfour::{By, Key, WebDriver, WebElement};

use crate::Result;

/// The longest time to wait for a change of the page.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Page {
    driver: WebDriver,
    folders: Folders,
}

/// The folders to which images are written.
#[derive(Debug, Default)]
pub(crate) struct Folders {
    /// The images of the book.
    pub(crate) book: Option<PathBuf>,
    /// Every view in each look.
    pub(crate) views: Option<PathBuf>,
}

/// The appearance of a window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) width: u32,
    pub(crate) scheme: &'static str,
}

impl Look {
    pub(crate) const ALL: [Self; 4] = [
        Self::new(1200, "light"),
        Self::new(1200, "dark"),
        Self::new(360, "light"),
        Self::new(360, "dark"),
    ];

    const fn new(width: u32, scheme: &'static str) -> Self {
        Self { width, scheme }
    }
}

impl Page {
    pub(crate) fn new(driver: WebDriver, folders: Folders) -> Self {
        Self { driver, folders }
    }

    pub(crate) async fn open(&self, address: &str) -> Result<()> {
        Ok(self.driver.goto(address).await?)
    }

    pub(crate) async fn address(&self) -> Result<String> {
        Ok(self.driver.current_url().await?.into())
    }

    /// Returns the text of the page as a person sees it.
    pub(crate) async fn text(&self) -> Result<String> {
        Ok(self.find("body").await?.text().await?)
    }

    pub(crate) async fn find(&self, selector: &str) -> Result<WebElement> {
        let found = self.driver.find(By::Css(selector)).await;
        found.map_err(|error| format!("{selector}: {error}").into())
    }

    pub(crate) async fn find_all(&self, selector: &str) -> Result<Vec<WebElement>> {
        Ok(self.driver.find_all(By::Css(selector)).await?)
    }

    /// Clicks an element, and waits until the page has answered.
    pub(crate) async fn click(&self, selector: &str) -> Result<()> {
        let element = self.find(selector).await?;
        element.scroll_into_view().await?;
        element.click().await?;
        self.settled().await
    }

    /// Clicks an element that leads to another page, and waits for it.
    pub(crate) async fn follow(&self, selector: &str) -> Result<()> {
        self.run("window.isOld = true").await?;
        let element = self.find(selector).await?;
        element.scroll_into_view().await?;
        element.click().await?;
        let script = "return !window.isOld && document.readyState === 'complete'";
        self.until("the next page", async || {
            let reached = self.driver.execute(script, Vec::new()).await?;
            Ok(reached.json() == &Value::Bool(true))
        })
        .await
    }

    /// Waits until no form is being sent and the page is loaded.
    pub(crate) async fn settled(&self) -> Result<()> {
        let script = "return document.readyState === 'complete' \
            && !document.querySelector('form[aria-busy]')";
        self.until("the page to answer", async || {
            Ok(self.driver.execute(script, Vec::new()).await?.json() == &Value::Bool(true))
        })
        .await
    }

    /// Waits until a text appears in an element.
    pub(crate) async fn shows(&self, selector: &str, text: &str) -> Result<()> {
        self.until(&format!("`{text}` in {selector}"), async || {
            let found = self.driver.find_all(By::Css(selector)).await?;
            for element in found {
                if element.text().await?.contains(text) {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await
    }

    async fn until(
        &self,
        what: &str,
        is_reached: impl AsyncFn() -> WebDriverResult<bool>,
    ) -> Result<()> {
        let reached = async {
            // An element that is replaced meanwhile is looked for again.
            while !is_reached().await.unwrap_or(false) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, reached)
            .await
            .map_err(|_| format!("waited in vain for {what}").into())
    }

    /// Runs a function of JavaScript without arguments and returns its result.
    pub(crate) async fn run(&self, script: &str) -> Result<Value> {
        Ok(self
            .driver
            .execute(script, Vec::new())
            .await?
            .json()
            .clone())
    }

    /// Sets width and colours.
    pub(crate) async fn look(&self, look: Look) -> Result<()> {
        let tools = self.driver.cdp();
        let size = json!({
            "width": look.width, "height": 900, "deviceScaleFactor": 1, "mobile": look.width < 600,
        });
        tools
            .send_raw("Emulation.setDeviceMetricsOverride", size)
            .await?;
        let scheme = json!({
            "features": [{ "name": "prefers-color-scheme", "value": look.scheme }],
        });
        tools.send_raw("Emulation.setEmulatedMedia", scheme).await?;
        Ok(())
    }

    /// Checks that nothing is wider than the window, and that the page reports no problem.
    pub(crate) async fn check(&self, place: &str) -> Result<()> {
        let wide = self
            .run(
                "const width = document.documentElement.clientWidth;
                if (document.documentElement.scrollWidth <= width) return [];
                return [...document.querySelectorAll('body *')]
                    .filter((element) => element.getBoundingClientRect().right > width + 1)
                    .slice(0, 3).map((element) => element.outerHTML.slice(0, 120))
                    .concat(['scrolls sideways']);",
            )
            .await?;
        if wide != json!([]) {
            return Err(format!("{place} is too wide: {wide}").into());
        }
        let notice = self.run("return document.getElementById('notice')?.textContent || ''");
        match notice.await? {
            Value::String(notice) if !notice.is_empty() => {
                Err(format!("{place} has a notice: {notice}").into())
            }
            _ => Ok(()),
        }
    }

    pub(crate) async fn press_tab(&self) -> Result<()> {
        self.press(Key::Tab).await
    }

    pub(crate) async fn press_enter(&self) -> Result<()> {
        self.press(Key::Enter).await
    }

    async fn press(&self, key: Key) -> Result<()> {
        let keys = self.driver.action_chain();
        Ok(keys.key_down(key.clone()).key_up(key).perform().await?)
    }

    /// Writes an image for the book, if wanted.
    pub(crate) async fn image(&self, name: &str) -> Result<()> {
        self.write(self.folders.book.as_deref(), name).await
    }

    /// Writes an image of a view, if wanted.
    pub(crate) async fn view(&self, name: &str, look: Look) -> Result<()> {
        let name = format!("{name}-{}-{}", look.width, look.scheme);
        self.write(self.folders.views.as_deref(), &name).await
    }

    async fn write(&self, folder: Option<&Path>, name: &str) -> Result<()> {
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder)?;
            let image = self.driver.screenshot_as_png().await?;
            std::fs::write(folder.join(format!("{name}.png")), image)?;
        }
        Ok(())
    }

    /// Prints the state of the page after a failed step.
    pub(crate) async fn report(&self) {
        let address = self.address().await.unwrap_or_default();
        let text = self.text().await.unwrap_or_default();
        eprintln!("at {address}:\n{text}\n");
    }
}
