//! Tests of the language, feature by feature, on profiles of a few lines.
use super::library::Library;

#[test]
fn shipped_profiles_compile() {
    let library = Library::shipped().map_err(|error| format!("{error}\n{:?}", error.help())).unwrap();
    assert!(library.entries().count() >= 1);
}
