from .checks import done, every, holds, keep, made, says

NEW = made(
    "CreateOrganizationRequest",
    {
        "name": "Acme",
        "external_id": "ext-1",
        "handle": "acme",
        "is_auto_membership_enabled": False,
        "theme_code": "light",
        "button_color": "#3451b2",
    },
)
CHANGE = made(
    "UpdateOrganizationRequest",
    {"name": "Acme AG", "allowed_domains": ["acme.test"], "is_auto_join_domain_list": True, "is_suspended": True},
)
SESSIONS = made(
    "UpdateOrganizationSessionsRequest",
    {"is_use_org_sso_session_policy": True, "sso_session_persistence_mode": "non_persistent"},
)


def is_listed(result, seen):
    return seen.organization in [one.code for one in result.organizations]


STEPS = [
    (
        "create_organization",
        lambda api, _: api.organizations_api.create_organization(NEW),
        every(done, keep("organization", lambda result: result.organization.code)),
    ),
    ("get_organizations", lambda api, _: api.organizations_api.get_organizations(), every(done, holds(is_listed))),
    (
        "get_organizations, the first of several pages",
        lambda api, _: api.organizations_api.get_organizations(sort="name_asc", page_size=1),
        every(done, keep("next", lambda result: result.next_token)),
    ),
    (
        "get_organizations, the last page",
        lambda api, seen: api.organizations_api.get_organizations(sort="name_asc", page_size=1, next_token=seen.next),
        says(next_token=None),
    ),
    (
        "get_organization",
        lambda api, seen: api.organizations_api.get_organization(seen.organization),
        says(name="Acme", handle="acme", external_id="ext-1", is_default=False, theme_code="light"),
    ),
    (
        "get_organization, its colour",
        lambda api, seen: api.organizations_api.get_organization(seen.organization),
        says("button_color", hex="#3451b2"),
    ),
    (
        "update_organization",
        lambda api, seen: api.organizations_api.update_organization(
            seen.organization, update_organization_request=CHANGE
        ),
        done,
    ),
    (
        "get_organization, changed",
        lambda api, seen: api.organizations_api.get_organization(seen.organization),
        says(name="Acme AG", is_suspended=True),
    ),
    (
        "update_organization_sessions",
        lambda api, seen: api.organizations_api.update_organization_sessions(seen.organization, SESSIONS),
        done,
    ),
    (
        "delete_organization_handle",
        lambda api, seen: api.organizations_api.delete_organization_handle(seen.organization),
        done,
    ),
    ("delete_organization", lambda api, seen: api.organizations_api.delete_organization(seen.organization), done),
    (
        "get_organizations, afterwards",
        lambda api, _: api.organizations_api.get_organizations(),
        every(done, holds(lambda result, seen: not is_listed(result, seen))),
    ),
]
