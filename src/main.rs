//! The program. All of it lies in the library, where it can be read and tested.

fn main() -> std::process::ExitCode {
    dbguard::cli::main()
}
