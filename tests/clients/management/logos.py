from .checks import done, every, holds, keep, made

ORGANIZATION = made("CreateOrganizationRequest", {"name": "Acme"})
PICTURE = ("acme.png", b"\x89PNG\r\n\x1a\n\x00")


def rows(*expected):
    return holds(lambda result, _: [(one.type, one.file_name) for one in result.logos] == list(expected))


LIGHT, DARK = ("light", "acme.png"), ("dark", "acme.png")

STEPS = [
    (
        "create_organization",
        lambda api, _: api.organizations_api.create_organization(ORGANIZATION),
        every(done, keep("organization", lambda result: result.organization.code)),
    ),
    (
        "add_organization_logo",
        lambda api, seen: api.organizations_api.add_organization_logo(seen.organization, "light", PICTURE),
        done,
    ),
    (
        "add_organization_logo, another one",
        lambda api, seen: api.organizations_api.add_organization_logo(seen.organization, "dark", PICTURE),
        done,
    ),
    (
        "read_organization_logo",
        lambda api, seen: api.organizations_api.read_organization_logo(seen.organization),
        every(done, rows(DARK, LIGHT), holds(lambda result, _: result.logos[0].path.startswith("/logo/"))),
    ),
    (
        "delete_organization_logo",
        lambda api, seen: api.organizations_api.delete_organization_logo(seen.organization, "dark"),
        None,
    ),
    (
        "read_organization_logo, afterwards",
        lambda api, seen: api.organizations_api.read_organization_logo(seen.organization),
        rows(LIGHT),
    ),
    ("add_logo", lambda api, _: api.environments_api.add_logo("light", PICTURE), done),
    ("add_logo, another one", lambda api, _: api.environments_api.add_logo("dark", PICTURE), done),
    ("read_logo", lambda api, _: api.environments_api.read_logo(), every(done, rows(DARK, LIGHT))),
    ("delete_logo", lambda api, _: api.environments_api.delete_logo("dark"), None),
    ("read_logo, afterwards", lambda api, _: api.environments_api.read_logo(), rows(LIGHT)),
    (
        "get_environment",
        lambda api, _: api.environments_api.get_environment(),
        holds(lambda result, _: result.environment.logo.startswith("/logo/")),
    ),
]
