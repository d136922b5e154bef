"""How well and how fast texts are understood, each item beside a baseline (TF-IDF + linear model) of the same run.

    python bench/language.py --json [--items intents,few_shot,...] [--out FILE]

The items live in bench/language/: a module there that has ITEMS, {name: function without arguments giving one
JSON object}, is found by itself. Reads PROOFDESK_SHARED (training and validation parts only).
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.language import main

if __name__ == "__main__":
    main()
