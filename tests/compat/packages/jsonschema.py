"""Validates data, explains what is wrong, and follows references; rpds-py beneath the newer."""

OLD = ["jsonschema==3.2.0", "pyrsistent==0.19.3", "setuptools==65.7.0"]
NEW = ["jsonschema==4.25.1"]
CODE = "Rust (rpds-py), C (pyrsistent)"

import jsonschema

SCHEMA = {
    "definitions": {"price": {"type": "number", "minimum": 0}},
    "type": "object",
    "properties": {"price": {"$ref": "#/definitions/price"}, "day": {"type": "string", "pattern": "^2"}},
    "required": ["price"],
}


def work():
    from importlib.metadata import version

    validator = jsonschema.Draft7Validator(SCHEMA)
    wrong = sorted(validator.iter_errors({"price": -1, "day": "x"}), key=str)
    return [
        version("jsonschema"),
        validator.is_valid({"price": 1}),
        [(list(error.path), error.validator, error.message) for error in wrong],
        jsonschema.exceptions.best_match(validator.iter_errors({})).message,
        jsonschema.validators.validator_for({"$schema": "http://json-schema.org/draft-04/schema#"}).__name__,
    ]
