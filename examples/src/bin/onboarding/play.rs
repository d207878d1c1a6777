//! Plays the whole onboarding at each vendor of the sandbox: starts the application and uses it as
//! a browser does, over HTTP.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use idv::Url;
use idv_examples::{Outcome, TestBed, vendors};
use idv_flow::Engine;
use idv_flow::store::MemoryStore;
use reqwest::Response;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The speed of the sandbox's clock: a review of twelve minutes takes six seconds.
const SPEED: f64 = 120.0;

/// The number of refreshes of the status page before the person gives up.
const PATIENCE: usize = 120;

/// Plays at all vendors at the same time and prints a line for each.
pub(crate) async fn all() -> Outcome {
    let mut plays = JoinSet::new();
    for vendor in vendors() {
        plays.spawn(async move {
            play(&vendor)
                .await
                .map_err(|error| format!("{vendor}: {error}"))
        });
    }
    while let Some(played) = plays.join_next().await {
        println!("{}", played??);
    }
    Ok(())
}

async fn play(vendor: &str) -> Outcome<String> {
    let test_bed = Arc::new(TestBed::start_at_speed(vendor, SPEED).await?);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base: Url = format!("http://{}", listener.local_addr()?).parse()?;
    let client = test_bed.connect()?;
    let app = crate::open(
        Engine::builder(MemoryStore::new()),
        client,
        test_bed.clock(),
        &base,
        Some(Arc::clone(&test_bed)),
    )
    .await?;
    let (stop, stopped) = watch::channel(());
    let running = tokio::spawn(crate::run(app, listener, stopped));

    let summary = onboard(&mut Browser::open(base)?).await?;

    drop(stop);
    running.await??;
    let callbacks = test_bed.delivered();
    if callbacks == 0 {
        return Err("the vendor delivered no callback".into());
    }
    Ok(format!(
        "{vendor}: {summary}; {callbacks} callback(s) delivered"
    ))
}

/// Plays the person.
async fn onboard(browser: &mut Browser) -> Outcome<String> {
    let form = browser.get("/").await?;
    let fields: Vec<(&str, &str)> = form
        .match_indices("<input ")
        .filter_map(|(at, _)| field(form.get(at..)?))
        .collect();
    let page = browser.post("/verifications", &fields).await?;

    // The hand-off is available at once, or as soon as the vendor has answered.
    let mut status = browser.get(&page).await?;
    for _ in 0..PATIENCE {
        if status.contains("id=\"hand-off\"") {
            break;
        }
        status = browser.refresh(&page).await?;
    }
    let link =
        between(&status, "id=\"hand-off\" href=\"", "\"").map(|link| link.replace("&amp;", "&"));
    let hand_off = match &link {
        Some(link) => {
            let shown = browser.visit(link).await?;
            format!(
                "sent to the vendor, which answered {}",
                shown.status().as_u16()
            )
        }
        None => "waits for the vendor's message".to_owned(),
    };
    browser.post(&format!("{page}/act"), &[]).await?;

    let mut came_back = false;
    for refreshed in 0..PATIENCE {
        if let Some(link) = link.as_ref().filter(|_| !came_back) {
            came_back = browser.come_back(link, &page).await?;
        }
        if !status.contains("http-equiv=\"refresh\"") {
            let word = between(&status, "id=\"status\" class=\"", "\"").unwrap_or_default();
            if word != "verified" {
                return Err(format!("the status page says {word}").into());
            }
            let returned = if came_back { ", came back" } else { "" };
            return Ok(format!(
                "{hand_off}{returned}; {word} after {refreshed} refreshes of the status page"
            ));
        }
        status = browser.refresh(&page).await?;
    }
    Err("the verification was never decided".into())
}

/// A minimal browser: one site, one cookie, no automatic redirects.
struct Browser {
    http: reqwest::Client,
    base: Url,
    cookie: String,
}

impl Browser {
    fn open(base: Url) -> Outcome<Self> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self {
            http,
            base,
            cookie: String::new(),
        })
    }

    async fn get(&mut self, path: &str) -> Outcome<String> {
        let answer = self.send(Method::GET, path, None).await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    /// Waits for the second that the page asks for and loads it again.
    async fn refresh(&mut self, path: &str) -> Outcome<String> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.get(path).await
    }

    /// Submits a form and returns the path of the redirect.
    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Outcome<String> {
        let mut form = self.base.clone();
        form.query_pairs_mut().extend_pairs(fields);
        let answer = self
            .send(Method::POST, path, form.query().map(str::to_owned))
            .await?;
        match (answer.status(), location(&answer)) {
            (StatusCode::SEE_OTHER, Some(place)) => Ok(place),
            (status, _) => Err(format!("the form was answered with {status}").into()),
        }
    }

    /// Loads a page of another site.
    async fn visit(&self, link: &str) -> Outcome<Response> {
        Ok(self.http.get(link).send().await?)
    }

    /// Loads the vendor's page and follows its redirect back to the application. Returns whether it
    /// led to `page`.
    async fn come_back(&mut self, link: &str, page: &str) -> Outcome<bool> {
        let Some(place) =
            location(&self.visit(link).await?).and_then(|place| Url::parse(&place).ok())
        else {
            return Ok(false);
        };
        if place.origin() != self.base.origin() {
            return Ok(false);
        }
        let path = format!("{}?{}", place.path(), place.query().unwrap_or_default());
        let landed = location(&self.send(Method::GET, &path, None).await?);
        if landed.as_deref() != Some(page) {
            return Err("the return does not lead to the status page".into());
        }
        Ok(true)
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        form: Option<String>,
    ) -> Outcome<Response> {
        let mut request = self
            .http
            .request(method, self.base.join(path)?)
            .header("cookie", &self.cookie);
        if let Some(form) = form {
            let origin = self.base.origin().ascii_serialization();
            request = request
                .header("origin", origin)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form);
        }
        let answer = request.send().await?;
        if let Some(cookie) = answer
            .headers()
            .get("set-cookie")
            .and_then(|cookie| cookie.to_str().ok())
        {
            self.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        }
        Ok(answer)
    }
}

/// Returns the name and the value of an input element.
fn field(input: &str) -> Option<(&str, &str)> {
    let input = input.split_once('>')?.0;
    Some((
        between(input, "name=\"", "\"")?,
        between(input, "value=\"", "\"")?,
    ))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}

fn location(answer: &Response) -> Option<String> {
    Some(answer.headers().get("location")?.to_str().ok()?.to_owned())
}
