use proptest::prelude::*;

use super::*;

fn tree(text: &str) -> Node<'_> {
    parse(text, &Limits::RECORD).unwrap()
}

fn refused(text: &str) -> JsonFaultKind {
    parse(text, &Limits::RECORD).unwrap_err().kind
}

fn at(text: &str) -> Pointer {
    Pointer::parse(text).unwrap()
}

#[test]
fn every_value_keeps_its_exact_source_text() {
    let text = " {\"a\" : [1.50, {\"x\":\"\\u00e9\"} ],\r\n\t\"b\":-0 } ";
    let node = tree(text);
    assert_eq!(node.raw(), Some(text.trim()));
    assert_eq!(node.at("/a").unwrap().raw(), Some("[1.50, {\"x\":\"\\u00e9\"} ]"));
    assert_eq!(node.at("/a/0").unwrap().raw(), Some("1.50"));
    assert_eq!(node.at("/a/1/x").unwrap().raw(), Some("\"\\u00e9\""));
    assert_eq!(node.at("/a/1/x").unwrap().text(), Some("é"));
    let names: Vec<&str> = node.members().unwrap().iter().map(|m| m.name.as_ref()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn pointers_follow_the_examples_of_rfc_6901() {
    let node =
        tree(r#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#);
    assert_eq!(node.at(""), Some(&node));
    assert_eq!(node.at("/foo/0").and_then(Node::text), Some("bar"));
    for (pointer, value) in [
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ("/k\"l", 6),
        ("/ ", 7),
        ("/m~0n", 8),
    ] {
        assert_eq!(node.at(pointer).and_then(Node::integer), Some(value), "{pointer}");
    }
    for pointer in
        ["foo", "/foo/2", "/foo/00", "/foo/01", "/foo/-", "/foo/+1", "/foo/0/x", "/m~n", "/m~2n", "/x"]
    {
        assert_eq!(node.at(pointer), None, "{pointer}");
    }
}

#[test]
fn leaves_come_in_source_order_and_lead_back_to_themselves() {
    let node = tree(r#"{"b":{"x/y":1,"~":[]},"a":[null,{}],"c":"t"}"#);
    let leaves = node.leaves();
    let pointers: Vec<&str> = leaves.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/b/x~1y", "/b/~0", "/a/0", "/a/1", "/c"]);
    for (pointer, leaf) in leaves {
        assert_eq!(node.at(&pointer), Some(leaf));
        assert_eq!(Pointer::parse(&pointer).unwrap().to_text(), pointer);
    }
}

#[test]
fn what_readers_would_read_differently_is_refused() {
    for (text, kind) in [
        (r#"{"a":1,"\u0061":2}"#, JsonFaultKind::DuplicateKey),
        (r#"[{"x":{"a":1,"b":2,"a":1}}]"#, JsonFaultKind::DuplicateKey),
        (r#""\ud800""#, JsonFaultKind::Malformed),
        (r#""\udc00\ud800""#, JsonFaultKind::Malformed),
        ("{} {}", JsonFaultKind::Malformed),
        ("\u{feff}{}", JsonFaultKind::Malformed),
        ("", JsonFaultKind::Incomplete),
        ("[1,", JsonFaultKind::Incomplete),
    ] {
        assert_eq!(refused(text), kind, "{text}");
    }
}

#[test]
fn a_name_that_stands_twice_among_many_is_found() {
    let many: Vec<String> = (0..2000).map(|n| format!("\"k{}\":0", n % 1999)).collect();
    assert_eq!(refused(&format!("{{{}}}", many.join(","))), JsonFaultKind::DuplicateKey);
    assert_eq!(tree(&format!("{{{}}}", many[1..].join(","))).members().map(<[_]>::len), Some(1999));
}

#[test]
fn depth_and_number_of_values_are_limited() {
    let limits = Limits { depth: 3, values: 5 };
    assert!(parse("[[[1,2]]]", &limits).is_ok());
    assert_eq!(parse("[[[[]]]]", &limits).unwrap_err().kind, JsonFaultKind::TooDeep);
    assert_eq!(parse("[1,2,3,4,5]", &limits).unwrap_err().kind, JsonFaultKind::TooMany);
    assert_eq!(refused(&"[".repeat(1 << 20)), JsonFaultKind::TooDeep);
}

#[test]
fn numbers_stay_text_and_say_what_readers_make_of_them() {
    for (text, class) in [
        ("0", NumberClass::Safe),
        ("-9007199254740992", NumberClass::Safe),
        ("9007199254740993", NumberClass::Wide),
        ("18446744073709551615", NumberClass::Wide),
        ("-9223372036854775808", NumberClass::Wide),
        ("18446744073709551616", NumberClass::Huge),
        ("-9223372036854775809", NumberClass::Huge),
        ("-0", NumberClass::NegativeZero),
        ("-0.0", NumberClass::Double),
        ("1E2", NumberClass::Double),
        ("1e-400", NumberClass::Double),
        ("1e400", NumberClass::Infinite),
        ("-1e400", NumberClass::Infinite),
    ] {
        let node = tree(text);
        let number = node.number().unwrap();
        assert_eq!((number.text(), number.class()), (text, class));
    }
    let none = Numbers::default();
    assert_eq!(tree("[1,2.5,\"1e400\"]").numbers(), none);
    assert_eq!(tree("[[9007199254740993]]").numbers(), Numbers { beyond_double: true, ..none });
    assert_eq!(
        tree("{\"a\":-0}").numbers(),
        Numbers { beyond_double: true, beyond_64_bits: true, infinite: false }
    );
    assert_eq!(tree("[1e999]").numbers(), Numbers { infinite: true, ..none });
}

#[test]
fn a_changed_value_loses_its_source_text_and_its_neighbours_keep_theirs() {
    let mut node = tree(r#"{"a":{"x":1,"y":2},"b":[1, 2]}"#);
    assert!(node.drop_at(&at("/a/z")).is_none() && node.raw().is_some());
    assert_eq!(node.drop_at(&at("/a/x")).and_then(|n| n.integer()), Some(1));
    assert_eq!((node.raw(), node.at("/a").unwrap().raw()), (None, None));
    assert_eq!(node.at("/b").unwrap().raw(), Some("[1, 2]"));
    assert!(node.set_at(&at("/b/1"), Node::null()) && node.at("/b/1").unwrap().is_null());
    assert!(node.set_at(&at("/c"), Node::of_text("t")) && node.set_at(&at("/c"), Node::truth(true)));
    assert!(!node.set_at(&at("/b/2"), Node::null()) && !node.set_at(&at("/q/r"), Node::null()));
    let names: Vec<&str> = node.members().unwrap().iter().map(|m| m.name.as_ref()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(node.drop_at(&at("")), None);
}

#[test]
fn values_are_assembled_from_others() {
    let source = tree(r#"{"seq":3,"prev":"p","note":null,"deep":[{"n":null,"m":1}]}"#);
    let picked = source.pick(&["prev", "seq", "absent"]);
    let names: Vec<&str> = picked.members().unwrap().iter().map(|m| m.name.as_ref()).collect();
    assert_eq!(names, ["prev", "seq"]);
    let built =
        Node::object([("a", Some(Node::of_integer(-1))), ("b", None), ("a", Some(Node::array(vec![])))]);
    assert_eq!(built.leaves().len(), 1);
    assert_eq!(built.at("/a").and_then(Node::items), Some(&[][..]));
    let mut sparse = source.clone();
    sparse.omit_nulls();
    assert_eq!((sparse.at("/note"), sparse.at("/deep/0/n")), (None, None));
    assert_eq!(sparse.at("/deep/0/m").and_then(Node::integer), Some(1));
    assert_eq!(sparse.raw(), None);
    let mut whole = tree("[1,{\"a\":2}]");
    whole.omit_nulls();
    assert_eq!(whole.raw(), Some("[1,{\"a\":2}]"));
    assert!(Node::verbatim("{\"a\":1,\"a\":2}", &Limits::RECORD).is_err());
}

proptest! {
    #[test]
    fn whatever_is_accepted_serde_json_reads_alike(text in r#"[\[{]("[abk\\u0-9]{0,6}":)?(-?[0-9.eE+-]{1,6}|"[a-z\\"]{0,4}"|\[\]|true|null)(, ?("[a-c]":)?[0-9]){0,3}[\]}]"#) {
        if let Ok(node) = parse(&text, &Limits::RECORD) {
            let other: serde_json::Value = match serde_json::from_str(&text) {
                Ok(other) => other,
                // serde_json has no number for these.
                Err(_) if node.numbers().infinite => return Ok(()),
                Err(error) => return Err(TestCaseError::fail(format!("{text}: {error}"))),
            };
            for (pointer, leaf) in node.leaves() {
                let theirs = other.pointer(&pointer).unwrap();
                prop_assert_eq!(leaf.text(), theirs.as_str());
                prop_assert_eq!(leaf.is_null(), theirs.is_null());
                prop_assert_eq!(leaf.number().map(Number::double), theirs.as_f64());
            }
        }
    }

    #[test]
    fn whatever_serde_json_writes_is_accepted(words in proptest::collection::btree_map("\\PC{0,8}", "\\PC{0,8}", 0..20)) {
        let text = serde_json::to_string(&words).unwrap();
        let node = tree(&text);
        for (name, word) in &words {
            prop_assert_eq!(node.member(name).and_then(Node::text), Some(word.as_str()));
        }
    }
}
