#!/usr/bin/env bash
# A campaign as an array of Slurm jobs, a part each:
#
#   sbatch --array=1-8 array.sh /path/to/iamspec /shared/folder --suite random --calls 1000000
#   iamspec merge /shared/folder/*.jsonl --report html=campaign.html
#
# Slurm says which part a job plays. A job whose node dies is started again by --requeue; what it has left
# on an endpoint is removed by `iamspec cleanup`, and `iamspec merge` says which part is missing.
#SBATCH --job-name=iamspec
#SBATCH --requeue
#SBATCH --open-mode=append
set -uo pipefail

iamspec=$1 folder=$2
shift 2
part=$folder/$SLURM_ARRAY_TASK_ID.jsonl
"$iamspec" run --shard env --report json="$part.new" --regressions "$folder/finds" "$@"
code=$?
# Only a run that has come to its end has a report; 1 is a finding, and no reason to run it again.
if [ -e "$part.new" ]; then mv "$part.new" "$part"; fi
[ "$code" -le 1 ]
