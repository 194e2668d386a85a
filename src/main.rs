//! The `countersign` program: everything lies in the library.

fn main() -> std::process::ExitCode {
    countersign::cli::main()
}
