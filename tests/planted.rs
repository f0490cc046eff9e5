//! Each check finds a fault that is planted in a copy of this homelab, of which it finds nothing without.

mod homelab;
mod sites;

use std::fs;

use homebuild::check::Check;
use homelab::homelab;
use sites::homebuild;

const CHEF: &str = "stacks/cyberchef/stack.yaml";
const SITE: &str = "homebuild.yaml";

/// A check, and the replacements by which it has something to find: file, what is there, what is put there.
type Fault = (&'static str, &'static [(&'static str, &'static str, &'static str)]);

const SERVICE: &str = "    service: cc\n";
const IMAGE: &str = "    image: mpepping/cyberchef:latest\n";
/// A line of the component and one more.
macro_rules! chef {
    ($line:literal) => {
        &[(CHEF, IMAGE, concat!("    image: mpepping/cyberchef:latest\n    ", $line, "\n"))]
    };
}

const FAULTS: &[Fault] = &[
    (
        "address-twice",
        &[
            (CHEF, SERVICE, "    service: {name: cc, type: LoadBalancer, spec: {loadBalancerIP: 10.0.20.1}}\n"),
            (
                "stacks/affine/stack.yaml",
                "    port: 3010\n",
                "    port: 3010\n    service: {type: LoadBalancer, spec: {loadBalancerIP: 10.0.20.1}}\n",
            ),
        ],
    ),
    ("cluster-admin", &[("stacks/openclaw/stack.yaml", "  cluster-admin: it mends the cluster by itself\n", "")]),
    ("host-network", chef!("pod: {hostNetwork: true}")),
    ("host-path", chef!("volumes: {/logs: host:/var/log}")),
    ("host-twice", &[(CHEF, "ingress: {host: cc,", "ingress: {host: draw,")]),
    ("latest-tag", &[(SITE, "latest-tag: allow", "latest-tag: warn")]),
    ("limits-above-tier", chef!("resources: {requests: {memory: 64Mi}, limits: {memory: 8Gi}}")),
    ("machine-twice", &[("stacks/infra/stack.yaml", "vmid: 2000", "vmid: 1000")]),
    ("no-readiness-probe", &[(SITE, "no-readiness-probe: allow", "no-readiness-probe: deny")]),
    (
        "no-requests",
        &[(
            SITE,
            "    default: {cpu: 500m, memory: 1Gi}\n    defaultRequest: {cpu: 25m, memory: 64Mi}\n",
            "    default: {cpu: 500m}\n",
        )],
    ),
    (
        "no-schema",
        &[(
            "schemas/traefik.io.json",
            "v1alpha1/Middleware\":{\"namespaced\":true,\"schema\":\"traefik.io/v1alpha1/Middleware\"}",
            "v1alpha1/Middleware\":{\"namespaced\":true}",
        )],
    ),
    ("no-tier-label", &[("layouts/namespace.yaml.j2", "\"tier\": module.tier", "\"level\": module.tier")]),
    (
        "node-port-twice",
        &[(
            CHEF,
            SERVICE,
            "    service:\n    - {name: cc, spec: &port {type: NodePort, ports: [{port: 80, protocol: TCP, nodePort: 30080}]}}\n    - {name: dd, spec: *port}\n",
        )],
    ),
    ("plain-secret", chef!("env: {API_KEY: x7Kq2mP9vL4wR8tZ}")),
    (
        "pod-security",
        &[
            (SITE, "  4-aux:\n", "  4-aux:\n    pod_security: baseline\n"),
            (
                CHEF,
                IMAGE,
                "    image: mpepping/cyberchef:latest\n    container: {securityContext: {privileged: true}}\n",
            ),
        ],
    ),
    ("port-name", chef!("probes: {readiness: {httpGet: {path: /, port: web}}}")),
    ("privileged", chef!("container: {securityContext: {privileged: true}}")),
    ("quota-exceeded", chef!("resources: {requests: {memory: 3Gi}, limits: {memory: 4Gi}}")),
    ("reference", chef!("pod: {serviceAccountName: cook}")),
    ("requests-above-limits", chef!("resources: {requests: {memory: 1536Mi}, limits: {memory: 1Gi}}")),
    ("schema", chef!("deployment: {progresDeadlineSeconds: 60}")),
    ("secret-in-plain", chef!("annotations: {cook: \"${{ secrets.gemini_api_key }}\"}")),
    ("selector", &[(CHEF, SERVICE, "    service: {name: cc, spec: {selector: {app: cc}}}\n")]),
    (
        "undeclared-dependency",
        &[("stacks/openclaw/stack.yaml", "  undeclared-dependency: it asks ollama, and does without\n", "")],
    ),
    ("unknown-host", &[(SITE, "mysql: mysql.dbaas.svc", "mysql: mysqll.dbaas.svc")]),
    (
        "unused-secret",
        &[(
            SITE,
            "  unused-secret: those of Cloudflare's account are for people, in the commands of docs/dns.md\n",
            "",
        )],
    ),
];

#[test]
fn each_check_finds_what_is_planted_in_a_real_stack() {
    let names: Vec<&str> = FAULTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, Check::ALL.iter().map(|check| check.name).collect::<Vec<_>>());
    for (name, replacements) in FAULTS {
        let site = homelab();
        for (file, there, put) in *replacements {
            let path = site.path().join(file);
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(there), "{file}: {there}");
            fs::write(path, text.replacen(there, put, 1)).unwrap();
        }
        let said = homebuild(site.path(), &["build"]).text;
        assert!(said.contains(&format!("[{name}]: ")), "{name}: {said}");
    }
}

#[test]
fn a_mistake_that_all_stacks_show_is_one_message() {
    for (file, there, put, message) in [
        (
            "partials/ingress.yaml.j2",
            "secretName: {{ site.tls.name }}",
            "secretName: tls-x",
            "there is no Secret `tls-x`",
        ),
        (SITE, "depends_on: [platform]", "depends_on: []", "a stack needs `platform` and does not depend on it"),
    ] {
        let site = homelab();
        let path = site.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(there), "{file}: {there}");
        fs::write(path, text.replace(there, put)).unwrap();
        let said = homebuild(site.path(), &["build", "--warnings", "deny"]).bad().text;
        assert_eq!(said.matches(message).count(), 1, "{said}");
    }
}

#[test]
fn the_homelab_itself_has_nothing_to_be_told() {
    homebuild(homelab().path(), &["build", "--warnings", "deny"]).good().without_warnings();
}
