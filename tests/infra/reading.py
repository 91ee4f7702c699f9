"""Looking things up in the merged template."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass
class Template:
    """The merged template with its resources by type."""

    content: dict[str, Any]

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        """All resources by name."""
        found: dict[str, dict[str, Any]] = self.content["Resources"]
        return found

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of all resources of a type, by name; never empty, or a guard would guard nothing."""
        found = {name: r["Properties"] for name, r in self.resources.items() if r["Type"] == f"AWS::{kind}"}
        assert found, f"no AWS::{kind} in the template"
        return found

    def functions(self) -> dict[str, dict[str, Any]]:
        """The properties of all functions."""
        return self.of("Serverless::Function")

    def work_queues(self) -> dict[str, dict[str, Any]]:
        """Queues that messages are sent to for work, not the ones where failures wait."""
        return {name: p for name, p in self.of("SQS::Queue").items() if not _waits(name)}

    def waiting_queues(self) -> dict[str, dict[str, Any]]:
        """Queues where what failed waits to be redriven."""
        return {name: p for name, p in self.of("SQS::Queue").items() if _waits(name)}


def _waits(name: str) -> bool:
    return name.endswith("DeadQueue") or name.startswith("Failed")


def strings(value: Any) -> Iterator[str]:
    """Every string in a value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(key)
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def target(expression: Any) -> str:
    """The resource that a `Ref` or `GetAtt` names."""
    if "Ref" in expression:
        return str(expression["Ref"])
    return str(expression["Fn::GetAtt"][0])
