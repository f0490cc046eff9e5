//! `homebuild list`

use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;
use serde_json::{Value, json};

use crate::disk;
use crate::load;
use crate::out::{self, Tree};
use crate::problem::{Problem, Problems, did_you_mean};
use crate::schema::Declared;
use crate::site::Site;
use crate::survey::{self, Record};

use super::table::table;

/// Arguments of `homebuild list`.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "list                           # stacks",
    "list hosts",
    "list images --json",
    "list values app                # what a component of this layout can say",
    "list values Volume             # what a type of a value has"
))]
pub(super) struct Arguments {
    /// What is listed
    #[arg(value_enum, default_value = "stacks")]
    what: What,
    /// The layout, or the type of `layouts/types.schema.yaml`, whose values are listed; all layouts where none is named
    #[arg(value_name = "LAYOUT", add = super::complete::layouts())]
    layout: Option<String>,
    /// Print it as JSON, with all that is known
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// Stacks with their waves, tiers and dependencies
    Stacks,
    /// Hosts of Ingresses and DNS records, and the Services behind them
    Hosts,
    /// Images and what runs them
    Images,
    /// NFS folders and claims, and what mounts them
    Volumes,
    /// Proxmox templates and VMs
    Vms,
    /// Names of secrets and the stacks that use them; never a value
    Secrets,
    /// The values of a layout: what a component can say
    Values,
    /// The layouts of layouts/
    Layouts,
}

pub(super) fn run(root: &Path, arguments: &Arguments) -> ExitCode {
    if let (Some(layout), true) = (&arguments.layout, arguments.what != What::Values) {
        return super::misused(format!("only `list values` takes a layout, such as `{layout}`"));
    }
    super::answer(arguments.json, listed(root, arguments))
}

/// What is listed: as JSON and as a table.
fn listed(root: &Path, arguments: &Arguments) -> Result<(Value, String), Problems> {
    let disk = disk::Site::open(root)?;
    let tree = || out::read(&disk);
    match arguments.what {
        What::Stacks => stacks(&tree()?),
        What::Hosts => Ok(hosts(&tree()?)),
        What::Images => Ok(images(&tree()?)),
        What::Volumes => Ok(volumes(&tree()?)),
        What::Vms => Ok(vms(&tree()?)),
        What::Secrets => secrets(&tree()?),
        What::Values => values(&site(&disk)?, arguments.layout.as_deref()),
        What::Layouts => Ok(layouts(&site(&disk)?)),
    }
}

fn site(disk: &disk::Site) -> Result<Site, Problems> {
    let (config, sources, _) = load::shared(disk)?;
    Site::new(config, &sources)
}

/// Rows under a name, as JSON and as a table of some of their fields.
fn rows<T: Serialize, const N: usize>(
    name: &str,
    all: &[T],
    head: [&str; N],
    cells: impl Fn(&T) -> [String; N],
) -> (Value, String) {
    let rows: Vec<[String; N]> = all.iter().map(cells).collect();
    let text =
        if rows.is_empty() { format!("there are no {name}\n") } else { table(head, &rows, super::style::width()) };
    (json!({ name: all }), text)
}

fn stacks(tree: &Tree) -> Result<(Value, String), Problems> {
    let head = ["stack", "wave", "objects", "tiers", "depends on", "modules"];
    Ok(rows("stacks", &survey::stacks(tree)?, head, |stack| {
        let is_plain = stack.modules == [stack.stack.clone()];
        let modules = if is_plain { String::new() } else { words(&stack.modules) };
        let [wave, objects] = [stack.wave, stack.objects].map(|number| number.to_string());
        [stack.stack.clone(), wave, objects, words(&stack.tiers), words(&stack.depends_on), modules]
    }))
}

fn hosts(tree: &Tree) -> (Value, String) {
    rows("hosts", &survey::hosts(tree), ["host", "stack", "service:port", "dns"], |host| {
        let path = host.path.as_deref().filter(|path| *path != "/").unwrap_or_default();
        let port = host.port.as_ref().map(|port| format!(":{port}")).unwrap_or_default();
        let service = format!("{}{port}", host.service.as_deref().unwrap_or_default());
        let record = |Record { kind, targets }: &Record| format!("{kind} {}", words(targets));
        let dns = host.dns.iter().map(record).collect::<Vec<_>>();
        [format!("{}{path}", host.host), host.stack.clone(), service, words(&dns)]
    })
}

fn images(tree: &Tree) -> (Value, String) {
    rows("images", &survey::images(tree), ["image", "containers", "stacks"], |image| {
        [image.image.clone(), image.containers.to_string(), words(&image.stacks)]
    })
}

fn volumes(tree: &Tree) -> (Value, String) {
    rows("volumes", &survey::volumes(tree), ["volume", "size", "from", "stack", "mounted by"], |volume| {
        let users: Vec<String> = volume.used_by.iter().map(|user| format!("{} {}", user.kind, user.name)).collect();
        let [size, from] = [&volume.size, &volume.from].map(|text| text.clone().unwrap_or_default());
        [volume.volume.clone(), size, from, words(&volume.stacks), words(&users)]
    })
}

fn vms(tree: &Tree) -> (Value, String) {
    let head = ["vmid", "name", "kind", "node", "memory", "cores", "from", "addresses"];
    rows("vms", &survey::vms(tree), head, |vm| {
        let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
        let [node, from] = [&vm.node, &vm.from].map(|text| text.clone().unwrap_or_default());
        let (vmid, name, kind) = (vm.vmid.to_string(), vm.name.clone(), vm.kind.to_owned());
        [vmid, name, kind, node, number(vm.memory), number(vm.cores), from, words(&vm.addresses)]
    })
}

fn secrets(tree: &Tree) -> Result<(Value, String), Problems> {
    Ok(rows("secrets", &survey::secrets(tree)?, ["secret", "filters", "used by"], |secret| {
        let site = secret.site.then(|| "homebuild.yaml".to_owned());
        [secret.secret.clone(), words(&secret.filters), words(site.iter().chain(&secret.stacks))]
    }))
}

/// A layout in a list.
#[derive(Serialize)]
struct LayoutRow<'a> {
    layout: &'a str,
    template: &'a str,
    values: usize,
    description: &'a str,
}

fn layouts(site: &Site) -> (Value, String) {
    let all: Vec<LayoutRow> = site
        .layouts
        .iter()
        .map(|(name, layout)| LayoutRow {
            layout: name,
            template: &layout.template.path,
            values: layout.schema.properties().count(),
            description: layout.schema.description(),
        })
        .collect();
    rows("layouts", &all, ["layout", "values", "what it makes"], |row| {
        [row.layout.to_owned(), row.values.to_string(), row.description.to_owned()]
    })
}

/// A value in a list, and whose it is.
#[derive(Serialize)]
struct ValueRow<'a> {
    of: &'a str,
    #[serde(flatten)]
    declared: Declared,
}

fn values(site: &Site, of: Option<&str>) -> Result<(Value, String), Problems> {
    let layouts = site.layouts.iter().map(|(name, layout)| (name.as_str(), layout.schema.outline()));
    let all: Vec<(&str, Vec<Declared>)> = match of {
        None => layouts.collect(),
        Some(name) => {
            let types = site.types.names().filter_map(|name| Some((name, site.types.outline(name)?)));
            vec![layouts.chain(types).find(|(known, _)| *known == name).ok_or_else(|| unknown(site, name))?]
        }
    };
    let all: Vec<ValueRow> = all
        .into_iter()
        .flat_map(|(of, values)| values.into_iter().map(move |declared| ValueRow { of, declared }))
        .collect();
    if of.is_some() {
        return Ok(rows("values", &all, ["value", "type", "default", "what it is for"], |row| cells(&row.declared)));
    }
    Ok(rows("values", &all, ["layout", "value", "type", "default", "what it is for"], |row| {
        let [value, kind, default, description] = cells(&row.declared);
        [row.of.to_owned(), value, kind, default, description]
    }))
}

fn cells(declared: &Declared) -> [String; 4] {
    let default = match &declared.default {
        None if declared.required => "(required)".to_owned(),
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    [declared.value.clone(), declared.kind.clone(), default, declared.description.clone()]
}

fn unknown(site: &Site, name: &str) -> Problem {
    let known = || site.layouts.keys().map(String::as_str).chain(site.types.names());
    Problem::error("unknown-layout", format!("there is no layout or type `{name}`"))
        .label(did_you_mean(name, known()))
        .note("the layouts: homebuild list layouts")
}

fn words<'a>(words: impl IntoIterator<Item = &'a String>) -> String {
    words.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
