"""The rows of the table, in the order of the issue that set their bounds."""

import base64
import json
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import browser
import machine
import stage

ROUNDS = 3
ADDRESS = "ada@example.test"
AUDIENCE = "https://api.example.test/orders"
WEB = "be0c4000000000000000000000000001"
MACHINES = {
    "RS256": "be0c4000000000000000000000000002",
    "ES256": "be0c4000000000000000000000000003",
}
DISCOVERY = "/.well-known/openid-configuration"
JWKS = "/.well-known/jwks.json"


def median(rounds):
    """The median of each number over several rounds."""
    names = rounds[0].keys()
    return {name: statistics.median(outcome[name] for outcome in rounds) for name in names}


class Bench:
    def __init__(self, binary, baseline, seconds, operations, rows):
        self.binary, self.baseline = binary, baseline
        self.seconds, self.operations = seconds, operations
        self.rows = rows
        self.engine_name = None

    # The report.

    def add(self, name, outcome=None, **columns):
        row = {"name": name, "engine": self.engine_name, **(outcome or {}), **columns}
        self.rows.append(row)
        ratio = row.get("ratio", row.get("value"))
        print(f"  {name}: {'' if ratio is None else round(ratio, 2)}", flush=True)

    def at_most(self, name, outcome, bare_us, limit=None):
        ratio = outcome["cpu_us"] / bare_us
        bound = {"bound": f"≤ {limit}", "holds": ratio <= limit} if limit else {}
        self.add(name, outcome, bare_us=bare_us, ratio=ratio, **bound)

    def value(self, name, value, unit, limit):
        self.add(name, value=value, unit=unit, bound=f"≤ {limit}", holds=value <= limit)

    # The runs.

    def size(self):
        self.value("stripped binary", Path(self.binary).stat().st_size / 1e6, "MB", 30)

    def engine(self, name, database):
        self.engine_name = name
        print(name, flush=True)
        server = stage.Vestibule(self.binary, database)
        try:
            self.start(server)
            self.measure(server)
        finally:
            server.remove()

    def start(self, server):
        server.start()  # the first start makes the keys
        server.stop()
        times = []
        for _ in range(5):
            times.append(server.start().seconds_to_answer * 1000)
            time.sleep(2)
            resident = machine.resident_megabytes(server.process.pid)
            server.stop()
        self.value("start to first answer", statistics.median(times), "ms", 150)
        self.value("resident memory, idle", resident, "MB", 40)

    def measure(self, server):
        process = server.start()
        before = machine.signatures(3)
        self.machine_to_machine(process, server.secret, before)
        client = browser.Client(
            WEB, server.secret, "http://127.0.0.1:9/callback", "openid profile email offline")
        visitor = browser.Browser(server.url)
        browser.sign_in(visitor, client, ADDRESS, server.secret)
        tokens = self.exchange(process, visitor, client, before)
        self.refresh(process, visitor, client, before)
        self.resource(process, client, tokens)
        self.password(server, client)
        if self.engine_name == "SQLite":
            self.documents(process)
        after = machine.signatures(3)
        drift = max(abs(after[name] / before[name] - 1) for name in before)
        self.add("the bare signature itself moved by", ratio=drift)

    def machine_to_machine(self, server, secret, bare):
        for algorithm, limit in (("RS256", 1.5), ("ES256", None)):
            body = urlencode({
                "grant_type": "client_credentials", "client_id": MACHINES[algorithm],
                "client_secret": secret, "audience": AUDIENCE,
            })
            self.warm_up(server, "/oauth2/token", body=body)
            outcome = machine.load(server, "/oauth2/token", seconds=self.seconds, body=body)
            self.at_most(f"client_credentials, {algorithm}", outcome, bare[algorithm], limit)

    def exchange(self, server, visitor, client, bare):
        """Redeems codes; returns the tokens of one exchange."""
        form = client.exchange(browser.code_of(visitor.visit(client.authorization())))
        tokens = json.loads(visitor.request("POST", "/oauth2/token", form)[2])
        rounds = []
        for _ in range(ROUNDS):
            lines = self.codes(visitor, client, self.operations)
            rounds.append(self.send_list(server, lines))
        self.at_most("code exchange, two RS256", median(rounds), 2 * bare["RS256"], 2.5)
        return tokens

    def codes(self, visitor, client, count):
        lines = []
        for _ in range(count):
            code = browser.code_of(visitor.visit(client.authorization()))
            lines.append(f"/oauth2/token\t\t{urlencode(client.exchange(code))}")
        return lines

    def refresh(self, server, visitor, client, bare):
        tokens = []
        for _ in range(64):
            code = browser.code_of(visitor.visit(client.authorization()))
            answer = visitor.request("POST", "/oauth2/token", client.exchange(code))[2]
            tokens.append(json.loads(answer)["refresh_token"])
        body = urlencode({**client.credentials(), "grant_type": "refresh_token"})
        with listed(tokens) as file:
            outcome = machine.load(
                server, "/oauth2/token", "refresh.lua", seconds=self.seconds, connections=16,
                file=file.name, body=body)
        self.at_most("refresh, two RS256", outcome, 2 * bare["RS256"], 2.5)

    def resource(self, server, client, tokens):
        access_token = tokens["access_token"]
        bearer = f"Bearer {access_token}"
        self.warm_up(server, "/oauth2/v2/user_profile", authorization=bearer)
        self.add("userinfo", machine.load(
            server, "/oauth2/v2/user_profile", seconds=self.seconds, authorization=bearer))
        credentials = f"{client.client_id}:{client.secret}".encode()
        basic = f"Basic {base64.b64encode(credentials).decode()}"
        body = urlencode({"token": access_token})
        self.warm_up(server, "/oauth2/introspect", authorization=basic, body=body)
        self.add("introspection", machine.load(
            server, "/oauth2/introspect", seconds=self.seconds, authorization=basic, body=body))

    def password(self, server, client):
        """Sign-ins with a password, against the hash alone on as many threads."""
        rounds = []
        for _ in range(ROUNDS):
            visitor = browser.Browser(server.url)
            lines = [self.prepared(visitor, client, server.secret) for _ in range(max(100, self.operations // 10))]
            bare = machine.argon2(self.baseline, self.seconds, 2, 19456, 2, 1)
            outcome = self.send_list(server.process, lines)
            outcome["bare_us"] = bare["cpu_us"]
            outcome["bare_per_second"] = bare["per_second"]
            rounds.append(outcome)
        outcome = median(rounds)
        ratio = outcome["bare_us"] / outcome["cpu_us"]
        self.add("password sign-in", outcome, ratio=ratio, bound="≥ 0.9", holds=ratio >= 0.9)
        self.add("resident memory after those sign-ins", unit="MB",
                 value=machine.resident_megabytes(server.process.pid))

    def prepared(self, visitor, client, password):
        """A sign-in that lacks nothing but the password, as a line for the list."""
        page = visitor.visit(client.authorization())
        page = visitor.submit(page, "identifier", p_email=ADDRESS)
        for action, hidden in browser.Forms(page).forms:
            if action.endswith("/password"):
                form = urlencode({**hidden, "p_password": password})
                return f"{action.removeprefix(visitor.url)}\t{visitor.cookie()}\t{form}"
        raise RuntimeError(f"the page asks for no password: {browser.words(page)}")

    def documents(self, server):
        """Documents that never change, against a bare handler that serves the same bytes."""
        for name, path in (("JWKS", JWKS), ("discovery", DISCOVERY)):
            with urllib.request.urlopen(server.url + path) as response:
                kind, content = response.headers["Content-Type"], response.read().decode()
            with listed([content]) as file:
                address = f"127.0.0.1:{stage.free_port()}"
                bare = stage.Process(
                    [self.baseline, "http", address, file.name, kind], f"http://{address}", "/")
                try:
                    self.against(name, server, path, bare)
                finally:
                    bare.stop()

    def against(self, name, server, path, bare):
        ours, theirs = [], []
        for side, process, at in ((ours, server, path), (theirs, bare, "/")) * ROUNDS:
            self.warm_up(process, at)
            side.append(machine.load(process, at, seconds=self.seconds))
        outcome, reference = median(ours), median(theirs)
        ratio = outcome["per_second"] / reference["per_second"]
        self.add(name, outcome, bare_us=reference["cpu_us"], ratio=ratio,
                 bare_per_second=reference["per_second"], bound="≥ 0.8", holds=ratio >= 0.8)

    def warm_up(self, server, path, **environment):
        machine.load(server, path, seconds=1, **environment)

    def send_list(self, server, lines):
        with listed(lines) as file:
            return machine.load(
                server, "", "list.lua", seconds=600, connections=16, file=file.name)


def listed(lines):
    file = tempfile.NamedTemporaryFile("w", suffix=".txt")
    file.write("\n".join(lines) + "\n")
    file.flush()
    return file
