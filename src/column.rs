//! One description per table column: the Rust field, the frame column, and the documentation.
//!
//! [`columns!`](crate::columns) declares a row type. From the same lines come the struct, the Polars frame, and
//! the page in `docs/formats/`, so none of them can drift.

use polars::prelude::*;

/// A text that needs no memory of its own up to 24 bytes, which most words, names, and ids of an event have.
pub type Brief = compact_str::CompactString;

/// Writes `text` where it stays.
///
/// A text of less than 24 bytes is written in pieces. To move it right afterwards would read them as a whole, which waits until
/// the last has arrived; over all columns of an event that is a tenth of its mapping.
pub(crate) fn set(slot: &mut Option<Brief>, text: &str) {
    let slot = slot.get_or_insert_default();
    slot.clear();
    slot.push_str(text);
}

/// Returns a text of an event as a column of another table holds it.
pub(crate) fn text(brief: &Option<Brief>) -> Option<String> {
    brief.as_deref().map(str::to_owned)
}

/// The type of a column. Every column may be null.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// 64-bit signed integer; times are UTC epoch milliseconds and end in `_ms`.
    Int,
    /// True or false.
    Flag,
}

impl ColumnType {
    /// Returns the word used in documentation and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Int => "integer",
            Self::Flag => "flag",
        }
    }
}

/// One column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Plain lower-case name.
    pub name: &'static str,
    /// What it holds.
    pub ty: ColumnType,
    /// Its meaning, as printed in `docs/formats/tables.md`.
    pub doc: &'static str,
}

/// Values of one column while a frame is being built.
pub enum Values {
    /// Text values.
    Text(Growing<StringChunkedBuilder, String>),
    /// Integer values.
    Int(Growing<PrimitiveChunkedBuilder<Int64Type>, i64>),
    /// Truth values.
    Flag(Growing<BooleanChunkedBuilder, bool>),
}

impl Values {
    fn new(column: &Column) -> Self {
        let name = PlSmallStr::from_static(column.name);
        match column.ty {
            ColumnType::Text => Self::Text(Growing::new(name)),
            ColumnType::Int => Self::Int(Growing::new(name)),
            ColumnType::Flag => Self::Flag(Growing::new(name)),
        }
    }

    fn finish(self) -> Held {
        match self {
            Self::Text(values) => values.finish(DataType::String, |text| AnyValue::StringOwned(text.into())),
            Self::Int(values) => values.finish(DataType::Int64, AnyValue::Int64),
            Self::Flag(values) => values.finish(DataType::Boolean, AnyValue::Boolean),
        }
    }
}

/// A column that grows: one value for all its rows, until another one comes.
///
/// Of the columns of an event most say the same on every row of a segment, usually nothing. Kept as one value they
/// take no memory; as text views they would take 16 bytes a row each.
pub struct Growing<B, T> {
    name: PlSmallStr,
    same: Option<T>,
    rows: usize,
    builder: Option<B>,
}

/// A Polars builder of one type.
trait Builder<T: std::borrow::Borrow<V>, V: ?Sized> {
    fn begin(name: PlSmallStr, rows: usize) -> Self;
    fn append(&mut self, value: Option<&V>);
    fn end(self) -> Series;
}

impl Builder<String, str> for StringChunkedBuilder {
    fn begin(name: PlSmallStr, rows: usize) -> Self {
        Self::new(name, rows)
    }

    fn append(&mut self, value: Option<&str>) {
        self.append_option(value);
    }

    fn end(self) -> Series {
        self.finish().into_series()
    }
}

impl Builder<i64, i64> for PrimitiveChunkedBuilder<Int64Type> {
    fn begin(name: PlSmallStr, rows: usize) -> Self {
        Self::new(name, rows)
    }

    fn append(&mut self, value: Option<&i64>) {
        self.append_option(value.copied());
    }

    fn end(self) -> Series {
        self.finish().into_series()
    }
}

impl Builder<bool, bool> for BooleanChunkedBuilder {
    fn begin(name: PlSmallStr, rows: usize) -> Self {
        Self::new(name, rows)
    }

    fn append(&mut self, value: Option<&bool>) {
        self.append_option(value.copied());
    }

    fn end(self) -> Series {
        self.finish().into_series()
    }
}

impl<B, T> Growing<B, T> {
    fn new(name: PlSmallStr) -> Self {
        Self { name, same: None, rows: 0, builder: None }
    }

    fn push<V: ?Sized + PartialEq + ToOwned<Owned = T>>(&mut self, value: Option<&V>)
    where
        B: Builder<T, V>,
        T: std::borrow::Borrow<V>,
    {
        let same = self.same.as_ref().map(std::borrow::Borrow::borrow);
        if let Some(builder) = &mut self.builder {
            builder.append(value);
        } else if self.rows == 0 {
            self.same = value.map(ToOwned::to_owned);
        } else if same != value {
            let mut builder = B::begin(self.name.clone(), self.rows + 1);
            (0..self.rows).for_each(|_| builder.append(same));
            builder.append(value);
            self.builder = Some(builder);
        }
        self.rows += 1;
    }

    fn finish<V: ?Sized>(self, dtype: DataType, value: impl FnOnce(T) -> AnyValue<'static>) -> Held
    where
        B: Builder<T, V>,
        T: std::borrow::Borrow<V>,
    {
        match self.builder {
            Some(builder) => builder.end().into(),
            None => {
                let same = Scalar::new(dtype, self.same.map_or(AnyValue::Null, value));
                Held::new_scalar(self.name, same, self.rows)
            }
        }
    }
}

/// A Rust type that can stand in a column.
pub trait Cell: Sized {
    /// Appends the value to `values`, which is of the cell's own type.
    fn push(&self, values: &mut Values);
    /// Reads row `index` of `series`.
    fn read(series: &Held, index: usize) -> Self;
}

/// Polars' own column type, renamed because ours describes and theirs holds.
pub type Held = polars::prelude::Column;

impl Cell for Option<String> {
    fn push(&self, values: &mut Values) {
        if let Values::Text(builder) = values {
            builder.push(self.as_deref());
        }
    }

    fn read(series: &Held, index: usize) -> Self {
        text_at(series, index).map(str::to_owned)
    }
}

impl Cell for Option<Brief> {
    fn push(&self, values: &mut Values) {
        if let Values::Text(builder) = values {
            builder.push(self.as_deref());
        }
    }

    fn read(series: &Held, index: usize) -> Self {
        text_at(series, index).map(Brief::from)
    }
}

impl Cell for Option<i64> {
    fn push(&self, values: &mut Values) {
        if let Values::Int(builder) = values {
            builder.push(self.as_ref());
        }
    }

    fn read(series: &Held, index: usize) -> Self {
        int_at(series, index)
    }
}

impl Cell for Option<bool> {
    fn push(&self, values: &mut Values) {
        if let Values::Flag(builder) = values {
            builder.push(self.as_ref());
        }
    }

    fn read(series: &Held, index: usize) -> Self {
        match series {
            Held::Scalar(same) => match same.scalar().value() {
                AnyValue::Boolean(value) if index < same.len() => Some(*value),
                _ => None,
            },
            Held::Series(_) => series.bool().ok().and_then(|values| values.get(index)),
        }
    }
}

/// Builds a column of text; one whose values are all the same is held as that value.
pub fn text_column<'a>(name: &'static str, values: impl Iterator<Item = Option<&'a str>>) -> Held {
    let mut column = Growing::new(PlSmallStr::from_static(name));
    values.for_each(|value| column.push(value));
    Values::Text(column).finish()
}

/// Returns the text in row `index`. A column of one value is not spread out for it.
pub fn text_at(column: &Held, index: usize) -> Option<&str> {
    match column {
        Held::Scalar(same) if index < same.len() => same.scalar().value().get_str(),
        Held::Scalar(_) => None,
        Held::Series(_) => column.str().ok().and_then(|values| values.get(index)),
    }
}

/// Returns the integer in row `index`. A column of one value is not spread out for it.
pub fn int_at(column: &Held, index: usize) -> Option<i64> {
    match column {
        Held::Scalar(same) => match same.scalar().value() {
            AnyValue::Int64(value) if index < same.len() => Some(*value),
            _ => None,
        },
        Held::Series(_) => column.i64().ok().and_then(|values| values.get(index)),
    }
}

/// Returns the flag in row `index` of `column`.
pub fn flag_at(column: &Held, index: usize) -> Option<bool> {
    match column {
        Held::Scalar(same) => match same.scalar().value() {
            AnyValue::Boolean(value) if index < same.len() => Some(*value),
            _ => None,
        },
        Held::Series(_) => column.bool().ok().and_then(|values| values.get(index)),
    }
}

/// A row of a table: made by [`columns!`](crate::columns).
pub trait Row: Default {
    /// The table's name.
    const TABLE: &'static str;
    /// What one row stands for.
    const DOC: &'static str;
    /// The columns, in order.
    const COLUMNS: &'static [Column];

    /// Appends this row to the columns under construction.
    fn push(&self, columns: &mut [Values]);

    /// Reads row `index` of `columns`, which are in the order of [`Row::COLUMNS`]; an absent one reads as null.
    fn read(columns: &[Option<&Held>], index: usize) -> Self;
}

/// Builds the frame of a table row by row.
pub struct FrameBuilder<R> {
    columns: Vec<Values>,
    height: usize,
    row: std::marker::PhantomData<R>,
}

impl<R: Row> Default for FrameBuilder<R> {
    fn default() -> Self {
        Self {
            columns: R::COLUMNS.iter().map(Values::new).collect(),
            height: 0,
            row: std::marker::PhantomData,
        }
    }
}

impl<R: Row> FrameBuilder<R> {
    /// Appends a row.
    pub fn push(&mut self, row: &R) {
        row.push(&mut self.columns);
        self.height += 1;
    }

    /// Returns how many rows were appended.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Returns the frame; one without rows still has every column. A column of one value is held as that value.
    pub fn finish(self) -> DataFrame {
        let columns: Vec<Held> = self.columns.into_iter().map(Values::finish).collect();
        DataFrame::new(self.height, columns)
            .expect("columns of one builder share their height and have distinct names")
    }
}

/// Builds the frame of `rows`, in their order.
pub fn to_frame<'a, R: Row + 'a>(rows: impl IntoIterator<Item = &'a R>) -> DataFrame {
    let mut builder = FrameBuilder::default();
    for row in rows {
        builder.push(row);
    }
    builder.finish()
}

/// Returns the rows of `frames`, which are of one row type, in one frame.
///
/// A column that has one and the same value in all of them is held as that value.
pub fn stacked<R: Row>(frames: impl IntoIterator<Item = DataFrame>) -> DataFrame {
    let mut all = FrameBuilder::<R>::default().finish();
    for frame in frames.into_iter().filter(|frame| frame.height() > 0) {
        if all.height() == 0 {
            all = frame;
            continue;
        }
        let height = all.height() + frame.height();
        let columns = all.into_columns().into_iter().zip(frame.into_columns());
        let columns: Vec<Held> = columns.map(|(above, below)| joined(above, below)).collect();
        all =
            DataFrame::new(height, columns).expect("the columns of both have the same names and grew alike");
    }
    all
}

fn joined(mut above: Held, below: Held) -> Held {
    if let (Held::Scalar(one), Held::Scalar(other)) = (&above, &below)
        && (one.scalar() == other.scalar() || (one.scalar().is_null() && other.scalar().is_null()))
    {
        return Held::new_scalar(one.name().clone(), one.scalar().clone(), one.len() + other.len());
    }
    above.append_owned(below).expect("frames of one row type have the same columns");
    above
}

/// Reads the rows of a frame, looking its columns up once.
pub struct FrameReader<'a, R> {
    columns: Vec<Option<&'a Held>>,
    height: usize,
    row: std::marker::PhantomData<R>,
}

impl<'a, R: Row> FrameReader<'a, R> {
    /// Looks up the columns of `frame`.
    pub fn new(frame: &'a DataFrame) -> Self {
        Self {
            columns: R::COLUMNS.iter().map(|column| frame.column(column.name).ok()).collect(),
            height: frame.height(),
            row: std::marker::PhantomData,
        }
    }

    /// Returns the rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = R> + '_ {
        (0..self.height).map(|index| R::read(&self.columns, index))
    }

    /// Returns row `index`.
    pub fn row(&self, index: usize) -> R {
        R::read(&self.columns, index)
    }
}

/// Declares a row type, its frame and its documentation from one list.
///
/// ```text
/// columns! {
///     /// One request for a privileged action.
///     pub struct Request in "request" {
///         /// Namespaced id of the request.
///         request_id: Text,
///     }
/// }
/// ```
#[macro_export]
macro_rules! columns {
    (
        $(#[doc = $doc:literal])+
        pub struct $name:ident in $table:literal {
            $( $(#[doc = $fdoc:literal])+ $field:ident : $ty:ident, )+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Default, Debug, PartialEq, Eq)]
        pub struct $name {
            $( $(#[doc = $fdoc])+ pub $field: $crate::columns!(@type $ty), )+
        }

        impl $crate::column::Row for $name {
            const TABLE: &'static str = $table;
            const DOC: &'static str = concat!($($doc),+);
            const COLUMNS: &'static [$crate::column::Column] = &[
                $( $crate::column::Column {
                    name: stringify!($field),
                    ty: $crate::columns!(@kind $ty),
                    doc: concat!($($fdoc),+),
                }, )+
            ];

            fn push(&self, columns: &mut [$crate::column::Values]) {
                use $crate::column::Cell as _;
                let mut columns = columns.iter_mut();
                $( if let Some(values) = columns.next() { self.$field.push(values); } )+
            }

            fn read(columns: &[Option<&$crate::column::Held>], index: usize) -> Self {
                use $crate::column::Cell as _;
                let mut columns = columns.iter().copied();
                Self {
                    $( $field: columns
                        .next()
                        .flatten()
                        .and_then(|column| <$crate::columns!(@type $ty)>::read(column, index)), )+
                }
            }
        }
    };
    (@kind Brief) => { $crate::column::ColumnType::Text };
    (@kind $ty:ident) => { $crate::column::ColumnType::$ty };
    (@type Text) => { Option<String> };
    (@type Brief) => { Option<$crate::column::Brief> };
    (@type Int) => { Option<i64> };
    (@type Flag) => { Option<bool> };
}
