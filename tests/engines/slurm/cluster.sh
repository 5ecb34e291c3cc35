# Starts a Slurm cluster of one node in the folder $work. Sourced. Sets SLURM_CONF; `end_cluster` stops the
# daemons.

for program in munged slurmctld slurmd sbatch scontrol; do
  command -v "$program" > /dev/null || {
    echo "slurm: cannot find $program; install it with apt-get install slurm-wlm munge" >&2
    exit 1
  }
done

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

host=$(hostname -s)
memory=$(free -m | awk '/^Mem:/ { print int($2 / 2) }')
mkdir -p "$work/state" "$work/spool" "$work/munge"
chmod 0700 "$work/munge"
head -c 1024 /dev/urandom > "$work/munge/key"
chmod 0600 "$work/munge/key"
cat > "$work/slurm.conf" << END
ClusterName=iamspec
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket,cred_expire=5
CryptoType=crypto/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobRequeue=1
ReturnToService=2
MailProg=/bin/true
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$work/slurm.conf

munged --foreground --force --key-file "$work/munge/key" --socket "$work/munge/socket" \
  --pid-file "$work/munge/pid" --log-file "$work/munge/log" --seed-file "$work/munge/seed" 2> "$work/munge/stderr" &
daemons=$!
slurmctld -D > /dev/null 2>&1 &
daemons="$daemons $!"
slurmd -D -N "$host" > /dev/null 2>&1 &
daemons="$daemons $!"

end_cluster() {
  # shellcheck disable=SC2086  # one word per process
  kill $daemons 2> /dev/null || true
  wait 2> /dev/null || true
}

for _ in $(seq 100); do
  if sinfo --noheader --format=%T 2> /dev/null | grep -q idle; then break; fi
  sleep 0.3
done
sinfo --noheader --format=%T 2> /dev/null | grep -q idle || {
  tail -n 20 "$work"/*.log "$work/munge/stderr" >&2
  echo "slurm: the node is not idle after 30 s; see the logs above" >&2
  exit 1
}
