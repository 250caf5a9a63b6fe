"""``make bench``: what has to be fast, measured against what a user would do instead, in the same run.

Prints tables of ratios and writes ``bench/results/<name>.json``. Nothing here asserts a time.
"""

import argparse
import importlib
import json
from pathlib import Path

BENCHMARKS = ("transcode", "access", "upload", "progress", "dashboards", "web")
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench ARGS=", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], help="which ones; all where none is named")
    chosen = parser.parse_args().names or BENCHMARKS
    RESULTS.mkdir(exist_ok=True)
    for name in chosen:
        print(f"\n== {name}")
        figures = importlib.import_module(f"bench.{name}").measure()
        (RESULTS / f"{name}.json").write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
