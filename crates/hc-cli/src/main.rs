//! The `hybrid` program.

fn main() -> std::process::ExitCode {
    hc_cli::main()
}
