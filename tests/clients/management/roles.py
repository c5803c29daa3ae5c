from .checks import done, every, holds, keep, lists, made, says

EDIT = made("CreatePermissionRequest", {"name": "Edit", "key": "edit:reports"})
READ = made("CreatePermissionRequest", {"name": "Read", "key": "read:reports"})
EDITOR = {"name": "Editor", "key": "editor", "description": "Edits reports", "is_default_role": False}
API = made("AddAPIsRequest", {"name": "Reports", "audience": "https://reports.example.test"})
SCOPE = made("AddAPIScopeRequest", {"key": "read:all"})


def permission(key):
    return lambda result: next(one.id for one in result.permissions if one.key == key)


def guarded(seen):
    return made("CreateRoleRequest", {"name": "Reader", "key": "reader", "assignment_permission_id": seen.edit})


def changed(*permissions):
    return made("UpdateRolePermissionsRequest", {"permissions": list(permissions)})


def of_scope(seen):
    return made("AddRoleScopeRequest", {"scope_id": seen.scope})


STEPS = [
    ("create_permission, to edit", lambda api, _: api.permissions_api.create_permission(EDIT), done),
    ("create_permission, to read", lambda api, _: api.permissions_api.create_permission(READ), done),
    (
        "get_permissions",
        lambda api, _: api.permissions_api.get_permissions(),
        every(done, keep("edit", permission("edit:reports")), keep("read", permission("read:reports"))),
    ),
    (
        "create_role",
        lambda api, _: api.roles_api.create_role(made("CreateRoleRequest", EDITOR)),
        every(done, keep("role", lambda result: result.role.id)),
    ),
    (
        "create_role, which a permission guards",
        lambda api, seen: api.roles_api.create_role(guarded(seen)),
        every(done, keep("reader", lambda result: result.role.id)),
    ),
    (
        "get_roles, the first of several pages",
        lambda api, _: api.roles_api.get_roles(sort="name_desc", page_size=1),
        every(lists("roles", "key", ["reader"]), keep("next", lambda result: result.next_token)),
    ),
    (
        "get_roles, the last page",
        lambda api, seen: api.roles_api.get_roles(sort="name_desc", page_size=1, next_token=seen.next),
        every(lists("roles", "key", ["editor"]), says(next_token=None)),
    ),
    (
        "get_role",
        lambda api, seen: api.roles_api.get_role(seen.role),
        every(done, says("role", key="editor", description="Edits reports", is_default_role=False)),
    ),
    (
        "update_roles",
        lambda api, seen: api.roles_api.update_roles(seen.role, made("UpdateRolesRequest", EDITOR)),
        done,
    ),
    (
        "update_role_permissions",
        lambda api, seen: api.roles_api.update_role_permissions(
            seen.role, changed({"id": seen.edit}, {"id": seen.read})
        ),
        every(done, holds(lambda result, seen: set(result.permissions_added) == {seen.edit, seen.read})),
    ),
    (
        "get_role_permissions",
        lambda api, seen: api.roles_api.get_role_permissions(seen.role),
        lists("permissions", "key", ["edit:reports", "read:reports"]),
    ),
    (
        "update_role_permissions, with a deletion",
        lambda api, seen: api.roles_api.update_role_permissions(
            seen.role, changed({"id": seen.edit, "operation": "delete"})
        ),
        every(done, holds(lambda result, seen: result.permissions_removed == [seen.edit])),
    ),
    (
        "remove_role_permission",
        lambda api, seen: api.roles_api.remove_role_permission(seen.role, seen.read),
        done,
    ),
    (
        "get_role_permissions, afterwards",
        lambda api, seen: api.roles_api.get_role_permissions(seen.role),
        lists("permissions", "key", []),
    ),
    ("get_role_users", lambda api, seen: api.roles_api.get_role_users(seen.role), lists("users", "id", [])),
    (
        "add_apis",
        lambda api, _: api.apis_api.add_apis(API),
        every(done, keep("api", lambda result: result.api.id)),
    ),
    (
        "add_api_scope",
        lambda api, seen: api.apis_api.add_api_scope(seen.api, SCOPE),
        every(done, keep("scope", lambda result: result.scope.id)),
    ),
    ("add_role_scope", lambda api, seen: api.roles_api.add_role_scope(seen.role, of_scope(seen)), done),
    (
        "get_role_scopes",
        lambda api, seen: api.roles_api.get_role_scopes(seen.role),
        lists("scopes", "key", ["read:all"]),
    ),
    ("delete_role_scope", lambda api, seen: api.roles_api.delete_role_scope(seen.role, seen.scope), done),
    ("delete_role", lambda api, seen: api.roles_api.delete_role(seen.role), done),
    ("get_roles, afterwards", lambda api, _: api.roles_api.get_roles(), lists("roles", "key", ["reader"])),
]
