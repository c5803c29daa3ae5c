from .checks import done, every, holds, keep, lists, made, says

ONE, TWO = "https://app.example.test/one", "https://app.example.test/two"
NEW = made("CreateApplicationRequest", {"name": "Notes", "type": "reg"})
CHANGE = made("UpdateApplicationRequest", {"name": "Notebook", "redirect_uris": [ONE]})
ROLE = made("CreateRoleRequest", {"name": "Editor", "key": "editor"})
TOKENS = made("UpdateApplicationTokensRequest", {"access_token_lifetime": 3600, "refresh_token_lifetime": 86400})
OPEN = made("UpdateApplicationRequest", {"is_access_control_enabled": False})
GUARDED = made("UpdateApplicationRequest", {"is_access_control_enabled": True})


def redirects(*urls):
    return made("ReplaceRedirectCallbackURLsRequest", {"urls": list(urls)})


def logouts(*urls):
    return made("ReplaceLogoutRedirectURLsRequest", {"urls": list(urls)})


def redirect_urls(*expected):
    return holds(lambda result, _: sorted(result.redirect_urls) == list(expected))


def is_listed(result, seen):
    return (seen.app, "reg") in [(one.id, one.type) for one in result.applications]


STEPS = [
    (
        "create_application",
        lambda api, _: api.applications_api.create_application(NEW),
        every(done, keep("app", lambda result: result.application.id)),
    ),
    (
        "get_applications",
        lambda api, _: api.applications_api.get_applications(sort="name_asc", page_size=100),
        every(done, holds(is_listed)),
    ),
    (
        "get_application",
        lambda api, seen: api.applications_api.get_application(seen.app),
        every(done, says("application", name="Notes", type="reg")),
    ),
    ("update_application", lambda api, seen: api.applications_api.update_application(seen.app, CHANGE), None),
    (
        "update_application_tokens",
        lambda api, seen: api.applications_api.update_application_tokens(seen.app, TOKENS),
        done,
    ),
    (
        "add_redirect_callback_urls",
        lambda api, seen: api.callbacks_api.add_redirect_callback_urls(seen.app, redirects(TWO)),
        done,
    ),
    ("get_callback_urls", lambda api, seen: api.callbacks_api.get_callback_urls(seen.app), redirect_urls(ONE, TWO)),
    (
        "replace_redirect_callback_urls",
        lambda api, seen: api.callbacks_api.replace_redirect_callback_urls(seen.app, redirects(ONE, TWO)),
        done,
    ),
    ("delete_callback_urls", lambda api, seen: api.callbacks_api.delete_callback_urls(seen.app, TWO), done),
    (
        "get_callback_urls, afterwards",
        lambda api, seen: api.callbacks_api.get_callback_urls(seen.app),
        redirect_urls(ONE),
    ),
    (
        "add_logout_redirect_urls",
        lambda api, seen: api.callbacks_api.add_logout_redirect_urls(seen.app, logouts(ONE, TWO)),
        done,
    ),
    (
        "replace_logout_redirect_urls",
        lambda api, seen: api.callbacks_api.replace_logout_redirect_urls(seen.app, logouts(ONE, TWO)),
        done,
    ),
    ("delete_logout_urls", lambda api, seen: api.callbacks_api.delete_logout_urls(seen.app, ONE), done),
    (
        "get_logout_urls",
        lambda api, seen: api.callbacks_api.get_logout_urls(seen.app),
        holds(lambda result, _: result.logout_urls == [TWO]),
    ),
    (
        "create_role",
        lambda api, _: api.roles_api.create_role(ROLE),
        every(done, keep("role", lambda result: result.role.id)),
    ),
    (
        "add_application_access_role",
        lambda api, seen: api.applications_api.add_application_access_role(seen.app, seen.role),
        None,
    ),
    (
        "get_application_access_roles",
        lambda api, seen: api.applications_api.get_application_access_roles(seen.app),
        lists("roles", "key", ["editor"]),
    ),
    (
        "update_application, which roles guard",
        lambda api, seen: api.applications_api.update_application(seen.app, GUARDED),
        None,
    ),
    (
        "update_application, which nothing guards",
        lambda api, seen: api.applications_api.update_application(seen.app, OPEN),
        None,
    ),
    (
        "remove_application_access_role",
        lambda api, seen: api.applications_api.remove_application_access_role(seen.app, seen.role),
        None,
    ),
    ("delete_application", lambda api, seen: api.applications_api.delete_application(seen.app), done),
]
