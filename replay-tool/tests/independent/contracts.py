"""The pinned contracts by other people's rules: the HTTP document is OpenAPI, and every event's schema is a JSON Schema
(2020-12) that its example follows, and does not follow any more when a member it needs is missing."""

import copy
import json
import pathlib
import sys

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

schemas = pathlib.Path(sys.argv[1])

document = json.loads((schemas / "openapi.json").read_text())
assert document["openapi"].startswith("3.1."), document["openapi"]
OpenAPIV31SpecValidator(document).validate()
operations = sum(len(path) for path in document["paths"].values())

examples = 0
for path in sorted((schemas / "events").glob("*/*.v*.json")):
    if path.name.endswith(".example.json"):
        continue
    schema = json.loads(path.read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    example = json.loads(path.with_suffix(".example.json").read_text())
    validator.validate(example)
    for required in schema.get("required", []):
        without = copy.copy(example)
        del without[required]
        assert not validator.is_valid(without), f"{path.name} does without {required}"
    examples += 1

assert examples > 40, examples
print(f"{operations} operations and {examples} events are what they say")
