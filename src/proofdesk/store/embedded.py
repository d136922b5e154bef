"""Our own supervisor of an embedded PostgreSQL: start or attach, restart after a crash, stop."""

import fcntl
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO

import psycopg
from psycopg.conninfo import make_conninfo

from proofdesk.store import cluster as files
from proofdesk.store.cluster import ADMIN, Cluster
from proofdesk.store.endpoint import Endpoint, load_passwords
from proofdesk.store.errors import StoreError
from proofdesk.store.install import ENVIRONMENT, WAY_OUT, account_for, locate
from proofdesk.store.roles import prepare_database

START_LIMIT_S = 60.0
RESTART_LIMIT_S = 30.0
STOP_LIMIT_S = 30.0
POLL_S = 0.1
LOG_TAIL_LINES = 8


class EmbeddedServer:
    """One PostgreSQL below a home folder. Make it with `EmbeddedServer.start`.

    The process that holds `home`/owner.lock started the server, watches it and stops it; every other process
    attaches and only closes its own connections. A server left behind by a killed owner is taken over.
    """

    def __init__(self, cluster: Cluster, lock: IO[str] | None, start_limit_s: float = START_LIMIT_S) -> None:
        self._cluster = cluster
        self._lock = lock
        self._start_limit_s = start_limit_s
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None
        self.restarts = 0
        self.failure: StoreError | None = None
        """Why the watcher gave up, None while all is well."""
        self.endpoint: Endpoint

    @classmethod
    def start(cls, home: Path, *, start_limit_s: float = START_LIMIT_S) -> "EmbeddedServer":
        """Start the server of `home`, or attach when another process runs it. Raises StoreError.

        Blocks: about 1 to 4 s the first time, 0.2 s later. Of simultaneous first starts one initialises.
        """
        home = home.absolute().resolve()
        account = account_for(home / "pgdata")
        files.prepare_home(home, account)
        deadline = time.monotonic() + start_limit_s
        while True:
            lock = _try_lock(home / "owner.lock")
            if lock is not None:
                return cls._own(home, lock, start_limit_s)
            attached = cls._attach(home)
            if attached is not None:
                return attached
            if time.monotonic() > deadline:
                raise StoreError(
                    f"{home}: another process holds owner.lock but its server gave no answer for "
                    f"{start_limit_s:.0f} s; see {home / 'log' / 'postgres.log'}"
                )
            time.sleep(POLL_S)

    @property
    def owned(self) -> bool:
        """True when this process started the server and so stops it."""
        return self._lock is not None

    @property
    def pid(self) -> int:
        """The postmaster's process id, 0 while it is down."""
        return files.running_pid(self._cluster)

    @property
    def version(self) -> str:
        return self._cluster.installation.version

    def stop(self) -> None:
        """Stop the server if we own it (fast mode: open transactions are rolled back). Safe to call twice."""
        if self._lock is None:
            return
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join(timeout=RESTART_LIMIT_S)
        self._end()
        self._lock.close()
        self._lock = None

    def __enter__(self) -> "EmbeddedServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @classmethod
    def _own(cls, home: Path, lock: IO[str], start_limit_s: float) -> "EmbeddedServer":
        server: EmbeddedServer | None = None
        try:
            account = account_for(home / "pgdata")
            cluster = Cluster(home=home, installation=locate(home, account))
            server = cls(cluster, lock, start_limit_s)
            files.initialise(cluster)
            if not server._adopt():
                server._launch()
            server.endpoint = _endpoint(home)
            prepare_database(server.endpoint)
            (home / "ready").write_text(f"{server.version}\n", encoding="ascii")
        except BaseException:
            if server is not None:
                server._end()
            lock.close()
            raise
        server._watcher = threading.Thread(target=server._watch, name="postgres-watch", daemon=True)
        server._watcher.start()
        return server

    @classmethod
    def _attach(cls, home: Path) -> "EmbeddedServer | None":
        """Attach to a server that another process made ready, None when it is not ready yet."""
        if not (home / "ready").exists() or not files.read_port(home) or not (home / "sockets").exists():
            return None
        if not _answers(_socket_conninfo(home)):
            return None
        account = account_for(home / "pgdata")
        server = cls(Cluster(home=home, installation=locate(home, account)), None)
        server.endpoint = _endpoint(home)
        return server

    def _adopt(self) -> bool:
        """Take over a live server whose owner died; False when none answers."""
        return bool(self.pid) and _answers(_socket_conninfo(self._cluster.home))

    def _launch(self) -> None:
        """Start the postmaster and wait until it answers, again and again within the limit."""
        home, account = self._cluster.home, self._cluster.installation.account
        deadline = time.monotonic() + (self._start_limit_s if self.restarts == 0 else RESTART_LIMIT_S)
        files.configure(self._cluster)
        sockets = files.socket_folder(home, account)
        while not self._stopping.is_set():
            files.drop_stale_lock(self._cluster)
            # After a crash the pools know the port: it may not change while this process lives.
            port = files.read_port(home) if self.restarts else files.choose_port(home)
            self._child = self._spawn(port, sockets)
            while self._child.poll() is None:
                if _answers(_socket_conninfo(home)):
                    return
                if time.monotonic() > deadline or self._stopping.is_set():
                    self._end()
                    break
                time.sleep(POLL_S / 2)
            if time.monotonic() > deadline:
                raise StoreError(f"PostgreSQL did not start within the limit. {self._log_tail()} Repair it, {WAY_OUT}")
            time.sleep(POLL_S)

    def _spawn(self, port: int, sockets: Path) -> subprocess.Popen[bytes]:
        account = self._cluster.installation.account
        with self._cluster.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own program, no shell, fixed environment
                self._cluster.command(port, sockets),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=dict(ENVIRONMENT),
                start_new_session=True,  # Ctrl-C reaches us first, we stop it in order
                user=account.uid if account.switch else None,
                group=account.gid if account.switch else None,
                extra_groups=[] if account.switch else None,
            )

    def _watch(self) -> None:
        """Restart the server whenever it is gone, until stop() or until a restart failed for good."""
        while not self._stopping.wait(POLL_S):
            if self._alive():
                continue
            self.restarts += 1
            try:
                self._launch()
            except (StoreError, OSError) as error:
                self.failure = StoreError(f"the embedded PostgreSQL is down: {error}")
                return

    def _alive(self) -> bool:
        return self._child.poll() is None if self._child is not None else bool(self.pid)

    def _end(self) -> None:
        """Fast shutdown (SIGINT), after the limit immediate (SIGQUIT): the write-ahead log repairs that."""
        for number in (signal.SIGINT, signal.SIGQUIT):
            pid = self._child.pid if self._child is not None else self.pid
            if not pid or not self._alive():
                return
            os.kill(pid, number)
            deadline = time.monotonic() + STOP_LIMIT_S
            while self._alive() and time.monotonic() < deadline:
                time.sleep(POLL_S / 2)

    def _log_tail(self) -> str:
        try:
            lines = self._cluster.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return "It wrote no log."
        return f"Last lines of {self._cluster.log}: " + " | ".join(lines[-LOG_TAIL_LINES:]) + "."


def _try_lock(path: Path) -> IO[str] | None:
    """An exclusive lock that the system frees when we die, None when another process holds it."""
    file = path.open("a", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _socket_conninfo(home: Path) -> str:
    sockets = (home / "sockets").read_text(encoding="utf-8").strip()
    return make_conninfo(host=sockets, port=files.read_port(home), user=ADMIN, dbname="postgres", connect_timeout=2)


def _answers(conninfo: str) -> bool:
    try:
        psycopg.connect(conninfo).close()
    except psycopg.OperationalError:
        return False
    return True


def _endpoint(home: Path) -> Endpoint:
    return Endpoint(
        base=make_conninfo(host="127.0.0.1", port=files.read_port(home)),
        admin=_socket_conninfo(home),
        passwords=load_passwords(home / "secrets"),
    )
