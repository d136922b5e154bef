"""The one word file a tenant edits: other names for its products, payment kinds and statuses, and its ladders."""

from pathlib import Path

import msgspec
import yaml

MAX_FILE_BYTES = 256 * 1024


class WordFileError(Exception):
    """The word file cannot be used. The message names file, place and what to do."""


class Polarity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An adjective and the option it grades: "bright" -> brightness, upwards."""

    option: str = ""
    options: tuple[str, ...] = ()
    """Where it may grade several; the one the goods have counts."""
    direction: int = 1


class TenantWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    orders: tuple[str, ...] = ()
    """Words for what the product calls an order: "reservation", "booking"."""
    neutral: tuple[str, ...] = ()
    """Phrases on which nothing this tenant does depends ("get a refund", where every cancellation refunds)."""
    products: dict[str, tuple[str, ...]] = {}
    """Product name -> further head words for it."""
    options: dict[str, tuple[str, ...]] = {}
    """Option -> further words for it."""
    values: dict[str, tuple[str, ...]] = {}
    """Option value -> further words for it."""
    payments: dict[str, tuple[str, ...]] = {}
    """Payment kind of the back office -> words for it."""
    statuses: dict[str, tuple[str, ...]] = {}
    """Order status of the back office -> words that hint at it."""
    ladders: dict[str, tuple[str, ...]] = {}
    """Name -> values from least to most."""
    polarity: dict[str, Polarity] = {}
    regions: dict[str, str] = {}
    """City -> its region, for addresses that leave it out."""
    places: dict[str, tuple[str, ...]] = {}
    """City or region as the records write it -> other names for it."""


def load_tenant_words(path: Path) -> TenantWords:
    """The word file at `path`. Raises WordFileError."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise WordFileError(f"{path}: larger than {MAX_FILE_BYTES} bytes; split or shorten the lists")
        # BaseLoader leaves every scalar a text: to YAML 1.1 "on" and "no" are truth values.
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - it builds texts only
    except yaml.YAMLError as error:
        raise WordFileError(f"{path}: not readable as YAML: {error}") from error
    except OSError as error:
        raise WordFileError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        return msgspec.convert(raw or {}, TenantWords, strict=False)
    except msgspec.ValidationError as error:
        raise WordFileError(f"{path}: {error}; see the word file reference for the allowed keys") from error
