# Debian's packages, and what Debian does not have, built from Go modules at fixed versions. Ten minutes the first time, none later.
kubernetes=v1.34.4
minio=v0.0.0-20260212201848-7aac2a2c5b7c
coredns=v1.12.4
packages=(containerd runc containernetworking-plugins iptables iproute2 etcd-server rabbitmq-server docker-registry
  buildah skopeo busybox-static redis-server openssh-server openssl curl kubernetes-client procps debootstrap)

has_package() {
  # kubectl may also have come another way.
  [ "$1" != kubernetes-client ] || ! command -v kubectl >/dev/null || return 0
  dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

installed() {
  local program
  for program in kube pause minio coredns; do [ -x "$bin/$program" ] || return 1; done
  local package
  for package in "${packages[@]}"; do
    has_package "$package" || return 1
  done
}

install_packages() {
  local missing=() package
  for package in "${packages[@]}"; do
    has_package "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

build() { # build NAME DIRECTORY PACKAGE [LDFLAGS]: from a module of ours
  [ ! -x "$bin/$1" ] || return 0
  say "building $1"
  (cd "$2" && go build -trimpath -ldflags "-s -w ${4:-}" -o "$bin/.$1" "$3")
  mv "$bin/.$1" "$bin/$1"
}

build_published() { # build_published NAME PACKAGE@VERSION
  [ ! -x "$bin/$1" ] || return 0
  say "building $1"
  GOBIN=$bin go install -trimpath -ldflags '-s -w' "$2"
}

# One whose own go.mod replaces modules, which `go install` refuses: it is built in a copy of itself. Fails without the module.
build_copied() { # build_copied NAME MODULE PACKAGE VARIABLE: VARIABLE gets the version
  [ ! -x "$bin/$1" ] || return 0
  local version sum told dir copy
  read -r _ version sum < <(grep "^$2 " "$here/modules/builders.sum")
  told=$(cd / && go mod download -json "$2@$version") || { say "$1 cannot be built: $2@$version is not to be had"; return 1; }
  grep -qF "\"Sum\": \"$sum\"" <<<"$told" || { say "$1 is not built: $2@$version has another checksum than $sum"; return 1; }
  say "building $1"
  dir=$(sed -n 's/.*"Dir": "\(.*\)".*/\1/p' <<<"$told")
  copy=$(mktemp -d)
  cp -r "$dir/." "$copy"
  chmod -R u+w "$copy"
  (cd "$copy" && CGO_ENABLED=0 GOFLAGS=-buildvcs=false go build -trimpath -ldflags "-s -w -X $2/$4=$version" -o "$bin/.$1" "$3") ||
    { say "$1 cannot be built"; rm -rf "$copy"; return 1; }
  rm -rf "$copy"
  mv "$bin/.$1" "$bin/$1"
}

install_all() {
  mkdir -p "$bin"
  install_packages
  export CGO_ENABLED=0 GOFLAGS=-buildvcs=false
  local version=k8s.io/component-base/version
  build pause "$here/modules/pause" .
  build kube "$here/modules/kubernetes" . \
    "-X $version.gitVersion=$kubernetes -X $version.gitMajor=1 -X $version.gitMinor=34"
  build_published minio "github.com/minio/minio@$minio"
  build_published coredns "github.com/coredns/coredns@$coredns"
}
