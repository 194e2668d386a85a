//! The catalog: one control per test, with the objective that findings point at.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Documents, control_id, markup, objective_id, prop, uuid, word};
use crate::report::model::Test;

impl Documents<'_> {
    /// Returns the catalog of the tests of this report: our own objectives in our own words.
    pub(super) fn catalog(&self) -> Value {
        let mut groups: BTreeMap<String, Vec<&Test>> = BTreeMap::new();
        for test in &self.report.tests {
            let id = control_id(test);
            let family = id.split('-').next().unwrap_or(&id).to_owned();
            groups.entry(family).or_default().push(test);
        }
        let groups: Vec<Value> = groups
            .iter()
            .map(|(family, tests)| {
                let controls: Vec<Value> = tests.iter().map(|test| self.control(test)).collect();
                json!({ "id": format!("{family}_tests"), "title": format!("Tests {}", family.to_uppercase()), "controls": controls })
            })
            .collect();
        let mut catalog = json!({
            "uuid": self.uuid("document", "catalog"),
            "metadata": self.metadata("catalog", "Test objectives for approval records", &[]),
        });
        if !groups.is_empty() {
            catalog["groups"] = json!(groups);
        }
        json!({ "catalog": catalog })
    }

    fn control(&self, test: &Test) -> Value {
        let own = self.report.parameters.iter().filter(|parameter| parameter.test == test.id);
        let params: Vec<Value> = own
            .map(|parameter| {
                json!({
                    "id": parameter.name,
                    "label": markup(&parameter.why),
                    "values": [parameter.value.to_string()],
                })
            })
            .collect();
        let id = control_id(test);
        let mut control = json!({
            "id": id,
            "title": markup(&test.title),
            "props": [
                { "name": "label", "value": word(&test.id) },
                prop("kind", &test.kind),
                prop("severity", &test.severity),
                prop("population-sql-sha256", test.population_sql),
                prop("exceptions-sql-sha256", test.exceptions_sql),
            ],
            "parts": [
                { "id": format!("{id}_smt"), "name": "statement", "prose": markup(&test.title) },
                { "id": objective_id(test), "name": "assessment-objective", "prose": markup(&test.objective) },
                { "id": format!("{id}_exc"), "name": "item", "ns": super::NS, "title": "Exception", "prose": markup(&test.predicate) },
                { "id": format!("{id}_lim"), "name": "item", "ns": super::NS, "title": "Not shown", "prose": markup(&test.cannot_show) },
            ],
        });
        if !params.is_empty() {
            control["params"] = json!(params);
        }
        control
    }

    /// Returns what the selections of plan and results name: the tests `included`, and their objectives.
    pub(super) fn reviewed(&self, included: &[&Test]) -> Value {
        let controls: Vec<Value> =
            included.iter().map(|test| json!({ "control-id": control_id(test) })).collect();
        let objectives: Vec<Value> =
            included.iter().map(|test| json!({ "objective-id": objective_id(test) })).collect();
        if controls.is_empty() {
            // A selection must select; what there is, is nothing, and the remarks say so.
            return json!({ "control-selections": [{ "include-all": {} }], "remarks": "No test could run." });
        }
        json!({
            "control-selections": [{ "include-controls": controls }],
            "control-objective-selections": [{ "include-objectives": objectives }],
        })
    }

    /// Returns the id of a back-matter resource of a document.
    pub(super) fn resource(&self, document: &str, name: &str) -> String {
        uuid(&[&self.results.to_string(), "resource", document, name])
    }
}
