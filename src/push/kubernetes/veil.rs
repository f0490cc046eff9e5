//! Secrets of objects that are no Secrets, taken out before two states are compared.

use serde_json::Value;

use crate::digest;
use crate::secrets::reference::has_reference;

/// Puts a reference in place of every value where `text`, the object as `out/` has it, has one: two that differ stay
/// different, and no reader of a comparison is told more of them.
pub fn veil(text: &Value, value: &mut Value) {
    match (text, value) {
        (Value::String(text), value @ Value::String(_)) if has_reference(text) => {
            let plain = value.as_str().unwrap_or_default();
            *value = format!("<secret:value#{}>", digest::hex(plain, 4)).into();
        }
        (Value::Array(texts), Value::Array(values)) => {
            for (at, value) in values.iter_mut().enumerate() {
                if let Some(text) = beside(texts, at, value) {
                    veil(text, value);
                }
            }
        }
        (Value::Object(texts), Value::Object(values)) => {
            for (key, value) in values {
                if let Some(text) = texts.get(key) {
                    veil(text, value);
                }
            }
        }
        _ => {}
    }
}

/// The entry of a list that is the same as one of another list: by its name, else by its place.
fn beside<'a>(texts: &'a [Value], at: usize, value: &Value) -> Option<&'a Value> {
    let name = value.get("name").filter(|name| name.is_string());
    match name {
        Some(name) => texts.iter().find(|text| text.get("name") == Some(name)),
        None => texts.get(at),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_taken_out_wherever_its_entry_stands() {
        let text = json!({"env": [{"name": "A", "value": "plain"}, {"name": "B", "value": "x<secret:b#00000000>"}]});
        let mut value = json!({"env": [{"name": "B", "value": "xhunter2"}, {"name": "A", "value": "plain"}]});
        veil(&text, &mut value);
        assert!(!value.to_string().contains("hunter2"));
        assert_eq!(value["env"][1]["value"], "plain");
        assert!(has_reference(value["env"][0]["value"].as_str().unwrap()));
    }

    #[test]
    fn two_secrets_that_differ_stay_different() {
        let text = json!({"a": "<secret:a#00000000>"});
        let veiled = |secret: &str| {
            let mut value = json!({"a": secret});
            veil(&text, &mut value);
            value
        };
        assert_ne!(veiled("one"), veiled("two"));
        assert_eq!(veiled("one"), veiled("one"));
    }
}
