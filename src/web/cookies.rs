//! Our cookies: which there are, and how they are set.
//!
//! Over https their names begin with `__Host-`: a browser then takes them only if they are secure,
//! for the whole site, and from this very host, so that no neighbouring host can plant one. Over http,
//! which is for loopback alone, browsers refuse such names.
//!
//! | cookie | proves | lives |
//! |---|---|---|
//! | `browser` | whose interaction it is; forms' tokens are made of it | as long as the browser runs |
//! | `session` | who is signed in | as long as the browser runs, or longer where an organization says so; the session's own limits are the server's |

use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use time::Duration;

use crate::clock::Seconds;
use crate::protocol::Issuer;
use crate::secret::Secret;

/// One of our cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ours {
    /// The browser.
    Browser,
    /// The session.
    Session,
}

impl Ours {
    fn name(self, issuer: &Issuer) -> &'static str {
        match (self, issuer.is_https()) {
            (Self::Browser, false) => "vestibule_browser",
            (Self::Browser, true) => "__Host-vestibule_browser",
            (Self::Session, false) => "vestibule_session",
            (Self::Session, true) => "__Host-vestibule_session",
        }
    }

    /// The value that the browser sent.
    pub fn read(self, jar: &CookieJar, issuer: &Issuer) -> Option<Secret> {
        jar.get(self.name(issuer))
            .map(|cookie| Secret::from(cookie.value()))
    }

    /// The cookie with that value.
    pub fn set(self, jar: CookieJar, issuer: &Issuer, value: &Secret) -> CookieJar {
        jar.add(self.build(issuer, value.expose().to_owned()))
    }

    /// The cookie with that value, which outlives the browser for so long.
    pub fn keep(
        self,
        jar: CookieJar,
        issuer: &Issuer,
        value: &Secret,
        lifetime: Seconds,
    ) -> CookieJar {
        let mut cookie = self.build(issuer, value.expose().to_owned());
        cookie.set_max_age(Duration::seconds(lifetime.as_i64()));
        jar.add(cookie)
    }

    /// Takes the cookie away.
    pub fn clear(self, jar: CookieJar, issuer: &Issuer) -> CookieJar {
        // `CookieJar::remove` would drop the attributes, and without `Secure` browsers keep `__Host-` cookies.
        let mut cookie = self.build(issuer, String::new());
        cookie.make_removal();
        jar.add(cookie)
    }

    fn build(self, issuer: &Issuer, value: String) -> Cookie<'static> {
        Cookie::build((self.name(issuer), value))
            .path("/")
            .http_only(true)
            .secure(issuer.is_https())
            .same_site(SameSite::Lax)
            .build()
    }
}
