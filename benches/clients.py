"""Clients that cost little themselves: lines that stay open, requests made beforehand, latencies from the instant that was planned."""

import json
import pathlib
import re
import socket
import subprocess
import tempfile
import time


RESTS = 3.0  # seconds after which a line is not trusted any more: the server hangs up after five


class Line:
    """A connection that stays, and the least that has to be understood of an answer: status, length, body."""

    def __init__(self, port, timeout=60):
        self.port, self.timeout, self.socket, self.used = port, timeout, None, 0.0

    def open(self):
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=self.timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request):
        if self.socket is not None and time.monotonic() - self.used > RESTS:
            self.socket.close()
            self.socket = None
        if self.socket is None:
            self.open()
        try:
            self.socket.sendall(request)
            answer = self.answer()
            self.used = time.monotonic()
            return answer
        except (OSError, ValueError):
            self.socket.close()
            self.socket = None
            raise

    def answer(self):
        got = b""
        while (end := got.find(b"\r\n\r\n")) < 0:
            got += self.more()
        head, body = got[:end].lower(), got[end + 4 :]
        status = int(head[9:12])
        if b"transfer-encoding: chunked" in head:
            while not body.endswith(b"0\r\n\r\n"):
                body += self.more()
            return status, body
        found = re.search(rb"content-length: (\d+)", head)
        length = int(found.group(1)) if found else 0
        while len(body) < length:
            body += self.more()
        return status, body

    def more(self):
        part = self.socket.recv(262_144)
        if not part:
            raise OSError("the line was closed")
        return part


def request(method, path, headers="", body=None):
    """A request as it goes over the line; `headers` end with a line's end."""
    content = b"" if body is None else json.dumps(body).encode()
    kind = "" if body is None else "content-type: application/json\r\n"
    return f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}{kind}content-length: {len(content)}\r\n\r\n".encode() + content


def bearer(token):
    return f"authorization: Bearer {token}\r\n"


def flat_out(port, clients, requests, seconds):
    """So many clients ask as fast as they are answered, as wrk does it, each its own requests in turn: answers a second and the p99 of
    their latencies in seconds. None may be refused."""
    threads = 2
    with tempfile.NamedTemporaryFile(prefix="ates-bench-wires.") as file:
        for one in requests:
            file.write(f"{len(one)}\n".encode() + one)
        file.flush()
        command = ["wrk", f"-t{threads}", f"-c{clients}", f"-d{seconds}s", "--timeout", "60s", "-s", str(pathlib.Path(__file__).parent / "wires.lua"),
                   f"http://127.0.0.1:{port}", "--", file.name, str(threads)]
        done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"told ([0-9.]+) ([0-9.]+) (\d+)", done.stdout)
    assert found and found.group(3) == "0", done.stdout + done.stderr
    return float(found.group(1)), float(found.group(2))


def pgbench(postgres, database, script, sessions, seconds, rate=None, weights=(), **variables):
    """Transactions a second of pgbench without its first second, in which its sessions are new; how many it did in all; and, with a rate, when each ended
    and its latency from the instant that was planned, in seconds."""
    with tempfile.TemporaryDirectory(prefix="ates-bench-log.") as folder:
        command = [str(postgres.bin / "pgbench"), "-n", "-M", "prepared", "-c", str(sessions), "-j", "2", "-P", "1", "-T", str(seconds + 1)]
        command += [part for name, value in variables.items() for part in ("-D", f"{name}={value}")]
        command += ["-R", str(rate), "-l", "--log-prefix", f"{folder}/log"] if rate else []
        command += [part for one in ([script] if not weights else [f"{path}@{weight}" for path, weight in weights]) for part in ("-f", str(one))]
        done = subprocess.run([*command, postgres.url(database)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "failed: 0" in done.stdout.replace("number of failed transactions", "failed"), done.stdout
        lines = [line.split() for path in pathlib.Path(folder).glob("log.*") for line in path.read_text().splitlines()]
        times = [(int(line[4]) + int(line[5]) / 1e6, int(line[2]) / 1e6) for line in lines]
    rates = [float(rate) for rate in re.findall(r"^progress: [0-9.]+ s, ([0-9.]+) tps", done.stderr, re.M)]
    return sum(rates[1:]) / len(rates[1:]), int(re.search(r"actually processed: (\d+)", done.stdout).group(1)), times
