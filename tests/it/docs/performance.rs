//! The page of figures names commands; each must be one that runs, and each benchmark must stand there.

use std::collections::BTreeSet;
use std::fs;

use super::root;

#[test]
fn the_commands_of_the_performance_page_exist() {
    let page = fs::read_to_string(root().join("docs/performance.md")).unwrap();
    let manifest: toml::Table =
        toml::from_str(&fs::read_to_string(root().join("Cargo.toml")).unwrap()).unwrap();
    let benches: Vec<(&str, &str)> = manifest["bench"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bench| (bench["name"].as_str().unwrap(), bench["path"].as_str().unwrap()))
        .collect();
    let mut named = BTreeSet::new();
    for command in page.split('`').filter(|code| code.contains("cargo bench")).flat_map(str::lines) {
        let Some(words) = command.trim().strip_prefix("cargo bench") else { continue };
        let words = words.split('#').next().unwrap();
        let mut words = words.split_whitespace();
        assert_eq!(words.next(), Some("--bench"), "{command}");
        let name = words.next().unwrap();
        let found = benches.iter().find(|(own, _)| *own == name);
        let (name, path) = found.unwrap_or_else(|| panic!("no benchmark is called `{name}`: {command}"));
        named.insert(*name);
        let source = fs::read_to_string(root().join(path)).unwrap();
        for option in words.filter(|word| *word != "--") {
            let size = option.strip_prefix("--").unwrap_or_else(|| panic!("`{option}` in {command}"));
            assert!(source.contains(&format!("name: \"{size}\"")), "no size is called `{size}`: {command}");
        }
    }
    let all: BTreeSet<&str> = benches.iter().map(|(name, _)| *name).collect();
    assert_eq!(named, all, "the page names every benchmark");
}
