"""``make bench ARGS=dashboards``: see ``bench/progress_scale.py``."""

from bench.progress_scale import measure

__all__ = ["measure"]
