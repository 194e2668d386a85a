//! JUnit XML, for CI servers: a suite per framework, a case per control and test.
//!
//! An exception is a `failure`, what could not be tested an `error`, and what had no occasion to run is `skipped`; only a test
//! without exceptions counts as one that succeeded. The file matches the schema that the Jenkins xUnit plug-in publishes.

use std::collections::BTreeMap;

use super::model::{Control, Exception, Framework, Report, Test, TestOutcome};
use super::visible::visible;

/// Exceptions listed in the body of a failure; `check --json` has all.
const MAX_LISTED: usize = 20;

/// Returns the JUnit document.
pub fn to_bytes(report: &Report) -> Vec<u8> {
    let tests: BTreeMap<&str, &Test> = report.tests.iter().map(|test| (test.id.as_str(), test)).collect();
    let suites: Vec<Suite> =
        report.frameworks.iter().map(|framework| suite(report, framework, &tests)).collect();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for suite in &suites {
        suite.write(report, &mut out);
    }
    out.push_str("</testsuites>\n");
    out.into_bytes()
}

/// What a case says.
enum Said {
    NoException,
    Failure { message: String, body: String },
    Error(String),
    Skipped(String),
}

struct Case {
    class: String,
    name: String,
    said: Said,
}

struct Suite {
    name: String,
    cases: Vec<Case>,
}

fn suite(report: &Report, framework: &Framework, tests: &BTreeMap<&str, &Test>) -> Suite {
    let prefix = format!("{}:", framework.id);
    let own = report.controls.iter().filter(|control| control.id.starts_with(&prefix));
    Suite {
        name: framework.id.clone(),
        cases: own.flat_map(|control| cases(report, control, tests)).collect(),
    }
}

/// Returns a case per test of the control; one that says why where there is none.
fn cases(report: &Report, control: &Control, tests: &BTreeMap<&str, &Test>) -> Vec<Case> {
    let case = |name: &str, said| Case { class: control.id.clone(), name: name.to_owned(), said };
    if control.status == "out_of_scope" {
        return vec![case("not in scope", Said::Skipped("not in scope".to_owned()))];
    }
    let linked: Vec<&&Test> = control.tests.iter().filter_map(|id| tests.get(id.as_str())).collect();
    if linked.is_empty() {
        return vec![case("not tested", Said::Skipped("no test is linked to this control".to_owned()))];
    }
    linked.into_iter().map(|test| case(&format!("{} {}", test.id, test.slug), said(report, test))).collect()
}

fn said(report: &Report, test: &Test) -> Said {
    let reasons = || format!("{}: {}", test.result.phrase(), test.reasons.join("; "));
    match test.result {
        TestOutcome::NoException => Said::NoException,
        TestOutcome::Exception => Said::Failure {
            message: format!("exceptions noted ({} of {})", test.exceptions, test.population),
            body: listed(report, test),
        },
        TestOutcome::UnableToTest | TestOutcome::Limited => Said::Error(reasons()),
        TestOutcome::Review | TestOutcome::NoOccurrence | TestOutcome::NotEvidencedHere => {
            Said::Skipped(reasons())
        }
    }
}

fn listed(report: &Report, test: &Test) -> String {
    let of_test = |exception: &&Exception| exception.test == test.id || exception.also.contains(&test.id);
    let own: Vec<&Exception> = report.exceptions.iter().filter(of_test).collect();
    let mut body = String::new();
    for exception in own.iter().take(MAX_LISTED) {
        let Exception { id, summary, source, native_id, object, line, .. } = exception;
        body.push_str(&format!("{id} {summary}: {native_id} of {source}, {object}:{line}\n"));
    }
    if own.len() > MAX_LISTED {
        body.push_str(&format!("{MAX_LISTED} of {} shown; `check --json` lists all\n", own.len()));
    }
    body
}

impl Suite {
    fn write(&self, report: &Report, out: &mut String) {
        let count = |is: fn(&Said) -> bool| self.cases.iter().filter(|case| is(&case.said)).count();
        out.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"0\">\n    <properties>\n",
            xml(&self.name),
            self.cases.len(),
            count(|said| matches!(said, Said::Failure { .. })),
            count(|said| matches!(said, Said::Error(_))),
            count(|said| matches!(said, Said::Skipped(_))),
        ));
        let period = format!("{} to {}", report.period.from, report.period.to);
        for (name, value) in [
            ("entity", &report.entity),
            ("system", &report.system),
            ("period", &period),
            ("as-of", &report.as_of.to_string()),
        ] {
            out.push_str(&format!("      <property name=\"{name}\" value=\"{}\"/>\n", xml(value)));
        }
        out.push_str("    </properties>\n");
        for case in &self.cases {
            case.write(out);
        }
        out.push_str("  </testsuite>\n");
    }
}

impl Case {
    fn write(&self, out: &mut String) {
        let head = format!(
            "    <testcase classname=\"{}\" name=\"{}\" time=\"0\"",
            xml(&self.class),
            xml(&self.name)
        );
        out.push_str(&head);
        match &self.said {
            Said::NoException => out.push_str("/>\n"),
            Said::Failure { message, body } => {
                out.push_str(&format!(
                    ">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
                    xml(message),
                    xml(body)
                ));
            }
            Said::Error(message) => {
                out.push_str(&format!(">\n      <error message=\"{}\"/>\n    </testcase>\n", xml(message)));
            }
            Said::Skipped(message) => {
                out.push_str(&format!(">\n      <skipped message=\"{}\"/>\n    </testcase>\n", xml(message)));
            }
        }
    }
}

/// Returns `text` for XML 1.0 content and attributes. Invisible and forbidden characters are spelt out; line ends stay.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (line, at) in text.split('\n').zip(0..) {
        if at > 0 {
            out.push('\n');
        }
        for c in visible(line).chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&apos;"),
                c => out.push(c),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn a_suite_counts_its_cases_and_no_doubt_succeeds() {
        let mut report = fixture::report();
        let text = String::from_utf8(to_bytes(&report)).unwrap();
        assert!(text.contains("<failure message=\"exceptions noted ("), "{text}");
        for test in &mut report.tests {
            test.result = TestOutcome::UnableToTest;
        }
        let text = String::from_utf8(to_bytes(&report)).unwrap();
        assert!(!text.contains("time=\"0\"/>"), "a case without a child succeeded: {text}");
        let said = text.matches("<error ").count() + text.matches("<skipped ").count();
        assert_eq!(text.matches("<testcase ").count(), said);
    }

    #[test]
    fn text_from_a_log_stays_text() {
        assert_eq!(
            xml("]]>\u{1}<a b='\"'>&\n\u{fffe}"),
            "]]&gt;‹U+0001›&lt;a b=&apos;&quot;&apos;&gt;&amp;\n‹U+FFFE›"
        );
    }

    #[test]
    fn hostile_text_ends_no_element_and_hides_nothing() {
        let report = fixture::hostile();
        let text = String::from_utf8(to_bytes(&report)).unwrap();
        assert!(fixture::is_plain(&text), "something hidden is left");
        // Only what this module writes is markup: with its tags taken out, no sign of any is left.
        let value = r#"[^<>"]*"#;
        let names = "testsuites|testsuite|testcase|failure|error|skipped|properties|property|system-out";
        let tag = format!(r#"</?(?:{names})(?: [a-z-]+="{value}")*/?>|^<\?xml[^<>]*\?>"#);
        let rest = regex::Regex::new(&tag).unwrap().replace_all(&text, "");
        assert!(!rest.contains(['<', '>']), "{:?}", rest.lines().find(|line| line.contains(['<', '>'])));
        let entity = regex::Regex::new("&(?:amp|lt|gt|quot|apos);").unwrap();
        assert!(!entity.replace_all(&text, "").contains('&'));
        assert!(text.contains("&lt;script&gt;"), "the text itself is there");
        let cases = |text: &str| text.matches("<testcase ").count();
        let plain = String::from_utf8(to_bytes(&fixture::report())).unwrap();
        assert_eq!(cases(&text), cases(&plain));
    }
}
