"""The primary and its standby, by the script that operators use, and what is broken in them."""

import contextlib
import os
import pathlib
import subprocess
import sys

REPO = pathlib.Path(__file__).resolve().parent.parent.parent
# Programs are killed here, not machines: what was written outlives them without waiting for the disk.
STANDBY = {**os.environ, "ATES_STANDBY_DATABASE": "ates", "ATES_STANDBY_FSYNC": "off"}


def bindir():
    """The folder of the server's programs, as scripts/packages.sh finds it."""
    command = f". {REPO}/scripts/packages.sh && postgres_bindir"
    found = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    if found.returncode:
        sys.exit('no Postgres server found: install it with "apt-get install postgresql"')
    return pathlib.Path(found.stdout.strip())


class Servers:
    """What a house does with its two database servers."""

    def standby(self, command):
        done = subprocess.run(
            [REPO / "scripts/standby", command, self.pair], capture_output=True, text=True, env=STANDBY
        )
        if done.returncode:
            raise OSError(f"scripts/standby {command}: {done.stderr}")
        return done.stdout

    def address(self, database="ates"):
        return f"postgres:///{database}?host={self.pair}/one,{self.pair}/two&user=ates&target_session_attrs=read-write"

    def sql(self, statements, database="ates"):
        """The answer; of several statements each is a transaction of its own."""
        each = [statements] if isinstance(statements, str) else statements
        command = [self.bin / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.address(database)]
        command += [word for statement in each for word in ("-c", statement)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise OSError(f"psql: {done.stderr}")
        return done.stdout.strip()

    def number(self, query):
        return int(self.sql(query))

    @contextlib.contextmanager
    def broken(self, statements, mending, database="ates"):
        """Something is broken in the database for a while; what cannot be mended then, `mend` mends later."""
        self.sql(statements, database)
        self.owed.append((mending, database))
        try:
            yield
        finally:
            self.sql(mending, database)
            self.owed.remove((mending, database))

    def renamed(self, *tables):
        """Tables that are not there for a while."""
        each = lambda old, new: "; ".join(f"alter table {table}{old} rename to {table.split('.')[1]}{new}" for table in tables)
        return self.broken(each("", "_away"), each("_away", ""))

    @contextlib.contextmanager
    def held(self, *tables):
        """Tables that nobody else can even read for a while."""
        command = [self.bin / "psql", "-XAtq", "-d", self.address()]
        holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        try:
            holder.stdin.write(f"begin; lock table {', '.join(tables)}; select 'held';\n")
            holder.stdin.flush()
            if holder.stdout.readline().strip() != "held":
                raise OSError(f"{tables} cannot be locked")
            yield
        finally:
            holder.stdin.close()
            holder.wait()
