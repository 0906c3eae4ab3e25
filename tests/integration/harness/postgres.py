# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of the tests' own, on a Unix socket; it refuses to be root, so it runs as nobody then."""
import itertools
import os
import pathlib
import pwd
import shutil
import signal
import subprocess

from .process import Process, until


def program(name):
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


class Postgres:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(mode=0o755)
        self.identity = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self.identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        # The collation is not that of bytes: what the gateway sorts must not depend on it.
        subprocess.run([program("initdb"), "-D", self.folder / "data", "-U", "sallyport", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                        "--locale-provider=icu", "--icu-locale=en", "--no-sync", "--no-instructions"],
                       check=True, stdout=subprocess.DEVNULL, cwd="/", **self.identity)
        self.process = None
        self.numbers = itertools.count(1)

    def start(self):
        self.process = Process([program("postgres"), "-D", self.folder / "data", "-k", self.folder, "-c", "listen_addresses=", "-c", "max_wal_senders=0",
                                "-c", "unix_socket_permissions=0777", "-c", "shared_buffers=16MB"], self.folder / "log", cwd="/", **self.identity)
        until(lambda: self.run("SELECT 1", check=False).returncode == 0, 60, "PostgreSQL serves")
        return self

    def stop(self):
        """As an administrator restarts it: connections are cut, what was committed stays."""
        if self.process:
            self.process.stop(signal.SIGINT, 60)
            self.process = None

    def crash(self):
        """SIGQUIT: without a checkpoint, as after a power cut."""
        if self.process:
            self.process.stop(signal.SIGQUIT, 60)
            self.process = None

    def run(self, sql, database="postgres", check=True):
        return subprocess.run([program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "sallyport", "-d", database, "-c", sql],
                              check=check, capture_output=True, text=True, timeout=60)

    def database(self):
        """A fresh one; its name."""
        name = f"store{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name}")
        return name

    def contend(self, database, *tables):
        """From now on each transaction that writes to one of the tables loses to another one, and has to run again."""
        self.run("CREATE SEQUENCE turns; CREATE FUNCTION contend() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                 "IF coalesce(current_setting('contend.turn', true), '') = '' THEN PERFORM set_config('contend.turn', nextval('turns')::text, true); END IF; "
                 "IF current_setting('contend.turn')::bigint % 2 = 1 THEN RAISE EXCEPTION USING ERRCODE = '40001'; END IF; RETURN NULL; END $$;"
                 + "".join(f"CREATE CONSTRAINT TRIGGER contend AFTER INSERT OR UPDATE OR DELETE ON {table} DEFERRABLE INITIALLY DEFERRED "
                           "FOR EACH ROW EXECUTE FUNCTION contend();" for table in tables), database)

    def url(self, database):
        return f"postgresql://sallyport@/{database}?host={self.folder}"
