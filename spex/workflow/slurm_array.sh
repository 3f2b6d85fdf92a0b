#!/usr/bin/env bash
# spex tensors as a SLURM array, one shard of the genes per task. From any folder; paths count from there:
#
#   sbatch --array=0-15 "$(spex workflow)/slurm_array.sh" 16 --mcool_filename data/4DNFIARR7LP4.mcool
#
# The first word is the number of shards; the rest goes to spex tensors as it is. Tasks that ran out of time or were
# lost: submit the same line again, finished genes are passed over. Some tasks only: --array=3,7 with the same first
# word. For GPUs add --gres=gpu:1 in front of the script's name. PYTHON in the environment names the interpreter that
# has spex; without it .venv/bin/python where that is there, else python3.
#SBATCH --job-name=spex-tensors
#SBATCH --cpus-per-task=8
#SBATCH --mem=16G
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=tensors-%A_%a.log
set -euo pipefail

fail() {
  echo "slurm_array.sh: error: $1" >&2
  exit 2
}

[[ "${1:-}" =~ ^[1-9][0-9]*$ ]] || fail "found '${1:-}' as the first word, expected the number of shards"
shards=$1
shift
[[ -n "${SLURM_ARRAY_TASK_ID:-}" ]] || fail "not a task of a SLURM array; start it with: sbatch --array=0-$((shards - 1))"
((SLURM_ARRAY_TASK_ID < shards)) || fail "task $SLURM_ARRAY_TASK_ID of $shards shards; expected --array=0-$((shards - 1))"
[[ -n "${PYTHON:-}" ]] || { [[ -x .venv/bin/python ]] && PYTHON=.venv/bin/python || PYTHON=python3; }
"$PYTHON" -c 'import spex' >/dev/null 2>&1 || fail "$PYTHON, started in $PWD, has no spex; name one that has: PYTHON=..."

export OMP_NUM_THREADS="${SLURM_CPUS_PER_TASK:-1}"
exec "$PYTHON" -m spex tensors --divisor "$shards" --reminder "$SLURM_ARRAY_TASK_ID" "$@"
