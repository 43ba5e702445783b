"""As much of pydantic as AlexNet's Config needs to hold values: fields and defaults, no checks."""

from __future__ import annotations

from typing import Any

ConfigDict = dict


def Field(default: Any, **_: Any) -> Any:  # noqa: N802 - pydantic's name
    """Return the default."""
    return default


def field_validator(*_: str) -> Any:
    """Check nothing."""
    return lambda function: function


class BaseModel:
    """Fields are the annotated names of the class."""

    def __init__(self, **values: Any) -> None:
        fields = type(self).__annotations__
        if unknown := values.keys() - fields.keys():
            raise ValueError(f"no field {', '.join(sorted(unknown))}")
        self.__dict__.update({name: values.get(name, getattr(type(self), name)) for name in fields})

    def model_dump(self, **_: Any) -> dict[str, Any]:
        """Return the fields."""
        return dict(self.__dict__)
