"""Many seeds, by several workers."""

import gc
import logging
from collections.abc import Iterator, Sequence
from multiprocessing import get_context

import structlog

from tests.simulation.world import Report, run


def quietly() -> None:
    """Once in a worker: no log lines, and a collector that does not look at what the imports made."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def reports(seeds: Sequence[int], jobs: int) -> Iterator[Report]:
    """In the order of the seeds."""
    if jobs == 1:
        quietly()
        yield from map(run, seeds)
        return
    with get_context("spawn").Pool(jobs, initializer=quietly) as pool:
        yield from pool.imap(run, seeds, chunksize=20)
