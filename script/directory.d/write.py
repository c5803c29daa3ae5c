"""How a directory is written: into an SQLite file, or through psql into PostgreSQL. All of it, or nothing."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from itertools import islice
from urllib.parse import parse_qs, unquote, urlsplit

BATCH = 20_000
CACHE_KIB = 1_000_000


class CannotWrite(Exception):
    """Why the directory can't be written, and what to do."""


class Progress:
    """Says on standard error how far it is, once in a while."""

    def __init__(self):
        self.start = self.said_at = time.monotonic()

    def count(self, table, rows):
        """Passes batches of rows on, and counts them."""
        iterator, done = iter(rows), 0
        while batch := list(islice(iterator, BATCH)):
            yield batch
            done += len(batch)
            if time.monotonic() > self.said_at + 5:
                self.say(f"{table} {done:,}")
        self.say(f"{table} {done:,}, all")

    def say(self, text):
        self.said_at = time.monotonic()
        print(f"{self.said_at - self.start:6.0f} s  {text}", file=sys.stderr, flush=True)


def check(tables, columns_of):
    """Those of the tables that the schema has; refuses a schema that this program does not know.

    `columns_of` gives the columns of a table, each with whether an insert has to name it; none without the table.
    """
    there = []
    for table in tables:
        columns = columns_of(table.name)
        if not columns and table.optional:
            continue
        missing = [name for name in table.columns if name not in columns]
        if missing:
            raise CannotWrite(f"the table {table.name} has no column {', '.join(missing)}: "
                              "bring script/directory.d/content.py up to the migrations")
        unknown = [name for name, is_required in columns.items() if is_required and name not in table.columns]
        if unknown:
            raise CannotWrite(f"the table {table.name} wants a value for {', '.join(unknown)}: "
                              "teach it to script/directory.d/content.py")
        there.append(table)
    return there


OCCUPIED = ("the database has users or organizations already: name an empty one, "
            "which may have been migrated but not bootstrapped")
COUNT_CHANGE = "UPDATE environment SET catalogue_version = catalogue_version + 1 WHERE id = 1"


# SQLite


def sqlite(path, tables, progress):
    connection = sqlite3.connect(path, timeout=5, isolation_level=None)
    try:
        # With a rollback journal, pages that are new need not be saved anywhere first, and there is no
        # second copy of everything in a write-ahead log.
        journal = connection.execute("PRAGMA journal_mode").fetchone()[0]
        connection.execute("PRAGMA journal_mode = DELETE")
        try:
            fill_sqlite(connection, tables, progress)
        finally:
            connection.execute(f"PRAGMA journal_mode = {journal}")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise CannotWrite(f"{path} is in use: stop the server first") from error
        raise
    finally:
        connection.close()
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def fill_sqlite(connection, tables, progress):
    # These hold for this connection, and end with it.
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")

    def columns_of(table):
        described = connection.execute(f"PRAGMA table_info({table})")
        return {name: bool(is_required and default is None)
                for _, name, _, is_required, default, _ in described}

    tables = check(tables, columns_of)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        if connection.execute("SELECT EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM organizations)"
                              ).fetchone()[0]:
            raise CannotWrite(OCCUPIED)
        for table in tables:
            places = ", ".join("?" * len(table.columns))
            insert = f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({places})"
            for batch in progress.count(table.name, table.rows()):
                connection.executemany(insert, batch)
        connection.execute(COUNT_CHANGE)
        broken = connection.execute("PRAGMA foreign_key_check").fetchone()
        if broken:
            raise CannotWrite(f"a row of {broken[0]} refers to one of {broken[2]} that is not there")
        progress.say("committing")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


# PostgreSQL


class Psql:
    """Runs psql on the database of a URL, whose password is not shown to others."""

    # What the URL may say beside the place, and the variables in which psql looks for it.
    VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
                 "dbname": "PGDATABASE", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT",
                 "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY"}

    def __init__(self, url):
        if not shutil.which("psql"):
            raise CannotWrite("psql is missing: install the client of PostgreSQL "
                              "(Debian and Ubuntu: apt install postgresql-client; macOS: brew install libpq)")
        parts = urlsplit(url)
        place = {"host": parts.hostname, "port": parts.port and str(parts.port),
                 "user": parts.username and unquote(parts.username),
                 "password": parts.password and unquote(parts.password),
                 "dbname": unquote(parts.path.lstrip("/"))}
        place.update({name: values[-1] for name, values in parse_qs(parts.query).items()})
        self.environment = {**os.environ, **{self.VARIABLES[name]: value for name, value in place.items()
                                             if value and name in self.VARIABLES}}
        self.command = ["psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only",
                        "--set=ON_ERROR_STOP=1"]

    def ask(self, statement):
        done = subprocess.run([*self.command, "--command", statement], env=self.environment,
                              stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise CannotWrite("psql failed, as it says above")
        return [line.split("|") for line in done.stdout.splitlines()]

    def open(self):
        # What statements return is not for whoever reads our output.
        return subprocess.Popen([*self.command, "--file=-"], env=self.environment, stdin=subprocess.PIPE,
                                stdout=subprocess.DEVNULL, text=True)


def postgres(url, tables, progress):
    psql = Psql(url)
    described = psql.ask(
        "SELECT table_name, column_name, is_nullable = 'NO' AND column_default IS NULL"
        " FROM information_schema.columns WHERE table_schema = current_schema()")
    columns = {}
    for table, column, is_required in described:
        columns.setdefault(table, {})[column] = is_required == "t"
    tables = check(tables, lambda table: columns.get(table, {}))
    occupied = psql.ask("SELECT EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM organizations)")
    if occupied == [["t"]]:
        raise CannotWrite(OCCUPIED)
    process = psql.open()
    try:
        with process.stdin as script:
            script.write("BEGIN;\n")
            for table in tables:
                script.write(f"COPY {table.name} ({', '.join(table.columns)}) FROM STDIN;\n")
                for batch in progress.count(table.name, table.rows()):
                    script.writelines("\t".join(map(as_text, row)) + "\n" for row in batch)
                script.write("\\.\n")
            script.write(f"{COUNT_CHANGE};\n")
            progress.say("committing")
            script.write("COMMIT;\n")
            # As the server would by itself some minutes later.
            names = ", ".join(table.name for table in tables)
            script.write(f"VACUUM (ANALYZE) {names};\n")
    except BrokenPipeError:
        pass  # psql has said why
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.wait():
        raise CannotWrite("psql failed, as it says above; nothing was written")


def as_text(value):
    """A value as COPY reads it."""
    if value is None:
        return "\\N"
    if value is True or value is False:
        return "t" if value else "f"
    if type(value) is str and ("\\" in value or "\t" in value or "\n" in value):
        return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    return str(value)
