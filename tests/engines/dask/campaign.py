"""A campaign over Dask, a part for each task:

    campaign.py --scheduler tcp://HOST:8786 --parts 8 IAMSPEC FOLDER -- --suite random --calls 1000000

Without --scheduler it starts a cluster on this machine. The folder is one that all workers can write to. A task
whose worker dies is played again by Dask on another one.
"""

import argparse
import pathlib
import subprocess
import sys

from dask.distributed import Client, LocalCluster, as_completed


def play(iamspec, folder, part, parts, options):
    """Plays one part; its report is there only when it has come to its end."""
    report = pathlib.Path(folder, f"{part}.jsonl")
    begun = report.with_suffix(".new")
    command = [iamspec, "run", "--shard", f"{part}/{parts}", "--report", f"json={begun}"]
    command += ["--regressions", str(pathlib.Path(folder, "finds")), *options]
    run = subprocess.run(command, capture_output=True, text=True)
    # 1 is a finding, and no reason to play it again.
    if run.returncode > 1:
        raise RuntimeError(f"part {part} ended with {run.returncode}: {run.stderr[-2000:]}")
    begun.rename(report)
    return part, run.stdout.splitlines()[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scheduler")
    parser.add_argument("--parts", type=int, default=8)
    parser.add_argument("iamspec")
    parser.add_argument("folder")
    parser.add_argument("options", nargs="*")
    args = parser.parse_args()
    pathlib.Path(args.folder).mkdir(parents=True, exist_ok=True)
    cluster = None if args.scheduler else LocalCluster(dashboard_address=None, threads_per_worker=1)
    with Client(args.scheduler or cluster) as client:
        tasks = [
            client.submit(play, args.iamspec, args.folder, part, args.parts, args.options, pure=False, retries=2)
            for part in range(1, args.parts + 1)
        ]
        for task in as_completed(tasks):
            part, last = task.result()
            print(f"part {part}/{args.parts}: {last}", file=sys.stderr, flush=True)
    if cluster:
        cluster.close()


if __name__ == "__main__":
    main()
