"""A web application with Kinde's Python SDK: discovery, secret and verifier together, revocation at logout."""

import asyncio
import logging
import os
import sys
import warnings
from urllib.parse import parse_qs, urlsplit

# The SDK brings middleware for web frameworks, and warns that there is none.
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)

import requests  # noqa: E402
from kinde_sdk.auth.oauth import OAuth  # noqa: E402
from support.pages import Visitor  # noqa: E402

ISSUER = os.environ["VESTIBULE_ISSUER"]
REDIRECT_URI = os.environ["REDIRECT_URI"]
AFTER_LOGOUT = os.environ["POST_LOGOUT_REDIRECT_URI"]
USERNAME = os.environ["USERNAME_"]


def holds(what: str, truth: object, found: object = None) -> None:
    if not truth:
        print(f"FAILED: {what}: found {found!r}", file=sys.stderr)
        sys.exit(1)
    print(f"ok  {what}")


def equal(what: str, found: object, expected: object) -> None:
    holds(f"{what} is {expected!r}", found == expected, found)


def introspect(kinde: OAuth, token: str) -> bool:
    fields = {"client_id": kinde.client_id, "client_secret": kinde.client_secret, "token": token}
    return requests.post(f"{ISSUER}/oauth2/introspect", data=fields, timeout=30).json()["active"]


async def tell() -> None:
    kinde = OAuth(
        client_id=os.environ["CLIENT_ID"],
        client_secret=os.environ["CLIENT_SECRET"],
        redirect_uri=REDIRECT_URI,
        host=ISSUER,
    )
    equal("the UserInfo endpoint, discovered", kinde.userinfo_url, f"{ISSUER}/oauth2/v2/user_profile")
    equal("the logout endpoint, discovered", kinde.logout_url, f"{ISSUER}/logout")

    url = await kinde.login({"scope": "openid profile email offline"})
    sent = parse_qs(urlsplit(url).query)
    holds("PKCE, although there is a secret", "code_challenge" in sent, sent)
    visitor = Visitor(REDIRECT_URI, AFTER_LOGOUT)
    arrived = parse_qs(urlsplit(visitor.sign_in(url, USERNAME, os.environ["PASSWORD_"])).query)
    result = await kinde.handle_redirect(arrived["code"][0], "a user", state=arrived["state"][0])
    equal("handle_redirect, email", result["user"]["email"], USERNAME)

    kinde._framework.set_user_id("a user")
    equal("is_authenticated", kinde.is_authenticated(), True)
    profile = kinde.get_user_info()
    equal("get_user_info, email", profile["email"], USERNAME)
    holds("get_user_info, subject", profile["sub"].startswith("kp_"), profile)

    tokens = result["tokens"]
    holds("the access token is active", introspect(kinde, tokens["access_token"]))
    url = await kinde.logout("a user", {"post_logout_redirect_uri": AFTER_LOGOUT, "state": "a state"})
    equal("logout revokes the access token", introspect(kinde, tokens["access_token"]), False)
    holds("it names where to go as redirect_uri", "redirect_uri" in parse_qs(urlsplit(url).query), url)
    equal("and the browser goes there", visitor.open(url), f"{AFTER_LOGOUT}?state=a+state")
    equal("the refresh token ended with the session", introspect(kinde, tokens["refresh_token"]), False)
    again = visitor.open(await kinde.login())
    equal("signing in again asks", getattr(again, "id", again), "page-sign-in")

    page = Visitor(REDIRECT_URI).open(await kinde.register())
    equal("register opens the registration page", getattr(page, "id", page), "page-register")


asyncio.run(tell())
