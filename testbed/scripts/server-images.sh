# Stand-ins for the images of the servers that k8s/overlays/dev brings along, made of the same programs as the testbed's own. What the manifests
# and the images' documentation speak of is as in the official ones: users, entry points, directories, variables, plugins.

# Files below /usr of installed Debian packages, onto what is mounted at DIRECTORY.
copy_packages() { # copy_packages DIRECTORY PACKAGE...
  local directory=$1 file
  shift
  dpkg -L "$@" | sort -u | grep '^/usr/' | grep -vE '^/usr/share/(doc|man|lintian)/' | while read -r file; do
    [ -d "$file" ] && [ ! -L "$file" ] || echo "$file"
  done | tar -C / -c -f - -T - 2>/dev/null | tar -C "$directory" -x -f - --keep-directory-symlink
}

publish_rabbitmq() {
  has_image rabbitmq:3.10-management && return
  publish_debian
  say 'making rabbitmq:3.10-management'
  local container directory erlang
  container=$(from_debian)
  directory=$(buildah mount "$container")
  mapfile -t erlang < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 'erlang-*' | sed -n 's/ installed$//p')
  copy_packages "$directory" rabbitmq-server "${erlang[@]}"
  echo 'rabbitmq:x:999:' >>"$directory/etc/group"
  echo 'rabbitmq:x:999:999::/var/lib/rabbitmq:/usr/sbin/nologin' >>"$directory/etc/passwd"
  mkdir -p "$directory"/{etc/rabbitmq/conf.d,var/lib/rabbitmq,var/log/rabbitmq,opt}
  ln -s "$(ls -d /usr/lib/rabbitmq/lib/rabbitmq_server-*)" "$directory/opt/rabbitmq"
  echo '[rabbitmq_management,rabbitmq_prometheus].' >"$directory/etc/rabbitmq/enabled_plugins"
  printf 'loopback_users.guest = false\nlog.console = true\n' >"$directory/etc/rabbitmq/conf.d/10-defaults.conf"
  echo 'management_agent.disable_metrics_collector = true' \
    >"$directory/etc/rabbitmq/conf.d/20-management_agent.disable_metrics_collector.conf"
  cat >"$directory/usr/local/bin/docker-entrypoint.sh" <<'SH'
#!/bin/bash
set -euo pipefail
if [[ "$1" == rabbitmq* ]] && [ "$(id -u)" = 0 ]; then
  [ "$1" != rabbitmq-server ] || find /var/lib/rabbitmq \! -user rabbitmq -exec chown rabbitmq '{}' +
  exec setpriv --reuid=rabbitmq --regid=rabbitmq --clear-groups "$BASH_SOURCE" "$@"
fi
if [ -z "${RABBITMQ_USE_LONGNAME:-}" ] && [ "$(hostname)" != "$(hostname -s)" ]; then
  export RABBITMQ_USE_LONGNAME=true
fi
exec "$@"
SH
  chmod 755 "$directory/usr/local/bin/docker-entrypoint.sh"
  chown -R 999:999 "$directory"/{etc,var/lib,var/log}/rabbitmq
  chmod -R 777 "$directory"/{etc,var/lib,var/log}/rabbitmq
  buildah umount "$container" >/dev/null
  buildah --log-level error config --env RABBITMQ_DATA_DIR=/var/lib/rabbitmq --env RABBITMQ_HOME=/opt/rabbitmq --env HOME=/var/lib/rabbitmq \
    --env PATH=/opt/rabbitmq/sbin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --env LANG=C.UTF-8 \
    --volume /var/lib/rabbitmq --port 5672 --port 15672 --entrypoint '["docker-entrypoint.sh"]' --cmd rabbitmq-server "$container"
  publish "$container" rabbitmq:3.10-management
}

from_busybox() { buildah from --tls-verify=false "docker://$host_ip:5000/busybox:1" 2>/dev/null; }

publish_minio() {
  has_image minio:2026-02-12 && return
  publish_busybox
  say 'making minio:2026-02-12'
  local container directory
  container=$(from_busybox)
  directory=$(buildah mount "$container")
  mkdir -p "$directory"/{usr/bin,data}
  cp "$bin/minio" "$directory/usr/bin/"
  cat >"$directory/usr/bin/docker-entrypoint.sh" <<'SH'
#!/bin/sh
[ "${1}" = minio ] || [ -z "${1}" ] || set -- minio "$@"
exec "$@"
SH
  chmod 755 "$directory/usr/bin/docker-entrypoint.sh"
  buildah umount "$container" >/dev/null
  buildah --log-level error config --env PATH=/usr/bin:/bin --env MINIO_ACCESS_KEY_FILE=access_key --env MINIO_SECRET_KEY_FILE=secret_key \
    --env MINIO_ROOT_USER_FILE=access_key --env MINIO_ROOT_PASSWORD_FILE=secret_key \
    --env MINIO_CONFIG_ENV_FILE=config.env --volume /data --port 9000 \
    --entrypoint '["/usr/bin/docker-entrypoint.sh"]' --cmd minio "$container"
  publish "$container" minio:2026-02-12
}

publish_registry() {
  has_image registry:2.8 && return
  publish_debian
  say 'making registry:2.8'
  local container directory
  # Debian's program needs a C library.
  container=$(from_debian)
  directory=$(buildah mount "$container")
  mkdir -p "$directory"/{etc/docker/registry,var/lib/registry}
  cp /usr/bin/docker-registry "$directory/bin/registry"
  cat >"$directory/etc/docker/registry/config.yml" <<'YAML'
version: 0.1
log: {fields: {service: registry}}
storage:
  cache: {blobdescriptor: inmemory}
  filesystem: {rootdirectory: /var/lib/registry}
http:
  addr: :5000
  headers: {X-Content-Type-Options: [nosniff]}
health:
  storagedriver: {enabled: true, interval: 10s, threshold: 3}
YAML
  cat >"$directory/entrypoint.sh" <<'SH'
#!/bin/sh
set -e
case "$1" in
  *.yaml | *.yml) set -- registry serve "$@" ;;
  serve | garbage-collect | help | -*) set -- registry "$@" ;;
esac
exec "$@"
SH
  chmod 755 "$directory/entrypoint.sh"
  buildah umount "$container" >/dev/null
  buildah --log-level error config --volume /var/lib/registry --port 5000 --entrypoint '["/entrypoint.sh"]' \
    --cmd /etc/docker/registry/config.yml "$container"
  publish "$container" registry:2.8
}
