from .checks import done, every, holds, keep, made

USER = made("CreateUserRequest", {"identities": [{"type": "email", "details": {"email": "ada@example.test"}}]})
ACME = made("CreateOrganizationRequest", {"name": "Acme"})
NOTES = made("CreateApplicationRequest", {"name": "Notes", "type": "reg"})
OFFICE = made("UpdateCategoryRequest", {"name": "Office"})
GOLD = made("UpdateApplicationsPropertyRequest", {"value": "gold"})
KEYS = {"usr": "desk", "org": "sector", "app": "tier"}


def category(context):
    new = made("CreateCategoryRequest", {"name": context, "context": context})
    return (
        f"create_category, {context}",
        lambda api, _: api.property_categories_api.create_category(new),
        every(done, keep(f"{context}_category", lambda result: result.category.id)),
    )


def prop(context):
    def new(seen):
        key, category_id = KEYS[context], getattr(seen, f"{context}_category")
        members = {"name": key, "key": key, "type": "single_line_text", "context": context}
        return made("CreatePropertyRequest", {**members, "is_private": False, "category_id": category_id})

    return (
        f"create_property, {context}",
        lambda api, seen: api.properties_api.create_property(new(seen)),
        every(done, keep(f"{context}_property", lambda result: result.var_property.id)),
    )


def change(seen):
    members = {"name": "Desk", "is_private": False, "category_id": seen.usr_category}
    return made("UpdatePropertyRequest", members)


def values(**expected):
    return every(done, holds(lambda result, _: {one.key: one.value for one in result.properties} == expected))


def several(**properties):
    return made("UpdateOrganizationPropertiesRequest", {"properties": properties})


STEPS = [
    *map(category, KEYS),
    (
        "update_category",
        lambda api, seen: api.property_categories_api.update_category(seen.usr_category, OFFICE),
        done,
    ),
    (
        "get_categories",
        lambda api, _: api.property_categories_api.get_categories(context="usr"),
        every(done, holds(lambda result, _: "Office" in [one.name for one in result.categories])),
    ),
    *map(prop, KEYS),
    (
        "get_properties",
        lambda api, _: api.properties_api.get_properties(context="usr"),
        every(done, holds(lambda result, _: "desk" in [one.key for one in result.properties])),
    ),
    (
        "update_property",
        lambda api, seen: api.properties_api.update_property(seen.usr_property, change(seen)),
        done,
    ),
    ("create_user", lambda api, _: api.users_api.create_user(USER), keep("user", lambda result: result.id)),
    (
        "update_user_properties",
        lambda api, seen: api.users_api.update_user_properties(seen.user, several(desk="3.14")),
        done,
    ),
    (
        "get_user_property_values",
        lambda api, seen: api.users_api.get_user_property_values(seen.user),
        values(desk="3.14"),
    ),
    (
        "update_user_property",
        lambda api, seen: api.users_api.update_user_property(seen.user, "desk", "2.71"),
        done,
    ),
    (
        "create_organization",
        lambda api, _: api.organizations_api.create_organization(ACME),
        every(done, keep("org", lambda result: result.organization.code)),
    ),
    (
        "update_organization_properties",
        lambda api, seen: api.organizations_api.update_organization_properties(seen.org, several(sector="looms")),
        done,
    ),
    (
        "update_organization_property",
        lambda api, seen: api.organizations_api.update_organization_property(seen.org, "sector", "engines"),
        done,
    ),
    (
        "get_organization_property_values",
        lambda api, seen: api.organizations_api.get_organization_property_values(seen.org),
        values(sector="engines"),
    ),
    (
        "create_application",
        lambda api, _: api.applications_api.create_application(NOTES),
        every(done, keep("app", lambda result: result.application.id)),
    ),
    (
        "update_applications_property",
        lambda api, seen: api.applications_api.update_applications_property(seen.app, "tier", GOLD),
        done,
    ),
    (
        "get_application_property_values",
        lambda api, seen: api.applications_api.get_application_property_values(seen.app),
        values(tier="gold"),
    ),
    ("delete_property", lambda api, seen: api.properties_api.delete_property(seen.usr_property), done),
]
