use serde_json::json;

use super::*;
use crate::federation::settings::{EntraId, Google, Oidc, Registration};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn client() -> Registration {
    Registration {
        client_id: "vestibule".to_owned(),
        ..Registration::default()
    }
}

fn oidc() -> Settings {
    Settings::Oidc(Oidc {
        client: client(),
        issuer: "https://login.acme.test".to_owned(),
        groups_claim: Some("groups".to_owned()),
    })
}

fn google() -> Settings {
    Settings::Google(Google {
        client: client(),
        hosted_domains: vec!["acme.test".to_owned()],
        issuer: None,
    })
}

fn entra_id() -> Settings {
    Settings::EntraId(EntraId {
        client: client(),
        tenants: vec![TENANT.to_owned()],
        reads_groups: true,
        ..EntraId::default()
    })
}

fn profile() -> Settings {
    Settings::OAuth2(OAuth2 {
        client: client(),
        profile_endpoint: "https://api.acme.test/user".to_owned(),
        subject_claim: "id".to_owned(),
        email_verified_claim: Some("is_checked".to_owned()),
        ..OAuth2::default()
    })
}

/// The key, the groups and the proof, or the check that fails.
fn told(read: Result<Assertion, FederationError>) -> Value {
    match read {
        Ok(it) => json!([it.issuer, it.subject, it.groups, it.email_proof]),
        Err(error) => json!(error.word()),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn claims_that_are_entered_are_read_as_those_of_a_sign_in() {
    let acme = "https://login.acme.test";
    let authority = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    let accounts = "https://accounts.google.com";
    for (settings, claims, expected) in [
        (
            oidc(),
            json!({ "iss": acme, "aud": "vestibule", "sub": "ada", "email_verified": true, "groups": ["staff"] }),
            json!([acme, "ada", { "present": ["staff"] }, "stated"]),
        ),
        (
            oidc(),
            json!({ "sub": "ada", "groups": [] }),
            json!([acme, "ada", "empty", "unsaid"]),
        ),
        (
            oidc(),
            json!({ "iss": "https://login.evil.test", "sub": "ada" }),
            json!("id_token"),
        ),
        (
            oidc(),
            json!({ "aud": ["other"], "sub": "ada" }),
            json!("id_token"),
        ),
        (oidc(), json!({ "sub": 7 }), json!("subject")),
        (oidc(), json!({ "sub": "a".repeat(256) }), json!("subject")),
        (
            google(),
            json!({ "sub": "7", "hd": "acme.test", "email_verified": false }),
            json!([accounts, "7", "absent", "none"]),
        ),
        (google(), json!({ "sub": "7" }), json!("tenant")),
        (
            entra_id(),
            json!({ "tid": TENANT, "oid": "o", "sub": "pairwise", "groups": ["g"] }),
            json!([authority, "o", { "present": ["g"] }, "domain"]),
        ),
        (
            entra_id(),
            json!({ "tid": TENANT, "oid": "o", "hasgroups": true }),
            json!([authority, "o", "absent", "domain"]),
        ),
        (
            entra_id(),
            json!({ "tid": TENANT, "sub": "ada" }),
            json!("subject"),
        ),
        (entra_id(), json!({ "oid": "o" }), json!("id_token")),
        (
            profile(),
            json!({ "id": 7, "is_checked": true, "aud": "what it likes" }),
            json!(["https://api.acme.test", "7", "absent", "stated"]),
        ),
        (profile(), json!({ "sub": "ada" }), json!("subject")),
    ] {
        let read = entered(&settings, map(claims.clone()));
        // What is kept of it suffices to read it again.
        if let Ok(stated) = &read {
            let again = anew(&settings, &stated.redacted());
            assert_eq!(told(again), expected, "{claims}");
        }
        assert_eq!(told(read), expected, "{claims}");
    }
}

#[test]
fn what_was_recorded_is_read_as_the_connection_reads_now() {
    let recorded = Assertion {
        issuer: format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        subject: "o".to_owned(),
        claims: map(json!({ "tid": TENANT, "oid": "o", "hasgroups": true, "nonce": "[redacted]" })),
        // As Microsoft Graph told them then.
        groups: Presence::Present(vec!["g".to_owned()]),
        email_proof: EmailProof::Domain,
        authenticated_at: None,
    };
    let again = anew(&entra_id(), &recorded).unwrap();
    assert_eq!(again.groups, recorded.groups);
    assert!(!again.claims.contains_key("nonce"));
    let Settings::EntraId(pinned) = entra_id() else {
        unreachable!()
    };
    let elsewhere = Settings::EntraId(EntraId {
        tenants: vec!["99999999-2222-3333-4444-555555555555".to_owned()],
        ..pinned.clone()
    });
    assert_eq!(told(anew(&elsewhere, &recorded)), "id_token");
    let open = Settings::EntraId(EntraId {
        tenants: Vec::new(),
        reads_groups: false,
        ..pinned
    });
    let again = anew(&open, &recorded).unwrap();
    assert_eq!(again.groups, Presence::Absent);
    assert_eq!(again.email_proof, EmailProof::None);
}

#[test]
fn what_a_list_of_addresses_said_still_holds() {
    let recorded = Assertion {
        issuer: "https://api.acme.test".to_owned(),
        subject: "7".to_owned(),
        claims: map(json!({ "id": 7, "email": "ada@acme.test" })),
        groups: Presence::Absent,
        email_proof: EmailProof::Stated,
        authenticated_at: None,
    };
    let Settings::OAuth2(plain) = profile() else {
        unreachable!()
    };
    let listing = Settings::OAuth2(OAuth2 {
        emails_endpoint: Some("https://api.acme.test/user/emails".to_owned()),
        ..plain
    });
    let proof = |settings| anew(settings, &recorded).unwrap().email_proof;
    assert_eq!(proof(&listing), EmailProof::Stated);
    assert_eq!(proof(&profile()), EmailProof::None);
}
