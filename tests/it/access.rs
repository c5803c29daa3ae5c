//! Every route × every kind of actor → the status expected.
//!
//! The routes are read from the source: one that is missing here fails the test.

use std::collections::BTreeMap;
use std::path::Path;

use reqwest::{Method, Response, StatusCode};

use crate::support::{Browser, PASSWORD, TestClient, World};

/// Who knocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Actor {
    /// No cookie, no secret, no token.
    Nobody,
    /// A browser that has begun a sign-in; nobody is signed in.
    Visitor,
    /// A browser in which somebody is signed in. The interactions are theirs.
    User,
    /// A browser in which somebody else is signed in. The interactions are not theirs.
    Other,
    /// A client with a wrong secret.
    Impostor,
    /// A client with its secret.
    Client,
    /// A machine with an access token of its own.
    Machine,
}

const ACTORS: [Actor; 7] = [
    Actor::Nobody,
    Actor::Visitor,
    Actor::User,
    Actor::Other,
    Actor::Impostor,
    Actor::Client,
    Actor::Machine,
];

/// Method and path, and the statuses in the order of [`ACTORS`]. Forms are empty but for their tokens,
/// so that 422 means: it was this browser's to send, and something is missing in it.
const ROUTES: &[(&str, &str, [u16; 7])] = &[
    // For everybody.
    ("GET", "/", [200; 7]),
    ("GET", "/favicon.ico", [200; 7]),
    ("GET", "/healthz", [200; 7]),
    ("GET", "/readyz", [200; 7]),
    ("GET", "/logo/{address}", [404; 7]),
    ("GET", "/static/{*file}", [404; 7]),
    // The routes that these describe are tried in api/conventions.rs.
    ("GET", "/api/v1/docs", [200; 7]),
    ("GET", "/api/v1/openapi.json", [200; 7]),
    ("GET", "/.well-known/openid-configuration", [200; 7]),
    ("GET", "/.well-known/oauth-authorization-server", [200; 7]),
    ("GET", "/.well-known/jwks", [200; 7]),
    ("GET", "/.well-known/jwks.json", [200; 7]),
    // For whoever has been sent a link; without a code it leads nowhere.
    ("GET", "/team_invitation", [404; 7]),
    // For browsers that a client has sent; without parameters there is no client to return to.
    ("GET", "/oauth2/auth", [400; 7]),
    ("POST", "/oauth2/auth", [400; 7]),
    // Without a session there is nothing to end; with one, it is asked. A form that isn't ours becomes a GET.
    ("GET", "/logout", [200; 7]),
    ("POST", "/logout", [303; 7]),
    // For who is signed in; all others are sent home.
    (
        "GET",
        "/account/password",
        [303, 303, 200, 200, 303, 303, 303],
    ),
    (
        "POST",
        "/account/password",
        [403, 303, 422, 422, 403, 403, 403],
    ),
    ("GET", "/account", [303, 303, 200, 200, 303, 303, 303]),
    ("GET", "/account/name", [303, 303, 200, 200, 303, 303, 303]),
    ("POST", "/account/name", [403, 303, 303, 303, 403, 403, 403]),
    ("GET", "/account/link", [303, 303, 200, 200, 303, 303, 303]),
    ("POST", "/account/link", [403, 303, 303, 303, 403, 403, 403]),
    // There is no such identity of theirs.
    ("GET", "/account/identities/{id}", [404; 7]),
    (
        "POST",
        "/account/identities/{id}/primary",
        [403, 404, 404, 404, 403, 403, 403],
    ),
    (
        "POST",
        "/account/identities/{id}/remove",
        [403, 404, 404, 404, 403, 403, 403],
    ),
    ("GET", "/account/identities/{id}/primary", [404; 7]),
    ("GET", "/account/identities/{id}/remove", [404; 7]),
    // For the browser that the interaction belongs to.
    (
        "GET",
        "/interaction/{id}",
        [400, 200, 200, 400, 400, 400, 400],
    ),
    (
        "POST",
        "/interaction/{id}/identifier",
        [403, 422, 422, 400, 403, 403, 403],
    ),
    (
        "POST",
        "/interaction/{id}/password",
        [403, 422, 422, 400, 403, 403, 403],
    ),
    (
        "POST",
        "/interaction/{id}/register",
        [403, 422, 422, 400, 403, 403, 403],
    ),
    (
        "POST",
        "/interaction/{id}/new-password",
        [403, 303, 303, 400, 403, 403, 403],
    ),
    (
        "POST",
        "/interaction/{id}/code",
        [403, 303, 303, 400, 403, 403, 403],
    ),
    (
        "POST",
        "/interaction/{id}/resend",
        [403, 303, 303, 400, 403, 403, 403],
    ),
    (
        "POST",
        "/interaction/{id}/forgot",
        [403, 422, 422, 400, 403, 403, 403],
    ),
    (
        "POST",
        "/interaction/{id}/screen",
        [403, 303, 303, 400, 403, 403, 403],
    ),
    (
        "POST",
        "/interaction/{id}/account",
        [403, 303, 303, 400, 403, 403, 403],
    ),
    (
        "POST",
        "/interaction/{id}/invitation",
        [403, 303, 303, 400, 403, 403, 403],
    ),
    (
        "POST",
        "/interaction/{id}/organization",
        [403, 303, 303, 400, 403, 403, 403],
    ),
    (
        "POST",
        "/interaction/{id}/organization-name",
        [403, 303, 303, 400, 403, 403, 403],
    ),
    (
        "POST",
        "/interaction/{id}/consent",
        [403, 303, 303, 400, 403, 403, 403],
    ),
    (
        "POST",
        "/interaction/{id}/connection",
        [403, 303, 303, 400, 403, 403, 403],
    ),
    (
        "POST",
        "/interaction/{id}/confirm",
        [403, 303, 303, 400, 403, 403, 403],
    ),
    (
        "POST",
        "/interaction/{id}/cancel",
        [403, 303, 303, 400, 403, 403, 403],
    ),
    // A form's address, opened anew, leads to what comes next: whose it is, is asked there.
    ("GET", "/interaction/{id}/identifier", [303; 7]),
    ("GET", "/interaction/{id}/password", [303; 7]),
    ("GET", "/interaction/{id}/register", [303; 7]),
    ("GET", "/interaction/{id}/new-password", [303; 7]),
    ("GET", "/interaction/{id}/code", [303; 7]),
    ("GET", "/interaction/{id}/resend", [303; 7]),
    ("GET", "/interaction/{id}/forgot", [303; 7]),
    ("GET", "/interaction/{id}/screen", [303; 7]),
    ("GET", "/interaction/{id}/account", [303; 7]),
    ("GET", "/interaction/{id}/invitation", [303; 7]),
    ("GET", "/interaction/{id}/organization", [303; 7]),
    ("GET", "/interaction/{id}/organization-name", [303; 7]),
    ("GET", "/interaction/{id}/consent", [303; 7]),
    ("GET", "/interaction/{id}/connection", [303; 7]),
    ("GET", "/interaction/{id}/confirm", [303; 7]),
    ("GET", "/interaction/{id}/cancel", [303; 7]),
    // The answer of an upstream counts with the state of an attempt of this browser alone.
    ("GET", "/login/callback", [400; 7]),
    ("GET", "/login/callback/{connection_id}", [400; 7]),
    // The way back from an upstream counts as its answer does.
    ("GET", "/logout/callback", [400; 7]),
    // A logout token is all that counts here, and none is sent.
    (
        "POST",
        "/login/backchannel-logout/{connection_id}",
        [400; 7],
    ),
    // For clients, by a secret; 400 says that the request names no client, or that it names no grant. No
    // cookie counts here.
    ("POST", "/oauth2/token", [400, 400, 400, 400, 401, 400, 401]),
    (
        "POST",
        "/oauth2/revoke",
        [400, 400, 400, 400, 401, 200, 401],
    ),
    // Here a token would do as well, but only one for the management API.
    (
        "POST",
        "/oauth2/introspect",
        [400, 400, 400, 400, 401, 200, 401],
    ),
    // For tokens of users.
    ("GET", "/oauth2/userinfo", [401; 7]),
    ("POST", "/oauth2/userinfo", [401; 7]),
    ("GET", "/oauth2/v2/user_profile", [401; 7]),
    ("POST", "/oauth2/v2/user_profile", [401; 7]),
    ("GET", "/oauth2/user_profile", [401; 7]),
    ("GET", "/account_api/v1/permissions", [401; 7]),
    ("GET", "/account_api/v1/permission/{key}", [401; 7]),
    ("GET", "/account_api/v1/roles", [401; 7]),
    ("GET", "/account_api/v1/feature_flags", [401; 7]),
    ("GET", "/account_api/v1/properties", [401; 7]),
    ("GET", "/account_api/v1/entitlements", [401; 7]),
    ("GET", "/account_api/v1/entitlement", [401; 7]),
    ("GET", "/account_api/v1/entitlement/{key}", [401; 7]),
    ("GET", "/account_api/v1/portal_link", [401; 7]),
];

/// Everybody, with what they hold.
struct Cast {
    world: World,
    client: TestClient,
    visitor: Browser,
    user: Browser,
    other: Browser,
    machine_token: String,
}

impl Cast {
    async fn assemble() -> Self {
        let world = World::new().await;
        let client = world.client().await;
        world.user("ada@example.test", PASSWORD).await;
        world.user("grace@example.test", PASSWORD).await;
        let (user, _) = world.signed_in(&client, "ada@example.test").await;
        let (other, _) = world.signed_in(&client, "grace@example.test").await;
        let mut visitor = world.browser();
        visitor.open(&client.authorize_url(&[])).await;
        let machine = world.machine_client("https://api.example.test").await;
        let answer = machine.token(&[("grant_type", "client_credentials")]).await;
        let token = answer.body["access_token"].as_str();
        let machine_token = token.expect("machines get tokens").to_owned();
        Self {
            world,
            client,
            visitor,
            user,
            other,
            machine_token,
        }
    }

    /// Lets an actor knock. Interactions are new, and the user's own; for a visitor, the visitor's.
    async fn knock(&mut self, actor: Actor, method: &str, path: &str) -> Response {
        let owner = match actor {
            Actor::Visitor => &mut self.visitor,
            _ => &mut self.user,
        };
        let url = self.client.authorize_url(&[("prompt", "login")]);
        let page = owner.open(&url).await;
        let interaction = page
            .url
            .path()
            .trim_start_matches("/interaction/")
            .to_owned();
        let path = path
            .replace("{id}", &interaction)
            .replace("{*file}", "nothing");
        let method = Method::from_bytes(method.as_bytes()).expect("it is a method");
        let is_form = method != Method::GET;
        let mut request = World::http().request(method, self.world.url(&path));
        let browser = match actor {
            Actor::Visitor => Some(&mut self.visitor),
            Actor::User => Some(&mut self.user),
            Actor::Other => Some(&mut self.other),
            _ => None,
        };
        let mut form = vec![("token", "unknown".to_owned())];
        if let Some(browser) = browser {
            request = request.header("cookie", cookies(browser));
            form.push(("csrf", csrf(browser, &url).await));
        }
        request = match actor {
            Actor::Client => {
                request.basic_auth(self.client.id.as_str(), self.client.secret.as_ref())
            }
            Actor::Impostor => request.basic_auth(self.client.id.as_str(), Some("a guess")),
            Actor::Machine => request.bearer_auth(&self.machine_token),
            _ => request,
        };
        if is_form {
            request = request.form(&form);
        }
        request.send().await.expect("the server answers")
    }
}

fn cookies(browser: &Browser) -> String {
    let names = ["vestibule_browser", "vestibule_session"];
    let pairs = names.iter().filter_map(|name| {
        let value = browser.cookie(name)?;
        Some(format!("{name}={value}"))
    });
    pairs.collect::<Vec<_>>().join("; ")
}

/// The token of this browser's forms, from a page of its own.
async fn csrf(browser: &mut Browser, url: &str) -> String {
    let page = browser.open(url).await;
    let token = page.attribute("input[name='csrf']", "value");
    token.expect("forms carry the token")
}

/// The routes in the source: each path with its methods.
fn routes_in_source() -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
    let mut folders = vec![web];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the source can be read") {
            let path = entry.expect("the source can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("server/tests.rs") {
                let text = std::fs::read_to_string(&path).expect("the source can be read");
                found.extend(text.split(".route(").skip(1).map(route));
            }
        }
    }
    found
}

/// What follows `.route(`: the path, and the methods up to the end of the call.
fn route(rest: &str) -> (String, Vec<String>) {
    let path = rest
        .split('"')
        .nth(1)
        .expect("a path is a literal")
        .to_owned();
    let call = rest.split(".layer(").next().unwrap_or(rest);
    let call = call.split(".merge(").next().unwrap_or(call);
    let call = call.split("\n}").next().unwrap_or(call);
    let known = ["get", "post", "put", "patch", "delete"];
    // A form's route is written as a `step`, which a GET leads back from.
    let call = &call.replace(" step(", " get(onward).post(");
    let methods = known.iter().filter(|method| {
        let after = |sign: char| call.contains(&format!("{sign}{method}("));
        after(' ') || after('.')
    });
    let methods: Vec<String> = methods.map(|method| method.to_uppercase()).collect();
    assert!(
        !methods.is_empty(),
        "the methods of {path} are not understood"
    );
    (path, methods)
}

#[test]
fn no_route_is_forgotten() {
    let mut listed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (method, path, _) in ROUTES {
        let methods = listed.entry((*path).to_owned()).or_default();
        methods.push((*method).to_owned());
    }
    for methods in listed.values_mut() {
        methods.sort();
    }
    assert_eq!(routes_in_source(), listed);
}

#[tokio::test]
async fn each_route_lets_in_whom_it_should() {
    let mut cast = Cast::assemble().await;
    let mut wrong = Vec::new();
    for (method, path, expected) in ROUTES {
        for (actor, expected) in ACTORS.iter().zip(expected) {
            let response = cast.knock(*actor, method, path).await;
            let status = response.status().as_u16();
            if status != *expected {
                wrong.push(format!(
                    "{method} {path} as {actor:?}: {status}, not {expected}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn other_methods_are_refused_with_those_that_are_allowed() {
    let mut cast = Cast::assemble().await;
    let mut wrong = Vec::new();
    for (path, methods) in routes_in_source() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if methods.iter().any(|allowed| allowed == method) {
                continue;
            }
            let response = cast.knock(Actor::Nobody, method, &path).await;
            let allow = response.headers().get("allow").cloned();
            let allow = allow.and_then(|value| value.to_str().ok().map(str::to_owned));
            let allow = allow.unwrap_or_default();
            let names_all = methods.iter().all(|method| allow.contains(method.as_str()));
            if response.status() != StatusCode::METHOD_NOT_ALLOWED || !names_all {
                wrong.push(format!("{method} {path}: {} {allow:?}", response.status()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn what_is_no_route_does_not_exist_for_anybody() {
    let mut cast = Cast::assemble().await;
    for actor in ACTORS {
        for path in [
            "/nothing",
            "/api/v2/users",
            "/admin",
            "/interaction",
            "/oauth2",
            "//",
            "/LOGOUT",
        ] {
            let response = cast.knock(actor, "GET", path).await;
            assert_eq!(
                response.status(),
                StatusCode::NOT_FOUND,
                "{path} as {actor:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_head_request_gets_what_a_get_would_without_its_body() {
    let world = World::new().await;
    for path in [
        "/",
        "/healthz",
        "/.well-known/jwks.json",
        "/.well-known/openid-configuration",
    ] {
        let response = World::http().head(world.url(path)).send().await;
        let response = response.expect("the server answers");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let body = response.bytes().await.expect("it ends");
        assert!(body.is_empty(), "{path}");
    }
}
