//! Whether JSON has the shape of an example.

use std::collections::BTreeMap;

use serde_json::Value;

/// What is printed otherwise than the example says. A key in `<>` is any; every entry of a list is as the example's first.
pub fn compare(example: &Value, printed: &Value, path: &str, wrong: &mut Vec<String>) {
    match (example, printed) {
        (Value::Object(said), Value::Object(found)) => {
            let any = said.iter().find(|(key, _)| key.starts_with('<')).map(|(_, value)| value);
            let found: BTreeMap<&String, &Value> = found.iter().collect();
            for (key, value) in &found {
                match said.get(*key).or(any) {
                    Some(example) => compare(example, value, &format!("{path}.{key}"), wrong),
                    None => wrong.push(format!("{path}.{key} is not on the page")),
                }
            }
            let missing = said.keys().filter(|key| any.is_none() && !found.contains_key(key));
            wrong.extend(missing.map(|key| format!("{path}.{key} is not printed")));
        }
        (Value::Array(said), Value::Array(found)) => {
            for value in found {
                let Some(example) = said.first() else { continue };
                compare(example, value, &format!("{path}[]"), wrong);
            }
        }
        // what may be missing, and what is any JSON
        (Value::Null, _) | (_, Value::Null) => {}
        (said, found) if std::mem::discriminant(said) == std::mem::discriminant(found) => {}
        (said, found) => wrong.push(format!("{path} is {found}, where the page has {said}")),
    }
}
