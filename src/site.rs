//! The site: what is true of every stack, read once and then only looked at.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::check;
use crate::kubernetes::kinds::Kinds;
use crate::layer::lay;
use crate::links::Offers;
use crate::problem::{Place, Problem, Problems, Source, did_you_mean};
use crate::schema::{Language, Schema, Types, What};
use crate::secrets::Secret;
use crate::template::expression;
use crate::template::{Context, Engine, Files, Generated, Growing, Makes, Value, from_node, secrets};
use crate::yaml::{self, Data, Map, Node};

/// The keys of a component that are not its layout's.
pub const RESERVED: [&str; 9] =
    ["layout", "name", "namespace", "instances", "when", "after", "patches", "accept", "provides"];

/// The name of the layout of what every module with a namespace gets.
pub const NAMESPACE_LAYOUT: &str = "namespace";

/// What `site` has besides the variables.
const FACTS: [&str; 4] = ["name", "tiers", "kubernetes", "proxmox"];

/// The files that are shared by all stacks, as they were read.
#[derive(Debug, Default)]
pub struct SiteSources {
    /// `layouts/`: templates and schemas.
    pub layouts: Vec<Arc<Source>>,
    /// `partials/`.
    pub partials: Vec<Arc<Source>>,
    /// `schemas/`.
    pub schemas: Vec<Arc<Source>>,
    /// The SOPS files that `homebuild.yaml` names.
    pub secrets: Vec<Arc<Source>>,
    /// Whether secrets that homebuild makes count as made, so that all of them are found.
    pub pretend: bool,
}

/// `homebuild.yaml`, checked, with nothing evaluated yet.
#[derive(Debug)]
pub struct Config {
    /// The file.
    pub source: Arc<Source>,
    /// All keys, with defaults.
    pub node: Node,
    schemas: FileSchemas,
}

/// The schemas of the files of the source language, which are inside the program.
#[derive(Debug)]
struct FileSchemas {
    site: Schema,
    stack: Schema,
    module: Schema,
    component: Schema,
}

/// What a site is.
pub struct Site {
    /// `name` of `homebuild.yaml`.
    pub name: String,
    /// The tiers, by name.
    pub tiers: Map,
    /// What push talks to.
    pub targets: Node,
    /// Versions, as given.
    pub versions: Vec<(&'static str, String)>,
    /// What exists although nobody here makes it.
    pub external: Vec<String>,
    /// Levels of checks.
    pub checks: check::Levels,
    /// What is accepted in the files that all stacks share.
    pub accepts: check::Accepts,
    /// What looks like a secret in those files.
    pub plain: Vec<check::Plain>,
    /// Laid under every stack.
    pub stack_defaults: Node,
    /// Laid under every component of a layout.
    pub layout_defaults: BTreeMap<String, Node>,
    /// `vars`, evaluated.
    pub vars: Node,
    /// The layouts by name.
    pub layouts: BTreeMap<String, Layout>,
    /// Templates and expressions.
    pub engine: Engine,
    /// The shared types of values.
    pub types: Arc<Types>,
    /// What is known of kinds.
    pub kinds: Arc<Kinds>,
    /// Names and fingerprints.
    pub secrets: Arc<Secret>,
    /// The secrets that homebuild.yaml says homebuild makes.
    pub generated: Vec<Generated>,
    pretend: bool,
    /// The files that they are in.
    pub secret_files: Vec<Arc<Source>>,
    base: Context,
    vars_value: Value,
    schemas: FileSchemas,
}

/// A layout: a template and the schema of its values.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Its name, as components say it: `app`, `./owners`.
    pub name: String,
    /// The template.
    pub template: Arc<Source>,
    /// Of the values.
    pub schema: Arc<Schema>,
}

/// Which file of the source language is completed.
#[derive(Debug, Clone, Copy)]
pub enum FileKind {
    /// `stack.yaml`
    Stack,
    /// `module.yaml`
    Module,
    /// The reserved keys of a component.
    Component,
}

impl Config {
    /// Reads `homebuild.yaml`.
    pub fn read(source: &Arc<Source>) -> Result<Self, Problems> {
        let types = Arc::new(Types::load(&embedded("types", include_str!("schemas/types.schema.yaml")))?);
        let schema = |name: &str, text: &str| Schema::load(&embedded(name, text), &types);
        let schemas = FileSchemas {
            site: schema("site", include_str!("schemas/site.schema.yaml"))?,
            stack: schema("stack", include_str!("schemas/stack.schema.yaml"))?,
            module: schema("module", include_str!("schemas/module.schema.yaml"))?,
            component: schema("component", include_str!("schemas/component.schema.yaml"))?,
        };
        let node = yaml::parse_one(source)?;
        let site = &schemas.site;
        let node = site.complete(site.expand(node), &What::file("homebuild.yaml", &Place::file(source)))?;
        Ok(Self { source: source.clone(), node, schemas })
    }

    /// The SOPS files that it names; `None` is the default, which need not be there.
    #[must_use]
    pub fn secret_files(&self) -> Option<Vec<(&str, &Place)>> {
        let list = self.node.get("secrets").and_then(Node::as_list).filter(|list| !list.is_empty())?;
        Some(list.iter().filter_map(|node| Some((node.as_str()?, &node.place))).collect())
    }
}

fn texts(node: Option<&Node>) -> Vec<String> {
    node.and_then(Node::as_list).unwrap_or_default().iter().filter_map(Node::as_str).map(str::to_owned).collect()
}

fn embedded(name: &str, text: &str) -> Arc<Source> {
    Source::new(format!("homebuild's own schema of {name}"), text)
}

impl Site {
    /// Puts the shared files together; all their problems are told.
    pub fn new(config: Config, sources: &SiteSources) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let Config { node, schemas, source } = config;
        let kinds = problems.take(Kinds::new(&sources.schemas)).map(Arc::new);
        let secret = problems.take(Secret::load(&sources.secrets)).map(Arc::new);
        let types_source = sources.layouts.iter().find(|source| source.path == TYPES);
        let types = problems.take(types_source.map_or_else(|| Ok(Types::none()), Types::load)).map(Arc::new);
        let (Some(kinds), Some(secret), Some(types)) = (kinds, secret, types) else { return Err(problems) };
        problems.extend(node.get("kubernetes").and_then(|version| of_another_version(&kinds, version)));
        let templates: Vec<_> =
            sources.layouts.iter().chain(&sources.partials).filter(|s| is_template(s)).cloned().collect();
        let layouts = problems.take(layouts(&sources.layouts, &types));
        problems.extend(strangers(&sources.layouts, &["yaml.j2", "schema.yaml", "md"]));
        problems.extend(strangers(&sources.partials, &["yaml.j2", "md"]));
        let engine = problems.take(Engine::new(&templates, &types, &kinds));
        let checks = problems.take(check::Levels::new(node.get("checks")));
        let generated = problems.take(Generated::declared(node.get("generated"))).unwrap_or_default();
        let accepts = problems.take(check::Accepts::new(node.get("accept")));
        let (Some(engine), Some(checks), Some(layouts), Some(accepts)) = (engine, checks, layouts, accepts) else {
            return Err(problems);
        };
        let texts_of_people = [&source].into_iter().chain(&sources.layouts).chain(&sources.partials);
        let text = |key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
        let mut site = Self {
            name: text("name").unwrap_or_default(),
            tiers: node.get("tiers").and_then(Node::as_map).cloned().unwrap_or_default(),
            targets: node.get("targets").cloned().unwrap_or_else(|| Node::map(&node.place)),
            versions: ["kubernetes", "proxmox"].iter().filter_map(|key| Some((*key, text(key)?))).collect(),
            external: texts(node.get("external")),
            checks,
            accepts,
            plain: check::in_sources(texts_of_people),
            stack_defaults: Node::map(&node.place),
            layout_defaults: BTreeMap::new(),
            vars: Node::map(&node.place),
            layouts,
            engine,
            types,
            kinds,
            base: Context::new(&Arc::default(), Vec::new()),
            secrets: secret,
            generated,
            pretend: sources.pretend,
            secret_files: sources.secrets.clone(),
            vars_value: Value::from(()),
            schemas,
        };
        site.base = site.base.with("secrets", site.secrets_value(&[]));
        site.take_defaults(node.get("defaults"), &mut problems);
        site.evaluate_vars(node.get("vars"), &mut problems);
        let context = site.base.clone();
        let targets = std::mem::replace(&mut site.targets, Node::map(&node.place));
        site.targets = expression::evaluate(targets, &site.engine, &context, &Files::default(), &mut problems);
        site.generated.extend(site.base.generated());
        problems.or(site)
    }

    /// `secrets` for expressions; beside those of the site, a stack declares some that are made.
    #[must_use]
    pub fn secrets_value(&self, declared: &[Generated]) -> Value {
        let names = self.generated.iter().chain(declared).map(|one| one.path.clone()).collect();
        secrets(&self.secrets, Makes { names, pretend: self.pretend })
    }

    fn take_defaults(&mut self, defaults: Option<&Node>, problems: &mut Problems) {
        let Some(mut defaults) = defaults.cloned() else { return };
        let layouts = defaults.as_map_mut().and_then(|map| map.remove("layouts"));
        self.stack_defaults = with_namespace_as_map(defaults);
        for entry in layouts
            .and_then(|node| if let Data::Map(map) = node.data { Some(map.0) } else { None })
            .into_iter()
            .flatten()
        {
            match self.layouts.get(&*entry.key) {
                Some(layout) => {
                    self.layout_defaults.insert(entry.key.into(), layout.schema.expand(entry.value));
                }
                None => problems.push(self.no_layout(&entry.key, &entry.place)),
            }
        }
    }

    /// A variable may use those above it, as `site.x`.
    fn evaluate_vars(&mut self, vars: Option<&Node>, problems: &mut Problems) {
        if let Some(vars) = vars {
            numbers_as_written(vars, problems);
            if let Some(problem) = expression::too_many(vars) {
                return problems.push(problem);
            }
        }
        let mut seen = Growing::default();
        for (key, value) in vars.and_then(Node::as_map).into_iter().flat_map(Map::iter) {
            if FACTS.contains(&key) {
                let message = format!("`site.{key}` is what homebuild.yaml says of the site, so no variable can be it");
                problems.push(Problem::error("reserved", message).at(&value.place));
            }
            let mut value = value.clone();
            if expression::is_below(&value) {
                let context = self.base.with("site", self.site_value(&seen)).with("vars", seen.value());
                value = expression::evaluate(value, &self.engine, &context, &Files::default(), problems);
            }
            seen.set(key, &value);
            if let Some(map) = self.vars.as_map_mut() {
                map.set(key, value);
            }
        }
        self.base = self.base.with("site", self.site_value(&seen));
        self.vars_value = seen.value();
    }

    /// The variables so far, and what homebuild.yaml says of the site.
    fn site_value(&self, vars: &Growing) -> Value {
        let place = Place::file(&Source::new("homebuild.yaml", ""));
        let mut site = vars.clone();
        site.set("name", &Node::text(self.name.as_str(), &place));
        site.set("tiers", &Node::new(Data::Map(self.tiers.clone()), &place));
        for (key, version) in &self.versions {
            site.set(key, &Node::text(version.as_str(), &place));
        }
        site.value()
    }

    /// What expressions of any stack see: `site` and `secrets`.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.base
    }

    /// `vars` of the site, for stacks that have none of their own.
    #[must_use]
    pub fn vars_value(&self) -> &Value {
        &self.vars_value
    }

    /// The schemas of everything that is written in the source language.
    #[must_use]
    pub fn language(&self) -> Language<'_> {
        Language {
            site: &self.schemas.site,
            stack: &self.schemas.stack,
            module: &self.schemas.module,
            component: &self.schemas.component,
            layouts: self.layouts.iter().map(|(name, layout)| (name.as_str(), &*layout.schema)).collect(),
            tiers: self.tiers.keys().collect(),
        }
    }

    /// A file of the source language, checked and with defaults.
    pub fn complete(&self, kind: FileKind, node: Node, what: &What) -> Result<Node, Problems> {
        let schema = match kind {
            FileKind::Stack => &self.schemas.stack,
            FileKind::Module => &self.schemas.module,
            FileKind::Component => &self.schemas.component,
        };
        schema.complete(schema.expand(node), what)
    }

    /// What exists although nobody here makes it, to be named.
    #[must_use]
    pub fn external_offers(&self) -> Offers<'static> {
        let mut offers = Offers::default();
        self.external.iter().for_each(|said| offers.add_said("", said, None));
        offers
    }

    /// The problem of a layout that is not there.
    #[must_use]
    pub fn no_layout(&self, name: &str, place: &Place) -> Problem {
        Problem::error("unknown-layout", format!("there is no layout `{name}`"))
            .at(place)
            .label(did_you_mean(name, self.layouts.keys().map(String::as_str)))
            .note(format!("a layout is layouts/{name}.yaml.j2 with layouts/{name}.schema.yaml"))
    }

    /// The levels of the site with those of a stack or module over them.
    pub fn levels(&self, over: Option<&Node>) -> Result<check::Levels, Problems> {
        self.checks.with(over)
    }

    /// Values laid over the site's defaults of a layout.
    #[must_use]
    pub fn over_defaults(&self, layout: &str, values: Node) -> Node {
        match self.layout_defaults.get(layout) {
            Some(defaults) => lay(defaults.clone(), values),
            None => values,
        }
    }
}

/// A stack's or module's file whose namespace, where it is only a name, is a map of it, ready to be merged.
#[must_use]
pub fn with_namespace_as_map(mut file: Node) -> Node {
    if let Some(namespace) = file.as_map_mut().and_then(|map| map.get_mut("namespace"))
        && namespace.as_str().is_some_and(|text| !expression::is_whole(text))
    {
        let place = namespace.place.clone();
        let name = std::mem::replace(namespace, Node::map(&place));
        if let Some(map) = namespace.as_map_mut() {
            map.set("name", name);
        }
    }
    file
}

/// A number in free values that an expression would print otherwise than it is written: `1.10` is 1.1.
pub fn numbers_as_written(node: &Node, problems: &mut Problems) {
    match (&node.data, &node.plain) {
        (Data::Int(_) | Data::Float(_), Some(plain)) => {
            let printed =
                if let Data::Int(number) = node.data { number.to_string() } else { from_node(node).to_string() };
            if **plain != *printed {
                problems.push(
                    Problem::error("number", format!("`{plain}` is the number {printed} to expressions"))
                        .at(&node.place)
                        .label("quote it to keep it as it is written"),
                );
            }
        }
        (Data::List(list), _) => list.iter().for_each(|item| numbers_as_written(item, problems)),
        (Data::Map(map), _) => map.iter().for_each(|(_, value)| numbers_as_written(value, problems)),
        _ => {}
    }
}

/// The problem of schemas that are of another version of Kubernetes than the site. Patches do not change the API.
fn of_another_version(kinds: &Kinds, version: &Node) -> Option<Problem> {
    let minor = |version: &str| version.splitn(3, '.').take(2).map(str::to_owned).collect::<Vec<_>>();
    let (known, source) = kinds.version();
    let wanted = version.as_str().filter(|wanted| minor(wanted) != minor(known))?;
    let file = source.map_or("that homebuild brings along", |_| "in schemas/kubernetes.json");
    Some(
        Problem::error("schemas", format!("the schemas {file} are of Kubernetes {known}, and not of {wanted}"))
            .at(&version.place)
            .note("take them from the cluster: `homebuild schemas pull --context NAME`")
            .note(format!(
                "or from the OpenAPI documents of the version: `homebuild schemas add --kubernetes {wanted} FOLDER`"
            )),
    )
}

const TYPES: &str = "layouts/types.schema.yaml";

fn is_template(source: &Source) -> bool {
    source.path.ends_with(".yaml.j2")
}

/// Files that nothing reads.
fn strangers(sources: &[Arc<Source>], known: &[&str]) -> Problems {
    let is_known =
        |path: &str| known.iter().any(|end| path.strip_suffix(end).is_some_and(|start| start.ends_with('.')));
    let all = sources.iter().filter(|source| !is_known(&source.path));
    all.map(|source| {
        Problem::error("unused-file", format!("nothing reads `{}`", source.path))
            .at(&Place::file(source))
            .note(format!("here lie files that end in .{}", known.join(", .")))
    })
    .collect()
}

/// The layouts of a folder: each template with its schema.
fn layouts(sources: &[Arc<Source>], types: &Types) -> Result<BTreeMap<String, Layout>, Problems> {
    let mut problems = Problems::new();
    let mut layouts = BTreeMap::new();
    for template in sources.iter().filter(|source| is_template(source)) {
        let stem = template.path.trim_end_matches(".yaml.j2");
        let name = stem.trim_start_matches("layouts/").to_owned();
        if let Some(layout) = problems.take(layout(&name, template, sources, types)) {
            layouts.insert(name, layout);
        }
    }
    for schema in sources.iter().filter(|source| source.path.ends_with(".schema.yaml") && source.path != TYPES) {
        let template = schema.path.replace(".schema.yaml", ".yaml.j2");
        if !sources.iter().any(|source| source.path == template) {
            let message = format!("this schema has no layout: there is no `{template}`");
            problems.push(Problem::error("unused-file", message).at(&Place::file(schema)));
        }
    }
    problems.or(layouts)
}

/// A template and the schema that must lie beside it.
pub fn layout(name: &str, template: &Arc<Source>, sources: &[Arc<Source>], types: &Types) -> Result<Layout, Problems> {
    let beside = template.path.replace(".yaml.j2", ".schema.yaml");
    let Some(source) = sources.iter().find(|source| source.path == beside) else {
        return Err(Problem::error("schema", format!("layout `{name}` has no schema of its values"))
            .at(&Place::file(template))
            .note(format!("write `{beside}`: a description, and a line for each value"))
            .into());
    };
    let schema = Schema::load(source, types)?;
    let mut problems = Problems::new();
    for (reserved, place) in schema.declared().filter(|(key, _)| RESERVED.contains(key)) {
        let message = format!("`{reserved}` is a key of every component, so a layout cannot declare it");
        problems.push(Problem::error("reserved", message).at(place));
    }
    problems.or(Layout { name: name.to_owned(), template: template.clone(), schema: Arc::new(schema) })
}
