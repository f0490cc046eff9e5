//! Sources of a stack to jobs: layers are merged, instances made, expressions evaluated, values completed by schemas.

mod component;
mod folder;
mod written;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use component::Job;
pub use folder::Folders;
pub use written::{Written, each_text, only};

use crate::check::{self, Accepts, Levels, Plain};
use crate::kubernetes::duration;
use crate::layer::{lay, lay_all};
use crate::problem::{Place, Problem, Problems, Source, did_you_mean};
use crate::schema::What;
use crate::site::{FileKind, Layout, NAMESPACE_LAYOUT, Site, layout, numbers_as_written, with_namespace_as_map};
use crate::template::expression;
use crate::template::{Context, Files, Generated, Growing, Value, from_node};
use crate::yaml::{self, Data, Entry, Map, Node};

/// A stack, ready to be rendered.
pub struct Stack {
    /// The folder's name.
    pub name: String,
    /// Where it begins.
    pub place: Place,
    /// The stacks that come before it.
    pub depends_on: Vec<(String, Place)>,
    /// The Kubernetes target, where one is named.
    pub target: Option<String>,
    /// Its modules, sorted by name.
    pub modules: Vec<Module>,
    /// What it accepts for all modules.
    pub accepts: Accepts,
    /// The secrets that it says homebuild makes.
    pub generated: Vec<Generated>,
    /// What looks like a secret in its sources.
    pub plain: Vec<Plain>,
}

/// A part of a stack with a namespace and tier of its own.
pub struct Module {
    /// The folder's name; the stack's for a plain stack.
    pub name: String,
    /// Where its file begins.
    pub place: Place,
    /// Its tier, if it has one.
    pub tier: Option<String>,
    /// Its namespace, if it has one.
    pub namespace: Option<String>,
    /// How long push waits, as written.
    pub timeout: Option<String>,
    /// Whether push goes back where it does not become ready.
    pub atomic: Option<bool>,
    /// Levels of checks.
    pub levels: Levels,
    /// What it accepts for all components.
    pub accepts: Accepts,
    /// Patches over all its objects.
    pub patches: Vec<Node>,
    /// Its texts.
    pub files: Arc<Files>,
    /// What is rendered, in the order of the source.
    pub jobs: Vec<Job>,
}

/// One file that says what a module is, with what lies beside it.
struct Unit<'a> {
    site: &'a Site,
    name: &'a str,
    node: Node,
    layouts: BTreeMap<String, Layout>,
    files: Arc<Files>,
}

/// Resolves a stack from its files. Where there are problems, the components without one are there all the same, so
/// that those of rendering can be told too.
pub fn stack(site: &Site, name: &str, sources: &[Arc<Source>]) -> (Option<Stack>, Problems) {
    let mut problems = Problems::new();
    let stack = problems.take(sound_files(site, name, sources)).map(|(folders, node)| {
        problems.extend(folders.strangers());
        let plain = check::in_sources(sources);
        Stack { plain, ..of_folders(site, name, &folders, &node, &mut problems) }
    });
    (stack, problems)
}

/// The folders of a stack and its `stack.yaml`, complete.
fn sound_files(site: &Site, name: &str, sources: &[Arc<Source>]) -> Result<(Folders, Node), Problems> {
    let folders = Folders::new(name, sources)?;
    let source = &folders.stack.main;
    let node = lay(site.stack_defaults.clone(), with_namespace_as_map(yaml::parse_one(source)?));
    let node = site.complete(FileKind::Stack, node, &What::file("stack.yaml", &Place::file(source)))?;
    Ok((folders, node))
}

fn of_folders(site: &Site, name: &str, folders: &Folders, node: &Node, problems: &mut Problems) -> Stack {
    let depends_on = texts(node.get("depends_on"));
    let target = text(node, "target");
    problems.extend(wrong_target(site, name, node));
    let facts = Value::from_pairs([("name", name.into()), ("description", value_of(node, "description"))]);
    let generated = problems.take(Generated::declared(node.get("generated"))).unwrap_or_default();
    let context = site.context().with("stack", facts).with("secrets", site.secrets_value(&generated));
    let mut modules = Vec::new();
    if folders.modules.is_empty() || node.get("components").and_then(Node::as_map).is_some_and(|map| !map.is_empty()) {
        let mut own = node.clone();
        own.as_map_mut().and_then(|map| map.remove("accept")); // the stack's, for all modules
        modules.push(unit(site, name, own, &folders.stack, problems).resolve(&context, problems));
    } else {
        problems.extend(only_of_modules(node));
    }
    for (module, folder) in &folders.modules {
        modules.extend(self::module(site, module, node, folder, &context, problems));
    }
    modules.sort_by(|a, b| a.name.cmp(&b.name));
    let accepts = problems.take(Accepts::new(node.get("accept"))).unwrap_or_default();
    Stack {
        name: name.to_owned(),
        place: folders.stack.place(),
        depends_on,
        target,
        modules,
        accepts,
        plain: Vec::new(),
        generated,
    }
}

/// A target that is none, or none where several could be meant.
fn wrong_target(site: &Site, name: &str, node: &Node) -> Option<Problem> {
    let is_kubernetes = |(_, target): &(&str, &Node)| target.get("type").and_then(Node::as_str) == Some("kubernetes");
    let known: Vec<&str> =
        site.targets.as_map().into_iter().flat_map(Map::iter).filter(is_kubernetes).map(|(name, _)| name).collect();
    let given = node.get("target").filter(|target| !target.is_null());
    match given.and_then(|target| Some((target.as_str()?, &target.place))) {
        Some((target, _)) if known.contains(&target) => None,
        Some((target, place)) => {
            let message = format!("there is no Kubernetes target `{target}` in homebuild.yaml");
            Some(Problem::error("unknown-target", message).at(place).label(did_you_mean(target, known)))
        }
        None if known.len() < 2 => None,
        None => {
            let hint = format!("homebuild.yaml has several: give `target:` one of {}", known.join(", "));
            Some(Problem::error("missing-target", format!("`{name}` names no target")).at(&node.place).note(hint))
        }
    }
}

/// What a stack without components of its own says, and that nothing would ever read.
fn only_of_modules(node: &Node) -> Problems {
    let patches = node.get("patches").filter(|patches| patches.as_list().is_some_and(|list| !list.is_empty()));
    let problem = |node: &Node| {
        Problem::error("unused", "patches stand in the file whose components make the objects").at(&node.place)
    };
    patches.map(problem).into_iter().collect()
}

fn module(
    site: &Site,
    name: &str,
    stack: &Node,
    folder: &folder::Folder,
    context: &Context,
    problems: &mut Problems,
) -> Option<Module> {
    let what = What::file("module.yaml", &folder.place());
    let written = with_namespace_as_map(problems.take(yaml::parse_one(&folder.main))?);
    let own = given(problems.take(site.complete(FileKind::Module, written.clone(), &what))?, &written);
    // what a module is over its stack; its components and patches are its own
    let mut under = stack.clone();
    if let Some(map) = under.as_map_mut() {
        for key in ["components", "patches", "depends_on", "target", "description", "vars", "accept", "generated"] {
            map.remove(key);
        }
    }
    let vars = stack.get("vars").cloned();
    let mut node = lay(under, own);
    if let (Some(map), Some(vars)) = (node.as_map_mut(), vars) {
        let own = map.remove("vars");
        map.set("vars", lay_all([Some(vars), own].into_iter().flatten()).unwrap_or_else(|| Node::map(&folder.place())));
    }
    Some(unit(site, name, node, folder, problems).resolve(context, problems))
}

/// A completed file without what it does not give, so that it can be laid over another. What is null stays.
fn given(mut node: Node, written: &Node) -> Node {
    if let Some(map) = node.as_map_mut() {
        map.0.retain(|entry| written.get(&entry.key).is_some());
    }
    node
}

fn unit<'a>(site: &'a Site, name: &'a str, node: Node, folder: &folder::Folder, problems: &mut Problems) -> Unit<'a> {
    let mut layouts = BTreeMap::new();
    for template in folder.layouts.iter().filter(|source| source.path.ends_with(".yaml.j2")) {
        let stem = template.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".yaml.j2");
        let name = format!("./{stem}");
        if let Some(layout) = problems.take(layout(&name, template, &folder.layouts, &site.types)) {
            layouts.insert(name, layout);
        }
    }
    Unit { site, name, node, layouts, files: Arc::new(Files::new(folder.files_path(), folder.files.clone())) }
}

impl Unit<'_> {
    fn resolve(&self, context: &Context, told: &mut Problems) -> Module {
        let mut problems = Problems::new();
        let place = self.node.place.clone();
        let tier = problems.take(self.tier()).flatten();
        let context = self.with_vars(&context.of_files(&self.files), &mut problems);
        let about = |namespace: Value| {
            Value::from_pairs([("name", self.name.into()), ("tier", tier.clone().into()), ("namespace", namespace)])
        };
        let before = context.with("module", about(Value::from(())));
        let namespace = problems.take(self.namespace(&before));
        let name = namespace.as_ref().and_then(|(name, _)| name.clone());
        let context = context.with("module", about(name.clone().into()));
        let is_sound = !problems.has_errors();
        let mut jobs = Vec::new();
        if let (Some(name), Some((_, Some(values)))) = (&name, namespace) {
            jobs.extend(problems.take(self.namespace_job(name, values, &context)));
        }
        for entry in self.components() {
            jobs.extend(problems.take(self.component(entry, name.as_deref(), &context)).into_iter().flatten());
        }
        let components: Vec<&str> = self.components().iter().map(|entry| &*entry.key).collect();
        problems.extend(component::wrong_after(&jobs, &components));
        let timeout = problems.take(self.timeout()).flatten();
        let levels = problems.take(self.site.levels(self.node.get("checks"))).unwrap_or_default();
        let accepts = problems.take(Accepts::new(self.node.get("accept"))).unwrap_or_default();
        let patches = self
            .node
            .get("patches")
            .cloned()
            .map(|node| expression::evaluate(node, &self.site.engine, &context, &self.files, &mut problems));
        told.extend(problems);
        if !is_sound {
            jobs.clear(); // what they see is not what the author means
        }
        Module {
            name: self.name.to_owned(),
            place,
            tier,
            namespace: name,
            timeout,
            atomic: self.node.get("atomic").and_then(|node| if let Data::Bool(b) = node.data { Some(b) } else { None }),
            levels,
            accepts,
            patches: patches
                .and_then(|node| if let Data::List(list) = node.data { Some(list) } else { None })
                .unwrap_or_default(),
            files: self.files.clone(),
            jobs,
        }
    }

    fn components(&self) -> &[Entry] {
        self.node.get("components").and_then(Node::as_map).map_or(&[], |map| &map.0)
    }

    fn tier(&self) -> Result<Option<String>, Problems> {
        let node = self.node.get("tier").filter(|node| !node.is_null());
        let known = || self.site.tiers.keys().collect::<Vec<_>>().join(", ");
        match node.map(|node| (&node.data, node)) {
            Some((Data::Bool(false), _)) => Ok(None),
            None if self.site.tiers.is_empty() => Ok(None),
            Some((Data::Str(tier), _)) if self.site.tiers.get(tier).is_some() => Ok(Some(tier.to_string())),
            Some((Data::Str(tier), node)) => Err(Problem::error("unknown-tier", format!("there is no tier `{tier}`"))
                .at(&node.place)
                .label(did_you_mean(tier, self.site.tiers.keys()))
                .note(format!("the tiers of homebuild.yaml: {}", known()))
                .into()),
            Some((_, node)) => {
                Err(Problem::error("unknown-tier", "a tier is a name, or `false`").at(&node.place).into())
            }
            None => Err(Problem::error("missing-tier", format!("`{}` has no tier", self.name))
                .at(&self.node.place)
                .note(format!("give `tier:` one of {}, or `false`", known()))
                .into()),
        }
    }

    /// How long push waits, as written.
    fn timeout(&self) -> Result<Option<String>, Problem> {
        let Some(node) = self.node.get("timeout").filter(|node| !node.is_null()) else { return Ok(None) };
        let text = node.as_str().unwrap_or_default();
        duration::timeout(text).map_err(|problem| problem.at(&node.place))?;
        Ok(Some(text.to_owned()))
    }

    /// `vars` in the order in which they may use one another, over those of the site.
    fn with_vars(&self, context: &Context, problems: &mut Problems) -> Context {
        let own = self.node.get("vars").and_then(Node::as_map).filter(|map| !map.is_empty());
        let Some(own) = own else { return context.with("vars", self.site.vars_value().clone()) };
        if let Some(problem) = self.node.get("vars").and_then(expression::too_many) {
            problems.push(problem);
            return context.with("vars", self.site.vars_value().clone());
        }
        let mut vars = Growing::new(&self.site.vars);
        for Entry { key, value, .. } in &own.0 {
            numbers_as_written(value, problems);
            let mut value = value.clone();
            if expression::is_below(&value) {
                let seen = context.with("vars", vars.value());
                value = expression::evaluate(value, &self.site.engine, &seen, &self.files, problems);
            }
            let under = self.site.vars.get(key).cloned();
            vars.set(key, &lay_all(under.into_iter().chain([value])).unwrap_or_else(|| Node::map(&own.0[0].place)));
        }
        context.with("vars", vars.value())
    }

    /// The namespace's name and the values of its layout; none where it is off.
    fn namespace(&self, context: &Context) -> Result<(Option<String>, Option<Node>), Problems> {
        let mut problems = Problems::new();
        let node = match self.node.get("namespace").filter(|node| !node.is_null()) {
            None => Node::map(&self.node.place),
            Some(node) if node.data == Data::Bool(false) => return Ok((None, None)),
            Some(node) => expression::evaluate(node.clone(), &self.site.engine, context, &self.files, &mut problems),
        };
        if let Some(name) = node.as_str() {
            // the whole namespace was an expression
            return problems.or((Some(name.to_owned()), Some(Node::map(&node.place))));
        }
        let Node { data: Data::Map(mut map), place, .. } = node else {
            return Err(Problem::error("namespace", "a namespace is a name, a map of values, or `false`")
                .at(&node.place)
                .into());
        };
        let name = match map.remove("name").filter(|name| !name.is_null()) {
            None => Some(self.name.to_owned()),
            Some(name) => {
                if name.as_str().is_none() {
                    problems.push(Problem::error("namespace", "a namespace's name is text").at(&name.place));
                }
                name.as_str().map(str::to_owned)
            }
        };
        problems.or((name, Some(Node { data: Data::Map(map), plain: None, place })))
    }
}

/// The text of a key.
fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::as_str).map(str::to_owned)
}

fn value_of(node: &Node, key: &str) -> Value {
    node.get(key).map_or_else(|| Value::from(()), from_node)
}

/// The texts of a list, with their places.
fn texts(node: Option<&Node>) -> Vec<(String, Place)> {
    let list = node.and_then(Node::as_list).unwrap_or_default();
    list.iter().filter_map(|node| Some((node.as_str()?.to_owned(), node.place.clone()))).collect()
}

/// The layout that makes a namespace, for modules that have one.
fn namespace_layout(site: &Site, place: &Place) -> Result<Layout, Problem> {
    site.layouts.get(NAMESPACE_LAYOUT).cloned().ok_or_else(|| {
        Problem::error("unknown-layout", "there is no layout `namespace`, which makes a module's namespace")
            .at(place)
            .note("write layouts/namespace.yaml.j2 and its schema, or say `namespace: false`")
    })
}
