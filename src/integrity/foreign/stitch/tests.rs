use crate::integrity::foreign::ChainFormat;

#[test]
fn facts() {
    for entry in std::fs::read_dir("chains").unwrap() {
        let path = entry.unwrap().path();
        let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let format = ChainFormat::parse(&id, &std::fs::read_to_string(&path).unwrap()).unwrap();
        for facts in format.layers() {
            println!("{id} {facts:?}");
        }
    }
}
