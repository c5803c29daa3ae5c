from .checks import done, every, holds, keep, lists, made, names, says

ADA = made(
    "CreateUserRequest",
    {
        "profile": {"given_name": "Ada", "family_name": "Byron"},
        "provided_id": "hr-1",
        "identities": [
            {"type": "email", "is_verified": True, "details": {"email": "ada@example.test"}},
            {"type": "username", "details": {"username": "ada"}},
        ],
    },
)
CHANGE = made("UpdateUserRequest", {"given_name": "Augusta", "is_suspended": True})
ADDRESS = made("CreateUserIdentityRequest", {"type": "email", "value": "augusta@example.test"})
PRIMARY = made("UpdateIdentityRequest", {"is_primary": True})
HASH = "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"
PASSWORD = made("SetUserPasswordRequest", {"hashed_password": HASH, "hashing_method": "bcrypt"})

STEPS = [
    (
        "create_user",
        lambda api, _: api.users_api.create_user(ADA),
        every(says(created=True), keep("user", lambda result: result.id)),
    ),
    (
        "get_users",
        lambda api, seen: api.users_api.get_users(user_id=seen.user, expand="organizations,identities"),
        every(done, names("users", "user"), holds(lambda result, _: len(result.users[0].identities) == 2)),
    ),
    (
        "get_users, by address",
        lambda api, _: api.users_api.get_users(email="ada@example.test", page_size=5),
        every(done, names("users", "user")),
    ),
    (
        "get_user_data",
        lambda api, seen: api.users_api.get_user_data(seen.user),
        says(preferred_email="ada@example.test", first_name="Ada", provided_id="hr-1"),
    ),
    (
        "update_user",
        lambda api, seen: api.users_api.update_user(seen.user, CHANGE),
        says(given_name="Augusta", is_suspended=True),
    ),
    (
        "search_users",
        lambda api, _: api.search_api.search_users(query="augusta", page_size=5),
        every(done, names("results", "user")),
    ),
    (
        "create_user_identity",
        lambda api, seen: api.users_api.create_user_identity(seen.user, ADDRESS),
        every(done, keep("identity", lambda result: result.identity.id)),
    ),
    (
        "get_user_identities",
        lambda api, seen: api.users_api.get_user_identities(seen.user),
        every(done, holds(lambda result, _: len(result.identities) == 3)),
    ),
    (
        "get_identity",
        lambda api, seen: api.identities_api.get_identity(seen.identity),
        says(type="email", is_primary=False),
    ),
    ("update_identity", lambda api, seen: api.identities_api.update_identity(seen.identity, PRIMARY), done),
    (
        "get_user_data, with another address",
        lambda api, seen: api.users_api.get_user_data(seen.user),
        says(preferred_email="augusta@example.test"),
    ),
    ("set_user_password", lambda api, seen: api.users_api.set_user_password(seen.user, PASSWORD), done),
    ("refresh_user_claims", lambda api, seen: api.users_api.refresh_user_claims(seen.user), done),
    (
        "get_user_sessions",
        lambda api, seen: api.users_api.get_user_sessions(seen.user),
        lists("sessions", "session_id", []),
    ),
    ("delete_user_sessions", lambda api, seen: api.users_api.delete_user_sessions(seen.user), done),
    ("get_users_mfa", lambda api, seen: api.users_api.get_users_mfa(seen.user), says(mfa=None)),
    ("reset_users_mfa_all", lambda api, seen: api.users_api.reset_users_mfa_all(seen.user), done),
    ("delete_identity", lambda api, seen: api.identities_api.delete_identity(seen.identity), done),
    ("delete_user", lambda api, seen: api.users_api.delete_user(seen.user, is_delete_profile=True), done),
    (
        "get_users, afterwards",
        lambda api, seen: api.users_api.get_users(user_id=seen.user),
        holds(lambda result, _: not result.users),
    ),
]
