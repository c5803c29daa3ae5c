"""Sign-ins through an upstream: against a local one without its hash, and with ten thousand connections against ten.

The upstream is a thread of this process, so that the CPU seconds are ours alone. Its answers are honest: RS256,
with the nonce of the request.
"""

import base64
import html
import http.server
import json
import re
import secrets
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import browser
import machine
import rows
import stage

ROUNDS = 5
FEW = 10
MANY = 10_000
# At one of the connections that both have.
GRACE = "grace@d7.example.test"


def encoded(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def part(content):
    return encoded(json.dumps(content).encode())


class Upstream:
    """An OpenID Provider at which Grace is signed in."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="vestibule-bench-upstream-")
        self.key = Path(self.folder.name) / "key.pem"
        run = lambda *command: subprocess.run(
            ["openssl", *command], check=True, capture_output=True, text=True).stdout
        run("genrsa", "-out", str(self.key), "2048")
        modulus = run("rsa", "-in", str(self.key), "-noout", "-modulus").strip().partition("=")[2]
        self.jwk = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one",
                    "n": encoded(bytes.fromhex(modulus)), "e": "AQAB"}
        self.granted = {}
        upstream = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                self.answer({"/jwks": {"keys": [upstream.jwk]}}.get(self.path, upstream.metadata()))

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.answer(upstream.tokens(parse_qs(body)["code"][0]))

            def answer(self, content):
                body = json.dumps(content).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.folder.cleanup()

    def metadata(self):
        return {
            "issuer": self.url, "jwks_uri": f"{self.url}/jwks",
            "authorization_endpoint": f"{self.url}/authorize", "token_endpoint": f"{self.url}/token",
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def grants(self, request):
        """Where the answer to an authorization request leads: a path at the server that asks."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request).query).items()}
        code = secrets.token_urlsafe(16)
        self.granted[code] = asked
        answer = urlencode({"code": code, "state": asked["state"], "iss": self.url})
        return f"{urlsplit(asked['redirect_uri']).path}?{answer}"

    def tokens(self, code):
        asked, now = self.granted.pop(code), int(time.time())
        claims = {
            "iss": self.url, "aud": asked["client_id"], "sub": "grace", "iat": now, "exp": now + 600,
            "nonce": asked["nonce"], "email": GRACE, "email_verified": True,
            "given_name": "Grace", "family_name": "Hopper",
        }
        signed = f"{part({'alg': 'RS256', 'kid': 'one'})}.{part(claims)}"
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", str(self.key)],
            input=signed.encode(), check=True, stdout=subprocess.PIPE).stdout
        return {"access_token": "there", "token_type": "Bearer", "expires_in": 600,
                "id_token": f"{signed}.{encoded(signature)}"}


def document(upstream, connections):
    """So many organizations, each with a connection of its own for its domain."""
    return "".join(
        f"""
        [[organizations]]
        code = "org_{number:011x}"
        name = "Organization {number}"

        [[connections]]
        id = "conn_{number:032x}"
        name = "connection-{number}"
        strategy = "oidc"
        issuer = "{upstream.url}"
        client_id = "vestibule"
        client_secret = {{ env = "VESTIBULE_BENCH_SECRET" }}
        applications = ["{rows.WEB}"]
        home_realm_domains = ["d{number}.example.test"]
        organization = "org_{number:011x}"
        is_auto_join_organization_enabled = true
        """ for number in range(connections))


class Server:
    """A server with so many connections."""

    def __init__(self, binary, database, upstream, connections):
        self.upstream = upstream
        self.server = stage.Vestibule(binary, database, more="\n[federation]\nallowed_networks = [\"127.0.0.0/8\"]\n")
        described = self.server.folder / "connections.toml"
        described.write_text(document(upstream, connections))
        self.server.run("apply", str(described))
        self.client = browser.Client(
            rows.WEB, self.server.secret, "http://127.0.0.1:9/callback", "openid profile email")

    def started(self):
        """Starts the server, some times. Returns the milliseconds to its first answer."""
        times = []
        for _ in range(ROUNDS):
            self.server.stop()
            times.append(self.server.start().seconds_to_answer * 1000)
        return statistics.median(times)

    def identified(self, visitor, address):
        page = visitor.visit(self.client.authorization())
        return visitor.submit(page, "identifier", p_email=address)

    def sign_in_there(self):
        visitor = browser.Browser(self.server.url)
        page = self.identified(visitor, GRACE)
        leads = re.search(r'id="continue" href="([^"]+)"', page)
        if not leads:
            raise RuntimeError(f"the page does not lead to the upstream: {browser.words(page)}")
        browser.code_of(visitor.visit(self.upstream.grants(html.unescape(leads[1]))))

    def sign_in_here(self):
        visitor = browser.Browser(self.server.url)
        page = self.identified(visitor, rows.ADDRESS)
        browser.code_of(visitor.submit(page, "password", p_password=self.server.secret))

    def cost(self, sign_in, count):
        """CPU microseconds of ours for each."""
        pid = self.server.process.pid
        before = machine.cpu_seconds(pid)
        for _ in range(count):
            sign_in()
        return (machine.cpu_seconds(pid) - before) / count * 1e6


def measure(bench, database):
    """On the engine whose URL that is; none is a SQLite file."""
    upstream = Upstream()
    servers = []
    try:
        print(f"{bench.engine_name}, sign-ins through an upstream", flush=True)
        few = Server(bench.binary, database("few"), upstream, FEW)
        servers.append(few.server)
        many = Server(bench.binary, database("many"), upstream, MANY)
        servers.append(many.server)
        ratio = many.started() / few.started()
        bench.add(f"start, {MANY:,} connections, not {FEW}", ratio=ratio, bound="≤ 1.2", holds=ratio <= 1.2)
        for server in (few, many):
            server.cost(server.sign_in_there, 20)  # the first one makes the account
        few.cost(few.sign_in_here, 20)
        count = max(40, bench.operations // 20)
        against_local, against_few, here, there, there_of_many = [], [], [], [], []
        for _ in range(ROUNDS):
            bare = machine.argon2(bench.baseline, max(1, bench.seconds // 2), 1, 19456, 2, 1)["cpu_us"]
            there.append(few.cost(few.sign_in_there, count))
            here.append(few.cost(few.sign_in_here, count) - bare)
            against_local.append(there[-1] / here[-1])
            there_of_many.append(many.cost(many.sign_in_there, count))
            against_few.append(there_of_many[-1] / there[-1])
        for name, ours, bare, ratios, limit in (
            ("federated sign-in, not a local one less its hash", there, here, against_local, 1.3),
            (f"federated sign-in, {MANY:,} connections, not {FEW}", there_of_many, there, against_few, 1.2),
        ):
            ratio = statistics.median(ratios)
            bench.add(name, cpu_us=statistics.median(ours), bare_us=statistics.median(bare), ratio=ratio,
                      bound=f"≤ {limit}", holds=ratio <= limit)
    finally:
        for server in servers:
            server.remove()
        upstream.stop()
