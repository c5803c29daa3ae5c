from .checks import done, every, holds, keep, lists, made, says

AUDIENCE = "https://reports.example.test"
NEW = made("AddAPIsRequest", {"name": "Reports", "audience": AUDIENCE})
SCOPE = made("AddAPIScopeRequest", {"key": "read:all", "description": "Reads all"})
CHANGE = made("UpdateAPIScopeRequest", {"description": "Reads everything"})
ROBOT = made("CreateApplicationRequest", {"name": "Robot", "type": "m2m"})


def connected(app, **what):
    return made("UpdateAPIApplicationsRequest", {"applications": [{"id": app, **what}]})


def is_listed(result, _seen):
    return any(one.audience == AUDIENCE and [scope.key for scope in one.scopes] == ["read:all"] for one in result.apis)


def its_machine(result, seen):
    active = [(one.id, one.type) for one in result.api.applications if one.is_active]
    return active == [(seen.app, "Machine to machine (M2M)")]


STEPS = [
    (
        "add_apis",
        lambda api, _: api.apis_api.add_apis(NEW),
        every(done, keep("api", lambda result: result.api.id)),
    ),
    (
        "add_api_scope",
        lambda api, seen: api.apis_api.add_api_scope(seen.api, SCOPE),
        every(done, keep("scope", lambda result: result.scope.id)),
    ),
    (
        "get_apis",
        lambda api, _: api.apis_api.get_apis(expand="scopes"),
        every(done, holds(is_listed)),
    ),
    (
        "get_api_scopes",
        lambda api, seen: api.apis_api.get_api_scopes(seen.api),
        lists("scopes", "key", ["read:all"]),
    ),
    (
        "get_api_scope",
        lambda api, seen: api.apis_api.get_api_scope(seen.api, seen.scope),
        every(done, says("scope", key="read:all", description="Reads all")),
    ),
    ("update_api_scope", lambda api, seen: api.apis_api.update_api_scope(seen.api, seen.scope, CHANGE), None),
    (
        "create_application",
        lambda api, _: api.applications_api.create_application(ROBOT),
        every(done, keep("app", lambda result: result.application.id)),
    ),
    (
        "update_api_applications",
        lambda api, seen: api.apis_api.update_api_applications(seen.api, connected(seen.app)),
        every(done, holds(lambda result, seen: result.applications_connected == [seen.app])),
    ),
    (
        "add_api_application_scope",
        lambda api, seen: api.apis_api.add_api_application_scope(seen.api, seen.app, seen.scope),
        None,
    ),
    ("get_api", lambda api, seen: api.apis_api.get_api(seen.api), every(done, holds(its_machine))),
    (
        "delete_api_application_scope",
        lambda api, seen: api.apis_api.delete_api_application_scope(seen.api, seen.app, seen.scope),
        None,
    ),
    (
        "update_api_applications, with a deletion",
        lambda api, seen: api.apis_api.update_api_applications(seen.api, connected(seen.app, operation="delete")),
        every(done, holds(lambda result, seen: result.applications_disconnected == [seen.app])),
    ),
    ("delete_api_scope", lambda api, seen: api.apis_api.delete_api_scope(seen.api, seen.scope), None),
    ("delete_api", lambda api, seen: api.apis_api.delete_api(seen.api), done),
]
