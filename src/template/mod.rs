//! Templates and expressions: minijinja, set up once. This folder is its only home.
//!
//! What is escaped is decided by the folder, never by a file's name: below `files/` nothing is (text stays text),
//! everywhere else `{{ value }}` is written as JSON, which is YAML, so that no value can change the structure around it.
//! Undefined is an error everywhere, also deep inside a value that is printed. Rendering has a fuel limit; what
//! that does not stop is seen in [`oldest`].

mod error;
pub mod expression;
mod filters;
mod functions;
mod html;
mod running;
mod secret;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Object;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

pub use html::html;
pub use minijinja::value::Value;
pub use minijinja::{Error, ErrorKind};
use running::Running;
pub use running::oldest;
pub use secret::{Makes, secrets};
pub use value::{Growing, from_node, to_node, write_text};
use value::{LARGEST, too_large};

use crate::kubernetes::kinds::Kinds;
use crate::problem::{Place, Problem, Problems, Source, Spot, did_you_mean};
use crate::schema::Types;
use crate::secrets::charset::{self, Charset};
use crate::secrets::reference;
use crate::yaml::{Data, Entry, Node};

/// Instructions that one rendering may take: a hundred times what the homelab's largest component needs.
const FUEL: u64 = 2_000_000;
/// How deep files may include one another.
const DEPTH: usize = 16;
/// The name that minijinja gives to expressions.
const EXPRESSION: &str = "<expression>";
/// The name under which a context carries its [`Scope`]; no template can write it.
const SCOPE: &str = " scope";

/// The templates of a site, compiled, and the functions that they see.
pub struct Engine {
    environment: Environment<'static>,
    sources: BTreeMap<String, Arc<Source>>,
}

/// What a template or an expression can see, and where its files lie.
#[derive(Debug, Clone)]
pub struct Context {
    values: Vec<(&'static str, Value)>,
    scope: Arc<Scope>,
    whole: OnceLock<Value>,
}

/// The files that `file` and `yaml` read, and what the templates among them see.
#[derive(Debug)]
struct Scope {
    files: Arc<Files>,
    values: Vec<(&'static str, Value)>,
    depth: AtomicUsize,
}

impl Object for Scope {}

/// The texts below `files/` of a module, by their path below it, and which of them was asked for.
#[derive(Debug, Default)]
pub struct Files {
    /// Where they lie: `stacks/coturn/files`.
    pub folder: String,
    /// Their texts.
    pub texts: BTreeMap<String, Arc<Source>>,
    used: Mutex<BTreeSet<String>>,
    generated: Mutex<Vec<Generated>>,
}

/// A secret that homebuild makes once: `secrets.x | generated(length=32, charset="hex")`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Generated {
    /// Its path: `keys.viktor`.
    pub path: String,
    /// Characters.
    pub length: u32,
    /// What they are taken from.
    pub charset: String,
    /// Where that is said.
    pub spot: Spot,
}

impl Generated {
    /// Those that a key `generated` of the site or a stack declares, complete: names as they stand behind `secrets.`.
    pub fn declared(node: Option<&Node>) -> Result<Vec<Self>, Problems> {
        let entries = node.and_then(Node::as_map).map_or(&[][..], |map| &map.0);
        crate::problem::gather(entries.iter().map(|entry| Self::of(entry).map_err(Problems::from)))
    }

    fn of(entry: &Entry) -> Result<Self, Problem> {
        let wrong = |message: String| Problem::error("generated", message);
        let path = reference::parse_path(&entry.key).ok_or_else(|| {
            wrong(format!("`{}` is no name of a secret", entry.key.escape_debug()))
                .at(&entry.place)
                .note("write it as it stands behind `secrets.`: keys.viktor, accounts[\"info@example.org\"]")
        })?;
        let number = |node: &Node| if let Data::Int(number) = node.data { u32::try_from(number).ok() } else { None };
        let place = |key| entry.value.get(key).map_or(&entry.place, |node| &node.place);
        let length = entry.value.get("length").map_or(Some(charset::LENGTH), number).unwrap_or(u32::MAX);
        let length = charset::length(length).map_err(|message| wrong(message).at(place("length")))?;
        let charset = entry.value.get("charset").and_then(Node::as_str).unwrap_or(charset::DEFAULT).to_owned();
        Charset::read(&charset).map_err(|message| wrong(message).at(place("charset")))?;
        Ok(Self { path: reference::path_text(&path), length, charset, spot: Spot::of(&entry.place) })
    }

    /// Its keys.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        reference::parse_path(&self.path).unwrap_or_default()
    }

    /// How it is made: `length 32, charset hex`.
    #[must_use]
    pub fn way(&self) -> String {
        format!("length {}, charset {}", self.length, self.charset)
    }

    /// Whether two places want the same.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        (&self.path, self.length, &self.charset) == (&other.path, other.length, &other.charset)
    }
}

impl Files {
    /// The files of a folder.
    #[must_use]
    pub fn new(folder: String, texts: BTreeMap<String, Arc<Source>>) -> Self {
        Self { folder, texts, ..Self::default() }
    }

    /// A file by its path below `files/`.
    pub fn find(&self, name: &str) -> Result<Arc<Source>, Problem> {
        self.texts.get(name).cloned().ok_or_else(|| {
            Problem::error("missing-file", format!("there is no file `{name}` in {}/", self.folder))
                .label(did_you_mean(name, self.texts.keys().map(String::as_str)))
        })
    }

    /// The files that nothing has asked for.
    pub fn unused(&self) -> Vec<&Arc<Source>> {
        let used = lock(&self.used);
        self.texts.iter().filter(|(name, _)| !used.contains(*name)).map(|(_, source)| source).collect()
    }

    /// The secrets that were said to be generated, each as often as it was said, sorted.
    pub fn generated(&self) -> Vec<Generated> {
        let mut all = lock(&self.generated).clone();
        all.sort();
        all.dedup();
        all
    }

    /// Gives those that an expression has just said their place.
    fn said_at(&self, place: &Place) {
        for one in lock(&self.generated).iter_mut().filter(|one| one.spot.path == EXPRESSION) {
            one.spot = Spot::of(place);
        }
    }
}

/// A lock that another thread's panic does not poison for the problems still to be told.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Context {
    /// What expressions and texts see: `site vars stack module instance secrets`, and the files.
    #[must_use]
    pub fn new(files: &Arc<Files>, values: Vec<(&'static str, Value)>) -> Self {
        let scope = Scope { files: files.clone(), values: values.clone(), depth: AtomicUsize::new(0) };
        Self { values, scope: Arc::new(scope), whole: OnceLock::new() }
    }

    /// The secrets that were said to be generated where it is seen.
    #[must_use]
    pub fn generated(&self) -> Vec<Generated> {
        self.scope.files.generated()
    }

    /// The same beside other files.
    #[must_use]
    pub fn of_files(&self, files: &Arc<Files>) -> Self {
        Self::new(files, self.values.clone())
    }

    /// The same with a value more, or another one.
    #[must_use]
    pub fn with(&self, name: &'static str, value: Value) -> Self {
        let mut values = self.values.clone();
        values.retain(|(known, _)| *known != name);
        values.push((name, value));
        Self::new(&self.scope.files, values)
    }

    /// What a layout sees: the same without `secrets` (its files still see them), and what the component is.
    #[must_use]
    pub fn layout(&self, more: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        let seen = self.values.iter().filter(|(name, _)| *name != "secrets").cloned();
        Self { values: seen.chain(more).collect(), scope: self.scope.clone(), whole: OnceLock::new() }
    }

    /// All of it as one value, made when it is first wanted.
    fn value(&self) -> Value {
        let scope = || (SCOPE, Value::from_dyn_object(self.scope.clone()));
        self.whole.get_or_init(|| Value::from_pairs(self.values.iter().cloned().chain([scope()]))).clone()
    }
}

impl Engine {
    /// Compiles the layouts and partials of a site; every mistake in them is told.
    pub fn new(templates: &[Arc<Source>], types: &Arc<Types>, kinds: &Arc<Kinds>) -> Result<Self, Problems> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| if is_text(name) { AutoEscape::None } else { AutoEscape::Json });
        environment.set_formatter(|out, state, value| match (value.is_safe(), state.auto_escape()) {
            (true, _) | (false, AutoEscape::None) => value::write_text(out, value),
            (false, _) => value::write_json(out, value, value::References::Stay),
        });
        environment.set_syntax(syntax());
        environment.set_fuel(Some(FUEL));
        environment.set_debug(true);
        filters::register(&mut environment);
        functions::register(&mut environment, types, kinds);
        let sources = templates.iter().map(|source| (source.path.clone(), source.clone())).collect();
        let mut engine = Self { environment, sources };
        let mut problems = Problems::new();
        for source in templates {
            if let Err(error) = engine.environment.add_template_owned(source.path.clone(), source.text.clone()) {
                problems.extend(engine.problems(&error, None, &Place::file(source), None));
            }
        }
        problems.or(engine)
    }

    /// Renders a layout: one of the site by its path, or one that a module has of its own.
    pub fn render(&self, layout: &Arc<Source>, context: &Context) -> Result<String, Error> {
        let _running = Running::begin(Place::file(layout));
        if self.sources.contains_key(&layout.path) {
            return self.environment.get_template(&layout.path)?.render(context.value());
        }
        self.environment.render_named_str(&layout.path, &layout.text, context.value())
    }

    /// The value of an expression, as a tree at a place.
    pub fn evaluate(&self, expression: &str, context: &Context, place: &Place) -> Result<Node, Error> {
        let _running = Running::begin(place.clone());
        let value = self.environment.compile_expression(expression)?.eval(context.value());
        context.scope.files.said_at(place);
        let value = value?;
        defined(&value, expression)?;
        value::to_node(&value, place)
    }

    /// An error of a template or an expression as the author is told it: one problem, or all of a file of data.
    ///
    /// `cause` is where the author can do something about it: the component or the expression. Of a component, the
    /// layout is known too, and the values, whose place is shown where a layout's `fail` names one of them.
    #[must_use]
    pub fn problems(
        &self,
        error: &Error,
        files: Option<&Files>,
        cause: &Place,
        of: Option<(&Arc<Source>, &Node)>,
    ) -> Problems {
        let layout = of.map(|(layout, _)| layout);
        let source =
            |name: &str| layout.filter(|layout| layout.path == name).cloned().or_else(|| self.source(name, files));
        error::problems(error, &source, cause, of.map(|(_, values)| values))
    }

    fn source(&self, name: &str, files: Option<&Files>) -> Option<Arc<Source>> {
        let of_module = || files.and_then(|all| all.texts.get(name.strip_prefix(&all.folder)?.strip_prefix('/')?));
        self.sources.get(name).or_else(of_module).cloned()
    }
}

/// Blocks leave no lines and no indentation of their own.
fn syntax() -> SyntaxConfig {
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    syntax.build().unwrap_or_default() // it fails for delimiters only, which are the usual ones
}

/// The error of an expression that has no value at all.
fn defined(value: &Value, expression: &str) -> Result<(), Error> {
    let problem = || Error::new(ErrorKind::UndefinedError, format!("`{expression}` is undefined"));
    if value.is_undefined() { Err(problem()) } else { Ok(()) }
}

/// Whether a template makes text (it lies below `files/` of a stack) or a document.
fn is_text(name: &str) -> bool {
    let mut folders = name.split('/');
    folders.next() == Some("stacks") && folders.skip(1).take(2).any(|folder| folder == "files")
}

/// The files of a context and what they see.
fn scope(state: &minijinja::State<'_, '_>) -> Option<Arc<Scope>> {
    state.lookup(SCOPE)?.downcast_object::<Scope>()
}

impl Scope {
    /// Runs something one level deeper; none where files include one another without an end.
    fn deeper<T>(&self, inner: impl FnOnce() -> T) -> Option<T> {
        let depth = self.depth.fetch_add(1, Ordering::Relaxed);
        let result = (depth < DEPTH).then(inner);
        self.depth.fetch_sub(1, Ordering::Relaxed);
        result
    }
}
