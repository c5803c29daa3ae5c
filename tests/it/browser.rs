//! Stories in Chromium, through the playground: what a person sees.
//!
//! What they do is in `tests/browser`; here they get a server, a playground that is registered with it, and a user.
//! `SCREENSHOTS`, a directory, keeps pictures of the pages they pass.

use serde_json::{Value, json};
use tokio::sync::oneshot;
use vestibule::federation::mapping::{Attribute, Mode};
use vestibule::federation::settings::{EntraId, Google, OAuth2, Settings};
use vestibule::id::UserId;
use vestibule::playground;

use crate::programs::{self, Setting, free_port};
use crate::support::{Keycloak, TestClient, Upstream, World, registration, somebody};

const USERNAME: &str = "ada@example.test";
const PASSWORD: &str = "seven brass lanterns swing";

/// A server, and an application to sign in to. Both end with it.
struct Stage {
    world: World,
    client: TestClient,
    user: UserId,
    playground: String,
    _stop: oneshot::Sender<()>,
}

impl Stage {
    async fn set() -> Self {
        Self::set_in(World::listening().await).await
    }

    /// With a server that may ask upstreams on this machine.
    async fn federated() -> Self {
        let networks = [("FEDERATION__ALLOWED_NETWORKS", "127.0.0.0/8")];
        Self::set_in(World::listening_with(&networks).await).await
    }

    async fn set_in(world: World) -> Self {
        let user = world.user(USERNAME, PASSWORD).await;
        let port = free_port();
        let url = format!("http://localhost:{port}");
        let client = world
            .web_client(&format!("{url}/callback"), &format!("{url}/signed-out"))
            .await;
        let options = playground::Options {
            issuer: world.issuer().to_owned(),
            client_id: client.id.to_string(),
            client_secret: client.secret.clone(),
            listen: ([127, 0, 0, 1], port).into(),
            url: Some(url.clone()),
            scopes: "openid profile email".to_owned(),
        };
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(playground::run(options, async {
            let _ = stopped.await;
        }));
        Self {
            world,
            client,
            user,
            playground: url,
            _stop: stop,
        }
    }

    async fn play(&self, story: &'static str) {
        self.play_with(story, vec![]).await;
    }

    async fn play_with(&self, story: &'static str, more: Vec<Setting>) {
        let mail = self.world.mail_directory().display().to_string();
        let mut settings: Vec<Setting> = vec![
            ("VESTIBULE_ISSUER", self.world.issuer().to_owned()),
            ("PLAYGROUND_URL", self.playground.clone()),
            ("MAIL_DIRECTORY", mail),
            ("USERNAME_", USERNAME.to_owned()),
            ("PASSWORD_", PASSWORD.to_owned()),
            ("NEW_USERNAME", "grace@example.test".to_owned()),
        ];
        settings.extend(more);
        programs::run(story, settings).await;
    }
}

#[tokio::test]
#[ignore = "needs chromium"]
async fn a_visitor_registers_and_later_forgets_the_password() {
    Stage::set().await.play("browser/register.js").await;
}

#[tokio::test]
#[ignore = "needs chromium"]
async fn a_user_signs_in_uses_the_tokens_and_signs_out() {
    Stage::set().await.play("browser/sign_in.js").await;
}

#[tokio::test]
#[ignore = "needs chromium"]
async fn a_user_makes_mistakes() {
    Stage::set().await.play("browser/mistakes.js").await;
}

#[tokio::test]
#[ignore = "needs chromium"]
async fn every_page_fits_every_width_scheme_and_language() {
    Stage::set().await.play("browser/appearance.js").await;
}

#[tokio::test]
#[ignore = "needs chromium"]
async fn an_organization_shows_its_colours_where_they_can_be_read() {
    let stage = Stage::set().await;
    let api = stage.world.api().await;
    let mut codes = serde_json::Map::new();
    for organization in [
        json!({
            "name": "Acme", "button_color": "#0f766e", "background_color": "#e6f4f1", "link_color": "#0f766e",
            "background_color_dark": "#06201d", "button_color_dark": "#5eead4",
            "button_border_radius": 22, "input_border_radius": 4, "card_border_radius": 4,
        }),
        json!({
            "name": "Unreadable Colours of a Company with a Long Name", "button_color": "#ffe600",
            "button_text_color": "#fff", "link_color": "#ffe600", "background_color": "#5f6470",
            "background_color_dark": "#a2a7b3", "theme_code": "user_preference",
        }),
        json!({ "name": "Night", "theme_code": "dark", "button_color": "#c026d3" }),
        json!({ "name": "Day", "theme_code": "light", "button_color": "#b91c1c" }),
        json!({ "name": "White", "button_color": "#fff", "link_color": "#fff", "button_color_dark": "#17181c" }),
    ] {
        let mut new = organization.clone();
        new["is_auto_membership_enabled"] = json!(true);
        let created = api.post("/organization", new).await;
        let name = organization["name"].as_str().unwrap_or_default().to_owned();
        codes.insert(name, created["organization"]["code"].clone());
    }
    let organizations = Value::Object(codes).to_string();
    stage
        .play_with(
            "browser/branding.js",
            vec![("ORGANIZATIONS", organizations), ("API_TOKEN", api.token)],
        )
        .await;
}

#[tokio::test]
#[ignore = "needs chromium"]
async fn an_error_is_told_in_the_look_of_whoever_is_meant() {
    let stage = Stage::set().await;
    let api = stage.world.api().await;
    let mut codes = serde_json::Map::new();
    for organization in [
        json!({
            "name": "Acme", "button_color": "#0f766e", "background_color": "#e6f4f1", "link_color": "#0f766e",
            "background_color_dark": "#06201d", "button_color_dark": "#5eead4", "card_border_radius": 4,
        }),
        json!({ "name": "Night", "theme_code": "dark", "button_color": "#c026d3" }),
    ] {
        let created = api.post("/organization", organization.clone()).await;
        let name = organization["name"].as_str().unwrap_or_default().to_owned();
        codes.insert(name, created["organization"]["code"].clone());
    }
    let settings = vec![
        ("ORGANIZATIONS", Value::Object(codes).to_string()),
        ("CLIENT_ID", stage.client.id.to_string()),
        ("API_TOKEN", api.token),
    ];
    stage.play_with("browser/errors.js", settings).await;
}

#[tokio::test]
#[ignore = "needs chromium"]
async fn a_user_is_turned_away_by_an_application_that_admits_others() {
    let stage = Stage::set().await;
    let world = &stage.world;
    for name in ["Acme", "Globex"] {
        let organization = world.organization(name).await;
        world.join(&stage.user, &organization).await;
    }
    let role = world.role("staff", &[]).await;
    let api = world.api().await;
    let route = format!("/applications/{}", stage.client.id);
    api.post(&format!("{route}/access_roles/{role}"), json!({}))
        .await;
    let change = json!({
        "is_access_control_enabled": true,
        "has_cancel_button": false,
        "has_register_link_on_sign_in_page": false,
        "has_sign_in_link_on_sign_up_page": false,
        "is_ask_for_name": false,
    });
    api.patch(&route, change).await;
    let id = stage.client.id.to_string();
    let settings = vec![("CLIENT_ID", id)];
    stage.play_with("browser/not_admitted.js", settings).await;
}

#[tokio::test]
#[ignore = "needs chromium"]
async fn somebody_follows_an_invitation() {
    let stage = Stage::set().await;
    let world = &stage.world;
    // The playground starts no sign-in by itself, so that the link leads to a page of ours.
    world
        .change(&stage.client, |client| client.login_uri = None)
        .await;
    let acme = world.organization("Acme").await;
    let api = world.api().await;
    let new = json!({
        "name": "Sunny Fields", "button_color": "#ffd400", "background_color": "#fff7d6",
        "sender_name": "Sunny Fields", "theme_code": "light",
    });
    let sunny = api.post("/organization", new).await;
    let organizations = json!({ "Acme": acme, "Sunny Fields": sunny["organization"]["code"] });
    let mut links = Vec::new();
    for email in ["grace@example.test", "linus@example.test"] {
        let new = json!({
            "email": email, "first_name": "Grace", "last_name": "Hopper", "roles": [], "send_email": true,
        });
        let route = format!("/organization/{acme}/invites");
        let made = api.post(&route, new).await;
        let link = made["invite"]["invite_link"].as_str();
        links.push(link.expect("there is a link").to_owned());
    }
    let settings = vec![
        ("INVITATION", links.remove(0)),
        ("ANOTHER_INVITATION", links.remove(0)),
        ("API_TOKEN", api.token),
        ("ORGANIZATIONS", organizations.to_string()),
    ];
    stage.play_with("browser/invitation.js", settings).await;
}

/// Lets everybody who signs in with a password seem to have done so long ago, until the test ends.
async fn age_sessions(world: &World) {
    loop {
        let mut tx = world.write().await;
        tx.execute(
            "UPDATE sessions SET auth_time = created_at - 3600 WHERE methods = 'pwd'",
            (),
        )
        .await
        .expect("the database takes writes");
        tx.commit().await.expect("the database takes writes");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

#[tokio::test]
#[ignore = "needs chromium"]
async fn somebody_looks_after_their_account() {
    let stage = Stage::federated().await;
    let world = &stage.world;
    let now = world.now().as_i64();
    let upstream = Upstream::start(json!({
        "sub": "grace-there", "email": "grace.brewster.murray.hopper@a-rather-long-domain-of-acme.test",
        "email_verified": true, "given_name": "Grace", "family_name": "Hopper",
        "picture": "https://acme.test/people/grace-brewster-murray-hopper/picture-of-grace.png",
        "iat": now, "exp": now + 3600, "auth_time": now + 30,
    }))
    .await;
    world
        .connection(&upstream, &stage.client, |connection| {
            let rules = &mut connection.mapping.0.0;
            let rule = rules.get_mut(&Attribute::FamilyName);
            rule.expect("it is usual").mode = Mode::FollowUnlessEdited;
        })
        .await;
    tokio::select! {
        () = age_sessions(world) => {}
        () = stage.play("browser/account.js") => {}
    }
}

/// The first of several connections is to what listens at that port in the shape of Google. Returns its id.
async fn connections_of(stage: &Stage, port: u16) -> String {
    let settings = [
        (
            "Google",
            Settings::Google(Google {
                client: registration(),
                hosted_domains: Vec::new(),
                issuer: Some(format!("http://127.0.0.1:{port}")),
            }),
        ),
        (
            "Unfathomable Enterprises of a Long Name, by Entra ID",
            Settings::EntraId(EntraId {
                client: registration(),
                authority: Some("http://127.0.0.1:1".to_owned()),
                ..EntraId::default()
            }),
        ),
        (
            "GitHub",
            Settings::OAuth2(OAuth2 {
                client: registration(),
                ..OAuth2::default()
            }),
        ),
    ];
    let mut ids = Vec::new();
    for (name, settings) in settings {
        let (world, client) = (&stage.world, &stage.client);
        let made = world.connection_to(settings, client, |connection| {
            name.clone_into(&mut connection.display_name);
            name.clone_into(&mut connection.name);
        });
        ids.push(made.await.to_string());
    }
    ids.remove(0)
}

#[tokio::test]
#[ignore = "needs chromium"]
async fn a_profile_follows_google_as_far_as_it_is_to() {
    let stage = Stage::federated().await;
    let port = free_port();
    let connection = connections_of(&stage, port).await;
    let api = stage.world.api().await;
    let settings = vec![
        ("UPSTREAM_PORT", port.to_string()),
        ("CONNECTION", connection),
        ("API_TOKEN", api.token),
    ];
    stage.play_with("browser/google.js", settings).await;
}

#[tokio::test]
#[ignore = "needs chromium and keycloak"]
async fn somebody_signs_in_through_keycloak() {
    let stage = Stage::federated().await;
    let keycloak = Keycloak::shared().await;
    let users = json!([somebody("grace", json!({ "firstName": "Grace" }))]);
    let realm = keycloak.realm("chromium", &stage.world, users).await;
    let api = stage.world.api().await;
    let new = json!({
        "name": "acme", "display_name": "Acme", "strategy": "oidc", "options": realm.options(),
        "enabled_applications": [stage.client.id],
    });
    api.post("/connections", new).await;
    stage.play("browser/keycloak.js").await;
}
