#!/usr/bin/env python3
"""What a flood of log-ins costs everybody else: pages alone, and pages while as many as can try passwords.

    cargo build --release && benches/logins.py
    benches/logins.py --seconds 30 --flood 64

It starts a private Postgres (fsync on) and the release binary with the limit of tries off, since the flood comes from one address.
Four people read their tasks as a page, each so often a second, timed from when the request was due. First nobody else is there;
then the flood tries passwords of names that nobody has, each of which costs a hash as dear as a real one. Needs Python 3 and
Postgres, nothing else; everything lies in a temporary folder that is removed.
"""

import argparse
import http.client
import os
import pathlib
import re
import tempfile
import threading
import time
import urllib.parse

import house
from house import REPO, Api, fill, free_port, quantiles, serving


class Page:
    """Somebody with a browser: a session of their own, and the page of their tasks."""

    def __init__(self, port, name):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies = {}
        token = re.search(r'name="csrf" value="([^"]+)"', self.ask("GET", "/login")[1]).group(1)
        form = urllib.parse.urlencode({"csrf": token, "username": name, "password": house.PASSWORD})
        headers = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
        status, text = self.ask("POST", "/login", form, headers)
        assert status == 303, (status, text)

    def ask(self, method, path, body=None, headers=None):
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self.connection.request(method, path, body, {"cookie": cookies, **(headers or {})})
        answer = self.connection.getresponse()
        for line in answer.msg.get_all("set-cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.read().decode()


class Reader(threading.Thread):
    def __init__(self, page, pace, seconds):
        super().__init__()
        self.page, self.pace, self.seconds, self.times, self.failed = page, pace, seconds, [], 0

    def run(self):
        begun = time.monotonic()
        for number in range(int(self.seconds * self.pace)):
            due = begun + number / self.pace
            time.sleep(max(0, due - time.monotonic()))
            status, _ = self.page.ask("GET", "/tasks")
            self.times.append(time.monotonic() - due)
            self.failed += status != 200


class Guesser(threading.Thread):
    def __init__(self, port, number, stop):
        super().__init__()
        self.api, self.number, self.stop, self.statuses = Api(port), number, stop, {}

    def run(self):
        tried = 0
        while not self.stop.is_set():
            tried += 1
            guess = {"username": f"nobody{self.number}x{tried}", "password": "a parrot that guesses"}
            status, _ = self.api.send("POST", "/api/v1/auth/token", guess)
            self.statuses[status] = self.statuses.get(status, 0) + 1


def read(pages, pace, seconds):
    readers = [Reader(page, pace, seconds) for page in pages]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return [one for reader in readers for one in reader.times], sum(reader.failed for reader in readers)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20, help="of each of the two parts")
    parser.add_argument("--flood", type=int, default=32, help="clients that try passwords as fast as they are answered")
    parser.add_argument("--pace", type=float, default=10, help="pages a second that each of the four reads")
    parser.add_argument("--ates", default=str(pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPO / "target")) / "release/ates"))
    arguments = parser.parse_args()
    with house.private_postgres() as (folder, postgres), tempfile.TemporaryDirectory(prefix="ates-bench-input.") as inputs:
        postgres.psql("postgres", "-c", "create database ates")
        environment = {
            **os.environ,
            "DATABASE_URL": postgres.url("ates"),
            "ATES_BIND": f"127.0.0.1:{free_port()}",
            "ATES_METRICS_BIND": "",
            "ATES_LOGIN_BURST": "0",
            "RUST_LOG": "warn",
        }
        fill(arguments.ates, environment, pathlib.Path(inputs), 2_000, 100)
        password = "select password_hash from auth.users where username = 'admin'"
        postgres.psql("ates", "-c", f"update auth.users set password_hash = ({password})")
        with open(folder / "ates.log", "w") as log, serving(arguments.ates, environment, log) as (_, port):
            pages = [Page(port, f"popug{number}") for number in range(4)]
            read(pages, arguments.pace, 3)
            alone, failed_alone = read(pages, arguments.pace, arguments.seconds)
            stop = threading.Event()
            guessers = [Guesser(port, number, stop) for number in range(arguments.flood)]
            for guesser in guessers:
                guesser.start()
            time.sleep(2)
            beside, failed_beside = read(pages, arguments.pace, arguments.seconds)
            stop.set()
            for guesser in guessers:
                guesser.join()
    statuses = {}
    for guesser in guessers:
        for status, count in guesser.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    at = lambda times, share: sorted(times)[int(share * len(times))] * 1000
    print(f"pages alone                 {quantiles(alone)}")
    print(f"pages beside the flood      {quantiles(beside)}")
    print(f"ratio p50, p99              {at(beside, .5) / at(alone, .5):.1f}, {at(beside, .99) / at(alone, .99):.1f}")
    print(f"pages that failed           {failed_alone} alone, {failed_beside} beside the flood")
    print(f"passwords tried             {statuses} in {arguments.seconds + 2:.0f} s by {arguments.flood} clients")


if __name__ == "__main__":
    main()
