# What all scripts of the testbed share: where things are, and how a server is started, awaited and ended.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
home=$(realpath -m "${TESTBED_HOME:-$HOME/.cache/keelson-testbed}")
bin=$home/bin
run=$home/run
pki=$run/pki
env_file=$home/env
# From the range that is set apart for tests of networks (RFC 2544): it never is anybody's address.
host_ip=198.18.0.1
bridge=testbed0
pod_bridge=cni-testbed
user=testbed
password=testbed-secret
containerd_socket=$run/containerd.sock

say() { printf 'testbed: %s\n' "$*" >&2; }

running() { # running NAME
  local pid
  # One that was killed and that nobody has waited for yet does not run.
  pid=$(cat "$run/$1.pid" 2>/dev/null) && kill -0 "$pid" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null
}

launch() { # launch NAME COMMAND...: once, on its own, output to log/NAME.log
  local name=$1
  shift
  running "$name" && return
  # In a directory that stays: RabbitMQ's management fails for good once that of a checkout is gone.
  (cd "$run" && exec setsid nohup "$@") </dev/null >>"$run/log/$name.log" 2>&1 &
  echo $! >"$run/$name.pid"
}

halt() { # halt NAME: asks it to end, and makes it end after 15 seconds; its ports are free afterwards
  local pid
  if running "$1"; then
    pid=$(cat "$run/$1.pid")
    kill "$pid"
    for _ in $(seq 150); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
  fi
  rm -f "$run/$1.pid"
}

await() { # await SECONDS NAME COMMAND...: until it succeeds; otherwise shows the end of NAME's log and fails
  local until=$((SECONDS + $1)) name=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$until" ]; then
      say "$name did not come up; the end of $run/log/$name.log:"
      tail -n 40 "$run/log/$name.log" >&2 || true
      return 1
    fi
    sleep 0.1
  done
}

need_root_on_debian() {
  [ "$(id -u)" = 0 ] || { say 'it needs root: it makes a bridge and starts containers'; return 1; }
  command -v apt-get >/dev/null || { say 'it needs Debian: its servers come from Debian packages'; return 1; }
}
