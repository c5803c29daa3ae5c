"""A browser without a screen: cookies and forms."""

import base64
import hashlib
import http.client
import re
import secrets
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urlsplit


class Forms(HTMLParser):
    """The forms of a page, each with its action and its hidden fields."""

    def __init__(self, page):
        super().__init__()
        self.forms = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.forms.append((attributes.get("action", ""), {}))
        elif tag == "input" and self.forms and attributes.get("type") == "hidden":
            self.forms[-1][1][attributes["name"]] = attributes.get("value", "")


class Browser:
    def __init__(self, url):
        self.url = url
        self.cookies = {}
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def request(self, method, path, form=None):
        headers = {"Cookie": self.cookie()} if self.cookies else {}
        body = None
        if form is not None:
            body = urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Origin"] = self.url
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        text = response.read().decode()
        for cookie in response.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response.status, response.headers.get("Location"), text

    def cookie(self):
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def visit(self, path):
        """Follows redirects; returns the page, or the address outside where they end."""
        return self.follow(*self.request("GET", path))

    def follow(self, status, location, text):
        while location is not None:
            if location.startswith(self.url):
                location = location[len(self.url):]
            if not location.startswith("/"):
                return location
            status, location, text = self.request("GET", location)
        if status >= 400:
            raise RuntimeError(f"the server answered {status}: {words(text)}")
        return text

    def submit(self, page, step, **fields):
        """Fills in the form of a step of the interaction and sends it."""
        for action, hidden in Forms(page).forms:
            if urlsplit(action).path.endswith("/" + step):
                return self.follow(*self.request("POST", action, {**hidden, **fields}))
        raise RuntimeError(f"the page has no form for {step}: {words(page)}")


def words(page):
    return re.sub(r"\s+", " ", re.sub(r"<style.*?</style>|<[^>]+>", " ", page, flags=re.S))[:400]


class Client:
    """The application that people sign in to."""

    def __init__(self, client_id, secret, redirect_uri, scope):
        self.client_id, self.secret = client_id, secret
        self.redirect_uri, self.scope = redirect_uri, scope
        self.verifier = secrets.token_urlsafe(32)

    def authorization(self, **more):
        challenge = hashlib.sha256(self.verifier.encode()).digest()
        return "/oauth2/auth?" + urlencode({
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": self.scope,
            "state": secrets.token_urlsafe(12),
            "nonce": secrets.token_urlsafe(12),
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **more,
        })

    def credentials(self):
        return {"client_id": self.client_id, "client_secret": self.secret}

    def exchange(self, code):
        """The form that redeems a code."""
        return {
            **self.credentials(),
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }


def code_of(location):
    """The code in an authorization response."""
    answer = parse_qs(urlsplit(location).query)
    if "code" not in answer:
        raise RuntimeError(f"no code in the answer: {location}")
    return answer["code"][0]


def sign_in(browser, client, address, password, **more):
    """Signs in with a password; returns the answer at the redirect URI."""
    page = browser.visit(client.authorization(**more))
    page = browser.submit(page, "identifier", p_email=address)
    return browser.submit(page, "password", p_password=password)
