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

wipe() {
  local mount
  for mount in $(awk -v dir="$run/" 'index($2, dir) == 1 { print $2 }' /proc/mounts | sort -r); do umount -l "$mount"; done
  rm -rf "$run"
}
