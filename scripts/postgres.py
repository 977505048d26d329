"""The PostgreSQL that the tests run on: a private server in a temporary folder, from what this machine has.

python -m scripts.postgres --install    make sure that there is one to start, else say what to install and exit 1
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

USER = "patchbay"
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/pgsql/bin")

REMEDY = (
    "Tests need PostgreSQL and found none. Install it (Debian: apt-get install postgresql) or put the folder of its "
    "initdb on the PATH."
)

# The server is the child of a shell that does what it is told, a word a line, and ends with its input. That ends with
# this process, however it ends, so that no server and no folder is left behind even by kill -9.
KEEPER = """
stop() { [ -z "$pid" ] || { kill "-$1" "$pid"; wait "$pid"; }; pid=; }
while read -r word; do
    case $word in
        start) "$2/postgres" -D "$1/data" -k "$1" >>"$1/log" 2>&1 & pid=$! ;;
        stop) stop INT ;;
    esac
    echo "$word"
done
stop QUIT
rm -rf "$1"
"""

# No address on the network: a socket in a folder that nobody else may enter. fsync stays on, as in real life.
SETTINGS = "listen_addresses=''\nmax_connections=200\nmin_wal_size='256MB'\nautovacuum_naptime='10min'\n"


def find() -> Path | None:
    """The folder of the newest PostgreSQL's programs: on the PATH, else where systems keep them."""
    on_path = shutil.which("initdb")
    known = [path for place in PLACES for path in Path("/").glob(place[1:]) if (path / "initdb").exists()]
    newest = sorted(known, key=lambda path: [int(part) for part in str(path).split("/") if part.isdigit()])
    return Path(on_path).resolve().parent if on_path else newest[-1] if newest else None


def install() -> bool:
    """Install PostgreSQL from the system's packages, without a server of the system's own. False where that cannot be
    done: no root, or no apt-get."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return False
    print("Installing PostgreSQL from the system's packages ...", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    get = [apt, "install", "-y", "-qq", "--no-install-recommends"]
    if subprocess.run([apt, "update", "-qq"], env=quiet).returncode != 0:
        return False
    if subprocess.run([*get, "postgresql-common"], env=quiet, stdout=subprocess.DEVNULL).returncode != 0:
        return False
    with Path("/etc/postgresql-common/createcluster.conf").open("a") as settings:
        settings.write("create_main_cluster = false\n")
    return subprocess.run([*get, "postgresql"], env=quiet, stdout=subprocess.DEVNULL).returncode == 0


def _unprivileged() -> str | None:
    """Who runs the server: it refuses to run as root. None: whoever runs this."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


class Postgres:
    """A running server. Nothing of it is left after `close`, or after the end of this process."""

    def __init__(self, place: Path = Path("/tmp")) -> None:
        """Make and start a server, in a new folder of `place`. Raises `RuntimeError` where there is none."""
        programs = find()
        if programs is None:
            raise RuntimeError(REMEDY)
        user = _unprivileged()
        self.folder = Path(tempfile.mkdtemp(prefix="patchbay-pg-", dir=place))  # a socket's path has to be short
        if user is not None:
            shutil.chown(self.folder, user)
        self._keeper = subprocess.Popen(
            ["sh", "-c", KEEPER, "sh", str(self.folder), str(programs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            user=user,
            cwd="/",
            start_new_session=True,  # a Ctrl-C is for the tests: they end, and this ends with them
        )
        make = [programs / "initdb", "-D", self.folder / "data", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C"]
        made = subprocess.run([*make, "--no-sync"], user=user, cwd="/", capture_output=True, text=True)
        if made.returncode != 0:
            self.close()
            raise RuntimeError(f"The PostgreSQL for the tests cannot be made: {made.stderr}")
        with (self.folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS)
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._tell("start")
        for _ in range(600):
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        log = (self.folder / "log").read_text()
        self.close()
        raise RuntimeError(f"The PostgreSQL for the tests does not answer: {log}")

    def stop(self) -> None:
        """Stop the server; what it keeps stays. Whoever is connected is cut off."""
        self._tell("stop")

    def close(self) -> None:
        """Stop the server and remove all of it."""
        self._keeper.communicate()

    def url(self, database: str) -> str:
        """What PATCHBAY_DATABASE_URL is for a database of this server."""
        return f"postgresql://{USER}@/{database}?host={self.folder}"

    def create(self, database: str) -> str:
        """A new database. Gives its address."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}"'.encode())
        return self.url(database)

    def schema(self, name: str) -> str:
        """A new schema of the database "postgres": as good as a database of one's own, and much quicker to make. Gives
        its address."""
        with psycopg.connect(self.url("postgres")) as connection:
            connection.execute(f'CREATE SCHEMA "{name}"'.encode())
        return f"{self.url('postgres')}&options=-csearch_path%3D{name}"

    def _tell(self, word: str) -> None:
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        self._keeper.stdin.write(f"{word}\n".encode())
        self._keeper.stdin.flush()
        self._keeper.stdout.readline()


if __name__ == "__main__":
    if find() is None and not ("--install" in sys.argv and install() and find()):
        raise SystemExit(REMEDY)
