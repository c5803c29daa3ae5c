from kinde_sdk.management.models.create_permission_request import CreatePermissionRequest

from .checks import done, every, keep, lists

READ = CreatePermissionRequest(name="Read reports", key="read:reports", description="All of them")
EDIT = CreatePermissionRequest(name="Edit reports", key="edit:reports")
SEE = CreatePermissionRequest(name="See reports", key="read:reports")


def found(key):
    return lambda result: next(one.id for one in result.permissions if one.key == key)


STEPS = [
    ("create_permission", lambda api, _: api.permissions_api.create_permission(READ), done),
    ("create_permission, another", lambda api, _: api.permissions_api.create_permission(EDIT), done),
    (
        "get_permissions",
        lambda api, _: api.permissions_api.get_permissions(),
        every(lists("permissions", "key", ["edit:reports", "read:reports"]), keep("permission", found("read:reports"))),
    ),
    (
        "get_permissions, the first of several pages",
        lambda api, _: api.permissions_api.get_permissions(sort="name_desc", page_size=1),
        every(lists("permissions", "key", ["read:reports"]), keep("next", lambda result: result.next_token)),
    ),
    (
        "get_permissions, the last page",
        lambda api, seen: api.permissions_api.get_permissions(sort="name_desc", page_size=1, next_token=seen.next),
        lists("permissions", "key", ["edit:reports"]),
    ),
    (
        "update_permissions",
        lambda api, seen: api.permissions_api.update_permissions(seen.permission, SEE),
        done,
    ),
    ("delete_permission", lambda api, seen: api.permissions_api.delete_permission(seen.permission), done),
    (
        "get_permissions, afterwards",
        lambda api, _: api.permissions_api.get_permissions(),
        lists("permissions", "key", ["edit:reports"]),
    ),
]
