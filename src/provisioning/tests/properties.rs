//! Properties and feature flags.

use super::*;
use crate::audit::Actor;
use crate::flags;
use crate::id::OrganizationId;
use crate::store::feature_flags::{self, FlagValue};
use crate::store::{organizations, properties};

fn flag(keys: &str) -> String {
    format!("[[feature_flags]]\nkey = 'dark_mode'\n{keys}\n")
}

fn property(keys: &str) -> String {
    format!("[[properties]]\nkey = 'city'\n{keys}\n")
}

const FLAG: &str = "name = 'Dark mode'\ntype = 'bool'\ndefault_value = false";
const PROPERTY: &str = "name = 'City'\ncontext = 'usr'";

/// Gives the default organization a value of the flag.
async fn set_for_default_organization(world: &World) -> OrganizationId {
    let mut tx = world.db.write().await.unwrap();
    let found = organizations::find_default(&mut tx).await;
    let organization = found.unwrap().unwrap().id;
    let (what, now) = (("dark_mode", FlagValue::Bool(false)), world.clock.now());
    let rng = &mut rand::rng();
    flags::set_for_organization(&mut tx, Actor::System, &organization, what, now, rng)
        .await
        .unwrap()
        .unwrap();
    tx.commit().await.unwrap();
    organization
}

#[tokio::test]
async fn a_flag_is_defined_changed_and_removed() {
    let world = World::new().await;
    insta::assert_snapshot!(world.apply(&flag(FLAG)).await.unwrap(), @r#"
    + feature_flag "dark_mode"
        name: Dark mode
        type: bool
        allow_override_level: env
        default_value: false
    1 created
    "#);
    assert!(world.apply(&flag(FLAG)).await.unwrap().is_unchanged());
    world.clock.advance(Seconds::new(1));
    let changed = flag(&format!(
        "{FLAG}\nenvironment_value = true\nallow_override_level = 'org'\ndescription = 'At night'"
    ));
    insta::assert_snapshot!(world.plan(&changed).await, @r#"
    ~ feature_flag "dark_mode"
        description: At night
        allow_override_level: env -> org
        environment_value: true
    1 updated
    "#);
    world.apply(&changed).await.unwrap();
    assert!(world.apply(&changed).await.unwrap().is_unchanged());

    let organization = set_for_default_organization(&world).await;
    let other_type = changed
        .replace("'bool'", "'int'")
        .replace("false", "1")
        .replace("true", "2");
    let refused = world.apply(&other_type).await.unwrap_err().to_string();
    assert!(
        refused.starts_with("feature_flag \"dark_mode\": its type can't change"),
        "{refused}"
    );
    let mut tx = world.db.read().await.unwrap();
    let found = feature_flags::find_by_key(&mut tx, "dark_mode")
        .await
        .unwrap()
        .unwrap();
    let holder = crate::store::feature_flag_values::Holder::Organization(&organization);
    let values = crate::store::feature_flag_values::list(&mut tx, holder)
        .await
        .unwrap();
    assert_eq!(values.get(&found.id), Some(&FlagValue::Bool(false)));
    drop(tx);

    let removed = flag("remove = true");
    world.apply(&removed).await.unwrap();
    assert!(world.apply(&removed).await.unwrap().is_unchanged());
    let events = world.events(found.id.as_str()).await;
    assert!(events.contains(&"feature_flag.removed".to_owned()));
}

#[tokio::test]
async fn a_property_is_defined_changed_and_removed() {
    let world = World::new().await;
    insta::assert_snapshot!(world.apply(&property(PROPERTY)).await.unwrap(), @r#"
    + property "city"
        name: City
        context: usr
        type: single_line_text
        category: General
        is_private: false
    1 created
    "#);
    assert!(
        world
            .apply(&property(PROPERTY))
            .await
            .unwrap()
            .is_unchanged()
    );
    world.clock.advance(Seconds::new(1));
    let changed = property(&format!(
        "{PROPERTY}\ncategory = 'Address'\nis_private = true"
    ));
    insta::assert_snapshot!(world.apply(&changed).await.unwrap(), @r#"
    ~ property "city"
        category: General -> Address
        is_private: false -> true
    1 updated
    "#);
    assert!(world.apply(&changed).await.unwrap().is_unchanged());
    let moved = property("name = 'City'\ncontext = 'org'");
    let refused = world.apply(&moved).await.unwrap_err().to_string();
    assert!(
        refused.starts_with("property \"city\": it is of another context"),
        "{refused}"
    );
    world.apply(&property("remove = true")).await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    assert!(
        properties::find_by_key(&mut tx, "city")
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn an_application_selects_only_public_properties_that_are_defined() {
    let world = World::new().await;
    let shop = format!(
        "[[applications]]\nid = '{SHOP}'\nname = 'Shop'\nkind = 'm2m'\nsecret = {{ env = 'SECRET' }}\n\
         claim_switches = {{ properties_in_access_token = ['city'] }}\n"
    );
    let private = property(&format!("{PROPERTY}\nis_private = true"));
    for (document, expected) in [
        (
            shop.clone(),
            "there is no property city: describe it in [[properties]]",
        ),
        (
            format!("{private}{shop}"),
            "the property city is private, so that tokens never say it",
        ),
    ] {
        let refused = world.apply(&document).await.unwrap_err().to_string();
        assert_eq!(refused, format!("application \"Shop\": {expected}"));
    }
    let document = format!("{}{shop}", property(PROPERTY));
    world.apply(&document).await.unwrap();
    assert!(world.apply(&document).await.unwrap().is_unchanged());
}

#[tokio::test]
async fn what_can_not_be_is_refused_with_its_place() {
    let world = World::new().await;
    let documents = [
        flag("name = 'D'"),
        flag("name = 'D'\ntype = 'bool'"),
        flag("name = 'D'\ntype = 'json'\ndefault_value = 1"),
        flag("name = 'D'\ntype = 'bool'\ndefault_value = 'true'"),
        flag(&format!("{FLAG}\nenvironment_value = 1")),
        flag(FLAG).repeat(2),
        property("name = 'C'"),
        property("name = 'C'\ncontext = 'bus'"),
        property(&format!("{PROPERTY}\ncategory = ' '")),
        property(PROPERTY).repeat(2),
    ];
    insta::assert_snapshot!(world.refusals(&documents), @r#"
    test.toml:2:7: feature_flag "dark_mode": type is missing: bool, int or str
    test.toml:2:7: feature_flag "dark_mode": default_value is missing: add one
    test.toml:4:8: unknown variant `json`, expected one of `bool`, `int`, `str`
    test.toml:5:17: feature_flag "dark_mode": default_value: must be true or false, as the flag is of type bool
    test.toml:6:21: feature_flag "dark_mode": environment_value: must be true or false, as the flag is of type bool
    test.toml:7:7: this feature flag stands in the document twice: remove one
    test.toml:2:7: property "city": context is missing: usr, org or app
    test.toml:4:11: unknown variant `bus`, expected one of `app`, `org`, `usr`
    test.toml:5:12: property "city": category: must have 1 to 100 characters and no line break
    test.toml:6:7: this property stands in the document twice: remove one
    "#);
}
