//! The assessment plan: which tests, with which parameters, over which time.

use serde_json::{Value, json};

use super::{CATALOG, Documents, control_id, markup, prop};
use crate::report::model::Test;

const DOCUMENT: &str = "plan";

impl Documents<'_> {
    /// Returns the plan that these results followed.
    pub(super) fn plan(&self) -> Value {
        let report = self.report;
        let tests: Vec<&Test> = report.tests.iter().collect();
        let activities: Vec<Value> = tests.iter().map(|test| self.activity(test)).collect();
        let associated: Vec<Value> = tests
            .iter()
            .map(|test| {
                json!({
                    "activity-uuid": self.uuid("activity", &test.id),
                    "subjects": [{ "type": "component", "include-all": {} }],
                })
            })
            .collect();
        let system = self.resource(DOCUMENT, "system");
        let mut plan = json!({
            "uuid": self.uuid("document", DOCUMENT),
            "metadata": self.metadata(DOCUMENT, "Assessment plan for approval records", &[(CATALOG, "catalog")]),
            "import-ssp": { "href": format!("#{system}") },
            "reviewed-controls": self.reviewed(&tests),
            "assessment-assets": {
                "components": [self.component(DOCUMENT)],
                "assessment-platforms": [{
                    "uuid": self.uuid("platform", DOCUMENT),
                    "uses-components": [{ "component-uuid": self.tool(DOCUMENT) }],
                }],
            },
            "back-matter": { "resources": [{
                "uuid": system,
                "title": "System description",
                "description": format!(
                    "The system is described outside OSCAL. The workspace calls it: {}",
                    markup(&report.system)
                ),
                "rlinks": [{ "href": "../07_policy/countersign.toml" }],
            }] },
        });
        if !activities.is_empty() {
            plan["local-definitions"] = json!({ "activities": activities });
            plan["tasks"] = json!([{
                "uuid": self.uuid("task", "period"),
                "type": "action",
                "title": "Test the whole population of the period",
                "timing": { "within-date-range": { "start": report.period.from, "end": report.period.to } },
                "associated-activities": associated,
            }]);
        }
        json!({ "assessment-plan": plan })
    }

    fn activity(&self, test: &Test) -> Value {
        let own = self.report.parameters.iter().filter(|parameter| parameter.test == test.id);
        let mut props = vec![json!({ "name": "method", "value": "TEST" }), prop("test", &test.id)];
        props.extend(own.map(|parameter| prop(&parameter.name.replace('_', "-"), parameter.value)));
        json!({
            "uuid": self.uuid("activity", &test.id),
            "title": markup(&format!("{} {}", test.id, test.slug)),
            "description": markup(&test.predicate),
            "props": props,
            "related-controls": { "control-selections": [{ "include-controls": [{ "control-id": control_id(test) }] }] },
        })
    }
}
