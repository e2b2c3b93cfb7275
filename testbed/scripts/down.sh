# Ends what `up` started, the cluster's containers included.
stop_all() {
  export KUBECONFIG=$pki/admin.kubeconfig
  if running kube-apiserver; then
    timeout 20 kubectl delete pods --all -A --grace-period=0 --force --wait=false >/dev/null 2>&1 || true
  fi
  local name task
  for name in coredns kube-proxy kubelet kube-scheduler kube-controller-manager kube-apiserver; do halt $name; done
  if running containerd; then
    for task in $(ctr -a "$containerd_socket" -n k8s.io tasks ls -q 2>/dev/null); do
      ctr -a "$containerd_socket" -n k8s.io tasks kill -s SIGKILL "$task" 2>/dev/null || true
    done
    sleep 0.5
  fi
  for name in containerd etcd redis registry minio rabbitmq; do halt $name; done
  # Erlang starts its port mapper as a daemon; it goes only when no node is left.
  epmd -port 4370 -kill >/dev/null 2>&1 || true
  close_network
  rm -f "$env_file"
}

close_network() {
  {
    iptables -D INPUT -j TESTBED
    iptables -F TESTBED
    iptables -X TESTBED
    ip link del "$bridge"
    ip link del "$pod_bridge"
  } 2>/dev/null || true
}

unmount_all() {
  local mount
  for mount in $(awk -v dir="$run/" 'index($2, dir) == 1 { print $2 }' /proc/mounts | sort -r); do umount -l "$mount"; done
}

wipe() {
  unmount_all
  rm -rf "$run"
}

# After a reboot, or when everything was killed, what the cluster knows of its containers is wrong: it begins anew. What `down` ended in
# order has no pid file any more. The registry keeps its images.
forget_killed_cluster() {
  [ -e "$run/kubelet.pid" ] || return 0
  local name
  for name in kubelet kube-apiserver containerd; do
    ! running $name || return 0
  done
  say 'the cluster was not ended in order: it begins anew'
  pkill -KILL -f "containerd-shim.* -address $containerd_socket" || true
  for name in etcd kube-controller-manager kube-scheduler kube-proxy coredns; do halt $name; done
  unmount_all
  rm -rf "$run"/{etcd,containerd,kubelet,cni-addresses} "$run"/{kubelet,kube-apiserver,containerd}.pid
  ip link del "$pod_bridge" 2>/dev/null || true
}
