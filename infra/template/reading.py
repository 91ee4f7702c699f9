"""Reading declarations, and the few CloudFormation expressions that the template is made of."""

from pathlib import Path
from typing import Any

import yaml

type Template = dict[str, Any]

RESOURCES = Path(__file__).resolve().parent.parent / "resources"


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML ships no types.
    """YAML with CloudFormation's short tags: `!Sub x` becomes `{"Fn::Sub": "x"}`."""


def _short_tag(loader: _Loader, tag: str, node: yaml.Node) -> Template:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _short_tag)


def declared(name: str) -> Template:
    """Return the declarations in `infra/resources/{name}.yaml`."""
    content: Template = yaml.load((RESOURCES / f"{name}.yaml").read_text(), _Loader)
    return content


def logical(*words: str) -> str:
    """Return a CloudFormation name: `logical("count_changes", "role")` is `CountChangesRole`."""
    return "".join(part.capitalize() for word in words for part in word.replace("-", "_").split("_"))


def sub(text: str) -> Template:
    """Return an expression that fills `${Names}` in."""
    return {"Fn::Sub": text}


def ref(name: str) -> Template:
    """Return an expression for a resource's or parameter's main value."""
    return {"Ref": name}


def attribute(name: str, what: str = "Arn") -> Template:
    """Return an expression for an attribute of a resource."""
    return {"Fn::GetAtt": [name, what]}


def arn(service: str, resource: str, *, regional: bool = True) -> Template:
    """Return an ARN in whatever partition the stack is: never a literal `aws`."""
    place = "${AWS::Region}:${AWS::AccountId}" if regional else ":"
    return sub(f"arn:${{AWS::Partition}}:{service}:{place}:{resource}")


def bucket_name(name: str) -> Template:
    """Return a bucket's name, written out: its notifications and the functions they start name each other."""
    return sub(f"${{AWS::StackName}}-{name}-${{AWS::AccountId}}-${{AWS::Region}}")


def bucket_arn(name: str, objects: str = "") -> Template:
    """Return the ARN of a bucket, or of the objects under a prefix in it."""
    inside = f"/{objects}" if objects else ""
    return sub(
        f"arn:${{AWS::Partition}}:s3:::${{AWS::StackName}}-{name}-${{AWS::AccountId}}-${{AWS::Region}}{inside}"
    )
