"""Runs the command line and turns expected failures into one line and an exit code."""

import sys
from collections.abc import Sequence

import typer

from proofdesk.cli.output import CheckFailed, UserError, print_json
from proofdesk.settings import SettingsError
from proofdesk.store.errors import StoreError

DONE, CHECK_FAILED, WRONG_USE = 0, 1, 2
INTERRUPTED = 130
# Typer carries its own copy of click under a private name; its public exceptions lead to their base.
_WRONG_WORDS: type[Exception] = next(each for each in typer.BadParameter.__mro__ if each.__name__ == "ClickException")


def run(words: Sequence[str] | None = None) -> int:
    """Carry out one command. Never a traceback for what a user can put right."""
    from proofdesk.cli.commands import app

    given = list(sys.argv[1:] if words is None else words)
    command = typer.main.get_command(app)
    try:
        code = command.main(args=given, prog_name="proofdesk", standalone_mode=False)
    except typer.Abort:
        return INTERRUPTED
    except CheckFailed:
        return CHECK_FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        message = _usage(error) if isinstance(error, _WRONG_WORDS) else explained(error)
        if message is None:
            raise
        return _wrong(message, given)
    return code if isinstance(code, int) else DONE


def explained(error: BaseException) -> str | None:
    """The words for an error a user can put right, None for a fault of ours."""
    if isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        return explained(error.exceptions[0])
    if isinstance(error, UserError | StoreError | SettingsError):
        return str(error)
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__ if isinstance(error, _expected()) else None


def _expected() -> tuple[type[Exception], ...]:
    """Only what is loaded already can have been raised: naming them must not load the rooms."""
    names = (
        ("proofdesk.flows.folder", "TenantFolderError"),
        ("proofdesk.flows.registry", "UnknownTenant"),
        ("proofdesk.flows.subjects", "SubjectErased"),
        ("proofdesk.connectors.yamlfile", "FileError"),
        ("proofdesk.baseline.source", "Unreadable"),
        ("proofdesk.baseline.columns", "UnknownColumn"),
        ("proofdesk.baseline.money", "CostError"),
        ("proofdesk.connectors.backoffice.combined", "DuplicateCapability"),
        ("proofdesk.policy.gate", "PolicyRefused"),
        ("proofdesk.ports", "ConnectorError"),
        ("proofdesk.language.pii.redaction", "TextTooLong"),
        ("proofdesk.ledger.export", "ExportError"),
        ("proofdesk.ledger.notes", "NoteKeyError"),
    )
    found = (getattr(sys.modules.get(module), name, None) for module, name in names)
    return tuple(each for each in found if each is not None)


def _usage(error: Exception) -> str:
    """What was wrong with the words, and whose --help shows the right ones."""
    said = error.format_message() if hasattr(error, "format_message") else str(error)
    context = getattr(error, "ctx", None)
    if context is None:
        return str(said)
    # A group without a command answers with its whole help already.
    return str(said) if said.startswith("Usage:") else f"{str(said).rstrip('.')}. Try `{context.command_path} --help`."


def _wrong(message: str, words: Sequence[str]) -> int:
    sys.stderr.write(f"proofdesk: {message}\n")
    if "--json" in words:
        print_json({"ok": False, "error": message})
    return WRONG_USE
