//! Arguments in, exit code out.

fn main() -> std::process::ExitCode {
    homebuild::cli::run()
}
