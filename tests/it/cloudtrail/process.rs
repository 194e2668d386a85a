//! The same folders through the program.

use std::fs;

use super::folder::{Folder, LOG, pack, sidecar};
use super::{AWS, quarter};
use crate::support::{Ran, Workspace, countersign};

/// A folder on disk, with a trust file.
struct Disk {
    workspace: Workspace,
}

impl Disk {
    fn new(folder: &Folder) -> Self {
        let workspace = Workspace::empty();
        folder.write(&workspace.at("trail"));
        let trust = format!(
            "[[key]]\nowner = \"AWS\"\npurpose = \"log\"\nlogs = [\"{LOG}\"]\npem = \"\"\"\n{}\"\"\"\n",
            AWS.public.to_pem()
        );
        workspace.write("trust.toml", trust);
        workspace.write(
            "countersign.toml",
            format!(
                "entity = \"Acme\"\nperiod = {{ from = 2026-08-04T09:01:31Z, to = 2026-08-04T13:01:31Z }}\n\
                 trust = \"trust.toml\"\n\n[[source]]\nid = \"{LOG}\"\nprofile = \"aws-cloudtrail\"\n\
                 role = \"executions\"\nobjects = [\"trail/\"]\n"
            ),
        );
        Self { workspace }
    }

    fn verify(&self, args: &[&str]) -> Ran {
        let (trail, trust) = (self.workspace.at("trail"), self.workspace.at("trust.toml"));
        let fixed = ["verify", trail.to_str().unwrap(), "--trust", trust.to_str().unwrap(), "--log", LOG];
        countersign(&[&fixed[..], args].concat())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.workspace.at("trail").join(name)
    }
}

#[test]
fn folder_is_recognised_and_verified() {
    let disk = Disk::new(&quarter());
    disk.verify(&[])
        .says(0, &["read as `aws-cloudtrail`", "verified", "9 of 9 records covered", "pinned-signed"]);
    disk.verify(&["--require-complete"]).says(4, &[]);
    let json = disk.verify(&["--json"]).json();
    assert_eq!(json["logs"][0]["completeness"], "contiguous");
    // Unpacked by whoever copied it, it is the same log.
    let folder = quarter();
    for name in folder.digests.iter().chain(&folder.logs) {
        fs::remove_file(disk.path(name)).unwrap();
        fs::write(disk.path(name.strip_suffix(".gz").unwrap()), &folder.objects[name]).unwrap();
    }
    disk.verify(&[]).says(0, &["9 of 9 records covered"]);
}

#[test]
fn bytes_after_the_gzip_member_are_refused() {
    let folder = quarter();
    for name in [&folder.digests[1], &folder.logs[0]] {
        for trailing in [pack(b""), pack(b" "), b"x".to_vec()] {
            let disk = Disk::new(&folder);
            let stored = fs::read(disk.path(name)).unwrap();
            fs::write(disk.path(name), [stored, trailing].concat()).unwrap();
            disk.verify(&[]).says(3, &["altered", "bytes follow its gzip member"]);
        }
    }
}

#[test]
fn damage_ends_in_its_exit_code() {
    let folder = quarter();
    let disk = Disk::new(&folder);
    let stored = fs::read(disk.path(&folder.logs[0])).unwrap();
    fs::write(disk.path(&folder.logs[0]), &stored[..stored.len() / 2]).unwrap();
    disk.verify(&[]).says(4, &["truncated-object"]);
    fs::write(disk.path(&folder.logs[0]), pack(b"{\"Records\":[{]}")).unwrap();
    disk.verify(&[]).says(3, &["malformed"]);
    fs::write(disk.path(&folder.logs[0]), pack(b"{\"Records\":[],\"Records\":[]}")).unwrap();
    disk.verify(&[]).says(3, &["duplicate-key", "`Records` stands twice"]);
    fs::write(disk.path(&folder.logs[0]), pack(b"{\"hello\":1}")).unwrap();
    disk.verify(&[]).says(3, &["expected a log file, a digest file"]);
    fs::remove_file(disk.path(&folder.logs[0])).unwrap();
    disk.verify(&[]).says(4, &["missing-object"]);
}

#[test]
fn report_grades_each_record_by_the_digest_that_lists_it() {
    let mut folder = quarter();
    folder.objects.remove(&sidecar(&folder.digests[3]));
    let run = Disk::new(&folder).workspace.library(None);
    let table = &run.tables["execution"];
    assert_eq!(table.height(), 9);
    let events = &run.tables["event"];
    let grades = events.column("grade").unwrap().str().unwrap();
    let count = |grade: &str| grades.iter().filter(|found| *found == Some(grade)).count();
    assert_eq!((count("pinned-signed"), count("consistent")), (6, 3));
    let report = run.assessment.report();
    let tally = &report.sources[0].tally;
    // Four digests, three metadata files, one list of keys.
    assert_eq!((tally.read, tally.housekeeping, tally.mapped), (17, 8, 9));
    crate::support::conserves(report);
}

#[test]
fn damaged_log_files_make_no_rows_and_leave_a_hole() {
    let mut folder = quarter();
    let name = folder.logs[2].clone();
    folder.objects.insert(name.clone(), folder.objects[&name].replace("user/dana", "user/lee"));
    let disk = Disk::new(&folder);
    let run = disk.workspace.library(None);
    assert_eq!(run.tables["execution"].height(), 6);
    let report = run.assessment.report();
    assert!(report.holes.iter().any(|hole| hole.object.ends_with(&name)), "{:?}", report.holes);
    crate::support::conserves(report);
    disk.workspace.run("check", &["--as-of", "2026-08-04T13:01:31Z"]).says(3, &[]);
}

#[test]
fn head_matches_no_folder_of_digests() {
    let disk = Disk::new(&quarter());
    disk.workspace.write("x.head", format!("{LOG} 0 {}\n", "0".repeat(64)));
    disk.verify(&["--head", disk.workspace.at("x.head").to_str().unwrap()]).says(2, &["matches no log"]);
}
