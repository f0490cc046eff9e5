use super::*;
use crate::problem::Source;

/// A tree of paths below `out/` and texts.
fn tree(files: &[(&str, &str)]) -> Tree {
    let sources: Vec<_> = files.iter().map(|(path, text)| Source::new(format!("out/{path}"), *text)).collect();
    Tree::of(&sources, true).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// The locks of stacks: `a: b c` is stack `a`, which depends on `b` and `c`.
fn locks(lines: &str) -> Tree {
    let lock = |line: &str| {
        let (name, needs) = line.split_once(':').unwrap();
        let needs = needs.split_whitespace().collect::<Vec<_>>().join(", ");
        (format!("{name}/stack.lock"), format!("depends_on: [{needs}]\nmodules: {{{name}: {{tier: t-{name}}}}}\n"))
    };
    let files: Vec<(String, String)> = lines.lines().map(lock).collect();
    tree(&files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect::<Vec<_>>())
}

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      initContainers: [{name: first, image: busybox}]
      containers: [{name: a, image: nginx}, {name: b, image: nginx}]
      volumes:
      - {name: x, nfs: {server: nas, path: /pictures}}
      - {name: y, persistentVolumeClaim: {claimName: data}}
      - {name: z, persistentVolumeClaim: {claimName: of-someone-else}}
";

#[test]
fn a_stack_is_one_wave_after_the_last_that_it_needs() {
    let rows = stacks(&locks("c: b\na:\nb: a\nd: a")).unwrap();
    let waves: Vec<(usize, &str)> = rows.iter().map(|row| (row.wave, row.stack.as_str())).collect();
    assert_eq!(waves, [(0, "a"), (1, "b"), (1, "d"), (2, "c")]);
}

#[test]
fn a_circle_and_a_stack_that_is_not_there_are_problems() {
    let message = |lines: &str| stacks(&locks(lines)).unwrap_err().sorted()[0].message.clone();
    assert_eq!(message("a: b\nb: a\nc:"), "these stacks of out/ wait for one another: a, b");
    assert_eq!(message("a: b"), "`a` depends on `b`, which is not in out/");
}

#[test]
fn a_dependency_that_follows_from_others_is_not_drawn() {
    let graph = graph(&locks("a:\nb: a\nc: a b\nd: a b c\ne: a")).unwrap();
    let edges: Vec<String> = graph.edges.iter().map(|edge| format!("{}-{}", edge.from, edge.to)).collect();
    assert_eq!(edges, ["a-b", "a-e", "b-c", "c-d"]);
}

#[test]
fn stacks_after_the_same_others_are_a_group_and_those_that_others_need_come_first() {
    let graph = graph(&locks("root:\na: root\nz: root\nlast: z")).unwrap();
    let groups = graph.groups();
    let names = |group: &Group| group.stacks.iter().map(|stack| stack.stack.clone()).collect::<Vec<_>>().join(" ");
    let said: Vec<String> =
        groups.iter().map(|one| format!("{} after {:?}: {}", one.wave, one.after, names(one))).collect();
    assert_eq!(said, ["0 after []: root", "1 after [\"root\"]: z", "1 after [\"root\"]: a", "2 after [\"z\"]: last"]);
}

#[test]
fn an_ingress_leads_a_host_to_a_service_and_a_record_leads_to_it() {
    let ingress = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop, annotations: {a: b}}
spec:
  rules:
  - host: x.org
    http: {paths: [{path: /, backend: {service: {name: web, port: {number: 80}}}}, {path: /api, backend: {service: {name: api, port: {name: http}}}}]}
  - http: {paths: [{backend: {service: {name: web, port: {number: 80}}}}]}
";
    let records = "apiVersion: externaldns.k8s.io/v1alpha1
kind: DNSEndpoint
metadata: {name: web, namespace: shop}
spec:
  endpoints:
  - {dnsName: x.org, recordType: A, targets: [192.0.2.1]}
  - {dnsName: alone.org, recordType: CNAME, targets: [x.org]}
  - {dnsName: _dmarc.x.org, recordType: TXT, targets: [p]}
";
    let tree = tree(&[("s/stack.lock", "{}"), ("s/m/ingress.yaml", ingress), ("s/m/dnsendpoint.yaml", records)]);
    let row = |host: &Host| {
        let dns: Vec<String> = host.dns.iter().map(|record| format!("{} {:?}", record.kind, record.targets)).collect();
        format!("{} {:?} {:?}:{:?} {:?} {dns:?}", host.host, host.path, host.service, host.port, host.annotations)
    };
    insta::assert_snapshot!(hosts(&tree).iter().map(row).collect::<Vec<_>>().join("\n"), @r#"
    * Some("/") Some("web"):Some("80") {"a": "b"} []
    alone.org None None:None {} ["CNAME [\"x.org\"]"]
    x.org Some("/") Some("web"):Some("80") {"a": "b"} ["A [\"192.0.2.1\"]"]
    x.org Some("/api") Some("api"):Some("http") {"a": "b"} ["A [\"192.0.2.1\"]"]
    "#);
}

#[test]
fn an_image_is_counted_by_containers() {
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: chart, namespace: shop}
spec: {values: {deep: {image: {repository: of/chart, tag: 1}, extraContainers: [], containers: [{image: nginx}]}, image: {tag: 2}}}
";
    let tree = tree(&[("s/stack.lock", "{}"), ("s/m/deployment.yaml", WEB), ("s/m/helmrelease.yaml", release)]);
    let row = |image: &Image| {
        let users: Vec<String> = image.used_by.iter().map(|user| format!("{} {}", user.kind, user.name)).collect();
        format!("{} {} {}", image.image, image.containers, users.join(", "))
    };
    insta::assert_snapshot!(images(&tree).iter().map(row).collect::<Vec<_>>().join("\n"), @r"
    busybox 1 Deployment web
    nginx 3 Deployment web, HelmRelease chart
    of/chart:1 1 HelmRelease chart
    ");
}

#[test]
fn a_claim_is_known_where_it_is_made_and_by_who_mounts_it() {
    let claim = "apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: shop}
spec: {storageClassName: fast, resources: {requests: {storage: 1Gi}}}
";
    let set = "apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  template: {spec: {containers: []}}
  volumeClaimTemplates: [{metadata: {name: disk}, spec: {resources: {requests: {storage: 2Gi}}}}]
";
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: chart, namespace: shop}
spec: {values: {persistence: {existingClaim: data}}}
";
    let tree = tree(&[
        ("s/stack.lock", "{}"),
        ("s/m/claim.yaml", claim),
        ("s/m/deployment.yaml", WEB),
        ("s/m/set.yaml", set),
        ("s/m/release.yaml", release),
    ]);
    let row = |volume: &Volume| {
        let users: Vec<String> = volume.used_by.iter().map(|user| format!("{} {}", user.kind, user.name)).collect();
        format!("{} {} {:?} {:?} {}", volume.volume, volume.kind, volume.size, volume.from, users.join(", "))
    };
    insta::assert_snapshot!(volumes(&tree).iter().map(row).collect::<Vec<_>>().join("\n"), @r#"
    nas:/pictures nfs None None Deployment web
    shop/data claim Some("1Gi") Some("fast") Deployment web, HelmRelease chart
    shop/disk-db-* claim Some("2Gi") None StatefulSet db
    "#);
}

#[test]
fn a_machine_is_what_its_calls_say() {
    let template = r#"{"kind": "ProxmoxTemplate", "name": "noble", "vmid": 1000, "calls": [{"call": "POST x", "parameters": {"memory": "2048", "cores": 2}}]}"#;
    let vm = r#"{"kind": "ProxmoxVM", "name": "web", "vmid": 200, "calls": [
        {"call": "POST clone", "parameters": {"vmid": 1000, "newid": 200}},
        {"call": "POST config", "parameters": {"memory": "4096", "ipconfig0": "ip=10.0.0.5/24,gw=10.0.0.1", "ipconfig1": "ip=dhcp"}}]}"#;
    let site = "targets: {pve: {type: proxmox, node: big}, cluster: {type: kubernetes}}";
    let tree = tree(&[
        ("site.lock", site),
        ("s/stack.lock", "{}"),
        ("s/m/proxmox/1000.json", template),
        ("s/m/proxmox/200.json", vm),
    ]);
    let rows = vms(&tree);
    assert_eq!(rows[0].addresses, ["10.0.0.5/24", "dhcp"]);
    let row = |vm: &Vm| {
        format!("{} {} {} {:?} {:?} {:?} {:?}", vm.vmid, vm.name, vm.kind, vm.node, vm.memory, vm.cores, vm.from)
    };
    insta::assert_snapshot!(rows.iter().map(row).collect::<Vec<_>>().join("\n"), @r#"
    200 web vm Some("big") Some(4096) None Some("noble")
    1000 noble template Some("big") Some(2048) Some(2) None
    "#);
}

#[test]
fn a_secret_is_known_by_its_name_wherever_it_stands() {
    let object = "apiVersion: v1
kind: Secret
metadata: {name: x}
stringData: {a: \"<secret:db.password|json#0123abcd>\", b: \"x <secret:db.password#0123abcd> <secret:other#0123abcd>\"}
";
    let tree = tree(&[
        ("site.lock", "token: <secret:token#0123abcd>"),
        ("s/stack.lock", "{}"),
        ("s/m/secret.yaml", object),
        ("s/m/cloud-init/a.yaml", "#cloud-config\npassword: <secret:other#0123abcd>\n"),
        ("s/m/control-plane/notes.txt", "<secret:other#0123abcd>"),
    ]);
    let found = secrets(&tree).unwrap();
    let row = |secret: &Secret| {
        format!("{} {:?} {} {:?} {}", secret.secret, secret.stacks, secret.files, secret.filters, secret.site)
    };
    insta::assert_snapshot!(found.iter().map(row).collect::<Vec<_>>().join("\n"), @r#"
    db.password {"s"} 1 {"json"} false
    other {"s"} 3 {} false
    token {} 0 {} true
    "#);
}

#[test]
fn a_broken_reference_is_a_problem_at_its_place() {
    let tree = tree(&[("s/stack.lock", "{}"), ("s/m/a.yaml", "apiVersion: v1\nkind: X\na: <secret:oh no>\n")]);
    let problems = secrets(&tree).unwrap_err().sorted();
    assert_eq!(problems[0].place.as_ref().unwrap().to_string(), "out/s/m/a.yaml:3:4");
}
