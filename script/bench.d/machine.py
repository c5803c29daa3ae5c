"""What is measured and with what: processes, wrk, openssl, the bare loops."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).parent
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of a process so far, its ended threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def tree_cpu_seconds(pid):
    """The same of a process with its children, those that have ended included, as PostgreSQL has them."""
    total = 0
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            total += cpu_seconds(child)
        except FileNotFoundError:
            pass  # ended since, and counted by its parent from now on
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return total + sum(map(int, fields[11:15])) / TICKS


def resident_megabytes(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def wrk(url, script, seconds, connections, **environment):
    """Runs wrk with a script of this folder and returns what its `done` printed."""
    env = {**os.environ, "BENCH_D": str(HERE)}
    env.update({f"BENCH_{name.upper()}": str(value) for name, value in environment.items()})
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(HERE / script), url]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    outcome = None
    for line in process.stdout:
        if line.startswith("finished"):
            process.send_signal(signal.SIGINT)
        if line.startswith("{"):
            outcome = json.loads(line)
    if process.wait() != 0 or outcome is None:
        raise RuntimeError(f"wrk failed: {' '.join(command)}")
    return outcome


def load(server, path, script="form.lua", seconds=5, connections=32, spends=None, **environment):
    """Drives the server and adds its CPU seconds per operation to what wrk saw.

    `spends` tells the CPU seconds so far, where these are not the server's alone.
    """
    spends = spends or (lambda: cpu_seconds(server.pid))
    before = spends()
    outcome = wrk(server.url + path, script, seconds, connections, **environment)
    time.sleep(0.1)
    spent = spends() - before
    if outcome["refused"] or outcome["broken"]:
        raise RuntimeError(f"{path}: not every request succeeded: {outcome}")
    if outcome["operations"] == 0 or outcome["seconds"] == 0:
        raise RuntimeError(f"{path}: nothing was answered: {outcome}")
    outcome["cpu_us"] = spent / outcome["operations"] * 1e6
    outcome["per_second"] = outcome["operations"] / outcome["seconds"]
    return outcome


def signatures(seconds):
    """CPU microseconds of one bare signature, by algorithm."""
    command = ["openssl", "speed", "-mr", "-seconds", str(seconds), "rsa2048", "ecdsap256"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rate = {
        "RS256": re.search(r"^\+F2:\d+:2048:([\d.]+):", text, re.M)[1],
        "ES256": re.search(r"^\+F4:\d+:256:([\d.]+):", text, re.M)[1],
    }
    return {algorithm: 1e6 / float(per_second) for algorithm, per_second in rate.items()}


def argon2(baseline, seconds, threads, memory_kib, iterations, parallelism):
    """Rate and CPU microseconds of one bare Argon2id hash."""
    parameters = map(str, (seconds, threads, memory_kib, iterations, parallelism))
    start = time.monotonic()
    process = subprocess.Popen(
        [baseline, "argon2", *parameters], stdout=subprocess.PIPE, text=True
    )
    hashes = int(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    elapsed = time.monotonic() - start
    return {
        "per_second": hashes / elapsed,
        "cpu_us": (usage.ru_utime + usage.ru_stime) / hashes * 1e6,
    }


def description():
    """The machine, for those who read the numbers later."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    version = lambda *command: subprocess.run(command, capture_output=True, text=True).stdout
    return {
        "cpu": cpu[1] if cpu else "unknown",
        "cores": os.cpu_count(),
        "load_at_start": os.getloadavg()[0],
        "openssl": version("openssl", "version").strip(),
        "rustc": version("rustc", "--version").strip(),
        "commit": version("git", "rev-parse", "--short", "HEAD").strip(),
    }
