"""A large directory against a small one: the same work, by turns.

What differs is how much there is to find, so that the ratio is what size costs. The sides take turns of
some seconds each, and the ratio is the median of those of neighbouring turns: what else the machine does
falls on both alike.
"""

import hashlib
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, urlencode

import browser
import machine
import rows
import stage

ROOT = Path(__file__).resolve().parent.parent.parent
KEPT = ROOT / "target" / "bench-directory"
GENERATOR = ROOT / "script" / "directory"
sys.path.insert(0, str(ROOT / "script" / "directory.d"))

import content  # noqa: E402

ROUNDS = 5
SMALL = 1_000
ALL_CLAIMS = "be0c4000000000000000000000000004"
# Of directories that nobody else sees.
PASSWORD = "one directory of many"


def measure(bench, binary, options):
    if options.engine != "postgres":
        Directories(bench, binary, "SQLite", options.users, Files(binary)).measure()
    if options.engine != "sqlite":
        try:
            cluster = Cluster(binary)
        except FileNotFoundError as error:
            print(f"{error}: the large directory is not measured on PostgreSQL", file=sys.stderr)
            return
        try:
            Directories(bench, binary, "PostgreSQL", options.users, cluster).measure()
        finally:
            cluster.stop()


def described(users):
    return content.Directory(users=users, organizations=max(50, users // 10))


def kept_name(users):
    """Another content has another name."""
    made_by = (ROOT / "script/directory.d/content.py").read_bytes()
    return f"users-{users}-{hashlib.sha256(made_by).hexdigest()[:8]}"


def generate(binary, url, users):
    print(f"building a directory of {users:,} users", file=sys.stderr, flush=True)
    directory = described(users)
    subprocess.run(
        [GENERATOR, "--binary", binary, f"--users={users}", f"--organizations={directory.organizations}", url],
        check=True, stdout=subprocess.DEVNULL, env={**os.environ, "VESTIBULE_DIRECTORY_PASSWORD": PASSWORD})


class Files:
    """SQLite: directories are files, of which copies are used."""

    def __init__(self, binary):
        self.binary = binary

    def stage(self, users):
        if users == 0:
            return stage.Vestibule(self.binary, None)
        KEPT.mkdir(parents=True, exist_ok=True)
        file = KEPT / f"{kept_name(users)}.db"
        if not file.exists():
            # What was interrupted is begun anew.
            unfinished = file.with_suffix(".unfinished")
            unfinished.unlink(missing_ok=True)
            generate(self.binary, f"sqlite:{unfinished}", users)
            unfinished.rename(file)
        return stage.Vestibule(self.binary, None, file)

    def spends(self, process):
        return machine.cpu_seconds(process.pid)


class Cluster:
    """PostgreSQL: directories are databases of one cluster, of which copies are used."""

    def __init__(self, binary):
        self.binary = binary
        self.postgres = stage.Postgres(KEPT / "postgres")

    def stage(self, users):
        name = kept_name(users)
        if users == 0:
            return stage.Vestibule(self.binary, self.postgres.create("copy-0"))
        if not self.postgres.has(name):
            generate(self.binary, self.postgres.create("unfinished"), users)
            self.postgres.rename("unfinished", name)
        return stage.Vestibule(self.binary, self.postgres.create(f"copy-{users}", template=name))

    def spends(self, process):
        """What the server and its database spend; the other servers of the cluster are idle meanwhile."""
        return machine.cpu_seconds(process.pid) + machine.tree_cpu_seconds(self.postgres.child.pid)

    def stop(self):
        for users in (0, SMALL):
            self.postgres.remove(f"copy-{users}")
        self.postgres.stop()


class Side:
    """A server over a directory, and who signs in there."""

    def __init__(self, server, address, password, organization, spends):
        self.server, self.spends = server, spends
        bootstrapped = json.loads(server.run("bootstrap", "--email", "root@example.test", "--json"))
        self.machine = bootstrapped["management_client"]
        self.process = server.start()
        self.client = browser.Client(
            ALL_CLAIMS, server.secret, "http://127.0.0.1:9/callback", "openid profile email offline")
        self.visitor = browser.Browser(server.url)
        self.goal = {"org_code": organization} if organization else {}
        browser.sign_in(self.visitor, self.client, address, password, **self.goal)

    def load(self, path, script, **more):
        spends = lambda: self.spends(self.process)
        return machine.load(self.process, path, script, spends=spends, **more)

    def code(self):
        return browser.code_of(self.visitor.visit(self.client.authorization(**self.goal)))

    def tokens(self):
        form = self.client.exchange(self.code())
        return json.loads(self.visitor.request("POST", "/oauth2/token", form)[2])

    def exchange(self, count):
        lines = [f"/oauth2/token\t\t{urlencode(self.client.exchange(self.code()))}" for _ in range(count)]
        with rows.listed(lines) as file:
            return self.load("", "list.lua", seconds=600, connections=8, file=file.name)

    def refresh(self, seconds):
        body = urlencode({**self.client.credentials(), "grant_type": "refresh_token"})
        with rows.listed([self.tokens()["refresh_token"] for _ in range(32)]) as file:
            return self.load(
                "/oauth2/token", "refresh.lua", seconds=seconds, connections=8, file=file.name, body=body)

    # The management API.

    def authorize(self):
        form = {"grant_type": "client_credentials", "audience": self.machine["audience"],
                "client_id": self.machine["client_id"], "client_secret": self.machine["client_secret"]}
        answer = json.loads(self.visitor.request("POST", "/oauth2/token", form)[2])
        self.bearer = f"Bearer {answer['access_token']}"

    def ask(self, path):
        self.visitor.connection.request("GET", path, headers={"Authorization": self.bearer})
        response = self.visitor.connection.getresponse()
        body = json.loads(response.read())
        if response.status != 200:
            raise RuntimeError(f"{path}: the server answered {response.status}: {body}")
        return body

    def look_up(self, seconds, paths):
        with rows.listed(paths) as file:
            return self.load("", "get.lua", seconds=max(1, int(seconds)), connections=4, file=file.name,
                             authorization=self.bearer)


class Directories:
    """Servers on one engine: over nothing, over a small directory, and over a large one."""

    def __init__(self, bench, binary, engine, users, source):
        self.bench, self.engine, self.users, self.source = bench, engine, users, source
        self.servers = []

    def measure(self):
        self.bench.engine_name = self.engine
        print(f"{self.engine}, a directory of {self.users:,} users", flush=True)
        try:
            large = self.side(self.users)
            self.tokens(self.side(0), large)
            self.lookups(self.side(SMALL), large)
        finally:
            for server in self.servers:
                server.remove()

    def side(self, users):
        server = self.source.stage(users)
        self.servers.append(server)
        if users == 0:
            return Side(server, rows.ADDRESS, server.secret, None, self.source.spends)
        directory = described(users)
        organization = directory.organization_id(directory.organizations_of_ada[-1])
        return Side(server, content.ADDRESS, PASSWORD, organization, self.source.spends)

    def tokens(self, empty, large):
        """For a user with many roles in many organizations, against one in an empty directory."""
        belongs_to = min(content.ORGANIZATIONS_OF_ADA, described(self.users).organizations)
        claims = json.loads(rows.base64.urlsafe_b64decode(
            large.tokens()["access_token"].split(".")[1] + "=="))
        print(f"  {belongs_to} organizations, {len(claims['roles'])} roles and "
              f"{len(claims['permissions'])} permissions in one", flush=True)
        for name, work in (("code exchange", lambda side: side.exchange(self.bench.operations // 2)),
                           ("refresh", lambda side: side.refresh(self.bench.seconds))):
            self.against(name, work, empty, large, cpu=1.3, p99=1.3)

    def lookups(self, small, large):
        for side in (small, large):
            side.authorize()
            side.paths = self.paths(side)
        for name in large.paths:
            work = lambda side: side.look_up(self.bench.seconds / 2, side.paths[name])
            self.against(name, work, small, large, p99=3)

    def paths(self, side):
        """What is looked up: a few hundred users, spread over the first pages, by all that is known of them."""
        users, page, path = [], "", "/api/v1/users?page_size=500"
        cursors = []
        for _ in range(20):
            answer = side.ask(path + page)
            users += answer["users"]
            if not answer["next_token"]:
                break
            cursors.append(answer["next_token"])
            page = f"&next_token={quote(answer['next_token'])}"
        chosen = users[:: max(1, len(users) // 300)]
        names = [user["first_name"] for user in chosen if user["first_name"]]
        families = [user["last_name"] for user in chosen if user["last_name"]]
        emails = [user["email"] for user in chosen if user["email"]]
        search = "/api/v1/search/users?page_size=10&query="
        return {
            "list users, first page": ["/api/v1/users?page_size=50"],
            "list users, next page": [
                f"/api/v1/users?page_size=50&next_token={quote(cursor)}" for cursor in cursors],
            "find users by id": [f"/api/v1/users?user_id={user['id']}" for user in chosen],
            "find users by email": [f"/api/v1/users?email={quote(email)}" for email in emails],
            "search users by given name": [search + quote(name) for name in names],
            "search users by family name": [search + quote(name) for name in families],
            "search users by three letters": [search + quote(name[:3]) for name in families],
            "search users by email": [search + quote(email) for email in emails],
        }

    def against(self, name, work, small, large, cpu=None, p99=None):
        turns = []
        for turn in range(ROUNDS):
            # Neither is always the first.
            order = (small, large) if turn % 2 == 0 else (large, small)
            outcomes = {side: work(side) for side in order}
            turns.append((outcomes[small], outcomes[large]))
        outcome = rows.median([ours for _, ours in turns])
        reference = rows.median([theirs for theirs, _ in turns])
        for kind, column, limit in (("CPU", "cpu_us", cpu), ("p99", "p99_ms", p99)):
            ratio = statistics.median(ours[column] / theirs[column] for theirs, ours in turns)
            bound = {"bound": f"≤ {limit}", "holds": ratio <= limit} if limit else {}
            self.bench.add(f"{name}, {kind}", outcome, bare_us=reference["cpu_us"], ratio=ratio,
                           bare_p99_ms=reference["p99_ms"], **bound)
