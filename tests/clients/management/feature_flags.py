from .checks import done, every, holds, keep, made

KEY = "dark_mode"
NEW = made(
    "CreateFeatureFlagRequest",
    {"name": "Dark", "key": KEY, "type": "bool", "default_value": "false", "allow_override_level": "usr"},
)
USER = made("CreateUserRequest", {"identities": [{"type": "email", "details": {"email": "ada@example.test"}}]})
ACME = made("CreateOrganizationRequest", {"name": "Acme"})
TRUE = made("UpdateEnvironementFeatureFlagOverrideRequest", {"value": "true"})


def flags(**expected):
    def check(result, _seen):
        return {key: flag.value for key, flag in (result.feature_flags or {}).items()} == expected

    return every(done, holds(check))


STEPS = [
    ("create_feature_flag", lambda api, _: api.feature_flags_api.create_feature_flag(NEW), done),
    (
        "update_feature_flag",
        lambda api, _: api.feature_flags_api.update_feature_flag(KEY, "Dark mode", "At night", "bool", "usr", "false"),
        done,
    ),
    (
        "update_environement_feature_flag_override",
        lambda api, _: api.environments_api.update_environement_feature_flag_override(KEY, TRUE),
        done,
    ),
    (
        "get_environement_feature_flags",
        lambda api, _: api.environments_api.get_environement_feature_flags(),
        flags(dark_mode="true"),
    ),
    (
        "delete_environement_feature_flag_override",
        lambda api, _: api.environments_api.delete_environement_feature_flag_override(KEY),
        done,
    ),
    (
        "delete_environement_feature_flag_overrides",
        lambda api, _: api.environments_api.delete_environement_feature_flag_overrides(),
        done,
    ),
    (
        "create_organization",
        lambda api, _: api.organizations_api.create_organization(ACME),
        every(done, keep("org", lambda result: result.organization.code)),
    ),
    (
        "update_organization_feature_flag_override",
        lambda api, seen: api.organizations_api.update_organization_feature_flag_override(seen.org, KEY, "true"),
        done,
    ),
    (
        "get_organization_feature_flags",
        lambda api, seen: api.organizations_api.get_organization_feature_flags(seen.org),
        flags(dark_mode="true"),
    ),
    (
        "delete_organization_feature_flag_override",
        lambda api, seen: api.organizations_api.delete_organization_feature_flag_override(seen.org, KEY),
        done,
    ),
    (
        "delete_organization_feature_flag_overrides",
        lambda api, seen: api.organizations_api.delete_organization_feature_flag_overrides(seen.org),
        done,
    ),
    ("create_user", lambda api, _: api.users_api.create_user(USER), keep("user", lambda result: result.id)),
    (
        "update_user_feature_flag_override",
        lambda api, seen: api.users_api.update_user_feature_flag_override(seen.user, KEY, "true"),
        done,
    ),
    ("delete_feature_flag", lambda api, _: api.feature_flags_api.delete_feature_flag(KEY), done),
]
