//! `homebuild build --watch`
//!
//! What the system says of changed files only wakes this loop: what is to be done the build finds out by itself, from
//! what it kept. A word too many costs a look at metadata.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::build::{as_json, is_denied, list_changes, tell_failure, tell_warnings};
use crate::build::{Failure, Options, Report, build};
use crate::load;
use crate::problem::{Problem, Problems};

/// The folders of a site that hold sources.
const FOLDERS: [&str; 4] = ["stacks", "layouts", "partials", "schemas"];
/// A burst of saves is over when nothing came for so long.
const REST: Duration = Duration::from_millis(5);
/// Files that never rest are built all the same.
const PATIENCE: Duration = Duration::from_millis(200);

/// What wakes the loop.
#[derive(Debug)]
enum Wake {
    /// A source changed; `outer`: a file of the site's own folder, so that other folders may be the sources now.
    Changed { outer: bool },
    /// The system cannot tell any more.
    Deaf(notify::Error),
    /// The author is done.
    Stop,
}

/// What was said last, so that nothing is said twice.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    Done,
    Failed(String),
}

pub(super) fn run(site: &Path, options: &Options, json: bool) -> ExitCode {
    let (send, wakes) = channel();
    stop_with(send.clone());
    let watched = Ears::new(site, &send).and_then(|mut ears| {
        ears.listen()?;
        rounds(site, options, json, &wakes, &mut ears)
    });
    match watched {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            super::tell_problems(Problems::from(deaf(&error)), "; nothing is watched any more");
            ExitCode::from(super::FAILED)
        }
    }
}

/// Ctrl-C ends the loop after the build that runs; a second one ends the program at once, which leaves whole files, too.
fn stop_with(send: Sender<Wake>) {
    let asked = AtomicBool::new(false);
    // Where this fails, the system's own way of ending a program is left: builds are safe from it.
    let _ = ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::Relaxed) || send.send(Wake::Stop).is_err() {
            std::process::exit(130);
        }
    });
}

fn rounds(
    site: &Path,
    options: &Options,
    json: bool,
    wakes: &Receiver<Wake>,
    ears: &mut Ears,
) -> Result<(), notify::Error> {
    let mut said = Said::Nothing;
    loop {
        let begin = Instant::now();
        let result = rayon::scope(|_| build(site, options, &|_, _| ()));
        if say(&result, options, &mut said, begin.elapsed(), json).is_err() {
            return Ok(()); // nobody reads any more
        }
        match next(wakes) {
            Wake::Changed { outer: true } => ears.listen()?,
            Wake::Changed { outer: false } => {}
            Wake::Deaf(error) => return Err(error),
            Wake::Stop => return Ok(()),
        }
    }
}

/// Waits for a change, and until changes rest: a burst of them is one.
fn next(wakes: &Receiver<Wake>) -> Wake {
    let Ok(mut wake) = wakes.recv() else { return Wake::Stop };
    let begin = Instant::now();
    while let Wake::Changed { outer } = wake {
        match wakes.recv_timeout(REST) {
            Ok(Wake::Changed { outer: more }) if begin.elapsed() < PATIENCE => {
                wake = Wake::Changed { outer: outer || more };
            }
            Ok(Wake::Changed { .. }) | Err(_) => break,
            Ok(other) => wake = other,
        }
    }
    wake
}

/// Tells what a build did, unless that is said already.
fn say(
    result: &Result<Report, Failure>,
    options: &Options,
    said: &mut Said,
    took: Duration,
    json: bool,
) -> io::Result<()> {
    let now = match result {
        Ok(_) => Said::Done,
        Err(failure) => Said::Failed(format!("{:?}", failure.problems)),
    };
    let idle = result.as_ref().map_or(true, |report| report.changes.is_empty());
    if idle && *said == now {
        return Ok(());
    }
    *said = now;
    let mut out = super::style::out().lock();
    if json {
        writeln!(out, "{}", as_json(result, false, is_denied(result, options)))?;
        return out.flush();
    }
    if io::stdout().is_terminal() {
        write!(out, "\x1b[2J\x1b[H")?;
        out.flush()?;
    }
    match result {
        Ok(report) => {
            tell_warnings(report);
            list_changes(&mut out, report);
            let stacks = super::count(report.stacks, "stack");
            writeln!(out, "watching {stacks}; built in {} ms", took.as_millis())?;
        }
        Err(failure) => {
            tell_failure(failure);
            writeln!(out, "watching")?;
        }
    }
    out.flush()
}

/// What hears of changes: one watcher for single folders, one for folders with all that is in them. The folders may come
/// and go, so they are looked for again whenever the site's own folder changed.
struct Ears {
    site: PathBuf,
    outer: RecommendedWatcher,
    inner: RecommendedWatcher,
    /// Folders of secrets outside of the folders above.
    secrets: Vec<String>,
}

impl Ears {
    fn new(site: &Path, send: &Sender<Wake>) -> Result<Self, notify::Error> {
        let outer = watcher(send.clone(), true)?;
        let inner = watcher(send.clone(), false)?;
        Ok(Self { site: site.to_owned(), outer, inner, secrets: Vec::new() })
    }

    fn listen(&mut self) -> Result<(), notify::Error> {
        self.secrets = load::secret_folders(&self.site).unwrap_or(std::mem::take(&mut self.secrets));
        self.outer.watch(&self.site, RecursiveMode::NonRecursive)?;
        for folder in &self.secrets {
            known(self.outer.watch(&self.site.join(folder), RecursiveMode::NonRecursive))?;
        }
        for folder in FOLDERS {
            known(self.inner.watch(&self.site.join(folder), RecursiveMode::Recursive))?;
        }
        Ok(())
    }
}

fn watcher(send: Sender<Wake>, outer: bool) -> Result<RecommendedWatcher, notify::Error> {
    let hear = move |event: notify::Result<Event>| {
        let wake = match event {
            Ok(event) if is_change(event.kind) => Wake::Changed { outer },
            Ok(_) => return,
            Err(error) if is_gone(&error) => Wake::Changed { outer },
            Err(error) => Wake::Deaf(error),
        };
        let _ = send.send(wake); // fails only when the loop has ended
    };
    RecommendedWatcher::new(hear, notify::Config::default().with_follow_symlinks(false))
}

/// Whether an event is more than someone reading: the build itself does that.
fn is_change(kind: EventKind) -> bool {
    !matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}

/// A folder that is not there is none of the site's, until it comes.
fn known(watched: Result<(), notify::Error>) -> Result<(), notify::Error> {
    watched.or_else(|error| if is_gone(&error) { Ok(()) } else { Err(error) })
}

fn is_gone(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
        _ => false,
    }
}

fn deaf(error: &notify::Error) -> Problem {
    let problem = Problem::error("watch", format!("the system does not tell what changes: {error}"));
    match error.kind {
        ErrorKind::MaxFilesWatch => problem.note("raise the limit: `sysctl fs.inotify.max_user_watches=524288`"),
        _ => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_one_change_and_an_end_is_not_lost_in_it() {
        let (send, wakes) = channel();
        for outer in [false, true, false] {
            send.send(Wake::Changed { outer }).unwrap();
        }
        assert!(matches!(next(&wakes), Wake::Changed { outer: true }));
        assert!(wakes.try_recv().is_err(), "nothing of it is left");
        send.send(Wake::Changed { outer: false }).unwrap();
        send.send(Wake::Stop).unwrap();
        assert!(matches!(next(&wakes), Wake::Stop));
    }

    #[test]
    fn to_read_a_file_is_no_change() {
        assert!(!is_change(EventKind::Access(AccessKind::Open(AccessMode::Any))));
        assert!(is_change(EventKind::Access(AccessKind::Close(AccessMode::Write))));
        assert!(is_change(EventKind::Any));
    }
}
