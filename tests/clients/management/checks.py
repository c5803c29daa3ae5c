"""What the tables of management calls check of a result: each gives what is wrong, or nothing."""

from kinde_sdk.management import models


def done(result, _seen):
    return None if result.code == "OK" and result.message else "not OK"


def lists(rows, member, expected):
    def check(result, seen):
        found = [getattr(row, member) for row in getattr(result, rows)]
        return done(result, seen) or (None if found == expected else f"{found} instead of {expected}")

    return check


def keep(name, find):
    def check(result, seen):
        value = find(result)
        setattr(seen, name, value)
        return None if isinstance(value, str) and value else f"no {name}"

    return check


def every(*checks):
    def check(result, seen):
        return next((wrong for one in checks if (wrong := one(result, seen))), None)

    return check


def made(model, members):
    """A request of the SDK, of plain values."""
    return getattr(models, model).from_dict(members)


def says(*path, **expected):
    """What the result says at the end of a path, member by member."""

    def check(result, _seen):
        for name in path:
            result = getattr(result, name)
        found = {name: getattr(result, name) for name in expected}
        return None if found == expected else f"{found} instead of {expected}"

    return check


def names(rows, kept, member="id"):
    """The rows are the one that was kept under this name."""

    def check(result, seen):
        found, expected = [getattr(row, member) for row in getattr(result, rows)], [getattr(seen, kept)]
        return None if found == expected else f"{found} instead of {expected}"

    return check


def holds(truth):
    return lambda result, seen: None if truth(result, seen) else "this should not be so"
