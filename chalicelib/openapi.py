"""The OpenAPI 3.1 description of the API, made from the route declarations and nothing else."""

import re
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chalicelib import http, problems

_REF = "#/components/schemas/{model}"


def describe(routes: list[http.Route], version: str, server: str = "") -> dict[str, Any]:
    """The document for these routes; ``server`` is the API's public base URL if known."""
    names, schemas = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in sorted(routes, key=lambda r: (r.path, r.method)):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, names)
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "New Citizen Service Link / 新市民服务通", "version": version},
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": _PROBLEM},
            "securitySchemes": {"session": {"type": "http", "scheme": "bearer"}},
        },
    }
    return document | ({"servers": [{"url": server}]} if server else {})


def _schemas(routes: list[http.Route]) -> tuple[dict[Any, Any], dict[str, Any]]:
    wanted: dict[tuple[type[BaseModel], Any], None] = {}
    for route in routes:
        for model in (route.body, route.query):
            if model:
                wanted[model, "validation"] = None
        if route.answer:
            wanted[route.answer, "serialization"] = None
    names, definitions = models_json_schema(list(wanted), ref_template=_REF)
    return dict(names), definitions.get("$defs", {})


def _operation(route: http.Route, names: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.tag}_{route.view.__name__}",
        "summary": route.summary,
        "tags": [route.tag],
        "security": [] if route.who == "public" else [{"session": []}],
        "parameters": _parameters(route),
        "responses": _responses(route, names),
    }
    if route.who != "public":
        operation["x-who"] = list(route.roles)
        reach = dict.fromkeys(route.roles, "own") if isinstance(route.who, str) else dict(route.who)
        operation["x-reach"] = reach
    if route.form:
        operation["x-form"] = route.form.kind
    if route.body:
        schema = names[route.body, "validation"]
        operation["requestBody"] = {
            "required": any(f.is_required() for f in route.body.model_fields.values()),
            "content": {"application/json": {"schema": schema}},
        }
    return operation


def _responses(route: http.Route, names: dict[Any, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done"}
    status = route.status
    if route.answer:
        success["content"] = {route.media_type: {"schema": names[route.answer, "serialization"]}}
    elif route.media_type != "application/json":
        success["content"] = {route.media_type: {"schema": {}}}
    elif status == 200:
        status = 204
    problem = {
        "description": "A problem, in the caller's language",
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    return {str(status): success, "default": problem}


def _parameters(route: http.Route) -> list[dict[str, Any]]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    if route.query:
        schema = route.query.model_json_schema(ref_template=_REF)
        needed = schema.get("required", [])
        found += [
            {"name": name, "in": "query", "required": name in needed, "schema": shape}
            for name, shape in schema["properties"].items()
        ]
    found.append(_header("Accept-Language", {"type": "string"}, "zh-CN (default) or en"))
    if route.method == "POST" and route.who != "public":
        # Printable ASCII: the form that `http` takes.
        key = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[ -~]+$"}
        found.append(_header("Idempotency-Key", key, "A repeat returns the first status and body"))
    if route.purpose:
        purposes = {"type": "string", "enum": list(http.PURPOSES), "default": route.purpose}
        found.append(_header("Purpose", purposes, "Why a member of staff looks at a person's data"))
    return found


def _header(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "schema": schema, "description": description}


_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457; `code` is stable, `detail` is a sentence in the caller's language.",
    "required": ["type", "title", "status", "code", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "code", "detail"],
                "properties": {
                    "path": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "label": {"type": "string", "description": "What the form calls the field"},
                },
            },
        },
    },
}
