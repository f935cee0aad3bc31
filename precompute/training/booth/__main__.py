"""``python -m precompute.training.booth PORTRAITS POOL``: take shots, about twenty a second and core; goes on where it was."""

import argparse
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import as_completed
from pathlib import Path

from tqdm import tqdm

from precompute.errors import PrecomputeError
from precompute.training.booth import session


def run() -> int:
    """Take the shots that are not there yet."""
    parser = argparse.ArgumentParser(prog="python -m precompute.training.booth", description=__doc__)
    parser.add_argument("portraits", type=Path, help="folder of portraits of synthetic people, one face each")
    parser.add_argument("pool", type=Path, help="folder for the shots, about 35 MB for each file of 2,000")
    parser.add_argument("--count", type=int, default=60_000, help="shots to train on (default 60000)")
    parser.add_argument("--held-out", type=int, default=2_000, help="shots of other portraits, to judge by (default 2000)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one per core)")
    given = parser.parse_args()
    given.pool.mkdir(parents=True, exist_ok=True)
    jobs = [(number, True) for number in range(-(-given.held_out // session.PER_FILE))]
    jobs += [(number, False) for number in range(-(-given.count // session.PER_FILE))]
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(given.workers, spawned) as workers, tqdm(total=len(jobs) * session.PER_FILE, desc="shots") as bar:
        waiting = [workers.submit(session.work, given.portraits, given.pool, *job) for job in jobs]
        try:
            for done in as_completed(waiting):
                bar.update(done.result())
        except PrecomputeError as error:
            workers.shutdown(cancel_futures=True)
            print(f"error: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            workers.shutdown(cancel_futures=True)
            print("stopped; the files that are whole stay, and the next run goes on from there", file=sys.stderr)
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(run())
