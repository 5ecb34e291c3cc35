"""Runs a campaign on Dask, one shard per task:

    campaign.py --scheduler tcp://HOST:8786 --shards 8 IAMSPEC FOLDER -- --suite random --calls 1000000

Without --scheduler, it starts a cluster on this machine. All workers must be able to write to the folder. If a
worker dies, Dask runs its task again on another worker.
"""

import argparse
import pathlib
import subprocess
import sys

from dask.distributed import Client, LocalCluster, as_completed


def run_shard(iamspec, folder, shard, shards, options):
    """Runs one shard. The report gets its name only at the end of the run."""
    report = pathlib.Path(folder, f"{shard}.jsonl")
    unfinished = report.with_suffix(".new")
    command = [iamspec, "run", "--shard", f"{shard}/{shards}", "--report", f"json={unfinished}"]
    command += ["--regressions", str(pathlib.Path(folder, "findings")), *options]
    run = subprocess.run(command, capture_output=True, text=True)
    # Exit code 1 means a finding; another run would not change it.
    if run.returncode > 1:
        raise RuntimeError(f"shard {shard} exited with {run.returncode}: {run.stderr[-2000:]}")
    unfinished.rename(report)
    return shard, run.stdout.splitlines()[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scheduler")
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("iamspec")
    parser.add_argument("folder")
    parser.add_argument("options", nargs="*")
    args = parser.parse_args()
    pathlib.Path(args.folder).mkdir(parents=True, exist_ok=True)
    cluster = None if args.scheduler else LocalCluster(dashboard_address=None, threads_per_worker=1)
    with Client(args.scheduler or cluster) as client:
        tasks = [
            client.submit(run_shard, args.iamspec, args.folder, shard, args.shards, args.options, pure=False, retries=2)
            for shard in range(1, args.shards + 1)
        ]
        for task in as_completed(tasks):
            shard, last = task.result()
            print(f"shard {shard}/{args.shards}: {last}", file=sys.stderr, flush=True)
    if cluster:
        cluster.close()


if __name__ == "__main__":
    main()
