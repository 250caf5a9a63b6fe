"""Transcoding, beside FFmpeg doing the same alone: the whole ladder, the start of a film, a far seek, more workers,
what a bit buys, and what a worker takes.

Each figure is a ratio of two runs on the same machine, one after the other, with the same binary and the same film.
``make bench ARGS="transcode"`` runs all; ``bench.transcode.<part>`` has the parts.
"""

import tempfile
from pathlib import Path
from typing import Any

from bench.transcode import ladder, quality, start, workers
from bench.transcode.films import all_films


def measure() -> dict[str, Any]:
    """All parts; their figures by name."""
    with tempfile.TemporaryDirectory(prefix="lectern-bench-") as name:
        directory = Path(name)
        films = all_films(directory)
        return {
            "start": start.measure(films["film"], directory),
            "ladder": ladder.measure(films, directory),
            "workers": workers.measure(films["film"], directory),
            "quality": quality.measure(films, directory),
        }
