from .checks import done, every, holds, says


def offers(rows, key, name):
    return holds(lambda result, _: (key, name) in [(one.key, one.name) for one in getattr(result, rows)])


STEPS = [
    (
        "get_environment",
        lambda api, _: api.environments_api.get_environment(),
        every(
            done,
            says("environment", is_default=True, is_live=True, logo=None, theme_code="user_preference"),
            holds(lambda result, seen: f"https://{result.environment.kinde_domain}" == seen.VESTIBULE_ISSUER),
        ),
    ),
    (
        "get_timezones",
        lambda api, _: api.timezones_api.get_timezones(),
        every(done, offers("timezones", "Europe/Zurich", "Europe/Zurich")),
    ),
    (
        "get_industries",
        lambda api, _: api.industries_api.get_industries(),
        every(done, offers("industries", "health", "Health care")),
    ),
]
