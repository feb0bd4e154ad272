//! A check of JSON against JSON Schema (2020-12), as much of it as the events' schemas use. A keyword it does not
//! know fails the test, so that nothing is passed over in silence.

use serde_json::Value;

/// Keywords that ask for nothing.
const REMARKS: &[&str] = &["$schema", "$defs", "title", "description", "default"];

pub(crate) struct Checker<'a> {
    root: &'a Value,
}

type Checked = Result<(), String>;

impl<'a> Checker<'a> {
    pub(crate) fn new(root: &'a Value) -> Self {
        Self { root }
    }

    pub(crate) fn check(&self, value: &Value) -> Checked {
        self.at(self.root, value, "")
    }

    fn at(&self, schema: &'a Value, value: &Value, path: &str) -> Checked {
        let Some(keywords) = schema.as_object() else {
            return if schema == &Value::Bool(false) {
                Err(format!("{path} may not be there"))
            } else {
                Ok(())
            };
        };
        for (keyword, wanted) in keywords {
            self.keyword(schema, keyword, wanted, value, path)?;
        }
        Ok(())
    }

    fn keyword(
        &self,
        schema: &'a Value,
        keyword: &str,
        wanted: &'a Value,
        value: &Value,
        path: &str,
    ) -> Checked {
        let holds = match keyword {
            _ if REMARKS.contains(&keyword) => true,
            "$ref" => {
                let pointer =
                    wanted.as_str().and_then(|text| text.strip_prefix('#')).expect("local references");
                return self.at(self.root.pointer(pointer).expect("references lead somewhere"), value, path);
            }
            "type" => match wanted {
                Value::Array(types) => types.iter().any(|name| is_of(name, value)),
                name => is_of(name, value),
            },
            "const" => wanted == value,
            "enum" => wanted.as_array().is_some_and(|values| values.contains(value)),
            "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().expect("a number")),
            "maximum" => value.as_f64().is_none_or(|number| number <= wanted.as_f64().expect("a number")),
            "minLength" => length(value).is_none_or(|length| length >= wanted.as_u64().expect("a number")),
            "maxLength" => length(value).is_none_or(|length| length <= wanted.as_u64().expect("a number")),
            "pattern" => value.as_str().is_none_or(|text| fits(wanted.as_str().expect("a text"), text)),
            "format" => has_format(wanted.as_str().expect("a text"), value),
            "items" => return self.each_item(wanted, value, path),
            "required" => {
                let names = wanted.as_array().expect("a list of names");
                let has = |object: &serde_json::Map<String, Value>| {
                    names.iter().all(|name| name.as_str().is_some_and(|name| object.contains_key(name)))
                };
                value.as_object().is_none_or(has)
            }
            "properties" | "additionalProperties" => return self.members(schema, keyword, value, path),
            "anyOf" | "oneOf" => {
                let choices = wanted.as_array().expect("a list of schemas");
                let fitting = choices.iter().filter(|choice| self.at(choice, value, path).is_ok()).count();
                if keyword == "oneOf" { fitting == 1 } else { fitting > 0 }
            }
            _ => panic!("the checker does not know the keyword {keyword:?}"),
        };
        if holds { Ok(()) } else { Err(format!("{path}: {value} does not fit {keyword} {wanted}")) }
    }

    fn each_item(&self, wanted: &'a Value, value: &Value, path: &str) -> Checked {
        for (at, item) in value.as_array().into_iter().flatten().enumerate() {
            self.at(wanted, item, &format!("{path}/{at}"))?;
        }
        Ok(())
    }

    fn members(&self, schema: &'a Value, keyword: &str, value: &Value, path: &str) -> Checked {
        for (name, member) in value.as_object().into_iter().flatten() {
            let known = schema["properties"].get(name);
            let wanted = if keyword == "properties" { known } else { schema.get(keyword) };
            if (keyword == "properties") == known.is_some()
                && let Some(wanted) = wanted
            {
                self.at(wanted, member, &format!("{path}/{name}"))?;
            }
        }
        Ok(())
    }
}

fn length(value: &Value) -> Option<u64> {
    value.as_str().map(|text| text.chars().count() as u64)
}

fn is_of(name: &Value, value: &Value) -> bool {
    match name.as_str().expect("a type's name") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("the checker does not know the type {other:?}"),
    }
}

fn has_format(format: &str, value: &Value) -> bool {
    match format {
        "uuid" => value.as_str().is_none_or(|text| text.parse::<uuid::Uuid>().is_ok()),
        "date-time" => {
            let time = |text: &str| daybook_domain::Timestamp::parse(text).is_some();
            value.as_str().is_none_or(time)
        }
        "int64" => value.is_i64(),
        "uint32" => value.as_u64().is_some_and(|number| u32::try_from(number).is_ok()),
        "uint64" => value.is_u64(),
        other => panic!("the checker does not know the format {other:?}"),
    }
}

/// Patterns of `[classes]`, each once, `+` or `{n}`, and of characters that mean themselves.
fn fits(pattern: &str, text: &str) -> bool {
    let mut pattern = pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$')).expect("anchored");
    let mut rest = text;
    while !pattern.is_empty() {
        let (class, after) = match pattern.strip_prefix('[') {
            Some(inner) => inner.split_once(']').expect("a closed class"),
            None => pattern.split_at(1),
        };
        let (least, most, after) = if let Some(after) = after.strip_prefix('+') {
            (1, usize::MAX, after)
        } else if let Some((count, after)) = after.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            let count = count.parse().expect("a number of times");
            (count, count, after)
        } else {
            (1, 1, after)
        };
        let count = rest.bytes().take(most).take_while(|byte| in_class(class.as_bytes(), *byte)).count();
        if count < least {
            return false;
        }
        (rest, pattern) = (&rest[count..], after);
    }
    rest.is_empty()
}

fn in_class(class: &[u8], byte: u8) -> bool {
    match class {
        [from, b'-', to, rest @ ..] => (*from..=*to).contains(&byte) || in_class(rest, byte),
        [own, rest @ ..] => *own == byte || in_class(rest, byte),
        [] => false,
    }
}
