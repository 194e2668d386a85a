//! Tables: column widths, repeated heads, and rows that stay whole.

use super::{
    PdfError,
    flow::{Flow, Set, Side},
    style::{BOTTOM, CAPTION, CELL, COLUMN, GUTTER, HAIRLINE, LEFT, MEASURE, SMALL, TOP, WIDTH, ink},
    text::Line,
};
use crate::report::document::{Ink, Table};

/// Rows of one table that are printed; the report's other formats hold the rest.
pub(super) const MAX_ROWS: usize = 500;

/// Space above and below the text of a row.
const PAD: f32 = 3.2;

/// Widest word that sets the width of its column; longer ones are broken.
const MAX_WORD: f32 = 80.0;

/// Words up to this width stay whole also where room is short.
const FLOOR: f32 = 46.0;

/// Size of the type, relative to other tables, where the longest words would not fit side by side.
const TIGHT: f32 = 0.88;

/// A table as laid out.
struct Grid {
    caption: String,
    /// Width of its rules.
    width: f32,
    columns: Vec<Column>,
    head: Row,
}

/// A column as laid out.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Column {
    x: f32,
    width: f32,
    side: Side,
}

/// Cells of a row, broken into lines.
struct Row {
    cells: Vec<(Set, Vec<Line>)>,
    /// Lines of the tallest cell.
    lines: usize,
}

/// Sets a table.
pub(super) fn table(flow: &mut Flow<'_>, table: &Table) -> Result<(), PdfError> {
    let shown = table.rows.len().min(MAX_ROWS);
    let caption = flow.plain(&table.caption, CAPTION, ink(Ink::Text))?;
    if shown == 0 {
        flow.need(CAPTION.leading + CELL.leading * 2.0);
        start(flow, table, &caption)?;
        let empty = flow.plain(&table.empty, CELL, ink(Ink::Muted))?;
        flow.y += 3.0;
        return flow.paragraph(&empty, LEFT, WIDTH);
    }
    let (grid, rows) = grid(flow, table, shown)?;
    // The head does not stand alone, nor with one short row.
    let second = rows.get(1).map_or(0.0, |row| row.height().min(40.0));
    flow.need(CAPTION.leading + 2.0 + grid.head_height() + grid.least(&rows[0]) + second);
    start(flow, table, &caption)?;
    draw_head(flow, &grid);
    for (index, row) in rows.iter().enumerate() {
        // The last row does not go to the next page alone.
        let last = if index > 1 && index + 2 == rows.len() { grid.least(&rows[index + 1]) } else { 0.0 };
        if flow.left() < grid.least(row) + last {
            next_page(flow, &grid)?;
        }
        draw_row(flow, &grid, row)?;
    }
    let y = flow.y;
    flow.canvas().rule(LEFT, y, grid.width, 0.7, ink(Ink::Muted));
    flow.y += 3.0;
    if let Some(sentence) = cap_sentence(table, shown) {
        let set = flow.plain(&sentence, SMALL, ink(Ink::Muted))?;
        flow.paragraph(&set, LEFT, WIDTH)?;
    }
    Ok(())
}

/// Returns the sentence under a table that does not print all its rows.
fn cap_sentence(table: &Table, shown: usize) -> Option<String> {
    let total = table.total.max(table.rows.len() as u64);
    if total <= shown as u64 {
        return None;
    }
    let rest = match &table.rest {
        Some(rest) => format!("; rest: {rest}"),
        None if table.rows.len() > shown => "; rest: the HTML report".to_owned(),
        None => String::new(),
    };
    Some(format!("{} of {} shown{rest}", grouped(shown as u64), grouped(total)))
}

/// Returns a number with its digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn start(flow: &mut Flow<'_>, table: &Table, caption: &Set) -> Result<(), PdfError> {
    let y = flow.y;
    flow.anchor(&table.id, y);
    if !table.caption.is_empty() {
        flow.paragraph(caption, LEFT, WIDTH)?;
        flow.y += 2.0;
    }
    Ok(())
}

fn next_page(flow: &mut Flow<'_>, grid: &Grid) -> Result<(), PdfError> {
    flow.new_page();
    let caption = flow.plain(&format!("{} (continued)", grid.caption), SMALL, ink(Ink::Muted))?;
    let y = flow.y;
    flow.one_line(&caption, [LEFT, y, WIDTH], Side::Left)?;
    flow.y += SMALL.leading + 2.0;
    draw_head(flow, grid);
    Ok(())
}

/// Lays out a table.
fn grid(flow: &mut Flow<'_>, table: &Table, shown: usize) -> Result<(Grid, Vec<Row>), PdfError> {
    let mut heads = heads(flow, table)?;
    let mut cells = cells(flow, table, shown)?;
    let gaps = table.columns.len().saturating_sub(1) as f32;
    let mut gutter = GUTTER;
    let mut needs = needs(table, &heads, &cells);
    if needs.iter().map(|need| need.least).sum::<f32>() > WIDTH - gaps * gutter {
        cells.iter_mut().flatten().chain(&mut heads).for_each(|set| set.shrink(TIGHT));
        gutter *= 0.7;
        needs = self::needs(table, &heads, &cells);
    }
    let gutters = gaps * gutter;
    // A table that needs little is as wide as half the page or as running text: eyes lose a row on a long way across.
    let natural = needs.iter().map(|need| need.most).sum::<f32>() * 1.15 + gutters;
    let width = [WIDTH * 0.5, MEASURE].into_iter().find(|width| natural <= *width).unwrap_or(WIDTH);
    let columns = columns(table, share(width - gutters, &needs), gutter);
    let head = row(flow, heads, &columns)?;
    let rows = cells.into_iter().map(|cells| row(flow, cells, &columns)).collect::<Result<_, _>>()?;
    Ok((Grid { caption: table.caption.clone(), width, columns, head }, rows))
}

fn heads(flow: &mut Flow<'_>, table: &Table) -> Result<Vec<Set>, PdfError> {
    table.columns.iter().map(|column| flow.plain(&column.title, COLUMN, ink(Ink::Muted))).collect()
}

fn cells(flow: &mut Flow<'_>, table: &Table, rows: usize) -> Result<Vec<Vec<Set>>, PdfError> {
    let width = table.columns.len();
    table.rows[..rows]
        .iter()
        .map(|row| row.iter().take(width).map(|cell| flow.set(cell, CELL)).collect::<Result<Vec<_>, _>>())
        .collect()
}

fn row(flow: &mut Flow<'_>, sets: Vec<Set>, columns: &[Column]) -> Result<Row, PdfError> {
    let mut cells = Vec::with_capacity(sets.len());
    for (set, column) in sets.into_iter().zip(columns) {
        let lines = flow.lines(&set, column.width)?;
        cells.push((set, lines));
    }
    let lines = cells.iter().map(|(_, lines)| lines.len()).max().unwrap_or(1);
    Ok(Row { cells, lines })
}

impl Row {
    fn height(&self) -> f32 {
        self.lines as f32 * CELL.leading + 2.0 * PAD
    }
}

impl Grid {
    fn head_height(&self) -> f32 {
        self.head.lines as f32 * COLUMN.leading + 2.6 * PAD
    }

    /// Returns the height without which a row goes to the next page: all of it, if a page can hold it.
    fn least(&self, row: &Row) -> f32 {
        let page = BOTTOM - TOP - SMALL.leading - 2.0 - self.head_height();
        if row.height() < page { row.height() } else { 5.0 * CELL.leading + 2.0 * PAD }
    }
}

fn draw_head(flow: &mut Flow<'_>, grid: &Grid) {
    let head = &grid.head;
    for ((set, lines), column) in head.cells.iter().zip(&grid.columns) {
        // Short headings stand on the rule.
        let mut y = flow.y + PAD + (head.lines - lines.len()) as f32 * COLUMN.leading;
        for (index, line) in lines.iter().enumerate() {
            flow.draw(set, line, index, [column.x, y, column.width], column.side);
            y += COLUMN.leading;
        }
    }
    flow.y += grid.head_height();
    let y = flow.y;
    flow.canvas().rule(LEFT, y, grid.width, 0.7, ink(Ink::Muted));
}

/// Draws a row; one that is taller than a page goes on with the next page.
fn draw_row(flow: &mut Flow<'_>, grid: &Grid, row: &Row) -> Result<(), PdfError> {
    let mut from = 0;
    loop {
        let room = BOTTOM - flow.y - 2.0 * PAD;
        let fits = |line: &usize| (line - from + 1) as f32 * CELL.leading <= room;
        let to = from + (from..row.lines).take_while(fits).count().max(1);
        for ((set, lines), column) in row.cells.iter().zip(&grid.columns) {
            for (index, line) in lines.iter().enumerate().take(to).skip(from) {
                let y = flow.y + PAD + (index - from) as f32 * CELL.leading;
                flow.draw(set, line, index, [column.x, y, column.width], column.side);
            }
        }
        flow.y += (to - from) as f32 * CELL.leading + 2.0 * PAD;
        let y = flow.y;
        flow.canvas().rule(LEFT, y, grid.width, HAIRLINE, ink(Ink::Faint));
        from = to;
        if from >= row.lines {
            return Ok(());
        }
        next_page(flow, grid)?;
    }
}

/// Measures what each column asks for.
fn needs(table: &Table, heads: &[Set], rows: &[Vec<Set>]) -> Vec<Need> {
    let need = |column: usize| {
        let cells = || rows.iter().filter_map(|row| row.get(column)).chain(heads.get(column));
        let longest = cells().map(Set::longest).filter(|width| *width <= MAX_WORD).fold(12.0, f32::max);
        let broken = cells().any(|set| set.longest() > MAX_WORD);
        let least = if broken { longest.max(MAX_WORD * 0.8) } else { longest };
        let most = cells().map(Set::width).fold(least, f32::max);
        let area = cells().map(Set::width).sum();
        Need { share: table.columns[column].width.max(1) as f32, least, most, area }
    };
    (0..table.columns.len()).map(need).collect()
}

fn columns(table: &Table, widths: Vec<f32>, gutter: f32) -> Vec<Column> {
    let mut x = LEFT;
    widths
        .into_iter()
        .zip(&table.columns)
        .map(|(width, column)| {
            let side = if column.numeric { Side::Right } else { Side::Left };
            // A little more than what was measured, so that rounding breaks no word.
            let laid = Column { x, width: width + 0.05, side };
            x += width + gutter;
            laid
        })
        .collect()
}

/// What a column asks for.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Need {
    share: f32,
    least: f32,
    most: f32,
    /// Width of all its cells on one line.
    area: f32,
}

/// Shares `width` out by weight: a column gets no less than its longest word, and no more than it can use.
fn share(width: f32, needs: &[Need]) -> Vec<f32> {
    if needs.iter().map(|need| need.least).sum::<f32>() < width {
        return share_within(width, needs);
    }
    // Too little: longer words are broken, and what is left goes where the most text is.
    let tight: Vec<Need> = needs
        .iter()
        .map(|need| Need { share: need.area.max(1.0), least: need.least.min(FLOOR), ..*need })
        .collect();
    let least: f32 = tight.iter().map(|need| need.least).sum();
    if least < width {
        return share_within(width, &tight);
    }
    tight.iter().map(|need| need.least * width / least).collect()
}

fn share_within(width: f32, needs: &[Need]) -> Vec<f32> {
    let mut fixed: Vec<Option<f32>> = vec![None; needs.len()];
    let mut widths = vec![0.0; needs.len()];
    for _ in 0..=needs.len() {
        let taken: f32 = fixed.iter().flatten().sum();
        let shares: f32 =
            needs.iter().zip(&fixed).filter(|(_, fixed)| fixed.is_none()).map(|(need, _)| need.share).sum();
        let mut excess = 0.0;
        for ((need, fixed), out) in needs.iter().zip(&fixed).zip(&mut widths) {
            let fair = (width - taken) * need.share / shares.max(f32::EPSILON);
            *out = fixed.unwrap_or_else(|| fair.clamp(need.least, need.most));
            if fixed.is_none() {
                excess += *out - fair;
            }
        }
        if excess.abs() < 0.01 {
            break;
        }
        // Where limits ask for more than there is, the columns at their least are settled, else those at their most.
        for ((need, fixed), out) in needs.iter().zip(&mut fixed).zip(&widths) {
            if fixed.is_none()
                && ((excess > 0.0 && *out <= need.least) || (excess < 0.0 && *out >= need.most))
            {
                *fixed = Some(*out);
            }
        }
    }
    let spare = width - widths.iter().sum::<f32>();
    let shares: f32 = needs.iter().map(|need| need.share).sum();
    widths.iter().zip(needs).map(|(out, need)| out + spare * need.share / shares).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::Text;

    fn need(share: f32, least: f32, most: f32) -> Need {
        Need { share, least, most, area: most }
    }

    #[test]
    fn width_is_shared_by_weight_within_limits() {
        assert_eq!(share(100.0, &[need(1.0, 10.0, 90.0), need(3.0, 10.0, 90.0)]), [25.0, 75.0]);
        assert_eq!(share(100.0, &[need(1.0, 40.0, 90.0), need(3.0, 10.0, 90.0)]), [40.0, 60.0]);
        assert_eq!(share(100.0, &[need(1.0, 10.0, 90.0), need(3.0, 10.0, 50.0)]), [50.0, 50.0]);
    }

    #[test]
    fn where_room_is_short_identifiers_stay_whole_and_text_gets_the_rest() {
        let widths = share(200.0, &[need(1.0, 40.0, 40.0), need(1.0, 80.0, 100.0), need(1.0, 90.0, 900.0)]);
        assert_eq!(widths[0], 40.0);
        assert!(widths[2] > widths[1] && widths[1] >= FLOOR, "{widths:?}");
    }

    #[test]
    fn all_of_the_width_is_used() {
        for needs in [
            vec![need(1.0, 10.0, 20.0), need(1.0, 10.0, 20.0)],
            vec![need(1.0, 80.0, 90.0), need(1.0, 80.0, 90.0)],
            vec![need(5.0, 30.0, 31.0), need(1.0, 10.0, 400.0), need(2.0, 33.0, 90.0)],
        ] {
            let sum: f32 = share(100.0, &needs).iter().sum();
            assert!((sum - 100.0).abs() < 0.1, "{needs:?} gives {sum}");
        }
    }

    #[test]
    fn a_capped_table_says_so() {
        let mut table = Table {
            id: "t".into(),
            caption: String::new(),
            columns: Vec::new(),
            rows: vec![vec![Text::body("a")]; 3],
            total: 3,
            rest: None,
            empty: String::new(),
            filter: false,
        };
        assert_eq!(cap_sentence(&table, 3), None);
        table.total = 120_331;
        table.rest = Some("exceptions.csv".into());
        assert_eq!(cap_sentence(&table, 3).unwrap(), "3 of 120,331 shown; rest: exceptions.csv");
        table.rest = None;
        table.total = 3;
        assert_eq!(cap_sentence(&table, 2).unwrap(), "2 of 3 shown; rest: the HTML report");
    }
}
