//! A browser without a screen: it keeps cookies, follows redirects within the server, reads pages and
//! submits their forms, as people do. What needs layout or scripts is tested in Chromium.

use std::sync::Arc;

use reqwest::cookie::{CookieStore as _, Jar};
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode};
use scraper::{ElementRef, Html, Selector};
use url::Url;

/// The longest way from one page to the next.
const MOST_REDIRECTS: usize = 10;

/// A browser.
#[derive(Clone)]
pub(crate) struct Browser {
    http: reqwest::Client,
    pub(crate) jar: Arc<Jar>,
    home: String,
    /// Whether the pages are ours, whose redirects are 303.
    is_ours: bool,
    language: Option<String>,
    page: Option<Page>,
}

/// What a browser shows, or where it left the server for.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) html: String,
    /// Whether this is somewhere else: the browser was sent there and did not go.
    pub(crate) is_elsewhere: bool,
}

/// An HTTP client that follows no redirects.
pub(super) fn http(with_cookies: bool) -> reqwest::Client {
    let builder = reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy();
    builder
        .cookie_store(with_cookies)
        .build()
        .expect("the client can be built")
}

impl Browser {
    pub(super) fn new(home: &str) -> Self {
        let jar = Arc::new(Jar::default());
        let builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy();
        let http = builder
            .cookie_provider(Arc::clone(&jar))
            .build()
            .expect("the client can be built");
        Self {
            http,
            jar,
            home: home.to_owned(),
            is_ours: true,
            language: None,
            page: None,
        }
    }

    /// A browser at a server that is not ours.
    pub(super) fn abroad(home: &str) -> Self {
        Self {
            is_ours: false,
            ..Self::new(home)
        }
    }

    /// The same browser, of somebody who prefers that language.
    pub(crate) fn speaking(self, language: &str) -> Self {
        Self {
            language: Some(language.to_owned()),
            ..self
        }
    }

    /// The same browser at another node, which stands for the same host: it has the same cookies.
    pub(crate) fn at(&self, node: &super::World) -> Self {
        Self {
            home: node.issuer().to_owned(),
            page: None,
            ..self.clone()
        }
    }

    /// A second tab, which shows what this one does and shares its cookies.
    pub(crate) fn tab(&self) -> Self {
        self.clone()
    }

    /// The value of a cookie that this browser holds.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let home = Url::parse(&self.home).expect("the issuer is an address");
        let header = self.jar.cookies(&home)?;
        let header = header.to_str().expect("our cookies are text").to_owned();
        header.split("; ").find_map(|pair| {
            let (known, value) = pair.split_once('=')?;
            (known == name).then(|| value.to_owned())
        })
    }

    async fn get(&self, address: &str) -> Response {
        let mut request = self.http.get(address);
        if let Some(language) = &self.language {
            request = request.header("accept-language", language);
        }
        request.send().await.expect("the server answers")
    }

    /// The page that is shown.
    pub(crate) fn page(&self) -> &Page {
        self.page
            .as_ref()
            .expect("the browser was sent somewhere before")
    }

    /// Opens an address, or a path of the server.
    pub(crate) async fn open(&mut self, address: &str) -> &Page {
        let address = if address.starts_with('/') {
            format!("{}{address}", self.home)
        } else {
            address.to_owned()
        };
        let response = self.get(&address).await;
        self.follow(response).await
    }

    /// Posts a form as another site would: from nowhere, with these fields.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> &Page {
        let address = format!("{}{path}", self.home);
        let response = self
            .http
            .post(&address)
            .form(fields)
            .send()
            .await
            .expect("the server answers");
        self.follow(response).await
    }

    /// Presses the button with that `id`, once these fields are filled in.
    pub(crate) async fn press(&mut self, button: &str, fields: &[(&str, &str)]) -> &Page {
        let selector = format!("button[id='{button}']");
        self.submit(&selector, fields).await
    }

    /// Presses the button that a selector finds, once these fields are filled in.
    pub(crate) async fn submit(&mut self, selector: &str, fields: &[(&str, &str)]) -> &Page {
        let page = self.page().clone();
        let (action, mut values) = page.form_of(selector);
        for (name, value) in fields {
            values.retain(|(known, _)| known != name);
            values.push(((*name).to_owned(), (*value).to_owned()));
        }
        let address = page.url.join(&action).expect("forms lead somewhere");
        let response = self
            .http
            .post(address)
            .form(&values)
            .send()
            .await
            .expect("the server answers");
        self.follow(response).await
    }

    /// Signs in on the page that is shown, identifier first.
    pub(crate) async fn sign_in(&mut self, identifier: &str, password: &str) -> &Page {
        self.press("sign-in", &[("p_email", identifier)]).await;
        self.press("sign-in", &[("p_password", password)]).await
    }

    /// Where the browser was sent outside of the server.
    pub(crate) fn arrived(&self) -> &Url {
        let page = self.page();
        assert!(
            page.is_elsewhere,
            "still here, at {}: {}",
            page.url,
            page.text("main")
        );
        &page.url
    }

    /// Where the browser was sent outside of the server, if it was.
    pub(crate) fn try_arrived(&self) -> Option<&Url> {
        let page = self.page();
        page.is_elsewhere.then_some(&page.url)
    }

    async fn follow(&mut self, response: Response) -> &Page {
        let mut response = response;
        for _ in 0..MOST_REDIRECTS {
            let (url, status, headers) = (
                response.url().clone(),
                response.status(),
                response.headers().clone(),
            );
            let Some(location) = headers.get("location") else {
                let html = response.text().await.expect("the answer is text");
                return self.page.insert(Page {
                    url,
                    status,
                    headers,
                    html,
                    is_elsewhere: false,
                });
            };
            assert!(
                status == StatusCode::SEE_OTHER || !self.is_ours,
                "redirects are 303, not {status}: no form is posted again"
            );
            let target = url
                .join(location.to_str().expect("a location is text"))
                .expect("a location is an address");
            if !target.as_str().starts_with(&self.home) {
                return self.page.insert(Page {
                    url: target,
                    status,
                    headers,
                    html: String::new(),
                    is_elsewhere: true,
                });
            }
            response = self.get(target.as_str()).await;
        }
        panic!("the browser was redirected {MOST_REDIRECTS} times");
    }
}

impl Page {
    /// The `id` of the page's main element.
    pub(crate) fn id(&self) -> String {
        let html = Html::parse_document(&self.html);
        let main = html.select(&selector("main")).next();
        let id = main.and_then(|main| main.value().id().map(str::to_owned));
        id.unwrap_or_else(|| {
            panic!(
                "this is no page of ours ({} at {}): {}",
                self.status, self.url, self.html
            )
        })
    }

    /// The text of what a selector finds, blanks folded.
    pub(crate) fn text(&self, css: &str) -> String {
        let html = Html::parse_document(&self.html);
        let found: Vec<String> = html
            .select(&selector(css))
            .flat_map(|element| element.text().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        found
            .join(" ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Whether a selector finds anything.
    pub(crate) fn has(&self, css: &str) -> bool {
        Html::parse_document(&self.html)
            .select(&selector(css))
            .next()
            .is_some()
    }

    /// An attribute of what a selector finds.
    pub(crate) fn attribute(&self, css: &str, name: &str) -> Option<String> {
        let html = Html::parse_document(&self.html);
        html.select(&selector(css))
            .next()?
            .value()
            .attr(name)
            .map(str::to_owned)
    }

    /// The action and the fields of the form around what a selector finds, the button itself included.
    pub(crate) fn form_of(&self, css: &str) -> (String, Vec<(String, String)>) {
        let html = Html::parse_document(&self.html);
        let button = html.select(&selector(css)).next();
        let button =
            button.unwrap_or_else(|| panic!("no {css} at {}: {}", self.url, self.text("main")));
        let named = button
            .value()
            .attr("form")
            .and_then(|form| html.select(&selector(&format!("form[id='{form}']"))).next());
        let form = named
            .or_else(|| {
                button
                    .ancestors()
                    .filter_map(ElementRef::wrap)
                    .find(|element| element.value().name() == "form")
            })
            .expect("the button belongs to a form");
        let mut values: Vec<(String, String)> = form
            .select(&selector("input"))
            .filter(|input| !matches!(input.value().attr("type"), Some("checkbox" | "submit")))
            .filter_map(|input| {
                let input = input.value();
                Some((
                    input.attr("name")?.to_owned(),
                    input.attr("value").unwrap_or_default().to_owned(),
                ))
            })
            .collect();
        if let (Some(name), value) = (button.value().attr("name"), button.value().attr("value")) {
            values.push((name.to_owned(), value.unwrap_or_default().to_owned()));
        }
        (
            form.value().attr("action").unwrap_or_default().to_owned(),
            values,
        )
    }
}

fn selector(css: &str) -> Selector {
    Selector::parse(css).unwrap_or_else(|error| panic!("{css}: {error}"))
}
