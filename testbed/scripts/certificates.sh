# The cluster's certificates and kubeconfigs, made once.
certificate() { # certificate NAME SUBJECT [ALTERNATIVE NAMES]
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "$2" 2>/dev/null
  {
    echo 'basicConstraints=CA:FALSE'
    echo 'extendedKeyUsage=serverAuth,clientAuth'
    [ -z "${3:-}" ] || echo "subjectAltName=$3"
  } >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -extfile "$1.ext" -out "$1.crt" 2>/dev/null
}

kubeconfig() { # kubeconfig NAME
  cat <<YAML
apiVersion: v1
kind: Config
current-context: testbed
contexts: [{name: testbed, context: {cluster: testbed, user: $1}}]
clusters: [{name: testbed, cluster: {server: 'https://$host_ip:6443', certificate-authority: $pki/ca.crt}}]
users: [{name: $1, user: {client-certificate: $pki/$1.crt, client-key: $pki/$1.key}}]
YAML
}

make_certificates() {
  [ ! -f "$pki/complete" ] || return 0
  mkdir -p "$pki"
  (
    cd "$pki"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -keyout ca.key -out ca.crt -subj /CN=testbed-ca 2>/dev/null
    openssl ecparam -name prime256v1 -genkey -noout -out service-accounts.key
    openssl ec -in service-accounts.key -pubout -out service-accounts.pub 2>/dev/null
    local dns=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc
    certificate apiserver /CN=kube-apiserver "$dns,IP:127.0.0.1,IP:10.96.0.1,IP:$host_ip"
    certificate admin /O=system:masters/CN=admin
    certificate controllers /CN=system:kube-controller-manager
    certificate scheduler /CN=system:kube-scheduler
    certificate proxy /CN=system:kube-proxy
    certificate node /O=system:nodes/CN=system:node:node1 "DNS:node1,IP:$host_ip"
    local name
    for name in admin controllers scheduler proxy node; do kubeconfig "$name" >"$name.kubeconfig"; done
    touch complete
  )
}
