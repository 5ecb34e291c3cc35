"""Prints how long a program needs to start, and to its first verdict: the medians of some runs.

python measure.py iamspec
"""

import statistics
import subprocess
import sys
import time


def median(runs, *words):
    """The median of the durations of this command, in seconds."""

    def duration():
        started = time.perf_counter()
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return time.perf_counter() - started

    return statistics.median(duration() for _ in range(runs))


start = median(11, *sys.argv[1:], "--version")
verdict = median(5, *sys.argv[1:], "run", "delete-user/bare")
print(f"start-up {start * 1000:.1f} ms, first verdict after {verdict:.2f} s")
