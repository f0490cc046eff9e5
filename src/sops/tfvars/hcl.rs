//! HCL, by the parser of `hcl-edit`, which knows where everything stands.

use hcl_edit::Span;
use hcl_edit::expr::{Expression, Object, ObjectKey};
use hcl_edit::parser::parse_body;
use hcl_edit::structure::Structure;
use hcl_edit::template::{Element, HeredocTemplate};
use zeroize::Zeroizing;

use super::{Kind, Text, Tree, Value, Variable, item_of_list, lossy, number, problem};
use crate::problem::{Place, Problem, Problems};

/// The variables of an HCL file.
pub(super) fn read(file: &Text<'_>) -> Result<Vec<Variable>, Problems> {
    let body = parse_body(file.text).map_err(|error| {
        let place = file.at(error.location().line(), error.location().column());
        problem(format!("this is no tfvars file: {}", error.message()))
            .at(&place)
            .note("where nothing is wrong there, a quote or a bracket that opens behind it is not closed")
    })?;
    let mut problems = Problems::new();
    let variables = body.into_iter().filter_map(|structure| problems.take(variable(file, structure))).collect();
    problems.or(variables)
}

fn variable(file: &Text<'_>, structure: Structure) -> Result<Variable, Problems> {
    let place = file.place(structure.span().unwrap_or_default().start);
    match structure {
        Structure::Attribute(attribute) => {
            let name = attribute.key.as_str().to_owned();
            Ok(Variable { name, tree: tree(file, attribute.value, &place)?, place })
        }
        Structure::Block(_) => Err(problem("a block stands here")
            .at(&place)
            .note("a tfvars file is lines of `NAME = VALUE`; Terraform refuses a block in it, too")
            .into()),
    }
}

/// The value of an expression without a name or a function in it. `around` is where it stands if it does not know.
fn tree(file: &Text<'_>, expression: Expression, around: &Place) -> Result<Tree, Problems> {
    let span = expression.span();
    let place = span.as_ref().map_or_else(|| around.clone(), |span| file.place(span.start));
    let written = span.clone().and_then(|span| file.text.get(span)).unwrap_or_default();
    let behind =
        span.and_then(|span| file.text.get(span.end..)).and_then(|rest| rest.lines().next()).unwrap_or_default();
    match expression {
        Expression::Null(_) => Ok(Tree::Null),
        Expression::Bool(value) => Ok(Tree::Value(bool(value.into_value()))),
        Expression::Number(_) => Ok(Tree::Value(number(&without_blanks(written)).ok_or_else(|| lossy(&place))?)),
        Expression::String(_) if written.contains('\n') => Err(problem("a quoted text goes over the end of its line")
            .at(&place)
            .note("is its closing quote missing? a text of several lines is `<<EOF` or has `\\n`")
            .into()),
        Expression::String(text) => Ok(Tree::Value(Value::str(text.into_value()))),
        Expression::HeredocTemplate(_) if !behind.trim().is_empty() => {
            Err(problem("something stands behind the end of this text of several lines")
                .at(&place)
                .note("Terraform takes its end only where it stands alone in its line")
                .into())
        }
        Expression::HeredocTemplate(heredoc) => Ok(Tree::Value(lines(*heredoc).ok_or_else(|| computed(&place))?)),
        Expression::Parenthesis(inner) => tree(file, inner.into_inner(), &place),
        Expression::Array(list) => {
            crate::problem::gather(list.into_iter().map(|item| item_of_list(tree(file, item, &place)?, &place)))
                .map(Tree::List)
        }
        Expression::Object(object) => map(file, object, &place),
        Expression::Variable(_) | Expression::Traversal(_) => Err(problem("this is a reference, not a value")
            .at(&place)
            .note("is it text? then quote it; Terraform refuses references in a tfvars file, too")
            .into()),
        Expression::FuncCall(_) => Err(problem("this is a call of a function, not a value")
            .at(&place)
            .note("Terraform refuses it in a tfvars file, too")
            .into()),
        _ => Err(computed(&place).into()),
    }
}

/// A number as one word: HCL takes `- 42` for one.
fn without_blanks(written: &str) -> Zeroizing<String> {
    Zeroizing::new(written.split_whitespace().collect())
}

fn computed(place: &Place) -> Problem {
    problem("this is computed, and not a value as it is")
        .at(place)
        .note("write what it comes to; the text `${` itself is written `$${`, and `%{` is written `%%{`")
}

fn bool(value: bool) -> Value {
    let text = if value { "True" } else { "False" };
    Value::new(Kind::Bool, Zeroizing::new(text.as_bytes().to_vec()))
}

fn map(file: &Text<'_>, object: Object, around: &Place) -> Result<Tree, Problems> {
    let mut problems = Problems::new();
    let mut map: Vec<(String, Tree)> = Vec::new();
    for (key, value) in object {
        let place = key.span().map_or_else(|| around.clone(), |span| file.place(span.start));
        let Some(key) = problems.take(name(file, key, &place)) else { continue };
        let Some(tree) = problems.take(tree(file, value.into_expr(), &place)) else { continue };
        if map.iter().any(|(known, _)| *known == key) {
            problems.push(problem(format!("the key `{}` stands here a second time", key.escape_debug())).at(&place));
        }
        map.push((key, tree));
    }
    problems.or(Tree::Map(map))
}

/// A key as text: `a`, `"a"`, `1`, `true`.
fn name(file: &Text<'_>, key: ObjectKey, place: &Place) -> Result<String, Problem> {
    let expression = match key {
        ObjectKey::Ident(name) => return Ok(name.as_str().to_owned()),
        ObjectKey::Expression(expression) => expression,
    };
    if expression.is_null() {
        return Ok("null".to_owned());
    }
    let value = match tree(file, expression, place) {
        Ok(Tree::Value(value)) => value.text().map(str::to_owned),
        _ => None,
    };
    value.ok_or_else(|| problem("a key is a name, a text or a number").at(place))
}

/// The text of `<<EOF`; none where something is put into it.
fn lines(heredoc: HeredocTemplate) -> Option<Value> {
    let mut text = Zeroizing::new(String::new());
    for element in heredoc.template {
        match element {
            Element::Literal(part) => text.push_str(&Zeroizing::new(part.into_value())),
            _ => return None,
        }
    }
    Some(Value::str(text.as_bytes()))
}
