# A RabbitMQ 4 beside Debian 12's own 3.10, with the Erlang it needs: that of a later Debian, in a root of its own. See docs/testbed.md.
rabbitmq4=$home/rabbitmq4
default_release=trixie # Debian 13, with RabbitMQ 4.0

install_rabbitmq4() { # install_rabbitmq4 [RELEASE]: of this Debian; one that is there stays unless another release is named
  local release=${1:-$default_release} root=$rabbitmq4/.root
  if [ -x "$rabbitmq4/sbin/rabbitmq-server" ] && [ "$(cat "$rabbitmq4/release")" = "${1:-$(cat "$rabbitmq4/release")}" ]; then return; fi
  say "installing the RabbitMQ of Debian $release"
  rm -rf "$rabbitmq4"
  mkdir -p "$rabbitmq4/sbin"
  # By the script of all recent Debians: this machine's debootstrap need not have heard of the release.
  debootstrap --variant=minbase "$release" "$root" http://deb.debian.org/debian /usr/share/debootstrap/scripts/sid \
    >"$rabbitmq4/install.log" 2>&1 &&
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" && chmod +x "$root/usr/sbin/policy-rc.d" &&
    DEBIAN_FRONTEND=noninteractive chroot "$root" \
      apt-get install -y -qq --no-install-recommends rabbitmq-server >>"$rabbitmq4/install.log" 2>&1 || {
    say "the RabbitMQ of Debian $release is not to be had; the end of $rabbitmq4/install.log:"
    tail -n 5 "$rabbitmq4/install.log" >&2
    rm -rf "$root"
    return 1
  }
  echo '127.0.0.1 localhost' >"$root/etc/hosts" # not every Debian comes with it
  rm -rf "$root"/var/cache/apt "$root"/var/lib/apt/lists "$root"/usr/share/{doc,man,locale}
  mv "$root" "$rabbitmq4/root"
  echo "$release" >"$rabbitmq4/release"
  cp "$here/scripts/in-root.sh" "$rabbitmq4/sbin/rabbitmqctl"
  cp "$here/scripts/in-root.sh" "$rabbitmq4/sbin/rabbitmq-server"
}
