"""One ticket at a time: milliseconds, and the memory of the process that reads it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.language.baseline import Baseline
from bench.language.intents import fitted
from bench.language.rows import OUT, banking, encoder
from bench.language.timing import times
from proofdesk.language.intents import find_encoders, load, save

MEMORY = """
import sys, json
from pathlib import Path
def pss():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(l.split()[1]) for l in lines if l.startswith("Pss:")) / 1024
out = {"python_mb": pss()}
from proofdesk.language.intents import find_encoders, load
out["imports_mb"] = pss()
model = load(Path(sys.argv[1]), find_encoders(rows=256).fast)
out["model_loaded_mb"] = pss()
model.triage("where is my card")
out["first_ticket_mb"] = pss()
out["heavy_imports"] = [m for m in ("sklearn", "scipy") if m in sys.modules]
import sklearn.svm, sklearn.feature_extraction.text
out["with_sklearn_mb"] = pss()
print(json.dumps(out))
"""


def _file() -> Path:
    OUT.mkdir(parents=True, exist_ok=True)
    return OUT / "intents.npz"


def latency() -> dict[str, Any]:
    learn, held = banking()
    model, _ = fitted(learn, [], encoder())
    plain = find_encoders(rows=0).fast
    path = _file()
    save(model, path)
    model = load(path, plain)
    long_text = " ".join(r.text for r in held)[:1_000]
    baseline = Baseline(learn)
    return {
        "single_ticket_ms": times(model.triage, [r.text for r in held[:1_000]]),
        "thousand_characters_ms": times(model.triage, [long_text[i:] + long_text[:i] for i in range(100)]),
        "segments_of_it_ms": times(model.triage_segments, [long_text[i:] + long_text[:i] for i in range(50)]),
        "model_file_mb": path.stat().st_size / 1e6,
        "baseline": times(lambda t: baseline.chances([t]), [r.text for r in held[:300]]),
    }


def memory() -> dict[str, Any]:
    model, _ = fitted(banking()[0], [], encoder())
    path = _file()
    save(model, path)
    done = subprocess.run([sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


ITEMS = {"latency": latency, "memory": memory}
