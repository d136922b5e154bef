"""The embedded server: first start, attach, crash, stop, and who may run it."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bench.processes import temporary_home
from proofdesk.store import cluster, install
from proofdesk.store.embedded import RESTART_LIMIT_S, EmbeddedServer
from proofdesk.store.errors import StoreError, StoreUnavailable
from proofdesk.store.pool import Pool, open_pool, tenant_transaction
from tests.database import running_server

ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="only root can become another user: run as root to test this path")
SOURCE = Path(__file__).parents[3] / "src"


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    """A server of this module's own: its tests kill it."""
    with running_server() as started:
        yield started


@pytest.fixture(scope="module")
def stopped_home() -> Iterator[Path]:
    """An initialised server that is down; every test leaves it down and whole."""
    with temporary_home() as home:
        EmbeddedServer.start(home).stop()
        yield home


def setting(server: EmbeddedServer, name: str) -> str:
    with psycopg.connect(server.endpoint.admin_conninfo()) as admin:
        row = admin.execute("select current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def home_of(server: EmbeddedServer) -> Path:
    return Path(setting(server, "data_directory")).parent


def test_the_server_is_durable_checksummed_and_small(server: EmbeddedServer) -> None:
    names = ("fsync", "synchronous_commit", "full_page_writes", "data_checksums", "shared_buffers", "listen_addresses")
    assert [setting(server, name) for name in names] == ["on", "on", "on", "on", "64MB", "127.0.0.1"]
    with psycopg.connect(server.endpoint.admin_conninfo()) as admin:
        row = admin.execute(
            "select datlocprovider, datlocale, pg_encoding_to_char(encoding) from pg_database "
            "where datname = 'proofdesk'"
        ).fetchone()
        assert row == ("b", "C.UTF-8", "UTF8")
        assert admin.execute("select '[1,2]'::vector <-> '[1,2]'").fetchone() == (0.0,)


def test_secrets_are_private(server: EmbeddedServer) -> None:
    folder = home_of(server) / "secrets"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"app.password": 0o600, "engine.password": 0o600, "owner.password": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(set(server.endpoint.passwords.values())) == 3


def test_the_log_holds_no_values(server: EmbeddedServer) -> None:
    with psycopg.connect(server.endpoint.conninfo("owner"), autocommit=True) as owner:
        owner.execute("create table person (name text primary key)")
        for _ in range(2):
            try:
                owner.execute("insert into person values ('Petronella')")
            except psycopg.errors.UniqueViolation as error:
                assert "Petronella" in str(error)
        with pytest.raises(psycopg.errors.SyntaxError):
            owner.execute("selec 'Petronella'")
        owner.execute("drop table person")
    assert "Petronella" not in (home_of(server) / "log" / "postgres.log").read_text()


def test_a_second_start_attaches_and_its_stop_does_nothing(server: EmbeddedServer) -> None:
    second = EmbeddedServer.start(home_of(server))
    second.stop()
    assert (server.owned, second.owned, second.pid) == (True, False, server.pid)
    assert second.endpoint == server.endpoint
    assert setting(second, "port") == setting(server, "port")


async def until_answered(pool: Pool) -> None:
    deadline = time.monotonic() + RESTART_LIMIT_S
    while True:
        try:
            async with tenant_transaction(pool, "t1") as conn:
                await conn.execute("select 1")
        except StoreUnavailable:
            assert time.monotonic() < deadline, "the pool did not recover within the limit"
            await asyncio.sleep(0.05)
        else:
            return


async def test_two_kills_of_the_postmaster_with_a_pool_attached(server: EmbeddedServer) -> None:
    async with open_pool(server.endpoint, "app", min_size=2) as pool:
        for _ in range(2):
            before = server.pid
            with pytest.raises(StoreUnavailable):
                async with tenant_transaction(pool, "t1") as conn:
                    os.kill(before, signal.SIGKILL)
                    while True:
                        await conn.execute("select pg_sleep(0.02)")
            await until_answered(pool)
            assert server.pid not in (0, before)
    assert server.restarts >= 2
    assert server.failure is None


SCRIPT = """
import encodings.ascii, encodings.idna, encodings.latin_1, os, pwd, signal, sys
from pathlib import Path
from proofdesk.store.embedded import EmbeddedServer
import psycopg
if sys.argv[3]:  # become the user here: the interpreter itself may lie where that user cannot read
    psycopg.conninfo.conninfo_to_dict("")
    user = pwd.getpwnam(sys.argv[3])
    os.setgroups([]); os.setgid(user.pw_gid); os.setuid(user.pw_uid)
server = EmbeddedServer.start(Path(sys.argv[1]))
with psycopg.connect(server.endpoint.conninfo("app")) as app:
    role = app.execute("select current_user").fetchone()[0]
    print("owned" if server.owned else "attached", role, server.pid, flush=True)
if sys.argv[2] == "die":
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[2] == "wait":
    sys.stdin.readline()
server.stop()
"""


def spawn(home: Path, mode: str, *, user: str = "") -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(home), mode, user],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        cwd="/",
    )


def test_of_three_simultaneous_first_starts_one_initialises() -> None:
    with temporary_home() as home:
        processes = [spawn(home, "wait") for _ in range(3)]
        lines = [process.stdout.readline().split() for process in processes if process.stdout]
        # The owner leaves last: an attached process never stops the server.
        order = sorted(range(3), key=lambda index: lines[index][:1] == ["owned"])
        errors = [processes[index].communicate("\n")[1] for index in order]
    assert errors == ["", "", ""]
    assert sorted(line[0] for line in lines) == ["attached", "attached", "owned"]
    assert {(line[1], line[2]) for line in lines} == {("proofdesk_app", lines[0][2])}


def test_a_server_left_by_a_killed_owner_is_taken_over_and_stopped(stopped_home: Path) -> None:
    output, _ = spawn(stopped_home, "die").communicate()
    pid = int(output.split()[2])
    with EmbeddedServer.start(stopped_home) as server:
        assert (server.owned, server.pid) == (True, pid)
        os.kill(pid, signal.SIGKILL)  # an adopted server is watched too
        deadline = time.monotonic() + RESTART_LIMIT_S
        while server.pid in (0, pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert server.pid not in (0, pid)
    assert server.pid == 0


def test_a_lock_file_that_names_another_program_is_no_hindrance(stopped_home: Path) -> None:
    """As after a restart of the machine or container, when process ids are given out anew."""
    (stopped_home / "pgdata" / "postmaster.pid").write_text(f"{os.getpid()}\n{stopped_home}/pgdata\n")
    with EmbeddedServer.start(stopped_home) as server:
        assert server.pid not in (0, os.getpid())


def test_a_taken_port_is_changed(stopped_home: Path) -> None:
    port = cluster.read_port(stopped_home)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # past the wait of closed connections
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with EmbeddedServer.start(stopped_home) as server:
            assert setting(server, "port") == str(cluster.read_port(stopped_home)) != str(port)


def test_a_server_that_cannot_start_says_why(stopped_home: Path) -> None:
    control = stopped_home / "pgdata" / "global" / "pg_control"
    whole = control.read_bytes()
    control.write_bytes(b"\xff" * len(whole))
    with pytest.raises(StoreError, match=r"did not start.*FATAL:  database files are incompatible.*DATABASE_URL"):
        EmbeddedServer.start(stopped_home, start_limit_s=0.3)
    control.write_bytes(whole)
    with EmbeddedServer.start(stopped_home) as server:
        assert server.owned


def test_a_deep_folder_with_half_an_initialisation_gets_a_short_socket_path() -> None:
    with temporary_home() as top:
        home = top / ("deep" * 15) / ("er" * 20)
        (home / "pgdata.new").mkdir(parents=True)
        (home / "pgdata.new" / "PG_VERSION").write_text("cut off\n")
        if ROOT:
            top.chmod(0o755)  # the folder is ours; the product itself never does this to a parent
        with EmbeddedServer.start(home) as server:
            sockets = Path(setting(server, "unix_socket_directories"))
            assert len(str(sockets)) < 60
        shutil.rmtree(sockets)
        assert server.pid == 0


@needs_root
def test_a_closed_parent_is_named_and_keeps_its_mode() -> None:
    with temporary_home() as top:
        with pytest.raises(StoreError, match=r"cannot enter this folder.*PROOFDESK_HOME.*PROOFDESK_DATABASE_URL"):
            EmbeddedServer.start(top / "data")
        assert stat.S_IMODE(top.stat().st_mode) == 0o700


@needs_root
def test_programs_in_a_closed_folder_are_copied_beside_the_data(tmp_path: Path) -> None:
    wheel = install._wheel_folder()
    hidden = tmp_path / "closed" / wheel.name
    shutil.copytree(install.newest(wheel), hidden / "pginstall18", symlinks=True)
    libraries = wheel.with_name(f"{wheel.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, hidden.with_name(libraries.name))
    (tmp_path / "closed").chmod(0o700)
    with temporary_home() as home:
        account = install.account_for(home / "pgdata")
        cluster.prepare_home(home, account)
        found = install.locate(home, account, hidden)
        assert found.root.is_relative_to(home)
        assert found.run("initdb", ["--version"]).stdout.startswith("initdb (PostgreSQL)")
        assert install.locate(home, account, hidden) == found
    assert stat.S_IMODE((tmp_path / "closed").stat().st_mode) == 0o700


@needs_root
def test_an_ordinary_user_runs_its_own_server() -> None:
    with temporary_home() as home:
        if install.run_as(install.account_for(home), ["/usr/bin/test", "-r", str(install._wheel_folder())]).returncode:
            pytest.skip("the PostgreSQL programs lie below a folder that only root can enter")
        os.chown(home, pwd.getpwnam("nobody").pw_uid, -1)
        output, errors = spawn(home, "stop", user="nobody").communicate()
        assert (output.split()[:2], errors) == (["owned", "proofdesk_app"], "")
        assert pwd.getpwuid((home / "pgdata").stat().st_uid).pw_name == "nobody"


def test_a_wheel_without_a_fit_version_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no PostgreSQL 17 or newer with pgvector.*PROOFDESK_DATABASE_URL"):
        install.newest(tmp_path)


def test_data_of_another_major_version_is_refused() -> None:
    with temporary_home() as home:
        (home / "pgdata").mkdir()
        (home / "pgdata" / "PG_VERSION").write_text("16\n")
        with pytest.raises(StoreError, match=r"pgdata was made by PostgreSQL 16, the programs are 18.*pg_dump"):
            EmbeddedServer.start(home)
