//! Questions at a terminal, and what Ctrl-C does meanwhile: a program can say that once, so it is said here.

use std::io::{self, Write as _};
use std::os::fd::BorrowedFd;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::cli::style;

/// As shells have it: 128 and the number of the signal.
const INTERRUPTED: u8 = 130;

/// What is cleaned up before the program ends.
type Cleanup = Box<dyn Fn() + Send>;

static CLEANUP: Mutex<Option<Cleanup>> = Mutex::new(None);
/// The terminal as it was before a question.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);
/// What is raised by the first Ctrl-C, if work is to come to a good end.
static STOP: Mutex<Option<Arc<AtomicBool>>> = Mutex::new(None);
static IS_ASKED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C, SIGTERM and SIGHUP are for the program that this one has started; while a question is asked they
/// clean up and end this one.
pub(super) fn leave_to_child(cleanup: impl Fn() + Send + 'static) {
    *locked(&CLEANUP) = Some(Box::new(cleanup));
    listen();
}

/// From now on the first Ctrl-C or SIGTERM raises a flag, by which work comes to a good end; the second ends the program.
pub(super) fn stop_by(flag: &Arc<AtomicBool>) {
    *locked(&STOP) = Some(flag.clone());
    listen();
}

/// Whether that flag was raised.
pub(super) fn is_stopped() -> bool {
    locked(&STOP).as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed))
}

/// The exit code of what ended so: that of an interruption, where it was interrupted.
pub(super) fn ended(code: ExitCode) -> ExitCode {
    if is_stopped() { ExitCode::from(INTERRUPTED) } else { code }
}

/// Asks for what is not shown while it is typed. Whoever gives up gets a terminal back that shows again.
pub(super) fn hidden(question: &str) -> io::Result<Zeroizing<String>> {
    asked(|| rpassword::prompt_password(question).map(Zeroizing::new))
}

/// Asks for a line; none where there is no more.
pub(super) fn line(question: &str) -> Option<String> {
    let mut line = String::new();
    let _ = write!(style::err(), "{question}");
    let read = asked(|| io::stdin().read_line(&mut line));
    (read.unwrap_or_default() > 0).then_some(line)
}

fn asked<T>(question: impl FnOnce() -> T) -> T {
    *locked(&BEFORE) = terminal().and_then(|terminal| tcgetattr(terminal).ok());
    IS_ASKED.store(true, Ordering::Relaxed);
    listen();
    let answer = question();
    IS_ASKED.store(false, Ordering::Relaxed);
    answer
}

fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = ctrlc::set_handler(|| {
            if let Some(stop) = locked(&STOP).as_ref().filter(|_| !IS_ASKED.load(Ordering::Relaxed))
                && !stop.swap(true, Ordering::Relaxed)
            {
                let _ = writeln!(
                    style::err(),
                    "interrupted: what is under way comes to its end; Ctrl-C again does not wait"
                );
                return;
            }
            let cleanup = locked(&CLEANUP);
            if cleanup.is_some() && !IS_ASKED.load(Ordering::Relaxed) {
                return;
            }
            if let (Some(terminal), Some(before)) = (terminal(), &*locked(&BEFORE)) {
                let _ = tcsetattr(terminal, OptionalActions::Now, before);
            }
            cleanup.iter().for_each(|cleanup| cleanup());
            std::process::exit(INTERRUPTED.into());
        });
    });
}

fn terminal() -> Option<BorrowedFd<'static>> {
    [stdin(), stderr(), stdout()].into_iter().find(|stream| isatty(stream))
}

/// What a panic elsewhere left behind is no reason not to clean up.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
