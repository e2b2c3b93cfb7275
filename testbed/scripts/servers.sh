# RabbitMQ, MinIO, a registry and Redis, on an address that pods reach too.
server_ports=5000,5672,6379,6443,9000,15672

# Before anything is changed: two testbeds, or a broker of the machine's own, cannot share a port.
ports_are_free() {
  local entry name port
  for entry in registry:5000 rabbitmq:5672 redis:6379 kube-apiserver:6443 minio:9000 rabbitmq:15672; do
    name=${entry%:*} port=${entry#*:}
    running "$name" && continue
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      say "port $port, for $name, is taken by something else: end that, or set the TESTBED_* variables to it"
      return 1
    fi
  done
}

open_network() {
  if ! ip link show "$bridge" >/dev/null 2>&1; then
    ip link add "$bridge" type bridge
    ip addr add "$host_ip/32" dev "$bridge"
    ip link set "$bridge" up
  fi
  # They listen on every address, but only this machine and its pods get in.
  if ! iptables -n -L TESTBED >/dev/null 2>&1; then
    iptables -N TESTBED
    iptables -A TESTBED -i lo -j RETURN
    iptables -A TESTBED -i "$pod_bridge" -j RETURN
    iptables -A TESTBED -p tcp -m multiport --dports "$server_ports" -j DROP
    iptables -I INPUT -j TESTBED
  fi
}

start_rabbitmq() {
  local dir=$run/rabbitmq
  cat >"$dir/rabbitmq.conf" <<CONF
listeners.tcp.1 = 0.0.0.0:5672
management.tcp.ip = 0.0.0.0
management.tcp.port = 15672
default_user = $user
default_pass = $password
loopback_users = none
CONF
  echo '[rabbitmq_management].' >"$dir/enabled_plugins"
  # Names, ports and files of its own: a broker that the machine runs for itself is left alone.
  launch rabbitmq env HOME="$dir" RABBITMQ_NODENAME=testbed@localhost RABBITMQ_CONFIG_FILE="$dir/rabbitmq.conf" \
    RABBITMQ_ENABLED_PLUGINS_FILE="$dir/enabled_plugins" RABBITMQ_MNESIA_BASE="$dir/data" RABBITMQ_LOG_BASE="$run/log" \
    RABBITMQ_DIST_PORT=25673 ERL_EPMD_PORT=4370 ERL_EPMD_ADDRESS=127.0.0.1 ERL_CRASH_DUMP="$run/log/erl_crash.dump" \
    "$(ls -d /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin)/rabbitmq-server"
}

start_registry() {
  cat >"$run/registry.yml" <<YAML
version: 0.1
storage: {filesystem: {rootdirectory: $run/registry}, delete: {enabled: true}}
http: {addr: ':5000'}
YAML
  launch registry docker-registry serve "$run/registry.yml"
}

start_servers() {
  mkdir -p "$run"/{log,minio,registry,rabbitmq,redis}
  open_network
  start_rabbitmq
  launch minio env HOME="$run/minio" MINIO_ROOT_USER=$user MINIO_ROOT_PASSWORD=$password MINIO_BROWSER=off \
    "$bin/minio" server --quiet --address :9000 "$run/minio"
  start_registry
  launch redis redis-server --bind 127.0.0.1 $host_ip --port 6379 --protected-mode no --dir "$run/redis" --save ''
}

await_servers() {
  await 30 registry curl -fsS "http://$host_ip:5000/v2/"
  await 30 minio curl -fsS "http://$host_ip:9000/minio/health/ready"
  await 120 rabbitmq curl -fsS -u $user:$password "http://$host_ip:15672/api/health/checks/port-listener/5672"
}

servers_env() {
  cat <<ENV
export TESTBED_AMQP_URL=amqp://$user:$password@127.0.0.1:5672
export TESTBED_RABBITMQ_API=http://$user:$password@127.0.0.1:15672
export TESTBED_S3_ENDPOINT=http://127.0.0.1:9000
export TESTBED_S3_ACCESS_KEY=$user
export TESTBED_S3_SECRET_KEY=$password
export TESTBED_REDIS=127.0.0.1:6379
export TESTBED_REGISTRY=$host_ip:5000
export TESTBED_HOST_IP=$host_ip
ENV
}
