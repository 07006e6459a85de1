"""A process of the program, and where its clock comes from."""

import pathlib
import socket
import subprocess
import sys
import time

from .visitors import exchange

LIBRARIES = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def faketime():
    for place in LIBRARIES:
        path = pathlib.Path(place) / "faketime/libfaketimeMT.so.1"
        if path.exists():
            return str(path)
    sys.exit('no libfaketime found: install it with "apt-get install faketime"')


class Process:
    """A process of the program. It is in a session of its own, so that ctrl-C reaches the script alone, which then ends it."""

    def __init__(self, house, arguments, settings):
        self.port = free_port()
        self.settings = {**house.settings, "ATES_BIND": f"127.0.0.1:{self.port}", **settings}
        self.log = house.folder / f"ates-{self.port}.log"
        self.command, self.folder = [str(house.binary), "serve", *arguments], house.folder
        self.start()

    def start(self):
        with open(self.log, "a") as log:
            self.child = subprocess.Popen(
                self.command, env=self.settings, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder, start_new_session=True
            )

    def lives(self):
        return self.child.poll() is None

    def health(self, kind="ready"):
        return exchange(self.port, "GET", f"/health/{kind}", timeout=10)

    def await_live(self, limit=60):
        until = time.monotonic() + limit
        while self.health("live").status != 200:
            if not self.lives() or time.monotonic() > until:
                raise OSError(f"the program does not serve: {self.tail()}")
            time.sleep(0.05)
        return self

    def tail(self):
        return "\n".join(self.log.read_text().splitlines()[-8:])

    def kill(self):
        """At once, as a power cut would."""
        self.child.kill()
        self.child.wait()

    def stop(self):
        if self.lives():
            self.child.terminate()
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
