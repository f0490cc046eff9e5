//! Pages for people: what is printed is escaped for HTML.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::syntax;

/// Renders a page of this program, whose template is part of it. What is `| safe` in it stays as it is.
///
/// # Panics
/// If the template does not fit the values: it is a fault of the program, which its tests find.
#[must_use]
pub fn html(template: &str, values: &impl Serialize) -> String {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_syntax(syntax());
    environment.render_str(template, Serde(values)).unwrap_or_else(|error| panic!("{error:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_becomes_markup() {
        let values = std::collections::BTreeMap::from([("name", "<script>\"&'")]);
        assert_eq!(html("<b title=\"{{ name }}\">", &values), "<b title=\"&lt;script&gt;&quot;&amp;&#x27;\">");
        assert_eq!(html("{{ name | safe }}", &values), values["name"]);
    }
}
