//! Says which folders lie inside the binary: `include_dir!` does not notice a new file by itself.

fn main() {
    for folder in ["chains", "controls", "report-templates", "sources"] {
        #[expect(clippy::print_stdout, reason = "this is how a build script speaks to Cargo")]
        {
            println!("cargo::rerun-if-changed={folder}");
        }
    }
}
