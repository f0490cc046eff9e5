//! The two trees: the one of a revision through the program `git`, the other from the disk.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Cause, Tree};
use crate::disk;
use crate::kubernetes::kinds::Kinds;
use crate::problem::{Problem, Problems};

/// What `out/` is made of, as git's patterns.
const SOURCES: [&str; 7] = ["--", "homebuild.yaml", "layouts", "partials", "schemas", "stacks", "*.sops.*"];

/// Everything that is compared.
#[derive(Debug)]
pub struct Read {
    /// The revision's commit, in full.
    pub commit: String,
    /// `out/` of the revision.
    pub old: Tree,
    /// `out/` of the working tree.
    pub new: Tree,
    /// The sources that changed, by path.
    pub causes: Vec<Cause>,
    /// The kinds that the site knows now.
    pub kinds: Kinds,
}

/// Reads `out/` of a revision and of the site's folder, and what else changed between them.
pub fn read(root: &Path, revision: &str) -> Result<Read, Problems> {
    let site = disk::Site::open(root)?;
    let commit = commit(root, revision)?;
    let (old, causes) = (tree(root, &commit)?, causes(root, &commit)?);
    let out = site.folder("out")?;
    let texts = out.files.iter().map(|file| (below_out(&file.path), file.text.clone()));
    let binaries = out.binaries.iter().map(|file| (below_out(&file.path), lossy(&file.bytes)));
    let new: Tree = texts.chain(binaries).collect();
    if old.is_empty() && new.is_empty() {
        let problem = Problem::error("no-out", format!("there is no `out/` here, nor in `{revision}`"));
        return Err(problem.note("run `homebuild build` in the site's folder, or give --site FOLDER").into());
    }
    let kinds = Kinds::new(&site.folder("schemas")?.files)?;
    Ok(Read { commit, old, new, causes, kinds })
}

fn below_out(path: &str) -> String {
    path.strip_prefix("out/").unwrap_or(path).to_owned()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The commit that a revision names.
fn commit(root: &Path, revision: &str) -> Result<String, Problem> {
    git(root, &["rev-parse", "--show-prefix"], &[])
        .map_err(|problem| problem.note("`homebuild diff` compares `out/` with a revision of git"))?;
    let wanted = format!("{revision}^{{commit}}");
    let found =
        git(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted], &[]).map_err(|problem| {
            if problem.code == "no-git" {
                return problem;
            }
            Problem::error("revision", format!("git knows no revision `{revision}` here"))
                .note("it is a branch, a tag or a commit; a shallow clone, as CI makes it, has few of them")
        })?;
    // what `--end-of-options` prints before the answer differs between versions of git
    Ok(lossy(&found).lines().last().unwrap_or_default().to_owned())
}

/// The files of `out/` in a commit.
fn tree(root: &Path, commit: &str) -> Result<Tree, Problem> {
    let listed = git(root, &["ls-tree", "-r", "-z", commit, "out/"], &[])?;
    let listed = lossy(&listed);
    let blobs: Vec<(&str, &str)> = listed.split('\0').filter_map(blob).collect();
    let asked = blobs.iter().flat_map(|(id, _)| [*id, "\n"]).collect::<String>();
    let answer = git(root, &["cat-file", "--batch"], asked.as_bytes())?;
    let texts = contents(&answer);
    if texts.len() != blobs.len() {
        return Err(Problem::error("git", format!("git did not give all files of `out/` in `{commit}`")));
    }
    Ok(blobs.iter().zip(texts).map(|((_, path), bytes)| (below_out(path), lossy(bytes))).collect())
}

/// Id and path of a line of `git ls-tree`: `100644 blob ID<tab>PATH`.
fn blob(line: &str) -> Option<(&str, &str)> {
    let (about, path) = line.split_once('\t')?;
    let mut words = about.split(' ');
    (words.next()? != "120000" && words.next()? == "blob").then_some((words.next()?, path))
}

/// The contents that `git cat-file --batch` prints: `ID blob SIZE`, the bytes, a line feed.
fn contents(mut answer: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while let Some(end) = answer.iter().position(|byte| *byte == b'\n') {
        let size = std::str::from_utf8(&answer[..end]).ok().and_then(|line| line.rsplit(' ').next()?.parse().ok());
        let Some(text) = size.and_then(|size: usize| answer.get(end + 1..end + 1 + size)) else { break };
        found.push(text);
        answer = answer.get(end + 2 + text.len()..).unwrap_or_default();
    }
    found
}

/// The files outside of `out/` that changed, and those that git does not know yet.
fn causes(root: &Path, commit: &str) -> Result<Vec<Cause>, Problem> {
    let numbers = ["diff", "--numstat", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--relative", commit];
    let changed = lossy(&git(root, &[&numbers[..], &SOURCES].concat(), &[])?);
    let others = ["ls-files", "--others", "--exclude-standard", "-z"];
    let others = lossy(&git(root, &[&others[..], &SOURCES].concat(), &[])?);
    let mut causes: Vec<Cause> = changed.split('\0').filter_map(cause).collect();
    let untracked = others.split('\0').filter(|path| !path.is_empty());
    causes.extend(untracked.map(|path| Cause { path: path.to_owned(), lines: None, is_new: true }));
    causes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(causes)
}

/// A line of `git diff --numstat`: `ADDED<tab>REMOVED<tab>PATH`, with `-` for numbers of what is not text.
fn cause(line: &str) -> Option<Cause> {
    let mut words = line.splitn(3, '\t');
    let (added, removed, path) = (words.next()?, words.next()?, words.next()?);
    let lines = added.parse().ok().zip(removed.parse().ok());
    Some(Cause { path: path.to_owned(), lines, is_new: false })
}

/// What git prints, given an input.
fn git(root: &Path, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, Problem> {
    let failed = |error: std::io::Error| {
        Problem::error("no-git", format!("the program `git` cannot be run: {error}")).note("install git")
    };
    let mut command = Command::new("git");
    command.arg("-C").arg(root).args(arguments).env("LC_ALL", "C");
    // it only looks, and at nothing that is not here
    command.env("GIT_OPTIONAL_LOCKS", "0").env("GIT_NO_LAZY_FETCH", "1");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    let stdin = child.stdin.take();
    // git answers while it is still asked: both at once, or both wait for ever
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.is_some_and(|mut stdin| stdin.write_all(input).is_ok()));
        child.wait_with_output()
    });
    let output = output.map_err(failed)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = lossy(&output.stderr);
    let said = said.lines().next().unwrap_or_default().trim_start_matches("fatal: ");
    Err(Problem::error("git", format!("git failed: {said}")))
}

/// The commit that a folder is at, with a `+` behind it where its `out/` differs from it; none outside of git.
#[must_use]
pub fn head(root: &Path) -> Option<String> {
    let commit = commit(root, "HEAD").ok()?;
    let changed = git(root, &["status", "--porcelain", "--", "out"], &[]).ok()?;
    let short: String = commit.chars().take(12).collect();
    Some(if changed.is_empty() { short } else { format!("{short}+") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_prints_is_read() {
        assert_eq!(blob("100644 blob 12ab\ta/b c.yaml"), Some(("12ab", "a/b c.yaml")));
        assert_eq!(blob("120000 blob 12ab\ta/link"), None);
        assert_eq!(contents(b"12 blob 3\na\nb\n34 blob 0\n\n"), [&b"a\nb"[..], b""]);
        let cause = cause("-\t-\tpicture.png").unwrap();
        assert_eq!((cause.path.as_str(), cause.lines), ("picture.png", None));
    }
}
