"""The public airline world played through the whole product: database, flows, policy, HTTP, read-back.

python bench/airline.py --world DIR --tickets FILE [--clean-only] [--limit N] [--workers N] [--perturb P1..P5]
                        [--seed N] [--out FILE] --json
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.airline_spec import AIRLINE
from bench.world_bench import run_bench

if __name__ == "__main__":
    sys.exit(run_bench(AIRLINE))
