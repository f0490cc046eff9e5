//! Components to jobs: layers, instances, conditions, expressions, completed values.

use std::collections::BTreeMap;

use crate::check::Accepts;
use crate::layer::lay_all;
use crate::problem::{Place, Problem, Problems, did_you_mean, gather};
use crate::resolve::{Unit, Written, namespace_layout, text, texts};
use crate::schema::What;
use crate::site::{FileKind, Layout, NAMESPACE_LAYOUT, RESERVED, numbers_as_written};
use crate::template::expression;
use crate::template::{Context, Value, from_node};
use crate::yaml::{Data, Entry, Map, Node};

/// One rendering: a component, or one instance of it.
pub struct Job {
    /// The component's key.
    pub component: String,
    /// The name of its instance, if it has several.
    pub instance: Option<String>,
    /// Name of what it makes.
    pub name: String,
    /// The namespace of what it makes, if any.
    pub namespace: Option<String>,
    /// What renders it.
    pub layout: Layout,
    /// Its values, complete.
    pub values: Node,
    /// Where they are written.
    pub written: Written,
    /// What its files see.
    pub context: Context,
    /// The components of this module that push makes ready first.
    pub after: Vec<(String, Place)>,
    /// What a chart makes.
    pub provides: Vec<String>,
    /// Patches over its objects.
    pub patches: Vec<Node>,
    /// What it accepts.
    pub accepts: Accepts,
    /// Whether it is made: `when`. What is not made is rendered only to see what it would read and accept.
    pub made: bool,
    /// Where the component stands.
    pub place: Place,
}

/// A component's keys, sorted into the reserved ones and its layout's values.
struct Parts {
    reserved: Node,
    values: Node,
}

impl Unit<'_> {
    /// The implicit component that makes the module's namespace.
    pub(super) fn namespace_job(&self, name: &str, values: Node, context: &Context) -> Result<Job, Problems> {
        let layout = namespace_layout(self.site, &values.place)?;
        let values = self.site.over_defaults(NAMESPACE_LAYOUT, layout.schema.expand(values));
        let place = values.place.clone();
        let values = layout.schema.complete(values, &What::layout(&layout.name, NAMESPACE_LAYOUT, &place))?;
        Ok(Job {
            component: NAMESPACE_LAYOUT.to_owned(),
            instance: None,
            name: name.to_owned(),
            namespace: Some(name.to_owned()),
            layout,
            values,
            written: Written::default(),
            context: context.with("instance", Value::from(())),
            after: Vec::new(),
            provides: Vec::new(),
            patches: Vec::new(),
            accepts: Accepts::default(),
            made: true,
            place,
        })
    }

    /// The jobs of a component.
    pub(super) fn component(
        &self,
        entry: &Entry,
        namespace: Option<&str>,
        context: &Context,
    ) -> Result<Vec<Job>, Problems> {
        if entry.value.as_map().is_none() {
            let message =
                format!("component `{}` is {}; it is a map of a layout and its values", entry.key, entry.value.kind());
            return Err(Problem::error("wrong-type", message).at(&entry.place).into());
        }
        let layout = self.layout_of(entry)?;
        let Parts { mut reserved, values } = self.layers(entry, &layout);
        let mut problems = Problems::new();
        let instances = take(&mut reserved, "instances");
        let instances = match instances {
            None => vec![None],
            Some(node) => {
                numbers_as_written(&node, &mut problems);
                let node = expression::evaluate(node, &self.site.engine, context, &self.files, &mut problems);
                problems.take(instances_of(node)).unwrap_or_default()
            }
        };
        let jobs = gather(instances.into_iter().map(|instance| {
            let reserved = reserved.clone();
            let values = values.clone();
            self.job(entry, instance.as_ref(), &layout, Parts { reserved, values }, namespace, context)
        }));
        match problems.take(jobs) {
            Some(jobs) => problems.or(jobs),
            None => Err(problems),
        }
    }

    fn layout_of(&self, entry: &Entry) -> Result<Layout, Problems> {
        let defaults = self.node.at(["defaults", "layout"]).filter(|node| !node.is_null());
        let Some(node) = entry.value.get("layout").filter(|node| !node.is_null()).or(defaults) else {
            let message = format!("component `{}` names no layout", entry.key);
            let known = self.site.layouts.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(Problem::error("missing-layout", message)
                .at(&entry.place)
                .note(format!("give `layout:` one of {known}"))
                .into());
        };
        let Some(name) = node.as_str().filter(|name| !expression::is_in(name)) else {
            return Err(Problem::error("wrong-type", "a layout is a name, without expressions").at(&node.place).into());
        };
        if name.starts_with("./") {
            let own = self.layouts.get(name).cloned();
            return own.ok_or_else(|| {
                Problem::error("unknown-layout", format!("there is no layout `{name}` beside this file"))
                    .at(&node.place)
                    .label(did_you_mean(name, self.layouts.keys().map(String::as_str)))
                    .into()
            });
        }
        self.site.layouts.get(name).cloned().ok_or_else(|| self.site.no_layout(name, &node.place).into())
    }

    /// The component over the file's `defaults` over the site's defaults of the layout.
    fn layers(&self, entry: &Entry, layout: &Layout) -> Parts {
        let defaults = self.node.get("defaults").filter(|defaults| {
            let of = defaults.get("layout").filter(|node| !node.is_null()).and_then(Node::as_str);
            of.is_none_or(|of| of == layout.name)
        });
        let cut = |node: Node| {
            let Parts { reserved, values } = cut(node);
            Parts { reserved, values: layout.schema.expand(values) }
        };
        let (under, over) = (defaults.cloned().map(cut), cut(entry.value.clone()));
        let site = self.site.layout_defaults.get(&layout.name).cloned();
        let (below, beneath) = under.map_or((None, None), |parts| (Some(parts.reserved), Some(parts.values)));
        let place = &entry.place;
        Parts {
            reserved: lay_all([below, Some(over.reserved)].into_iter().flatten()).unwrap_or_else(|| Node::map(place)),
            values: lay_all([site, beneath, Some(over.values)].into_iter().flatten())
                .unwrap_or_else(|| Node::map(place)),
        }
    }

    fn job(
        &self,
        entry: &Entry,
        instance: Option<&Instance>,
        layout: &Layout,
        parts: Parts,
        namespace: Option<&str>,
        context: &Context,
    ) -> Result<Job, Problems> {
        let mut problems = Problems::new();
        let about = instance.map_or_else(|| Value::from(()), Instance::value);
        let context = context.with("instance", about);
        let evaluate = |node, problems: &mut Problems| {
            expression::evaluate(node, &self.site.engine, &context, &self.files, problems)
        };
        let Parts { mut reserved, values } = parts;
        let when = take(&mut reserved, "when").map(|node| evaluate(node, &mut problems));
        let made = is_made(when.as_ref(), &mut problems);
        let reserved = evaluate(reserved, &mut problems);
        let values = evaluate(values, &mut problems);
        let what = What::file(&format!("component `{}`", entry.key), &entry.place);
        let reserved = problems.take(self.site.complete(FileKind::Component, reserved, &what));
        let values = self.values(entry, layout, values, &mut problems);
        let (Some(reserved), Some(values)) = (reserved, values) else {
            let nothing = nothing(entry, layout, context);
            return if made { Err(problems) } else { typos(problems).or(nothing) };
        };
        let key = match instance {
            Some(instance) => format!("{}-{}", entry.key, instance.name),
            None => entry.key.to_string(),
        };
        let accepts = problems.take(Accepts::new(reserved.get("accept"))).unwrap_or_default();
        let job = Job {
            component: entry.key.to_string(),
            instance: instance.map(|instance| instance.name.clone()),
            name: text(&reserved, "name").unwrap_or(key),
            namespace: text(&reserved, "namespace").or_else(|| namespace.map(str::to_owned)),
            layout: layout.clone(),
            values,
            written: Written::default(),
            context,
            after: texts(reserved.get("after")),
            provides: texts(reserved.get("provides")).into_iter().map(|(text, _)| text).collect(),
            patches: reserved.get("patches").and_then(Node::as_list).map(<[Node]>::to_vec).unwrap_or_default(),
            accepts,
            made,
            place: entry.place.clone(),
        };
        let problems = if made { problems } else { typos(problems) };
        problems.or(job)
    }

    /// The values of a component, complete. What an expression that failed left behind is told already.
    fn values(&self, entry: &Entry, layout: &Layout, values: Node, problems: &mut Problems) -> Option<Node> {
        let what = What::layout(&layout.name, &entry.key, &entry.place).beside(&RESERVED);
        match layout.schema.complete(values, &what) {
            Ok(values) => {
                layout.schema.files(&values, &mut |name, place| {
                    problems.extend(self.files.find(name).err().map(|problem| problem.at(place)));
                });
                Some(values)
            }
            Err(wrong) => {
                let told: Vec<_> = problems.iter().filter_map(|problem| problem.place.clone()).collect();
                let is_new = |problem: &Problem| problem.place.as_ref().is_none_or(|place| !told.contains(place));
                problems.extend(wrong.into_iter().filter(is_new));
                None
            }
        }
    }
}

fn is_made(when: Option<&Node>, problems: &mut Problems) -> bool {
    match when.map(|node| (&node.data, node)) {
        None | Some((Data::Bool(true), _)) => true,
        Some((Data::Bool(false), _)) => false,
        Some((_, node)) if problems.iter().any(|told| told.place.as_ref() == Some(&node.place)) => true,
        Some((_, node)) => {
            let message = format!("`when` is {}; it is true or false", node.kind());
            problems.push(Problem::error("wrong-type", message).at(&node.place));
            true
        }
    }
}

/// What is wrong with a component even while it is not made: keys that nothing knows.
fn typos(problems: Problems) -> Problems {
    problems.into_iter().filter(|problem| problem.code == "unknown-value").collect()
}

/// A component that is not made and could not be.
fn nothing(entry: &Entry, layout: &Layout, context: Context) -> Job {
    Job {
        component: entry.key.to_string(),
        instance: None,
        name: entry.key.to_string(),
        namespace: None,
        layout: layout.clone(),
        values: Node::map(&entry.place),
        written: Written::default(),
        context,
        after: Vec::new(),
        provides: Vec::new(),
        patches: Vec::new(),
        accepts: Accepts::default(),
        made: false,
        place: entry.place.clone(),
    }
}

/// Names in `after` that are no component of the module, and components that wait for one another.
pub(super) fn wrong_after(jobs: &[Job], components: &[&str]) -> Problems {
    let mut edges: BTreeMap<&str, BTreeMap<&str, &Place>> = BTreeMap::new();
    let mut problems = Problems::new();
    for (job, (name, place)) in jobs.iter().flat_map(|job| job.after.iter().map(move |after| (job, after))) {
        if components.contains(&name.as_str()) {
            edges.entry(&job.component).or_default().insert(name, place);
        } else {
            let message = format!("there is no component `{name}` in this module");
            let hint = did_you_mean(name, components.iter().copied());
            problems.push(Problem::error("unknown-component", message).at(place).label(hint));
        }
    }
    // what waits for nothing that waits is ready, until only circles are left
    while let Some(ready) =
        edges.iter().find(|(_, firsts)| !firsts.keys().any(|first| edges.contains_key(first))).map(|(name, _)| *name)
    {
        edges.remove(ready);
    }
    if let Some((name, firsts)) = edges.iter().next()
        && let Some((first, place)) = firsts.iter().find(|(first, _)| edges.contains_key(*first))
    {
        let message = format!("component `{name}` comes after `{first}`, which comes after it");
        problems.push(Problem::error("cycle", message).at(place));
    }
    problems
}

/// Copies of a component that somebody may want.
const INSTANCES: usize = 1000;

/// A name and the parameters of an instance.
struct Instance {
    name: String,
    parameters: Node,
}

impl Instance {
    fn value(&self) -> Value {
        let mut all = self.parameters.clone();
        if let Some(map) = all.as_map_mut() {
            map.set("name", Node::text(self.name.as_str(), &self.parameters.place));
        }
        from_node(&all)
    }
}

fn instances_of(node: Node) -> Result<Vec<Option<Instance>>, Problems> {
    let number = node.as_list().map_or_else(|| node.as_map().map_or(0, |map| map.0.len()), <[Node]>::len);
    if number > INSTANCES {
        let message = format!("{number} instances of one component; it has {INSTANCES} at most");
        return Err(Problem::error("too-many", message).at(&node.place).into());
    }
    let wrong = |place: &Place| {
        Problems::from(Problem::error("wrong-type", "instances are names, or a map of names and parameters").at(place))
    };
    let one = |name: String, parameters: Node, place: &Place| match parameters.data {
        Data::Null | Data::Removed => Ok(Some(Instance { name, parameters: Node::map(place) })),
        Data::Map(ref map) => match map.get("name") {
            Some(own) => {
                let message = format!("`instance.name` is `{name}`, so no parameter can be it");
                Err(Problem::error("reserved", message).at(&own.place).into())
            }
            None => Ok(Some(Instance { name, parameters })),
        },
        _ => Err(wrong(&parameters.place)),
    };
    match node.data {
        Data::List(list) => gather(list.into_iter().map(|item| match (item.as_str(), item.plain.as_deref()) {
            (Some(name), _) | (None, Some(name)) => one(name.to_owned(), Node::map(&item.place), &item.place),
            _ => Err(wrong(&item.place)),
        })),
        Data::Map(map) => gather(map.0.into_iter().map(|e| one(e.key.into(), e.value, &e.place))),
        _ => Err(wrong(&node.place)),
    }
}

/// A component's keys by whose they are.
fn cut(node: Node) -> Parts {
    let place = node.place.clone();
    let entries = if let Data::Map(map) = node.data { map.0 } else { Vec::new() };
    let (reserved, values) = entries.into_iter().partition(|entry| RESERVED.contains(&&*entry.key));
    let map = |entries| Node::new(Data::Map(Map(entries)), &place);
    Parts { reserved: map(reserved), values: map(values) }
}

fn take(node: &mut Node, key: &str) -> Option<Node> {
    node.as_map_mut()?.remove(key).filter(|node| !node.is_null())
}
