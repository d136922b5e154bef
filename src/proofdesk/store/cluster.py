"""The files of an embedded cluster: folders, initdb, settings, who may log in, and stale locks."""

import os
import re
import secrets
import shutil
import socket
import tempfile
from pathlib import Path

import msgspec

from proofdesk.store.errors import StoreError
from proofdesk.store.install import WAY_OUT, Account, Installation, current_user, run_as

ADMIN = "postgres"
SOCKET_PATH_LIMIT = 100
"""Bytes; sun_path holds 104 on macOS and 108 on Linux."""
SOCKET_NAME_BYTES = len("/.s.PGSQL.65535")
PORT_RANGE = (20_000, 32_000)
"""Below the ports Linux hands to outgoing connections, so that nobody takes ours while the server restarts."""
PORT_TRIES = 200
LOG_LIMIT_BYTES = 5_000_000

SETTINGS = """\
# Written by proofdesk at every start. Sized for a process tree of 600 MB with 2 cores.
shared_buffers = 64MB
max_connections = 60
superuser_reserved_connections = 3
work_mem = 4MB
maintenance_work_mem = 32MB
effective_cache_size = 256MB
max_worker_processes = 4
max_parallel_workers = 2
max_parallel_workers_per_gather = 1
autovacuum_max_workers = 2
jit = off
io_method = sync
wal_level = minimal
max_wal_senders = 0
wal_buffers = 4MB
min_wal_size = 80MB
max_wal_size = 512MB
checkpoint_timeout = 10min
wal_compression = on
fsync = on
synchronous_commit = on
full_page_writes = on
random_page_cost = 1.1
password_encryption = scram-sha-256
idle_in_transaction_session_timeout = 60s
timezone = 'UTC'
log_timezone = 'UTC'
# No statements and no details in the log: they would hold what customers wrote.
log_destination = 'stderr'
logging_collector = off
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_checkpoints = off
log_parameter_max_length_on_error = 0
"""

HBA = f"""\
# Written by proofdesk at every start. The administrator only over the socket, only for the mapped system user.
local all {ADMIN} peer map=proofdesk
host all {ADMIN} 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
"""


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """Folders of one embedded server below `home`."""

    home: Path
    installation: Installation

    @property
    def data(self) -> Path:
        return self.home / "pgdata"

    @property
    def log(self) -> Path:
        return self.home / "log" / "postgres.log"

    @property
    def pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    def command(self, port: int, sockets: Path) -> list[str]:
        """The server program with everything that is decided at start."""
        conf = self.home / "conf"
        return [
            *(self.installation.program("postgres"), "-D", str(self.data)),
            *("-h", "127.0.0.1", "-p", str(port), "-k", str(sockets)),
            *("-c", f"config_file={conf / 'postgresql.conf'}", "-c", f"hba_file={conf / 'pg_hba.conf'}"),
            *("-c", f"ident_file={conf / 'pg_ident.conf'}"),
        ]


def prepare_home(home: Path, account: Account) -> None:
    """Make the folders. Only `home` itself gets a mode; folders above it are never touched."""
    home.mkdir(parents=True, exist_ok=True, mode=0o755)
    if account.switch:
        home.chmod(home.stat().st_mode | 0o711)
        if run_as(account, ["/usr/bin/test", "-x", str(home)]).returncode:
            raise StoreError(
                f"{home}: the user {account.name}, which runs PostgreSQL because we are root, cannot enter this folder "
                f"(a folder above is closed to it). Set PROOFDESK_HOME to a folder it can enter, such as "
                f"/var/lib/proofdesk, {WAY_OUT}"
            )
    for name in ("conf", "log"):
        (home / name).mkdir(exist_ok=True)
        (home / name).chmod(0o755)  # whatever the umask: the server's user reads its settings here


def initialise(cluster: Cluster) -> None:
    """Run initdb unless done. It works in another folder that is renamed at the end: half a cluster never stays."""
    if cluster.data.exists():
        _check_version(cluster)
        return
    account = cluster.installation.account
    fresh = cluster.home / "pgdata.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if account.switch:
        os.chown(fresh, account.uid, account.gid)
    cluster.installation.run(
        "initdb",
        [
            *("-D", str(fresh), f"--username={ADMIN}", "--encoding=UTF8", "--locale=C"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums"),
            *("--auth-local=peer", "--auth-host=scram-sha-256", "--no-instructions"),
        ],
    )
    fresh.rename(cluster.data)


def _check_version(cluster: Cluster) -> None:
    try:
        made_by = (cluster.data / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        raise StoreError(f"{cluster.data} is no PostgreSQL data folder: move it away, {WAY_OUT}") from error
    major = cluster.installation.version.partition(".")[0]
    if made_by != major:
        raise StoreError(
            f"{cluster.data} was made by PostgreSQL {made_by}, the programs are {major}: carry the data over with "
            f"pg_dump of the old and psql of the new version, {WAY_OUT}"
        )


def configure(cluster: Cluster) -> None:
    """Write settings and access rules. They lie outside the data folder: root never writes where the server may."""
    ident = f"proofdesk {current_user()} {ADMIN}\n"
    files = {"postgresql.conf": SETTINGS, "pg_hba.conf": HBA, "pg_ident.conf": ident}
    for name, text in files.items():
        path = cluster.home / "conf" / name
        fresh = path.with_name(f".{name}")
        fresh.write_text(text, encoding="utf-8")
        fresh.chmod(0o644)
        fresh.replace(path)
    if cluster.log.exists() and cluster.log.stat().st_size > LOG_LIMIT_BYTES:
        cluster.log.replace(cluster.log.with_suffix(".log.1"))


def choose_port(home: Path) -> int:
    """The port of the last start when it is still free, else another; kept in `home`/port."""
    kept = read_port(home)
    if kept and _is_free(kept):
        return kept
    low, high = PORT_RANGE
    for _ in range(PORT_TRIES):
        port = low + secrets.randbelow(high - low)
        if _is_free(port):
            (home / "port").write_text(f"{port}\n", encoding="ascii")
            return port
    raise StoreError(f"no free port between {low} and {high} on 127.0.0.1 after {PORT_TRIES} tries")


def read_port(home: Path) -> int:
    """The port in `home`/port, 0 when there is none."""
    try:
        text = (home / "port").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return 0
    return int(text) if re.fullmatch(r"\d{1,5}", text) else 0


def socket_folder(home: Path, account: Account) -> Path:
    """A folder for the socket whose path is short enough; remembered in `home`/sockets."""
    note = home / "sockets"
    if note.exists():
        known = Path(note.read_text(encoding="utf-8").strip())
        if known.is_dir() and not known.is_symlink() and known.stat().st_uid == account.uid:
            return known
    folder = home / "run"
    if len(os.fsencode(folder)) + SOCKET_NAME_BYTES > SOCKET_PATH_LIMIT:
        folder = _short_folder()
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    if account.switch:
        os.chown(folder, account.uid, account.gid)
    note.write_text(f"{folder}\n", encoding="utf-8")
    return folder


def running_pid(cluster: Cluster) -> int:
    """The pid of a live postmaster of this cluster, 0 when there is none."""
    try:
        first = cluster.pid_file.read_text(encoding="utf-8").splitlines()[:1]
    except FileNotFoundError:
        return 0
    pid = int(first[0]) if first and first[0].strip().isdigit() else 0
    return pid if pid and _belongs(pid, cluster.data) else 0


def drop_stale_lock(cluster: Cluster) -> None:
    """Remove postmaster.pid when no process of this cluster lives.

    After a machine or container restart its pid may be another program's, and a zombie counts as alive for
    PostgreSQL: both would stop the start for ever. Where /proc is missing the server decides alone.
    """
    if not Path("/proc/self/cwd").exists() or not cluster.pid_file.exists():
        return
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    if not any(_belongs(pid, cluster.data) for pid in pids):
        cluster.pid_file.unlink(missing_ok=True)


def _belongs(pid: int, data: Path) -> bool:
    """Is `pid` alive, no zombie, and working in the data folder (as every PostgreSQL process does)?"""
    process = Path("/proc") / str(pid)
    if not Path("/proc/self/cwd").exists():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    try:
        state = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
        return state not in "ZX" and (process / "cwd").readlink() == data
    except OSError:
        return False


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _short_folder() -> Path:
    for base in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - mkdtemp makes a private folder in it
        folder = Path(tempfile.mkdtemp(prefix="proofdesk-", dir=base))
        if len(os.fsencode(folder)) + SOCKET_NAME_BYTES <= SOCKET_PATH_LIMIT:
            return folder
        folder.rmdir()
    raise StoreError(f"no folder with a path short enough for a socket (at most {SOCKET_PATH_LIMIT} bytes): set TMPDIR")
