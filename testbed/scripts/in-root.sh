#!/bin/sh
# Runs the program of RabbitMQ that this file is named after in the root beside it. It sees the temporary files of this machine, and its network;
# the process stays the same, so signals reach it.
set -e
IN_ROOT=$(cd "$(dirname "$0")/../root" && pwd)
IN_ROOT_PROGRAM=$(basename "$0")
export IN_ROOT IN_ROOT_PROGRAM
exec unshare --mount --propagation private sh -c '
  set -e
  files=${TMPDIR:-/tmp}
  mkdir -p "$IN_ROOT$files"
  mount --rbind "$files" "$IN_ROOT$files"
  mount --bind /proc "$IN_ROOT/proc"
  mount --bind /dev "$IN_ROOT/dev"
  exec chroot "$IN_ROOT" sh -c "exec /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/$IN_ROOT_PROGRAM \"\$@\"" sh "$@"' sh "$@"
