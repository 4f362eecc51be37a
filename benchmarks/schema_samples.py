"""Values that fit a JSON Schema of the API's document, each different by its number."""

import uuid
from datetime import UTC, datetime
from typing import Any, Final

NAMED: Final = {"timezone": "Europe/London", "loss_value": "12.50"}
"""Texts of which the document does not say all that the service asks of them."""


class Samples:
    """Makes values by the schemas of one OpenAPI document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema that a reference names."""
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def of(self, schema: dict[str, Any], number: int, depth: int = 0) -> Any:
        """One value of a schema, different by `number`; what may be null and lies deep is."""
        schema = self.resolved(schema)
        if "const" in schema:
            return schema["const"]
        if several := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
            nullable = any(each.get("type") == "null" for each in several)
            return None if nullable and (depth > 3 or number % 2) else self.of(several[0], number, depth + 1)
        if "enum" in schema:
            return schema["enum"][number % len(schema["enum"])]
        match schema.get("type"):
            case "object" | None:
                properties = schema.get("properties", {}).items()
                return {name: NAMED.get(name) or self.of(of, number, depth + 1) for name, of in properties}
            case "array":
                if prefix := schema.get("prefixItems"):
                    return [self.of(each, number, depth + 1) for each in prefix]
                fewest = schema.get("minItems", 1 if depth < 3 else 0) if "items" in schema else 0
                return [self.of(schema["items"], number + each, depth + 1) for each in range(fewest)]
            case "string":
                return _text(schema.get("format", ""), number)
            case "integer":
                return max(int(schema.get("minimum", 0)), min(number, int(schema.get("maximum", 1 << 30))))
            case "number":
                return 0.5
            case "boolean":
                return bool(number % 2)
        return None


def _text(kind: str, number: int) -> str:
    match kind:
        case "uuid":
            return str(uuid.UUID(int=100_000 + number))
        case "date-time":
            return datetime.fromtimestamp(1_790_000_000 - 60 * number, UTC).isoformat()
        case "date":
            return datetime.fromtimestamp(1_790_000_000 - 86_400 * (number % 300), UTC).date().isoformat()
        case "time":
            return f"{number % 24:02}:30:00"
    return f"Text {number}"
