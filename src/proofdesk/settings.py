"""One frozen Settings, read once from the environment. Every limit of the running product has its name here."""

import os
from datetime import datetime
from pathlib import Path

import msgspec


class SettingsError(Exception):
    """A setting that cannot be used; the message names the variable, the value and what is allowed."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    home: Path = Path("var/proofdesk")
    """Data directory of the embedded database, keys and logs."""
    database_url: str = ""
    """Any PostgreSQL ≥ 17 with pgvector; empty means the embedded server."""
    witness_dir: Path | None = None
    """Where signed checkpoints go besides the database. Should be another disk or machine."""
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    concurrency: int = 8
    clock_speed: float = 1.0
    clock_anchor: datetime | None = None
    lease_s: float = 20.0
    feed_every_s: float = 0.1
    feed_depth: int = 24
    sequence_every_s: float = 0.1
    checkpoint_every_s: float = 1.0
    poll_mail_s: float = 1.0
    max_body_bytes: int = 1_000_000
    max_requests_per_minute: int = 6_000
    max_transitions_per_job: int = 40
    max_effect_attempts: int = 5


_ENV = {
    "PROOFDESK_HOME": "home",
    "PROOFDESK_DATABASE_URL": "database_url",
    "PROOFDESK_WITNESS_DIR": "witness_dir",
    "PROOFDESK_HOST": "host",
    "PROOFDESK_PORT": "port",
    "PROOFDESK_WORKERS": "workers",
    "PROOFDESK_CONCURRENCY": "concurrency",
    "PROOFDESK_CLOCK_SPEED": "clock_speed",
    "PROOFDESK_CLOCK_ANCHOR": "clock_anchor",
    "PROOFDESK_LEASE_S": "lease_s",
    "PROOFDESK_FEED_DEPTH": "feed_depth",
    "PROOFDESK_POLL_MAIL_S": "poll_mail_s",
    "PROOFDESK_MAX_REQUESTS_PER_MINUTE": "max_requests_per_minute",
}


def load_settings(env: dict[str, str] | None = None, **overrides: object) -> Settings:
    """Settings from the environment; `overrides` (from the command line) win. Raises SettingsError."""
    given: dict[str, object] = {}
    for variable, field in _ENV.items():
        value = (os.environ if env is None else env).get(variable)
        if value:
            given[field] = value
    given.update({k: v for k, v in overrides.items() if v is not None})
    for path in ("home", "witness_dir"):
        if path in given:
            given[path] = Path(str(given[path]))
    paths = {k: given.pop(k) for k in ("home", "witness_dir") if k in given}
    try:
        settings = msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"a PROOFDESK_ setting cannot be used: {error}. See docs/reference/settings.md.") from error
    settings = msgspec.structs.replace(settings, **paths)
    if settings.witness_dir is None:
        settings = msgspec.structs.replace(settings, witness_dir=settings.home / "witness")
    return settings
