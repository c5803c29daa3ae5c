from .checks import done, every, holds, keep, lists, made, names

ADA = made(
    "CreateUserRequest",
    {
        "profile": {"given_name": "Ada", "family_name": "Byron"},
        "identities": [{"type": "email", "details": {"email": "ada@example.test"}}],
    },
)
ACME = made("CreateOrganizationRequest", {"name": "Acme"})
READ = made("CreatePermissionRequest", {"name": "Read", "key": "read:reports"})
EDITOR = made("CreateRoleRequest", {"name": "Editor", "key": "editor"})


def added(user):
    rows = [{"id": user, "roles": ["editor"], "permissions": ["read:reports"]}]
    return made("AddOrganizationUsersRequest", {"users": rows})


def changed(user, **what):
    return made("UpdateOrganizationUsersRequest", {"users": [{"id": user, **what}]})


def role(seen):
    return made("CreateOrganizationUserRoleRequest", {"role_id": seen.role})


def permission(seen):
    return made("CreateOrganizationUserPermissionRequest", {"permission_id": seen.permission})


def is_user(list_of_ids):
    return holds(lambda result, seen: getattr(result, list_of_ids) == [seen.user])


STEPS = [
    (
        "create_organization",
        lambda api, _: api.organizations_api.create_organization(ACME),
        every(done, keep("org", lambda result: result.organization.code)),
    ),
    ("create_user", lambda api, _: api.users_api.create_user(ADA), keep("user", lambda result: result.id)),
    ("create_permission", lambda api, _: api.permissions_api.create_permission(READ), done),
    (
        "get_permissions",
        lambda api, _: api.permissions_api.get_permissions(),
        every(done, keep("permission", lambda result: result.permissions[0].id)),
    ),
    (
        "create_role",
        lambda api, _: api.roles_api.create_role(EDITOR),
        every(done, keep("role", lambda result: result.role.id)),
    ),
    (
        "add_organization_users",
        lambda api, seen: api.organizations_api.add_organization_users(seen.org, added(seen.user)),
        every(done, is_user("users_added")),
    ),
    (
        "get_organization_users",
        lambda api, seen: api.organizations_api.get_organization_users(seen.org),
        every(lists("organization_users", "roles", [["editor"]]), names("organization_users", "user")),
    ),
    (
        "get_organization_users, with a role and a permission",
        lambda api, seen: api.organizations_api.get_organization_users(
            seen.org, roles="editor", permissions="read:reports", sort="email_asc", page_size=5
        ),
        lists("organization_users", "full_name", ["Ada Byron"]),
    ),
    (
        "get_organization_user_roles",
        lambda api, seen: api.organizations_api.get_organization_user_roles(seen.org, seen.user),
        lists("roles", "key", ["editor"]),
    ),
    (
        "get_organization_user_permissions",
        lambda api, seen: api.organizations_api.get_organization_user_permissions(seen.org, seen.user, expand="roles"),
        lists("permissions", "key", ["read:reports"]),
    ),
    (
        "get_organization_role_users",
        lambda api, seen: api.organizations_api.get_organization_role_users(seen.org, seen.role),
        every(done, names("users", "user")),
    ),
    (
        "get_organization_role_users_count",
        lambda api, seen: api.organizations_api.get_organization_role_users_count(seen.org, seen.role),
        every(done, holds(lambda result, _: int(result.count) == 1)),
    ),
    (
        "delete_organization_user_role",
        lambda api, seen: api.organizations_api.delete_organization_user_role(seen.org, seen.user, seen.role),
        done,
    ),
    (
        "create_organization_user_role",
        lambda api, seen: api.organizations_api.create_organization_user_role(seen.org, seen.user, role(seen)),
        done,
    ),
    (
        "delete_organization_user_permission",
        lambda api, seen: api.organizations_api.delete_organization_user_permission(
            seen.org, seen.user, seen.permission
        ),
        done,
    ),
    (
        "create_organization_user_permission",
        lambda api, seen: api.organizations_api.create_organization_user_permission(
            seen.org, seen.user, permission(seen)
        ),
        done,
    ),
    (
        "update_organization_users, with a deletion",
        lambda api, seen: api.organizations_api.update_organization_users(
            seen.org, changed(seen.user, operation="delete")
        ),
        every(done, is_user("users_removed")),
    ),
    (
        "update_organization_users",
        lambda api, seen: api.organizations_api.update_organization_users(
            seen.org, changed(seen.user, roles=["editor"])
        ),
        every(done, is_user("users_added")),
    ),
    (
        "remove_organization_user",
        lambda api, seen: api.organizations_api.remove_organization_user(seen.org, seen.user),
        done,
    ),
    (
        "get_organization_users, afterwards",
        lambda api, seen: api.organizations_api.get_organization_users(seen.org),
        lists("organization_users", "id", []),
    ),
]
