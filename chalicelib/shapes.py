"""The base of every body, answer and value that crosses a boundary."""

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """Frozen; unknown fields are refused, so that a misspelt field is a clear problem and not silence."""

    model_config = ConfigDict(
        defer_build=True,  # At first use: a cold start need not build the hundreds of shapes that it will not meet.
        extra="forbid",
        frozen=True,
        str_strip_whitespace=True,
        allow_inf_nan=False,
        json_schema_serialization_defaults_required=True,  # ``dump`` writes every field; OpenAPI says so.
    )


class Title(Shape):
    """A name or sentence in both languages, as data files carry it."""

    zh: str = Field(alias="zh-CN")
    en: str

    def in_language(self, language: str) -> str:
        """The one in the caller's language."""
        return self.en if language == "en" else self.zh


class Page[T](Shape):
    """A page of a list; ``next`` is the opaque token of the following page, or null at the end."""

    items: list[T]
    next: str | None = None


def dump(answer: BaseModel) -> str:
    """The JSON that goes over the wire: aliases, nulls kept, so that ``next`` is always there."""
    return answer.model_dump_json(by_alias=True)
