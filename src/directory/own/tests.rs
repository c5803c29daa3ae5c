//! Whose attribute it is, and what is left to sign in with.

use super::*;
use crate::federation::mapping::Mapping;
use crate::federation::settings::{Kind, Oidc, Settings, Sync};
use crate::id::ConnectionId;
use crate::store::attribute_sources::Source;
use crate::store::identities::{Identity, IdentityKind};
use crate::store::types::{Json, Text};
use crate::store::upstream_identities::{Evidence, Listed, UpstreamIdentity};

const NOW: Timestamp = Timestamp::from_unix(0);

fn connection(mode: Mode, sync: Sync) -> Connection {
    let mut mapping = Mapping::standard();
    if let Some(rule) = mapping.0.get_mut(&Attribute::GivenName) {
        rule.mode = mode;
    }
    Connection {
        id: ConnectionId::parse("conn_0123456789abcdef0123456789abcdef").unwrap(),
        kind: Text(Kind::Oidc),
        name: "acme".to_owned(),
        display_name: "Acme".to_owned(),
        organization_id: None,
        settings: Json(Settings::Oidc(Oidc::default())),
        secret_jwe: None,
        mapping: Json(mapping),
        sync: Text(sync),
        creates_users: true,
        trusts_emails: true,
        trusts_authentication: false,
        joins_organization: false,
        shows_button: true,
        is_enabled: true,
        created_at: NOW,
        updated_at: NOW,
    }
}

#[test]
fn an_attribute_is_kept_by_the_connection_that_writes_it_each_time() {
    for (mode, sync, syncs, source, is_kept) in [
        (Mode::Follow, Sync::Inherit, true, Source::Connection, true),
        (Mode::Follow, Sync::On, false, Source::Connection, true),
        (
            Mode::Follow,
            Sync::Inherit,
            false,
            Source::Connection,
            false,
        ),
        (Mode::Follow, Sync::Off, true, Source::Connection, false),
        (Mode::Follow, Sync::On, true, Source::User, false),
        (
            Mode::FollowUnlessEdited,
            Sync::On,
            true,
            Source::Connection,
            false,
        ),
        (Mode::Fill, Sync::On, true, Source::Connection, false),
        (Mode::Import, Sync::On, true, Source::Connection, false),
        (Mode::Never, Sync::On, true, Source::Connection, false),
    ] {
        let connections = [connection(mode, sync)];
        let from = (source == Source::Connection).then(|| connections[0].id.clone());
        let written = AttributeSource {
            attribute: Text(Attribute::GivenName),
            source: Text(source),
            connection_id: from,
            claim: None,
            previous: None,
            written_at: NOW,
        };
        let found = keeper(Some(&written), &connections, syncs);
        assert_eq!(found.is_some(), is_kept, "{mode:?} {sync:?} {syncs}");
        assert!(keeper(Some(&written), &[], syncs).is_none());
    }
    assert!(keeper(None, &[connection(Mode::Follow, Sync::On)], true).is_none());
}

fn here(kind: IdentityKind, is_verified: bool, is_set_aside: bool) -> Way {
    let mut rng = rand::rng();
    Way::Here(Identity {
        id: IdentityId::generate(&mut rng),
        user_id: UserId::generate(&mut rng),
        kind: Text(kind),
        value: "ada".to_owned(),
        verified_at: is_verified.then_some(NOW),
        is_primary: true,
        sign_ins: 0,
        last_sign_in_at: None,
        created_at: NOW,
        set_aside_at: is_set_aside.then_some(NOW),
    })
}

fn there(is_bound: bool, is_enabled: bool) -> Way {
    let mut rng = rand::rng();
    Way::Upstream(Listed {
        identity: UpstreamIdentity {
            id: IdentityId::generate(&mut rng),
            user_id: UserId::generate(&mut rng),
            connection_id: ConnectionId::generate(&mut rng),
            issuer: None,
            subject: is_bound.then(|| "ada".to_owned()),
            email_key: None,
            evidence: Json(Evidence::default()),
            sign_ins: 0,
            last_sign_in_at: None,
            created_at: NOW,
        },
        connection_settings: Json(Box::new(Settings::Oidc(Oidc::default()))),
        connection_name: "Acme".to_owned(),
        connection_is_enabled: is_enabled,
    })
}

#[test]
fn a_way_in_is_what_can_be_signed_in_by() {
    let (email, username) = (IdentityKind::Email, IdentityKind::Username);
    for (way, has_password, counts) in [
        (here(email, true, false), false, true),
        (here(email, false, false), false, false),
        (here(email, false, false), true, true),
        (here(username, true, false), false, false),
        (here(username, true, false), true, true),
        (here(email, true, true), true, false),
        (there(true, true), false, true),
        (there(false, true), true, false),
        (there(true, false), true, false),
    ] {
        let removed = there(true, true);
        let (other, id) = (way.id().clone(), removed.id().clone());
        let all = [way, removed];
        let expected = if counts {
            Leaves::One(other)
        } else {
            Leaves::Nothing
        };
        assert_eq!(leaves(&all, &id, has_password), expected, "{all:?}");
    }
    let all = [there(true, true), there(true, true), there(true, true)];
    assert_eq!(leaves(&all, all[0].id(), false), Leaves::Several);
    let all = [there(true, true), there(true, false)];
    assert_eq!(leaves(&all, all[1].id(), false), Leaves::Several);
    assert_eq!(leaves(&all, all[0].id(), false), Leaves::Nothing);
}
