//! Organizations, and who belongs to them.

use super::*;
use crate::access::{Catalogue, evaluate, members};
use crate::id::{OrganizationId, UserId};
use crate::store::assignments::{self, Source};
use crate::store::organizations::{self as stored, Organization};

const ACME_CODE: &str = "org_00000000acb";
const GLOBEX_CODE: &str = "org_00000000b1e";

impl World {
    async fn organization(&self, code: &str) -> Option<Organization> {
        let mut tx = self.db.read().await.unwrap();
        let code = OrganizationId::parse(code).unwrap();
        stored::find(&mut tx, &code).await.unwrap()
    }

    async fn ada(&self) -> UserId {
        let mut tx = self.db.read().await.unwrap();
        let ada = accounts::find(&mut tx, "ada@example.test").await.unwrap();
        ada.unwrap().user.id
    }

    /// The names of Ada's organizations.
    async fn organizations_of_ada(&self) -> Vec<String> {
        let ada = self.ada().await;
        let mut tx = self.db.read().await.unwrap();
        let organizations = stored::list_for_user(&mut tx, &ada).await.unwrap();
        organizations.into_iter().map(|it| it.name).collect()
    }

    /// What Ada may do in an organization.
    async fn permissions_of_ada(&self, code: &str) -> Vec<String> {
        let (ada, code) = (self.ada().await, OrganizationId::parse(code).unwrap());
        let mut tx = self.db.read().await.unwrap();
        let catalogue = Catalogue::load(&mut tx).await.unwrap();
        let roles = assignments::list_roles(&mut tx, &code, &ada).await.unwrap();
        let direct = assignments::list_permissions(&mut tx, &code, &ada).await;
        let access = evaluate(&catalogue, &roles, &direct.unwrap(), self.clock.now());
        access.permissions.into_iter().map(Into::into).collect()
    }

    async fn default_organization(&self) -> Organization {
        let mut tx = self.db.read().await.unwrap();
        stored::find_default(&mut tx).await.unwrap().unwrap()
    }
}

fn acme(keys: &str) -> String {
    format!("[[organizations]]\ncode = '{ACME_CODE}'\nname = 'Acme'\n{keys}\n")
}

fn globex(keys: &str) -> String {
    format!("[[organizations]]\ncode = '{GLOBEX_CODE}'\nname = 'Globex'\n{keys}\n")
}

const ANALYST: &str = "[[roles]]\nkey = 'analyst'\nname = 'Analyst'\n";

#[tokio::test]
async fn an_organization_is_made_changed_suspended_and_removed() {
    let world = World::new().await;
    let made = format!(
        "{ANALYST}{}",
        acme(
            "handle = 'acme'\nexternal_id = '4711'\nis_auto_membership = true\n\
             allowed_domains = ['@Acme.test', 'acme.test', 'acme.example']\ndefault_roles = ['analyst']"
        )
    );
    insta::assert_snapshot!(world.apply(&made).await.unwrap(), @r#"
    + role "analyst"
        name: Analyst
        is_default: false
    + organization "Acme"
        name: Acme
        handle: acme
        external_id: 4711
        is_default: false
        is_auto_membership: true
        admits_domains: true
        allowed_domains: acme.example acme.test
        default_roles: analyst
        suspended: false
    2 created
    "#);
    assert!(world.apply(&made).await.unwrap().is_unchanged());

    world.clock.advance(Seconds::new(1));
    let changed = acme("suspended = true");
    insta::assert_snapshot!(world.apply(&changed).await.unwrap(), @r#"
    ~ organization "Acme"
        handle: acme -> (none)
        external_id: 4711 -> (none)
        is_auto_membership: true -> false
        allowed_domains: acme.example acme.test -> (none)
        default_roles: analyst -> (none)
        suspended: false -> true
    1 updated
    "#);
    let acme_now = world.organization(ACME_CODE).await.unwrap();
    assert_eq!(acme_now.suspended_at, Some(world.clock.now()));
    world.clock.advance(Seconds::new(1));
    assert!(world.apply(&changed).await.unwrap().is_unchanged());

    insta::assert_snapshot!(world.apply(&acme("")).await.unwrap(), @r#"
    ~ organization "Acme"
        suspended: true -> false
    1 updated
    "#);
    let removed = acme("remove = true");
    world.clock.advance(Seconds::new(1));
    insta::assert_snapshot!(world.apply(&removed).await.unwrap(), @r#"
    - organization "Acme"
    1 removed
    "#);
    assert!(world.organization(ACME_CODE).await.is_none());
    assert!(world.apply(&removed).await.unwrap().is_unchanged());
    let events = world.events(ACME_CODE).await;
    for event in ["created", "suspended", "updated", "removed"] {
        let event = format!("organization.{event}");
        assert!(events.contains(&event), "{event} in {events:?}");
    }
}

#[tokio::test]
async fn the_default_moves_and_there_is_always_one() {
    let world = World::new().await;
    let former = world.default_organization().await;
    let moved = acme("is_default = true");
    world.clock.advance(Seconds::new(1));
    insta::assert_snapshot!(world.apply(&moved).await.unwrap(), @r#"
    + organization "Acme"
        name: Acme
        is_default: true
        is_auto_membership: false
        admits_domains: true
        suspended: false
    1 created
    "#);
    assert_eq!(world.default_organization().await.id.as_str(), ACME_CODE);
    assert_eq!(
        world.events(former.id.as_str()).await,
        ["organization.created", "organization.updated"]
    );
    assert!(world.apply(&moved).await.unwrap().is_unchanged());
    // What is not said leaves the flag where it is.
    assert!(world.apply(&acme("")).await.unwrap().is_unchanged());

    let errors = [
        acme("is_default = false"),
        acme("suspended = true"),
        acme("remove = true"),
    ];
    let mut refusals = Vec::new();
    for document in errors {
        refusals.push(world.apply(&document).await.unwrap_err().to_string());
    }
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    organization "Acme": is the default organization, of which there always is one: write is_default = true for another one, which takes its place
    organization "Acme": the default organization can be neither suspended nor removed: make another one the default first
    organization "Acme": the default organization can be neither suspended nor removed: make another one the default first
    "#);
    assert_eq!(world.default_organization().await.id.as_str(), ACME_CODE);

    // In one document the former default goes, though it stands before the new one.
    let replaced = format!("{}{}", acme("remove = true"), globex("is_default = true"));
    insta::assert_snapshot!(world.apply(&replaced).await.unwrap(), @r#"
    + organization "Globex"
        name: Globex
        is_default: true
        is_auto_membership: false
        admits_domains: true
        suspended: false
    - organization "Acme"
    1 created, 1 removed
    "#);
    assert_eq!(world.default_organization().await.id.as_str(), GLOBEX_CODE);
    assert!(world.apply(&replaced).await.unwrap().is_unchanged());
}

#[tokio::test]
async fn what_another_organization_has_is_refused() {
    let world = World::new().await;
    world
        .apply(&acme("handle = 'acme'\nexternal_id = '4711'"))
        .await
        .unwrap();
    let mut refusals = Vec::new();
    for keys in [
        "handle = 'acme'",
        "external_id = '4711'",
        "default_roles = ['nobody']",
    ] {
        let error = world.apply(&globex(keys)).await.unwrap_err();
        refusals.push(error.to_string());
    }
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    organization "Globex": handle: org_00000000acb has it already: choose another one
    organization "Globex": external_id: org_00000000acb has it already: choose another one
    organization "Globex": there is no role nobody: describe it in [[roles]]
    "#);
    assert!(world.organization(GLOBEX_CODE).await.is_none());
}

#[tokio::test]
async fn an_organization_that_can_not_be_is_refused_with_its_place() {
    let world = World::new().await;
    let documents = [
        "[[organizations]]\nname = 'Acme'".to_owned(),
        acme("").replace(ACME_CODE, "org_acme"),
        acme("").replace("name = 'Acme'", ""),
        acme("").replace("'Acme'", &format!("'{}'", "x".repeat(65))),
        acme("handle = 'Acme Inc'"),
        acme("external_id = ''"),
        acme("allowed_domains = ['*.acme.test']"),
        acme("allowed_domains = ['ada@acme.test']"),
        acme("allowed_domains = ['@']"),
        acme("default_roles = ['analyst', 'analyst']"),
        acme("is_default = true\nsuspended = true"),
        acme("domains = []"),
        acme("").repeat(2),
        format!(
            "{}{}",
            acme("is_default = true"),
            globex("is_default = true")
        ),
    ];
    insta::assert_snapshot!(world.refusals(&documents), @r#"
    test.toml:1:1: missing field `code`
    test.toml:2:8: an organization's code is org_ and 11 lower-case hexadecimal digits, which never change: make the digits with `openssl rand -hex 6 | cut -c 2-`
    test.toml:1:1: organization "org_00000000acb": name is missing: add one
    test.toml:3:8: organization "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": name: must have 1 to 64 characters and no line break
    test.toml:4:10: organization "Acme": handle: must have 1 to 64 lower-case letters, digits, '-' or '_'
    test.toml:4:15: organization "Acme": external_id: must have 1 to 255 characters and no line break
    test.toml:4:20: organization "Acme": allowed_domains: "*.acme.test" is no domain, such as acme.test
    test.toml:4:20: organization "Acme": allowed_domains: "ada@acme.test" is no domain, such as acme.test
    test.toml:4:20: organization "Acme": allowed_domains: "@" is no domain, such as acme.test
    test.toml:4:29: organization "Acme": default_roles: names analyst twice: remove one
    test.toml:4:14: organization "Acme": is_default: what is suspended can't be the default: remove one of the two
    test.toml:4:1: unknown field `domains`, expected one of `code`, `name`, `handle`, `external_id`, `is_default`, `is_auto_membership`, `admits_domains`, `allowed_domains`, `default_roles`, `branding`, `logos`, `sessions`, `suspended`, `remove`: correct or remove it
    test.toml:5:1: this code stands in the document twice: remove one
    test.toml:5:1: is_default = true stands in the document twice: remove one
    "#);
}

/// Two organizations, roles and permissions, and Ada with these memberships.
fn ada(memberships: &str) -> String {
    format!(
        "[[permissions]]\nkey = 'read:reports'\nname = 'Read'\n\
         [[permissions]]\nkey = 'update:reports'\nname = 'Update'\n\
         [[roles]]\nkey = 'analyst'\nname = 'Analyst'\npermissions = ['read:reports']\n\
         [[roles]]\nkey = 'editor'\nname = 'Editor'\npermissions = ['update:reports']\n\
         {}{}[[users]]\nemail = 'ada@example.test'\norganizations = [{memberships}]\n",
        acme("default_roles = ['analyst']"),
        globex(""),
    )
}

#[tokio::test]
async fn a_new_user_belongs_to_the_organizations_named_and_not_to_the_default_one() {
    let world = World::new().await;
    let document = ada(&format!(
        "{{ code = '{ACME_CODE}', roles = ['analyst', 'editor'] }}, \
         {{ code = '{GLOBEX_CODE}', permissions = ['read:reports'] }}"
    ));
    let changes = world.apply(&document).await.unwrap();
    insta::assert_snapshot!(changes.0.last().unwrap(), @r#"
    + user "ada@example.test"
        email: ada@example.test
        email_verified: false
        organizations: org_00000000acb (analyst editor) org_00000000b1e (read:reports)
    "#);
    assert!(world.apply(&document).await.unwrap().is_unchanged());
    assert_eq!(world.organizations_of_ada().await, ["Acme", "Globex"]);
    let both = ["read:reports", "update:reports"];
    assert_eq!(world.permissions_of_ada(ACME_CODE).await, both);
    assert_eq!(
        world.permissions_of_ada(GLOBEX_CODE).await,
        ["read:reports"]
    );

    let globex_id = OrganizationId::parse(GLOBEX_CODE).unwrap();
    let user = world.ada().await;
    let mut tx = world.db.read().await.unwrap();
    let direct = assignments::list_permissions(&mut tx, &globex_id, &user).await;
    assert_eq!(direct.unwrap()[0].source.0, Source::Operator);
}

#[tokio::test]
async fn memberships_are_added_and_those_not_named_are_left_alone() {
    let world = World::new().await;
    world.apply(&ada("")).await.unwrap();
    assert_eq!(world.organizations_of_ada().await, ["Default organization"]);
    let first = format!("{{ code = '{ACME_CODE}' }}");
    world.apply(&ada(&first)).await.unwrap();
    // The default role of the organization came with it.
    assert_eq!(world.permissions_of_ada(ACME_CODE).await, ["read:reports"]);

    let more = ada(&format!(
        "{{ code = '{ACME_CODE}', roles = ['editor'] }}, {{ code = '{GLOBEX_CODE}' }}"
    ));
    insta::assert_snapshot!(world.apply(&more).await.unwrap(), @r#"
    ~ user "ada@example.test"
        organizations: org_00000000acb -> org_00000000acb (editor) org_00000000b1e
    6 unchanged, 1 updated
    "#);
    assert!(world.apply(&more).await.unwrap().is_unchanged());
    assert!(world.apply(&ada(&first)).await.unwrap().is_unchanged());
    assert!(world.apply(&ada("")).await.unwrap().is_unchanged());
    assert_eq!(
        world.organizations_of_ada().await,
        ["Acme", "Default organization", "Globex"]
    );
    let both = ["read:reports", "update:reports"];
    assert_eq!(world.permissions_of_ada(ACME_CODE).await, both);
}

#[tokio::test]
async fn a_role_that_is_to_end_is_made_to_last() {
    let world = World::new().await;
    world
        .apply(&ada(&format!("{{ code = '{GLOBEX_CODE}' }}")))
        .await
        .unwrap();
    let (user, globex_id) = (
        world.ada().await,
        OrganizationId::parse(GLOBEX_CODE).unwrap(),
    );
    let now = world.clock.now();
    let mut tx = world.db.write().await.unwrap();
    let editor = crate::store::roles::find_by_key(&mut tx, "editor").await;
    let editor = editor.unwrap().unwrap();
    let until = Some(now.plus(Seconds::new(60)));
    members::assign_role(
        &mut tx,
        audit::Actor::Operator,
        (&globex_id, &user),
        (&editor.id, Source::Person, until),
        now,
        &mut rand::rng(),
    )
    .await
    .unwrap()
    .unwrap();
    tx.commit().await.unwrap();
    world.clock.advance(Seconds::new(60));
    assert!(world.permissions_of_ada(GLOBEX_CODE).await.is_empty());

    let document = ada(&format!("{{ code = '{GLOBEX_CODE}', roles = ['editor'] }}"));
    insta::assert_snapshot!(world.apply(&document).await.unwrap(), @r#"
    ~ user "ada@example.test"
        organizations: org_00000000b1e -> org_00000000b1e (editor)
    6 unchanged, 1 updated
    "#);
    assert!(world.apply(&document).await.unwrap().is_unchanged());
    assert_eq!(
        world.permissions_of_ada(GLOBEX_CODE).await,
        ["update:reports"]
    );
}

#[tokio::test]
async fn a_membership_that_can_not_be_is_refused() {
    let world = World::new().await;
    let documents = [
        ada("{ roles = ['analyst'] }"),
        ada("{ code = 'acme' }"),
        ada(&format!("{{ code = '{ACME_CODE}', role = 'analyst' }}")),
        ada(&format!("{{ code = '{ACME_CODE}', roles = ['a', 'a'] }}")),
        ada(&format!(
            "{{ code = '{ACME_CODE}' }}, {{ code = '{ACME_CODE}' }}"
        )),
    ];
    insta::assert_snapshot!(world.refusals(&documents), @r#"
    test.toml:25:18: missing field `code`
    test.toml:25:27: an organization's code is org_ and 11 lower-case hexadecimal digits, which never change: make the digits with `openssl rand -hex 6 | cut -c 2-`
    test.toml:25:46: unknown field `role`, expected one of `code`, `roles`, `permissions`: correct or remove it
    test.toml:25:60: user "ada@example.test": roles: names a twice: remove one
    test.toml:25:48: user "ada@example.test": organizations: names org_00000000acb twice: remove one
    "#);
    let mut refusals = Vec::new();
    for membership in [
        "{ code = 'org_00000000000' }".to_owned(),
        format!("{{ code = '{ACME_CODE}', roles = ['nobody'] }}"),
        format!("{{ code = '{ACME_CODE}', permissions = ['nothing'] }}"),
    ] {
        let error = world.apply(&ada(&membership)).await.unwrap_err();
        refusals.push(error.to_string());
    }
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    user "ada@example.test": there is no organization org_00000000000: describe it in [[organizations]]
    user "ada@example.test": there is no role nobody: describe it in [[roles]]
    user "ada@example.test": there is no permission nothing: describe it in [[permissions]]
    "#);
}

#[tokio::test]
async fn what_pages_look_like_and_how_long_sessions_last_is_written_whole_or_left_alone() {
    let world = World::new().await;
    let chosen = acme(
        "admits_domains = false\n\
         sessions = { persist = false, lifetime_seconds = 28800 }\n\
         [organizations.branding]\ntheme = 'light'\ncard_radius = 0\nsender_name = 'Acme Support'\n\
         light = { button = '#0F766E', background = '#fff' }",
    );
    insta::assert_snapshot!(world.apply(&chosen).await.unwrap(), @r##"
    + organization "Acme"
        name: Acme
        is_default: false
        is_auto_membership: false
        admits_domains: false
        branding: {"theme":"light","light":{"background":"#ffffff","button":"#0f766e"},"card_radius":0,"sender_name":"Acme Support"}
        sessions.persist: false
        sessions.lifetime_seconds: 28800
        suspended: false
    1 created
    "##);
    assert!(world.apply(&chosen).await.unwrap().is_unchanged());
    let policy = world.organization(ACME_CODE).await.unwrap().session_policy;
    assert_eq!(policy.lifetime(), Some(Seconds::new(28_800)));
    assert_eq!(policy.persistence(), Some(false));

    insta::assert_snapshot!(world.apply(&acme("")).await.unwrap(), @r##"
    ~ organization "Acme"
        admits_domains: false -> true
    1 updated
    "##);
    let undecided = acme("sessions = {}\nbranding = { theme = 'dark' }");
    insta::assert_snapshot!(world.apply(&undecided).await.unwrap(), @r##"
    ~ organization "Acme"
        branding: {"theme":"light","light":{"background":"#ffffff","button":"#0f766e"},"card_radius":0,"sender_name":"Acme Support"} -> {"theme":"dark"}
        sessions.persist: false -> (none)
        sessions.lifetime_seconds: 28800 -> (none)
    1 updated
    "##);
}

#[tokio::test]
async fn what_no_page_could_look_like_is_refused_with_its_place() {
    let world = World::new().await;
    let documents = [
        "branding = { light = { button = 'red' } }",
        "branding = { light = { text = '#fff' } }",
        "branding = { theme = 'blue' }",
        "branding = { card_radius = 101 }",
        "branding = { input_radius = -1 }",
        "branding = { sender_email = 'help' }",
        "branding = { sender_name = \"Acme\\nBcc: eve@acme.test\" }",
        "sessions = { lifetime_seconds = 59 }",
        "sessions = { persist = 'never' }",
    ];
    let documents = documents.map(acme);
    insta::assert_snapshot!(world.refusals(&documents), @r##"
    test.toml:4:33: "red" is not a colour such as #3451b2
    test.toml:4:24: unknown field `text`, expected one of `background`, `button`, `button_text`, `link`: correct or remove it
    test.toml:4:22: unknown variant `blue`, expected one of `dark`, `light`, `user_preference`
    test.toml:4:28: organization "Acme": card_radius: must be from 0 to 100 pixels
    test.toml:4:29: organization "Acme": input_radius: must be from 0 to 100 pixels
    test.toml:4:29: organization "Acme": sender_email: must be a mail address
    test.toml:4:28: organization "Acme": sender_name: must have 1 to 100 characters and no line break
    test.toml:4:33: organization "Acme": lifetime_seconds: must be between 60 and 31536000 seconds
    test.toml:4:24: invalid type: string "never", expected a boolean
    "##);
}
