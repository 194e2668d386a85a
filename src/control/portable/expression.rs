//! Expressions within the portable subset.

use std::collections::BTreeSet;

use sqlparser::ast::{
    BinaryOperator, CaseWhen, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, Ident, Spanned, UnaryOperator, Value, WindowType,
};

use super::refusal::{instead_of, refused};
use super::{Lint, Scope};
use crate::control::error::ControlError;

/// Aggregates of the subset, lower case.
const AGGREGATES: &[&str] = &["count", "min", "max", "sum"];
/// Window functions of the subset, lower case.
const WINDOWS: &[&str] = &["row_number", "lag", "lead"];
/// Functions of one row within the subset, lower case.
const FUNCTIONS: &[&str] = &["coalesce", "lower", "length"];

/// Where an expression stands: what it may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// `WHERE`, `GROUP BY`, inside an aggregate or a window: neither aggregates nor windows.
    Row,
    /// The columns of a `SELECT` without `GROUP BY`: windows, no aggregates.
    Column,
    /// The columns of a `SELECT` with `GROUP BY`: aggregates, no windows.
    Group,
}

impl Lint<'_> {
    /// Checks an expression that sees one row: no aggregate, no window.
    pub(super) fn row_expression(&mut self, expression: &Expr, scope: &Scope) -> Result<(), ControlError> {
        self.expression(expression, scope, Place::Row)
    }

    /// Checks an expression among the columns of a `SELECT`.
    pub(super) fn output(
        &mut self,
        expression: &Expr,
        groups: Option<&BTreeSet<String>>,
        scope: &Scope,
    ) -> Result<(), ControlError> {
        match groups {
            None => self.expression(expression, scope, Place::Column),
            Some(groups) => {
                self.expression(expression, scope, Place::Group)?;
                self.grouped(expression, groups)
            }
        }
    }

    /// Accepts an aggregate compared with a constant, and `AND` of such.
    pub(super) fn having(&mut self, having: &Expr, grouped: bool, scope: &Scope) -> Result<(), ControlError> {
        let instead = "put the aggregate into a WITH part, and filter it with WHERE";
        self.without(!grouped, "HAVING without GROUP BY", having.span(), instead)?;
        match having {
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                self.having(left, grouped, scope)?;
                self.having(right, grouped, scope)
            }
            Expr::BinaryOp { left, op, right } if comparison(op) => {
                let plain = matches!(left.as_ref(), Expr::Function(function) if aggregate(function))
                    && matches!(right.as_ref(), Expr::Value(_));
                self.without(
                    !plain,
                    "HAVING other than an aggregate against a constant",
                    having.span(),
                    instead,
                )?;
                self.expression(left, scope, Place::Group)?;
                self.expression(right, scope, Place::Row)
            }
            _ => {
                Err(self.refuse("HAVING other than an aggregate against a constant", having.span(), instead))
            }
        }
    }

    /// Refuses a column that is neither grouped nor inside an aggregate.
    fn grouped(&self, expression: &Expr, groups: &BTreeSet<String>) -> Result<(), ControlError> {
        match expression {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => self.without(
                !groups.contains(&expression.to_string()),
                &format!("the column `{expression}`, which is neither grouped nor inside an aggregate"),
                expression.span(),
                "add it to GROUP BY, or take its MIN or MAX",
            ),
            Expr::Function(function) if aggregate(function) => Ok(()),
            _ => children(expression).into_iter().try_for_each(|child| self.grouped(child, groups)),
        }
    }

    fn expression(&mut self, expression: &Expr, scope: &Scope, place: Place) -> Result<(), ControlError> {
        let span = expression.span();
        match expression {
            Expr::Identifier(ident) => self.unqualified(ident, scope),
            Expr::CompoundIdentifier(idents) => self.qualified(idents, scope).map(drop),
            Expr::Value(value) => self.value(&value.value, expression),
            Expr::Nested(inner) | Expr::IsNull(inner) | Expr::IsNotNull(inner) => {
                self.expression(inner, scope, place)
            }
            Expr::BinaryOp { left, op, right } => {
                self.operator(op, expression)?;
                self.no_null(left)?;
                self.no_null(right)?;
                self.expression(left, scope, place)?;
                self.expression(right, scope, place)
            }
            Expr::UnaryOp { op: UnaryOperator::Not | UnaryOperator::Minus, expr } => {
                self.expression(expr, scope, place)
            }
            Expr::InList { expr, list, .. } => {
                let constants = list
                    .iter()
                    .all(|item| matches!(item, Expr::Value(value) if !matches!(value.value, Value::Null)));
                self.without(
                    !constants,
                    "IN with something other than constants",
                    span,
                    "list constants; for columns, write OR",
                )?;
                list.iter().try_for_each(|item| self.expression(item, scope, place))?;
                self.expression(expr, scope, place)
            }
            Expr::Like { any: false, expr, pattern, escape_char: None, .. } => {
                let constant = matches!(pattern.as_ref(), Expr::Value(value)
                    if matches!(value.value, Value::SingleQuotedString(_)));
                self.without(!constant, "LIKE with a computed pattern", span, "use a constant pattern")?;
                self.expression(expr, scope, place)
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.without(
                    operand.is_some(),
                    "CASE with an operand",
                    span,
                    "write CASE WHEN a = 1 THEN ...",
                )?;
                for CaseWhen { condition, result } in conditions {
                    self.expression(condition, scope, place)?;
                    self.result(result, scope, place)?;
                }
                else_result.as_ref().map_or(Ok(()), |result| self.result(result, scope, place))
            }
            Expr::Function(function) => self.function(function, scope, place),
            _ => {
                let (construct, instead) = refused(expression);
                Err(self.refuse(&construct, span, instead))
            }
        }
    }

    /// Checks the result of a `CASE` branch, which alone may be `NULL`.
    fn result(&mut self, result: &Expr, scope: &Scope, place: Place) -> Result<(), ControlError> {
        if is_null(result) { Ok(()) } else { self.expression(result, scope, place) }
    }

    fn no_null(&self, expression: &Expr) -> Result<(), ControlError> {
        self.without(
            is_null(expression),
            "a comparison with NULL",
            expression.span(),
            "write IS NULL or IS NOT NULL",
        )
    }

    fn value(&mut self, value: &Value, expression: &Expr) -> Result<(), ControlError> {
        let span = expression.span();
        match value {
            Value::Number(digits, _) => self.without(
                digits.parse::<i64>().is_err(),
                &format!("the number `{digits}`"),
                span,
                "use whole numbers of 64 bits; scale fractions up",
            ),
            Value::SingleQuotedString(text) => self.column_literal(text, expression),
            Value::Boolean(_) => Ok(()),
            Value::Null => {
                Err(self.refuse("NULL as a value", span, "leave the ELSE of CASE out, or write IS NULL"))
            }
            Value::DoubleQuotedString(_) => Err(self.refuse(
                "text in double quotes",
                span,
                "use single quotes: engines read double quotes as names or as text",
            )),
            Value::Placeholder(_) => Err(self.refuse(
                "a placeholder",
                span,
                "read the value from `param`, so that the file's digest is the digest of what ran",
            )),
            _ => Err(self.refuse("a literal of one engine", span, "use plain text in single quotes")),
        }
    }

    /// Refuses text that names a column, such as `decision.ts_ms`, which no table has.
    fn column_literal(&self, text: &str, expression: &Expr) -> Result<(), ControlError> {
        let name = text.strip_prefix("untestable:").unwrap_or(text);
        let Some((table, column)) = name.split_once('.') else { return Ok(()) };
        let word = |part: &str| part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if table.is_empty() || !word(table) || !word(column) {
            return Ok(());
        }
        let known = self.published.get(table).is_some_and(|columns| columns.contains(column));
        self.without(
            !known,
            &format!("the text `{name}`, which looks like a column and is none"),
            expression.span(),
            "name a column of a published table, so that a reader can look it up",
        )
    }

    fn operator(&self, op: &BinaryOperator, expression: &Expr) -> Result<(), ControlError> {
        let span = expression.span();
        match op {
            BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Multiply
            | BinaryOperator::Modulo
            | BinaryOperator::StringConcat
            | BinaryOperator::And
            | BinaryOperator::Or => Ok(()),
            op if comparison(op) => Ok(()),
            BinaryOperator::Divide | BinaryOperator::DuckIntegerDivide | BinaryOperator::MyIntegerDivide => {
                Err(self.refuse(
                    "division",
                    span,
                    "multiply the other side, or bucket with `x - x % n`: engines truncate differently",
                ))
            }
            BinaryOperator::PGRegexMatch
            | BinaryOperator::PGRegexIMatch
            | BinaryOperator::PGRegexNotMatch
            | BinaryOperator::PGRegexNotIMatch
            | BinaryOperator::Regexp => {
                Err(self.refuse("a regular expression", span, "let the loader make a column of it"))
            }
            _ => Err(self.refuse(
                &format!("the operator `{op}`"),
                span,
                "use = <> < <= > >= AND OR NOT + - * % ||",
            )),
        }
    }

    fn function(&mut self, function: &Function, scope: &Scope, place: Place) -> Result<(), ControlError> {
        let name = name_of(function);
        let span = function.span();
        self.without(function.filter.is_some(), "FILTER", span, "write COUNT(CASE WHEN ... THEN 1 END)")?;
        self.without(
            function.null_treatment.is_some()
                || !function.within_group.is_empty()
                || function.uses_odbc_syntax
                || !matches!(function.parameters, FunctionArguments::None),
            &format!("an option of {name}"),
            span,
            "leave it out",
        )?;
        if let Some(over) = &function.over {
            return self.window(&name, function, over, scope, place);
        }
        self.without(
            WINDOWS.contains(&name.as_str()),
            &format!("{name} without OVER"),
            span,
            "write OVER (PARTITION BY ... ORDER BY ...)",
        )?;
        if AGGREGATES.contains(&name.as_str()) {
            return self.aggregate(&name, function, scope, place);
        }
        self.without(
            !FUNCTIONS.contains(&name.as_str()),
            &format!("the function {name}"),
            span,
            instead_of(&name),
        )?;
        let (arguments, distinct) = self.arguments(function)?;
        self.without(distinct, &format!("DISTINCT in {name}"), span, "leave it out")?;
        arguments.into_iter().try_for_each(|argument| {
            let argument =
                argument.ok_or_else(|| self.refuse(&format!("{name}(*)"), span, "name the column"))?;
            self.expression(argument, scope, place)
        })
    }

    fn aggregate(
        &mut self,
        name: &str,
        function: &Function,
        scope: &Scope,
        place: Place,
    ) -> Result<(), ControlError> {
        let span = function.span();
        let (construct, instead) = match place {
            Place::Group => ("", ""),
            Place::Column => {
                ("an aggregate without GROUP BY", "group by a column: without rows, engines differ")
            }
            Place::Row => {
                ("an aggregate outside the columns", "put it into a WITH part, and filter it with WHERE")
            }
        };
        self.without(place != Place::Group, construct, span, instead)?;
        let (arguments, distinct) = self.arguments(function)?;
        self.without(
            distinct && name != "count",
            &format!("DISTINCT in {name}"),
            span,
            "group by the column in a WITH part first",
        )?;
        match arguments.as_slice() {
            [None] if name == "count" && !distinct => Ok(()),
            [Some(argument)] => {
                self.without(
                    name == "sum" && !never_null(argument),
                    "SUM of what may be null",
                    span,
                    "write SUM(COALESCE(x, 0)): over nulls alone, Polars gives 0 and others null",
                )?;
                self.expression(argument, scope, Place::Row)
            }
            _ => Err(self.refuse(
                &format!("{name} with other than one argument"),
                span,
                "aggregate one expression",
            )),
        }
    }

    fn window(
        &mut self,
        name: &str,
        function: &Function,
        over: &WindowType,
        scope: &Scope,
        place: Place,
    ) -> Result<(), ControlError> {
        let span = function.span();
        self.without(
            !WINDOWS.contains(&name),
            &format!("{name} OVER"),
            span,
            "group in a WITH part and join it: running aggregates differ between engines",
        )?;
        self.without(
            place != Place::Column,
            "a window outside the columns of a SELECT without GROUP BY",
            span,
            "compute it in a WITH part of its own",
        )?;
        let WindowType::WindowSpec(spec) = over else {
            return Err(self.refuse("a named window", span, "write the window where it is used"));
        };
        self.without(
            spec.window_name.is_some() || spec.window_frame.is_some(),
            "a window frame",
            span,
            "join the rows of the frame in a WITH part",
        )?;
        self.without(
            spec.order_by.is_empty(),
            "a window without ORDER BY",
            span,
            "order it by columns that leave no tie",
        )?;
        for key in &spec.order_by {
            self.without(
                key.options.asc == Some(false) || key.options.nulls_first.is_some(),
                "DESC or NULLS FIRST in a window",
                span,
                "order by the negated number: engines place nulls differently",
            )?;
            self.without(
                !never_null(&key.expr),
                "a window ordered by what may be null",
                span,
                "write ORDER BY COALESCE(x, 0): engines place nulls differently",
            )?;
            self.expression(&key.expr, scope, Place::Row)?;
        }
        for key in &spec.partition_by {
            self.expression(key, scope, Place::Row)?;
        }
        let (arguments, distinct) = self.arguments(function)?;
        let expected = usize::from(name != "row_number");
        self.without(
            distinct || arguments.len() != expected,
            &format!("{name} with other than {expected} arguments"),
            span,
            "leave offset and default out",
        )?;
        arguments.into_iter().flatten().try_for_each(|argument| self.expression(argument, scope, Place::Row))
    }

    /// Returns the arguments, `None` for `*`, and whether they are `DISTINCT`.
    fn arguments<'f>(&self, function: &'f Function) -> Result<(Vec<Option<&'f Expr>>, bool), ControlError> {
        let span = function.span();
        let FunctionArguments::List(list) = &function.args else {
            return Err(self.refuse(
                "a function without a list of arguments",
                span,
                "write the arguments in parentheses",
            ));
        };
        self.without(!list.clauses.is_empty(), "a clause among arguments", span, "leave it out")?;
        let arguments = list
            .args
            .iter()
            .map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => Ok(Some(expression)),
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => Ok(None),
                _ => Err(self.refuse("a named argument", span, "give arguments by position")),
            })
            .collect::<Result<_, _>>()?;
        Ok((arguments, list.duplicate_treatment == Some(DuplicateTreatment::Distinct)))
    }

    fn unqualified(&mut self, ident: &Ident, scope: &Scope) -> Result<(), ControlError> {
        let name = self.name(ident)?;
        let mut relations = scope.relations.iter();
        let (Some((alias, _)), None) = (relations.next(), relations.next()) else {
            return Err(self.refuse(
                &format!("the column `{name}` without its table"),
                ident.span,
                "write `alias.column` wherever FROM has more than one table",
            ));
        };
        let alias = alias.clone();
        self.column(&alias, &name, scope)
    }

    /// Checks `alias.column` and returns the alias.
    pub(super) fn qualified(&mut self, idents: &[Ident], scope: &Scope) -> Result<String, ControlError> {
        let [alias, column] = idents else {
            let span = idents.first().map_or_else(sqlparser::tokenizer::Span::empty, |ident| ident.span);
            return Err(self.refuse("a name of more than two parts", span, "write `alias.column`"));
        };
        let (alias, column) = (self.name(alias)?, self.name(column)?);
        self.column(&alias, &column, scope)?;
        Ok(alias)
    }

    fn column(&mut self, alias: &str, column: &str, scope: &Scope) -> Result<(), ControlError> {
        let Some(relation) = scope.relations.get(alias) else {
            let known = scope.relations.keys().map(String::as_str);
            return Err(ControlError::unknown(self.path, "table alias", alias, known));
        };
        if !relation.columns.contains(column) {
            let known = relation.columns.iter().map(String::as_str);
            return Err(ControlError::unknown(self.path, "column", column, known));
        }
        if relation.is_param {
            self.parameters.insert(column.to_owned());
        }
        Ok(())
    }
}

fn comparison(op: &BinaryOperator) -> bool {
    matches!(
        op,
        BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
    )
}

fn name_of(function: &Function) -> String {
    function.name.to_string().to_ascii_lowercase()
}

fn aggregate(function: &Function) -> bool {
    function.over.is_none() && AGGREGATES.contains(&name_of(function).as_str())
}

fn is_null(expression: &Expr) -> bool {
    match expression {
        Expr::Nested(inner) => is_null(inner),
        Expr::Value(value) => matches!(value.value, Value::Null),
        _ => false,
    }
}

/// Tells whether the expression has a value in every row, by its form alone.
fn never_null(expression: &Expr) -> bool {
    match expression {
        Expr::Nested(inner) => never_null(inner),
        Expr::Value(value) => !matches!(value.value, Value::Null),
        Expr::UnaryOp { expr, .. } => never_null(expr),
        Expr::BinaryOp { left, right, .. } => never_null(left) && never_null(right),
        Expr::Case { conditions, else_result, .. } => {
            conditions.iter().all(|when| never_null(&when.result))
                && else_result.as_deref().is_some_and(never_null)
        }
        Expr::Function(function) if name_of(function) == "coalesce" => match &function.args {
            FunctionArguments::List(list) => list.args.iter().any(|argument| {
                matches!(argument, FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) if never_null(argument))
            }),
            _ => false,
        },
        _ => false,
    }
}

/// Returns the expressions directly inside one that [`Lint::expression`] has accepted.
fn children(expression: &Expr) -> Vec<&Expr> {
    match expression {
        Expr::Nested(inner) | Expr::IsNull(inner) | Expr::IsNotNull(inner) => vec![inner],
        Expr::BinaryOp { left, right, .. } => vec![left, right],
        Expr::UnaryOp { expr, .. } | Expr::InList { expr, .. } | Expr::Like { expr, .. } => vec![expr],
        Expr::Case { conditions, else_result, .. } => conditions
            .iter()
            .flat_map(|when| [&when.condition, &when.result])
            .chain(else_result.as_deref())
            .collect(),
        Expr::Function(function) => match &function.args {
            FunctionArguments::List(list) => list
                .args
                .iter()
                .filter_map(|argument| match argument {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) => Some(argument),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}
