use super::*;
use crate::problem::Source;

/// A tree with machines, a chart that brings a kind, and a shop with secrets.
const FILES: [(&str, &str); 10] = [
    ("site.lock", "name: home\ntargets: {home: {type: kubernetes}, pve: {type: proxmox}}\n"),
    ("machines/stack.lock", "depends_on: []\nmodules: {machines: {}}\n"),
    ("machines/machines/cloud-init/node.yaml", "#cloud-config\n"),
    (
        "platform/stack.lock",
        "depends_on: [machines]\nmodules: {kyverno: {timeout: 1h, provides: [CustomResourceDefinition/clusterpolicies.kyverno.io]}, \
         dns: {timeout: 90m}}\n",
    ),
    ("platform/kyverno/clusterpolicy.a.yaml", "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: a}\n"),
    ("platform/rbac/control-plane/patch.yaml.txt", "spec: {}\n"),
    ("shop/stack.lock", "depends_on: [machines, platform]\nmodules: {shop: {namespace: shop}}\n"),
    ("shop/shop/secret.env.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: env, namespace: shop}\n"),
    (
        "shop/shop/ingress.shop.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: shop, namespace: shop, annotations: {a: \
         \"<secret:token#0123abcd>\"}}\n",
    ),
    ("shop/shop/service.shop.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: shop, namespace: shop}\n"),
];

fn tree(files: &[(&str, &str)]) -> Tree {
    let sources: Vec<_> = files.iter().map(|(path, text)| Source::new(format!("out/{path}"), *text)).collect();
    Tree::of(&sources, true).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn flux() -> Flux {
    Flux {
        namespace: "flux-system".to_owned(),
        source: "home".to_owned(),
        url: None,
        branch: "main".to_owned(),
        out: "out".to_owned(),
        prune: false,
    }
}

fn argocd() -> Engine {
    Engine::ArgoCd(ArgoCd {
        namespace: "argocd".to_owned(),
        repository: "https://git.example.org/home".to_owned(),
        revision: "HEAD".to_owned(),
        out: "out".to_owned(),
        project: "default".to_owned(),
        server: "https://kubernetes.default.svc".to_owned(),
        prune: true,
    })
}

fn file(files: &[(&str, &str)], engine: &Engine, name: &str) -> String {
    export(&tree(files), engine, None).unwrap().files.remove(name).unwrap()
}

#[test]
fn a_stack_of_machines_is_given_to_no_engine_and_is_taken_to_be_there() {
    let export = export(&tree(&FILES), &Engine::Flux(flux()), None).unwrap();
    assert_eq!(export.files.keys().collect::<Vec<_>>(), ["kustomization.platform.yaml", "kustomization.shop.yaml"]);
    let stacks: Vec<_> =
        export.stacks.iter().map(|one| (&*one.stack, one.wave, &*one.depends_on, &*one.assumed)).collect();
    let (machines, platform) = (vec!["machines".to_owned()], vec!["platform".to_owned()]);
    assert_eq!(stacks, [("platform", 1, &[][..], &*machines), ("shop", 2, &*platform, &*machines)]);
}

#[test]
fn secrets_and_what_refers_to_one_are_left_out() {
    let export = export(&tree(&FILES), &argocd(), None).unwrap();
    let left_out: Vec<_> = export.stacks.iter().flat_map(|one| &one.left_out).collect();
    assert_eq!(left_out, ["out/shop/shop/ingress.shop.yaml", "out/shop/shop/secret.env.yaml"]);
}

#[test]
fn a_stack_with_objects_of_its_own_charts_kinds_is_known() {
    let export = export(&tree(&FILES), &argocd(), None).unwrap();
    let needs: Vec<_> = export.stacks.iter().map(|one| one.needs_own_charts).collect();
    assert_eq!(needs, [true, false]);
}

#[test]
fn flux_is_given_a_kustomization() {
    insta::assert_snapshot!(file(&FILES, &Engine::Flux(flux()), "kustomization.shop.yaml"), @r#"
    # Made by `homebuild export flux`, which writes it anew each time.
    apiVersion: kustomize.toolkit.fluxcd.io/v1
    kind: Kustomization
    metadata:
      name: shop
      namespace: flux-system
    spec:
      interval: 10m
      retryInterval: 1m
      timeout: 10m
      path: ./out/shop
      prune: false
      wait: true
      sourceRef:
        kind: GitRepository
        name: home
      dependsOn:
      - name: platform
      patches:
      - target:
          version: v1
          kind: Secret
        patch: |
          apiVersion: v1
          kind: Secret
          metadata:
            name: any
          $patch: delete
      - target:
          kind: Ingress
          name: shop
          namespace: shop
        patch: |
          apiVersion: networking.k8s.io/v1
          kind: Ingress
          metadata:
            name: any
          $patch: delete
    "#);
}

#[test]
fn flux_waits_as_long_as_the_most_patient_module() {
    let made = file(&FILES, &Engine::Flux(flux()), "kustomization.platform.yaml");
    assert!(made.contains("\n  timeout: 90m\n"), "{made}");
}

#[test]
fn where_flux_prunes_it_keeps_what_push_would_keep() {
    let made = file(&FILES, &Engine::Flux(Flux { prune: true, ..flux() }), "kustomization.platform.yaml");
    let (_, patches) = made.split_once("  patches:\n").unwrap();
    insta::assert_snapshot!(patches, @r#"
    - target:
        version: v1
        kind: Secret
      patch: |
        apiVersion: v1
        kind: Secret
        metadata:
          name: any
        $patch: delete
    - target:
        kind: Namespace|Node|PersistentVolume|PersistentVolumeClaim|CustomResourceDefinition|StorageClass
      patch: |
        apiVersion: v1
        kind: any
        metadata:
          name: any
          annotations:
            kustomize.toolkit.fluxcd.io/prune: disabled
    - target:
        annotationSelector: homebuild.dev/prune=keep
      patch: |
        apiVersion: v1
        kind: any
        metadata:
          name: any
          annotations:
            kustomize.toolkit.fluxcd.io/prune: disabled
    "#);
}

#[test]
fn the_repository_is_made_where_its_address_is_known() {
    let with_url = Flux { url: Some("https://git.example.org/home".to_owned()), ..flux() };
    insta::assert_snapshot!(file(&FILES, &Engine::Flux(with_url), "gitrepository.home.yaml"), @r#"
    # Made by `homebuild export flux`, which writes it anew each time.
    apiVersion: source.toolkit.fluxcd.io/v1
    kind: GitRepository
    metadata:
      name: home
      namespace: flux-system
    spec:
      interval: 1m
      url: https://git.example.org/home
      ref:
        branch: main
    "#);
}

#[test]
fn argo_cd_is_given_an_application() {
    insta::assert_snapshot!(file(&FILES, &argocd(), "application.shop.yaml"), @r#"
    # Made by `homebuild export argocd`, which writes it anew each time.
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata:
      name: shop
      namespace: argocd
      annotations:
        argocd.argoproj.io/sync-wave: "2"
    spec:
      project: default
      destination:
        server: https://kubernetes.default.svc
      source:
        repoURL: https://git.example.org/home
        targetRevision: HEAD
        path: out/shop
        directory:
          recurse: true
          exclude: "{*/secret.*,shop/ingress.shop.yaml}"
      syncPolicy:
        automated:
          prune: true
          selfHeal: true
        syncOptions:
        - ServerSideApply=true
        - CreateNamespace=false
        - SkipDryRunOnMissingResource=true
        retry:
          limit: 10
          backoff:
            duration: 15s
            factor: 2
            maxDuration: 5m
    "#);
}

#[test]
fn objects_and_machines_in_one_stack_are_refused() {
    let mut files = FILES.to_vec();
    files.push(("shop/shop/cloud-init/node.yaml", "#cloud-config\n"));
    let problems = export(&tree(&files), &argocd(), None).unwrap_err().sorted();
    assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["mixed-stack"]);
}

#[test]
fn a_stack_that_is_called_what_no_object_can_be_has_another_name_and_no_other_has_it() {
    let stack = |name: &str| {
        [
            (format!("{name}/stack.lock"), "modules: {a: {}}\n".to_owned()),
            (format!("{name}/a/service.a.yaml"), "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n".to_owned()),
        ]
    };
    let export = |names: &[&str]| {
        let files: Vec<(String, String)> = names.iter().flat_map(|name| stack(name)).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        super::export(&tree(&files), &Engine::Flux(flux()), None)
    };
    let made = export(&["osm_routing"]).unwrap().files.remove("kustomization.osm_routing.yaml").unwrap();
    assert!(made.contains("name: osm-routing\n") && made.contains("path: ./out/osm_routing\n"), "{made}");
    let problems = export(&["osm_routing", "osm-routing"]).unwrap_err();
    assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["name"]);
}

#[test]
fn of_several_clusters_one_is_named() {
    let mut files = FILES.to_vec();
    files[0].1 = "name: home\ntargets: {a: {type: kubernetes}, b: {type: kubernetes}}\n";
    files[3].1 = "depends_on: [machines]\ntarget: a\nmodules: {}\n";
    files[6].1 = "depends_on: [platform]\ntarget: b\nmodules: {}\n";
    let tree = tree(&files);
    let code = |target| export(&tree, &argocd(), target).unwrap_err().sorted()[0].code;
    assert_eq!([code(None), code(Some("c"))], ["missing-target", "unknown-target"]);
    let of_b = export(&tree, &argocd(), Some("b")).unwrap().stacks;
    assert_eq!(
        of_b.iter().map(|one| (&*one.stack, &*one.assumed)).collect::<Vec<_>>(),
        [("shop", &["platform".to_owned()][..])]
    );
}
