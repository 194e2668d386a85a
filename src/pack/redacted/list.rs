//! `redactions.json`, and the disclosures that only the holder of the key can write.

use std::io::{self, Write};

use super::Redacted;
use super::key::commitment;
use super::table::Cell;

/// Schema of the list.
const SCHEMA: &str = "countersign/redactions/1";

impl Redacted {
    /// Writes the list of commitments. It is never held whole: it has a line for each withheld value of each row.
    ///
    /// # Errors
    /// When `out` takes no more.
    pub fn list(&self, mut out: impl Write) -> io::Result<()> {
        let withheld = serde_json::to_string(&self.withheld())?;
        let original = self.results;
        write!(
            out,
            "{{\"schema\":\"{SCHEMA}\",\"original\":\"{original}\",\"withheld\":{withheld},\"values\":["
        )?;
        let mut first = true;
        self.each(|cell, disclosure| {
            out.write_all(if first { b"\n" } else { b",\n" })?;
            first = false;
            let committed = commitment(disclosure);
            serde_json::to_writer(&mut out, &(cell.class, cell.table, cell.row, cell.column, committed))?;
            Ok(())
        })?;
        out.write_all(b"]}\n")
    }

    /// Writes every disclosure on a line, with the table, row, and column that it is for.
    ///
    /// # Errors
    /// When `out` takes no more.
    pub fn disclosures(&self, mut out: impl Write) -> io::Result<()> {
        self.each(|cell, disclosure| {
            serde_json::to_writer(&mut out, &(cell.table, cell.row, cell.column, disclosure))?;
            out.write_all(b"\n")
        })
    }

    fn each(&self, mut each: impl FnMut(Cell<'_>, &str) -> io::Result<()>) -> io::Result<()> {
        let mut disclosed = |cell: Cell<'_>| {
            let slash = if cell.column.starts_with('/') { "" } else { "/" };
            let pointer = format!("/{}{slash}{}", cell.table, cell.column);
            let disclosure = self.cover.key().disclosure(cell.event, &pointer, cell.column, cell.value);
            each(cell, &disclosure)
        };
        for place in &self.places {
            disclosed(Cell {
                class: place.class,
                table: "report",
                row: "",
                event: "",
                column: &place.pointer,
                value: &place.value,
            })?;
        }
        self.ordered.iter().try_for_each(|table| table.each(&self.cover, &mut disclosed))
    }
}
