"""A person at the hosted pages, without a browser: keeps cookies, follows redirects, fills in forms.

The Python twin of visitor.js. Neither runs scripts: what works here works in every browser.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

import requests

REDIRECTS = 10
PAGES = 8


@dataclass
class Form:
    """A form: where it goes, what a browser would send before anything is typed, and its buttons."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[dict[str, str | None]] = field(default_factory=list)


class Page(HTMLParser):
    """A page as a visitor sees it."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__()
        self.url = response.url
        self.status = response.status_code
        self.id: str | None = None
        self.words: list[str] = []
        self.forms: list[Form] = []
        self.within: Form | None = None
        self.feed(response.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if (attributes.get("id") or "").startswith("page-"):
            self.id = attributes["id"]
        if tag == "form":
            action = urljoin(self.url, attributes.get("action") or "")
            self.within = Form(action, (attributes.get("method") or "get").upper())
            self.forms.append(self.within)
        elif tag in ("input", "button") and self.within:
            self._control(self.within, tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.within = None

    def _control(self, form: Form, tag: str, attributes: dict[str, str | None]) -> None:
        name, kind = attributes.get("name"), attributes.get("type")
        if tag == "button" or kind == "submit":
            form.buttons.append(attributes)
        elif name and (kind not in ("checkbox", "radio") or "checked" in attributes):
            form.fields[name] = attributes.get("value") or ""

    def handle_data(self, data: str) -> None:
        self.words += data.split()

    def with_field(self, name: str) -> Form | None:
        return next((form for form in self.forms if name in form.fields), None)

    def with_button(self, button: str) -> Form | None:
        return next((form for form in self.forms if any(each.get("id") == button for each in form.buttons)), None)


class Visitor:
    """Stops where an address begins with one of ``home``: there the client's own site starts."""

    def __init__(self, *home: str) -> None:
        self.home = home
        self.http = requests.Session()

    def open(self, url: str) -> Page | str:
        """Opens an address. Gives a page, or the address at the client's site."""
        return self._send("GET", url, None)

    def submit(self, form: Form, typed: dict[str, str], button: str | None = None) -> Page | str:
        """Sends a form with what is typed in, by the button with this id if one is named."""
        chosen = next((each for each in form.buttons if button in (None, each.get("id"))), {})
        fields = form.fields | typed
        if chosen.get("name"):
            fields[chosen["name"]] = chosen.get("value") or ""
        return self._send(form.method, form.action, fields)

    def sign_in(self, url: str, username: str, password: str) -> str:
        """Opens an authorization request and does what its pages ask, until back at the client."""
        page = self.open(url)
        for _ in range(PAGES):
            if isinstance(page, str):
                return page
            page = self._answer(page, username, password)
        raise AssertionError(f"still not back at the client after {PAGES} pages")

    def _answer(self, page: Page, username: str, password: str) -> Page | str:
        if page.status < 400 and (form := page.with_field("p_password")):
            return self.submit(form, {"p_password": password})
        if page.status < 400 and (form := page.with_field("p_email")):
            return self.submit(form, {"p_email": username})
        for button in ("allow", "continue"):
            if form := page.with_button(button):
                return self.submit(form, {}, button)
        raise AssertionError(f"nothing to do on {page.id} ({page.status}, {page.url}): {' '.join(page.words)}")

    def _send(self, method: str, url: str, fields: dict[str, str] | None) -> Page | str:
        for _ in range(REDIRECTS):
            if url.startswith(self.home):
                return url if fields is None else f"{url}?{urlencode(fields)}"
            where = {"data": fields} if method == "POST" else {"params": fields}
            response = self.http.request(method, url, allow_redirects=False, timeout=30, **where)
            if "location" not in response.headers:
                return Page(response)
            url = urljoin(url, response.headers["location"])
            if response.status_code not in (307, 308):
                method, fields = "GET", None
        raise AssertionError(f"more than {REDIRECTS} redirects, the last to {url}")
