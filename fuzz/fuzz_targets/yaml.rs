//! Whatever our reader takes, our emitter writes so that our reader and another one read the same data back: `serde_yaml`
//! the YAML, `serde_json` the JSON.
#![no_main]

use homebuild::problem::Source;
use homebuild::yaml::{Data, Node, emit, emit_json, parse};
use libfuzzer_sys::fuzz_target;
use serde_yaml::Value;

fuzz_target!(|text: &str| {
    let Ok(documents) = parse(&Source::new("a.yaml", text)) else { return };
    for node in &documents {
        for (written, is_json) in [(emit(node), false), (emit_json(node), true)] {
            let again = parse(&Source::new("b.yaml", written.as_str())).unwrap_or_else(|e| panic!("{e}\n{written}"));
            match again.as_slice() {
                [again] => assert!(same(node, again), "{written}"),
                // the canonical form of nothing is `null`
                all => panic!("{} documents\n{written}", all.len()),
            }
            if is_beyond(node) {
                continue;
            }
            let value: Value = if is_json {
                serde_json::from_str(&written).unwrap_or_else(|e| panic!("{e}\n{written}"))
            } else {
                serde_yaml::from_str(&written).unwrap_or_else(|e| panic!("{e}\n{written}"))
            };
            assert!(is(node, &value), "{value:?}\n{written}");
        }
    }
});

fn same(a: &Node, b: &Node) -> bool {
    match (&a.data, &b.data) {
        (Data::List(a), Data::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Data::Map(a), Data::Map(b)) => {
            a.0.len() == b.0.len() && a.0.iter().zip(&b.0).all(|(a, b)| a.key == b.key && same(&a.value, &b.value))
        }
        (a, b) => a == b,
    }
}

/// Whether a whole number of more than 64 bits is in it, which neither of the others reads.
fn is_beyond(node: &Node) -> bool {
    match &node.data {
        Data::Int(number) => u64::try_from(*number).is_err() && i64::try_from(*number).is_err(),
        Data::List(list) => list.iter().any(is_beyond),
        Data::Map(map) => map.iter().any(|(_, value)| is_beyond(value)),
        _ => false,
    }
}

fn is(node: &Node, value: &Value) -> bool {
    match (&node.data, value) {
        (Data::Null, Value::Null) => true,
        (Data::Bool(a), Value::Bool(b)) => a == b,
        (Data::Int(a), Value::Number(b)) => match (b.as_u64(), b.as_i64()) {
            (Some(b), _) => i128::from(b) == *a,
            (_, Some(b)) => i128::from(b) == *a,
            _ => false,
        },
        (Data::Float(a), Value::Number(b)) => b.as_f64() == Some(*a),
        (Data::Str(a), Value::String(b)) => **a == **b,
        (Data::List(a), Value::Sequence(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is(a, b)),
        (Data::Map(a), Value::Mapping(b)) => {
            a.0.len() == b.len()
                && a.0.iter().zip(b).all(|(a, (key, b))| key.as_str() == Some(&*a.key) && is(&a.value, b))
        }
        _ => false,
    }
}
