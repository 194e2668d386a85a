//! The portable subset of SQL: what gives the same rows on Polars, DuckDB, DataFusion, SQLite, and Spark.
//!
//! Every query passes here before any data is read, a shipped one and a workspace's own alike. What is not
//! allowed below is refused by name, with the portable way to say it; the list is an allow-list, so a construct
//! that nobody thought of is refused too. Names are resolved on the way: only published tables, `param`, and the
//! query's own `WITH` parts, and only columns that those have.
//!
//! Allowed: one `SELECT`, `WITH` parts, `UNION ALL`; `INNER JOIN` and `LEFT JOIN` on equality of columns,
//! `CROSS JOIN param`; `WHERE`; `GROUP BY` plain columns, `HAVING` an aggregate against a constant; `COUNT`,
//! `COUNT(DISTINCT)`, `MIN`, `MAX`, `SUM` of what is never null; `CASE WHEN`, `COALESCE`, `IN` a list, `IS NULL`;
//! `ROW_NUMBER`, `LAG`, `LEAD` over a total order; integer `+ - * %`, `||`, `LIKE`, `LOWER`, `LENGTH`.

mod expression;
mod refusal;

use std::collections::{BTreeMap, BTreeSet};

use sqlparser::ast::{
    Cte, Expr, GroupByExpr, Ident, JoinConstraint, JoinOperator, Query, Select, SelectItem, SetExpr,
    SetOperator, SetQuantifier, Spanned, Statement, TableAlias, TableFactor, TableWithJoins,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Span;

use super::error::ControlError;

/// Name of the one-row table of parameters.
pub const PARAM: &str = "param";

/// The tables that a query may read, with their columns.
pub type Published = BTreeMap<String, BTreeSet<String>>;

/// What a query reads and gives, once it has passed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    /// Published tables it reads, `param` included.
    pub reads: BTreeSet<String>,
    /// Columns of `param` it reads.
    pub parameters: BTreeSet<String>,
    /// Columns it gives, in order.
    pub columns: Vec<String>,
}

/// Checks `sql` against the subset and against `published`.
///
/// # Errors
///
/// [`ControlError::NotPortable`] names the first construct outside the subset; [`ControlError::Invalid`] says
/// why the text is no SQL at all.
pub fn check(path: &str, sql: &str, published: &Published) -> Result<Checked, ControlError> {
    let statements = Parser::parse_sql(&GenericDialect {}, sql)
        .map_err(|error| ControlError::invalid(path, error.to_string()))?;
    let mut lint = Lint { path, published, reads: BTreeSet::new(), parameters: BTreeSet::new() };
    let [statement] = statements.as_slice() else {
        return Err(lint.refuse(
            &format!("{} statements in one file", statements.len()),
            Span::empty(),
            "write exactly one SELECT",
        ));
    };
    let Statement::Query(query) = statement else {
        return Err(lint.refuse(
            "a statement other than SELECT",
            Span::empty(),
            "write a SELECT; tests only read",
        ));
    };
    let columns = lint.query(query)?;
    Ok(Checked { reads: lint.reads, parameters: lint.parameters, columns })
}

/// The walk over one query.
struct Lint<'a> {
    path: &'a str,
    published: &'a Published,
    reads: BTreeSet<String>,
    parameters: BTreeSet<String>,
}

/// The `WITH` parts seen so far, by name.
type Parts = BTreeMap<String, BTreeSet<String>>;

/// The relations of one `FROM`, by alias.
struct Scope {
    relations: BTreeMap<String, Relation>,
}

/// One relation of a `FROM`.
struct Relation {
    columns: BTreeSet<String>,
    is_param: bool,
}

impl Lint<'_> {
    fn refuse(&self, construct: &str, span: Span, instead: &str) -> ControlError {
        let place = if span.start.line == 0 {
            String::new()
        } else {
            format!(" (line {}, column {})", span.start.line, span.start.column)
        };
        ControlError::NotPortable {
            path: self.path.to_owned(),
            construct: construct.to_owned(),
            place,
            instead: instead.to_owned(),
        }
    }

    /// Refuses `construct` where `present`.
    fn without(&self, present: bool, construct: &str, span: Span, instead: &str) -> Result<(), ControlError> {
        if present { Err(self.refuse(construct, span, instead)) } else { Ok(()) }
    }

    fn query(&mut self, query: &Query) -> Result<Vec<String>, ControlError> {
        self.no_tail(query)?;
        let mut parts = Parts::new();
        if let Some(with) = &query.with {
            self.without(
                with.recursive,
                "WITH RECURSIVE",
                query.span(),
                "let the loader make the closure as a column",
            )?;
            for cte in &with.cte_tables {
                let (name, columns) = self.part(cte, &parts)?;
                parts.insert(name, columns.into_iter().collect());
            }
        }
        self.body(&query.body, &parts)
    }

    fn part(&mut self, cte: &Cte, parts: &Parts) -> Result<(String, Vec<String>), ControlError> {
        let name = self.name(&cte.alias.name)?;
        let span = cte.alias.name.span;
        self.without(
            !cte.alias.columns.is_empty(),
            "a column list after a WITH name",
            span,
            "name the columns inside, with AS",
        )?;
        self.without(
            cte.materialized.is_some() || cte.from.is_some() || cte.alias.at.is_some(),
            "an option of a WITH part",
            span,
            "leave it out",
        )?;
        self.without(
            self.published.contains_key(&name) || parts.contains_key(&name),
            &format!("the WITH name `{name}`, which is taken"),
            span,
            "choose a name that no table and no earlier part has",
        )?;
        self.without(
            cte.query.with.is_some(),
            "WITH inside WITH",
            span,
            "write all WITH parts at the top, in order",
        )?;
        self.no_tail(&cte.query)?;
        let columns = self.body(&cte.query.body, parts)?;
        Ok((name, columns))
    }

    /// Refuses what may stand after the body of a query.
    fn no_tail(&self, query: &Query) -> Result<(), ControlError> {
        let span = query.span();
        self.without(
            query.order_by.is_some(),
            "ORDER BY",
            span,
            "leave it out: rows are sorted by subject_id, and engines place nulls differently",
        )?;
        self.without(
            query.limit_clause.is_some() || query.fetch.is_some(),
            "LIMIT, OFFSET, or FETCH",
            span,
            "leave it out: every row counts",
        )?;
        self.without(
            !query.locks.is_empty()
                || query.for_clause.is_some()
                || query.settings.is_some()
                || query.format_clause.is_some()
                || !query.pipe_operators.is_empty(),
            "a clause after the query",
            span,
            "leave it out",
        )
    }

    fn body(&mut self, body: &SetExpr, parts: &Parts) -> Result<Vec<String>, ControlError> {
        match body {
            SetExpr::Select(select) => self.select(select, parts),
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                let span = body.span();
                let all = *op == SetOperator::Union && *set_quantifier == SetQuantifier::All;
                self.without(
                    !all,
                    &format!("{op} without ALL, or another set operation"),
                    span,
                    "use UNION ALL; for a difference, LEFT JOIN and IS NULL; for distinct rows, GROUP BY",
                )?;
                let left = self.body(left, parts)?;
                let right = self.body(right, parts)?;
                self.without(
                    left != right,
                    "UNION ALL of columns with different names",
                    span,
                    "give both sides the same columns, in the same order",
                )?;
                Ok(left)
            }
            SetExpr::Query(_) => {
                Err(self.refuse("a query in parentheses", body.span(), "write it as a WITH part"))
            }
            SetExpr::Values(_) => {
                Err(self.refuse("VALUES", body.span(), "ask for a table, or write the values in IN or CASE"))
            }
            _ => Err(self.refuse("a body other than SELECT", body.span(), "write a SELECT; tests only read")),
        }
    }

    fn select(&mut self, select: &Select, parts: &Parts) -> Result<Vec<String>, ControlError> {
        self.plain_select(select)?;
        let scope = self.from(&select.from, parts)?;
        if let Some(condition) = &select.selection {
            self.row_expression(condition, &scope)?;
        }
        let groups = self.groups(select, &scope)?;
        if let Some(having) = &select.having {
            self.having(having, groups.is_some(), &scope)?;
        }
        self.projection(select, groups.as_ref(), &scope)
    }

    fn plain_select(&self, select: &Select) -> Result<(), ControlError> {
        let span = select.span();
        self.without(
            select.distinct.is_some(),
            "SELECT DISTINCT",
            span,
            "use GROUP BY on the columns you want once",
        )?;
        self.without(
            select.qualify.is_some(),
            "QUALIFY",
            span,
            "compute the window in a WITH part, and filter it with WHERE",
        )?;
        self.without(!select.named_window.is_empty(), "WINDOW", span, "write the window where it is used")?;
        self.without(select.top.is_some(), "TOP", span, "leave it out: every row counts")?;
        self.without(select.into.is_some(), "SELECT INTO", span, "leave it out: tests only read")?;
        self.without(!select.lateral_views.is_empty(), "LATERAL VIEW", span, "let the loader make the rows")?;
        let other = select.exclude.is_some()
            || select.prewhere.is_some()
            || !select.connect_by.is_empty()
            || !select.cluster_by.is_empty()
            || !select.distribute_by.is_empty()
            || !select.sort_by.is_empty()
            || !select.optimizer_hints.is_empty()
            || select.select_modifiers.is_some()
            || select.value_table_mode.is_some()
            || select.flavor != sqlparser::ast::SelectFlavor::Standard;
        self.without(other, "a clause of one engine's SELECT", span, "leave it out")
    }

    fn from(&mut self, from: &[TableWithJoins], parts: &Parts) -> Result<Scope, ControlError> {
        let [tables] = from else {
            let (construct, instead) = if from.is_empty() {
                ("SELECT without FROM", "read a table; constants are in `param`")
            } else {
                ("a comma between tables", "write INNER JOIN ... ON, or CROSS JOIN param")
            };
            return Err(self.refuse(construct, Span::empty(), instead));
        };
        let mut scope = Scope { relations: BTreeMap::new() };
        self.relation(&tables.relation, parts, &mut scope)?;
        for join in &tables.joins {
            self.without(join.global, "GLOBAL JOIN", join.span(), "leave GLOBAL out")?;
            let alias = self.relation(&join.relation, parts, &mut scope)?;
            self.join(&join.join_operator, &alias, join.span(), &scope)?;
        }
        Ok(scope)
    }

    fn relation(
        &mut self,
        factor: &TableFactor,
        parts: &Parts,
        scope: &mut Scope,
    ) -> Result<String, ControlError> {
        let span = factor.span();
        let TableFactor::Table {
            name,
            alias,
            args,
            with_hints,
            version,
            with_ordinality,
            partitions,
            json_path,
            sample,
            index_hints,
        } = factor
        else {
            let construct = match factor {
                TableFactor::Derived { lateral: true, .. } => "LATERAL",
                TableFactor::Derived { .. } => "a subquery in FROM",
                TableFactor::NestedJoin { .. } => "a join in parentheses",
                _ => "a table function",
            };
            return Err(self.refuse(construct, span, "write it as a WITH part"));
        };
        self.without(
            args.is_some()
                || !with_hints.is_empty()
                || version.is_some()
                || *with_ordinality
                || !partitions.is_empty()
                || json_path.is_some()
                || sample.is_some()
                || !index_hints.is_empty(),
            "a table function or a table option",
            span,
            "name a published table or a WITH part",
        )?;
        let table = match name.0.as_slice() {
            [part] => self.name(part.as_ident().ok_or_else(|| {
                self.refuse("a computed table name", span, "name a published table or a WITH part")
            })?)?,
            _ => {
                return Err(self.refuse(
                    "a table name with a schema",
                    span,
                    "name the table alone; files and schemas are not read",
                ));
            }
        };
        let alias = self.alias(alias.as_ref(), &table)?;
        let columns = if let Some(columns) = parts.get(&table) {
            columns.clone()
        } else if let Some(columns) = self.published.get(&table) {
            self.reads.insert(table.clone());
            columns.clone()
        } else {
            let known = self.published.keys().chain(parts.keys()).map(String::as_str);
            return Err(ControlError::unknown(self.path, "table", &table, known));
        };
        let relation = Relation { columns, is_param: table == PARAM };
        self.without(
            scope.relations.insert(alias.clone(), relation).is_some(),
            &format!("the alias `{alias}` for two tables"),
            span,
            "give each table an alias of its own",
        )?;
        Ok(alias)
    }

    fn alias(&self, alias: Option<&TableAlias>, table: &str) -> Result<String, ControlError> {
        let Some(alias) = alias else { return Ok(table.to_owned()) };
        self.without(
            !alias.columns.is_empty() || alias.at.is_some(),
            "a column list after an alias",
            alias.name.span,
            "name the columns in a WITH part",
        )?;
        self.name(&alias.name)
    }

    fn join(
        &mut self,
        operator: &JoinOperator,
        alias: &str,
        span: Span,
        scope: &Scope,
    ) -> Result<(), ControlError> {
        let (kind, constraint) = match operator {
            JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => ("INNER JOIN", constraint),
            JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => ("LEFT JOIN", constraint),
            JoinOperator::CrossJoin(JoinConstraint::None) => {
                let param = scope.relations.get(alias).is_some_and(|relation| relation.is_param);
                return self.without(
                    !param,
                    "CROSS JOIN with a table other than `param`",
                    span,
                    "write INNER JOIN ... ON, and further conditions in WHERE",
                );
            }
            JoinOperator::Right(_) | JoinOperator::RightOuter(_) | JoinOperator::FullOuter(_) => {
                return Err(self.refuse(
                    "RIGHT JOIN or FULL JOIN",
                    span,
                    "turn it into LEFT JOIN; for both sides, UNION ALL two of them",
                ));
            }
            JoinOperator::Semi(_)
            | JoinOperator::LeftSemi(_)
            | JoinOperator::RightSemi(_)
            | JoinOperator::Anti(_)
            | JoinOperator::LeftAnti(_)
            | JoinOperator::RightAnti(_) => {
                return Err(self.refuse(
                    "SEMI JOIN or ANTI JOIN",
                    span,
                    "write LEFT JOIN on a grouped WITH part, and IS NULL or IS NOT NULL in WHERE",
                ));
            }
            _ => {
                return Err(self.refuse(
                    "a join of one engine",
                    span,
                    "write INNER JOIN, LEFT JOIN, or CROSS JOIN param",
                ));
            }
        };
        let condition = match constraint {
            JoinConstraint::On(condition) => condition,
            JoinConstraint::Using(_) | JoinConstraint::Natural => {
                return Err(self.refuse("USING or NATURAL JOIN", span, "write ON a.id = b.id"));
            }
            JoinConstraint::None => {
                return Err(self.refuse(&format!("{kind} without ON"), span, "write ON a.id = b.id"));
            }
        };
        self.equality(condition, kind, alias, scope)
    }

    /// Accepts `a.x = b.x [AND a.y = b.y]`, each between the joined table and an earlier one.
    fn equality(
        &mut self,
        condition: &Expr,
        kind: &str,
        alias: &str,
        scope: &Scope,
    ) -> Result<(), ControlError> {
        use sqlparser::ast::BinaryOperator;
        let instead = if kind == "LEFT JOIN" {
            "put the condition into a WITH part that you join: Polars drops unmatched rows here"
        } else {
            "put the condition into WHERE, which means the same for an inner join"
        };
        let construct = format!("{kind} with a condition other than equality of columns in ON");
        match condition {
            Expr::Nested(inner) => self.equality(inner, kind, alias, scope),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                self.equality(left, kind, alias, scope)?;
                self.equality(right, kind, alias, scope)
            }
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                let (Expr::CompoundIdentifier(left), Expr::CompoundIdentifier(right)) =
                    (left.as_ref(), right.as_ref())
                else {
                    return Err(self.refuse(&construct, condition.span(), instead));
                };
                let left = self.qualified(left, scope)?;
                let right = self.qualified(right, scope)?;
                let sides = usize::from(left == alias) + usize::from(right == alias);
                self.without(sides != 1, &construct, condition.span(), instead)
            }
            _ => Err(self.refuse(&construct, condition.span(), instead)),
        }
    }

    /// Returns the columns of `GROUP BY`, as written; none where there is none.
    fn groups(&mut self, select: &Select, scope: &Scope) -> Result<Option<BTreeSet<String>>, ControlError> {
        let instead = "group by plain columns; compute others in a WITH part first";
        let GroupByExpr::Expressions(expressions, modifiers) = &select.group_by else {
            return Err(self.refuse("GROUP BY ALL", select.span(), instead));
        };
        self.without(!modifiers.is_empty(), "ROLLUP, CUBE, or TOTALS", select.span(), instead)?;
        if expressions.is_empty() {
            return Ok(None);
        }
        let mut groups = BTreeSet::new();
        for expression in expressions {
            match expression {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                    self.row_expression(expression, scope)?;
                    groups.insert(expression.to_string());
                }
                _ => {
                    return Err(self.refuse(
                        "GROUP BY with an expression or a number",
                        expression.span(),
                        instead,
                    ));
                }
            }
        }
        Ok(Some(groups))
    }

    fn projection(
        &mut self,
        select: &Select,
        groups: Option<&BTreeSet<String>>,
        scope: &Scope,
    ) -> Result<Vec<String>, ControlError> {
        let mut columns = Vec::new();
        for item in &select.projection {
            let (name, expression) = match item {
                SelectItem::UnnamedExpr(expression @ Expr::Identifier(ident)) => (ident, expression),
                SelectItem::UnnamedExpr(expression @ Expr::CompoundIdentifier(idents)) => {
                    let ident = idents.last().expect("the parser gives compound names their parts");
                    (ident, expression)
                }
                SelectItem::ExprWithAlias { expr, alias } => (alias, expr),
                SelectItem::UnnamedExpr(expression) => {
                    return Err(self.refuse(
                        "an expression without a name",
                        expression.span(),
                        "name it with AS: engines name it differently",
                    ));
                }
                _ => {
                    return Err(self.refuse("SELECT *", item.span(), "name every column"));
                }
            };
            self.output(expression, groups, scope)?;
            let name = self.name(name)?;
            self.without(
                columns.contains(&name),
                &format!("two columns named `{name}`"),
                item.span(),
                "name each column once",
            )?;
            columns.push(name);
        }
        Ok(columns)
    }

    /// Returns a name that every engine reads the same way.
    fn name(&self, ident: &Ident) -> Result<String, ControlError> {
        self.without(
            ident.quote_style.is_some(),
            "a quoted name",
            ident.span,
            "use a plain lower-case name: Spark reads a quoted one as text",
        )?;
        let plain = ident.value.bytes().enumerate().all(|(index, byte)| {
            byte.is_ascii_lowercase() || byte == b'_' || (index > 0 && byte.is_ascii_digit())
        });
        self.without(
            !plain,
            &format!("the name `{}`", ident.value),
            ident.span,
            "use lower-case letters, digits, and `_`: engines disagree about case",
        )?;
        Ok(ident.value.clone())
    }
}

#[cfg(test)]
mod tests;
