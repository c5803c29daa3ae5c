//! `/organization/{org_code}/invites`: who is asked to join an organization.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use vestibule::id::{OrganizationId, RoleId};
use vestibule::protocol::client::ApplicationKind;
use vestibule::store::{self, organizations};

use crate::support::{Api, Engine, PASSWORD, World, on_each_engine};

on_each_engine! {
    somebody_is_invited_shown_and_withdrawn
    invitations_are_listed_page_by_page_in_every_order
    the_last_word_counts
    of_many_who_invite_one_person_at_once_one_invitation_stays_open
    a_removed_role_is_not_given_any_more
}

const ADDRESS: &str = "grace@example.test";

fn route(organization: &OrganizationId) -> String {
    format!("/organization/{organization}/invites")
}

async fn invite(api: &Api, organization: &OrganizationId, email: &str, roles: &[&str]) -> Value {
    let body = json!({ "email": email, "roles": roles });
    let mut answer = api.post(&route(organization), body).await;
    answer["invite"].take()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().expect("it is a text")
}

async fn somebody_is_invited_shown_and_withdrawn(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let acme = world.organization("Acme").await;
    world.role("editor", &[]).await;
    let new = json!({
        "email": " Grace@example.test ", "first_name": "Grace", "last_name": "Hopper", "roles": ["editor"],
    });
    let created = api.call("POST", &route(&acme), Some(new)).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.body["code"], "INVITATION_CREATED");
    let invite = &created.body["invite"];
    let code = text(invite, "code").to_owned();
    assert!(code.starts_with("inv_") && code.len() == 36, "{code}");
    assert_eq!(
        *invite,
        json!({
            "id": code, "code": code, "email": "Grace@example.test",
            "first_name": "Grace", "last_name": "Hopper", "full_name": "Grace Hopper",
            "created_on": "2026-11-22T08:00:01Z", "is_sent": false, "accepted_on": null,
            "roles": [{ "key": "editor", "name": "EDITOR" }], "is_revoked": false,
            "invite_link": world.url(&format!("/team_invitation?code={code}")),
        })
    );
    assert!(world.mails_to("Grace@example.test").is_empty());

    let one = format!("{}/{code}", route(&acme));
    let mut shown = api.get(&one).await;
    assert_eq!(shown["message"].take(), "Success");
    let members = shown.as_object_mut().expect("it is bare");
    members.remove("message");
    assert_eq!(shown, *invite);

    assert_eq!(api.delete(&one).await["code"], "OK");
    assert_eq!(api.get(&one).await["is_revoked"], true);
    assert_eq!(api.delete(&one).await["code"], "OK", "it stays withdrawn");
    assert_eq!(
        world.audited(&code).await,
        ["invitation.created", "invitation.revoked"]
    );

    let other = world.organization("Other").await;
    let elsewhere = format!("{}/{code}", route(&other));
    for (method, route) in [
        ("GET", &elsewhere),
        ("DELETE", &elsewhere),
        ("GET", &format!("{}/inv_0", route(&acme))),
    ] {
        let refused = api.refusal(method, route, None).await;
        assert_eq!(refused, (404, "INVITATION_NOT_FOUND".to_owned()));
    }
}

async fn invitations_are_listed_page_by_page_in_every_order(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let (acme, other) = (
        world.organization("Acme").await,
        world.organization("Other").await,
    );
    world.role("editor", &[]).await;
    for (email, name) in [
        ("c@example.test", "Zoe"),
        ("A@example.test", "Mia"),
        ("d@example.test", "Mia"),
        ("b@example.test", "Ada"),
    ] {
        world.pass(1);
        let new = json!({ "email": email, "first_name": name, "roles": ["editor"] });
        api.post(&route(&acme), new).await;
    }
    invite(&api, &other, "x@example.test", &[]).await;
    let listed = async |query: &str| {
        let (mut found, mut token) = (String::new(), String::new());
        loop {
            let page = format!("{}?page_size=1{query}&next_token={token}", route(&acme));
            let page = api.get(&page).await;
            for invite in page["invites"].as_array().expect("there is a list") {
                assert_eq!(invite["roles"][0]["key"], "editor");
                found.push_str(&text(invite, "email")[..1]);
            }
            match page["next_token"].as_str() {
                Some(next) => next.clone_into(&mut token),
                None => return found,
            }
        }
    };
    for (query, expected) in [
        ("", "bdAc"),
        ("&sort=created_on_desc", "bdAc"),
        ("&sort=created_on_asc", "cAdb"),
        ("&sort=email_asc", "Abcd"),
        ("&sort=email_desc", "dcbA"),
    ] {
        assert_eq!(listed(query).await, expected, "{query}");
    }
    // Who has the same name comes in the order of the codes.
    for (query, expected) in [
        ("name_asc", ["bAdc", "bdAc"]),
        ("name_desc", ["cAdb", "cdAb"]),
    ] {
        let found = listed(&format!("&sort={query}")).await;
        assert!(expected.contains(&found.as_str()), "{query}: {found}");
    }

    let page = api.get(&format!("{}?sort=email_asc", route(&acme))).await;
    let code = text(&page["invites"][0], "code").to_owned();
    api.delete(&format!("{}/{code}", route(&acme))).await;
    assert_eq!(listed("&sort=email_asc").await, "bcd");
    assert_eq!(listed("&sort=email_asc&include_revoked=true").await, "Abcd");
    assert_eq!(listed("&sort=email_asc&include_accepted=true").await, "bcd");
}

async fn the_last_word_counts(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let (acme, other) = (
        world.organization("Acme").await,
        world.organization("Other").await,
    );
    world.role("editor", &[]).await;
    world.role("viewer", &[]).await;
    let first = invite(&api, &acme, ADDRESS, &["editor"]).await;
    let elsewhere = invite(&api, &other, ADDRESS, &[]).await;
    let second = invite(&api, &acme, "GRACE@example.test", &["viewer", "editor"]).await;
    for (organization, invite, expected) in [
        (&acme, &first, true),
        (&other, &elsewhere, false),
        (&acme, &second, false),
    ] {
        let one = format!("{}/{}", route(organization), text(invite, "code"));
        assert_eq!(api.get(&one).await["is_revoked"], expected);
    }
    let keys: Vec<&str> = second["roles"]
        .as_array()
        .expect("there is a list")
        .iter()
        .map(|role| text(role, "key"))
        .collect();
    assert_eq!(keys, ["editor", "viewer"]);
}

async fn of_many_who_invite_one_person_at_once_one_invitation_stays_open(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let acme = world.organization("Acme").await;
    let api = Arc::new(api);
    let mut rivals = JoinSet::new();
    for _ in 0..8 {
        let (api, acme) = (Arc::clone(&api), acme.clone());
        rivals.spawn(async move { invite(&api, &acme, ADDRESS, &[]).await });
    }
    let made = rivals.join_all().await;
    let codes: BTreeSet<&str> = made.iter().map(|invite| text(invite, "code")).collect();
    assert_eq!(codes.len(), 8);
    let page = api.get(&route(&acme)).await;
    assert_eq!(page["invites"].as_array().map(Vec::len), Some(1));
}

async fn a_removed_role_is_not_given_any_more(engine: Engine) {
    let world = World::on(engine).await;
    let api = world.api().await;
    let acme = world.organization("Acme").await;
    let editor: RoleId = world.role("editor", &[]).await;
    world.role("viewer", &[]).await;
    let made = invite(&api, &acme, ADDRESS, &["editor", "viewer"]).await;
    api.delete(&format!("/roles/{editor}")).await;
    let one = format!("{}/{}", route(&acme), text(&made, "code"));
    assert_eq!(
        api.get(&one).await["roles"],
        json!([{ "key": "viewer", "name": "VIEWER" }])
    );
}

/// That an invitation with this member in place of the usual is refused so.
async fn check_refusal(
    api: &Api,
    organization: &OrganizationId,
    (member, value): (&str, Value),
    expected: (u16, &str),
) {
    let mut new = json!({ "email": ADDRESS, "roles": [] });
    new[member] = value;
    let refused = api.refusal("POST", &route(organization), Some(new)).await;
    assert_eq!((refused.0, refused.1.as_str()), expected, "{member}");
}

#[tokio::test]
async fn what_makes_no_invitation_is_refused() {
    let world = World::new().await;
    let api = world.api().await;
    let acme = world.organization("Acme").await;
    let long = |count| "a".repeat(count);
    for (member, value, code) in [
        ("email", Value::Null, "INVALID_BODY"),
        ("roles", Value::Null, "INVALID_BODY"),
        ("email", json!("grace"), "INVALID_FIELD"),
        ("email", json!("a@b.test\r\nBcc: e@b.test"), "INVALID_FIELD"),
        ("email", json!(long(250) + "@b.test"), "EMAIL_TOO_LONG"),
        ("first_name", json!(long(65)), "FIRST_NAME_TOO_LONG"),
        ("last_name", json!(long(65)), "LAST_NAME_TOO_LONG"),
        ("last_name", json!("a\nb"), "INVALID_FIELD"),
        ("roles", json!(vec!["owner"; 101]), "TOO_MANY_PARAMETERS"),
        // A machine has no page to lead people to.
        ("client_id", machine(&world).await, "INVALID_FIELD"),
    ] {
        check_refusal(&api, &acme, (member, value), (400, code)).await;
    }
    let unknown = (404, "ROLE_NOT_FOUND");
    check_refusal(&api, &acme, ("roles", json!(["owner"])), unknown).await;
    let unknown = (404, "APPLICATION_NOT_FOUND");
    check_refusal(&api, &acme, ("client_id", json!("0")), unknown).await;
    for query in [
        "sort=color_asc",
        "next_token=x",
        "include_revoked=maybe",
        "page_size=0",
    ] {
        let route = format!("{}?{query}", route(&acme));
        assert_eq!(api.refusal("GET", &route, None).await.0, 400, "{query}");
    }
    let left = api.get(&route(&acme)).await;
    assert_eq!(left["invites"], json!([]));
}

#[tokio::test]
async fn nobody_is_invited_where_they_belong_or_nobody_can_be() {
    let world = World::new().await;
    let api = world.api().await;
    let acme = world.organization("Acme").await;
    let ada = world.user("ada@example.test", PASSWORD).await;
    world.join(&ada, &acme).await;
    let suspended = world
        .organization_with("Closed", |organization| {
            organization.suspended_at = Some(organization.created_at);
        })
        .await;
    let unknown = OrganizationId::parse("org_00000000000").expect("it is a code");
    for (organization, email, expected) in [
        (&unknown, ADDRESS, (404, "ORGANIZATION_NOT_FOUND")),
        (&suspended, ADDRESS, (400, "ORGANIZATION_SUSPENDED")),
        (&acme, "Ada@example.test", (400, "ALREADY_A_MEMBER")),
    ] {
        check_refusal(&api, organization, ("email", json!(email)), expected).await;
    }
}

async fn machine(world: &World) -> Value {
    let machine = world
        .register(ApplicationKind::Machine, &[], &[], |_| {})
        .await;
    json!(machine.id)
}

#[tokio::test]
async fn the_link_is_mailed_in_the_language_of_the_application() {
    let world = World::new().await;
    let api = world.api().await;
    let acme = world.organization("Acme").await;
    world.client().await;
    world.pass(1);
    let german = world
        .register(
            ApplicationKind::Web,
            &["https://de.example.test/callback"],
            &[],
            |client| {
                client.page_options.0.language = Some(store::clients::Language::German);
            },
        )
        .await;
    for (client, email, expected) in [
        (Value::Null, ADDRESS, "has invited you to join"),
        (json!(german.id), "ada@example.test", "hat Sie eingeladen"),
    ] {
        let new = json!({ "email": email, "roles": [], "send_email": true, "client_id": client });
        let made = api.post(&route(&acme), new).await;
        assert_eq!(made["invite"]["is_sent"], true);
        let mails = world.mails_to(email);
        let [mail] = mails.as_slice() else {
            panic!("{} mails", mails.len());
        };
        for part in ["Acme", expected, text(&made["invite"], "invite_link"), "14"] {
            assert!(mail.contains(part), "{part} in {mail}");
        }
        let code = text(&made["invite"], "code");
        let audited = world.audited(code).await;
        assert_eq!(audited, ["invitation.created", "invitation.sent"]);
    }
}

#[tokio::test]
async fn an_invitation_stands_though_its_mail_could_not_be_sent() {
    let world = World::with(&[
        ("MAIL__TRANSPORT", "smtp"),
        ("MAIL__SMTP_HOST", "localhost"),
        ("MAIL__SMTP_PORT", "9"),
        ("MAIL__SMTP_TLS", "none"),
    ])
    .await;
    let api = world.api().await;
    let acme = world.organization("Acme").await;
    let new = json!({ "email": ADDRESS, "roles": [], "send_email": true });
    let made = api.post(&route(&acme), new).await;
    assert_eq!(made["invite"]["is_sent"], false);
    assert!(text(&made, "message").contains("could not be sent"));
    let mut tx = world.app.db.read().await.unwrap();
    assert!(organizations::find(&mut tx, &acme).await.unwrap().is_some());
    drop(tx);
    let listed = api.get(&route(&acme)).await;
    assert_eq!(listed["invites"][0]["code"], made["invite"]["code"]);
}
