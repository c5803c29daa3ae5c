"""What is started: a private PostgreSQL, the server, the bare handler."""

import glob
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Process:
    """A child that answers at a URL, and is stopped by its id."""

    def __init__(self, command, url, path, **options):
        self.url = url
        start = time.monotonic()
        self.child = subprocess.Popen(command, **options)
        self.pid = self.child.pid
        self.wait(path)
        self.seconds_to_answer = time.monotonic() - start

    def wait(self, path):
        for _ in range(20_000):
            if self.child.poll() is not None:
                raise RuntimeError(f"{self.child.args[0]} ended with {self.child.returncode}")
            try:
                with urllib.request.urlopen(self.url + path, timeout=5) as response:
                    response.read()
                    return
            except OSError:
                time.sleep(0.001)
        raise RuntimeError(f"nothing answers at {self.url}")

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(30)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


class Postgres:
    """A cluster of its own in a folder of its own, with durable commits.

    A folder that is named is kept, and the cluster that is in it started again.
    """

    def __init__(self, kept=None):
        folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
        binaries = Path(folders[0]) if folders else Path(shutil.which("initdb") or "").parent
        if not (binaries / "initdb").exists():
            raise FileNotFoundError("no PostgreSQL found")
        self.is_kept = kept is not None
        if self.is_kept:
            Path(kept).mkdir(parents=True, exist_ok=True)
        self.folder = str(kept or tempfile.mkdtemp(prefix="vestibule-bench-pg-"))
        self.as_user = {}
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.as_user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self.options = {**self.as_user, "cwd": self.folder, "stdout": subprocess.DEVNULL}
        data = f"{self.folder}/data"
        port = free_port()
        if not Path(data).exists():
            subprocess.run(
                [binaries / "initdb", "-D", data, "-U", "bench", "--locale=C", "-E", "UTF8",
                 "-A", "trust"], check=True, **self.options)
        self.place = ["-h", "127.0.0.1", "-p", str(port), "-U", "bench"]
        self.binaries, self.port = binaries, port
        self.child = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-p", str(port), "-k", self.folder,
             "-c", "listen_addresses=127.0.0.1", "-c", "log_min_messages=fatal"],
            stderr=subprocess.DEVNULL, **self.options)
        for _ in range(200):
            ready = subprocess.run([binaries / "pg_isready", *self.place], **self.options)
            if ready.returncode == 0:
                break
            time.sleep(0.1)
        else:
            raise RuntimeError("PostgreSQL did not start")

    def url(self, database):
        return f"postgres://bench@127.0.0.1:{self.port}/{database}"

    def create(self, database, template="template1"):
        """A new database, in place of one of that name."""
        self.remove(database)
        subprocess.run(
            [self.binaries / "createdb", *self.place, "--strategy=file_copy",
             f"--template={template}", database], check=True, **self.options)
        return self.url(database)

    def remove(self, database):
        subprocess.run([self.binaries / "dropdb", *self.place, "--if-exists", database],
                       check=True, stderr=subprocess.DEVNULL, **self.options)

    def rename(self, database, name):
        subprocess.run(
            [self.binaries / "psql", *self.place, "--quiet", "--command",
             f'ALTER DATABASE "{database}" RENAME TO "{name}"', "postgres"],
            check=True, **self.options)

    def has(self, database):
        listed = subprocess.run(
            [self.binaries / "psql", *self.place, "--no-align", "--tuples-only", "--command",
             "SELECT datname FROM pg_database", "postgres"],
            check=True, **{**self.options, "stdout": subprocess.PIPE}, text=True)
        return database in listed.stdout.splitlines()

    def stop(self):
        self.child.send_signal(signal.SIGINT)
        self.child.wait(60)
        if not self.is_kept:
            shutil.rmtree(self.folder, ignore_errors=True)


class Vestibule:
    """A configured folder with a database, and the server over it."""

    def __init__(self, binary, database, file=None, more=""):
        """`file` is an SQLite database to start from, of which a copy is used; `more` is configured besides."""
        self.binary = binary
        self.secret = secrets.token_hex(26)
        self.environment = {**os.environ, "VESTIBULE_BENCH_SECRET": self.secret}
        self.folder = Path(tempfile.mkdtemp(prefix="vestibule-bench-"))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.config = self.folder / "vestibule.toml"
        self.config.write_text(
            (HERE / "vestibule.toml").read_text()
            .replace("@PORT@", str(port))
            .replace("@DATABASE@", database or f"sqlite:{self.folder}/vestibule.db") + more)
        self.process = None
        if file:
            subprocess.run(["cp", "--reflink=auto", file, self.folder / "vestibule.db"], check=True)
        self.run("migrate")
        self.run("apply", str(HERE / "document.toml"))

    def run(self, *arguments):
        return subprocess.run(
            [self.binary, *arguments, "--config", str(self.config)],
            check=True, stdout=subprocess.PIPE, env=self.environment, text=True).stdout

    def start(self):
        self.process = Process(
            [self.binary, "serve", "--config", str(self.config)],
            self.url, "/.well-known/openid-configuration",
            stdout=subprocess.DEVNULL, env=self.environment)
        return self.process

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
