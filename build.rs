//! Says which folders lie inside the binary: `include_dir!` does not notice a new file by itself.

fn main() {
    for folder in ["chains", "controls", "report-templates", "sources"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
