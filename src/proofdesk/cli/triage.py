"""`triage`: train, use, evaluate and certify intent models on files, without a database."""

import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from proofdesk.cli.house import settings_of
from proofdesk.cli.output import CheckFailed, fail, print_json, say
from proofdesk.cli.running import Json
from proofdesk.cli.triage_rows import OOS, Texts, read_texts, write_lines

if TYPE_CHECKING:
    from proofdesk.language.intents import Encoders, Held, StackedIntentModel

app = typer.Typer(no_args_is_help=True)
TIERS = ("default", "accuracy")
TRAINING_THREADS = 2
KEPT_ROWS = 60_000
SHOWN = 5
Model = Annotated[Path, typer.Option("--model", help="A model written by `triage train`.")]
Data = Annotated[Path, typer.Option("--data", help=f'JSON lines {{"text", "intent"}}; intent "{OOS}": of no intent.')]
Cache = Annotated[Path | None, typer.Option(help="Where encodings are kept (default: in the home's cache).")]


@app.command()
def train(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="The model; its card is written beside it as .md.")],
    val: Annotated[Path | None, typer.Option(help="Rows that calibrate and certify (default: left-out rows).")] = None,
    tier: Annotated[str, typer.Option(help="default, or accuracy: a second, slower encoder where needed.")] = "default",
    cache: Cache = None,
    json: Json = False,
) -> None:
    """Train an intent model; says what it promises and on what that rests."""
    from proofdesk.language.intents import StackedIntentModel, save
    from proofdesk.language.intents import train as fit
    from proofdesk.language.intents.card import card

    if tier not in TIERS:
        fail(f"--tier must be one of {', '.join(TIERS)}, not {tier!r}")
    began = time.perf_counter()
    rows = read_texts(data, labelled=True)
    held = read_texts(val, labelled=True) if val else None
    encoders = _encoders(tier, cache, TRAINING_THREADS)
    model = fit(
        rows.inside, rows.outside, encoders.fast, full=encoders.full, held=_held(held) if held is not None else None
    )
    if not isinstance(model, StackedIntentModel):
        fail(f"{data}: {model.reason}")
    if encoders.notice and not model.notice:
        model = _noticed(model, encoders.notice)
    out.parent.mkdir(parents=True, exist_ok=True)
    save(model, out)
    seconds = time.perf_counter() - began
    digest = hashlib.sha256(data.read_bytes()).hexdigest()
    out.with_name(out.name + ".md").write_text(card(model, rows.inside, digest, seconds), encoding="utf-8")
    result = _described(model, tier) | {"rows": len(rows.inside), "oos_rows": len(rows.outside), "seconds": seconds}
    if json:
        print_json(result | {"model": str(out), "card": f"{out}.md"})
        return
    say(f"{out}: {len(model.intents)} intents from {len(rows.inside)} rows in {seconds:.0f} s; card in {out}.md")
    for word in result["notices"]:
        say(f"NOTE: {word}")


@app.command()
def predict(
    model: Model,
    source: Annotated[Path, typer.Option("--in", help='JSON lines with "text" (and an "id", handed through).')],
    out: Annotated[Path, typer.Option("--out", help="JSON lines: intent, confidence, top5, oos_score, accepted, …")],
    cache: Cache = None,
    json: Json = False,
) -> None:
    """The intent of every text, how sure, whether it may be acted on, and the phrases that decided."""
    from proofdesk.cli.triage_rows import predictions

    given = read_texts(source, labelled=False)
    loaded = _loaded(model, cache)
    count, taken = 0, 0
    with write_lines(out) as target:
        for line in predictions(loaded, given, SHOWN):
            target.write(msgspec.json.encode(line) + b"\n")
            count, taken = count + 1, taken + line["accepted"]
    result = {"texts": count, "accepted": taken, "model_hash": loaded.model_hash, "notices": _notices(loaded)}
    if json:
        print_json(result)
    else:
        say(f"{out}: {count} texts, {taken} of them may be acted on")


@app.command()
def evaluate(model: Model, data: Data, cache: Cache = None, json: Json = False) -> None:
    """Accuracy, calibration, and whether what the model promises holds on these rows; latency of one text."""
    from proofdesk.language.intents.assess import assess, speed

    rows = read_texts(data, labelled=True)
    if not rows.inside:
        fail(f'{data}: every row is "{OOS}"; accuracy needs rows with an intent')
    loaded = _loaded(model, cache)
    found = msgspec.to_builtins(assess(loaded, rows.inside, rows.outside))
    timed = msgspec.to_builtins(speed(_loaded(model, None, remember=False), rows.texts()))
    result = found | timed | {"encoding": "batch", "model_hash": loaded.model_hash, "notices": _notices(loaded)}
    if json:
        print_json(result)
        return
    for name, value in result.items():
        say(f"{name}: {value:.4f}" if isinstance(value, float) else f"{name}: {value}")


@app.command()
def certify(
    model: Model,
    data: Data,
    target: Annotated[float, typer.Option(help="Share of accepted readings that must be right.")] = 0.99,
    alpha: Annotated[float, typer.Option(help="Chance that the promise is wrong.")] = 0.05,
    out: Annotated[Path | None, typer.Option(help="Write the model with these certificates here.")] = None,
    cache: Cache = None,
    json: Json = False,
) -> None:
    """Find the lowest threshold that can be promised on rows the model has not seen; exit 1 when there is none."""
    from proofdesk.language.intents import save
    from proofdesk.language.intents.assess import certified

    for name, value in (("--target", target), ("--alpha", alpha)):
        if not 0.0 < value < 1.0:
            fail(f"{name} must be between 0 and 1, not {value:g}")
    rows = read_texts(data, labelled=True)
    if not rows.inside:
        fail(f'{data}: every row is "{OOS}"; a certificate needs rows with an intent')
    loaded = certified(_loaded(model, cache), rows.inside, rows.outside, target=target, alpha=alpha)
    found = loaded.certificate_with_oos or loaded.certificate
    if out is not None:
        save(loaded, out)
    good = found is not None and found.threshold_ppm is not None
    if json:
        print_json({"ok": good} | _promises(loaded) | {"notices": _notices(loaded)})
    elif good and found is not None:
        say(f"threshold {(found.threshold_ppm or 0) / 1e6:.6f}: {found.accepted} of {found.rows} accepted, ", end="")
        say(f"{found.errors} errors, at least {found.lower_bound:.4f} right")
    else:
        say(f"nothing can be promised at {target:g} on {len(rows.inside)} rows")
    if not good:
        raise CheckFailed


def _held(rows: Texts) -> "Held":
    from proofdesk.language.intents import Held

    return Held(examples=tuple(rows.inside), oos=tuple(rows.outside))


def _encoders(tier: str, cache: Path | None, threads: int, *, remember: bool = True) -> "Encoders":
    from proofdesk.language.intents import find_encoders

    folder = (cache or settings_of().home / "cache" / "encodings") if remember else None
    return find_encoders(
        "accuracy" if tier == "accuracy" else "default", rows=KEPT_ROWS if remember else 0, folder=folder,
        threads=threads,
    )  # fmt: skip


def _loaded(path: Path, cache: Path | None, *, remember: bool = True) -> "StackedIntentModel":
    """The model with the encoders it was trained with, as far as they are installed."""
    from proofdesk.language.intents import BadModelFile, load
    from proofdesk.language.intents.file import tier_of

    try:
        tier = tier_of(path)
        encoders = _encoders(tier, cache, 1, remember=remember)
        return load(path, encoders.fast, full=encoders.full)
    except BadModelFile as bad:
        fail(f"{path}: {bad}")


def _noticed(model: "StackedIntentModel", notice: str) -> "StackedIntentModel":
    from proofdesk.language.intents.file import sealed

    return sealed(msgspec.structs.replace(model, notice=notice))


def _notices(model: "StackedIntentModel") -> list[str]:
    found = [model.notice] if model.notice else []
    if model.certificate is None or model.certificate.threshold_ppm is None:
        found.append("nothing is promised: certify on labelled rows the model has not seen")
    if model.certificate_with_oos is None:
        found.append("no out-of-scope rows were given: the promise covers tickets that have one of the intents only")
    return found


def _promises(model: "StackedIntentModel") -> dict[str, Any]:
    return {
        "certificate": msgspec.to_builtins(model.certificate),
        "certificate_with_oos": msgspec.to_builtins(model.certificate_with_oos),
    }


def _described(model: "StackedIntentModel", tier: str) -> dict[str, Any]:
    summary = msgspec.to_builtins(model.summary) if model.summary is not None else {}
    return {
        "intents": len(model.intents), "tier": tier if model.full or tier == "default" else "default",
        "model_hash": model.model_hash, "left_out": summary, "notices": _notices(model),
    } | _promises(model)  # fmt: skip
