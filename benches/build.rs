//! How fast a build is, as ratios: whole processes on synthetic sites, beside `cp -r` of the same output and a bare stat of
//! the same files, in one run.
//!
//! ```text
//! cargo bench                       sites of 100, 1,000 and 10,000 stacks; prints a table in Markdown
//! cargo bench -- 100 1000           other sizes
//! cargo bench -- --runs 9           more runs than 11, 5 and 3
//! ```
//!
//! Every clean build has a folder of its own, and nothing is deleted before the end: for minutes after many files were
//! deleted, ext4 takes up to ten times as long to make new ones (it avoids their inodes), in `cp` as in a build. Run it on
//! a machine that is quiet in this respect, too.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use homebuild::check::Check;
use rayon::prelude::*;

fn main() {
    let mut sizes = Vec::new();
    let mut runs = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--stat" => return stat(&arguments.next().expect("a list"), &arguments.next().expect("a number")),
            "--runs" => runs = arguments.next().and_then(|number| number.parse().ok()),
            number => sizes.extend(number.parse::<usize>()),
        }
    }
    if sizes.is_empty() {
        sizes = vec![100, 1000, 10_000];
    }
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}", std::process::id()));
    let of = |size: &usize| Column::measure(&folder.join(size.to_string()), *size, runs);
    let columns: Vec<Column> = sizes.iter().map(of).collect();
    println!("{}", table(&columns));
    let _ = fs::remove_dir_all(&folder);
}

/// What was measured at one size; times in milliseconds.
#[derive(Default)]
struct Column {
    stacks: usize,
    runs: usize,
    files: usize,
    megabytes: f64,
    clean: f64,
    one_thread: f64,
    unchecked: f64,
    copy: f64,
    rebuild: f64,
    quiet: f64,
    stat: f64,
    stat_loop: f64,
    one_changed: f64,
    first_quiet: f64,
    memory: f64,
}

impl Column {
    fn measure(folder: &Path, stacks: usize, runs: Option<usize>) -> Self {
        let runs = runs.unwrap_or(match stacks {
            0..=300 => 11,
            301..=3000 => 5,
            _ => 3,
        });
        eprintln!("{stacks} stacks, {runs} runs each");
        let mut column = Self { stacks, runs, ..Self::default() };
        let (mut clean, mut copy, mut one_thread) = (vec![], vec![], vec![]);
        let (mut unchecked, mut first_quiet) = (vec![], vec![]);
        for run in 0..runs {
            let site = folder.join(format!("site{run}"));
            generate(&site, stacks);
            clean.push(build(&site, &[]));
            first_quiet.push(build(&site, &[]));
            copy.push(cp(&site.join("out"), &folder.join(format!("copy{run}"))));
            let site = folder.join(format!("single{run}"));
            generate(&site, stacks);
            one_thread.push(build(&site, &["--threads", "1"]));
            let site = folder.join(format!("unchecked{run}"));
            generate(&site, stacks);
            allow_everything(&site);
            unchecked.push(build(&site, &[]));
        }
        let site = folder.join("site0");
        let list = folder.join("list");
        let paths = paths(&site);
        column.files = paths.len();
        let bytes: u64 = paths.iter().filter(|path| path.starts_with("out/")).map(|path| size(&site.join(path))).sum();
        column.megabytes = to_f64(bytes) / 1e6;
        fs::write(&list, paths.join("\n")).expect("a list");
        let (mut quiet, mut stat, mut stat_loop, mut one_changed) = (vec![], vec![], vec![], vec![]);
        for _ in 0..runs * 3 {
            quiet.push(build(&site, &[]));
            let (whole, inner) = run_stat(&site, &list);
            stat.push(whole);
            stat_loop.push(inner);
        }
        for run in 0..runs * 3 {
            change_one(&site, stacks / 2, run);
            one_changed.push(build(&site, &[]));
            // What was written in the last tick of the clock is read once more; not part of the next change.
            build(&site, &[]);
        }
        let rebuild = (0..runs).map(|_| {
            fs::remove_dir_all(site.join(".homebuild")).expect("a memory");
            build(&site, &[])
        });
        column.rebuild = median(rebuild.collect());
        let fresh = folder.join("memory");
        generate(&fresh, stacks);
        column.memory = peak_memory(&fresh);
        [column.clean, column.copy, column.one_thread] = [clean, copy, one_thread].map(median);
        column.unchecked = median(unchecked);
        [column.quiet, column.stat, column.stat_loop] = [quiet, stat, stat_loop].map(median);
        [column.one_changed, column.first_quiet] = [one_changed, first_quiet].map(median);
        column
    }
}

/// A site of so many stacks, from the templates beside this file.
fn generate(site: &Path, stacks: usize) {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/site");
    for folder in ["layouts", "partials", "stacks/platform"] {
        fs::create_dir_all(site.join(folder)).expect("a folder");
        for entry in fs::read_dir(templates.join(folder)).expect("templates").map(|entry| entry.expect("a template")) {
            fs::copy(entry.path(), site.join(folder).join(entry.file_name())).expect("a copy");
        }
    }
    let config = fs::read_to_string(templates.join("homebuild.yaml")).expect("a template");
    let config = config.replace("CERTIFICATE", &pem("CERTIFICATE", 65)).replace("KEY", &pem("EXAMPLE", 26));
    fs::write(site.join("homebuild.yaml"), config).expect("a file");
    let template = fs::read_to_string(templates.join("stack.yaml")).expect("a template");
    for number in 0..stacks {
        let name = format!("app-{number:05}");
        let mut text = template.replace("NAME", &name).replace("NUMBER", &number.to_string());
        if number % 3 == 0 {
            text.truncate(text.find("    backup:\n").unwrap_or(text.len()));
        }
        let folder = site.join("stacks").join(&name);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("stack.yaml"), text).expect("a file");
    }
}

/// Sets the level of every check to `allow`, so that none is made.
fn allow_everything(site: &Path) {
    let path = site.join("homebuild.yaml");
    let config = fs::read_to_string(&path).expect("a file");
    let levels = Check::ALL.iter().map(|check| format!("  {}: allow\n", check.name));
    fs::write(path, format!("{config}\nchecks:\n{}", levels.collect::<String>())).expect("a file");
}

/// So many lines of base64, as a block of YAML.
fn pem(what: &str, lines: u64) -> String {
    let mut state = lines;
    let mut text = format!("|\n      -----BEGIN {what}-----\n");
    for _ in 0..lines {
        text.push_str("      ");
        for _ in 0..64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let letter = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(state >> 58) as usize];
            text.push(char::from(letter));
        }
        text.push('\n');
    }
    let _ = write!(text, "      -----END {what}-----");
    text
}

fn change_one(site: &Path, number: usize, run: usize) {
    let path = site.join(format!("stacks/app-{number:05}/stack.yaml"));
    let text = fs::read_to_string(&path).expect("a stack");
    let lines = text.lines().map(|line| {
        if line.trim_start().starts_with("LOG_LEVEL:") {
            format!("      LOG_LEVEL: level-{run}\n")
        } else {
            format!("{line}\n")
        }
    });
    fs::write(&path, lines.collect::<String>()).expect("a file");
}

/// Runs a whole process; what was written before is on the disk first, so that it does not disturb.
fn time(command: &mut Command) -> f64 {
    let _ = Command::new("sync").status();
    let start = Instant::now();
    let status = command.stdout(Stdio::null()).status().expect("a process");
    let time = start.elapsed();
    assert!(status.success(), "{command:?} failed");
    milliseconds(time)
}

fn homebuild(site: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homebuild"));
    command.arg("build").args(arguments).current_dir(site);
    command
}

fn build(site: &Path, arguments: &[&str]) -> f64 {
    time(&mut homebuild(site, arguments))
}

fn cp(from: &Path, to: &Path) -> f64 {
    time(Command::new("cp").arg("-r").args([from, to]))
}

/// The whole process that stats every file of a list, and the loop in it alone.
fn run_stat(site: &Path, list: &Path) -> (f64, f64) {
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get).to_string();
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.arg("--stat").arg(list).arg(threads).current_dir(site).stdout(Stdio::piped());
    let start = Instant::now();
    let output = command.output().expect("a process");
    let whole = milliseconds(start.elapsed());
    let inner: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number");
    (whole, inner)
}

/// The tight loop: a stat of each path of a list, on so many threads.
fn stat(list: &str, threads: &str) {
    let list = fs::read_to_string(list).expect("a list");
    let paths: Vec<&str> = list.lines().collect();
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(threads.parse().expect("a number")).build().expect("threads");
    let start = Instant::now();
    let count =
        pool.install(|| paths.par_iter().with_min_len(64).filter(|path| fs::symlink_metadata(path).is_ok()).count());
    println!("{}", milliseconds(start.elapsed()));
    assert_eq!(count, paths.len(), "every file is there");
}

/// Every input and output of a site.
fn paths(site: &Path) -> Vec<String> {
    let mut paths = vec!["homebuild.yaml".to_owned()];
    let mut folders: Vec<String> = ["layouts", "partials", "stacks", "out"].map(str::to_owned).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(site.join(&folder)).expect("a folder").map(|entry| entry.expect("an entry")) {
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.file_type().expect("a kind").is_dir() { folders.push(path) } else { paths.push(path) }
        }
    }
    paths.sort();
    paths
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// The largest resident size of a clean build in MiB, asked for every half millisecond.
fn peak_memory(site: &Path) -> f64 {
    let mut child = homebuild(site, &[]).stdout(Stdio::null()).spawn().expect("a process");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().expect("a status").is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0));
        thread::sleep(Duration::from_micros(500));
    }
    to_f64(peak) / 1024.0
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn to_f64(number: u64) -> f64 {
    f64::from(u32::try_from(number / 1024).unwrap_or(u32::MAX)) * 1024.0
        + f64::from(u16::try_from(number % 1024).unwrap_or(0))
}

fn table(columns: &[Column]) -> String {
    let mut text = String::new();
    let mut row = |name: &str, goal: &str, cell: &dyn Fn(&Column, Option<&Column>) -> String| {
        let _ = write!(text, "| {name} | {goal} |");
        for (at, column) in columns.iter().enumerate() {
            let _ = write!(text, " {} |", cell(column, at.checked_sub(1).and_then(|before| columns.get(before))));
        }
        text.push('\n');
    };
    let ms = |time: f64| if time < 10.0 { format!("{time:.1} ms") } else { format!("{time:.0} ms") };
    let ratio = |a: f64, b: f64| format!("{:.2} x", a / b);
    row("stacks", "", &|c, _| c.stacks.to_string());
    row("---", "---", &|_, _| "---:".to_owned());
    row("inputs and outputs", "", &|c, _| format!("{} files", c.files));
    row("size of `out/`", "", &|c, _| format!("{:.1} MB", c.megabytes));
    row("runs (median)", "", &|c, _| c.runs.to_string());
    row("clean build", "", &|c, _| ms(c.clean));
    row("`cp -r` of `out/`", "", &|c, _| ms(c.copy));
    row("rebuild, nothing different", "", &|c, _| ms(c.rebuild));
    row("no-op", "", &|c, _| ms(c.quiet));
    row("no-op right after a clean build", "", &|c, _| ms(c.first_quiet));
    row("stat of every input and output, a process", "", &|c, _| ms(c.stat));
    row("the loop in it alone", "", &|c, _| ms(c.stat_loop));
    row("one stack changed", "", &|c, _| ms(c.one_changed));
    row("clean build, one thread", "", &|c, _| ms(c.one_thread));
    row("clean build, no checks", "", &|c, _| ms(c.unchecked));
    row("**checks, of a clean build**", "at most 30 %", &|c, _| {
        format!("{:.0} %", (c.clean - c.unchecked) / c.unchecked * 100.0)
    });
    row("**clean against `cp -r`**", "2.5 x, stretch 1.5 x", &|c, _| ratio(c.clean, c.copy));
    row("**rebuild against clean**", "1 x, stretch 0.5 x", &|c, _| ratio(c.rebuild, c.clean));
    row("**no-op against the stat process**", "1.5 x, stretch 1.1 x", &|c, _| ratio(c.quiet, c.stat));
    row("**no-op against the loop alone**", "", &|c, _| ratio(c.quiet, c.stat_loop));
    row("**no-op under clean**", "10 x from 1,000 on", &|c, _| ratio(c.clean, c.quiet));
    row("**one change over no-op**", "5 ms at 1,000", &|c, _| format!("{:+.1} ms", c.one_changed - c.quiet));
    row("**growth, clean**", "11 x, then 12 x", &|c, before| {
        before.map_or(String::new(), |before| ratio(c.clean, before.clean))
    });
    row("**one thread against two**", "1.6 x, stretch 1.8 x", &|c, _| ratio(c.one_thread, c.clean));
    row("**peak memory**", "40 MiB at 100; 1.5 x `out/` + 32 MiB", &|c, _| {
        let allowed = if c.stacks <= 100 { 40.0 } else { 1.5 * c.megabytes / 1.048_576 + 32.0 };
        format!("{:.0} of {allowed:.0} MiB", c.memory)
    });
    text
}
