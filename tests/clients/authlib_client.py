"""A web application with PyPI authlib: the secret in the body, PKCE, the ID token by joserfc; refresh, revocation, logout."""

import os
import secrets
import sys
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url
from joserfc import jwt
from joserfc.jwk import KeySet

from support.pages import Visitor


def setting(name: str) -> str:
    return os.environ.get(name) or sys.exit(f"FAILED: the environment variable {name} is missing")


ISSUER = setting("VESTIBULE_ISSUER")
CLIENT_ID = setting("CLIENT_ID")
REDIRECT_URI = setting("REDIRECT_URI")
AFTER_LOGOUT = setting("POST_LOGOUT_REDIRECT_URI")
USERNAME = setting("USERNAME_")
SCOPE = "openid profile email offline"


def equal(what: str, actual: object, expected: object) -> None:
    if actual != expected:
        sys.exit(f"FAILED: {what}: expected {expected!r}, found {actual!r}")
    print(f"ok  {what}")


def parameter(url: str, name: str) -> str | None:
    return parse_qs(urlsplit(url).query).get(name, [None])[0]


def discover() -> dict:
    metadata = requests.get(get_well_known_url(ISSUER, external=True), timeout=30).json()
    equal("discovery names the issuer", metadata["issuer"], ISSUER)
    if ISSUER.startswith("https:"):
        # authlib's rules for the document include https for every endpoint.
        OpenIDProviderMetadata(metadata).validate()
    return metadata


def verify(metadata: dict, tokens: dict, nonce: str | None) -> CodeIDToken:
    """Verifies an ID token as authlib's own integrations do."""
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=30).json())
    algorithms = metadata["id_token_signing_alg_values_supported"]
    token = jwt.decode(tokens["id_token"], keys, algorithms=algorithms)
    expected = {"nonce": nonce, "client_id": CLIENT_ID, "access_token": tokens["access_token"]}
    claims = CodeIDToken(token.claims, token.header, {"iss": {"essential": True, "value": ISSUER}}, expected)
    claims.validate(leeway=5)
    return claims


def authorization(client: OAuth2Session, metadata: dict, **extra: str) -> tuple[str, str, str, str]:
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    url, state = client.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce, **extra
    )
    return url, state, verifier, nonce


def sign_in(client: OAuth2Session, metadata: dict, visitor: Visitor) -> tuple[dict, CodeIDToken]:
    url, state, verifier, nonce = authorization(client, metadata)
    arrived = visitor.sign_in(url, USERNAME, setting("PASSWORD_"))
    equal("the response names the issuer", parameter(arrived, "iss"), ISSUER)
    tokens = client.fetch_token(
        metadata["token_endpoint"], authorization_response=arrived, state=state, code_verifier=verifier
    )
    claims = verify(metadata, tokens, nonce)
    equal("id_token email", claims["email"], USERNAME)
    equal("id_token nonce", claims["nonce"], nonce)
    equal("id_token auth_time is recent", abs(time.time() - claims["auth_time"]) < 300, True)
    user = client.get(metadata["userinfo_endpoint"]).json()
    equal("userinfo sub", user["sub"], claims["sub"])
    equal("userinfo email", user["email"], USERNAME)
    return tokens, claims


def refresh(client: OAuth2Session, metadata: dict, tokens: dict, claims: CodeIDToken) -> dict:
    fresh = dict(client.refresh_token(metadata["token_endpoint"], refresh_token=tokens["refresh_token"]))
    equal("refresh rotates the refresh token", fresh["refresh_token"] != tokens["refresh_token"], True)
    again = verify(metadata, fresh, None)
    equal("refresh keeps sub", again["sub"], claims["sub"])
    equal("refresh keeps auth_time", again["auth_time"], claims["auth_time"])
    return fresh


def revoke(client: OAuth2Session, metadata: dict, tokens: dict) -> None:
    answer = client.revoke_token(
        metadata["revocation_endpoint"], token=tokens["refresh_token"], token_type_hint="refresh_token"
    )
    equal("revocation answers 200", answer.status_code, 200)
    try:
        client.refresh_token(metadata["token_endpoint"], refresh_token=tokens["refresh_token"])
    except AuthlibBaseError as error:
        equal("a revoked refresh token is refused", error.error, "invalid_grant")
    else:
        sys.exit("FAILED: a revoked refresh token still refreshes")


def log_out(client: OAuth2Session, metadata: dict, visitor: Visitor, tokens: dict) -> None:
    hint = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": AFTER_LOGOUT, "state": "bye"}
    arrived = visitor.open(f"{metadata['end_session_endpoint']}?{urlencode(hint)}")
    equal("logout returns to the application", isinstance(arrived, str) and arrived.startswith(AFTER_LOGOUT), True)
    equal("logout returns state", parameter(arrived, "state"), "bye")
    url, *_ = authorization(client, metadata, prompt="none")
    arrived = visitor.open(url)
    equal("prompt=none after logout answers at once", isinstance(arrived, str), True)
    equal("prompt=none after logout is login_required", parameter(arrived, "error"), "login_required")


def main() -> None:
    client = OAuth2Session(
        CLIENT_ID,
        setting("CLIENT_SECRET"),
        token_endpoint_auth_method="client_secret_post",
        revocation_endpoint_auth_method="client_secret_post",
        scope=SCOPE,
        redirect_uri=REDIRECT_URI,
        code_challenge_method="S256",
    )
    visitor = Visitor(REDIRECT_URI, AFTER_LOGOUT)
    metadata = discover()
    tokens, claims = sign_in(client, metadata, visitor)
    fresh = refresh(client, metadata, dict(tokens), claims)
    revoke(client, metadata, fresh)
    log_out(client, metadata, visitor, fresh)
    print("authlib: complete")


if __name__ == "__main__":
    main()
