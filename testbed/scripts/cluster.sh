# Kubernetes on this one machine: etcd, the control plane, a kubelet on containerd and runc, kube-proxy and CoreDNS.
pod_network=10.244.0.0/24
service_network=10.96.0.0/16
dns_ip=10.96.0.10

write_containerd_config() {
  local registry=$run/registries/$host_ip:5000
  mkdir -p "$registry" "$run/cni"
  cat >"$registry/hosts.toml" <<TOML
server = "http://$host_ip:5000"
[host."http://$host_ip:5000"]
  capabilities = ["pull", "resolve"]
TOML
  # Without CAP_SYS_RESOURCE runc cannot lower a score: hence restrict_oom_score_adj.
  cat >"$run/containerd.toml" <<TOML
version = 2
root = "$run/containerd/root"
state = "$run/containerd/state"
[grpc]
  address = "$containerd_socket"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$run/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$run/registries"
TOML
  cat >"$run/cni/10-testbed.conflist" <<JSON
{ "cniVersion": "0.4.0", "name": "testbed", "plugins": [
  { "type": "bridge", "bridge": "$pod_bridge", "isGateway": true, "ipMasq": true, "hairpinMode": true, "ipam": {
    "type": "host-local", "dataDir": "$run/cni-addresses", "ranges": [[{ "subnet": "$pod_network" }]], "routes": [{ "dst": "0.0.0.0/0" }] } },
  { "type": "portmap", "capabilities": { "portMappings": true } } ] }
JSON
}

write_kubelet_config() {
  cat >"$run/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $host_ip
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $pki/ca.crt}}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
clusterDNS: [$dns_ip]
clusterDomain: cluster.local
containerRuntimeEndpoint: unix://$containerd_socket
failSwapOn: false
serializeImagePulls: false
tlsCertFile: $pki/node.crt
tlsPrivateKeyFile: $pki/node.key
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}
YAML
}

start_apiserver() {
  launch kube-apiserver "$bin/kube" kube-apiserver --etcd-servers=http://127.0.0.1:2379 --bind-address=0.0.0.0 \
    --advertise-address=$host_ip --secure-port=6443 --client-ca-file="$pki/ca.crt" --tls-cert-file="$pki/apiserver.crt" \
    --tls-private-key-file="$pki/apiserver.key" --kubelet-client-certificate="$pki/admin.crt" \
    --kubelet-client-key="$pki/admin.key" --kubelet-certificate-authority="$pki/ca.crt" \
    --kubelet-preferred-address-types=InternalIP --service-account-key-file="$pki/service-accounts.pub" \
    --service-account-signing-key-file="$pki/service-accounts.key" \
    --service-account-issuer=https://kubernetes.default.svc --service-cluster-ip-range=$service_network \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true
  await 90 kube-apiserver kubectl get --raw /readyz
}

start_control_plane() {
  launch etcd etcd --data-dir "$run/etcd" --unsafe-no-fsync --listen-peer-urls http://127.0.0.1:2380 \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379
  start_apiserver
  launch kube-controller-manager "$bin/kube" kube-controller-manager --kubeconfig="$pki/controllers.kubeconfig" \
    --service-account-private-key-file="$pki/service-accounts.key" --root-ca-file="$pki/ca.crt" \
    --use-service-account-credentials --cluster-cidr=$pod_network --allocate-node-cidrs --leader-elect=false \
    --bind-address=127.0.0.1
  launch kube-scheduler "$bin/kube" kube-scheduler --kubeconfig="$pki/scheduler.kubeconfig" --leader-elect=false \
    --bind-address=127.0.0.1
}

start_kubelet() {
  launch kubelet "$bin/kube" kubelet --config="$run/kubelet.yaml" --kubeconfig="$pki/node.kubeconfig" \
    --hostname-override=node1 --node-ip=$host_ip --root-dir="$run/kubelet"
}

start_node() {
  launch containerd containerd -c "$run/containerd.toml"
  await 30 containerd ctr -a "$containerd_socket" version
  start_kubelet
  launch kube-proxy "$bin/kube" kube-proxy --kubeconfig="$pki/proxy.kubeconfig" --proxy-mode=iptables \
    --hostname-override=node1 --cluster-cidr=$pod_network
}

# On the host, as a service of the cluster: one pod less to wait for.
start_dns() {
  cat >"$run/Corefile" <<CONF
.:5353 {
  bind $host_ip
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $pki/admin.kubeconfig
  }
  cache 5
}
CONF
  launch coredns "$bin/coredns" -conf "$run/Corefile" -quiet
  kubectl apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec:
  clusterIP: $dns_ip
  ports:
    - {name: dns, port: 53, targetPort: 5353, protocol: UDP}
    - {name: dns-tcp, port: 53, targetPort: 5353, protocol: TCP}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
addressType: IPv4
metadata: {name: kube-dns-host, namespace: kube-system, labels: {kubernetes.io/service-name: kube-dns}}
endpoints: [{addresses: [$host_ip]}]
ports:
  - {name: dns, port: 5353, protocol: UDP}
  - {name: dns-tcp, port: 5353, protocol: TCP}
YAML
}

start_cluster() {
  export KUBECONFIG=$pki/admin.kubeconfig
  mkdir -p "$run"/{log,etcd,containerd,kubelet}
  sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1 || true
  make_certificates
  write_containerd_config
  write_kubelet_config
  start_control_plane
  start_node
  start_dns
}

# It ends when containerd is there and not yet initialised: then it is started again.
node_is_ready() {
  start_kubelet
  # What the cluster knows may be from before.
  curl -fsS http://127.0.0.1:10248/healthz &&
    kubectl get node node1 -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' | grep -q True
}

await_cluster() {
  await 90 kubelet node_is_ready
  await 60 kube-controller-manager kubectl get serviceaccount default
}

# For suites that have the cluster to themselves: a part of it crashes, and comes back.
kill_part() { # kill_part NAME
  is_part "$1"
  running "$1" || { say "$1 does not run"; return 1; }
  kill -KILL "$(cat "$run/$1.pid")"
  await 10 "$1" gone "$1"
}

start_part() { # start_part NAME
  is_part "$1"
  export KUBECONFIG=$pki/admin.kubeconfig
  case $1 in
    kube-apiserver) start_apiserver ;;
    kubelet) await 90 kubelet node_is_ready ;;
  esac
}

is_part() {
  [ "$1" = kube-apiserver ] || [ "$1" = kubelet ] || { say 'the parts are kube-apiserver and kubelet'; return 1; }
}

gone() { ! running "$1"; }

cluster_env() {
  echo "export TESTBED_KUBECONFIG=$pki/admin.kubeconfig"
  echo "export TESTBED_BUSYBOX_IMAGE=$host_ip:5000/busybox:1"
}
