//! Why an expected permission does not reach somebody's token. Pure.

use super::catalogue::Catalogue;
use super::evaluate::Explanation;
use crate::words::words;

words! {
    /// What keeps a permission, or any token, from somebody.
    pub enum Reason {
        /// The client is disabled, and gets no tokens.
        ClientDisabled = "client_disabled",
        /// Every assignment that would give it has expired.
        Expired = "expired",
        /// The user does not belong to the organization yet, and joins it by signing in there: it admits them.
        JoinsAtSignIn = "joins_at_sign_in",
        /// No organization was asked for, and permissions are held in organizations.
        NoOrganization = "no_organization",
        /// No permission of that key is defined.
        NoSuchPermission = "no_such_permission",
        /// The user does not belong to the organization, and has to be added.
        NotAMember = "not_a_member",
        /// The client lets in only those who hold one of its roles there, and the user holds none.
        NotAdmitted = "not_admitted",
        /// Nothing gives it, neither by itself nor by a role.
        NotAssigned = "not_assigned",
        /// The user has it, but the list is too long for the client's tokens and left out of them.
        OmittedFromToken = "omitted_from_token",
        /// The organization is suspended, and no token is for it.
        OrganizationSuspended = "organization_suspended",
        /// The user is suspended, and gets no tokens.
        UserSuspended = "user_suspended",
    }
}

/// How somebody stands to an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether they belong to it.
    pub is_member: bool,
    /// Whether it would let them join.
    pub would_join: bool,
    /// Whether it is suspended.
    pub is_suspended: bool,
}

/// How somebody stands to a client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AtClient {
    /// Whether the client is disabled.
    pub is_disabled: bool,
    /// Whether it lets in only those who hold other roles.
    pub is_closed: bool,
    /// Whether its tokens leave the permissions out, as they are too many.
    pub is_omitted: bool,
}

/// What bears on a token besides assignments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Whether the user is suspended.
    pub is_user_suspended: bool,
    /// The client that was asked for; nothing stands in the way when none was.
    pub client: AtClient,
    /// The organization that was asked for, if one was.
    pub organization: Option<Standing>,
}

impl Facts {
    /// What keeps any token from the user.
    pub fn obstacles(&self) -> Vec<Reason> {
        let standing = self.organization;
        let all = [
            (self.is_user_suspended, Reason::UserSuspended),
            (self.client.is_disabled, Reason::ClientDisabled),
            (
                standing.is_some_and(|one| !one.is_member && !one.would_join),
                Reason::NotAMember,
            ),
            (
                standing.is_some_and(|one| !one.is_member && one.would_join),
                Reason::JoinsAtSignIn,
            ),
            (
                standing.is_some_and(|one| one.is_suspended),
                Reason::OrganizationSuspended,
            ),
            (self.client.is_closed, Reason::NotAdmitted),
        ];
        let present = all.into_iter().filter(|(applies, _)| *applies);
        present.map(|(_, reason)| reason).collect()
    }
}

/// A permission that the token lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its key.
    pub permission: String,
    /// Everything that keeps it away; each has to be put right.
    pub reasons: Vec<Reason>,
    /// The keys of the roles that would give it, sorted.
    pub roles: Vec<String>,
}

/// Says why the token lacks the permission of that key; nothing when it has it.
pub fn missing(
    catalogue: &Catalogue,
    key: &str,
    explained: &[Explanation],
    facts: &Facts,
) -> Option<Missing> {
    let mut reasons = facts.obstacles();
    if facts.organization.is_none() {
        reasons.push(Reason::NoOrganization);
    }
    let permission = catalogue.permission_by_key(key);
    let explanation = explained.iter().find(|one| one.permission == key);
    let is_member = facts.organization.is_some_and(|one| one.is_member);
    reasons.extend(match (permission, explanation) {
        (None, _) => Some(Reason::NoSuchPermission),
        (Some(_), Some(one)) if !one.granted => Some(Reason::Expired),
        (Some(_), Some(_)) => facts.client.is_omitted.then_some(Reason::OmittedFromToken),
        // Who does not belong there can have nothing assigned, and has been told so.
        (Some(_), None) => is_member.then_some(Reason::NotAssigned),
    });
    if reasons.is_empty() {
        return None;
    }
    let grants = permission.map(|permission| &permission.id);
    let mut roles: Vec<String> = catalogue
        .roles()
        .filter(|(_, granted)| grants.is_some_and(|id| granted.contains(id)))
        .map(|(role, _)| role.key.clone())
        .collect();
    roles.sort_unstable();
    Some(Missing {
        permission: key.to_owned(),
        reasons,
        roles,
    })
}

#[cfg(test)]
mod tests {
    use super::super::evaluate::tests::{NOW, permission, role};
    use super::super::evaluate::{Chain, Via, explain};
    use super::*;
    use crate::clock::{Seconds, Timestamp};
    use crate::store::assignments::{PermissionAssignment, RoleAssignment, Source};
    use crate::store::types::Text;

    const MEMBER: Facts = Facts {
        is_user_suspended: false,
        client: AtClient {
            is_disabled: false,
            is_closed: false,
            is_omitted: false,
        },
        organization: Some(Standing {
            is_member: true,
            would_join: false,
            is_suspended: false,
        }),
    };

    /// Five sources: a person and the API directly, the latter expired; the default roles, an import that
    /// expires later and an operator's document that has expired, each by a role.
    fn five_sources() -> (Catalogue, Vec<Explanation>) {
        let keys = [
            "by:person",
            "by:api",
            "by:default",
            "by:import",
            "by:operator",
            "unheld",
        ];
        let defined = keys.map(permission);
        let roles = ["member", "editor", "auditor", "owner"].map(role);
        let pairs = [(0, 2), (1, 3), (1, 0), (2, 4), (2, 2), (3, 5), (3, 1)];
        let pair = |(role, permission): (usize, usize)| {
            (roles[role].id.clone(), defined[permission].id.clone())
        };
        let catalogue = Catalogue::new(defined.clone(), roles.clone(), pairs.map(pair));
        let has_role = |index: usize, source, expires_at| RoleAssignment {
            role_id: roles[index].id.clone(),
            source: Text(source),
            expires_at,
            created_at: NOW,
        };
        let has = |index: usize, source, expires_at| PermissionAssignment {
            permission_id: defined[index].id.clone(),
            source: Text(source),
            expires_at,
            created_at: NOW,
        };
        let ahead = Some(NOW.plus(Seconds::new(60)));
        let held = [
            has_role(0, Source::Default, None),
            has_role(1, Source::Import, ahead),
            has_role(2, Source::Operator, Some(NOW)),
        ];
        let given = [has(0, Source::Person, None), has(1, Source::Api, Some(NOW))];
        let explained = explain(&catalogue, &held, &given, NOW);
        (catalogue, explained)
    }

    fn chain(role: Option<&str>, source: Source, expires_at: Option<Timestamp>) -> Chain {
        let by_role = |role: &str| Via::Role {
            role: role.to_owned(),
        };
        Chain {
            via: role.map_or(Via::Direct, by_role),
            source,
            expires_at,
            counts: expires_at.is_none_or(|at| at > NOW),
        }
    }

    type Case<'a> = (
        &'a str,
        &'a [Explanation],
        Facts,
        &'a [Reason],
        &'a [&'a str],
    );

    #[test]
    fn five_sources_are_told_apart() {
        let (_, explained) = five_sources();
        let ahead = Some(NOW.plus(Seconds::new(60)));
        let expected = [
            ("by:api", false, vec![chain(None, Source::Api, Some(NOW))]),
            (
                "by:default",
                true,
                vec![
                    chain(Some("auditor"), Source::Operator, Some(NOW)),
                    chain(Some("member"), Source::Default, None),
                ],
            ),
            (
                "by:import",
                true,
                vec![chain(Some("editor"), Source::Import, ahead)],
            ),
            (
                "by:operator",
                false,
                vec![chain(Some("auditor"), Source::Operator, Some(NOW))],
            ),
            (
                "by:person",
                true,
                vec![
                    chain(None, Source::Person, None),
                    chain(Some("editor"), Source::Import, ahead),
                ],
            ),
        ];
        let expected = expected.map(|(permission, granted, chains)| Explanation {
            permission: permission.to_owned(),
            granted,
            chains,
        });
        assert_eq!(explained, expected);
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "one story, or one table")]
    fn what_is_missing_has_every_reason_told() {
        use Reason::{
            ClientDisabled, Expired, JoinsAtSignIn, NoOrganization, NoSuchPermission, NotAMember,
            NotAdmitted, NotAssigned, OmittedFromToken, OrganizationSuspended, UserSuspended,
        };
        let (catalogue, explained) = five_sources();
        let shut = Facts {
            is_user_suspended: true,
            client: AtClient {
                is_disabled: true,
                is_closed: true,
                is_omitted: false,
            },
            organization: Some(Standing {
                is_member: true,
                would_join: false,
                is_suspended: true,
            }),
        };
        let omitted = Facts {
            client: AtClient {
                is_omitted: true,
                ..MEMBER.client
            },
            ..MEMBER
        };
        let nowhere = Facts {
            organization: None,
            ..MEMBER
        };
        let outside = |would_join| Facts {
            organization: Some(Standing {
                is_member: false,
                would_join,
                is_suspended: false,
            }),
            ..MEMBER
        };
        let (stranger, welcome) = (outside(false), outside(true));
        let closed = Facts {
            client: AtClient {
                is_closed: true,
                ..MEMBER.client
            },
            ..MEMBER
        };
        let held = explained.as_slice();
        // key, explained, facts, reasons, roles that would give it
        let cases: &[Case<'_>] = &[
            ("by:person", held, MEMBER, &[], &[]),
            ("by:default", held, MEMBER, &[], &[]),
            ("by:import", held, MEMBER, &[], &[]),
            ("by:api", held, MEMBER, &[Expired], &["owner"]),
            ("by:operator", held, MEMBER, &[Expired], &["auditor"]),
            ("unheld", held, MEMBER, &[NotAssigned], &["owner"]),
            ("by:magic", held, MEMBER, &[NoSuchPermission], &[]),
            ("by:person", held, omitted, &[OmittedFromToken], &["editor"]),
            ("by:api", held, omitted, &[Expired], &["owner"]),
            ("by:person", &[], nowhere, &[NoOrganization], &["editor"]),
            ("by:person", &[], stranger, &[NotAMember], &["editor"]),
            ("by:person", &[], welcome, &[JoinsAtSignIn], &["editor"]),
            ("by:person", held, closed, &[NotAdmitted], &["editor"]),
            (
                "unheld",
                held,
                closed,
                &[NotAdmitted, NotAssigned],
                &["owner"],
            ),
            (
                "by:magic",
                &[],
                stranger,
                &[NotAMember, NoSuchPermission],
                &[],
            ),
            (
                "by:person",
                held,
                shut,
                &[
                    UserSuspended,
                    ClientDisabled,
                    OrganizationSuspended,
                    NotAdmitted,
                ],
                &["editor"],
            ),
            (
                "by:api",
                held,
                shut,
                &[
                    UserSuspended,
                    ClientDisabled,
                    OrganizationSuspended,
                    NotAdmitted,
                    Expired,
                ],
                &["owner"],
            ),
        ];
        for (key, explained, facts, reasons, roles) in cases {
            let found = missing(&catalogue, key, explained, facts);
            let expected = (!reasons.is_empty()).then(|| Missing {
                permission: (*key).to_owned(),
                reasons: reasons.to_vec(),
                roles: roles.iter().map(|&role| role.to_owned()).collect(),
            });
            assert_eq!(found, expected, "{key} {facts:?}");
        }
    }
}
