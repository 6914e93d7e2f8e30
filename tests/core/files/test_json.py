"""JSON from elsewhere: read within limits, and typed access that names the file and the key."""

import time
import tracemalloc

import pytest

from pmt_core import DataError, FileProblem, JsonLimits, JsonObject, field, parse_json, read_json

MEGABYTE = 1 << 20


def refused(data, *texts, **options):
    with pytest.raises(DataError) as caught:
        parse_json(data, "run/model.json", **options)
    message = str(caught.value)
    assert message.startswith("run/model.json: ")
    for text in texts:
        assert text in message
    assert len(message) < 400


def test_object_is_read_with_or_without_byte_order_mark(tmp_path):
    path = tmp_path / "a.json"
    for start in (b"", b"\xef\xbb\xbf", b" \n"):
        path.write_bytes(start + '{"größe": [1, 2.5, true, null, "\\ud800"]}'.encode())
        assert read_json(path) == {"größe": [1, 2.5, True, None, "\ud800"]}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "Expecting value"),
        (b"[1]", "expected an object, got a list"),
        (b'{"a": NaN}', "NaN is not a number"),
        (b'{"a": -Infinity}', "-Infinity is not a number"),
        (b'{"a": 1e999}', "1e999 is too large"),
        (b'{"a": ' + b"7" * 5000 + b"}", "5,000 digits"),
        (b'{"a": 1, "b": {"c": 1, "d": 2, "c": 3}}', "the key 'c' occurs twice"),
        (b"[" * 100_000, "nested 100,000 deep"),
        (b'{"a":' * 60_000 + b"1" + b"}" * 60_000, "nested 60,000 deep"),
        (b'{"a": "\xff"}', "utf-8"),
        ('{"a": 1}'.encode("utf-16"), "utf-8"),
    ],
)
def test_what_is_no_usable_json_is_refused(data, text):
    refused(data, text)


@pytest.mark.parametrize("value", [b"[],", b"{},", b'{"":0},', b"0,", b'"",', b"1.5,"])
def test_few_bytes_that_decode_to_much_memory_are_refused(value):
    data = b'{"a": [' + value * (60 * MEGABYTE // len(value)) + b"0]}"
    tracemalloc.start()
    try:
        refused(data, "values, the limit is", stored=61_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 130 * MEGABYTE


def test_brackets_and_commas_in_text_are_not_counted():
    text = '[{,\\"' * 300_000
    data = f'{{"a": "{text}", "b": ["{"]" * 200}"]}}'.encode()
    assert parse_json(data, "x", JsonLimits(elements=4, depth=2))["b"] == ["]" * 200]
    refused(data, "3 values", limits=JsonLimits(elements=2, bytes_per_element=len(data) * 2))


def test_unclosed_text_takes_linear_time():
    started = time.process_time()
    refused(b'{"a": [' + b"[" * 200 + b'"' + b'\\"' * 4_000_000, "nested 202 deep")
    assert time.process_time() - started < 20  # the square of the length takes days


def test_many_keys_of_which_two_are_equal_are_refused_in_linear_time():
    keys = ", ".join(f'"{i}": {i}' for i in range(200_000))
    started = time.process_time()
    refused(f'{{{keys}, "7": 0}}'.encode(), "the key '7' occurs twice")
    assert time.process_time() - started < 20  # compared in pairs it takes an hour


def test_text_that_is_too_long_is_refused(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b'{"a": "' + b"x" * 100 + b'"}')
    with pytest.raises(DataError, match="more than 100 bytes"):
        read_json(path, JsonLimits(bytes=100))
    assert read_json(path, JsonLimits(bytes=200))["a"] == "x" * 100


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "no such file", "/", "a\0b"])
def test_what_is_no_regular_file_is_refused(path):
    with pytest.raises(FileProblem, match="cannot read"):
        read_json(path)


OBJECT = parse_json(
    b"""{"count": 3, "rate": 2, "name": "x", "on": true, "words": ["a", "b"], "none": null,
    "inner": {"sizes": {"a": 1, "b": 2}, "rows": [{"x": 1.5}, {"x": "bad"}]},
    "huge": 9223372036854775808}""",
    "run/config.json",
)


def test_field_returns_values_of_the_type():
    assert field(OBJECT, "count", int) == 3
    rate = field(OBJECT, "rate", float)
    assert rate == 2.0
    assert type(rate) is float
    assert field(OBJECT, "words", list[str]) == ["a", "b"]
    assert field(OBJECT, "none", int | None) is None
    assert field(OBJECT, "count", int | None) == 3
    assert field(OBJECT, "absent", int, 7) == 7
    inner = field(OBJECT, "inner", dict)
    assert field(inner, "sizes", dict[str, int]) == {"a": 1, "b": 2}
    assert field(field(inner, "rows", list[dict])[0], "x", float) == 1.5


@pytest.mark.parametrize(
    ("key", "kind", "text"),
    [
        ("absent", int, "'absent' is missing"),
        ("count", str, "['count']: expected text, got 3"),
        ("on", int, "['on']: expected an integer, got True"),
        ("count", bool, "['count']: expected true or false, got 3"),
        ("rate", list[int], "['rate']: expected a list (an integer each), got 2"),
        ("words", list[int], "['words'][0]: expected an integer, got 'a'"),
        ("words", dict, "['words']: expected an object, got a list"),
        ("name", float, "['name']: expected a finite number, got 'x'"),
        ("huge", int, "['huge']: expected an integer"),
        ("none", str, "['none']: expected text, got null"),
        ("words", str | None, "['words']: expected text or null, got a list"),
    ],
)
def test_wrong_entry_is_named_with_its_file(key, kind, text):
    with pytest.raises(DataError) as caught:
        field(OBJECT, key, kind)
    assert str(caught.value).startswith("run/config.json")
    assert text in str(caught.value)


def test_entry_of_an_inner_object_is_named_by_all_its_keys():
    rows = field(field(OBJECT, "inner", dict), "rows", list[dict])
    with pytest.raises(DataError, match=r"run/config.json\['inner'\]\['rows'\]\[1\]\['x'\]"):
        field(rows[1], "x", float)


@pytest.mark.parametrize("data", [1, None, "text", [1, 2], 2.5])
def test_what_is_no_object_has_no_fields(data):
    with pytest.raises(DataError, match="expected an object with 'words'"):
        field(data, "words", list[str])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, -(10**400), True])
def test_float_is_a_finite_number(value):
    with pytest.raises(DataError, match="expected a finite number"):
        field({"rate": value}, "rate", float)


def test_bounds_of_numbers_and_lengths():
    data = JsonObject(n=3, words=["a"])
    assert field(data, "n", int, minimum=3, maximum=3) == 3
    with pytest.raises(DataError, match="'n': expected a number at least 4, got 3"):
        field(data, "n", int, minimum=4)
    with pytest.raises(DataError, match="'words': expected a length from 2 to 5, got 1"):
        field(data, "words", list[str], minimum=2, maximum=5)
