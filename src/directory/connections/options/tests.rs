//! Options of connections, as they are written.

use serde_json::json;

use super::*;

fn read_json(written: Value, before: &Options) -> Result<(Options, SecretChange), Refused> {
    let Value::Object(written) = written else {
        panic!("it is an object");
    };
    read(written, before)
}

#[test]
fn every_option_has_its_name() {
    let Ok(Value::Object(members)) = serde_json::to_value(Options::default()) else {
        panic!("it is an object");
    };
    let mut names: Vec<&str> = members.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, NAMES);
}

#[test]
fn what_is_left_out_stays_and_null_is_the_default() {
    let before = Options {
        client_id: "vestibule".to_owned(),
        is_trusted: true,
        is_enabled: false,
        ..Options::default()
    };
    let written = json!({ "is_trusted": null, "scopes": ["email"], "is_use_custom_domain": true });
    let (after, secret) = read_json(written, &before).unwrap();
    assert_eq!(secret, SecretChange::Keep);
    let expected = Options {
        is_trusted: false,
        scopes: vec!["email".to_owned()],
        ..before
    };
    assert_eq!(after, expected);
}

#[test]
fn words_of_published_clients_say_the_same_as_ours() {
    let before = Options {
        tenants: vec!["acme.test".to_owned()],
        ..Options::default()
    };
    for (written, sync, tenants) in [
        (
            json!({ "is_sync_user_profile_on_login": true }),
            Sync::On,
            &["acme.test"][..],
        ),
        (
            json!({ "is_sync_user_profile_on_login": false }),
            Sync::Off,
            &["acme.test"],
        ),
        (
            json!({ "is_sync_user_profile_on_login": false, "sync": "on" }),
            Sync::On,
            &["acme.test"],
        ),
        (
            json!({ "entra_id_domain": "globex.test" }),
            Sync::Inherit,
            &["globex.test"],
        ),
        (
            json!({ "entra_id_domain": "globex.test", "is_use_common_endpoint": false }),
            Sync::Inherit,
            &["globex.test"],
        ),
        (
            json!({ "is_use_common_endpoint": true }),
            Sync::Inherit,
            &[],
        ),
    ] {
        let (after, _) = read_json(written.clone(), &before).unwrap();
        assert_eq!(
            (after.sync, after.tenants.as_slice()),
            (
                sync,
                &*tenants.iter().map(ToString::to_string).collect::<Vec<_>>()
            ),
            "{written}"
        );
    }
}

#[test]
fn a_value_of_another_type_is_refused_with_its_name() {
    for (written, field) in [
        (json!({ "scopes": "email" }), "options.scopes"),
        (json!({ "sync": "always" }), "options.sync"),
        (json!({ "client_secret": 1 }), "options.client_secret"),
        (
            json!({ "mapping": { "shoe_size": { "claim": "x" } } }),
            "options.mapping",
        ),
        (json!({ "entra_id_domain": 1 }), "options.entra_id_domain"),
    ] {
        let refused = read_json(written.clone(), &Options::default()).unwrap_err();
        let Refused::Invalid { field: told, .. } = refused else {
            panic!("{written}: {refused}");
        };
        assert_eq!(told, field, "{written}");
    }
}

#[test]
fn a_parameter_is_written_in_two_forms_and_a_secret_comes_apart() {
    let written = json!({
        "upstream_params": { "prompt": { "value": "select_account" }, "hd": "acme.test" },
        "client_secret": "hunter2",
    });
    let (after, secret) = read_json(written, &Options::default()).unwrap();
    assert_eq!(secret, SecretChange::Set(Secret::from("hunter2")));
    let told = serde_json::to_value(&after).unwrap();
    let expected = json!({ "prompt": "select_account", "hd": "acme.test" });
    assert_eq!(told["upstream_params"], expected);
    assert!(!told.to_string().contains("hunter2"));
}
