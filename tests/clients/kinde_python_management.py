"""A service that manages the server with Kinde's Python SDK, over TLS, whose models are strict about types.

What it does with a noun is a table in ./management.
"""

import importlib
import os
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

# The SDK brings middleware for web frameworks, and warns that there is none.
warnings.simplefilter("ignore")

from kinde_sdk.management import ManagementClient  # noqa: E402
from kinde_sdk.management.exceptions import ApiException, ForbiddenException  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))

ISSUER = os.environ["VESTIBULE_ISSUER"]
NOUN = os.environ["NOUN"]


class Anything:
    """Stands for whatever an earlier step would have found."""

    def __getattr__(self, _name: str) -> str:
        return "00000000-0000-0000-0000-000000000000"


def client_of(who: str) -> ManagementClient:
    domain = ISSUER.removeprefix("https://")
    return ManagementClient(domain, os.environ[f"{who}_CLIENT_ID"], os.environ[f"{who}_CLIENT_SECRET"])


def fail(message: str) -> None:
    print(f"FAILED: {message}", file=sys.stderr)
    sys.exit(1)


def without_scope(what: str, call) -> None:
    try:
        call(client_of("STRANGER"), Anything())
    except ForbiddenException as refusal:
        if "INSUFFICIENT_SCOPE" not in refusal.body:
            fail(f"{what}: {refusal.body}")
        print(f"ok  {what}: refused without the scope")
    else:
        fail(f"{what}: done without the scope")


def tell() -> None:
    steps = importlib.import_module(f"management.{NOUN}").STEPS
    for what, call, _ in steps:
        without_scope(what, call)
    manager, tokens = client_of("MANAGER"), []
    request = manager.token_manager.request_new_token
    manager.token_manager.request_new_token = lambda: tokens.append(None) or request()
    seen = SimpleNamespace(**os.environ)
    for what, call, check in steps:
        try:
            result = call(manager, seen)
        except ApiException as refusal:
            fail(f"{what}: {refusal.status} {refusal.body}")
        if check is not None and (wrong := check(result, seen)):
            fail(f"{what}: {wrong} in {result}")
        print(f"ok  {what}")
    if len(tokens) != 1:
        fail(f"{len(tokens)} tokens for all calls")
    print("ok  one token for all calls")


if __name__ == "__main__":
    tell()
