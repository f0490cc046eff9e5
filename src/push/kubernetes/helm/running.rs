//! One run of helm: what it is given, how it ends, what it says.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use zeroize::Zeroizing;

use crate::disk::read_private;

/// How often a run is looked at.
const BEAT: Duration = Duration::from_millis(20);

/// How long a run may go on.
pub(super) struct Limits<'a> {
    /// After this it is asked to end.
    pub limit: Duration,
    /// After this, beginning when it was asked to, it is killed.
    pub grace: Duration,
    /// Whether it is to be asked to end now.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// How a run ended, and what it said.
pub(super) struct Ran {
    pub ending: Ending,
    pub said: Zeroizing<Vec<u8>>,
    pub complaint: Zeroizing<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Well,
    Failed,
    /// It was asked to end, and did so; helm has marked the release as failed, or undone it.
    Stopped,
    /// It did not end when asked to, and was killed: the release is left pending.
    Killed,
}

/// Runs a command with a text at its standard input.
///
/// It is in a process group of its own, so that an interrupt at the terminal comes to it through `stop` only: helm then
/// marks the release as failed or undoes it, and is given the time to.
pub(super) fn run(command: &mut Command, input: &[u8], limits: &Limits) -> std::io::Result<Ran> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    std::thread::scope(|scope| {
        // it may end before it has read everything: what it then says is the reason
        scope.spawn(move || stdin.is_some_and(|mut pipe| pipe.write_all(input).is_ok()));
        let said = scope.spawn(move || stdout.map_or_else(|| Ok(Zeroizing::default()), read_private));
        let complaint = scope.spawn(move || stderr.map_or_else(|| Ok(Zeroizing::default()), read_private));
        let ending = end(&mut child, limits)?;
        let said = said.join().unwrap_or_else(|_| Ok(Zeroizing::default()))?;
        let complaint = complaint.join().unwrap_or_else(|_| Ok(Zeroizing::default()))?;
        let complaint = Zeroizing::new(String::from_utf8_lossy(&complaint).into_owned());
        Ok(Ran { ending, said, complaint })
    })
}

fn end(child: &mut Child, limits: &Limits) -> std::io::Result<Ending> {
    let begin = Instant::now();
    let mut asked: Option<Instant> = None;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(match asked {
                None if status.success() => Ending::Well,
                None => Ending::Failed,
                Some(_) => Ending::Stopped,
            });
        }
        match asked {
            None if begin.elapsed() > limits.limit || (limits.stop)() => {
                let _ = pid(child).map(|pid| kill_process(pid, Signal::TERM));
                asked = Some(Instant::now());
            }
            // and what it has started, such as a program that logs in: it holds the pipes
            Some(asked) if asked.elapsed() > limits.grace => {
                let _ = pid(child).map(|pid| kill_process_group(pid, Signal::KILL));
                child.wait()?;
                return Ok(Ending::Killed);
            }
            _ => std::thread::sleep(BEAT),
        }
    }
}

fn pid(child: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child.id()).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: u64, grace: u64) -> Ran {
        let limits =
            Limits { limit: Duration::from_millis(limit), grace: Duration::from_millis(grace), stop: &|| false };
        run(Command::new("sh").args(["-c", script]), b"a secret", &limits).unwrap()
    }

    #[test]
    fn a_run_gets_its_input_and_both_of_its_outputs_are_read() {
        let ran = sh("cat; echo trouble >&2; exit 3", 10_000, 0);
        assert_eq!(
            (ran.ending, ran.said.as_slice(), ran.complaint.as_str()),
            (Ending::Failed, &b"a secret"[..], "trouble\n")
        );
        assert_eq!(sh("exit 0", 10_000, 0).ending, Ending::Well);
    }

    #[test]
    fn a_run_that_takes_too_long_may_tidy_up() {
        let ran = sh("trap 'echo undone; exit 1' TERM; while :; do sleep 0.01; done", 50, 10_000);
        assert_eq!((ran.ending, ran.said.as_slice()), (Ending::Stopped, &b"undone\n"[..]));
    }

    #[test]
    fn a_run_that_does_not_end_is_killed_with_what_it_started() {
        let began = Instant::now();
        let ran = sh("trap '' TERM; sleep 100 & while :; do sleep 0.01; done", 50, 50);
        assert_eq!(ran.ending, Ending::Killed);
        assert!(began.elapsed() < Duration::from_secs(50));
    }
}
