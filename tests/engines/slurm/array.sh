#!/usr/bin/env bash
# Runs a campaign as an array of Slurm jobs, one shard per job:
#
#   sbatch --array=1-8 array.sh /path/to/iamspec /shared/folder --suite random --calls 1000000
#   iamspec report merge /shared/folder/*.jsonl --report html=campaign.html
#
# Slurm passes the index of the shard. With --requeue, it restarts a job if the node fails. `iamspec cleanup`
# deletes the resources of the failed job, and `iamspec report merge` names a missing shard.
#SBATCH --job-name=iamspec
#SBATCH --requeue
#SBATCH --open-mode=append
set -uo pipefail

iamspec=$1 folder=$2
shift 2
shard=$folder/$SLURM_ARRAY_TASK_ID.jsonl
"$iamspec" run --shard env --report json="$shard.new" --regressions "$folder/findings" "$@"
code=$?
# Only a complete run has a report. Exit code 1 means a finding; another run would not change it.
if [ -e "$shard.new" ]; then mv "$shard.new" "$shard"; fi
[ "$code" -le 1 ]
