#[test]
fn bless_tmp() {
    use countersign::profile::{library::Library, sample};
    let library = Library::open(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let lines = sample::lines(library.find("aws-cloudtrail").unwrap(), &mut sample::Outcome::default()).unwrap();
    let text: String = lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect();
    std::fs::write("sources/aws-cloudtrail/expected.jsonl", text).unwrap();
}
