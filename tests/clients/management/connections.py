from kinde_sdk.management import models

from .checks import done, every, holds, keep, made, says

GOOGLE = {"client_id": "vestibule", "client_secret": "a secret of ours, there", "is_trusted": True}
ENTRA = {
    "client_id": "vestibule",
    "client_secret": "a secret of ours, there",
    "entra_id_domain": "72f988bf-86f1-41af-91ab-2d7cd011db47",
    "home_realm_domains": ["@acme.test"],
    "is_use_common_endpoint": False,
    "is_sync_user_profile_on_login": True,
    "is_retrieve_provider_user_groups": True,
    "is_extended_attributes_required": True,
    "is_create_missing_user": True,
    "is_force_show_sso_button": True,
    "upstream_params": {"prompt": {"value": "select_account"}},
    "is_use_custom_domain": True,
    "is_trusted": True,
}


def of_kind(model, kind, members):
    """The options of a request: the SDK can't tell of which kind they are when it is given plain values."""
    return getattr(models, model)(made(f"{model}{kind}", members))


def google(seen):
    options = of_kind("CreateConnectionRequestOptions", "OneOf", GOOGLE)
    return models.CreateConnectionRequest(
        name="google",
        display_name="Google",
        strategy="oauth2:google",
        enabled_applications=[seen.app],
        options=options,
    )


def entra_id(seen):
    options = of_kind("CreateConnectionRequestOptions", "OneOf1", ENTRA)
    return models.CreateConnectionRequest(
        name="acme", display_name="Acme", strategy="oauth2:azure_ad", organization_code=seen.org, options=options
    )


def renamed(_seen):
    options = of_kind("UpdateConnectionRequestOptions", "OneOf", ENTRA | {"is_trusted": False})
    return models.UpdateConnectionRequest(display_name="Acme Inc.", options=options)


def replaced(_seen):
    options = of_kind("ReplaceConnectionRequestOptions", "OneOf", ENTRA)
    return models.ReplaceConnectionRequest(name="acme", display_name="Acme Ltd.", options=options)


def wrapped(*kept):
    """The connections of a list, in any order, are those that were kept under these names."""

    def check(result, seen):
        found = sorted(row.connection.id for row in result.connections)
        expected = sorted(getattr(seen, name) for name in kept)
        return done(result, seen) or (None if found == expected else f"{found} instead of {expected}")

    return check


STEPS = [
    (
        "create_application",
        lambda api, _: api.applications_api.create_application(
            made("CreateApplicationRequest", {"name": "Notes", "type": "reg"})
        ),
        keep("app", lambda result: result.application.id),
    ),
    (
        "create_organization",
        lambda api, _: api.organizations_api.create_organization(made("CreateOrganizationRequest", {"name": "Acme"})),
        keep("org", lambda result: result.organization.code),
    ),
    (
        "create_connection, social",
        lambda api, seen: api.connections_api.create_connection(google(seen)),
        every(done, keep("social", lambda result: result.connection.id)),
    ),
    (
        "create_connection, enterprise",
        lambda api, seen: api.connections_api.create_connection(entra_id(seen)),
        every(done, keep("enterprise", lambda result: result.connection.id)),
    ),
    (
        "get_connections",
        lambda api, _: api.connections_api.get_connections(page_size=100),
        every(wrapped("social", "enterprise"), says(has_more=False)),
    ),
    (
        "get_connections, the first of two pages",
        lambda api, _: api.connections_api.get_connections(page_size=1),
        every(
            done,
            says(has_more=True),
            keep("first", lambda result: result.connections[0].connection.id),
        ),
    ),
    (
        "get_connections, the last page",
        lambda api, seen: api.connections_api.get_connections(page_size=1, starting_after=seen.first),
        every(
            done,
            says(has_more=False),
            holds(lambda result, seen: result.connections[0].connection.id != seen.first),
        ),
    ),
    (
        "get_connections, of a domain",
        lambda api, _: api.connections_api.get_connections(home_realm_domain="@acme.test"),
        wrapped("enterprise"),
    ),
    (
        "get_connection",
        lambda api, seen: api.connections_api.get_connection(seen.social),
        every(done, says("connection", name="google", display_name="Google", strategy="oauth2:google")),
    ),
    (
        "update_connection",
        lambda api, seen: api.connections_api.update_connection(seen.enterprise, renamed(seen)),
        done,
    ),
    (
        "get_connection, changed",
        lambda api, seen: api.connections_api.get_connection(seen.enterprise),
        says("connection", name="acme", display_name="Acme Inc.", strategy="oauth2:azure_ad"),
    ),
    (
        "replace_connection",
        lambda api, seen: api.connections_api.replace_connection(seen.enterprise, replaced(seen)),
        done,
    ),
    (
        "get_connection, replaced",
        lambda api, seen: api.connections_api.get_connection(seen.enterprise),
        says("connection", display_name="Acme Ltd."),
    ),
    (
        "get_application_connections",
        lambda api, seen: api.applications_api.get_application_connections(seen.app),
        wrapped("social"),
    ),
    (
        "enable_connection",
        lambda api, seen: api.applications_api.enable_connection(seen.app, seen.enterprise),
        None,
    ),
    (
        "get_application_connections, afterwards",
        lambda api, seen: api.applications_api.get_application_connections(seen.app),
        wrapped("social", "enterprise"),
    ),
    (
        "remove_connection",
        lambda api, seen: api.applications_api.remove_connection(seen.app, seen.enterprise),
        done,
    ),
    (
        "enable_org_connection",
        lambda api, seen: api.organizations_api.enable_org_connection(seen.org, seen.social),
        None,
    ),
    (
        "get_organization_connections",
        lambda api, seen: api.organizations_api.get_organization_connections(seen.org),
        wrapped("social", "enterprise"),
    ),
    (
        "remove_org_connection",
        lambda api, seen: api.organizations_api.remove_org_connection(seen.org, seen.social),
        done,
    ),
    (
        "delete_connection",
        lambda api, seen: api.connections_api.delete_connection(seen.social),
        done,
    ),
    (
        "get_connections, afterwards",
        lambda api, _: api.connections_api.get_connections(),
        wrapped("enterprise"),
    ),
]
