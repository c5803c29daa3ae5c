"""Compares the management API with its description: schemathesis calls what is described, with what may be sent.

Every second call of an operation that removes nothing is about things that there are, so that answers are compared and
not refusals alone. Deterministic: the same cases in every run.
"""

import itertools
import json
import os
import sys
import tempfile
from collections import defaultdict

import requests
import schemathesis
from schemathesis.cli import schemathesis as command

ISSUER = os.environ["VESTIBULE_ISSUER"]
KNOWN = json.loads(os.environ["KNOWN"])
OWN = os.environ["CLIENT_ID"]
# The id of nothing: what is known stays until the end.
NOBODY = "0" * 32
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)

calls = defaultdict(itertools.count)
statuses = defaultdict(set)


def spare(value):
    """The same value, where the tester's own application is another: what changes or removes that ends the run."""
    if isinstance(value, dict):
        return {name: spare(member) for name, member in value.items()}
    if isinstance(value, list):
        return [spare(member) for member in value]
    return KNOWN["client_id"] if value == OWN else value


@schemathesis.hook
def before_call(_context, case, _kwargs):
    for part in ("path_parameters", "query", "body"):
        # Only what the tester found in an answer can be ours.
        if OWN in repr(found := getattr(case, part)):
            setattr(case, part, spare(found))
    is_about_known = case.method != "DELETE" and next(calls[case.method, case.operation.path]) % 2 == 0
    for parameters in filter(None, (case.path_parameters, case.query)):
        for name in parameters.keys() & KNOWN.keys():
            if is_about_known:
                parameters[name] = KNOWN[name]
            elif case.method == "DELETE" and parameters[name] == KNOWN[name]:
                parameters[name] = NOBODY


@schemathesis.hook
def after_call(_context, case, response):
    statuses[f"{case.method} {case.operation.path}"].add(response.status_code)


def run() -> int:
    sys.argv = [
        "schemathesis",
        "run",
        f"{ISSUER}/api/v1/openapi.json",
        f"--header=Authorization: Bearer {os.environ['TOKEN']}",
        f"--checks={','.join(CHECKS)}",
        "--phases=examples,coverage,fuzzing",
        f"--max-examples={os.environ['EXAMPLES']}",
        "--generation-deterministic",
        "--generation-with-security-parameters=false",
        "--continue-on-failure",
        "--warnings=off",
        "--no-color",
    ]
    # It leaves notes where it runs.
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            command()
        except SystemExit as end:
            return end.code or 0
        finally:
            os.chdir("/")
    return 0


def reads() -> list[str]:
    description = requests.get(f"{ISSUER}/api/v1/openapi.json", timeout=30).json()
    return [f"GET {path}" for path, operations in description["paths"].items() if "get" in operations]


if failed := run():
    sys.exit(failed)
for operation, seen in sorted(statuses.items()):
    print(operation, *sorted(seen))
if shut_out := [name for name, seen in statuses.items() if seen & {401, 403, 429}]:
    sys.exit(f"the tester was shut out, so that no answer was compared: {', '.join(shut_out)}")
if unread := sorted(name for name in reads() if 200 not in statuses[name]):
    sys.exit(f"answered with nothing but refusals, so that no answer was compared: {', '.join(unread)}")
