from .checks import done, every, holds, keep, lists, made, says

ORGANIZATION = made("CreateOrganizationRequest", {"name": "Acme"})
ROLE = made("CreateRoleRequest", {"name": "Editor", "key": "editor"})
GRACE = made(
    "CreateOrganizationInviteRequest",
    {
        "email": "Grace@example.test",
        "first_name": "Grace",
        "last_name": "Hopper",
        "roles": ["editor"],
        "send_email": True,
    },
)
ADA = made("CreateOrganizationInviteRequest", {"email": "ada@example.test", "roles": []})


def is_for_grace(invite, seen):
    roles = [(role.key, role.name) for role in invite.roles]
    link = f"{seen.VESTIBULE_ISSUER}/team_invitation?code={invite.code}"
    return (invite.full_name, roles, invite.invite_link) == ("Grace Hopper", [("editor", "Editor")], link)


def invites(api, seen, **how):
    return api.organizations_api.get_organization_invites(seen.organization, **how)


STEPS = [
    (
        "create_organization",
        lambda api, _: api.organizations_api.create_organization(ORGANIZATION),
        every(done, keep("organization", lambda result: result.organization.code)),
    ),
    ("create_role", lambda api, _: api.roles_api.create_role(ROLE), done),
    (
        "create_organization_invite",
        lambda api, seen: api.organizations_api.create_organization_invite(seen.organization, GRACE),
        every(
            says(code="INVITATION_CREATED"),
            says("invite", email="Grace@example.test", is_sent=True, is_revoked=False, accepted_on=None),
            holds(lambda result, seen: is_for_grace(result.invite, seen)),
            keep("invite", lambda result: result.invite.code),
        ),
    ),
    (
        "create_organization_invite, without a mail",
        lambda api, seen: api.organizations_api.create_organization_invite(seen.organization, ADA),
        says("invite", is_sent=False, full_name=None, roles=[]),
    ),
    (
        "get_organization_invite",
        lambda api, seen: api.organizations_api.get_organization_invite(seen.organization, seen.invite),
        every(says(email="Grace@example.test", is_sent=True), holds(is_for_grace)),
    ),
    (
        "get_organization_invites",
        lambda api, seen: invites(api, seen, sort="email_asc"),
        lists("invites", "email", ["ada@example.test", "Grace@example.test"]),
    ),
    (
        "get_organization_invites, the first of several pages",
        lambda api, seen: invites(api, seen, sort="email_desc", page_size=1),
        every(lists("invites", "email", ["Grace@example.test"]), keep("next", lambda result: result.next_token)),
    ),
    (
        "get_organization_invites, the last page",
        lambda api, seen: invites(api, seen, sort="email_desc", page_size=1, next_token=seen.next),
        every(lists("invites", "email", ["ada@example.test"]), says(next_token=None)),
    ),
    (
        "delete_organization_invite",
        lambda api, seen: api.organizations_api.delete_organization_invite(seen.organization, seen.invite),
        done,
    ),
    (
        "get_organization_invites, afterwards",
        lambda api, seen: invites(api, seen),
        lists("invites", "email", ["ada@example.test"]),
    ),
    (
        "get_organization_invites, with those that were withdrawn",
        lambda api, seen: invites(api, seen, include_revoked=True, include_accepted=True),
        holds(lambda result, _: [one.is_revoked for one in result.invites].count(True) == 1),
    ),
]
