//! Tables as Parquet, with bytes that depend on their rows and nothing else.
//!
//! A frame may hold the same rows in other chunks, depending on how many threads made it, and the writer would follow
//! them. So each row group is cut here, and made of one chunk.

use std::io::Write;

use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::*;

use crate::pack::error::PackError;

/// Rows of a row group: large enough to compress well, small enough for one core's share of a reader.
pub const ROW_GROUP_ROWS: usize = 65_536;
/// Bytes of a data page before compression, fixed because a default may change with the library.
const PAGE_BYTES: usize = 1 << 20;
/// Level 3 is zstd's own default, fixed for the same reason.
const ZSTD_LEVEL: i32 = 3;

/// Returns the Parquet file of `frame`, table `table`.
///
/// # Errors
/// [`PackError::Table`] where the frame holds a type that Parquet cannot hold.
pub fn encode(table: &str, frame: &DataFrame) -> Result<Vec<u8>, PackError> {
    let mut bytes = Vec::new();
    write(table, frame, &mut bytes)?;
    Ok(bytes)
}

/// Writes the Parquet file of `frame`, table `table`, to `out`.
///
/// # Errors
/// [`PackError::Table`] where the frame holds a type that Parquet cannot hold, or `out` takes no more.
pub fn write(table: &str, frame: &DataFrame, out: impl Write + Send) -> Result<(), PackError> {
    write_frame(frame, out).map_err(|cause| PackError::Table { table: table.to_owned(), cause })
}

fn write_frame(frame: &DataFrame, out: impl Write + Send) -> PolarsResult<()> {
    let mut writer = ParquetWriter::new(out)
        .with_compression(ParquetCompression::Zstd(Some(ZstdLevel::try_new(ZSTD_LEVEL)?)))
        .with_statistics(StatisticsOptions::default())
        .with_row_group_size(Some(ROW_GROUP_ROWS))
        .with_data_page_size(Some(PAGE_BYTES))
        .batched(frame.schema())?;
    let mut start = 0;
    while start < frame.height() {
        let offset = i64::try_from(start).expect("a frame has fewer rows than an i64 can count");
        writer.write_batch(&one_chunk(&frame.slice(offset, ROW_GROUP_ROWS))?)?;
        start += ROW_GROUP_ROWS;
    }
    writer.finish()?;
    Ok(())
}

fn one_chunk(frame: &DataFrame) -> PolarsResult<DataFrame> {
    let columns =
        frame.columns().iter().map(|column| column.as_materialized_series().rechunk().into_column());
    DataFrame::new(frame.height(), columns.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(from: usize, to: usize, nulls: bool) -> DataFrame {
        let text: Vec<Option<String>> = (from..to)
            .map(|i| (!nulls || i % 7 != 0).then(|| format!("row {i} {}", "x".repeat(i % 40))))
            .collect();
        let number: Vec<Option<i64>> = (from..to).map(|i| i64::try_from(i).ok()).collect();
        let flag: Vec<Option<bool>> = (from..to).map(|i| (i % 3 != 0).then_some(i % 2 == 0)).collect();
        DataFrame::new(
            to - from,
            vec![
                Column::new("text".into(), text),
                Column::new("number".into(), number),
                Column::new("flag".into(), flag),
            ],
        )
        .unwrap()
    }

    fn read(bytes: Vec<u8>) -> DataFrame {
        ParquetReader::new(std::io::Cursor::new(bytes)).finish().unwrap()
    }

    #[test]
    fn rows_come_back_as_they_were() {
        let rows = ROW_GROUP_ROWS + 1_000;
        let frame = frame(0, rows, true);
        let back = read(encode("t", &frame).unwrap());
        assert_eq!(back.height(), rows);
        assert!(back.equals_missing(&frame));
    }

    #[test]
    fn an_empty_table_keeps_its_columns() {
        let back = read(encode("t", &frame(0, 0, false)).unwrap());
        assert_eq!((back.height(), back.width()), (0, 3));
    }

    #[test]
    fn the_bytes_do_not_depend_on_the_chunks() {
        for nulls in [false, true] {
            let rows = 2 * ROW_GROUP_ROWS + 123;
            let whole = encode("t", &frame(0, rows, nulls)).unwrap();
            for step in [1_000, ROW_GROUP_ROWS - 1, ROW_GROUP_ROWS + 1] {
                let mut pieces = frame(0, 0, nulls);
                for start in (0..rows).step_by(step) {
                    pieces.vstack_mut(&frame(start, rows.min(start + step), nulls)).unwrap();
                }
                assert!(pieces.first_col_n_chunks() > 1);
                assert!(encode("t", &pieces).unwrap() == whole, "nulls {nulls}, chunks of {step}");
            }
        }
    }

    #[test]
    fn the_bytes_do_not_depend_on_an_idle_mask() {
        let fresh = frame(0, 1_000, false);
        let all = fresh.column("text").unwrap().is_not_null();
        let mask = all.downcast_iter().next().unwrap().values().clone();
        let mut masked = fresh.clone();
        for name in ["text", "number"] {
            let series = fresh.column(name).unwrap().as_materialized_series().rechunk();
            let idle = series.chunks()[0].with_validity(Some(mask.clone()));
            assert!(idle.validity().is_some());
            masked
                .with_column(Series::try_from((series.name().clone(), idle)).unwrap().into_column())
                .unwrap();
        }
        assert!(masked.equals_missing(&fresh));
        assert!(encode("t", &masked).unwrap() == encode("t", &fresh).unwrap());
    }
}
