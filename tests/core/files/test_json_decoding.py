"""Objects from JSON: their fields are read by type, and errors name the file and the key."""

from dataclasses import dataclass, field
from typing import Literal

import pytest

from pmt_core import (
    DataError,
    JsonObject,
    SettingsError,
    dataclass_fields,
    decode_field,
    json_errors,
    json_object,
    parse_json,
    value_text,
)


@dataclass
class Inner:
    size: int = 1

    def __post_init__(self):
        if self.size > 9:
            raise SettingsError(f"size is at most 9, got {self.size}")

    @classmethod
    def from_json(cls, state):
        return cls(**dataclass_fields(state, cls, minimum=1))


@dataclass
class Outer:
    name: str
    mode: Literal["max", "min"] = "max"
    rate: float | None = None
    counts: dict[str, int] = field(default_factory=dict)
    inner: Inner = field(default_factory=Inner)
    built: int = field(default=0, init=False)

    @classmethod
    def from_json(cls, state):
        return cls(**dataclass_fields(state, cls, {"inner": Inner.from_json}, complete=False))


def read(text):
    return decode_field(parse_json(b'{"state": %s}' % text, "run/c.json"), "state", Outer.from_json)


def test_fields_with_defaults_may_be_missing():
    assert read(b'{"name": "a"}') == Outer("a")
    whole = b'{"name": "a", "mode": "min", "rate": 2, "counts": {"x": 1}, "inner": {"size": 3}}'
    assert read(whole) == Outer("a", "min", 2.0, {"x": 1}, Inner(3))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"1", "run/c.json['state']: expected an object, got a number"),
        (b"{}", "run/c.json['state']: 'name' is missing"),
        (b'{"name": 3}', "run/c.json['state']['name']: expected text, got 3"),
        (b'{"name": "a", "built": 1}', "run/c.json['state']: unknown 'built'"),
        (b'{"name": "a", "mode": "mid"}', "['mode']: expected one of 'max', 'min', got 'mid'"),
        (b'{"name": "a", "rate": true}', "['rate']: expected a finite number or null, got True"),
        (b'{"name": "a", "counts": {"x": 1.5}}', "['counts']['x']: expected an integer, got 1.5"),
        (b'{"name": "a", "inner": {"size": 0}}', "['inner']['size']: expected a number at least 1"),
        (b'{"name": "a", "inner": {"size": 12}}', "['state']['inner']: size is at most 9, got 12"),
        (b'{"name": "a", "inner": []}', "['inner']: expected an object, got a list"),
    ],
)
def test_wrong_field_is_named_with_its_file(text, error):
    with pytest.raises(DataError) as caught:
        read(text)
    assert error in str(caught.value)
    assert str(caught.value).count("run/c.json") == 1


def test_all_fields_may_be_required():
    assert dataclass_fields({"size": 4}, Inner) == {"size": 4}
    with pytest.raises(DataError, match="'size' is missing"):
        dataclass_fields({}, Inner)


def test_object_without_a_file_is_read_too():
    assert Outer.from_json({"name": "a", "inner": {"size": 2}}).inner.size == 2
    with pytest.raises(DataError, match=r"^'inner': size is at most 9"):
        Outer.from_json({"name": "a", "inner": {"size": 12}})
    with pytest.raises(SettingsError, match="^size"), json_errors(""):
        Inner(12)


def test_json_object_is_a_copy_with_the_same_place():
    data = parse_json(b'{"a": 1}', "file")
    copy = json_object(data)
    copy["b"] = 2
    assert (copy.where, "b" in data) == ("file", False)
    assert isinstance(json_object({}), JsonObject)
    for bad in (None, 1, "text", [], {1: 2}):
        with pytest.raises(DataError):
            json_object(bad)


def test_a_value_in_a_message_is_short():
    for value in (10**5000, -(10**400), 1e308, "x" * 9999, [1] * 9999, None, True):
        assert 0 < len(value_text(value)) < 80
