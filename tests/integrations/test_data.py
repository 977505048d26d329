"""Data: what comes out of what goes in."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from integrations import data as module
from integrations.data import (
    MAX_ITEMS,
    MAX_TEXT,
    Deduplicate,
    Filter,
    GroupBy,
    Join,
    Parse,
    Parsed,
    Render,
    Replace,
    Sort,
    Split,
    ToCsv,
)
from orchestrator.actions import Account, Call, ServiceError
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.templates import Template
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from tests.integrations.services import Services


def do(name: str, params: Any) -> Any:
    return module.data.actions[name].function(params, Account(), Call("run", "step", "run-step", Services()))


def parse(text: str, **given: Any) -> Parsed:
    return do("parse", Parse(text=text, **given))


def kept(items: list[Any], **given: Any) -> list[Any]:
    return do("filter", Filter(items=items, **given)).items


def ordered(items: list[Any], **given: Any) -> list[Any]:
    return do("sort", Sort(items=items, **given)).items


def joined(left: list[Any], right: list[Any], **given: Any) -> list[Any]:
    return do("join", Join(left=left, right=right, **given)).items


def unique(items: list[Any], **given: Any) -> list[Any]:
    return do("deduplicate", Deduplicate(items=items, **given)).items


def pieces(text: str, **given: Any) -> list[str]:
    return do("split", Split(text=text, **given)).chunks


def replaced(text: str, values: dict[str, Any]) -> str:
    return do("replace", Replace(text=text, values=values)).text


def csv_of(items: list[Any], **given: Any) -> str:
    return do("to_csv", ToCsv(items=items, **given)).text


def test_the_connector_keeps_the_contract_of_actions() -> None:
    names = ("parse", "filter", "sort", "join", "group", "deduplicate", "split", "to_csv", "replace", "render")
    assert {id: action.effect for id, action in Registry([module.data]).items()} == {
        f"data.{name}": "read" for name in names
    }


class TestRender:
    def test_gives_a_text_as_it_is(self) -> None:
        """Its `{{ }}` were those of the step. What is left came with a value, from outside."""
        text = "Ana wrote: {{ 7 * 7 }}, {{ nobody }}, {% include 'x' %}, {# note #}, {{ open"
        assert do("render", Render(text=text)).text == text

    @pytest.mark.parametrize("mail", ["{{ 7 * 7 }}", "{{ steps.mail }}", "{{ broken", "{% endfor %}", "", "{#"])
    def test_text_from_outside_is_read_as_no_template_in_a_run(self, mail: str, tmp_path: Path) -> None:
        steps = [
            {"id": "quote", "uses": "data.render", "with": {"text": "They wrote: {{ inputs.mail }}"}},
            {"id": "alone", "uses": "data.render", "with": {"text": "{{ inputs.mail }}"}},
            {
                "id": "letter",
                "uses": "data.render",
                "with": {"template": "letter", "variables": {"name": "{{ inputs.mail }}"}},
            },
        ]
        workflow = Workflow.model_validate({"id": "renders", "inputs": {"mail": {"title": "Mail"}}, "steps": steps})
        with WorkflowEngine(Settings(home=tmp_path)) as engine:
            letter = {"id": "letter", "user": "Good day {{ name }}.", "variables": {"name": {}}}
            engine.library.templates.save(Template.model_validate(letter))
            result = engine.execute_workflow(workflow, {"mail": mail})
        assert (result.status, result.error) == ("succeeded", None)
        texts = [result.steps[id].output["text"] for id in ("quote", "alone", "letter")]
        assert texts == [f"They wrote: {mail}", mail, f"Good day {mail}."]

    @pytest.mark.parametrize(
        ("given", "why"),
        [
            ({}, "Give a text or choose a template"),
            ({"text": "a", "template": "b"}, "one of them"),
            ({"text": "Dear {{ name }}", "variables": {"name": "Ana"}}, "data.replace"),
        ],
    )
    def test_takes_a_text_or_a_template_with_values(self, given: dict[str, Any], why: str) -> None:
        with pytest.raises(ValidationError, match=why):
            Render(**given)


class TestReplace:
    def test_puts_values_in_the_place_of_words(self) -> None:
        letter = "Dear [NAME], {{ hour }} o'clock? {{ other }}"
        filled = replaced(letter, {"[NAME]": "Ana", "{{ hour }}": 9})
        assert filled == "Dear Ana, 9 o'clock? {{ other }}"

    def test_a_value_is_text_and_brings_no_words_along(self) -> None:
        assert replaced("a b", {"a": "b", "b": "a"}) == "b a"
        assert replaced("[X]", {"[X]": r"\1 \g<0> [X]"}) == r"\1 \g<0> [X]"

    def test_the_longest_word_that_fits_is_meant(self) -> None:
        assert replaced("NAME NAMES", {"NAME": "Ana", "NAMES": "Ana and Bo"}) == "Ana Ana and Bo"

    @pytest.mark.parametrize(("value", "text"), [(None, ""), (True, "true"), ([1, 2], "[1,2]"), (1.5, "1.5")])
    def test_a_value_is_written_as_in_a_table(self, value: Any, text: str) -> None:
        assert replaced("-x-", {"x": value}) == f"-{text}-"

    def test_what_becomes_too_long_is_refused_before_it_is_made(self) -> None:
        with pytest.raises(ServiceError, match="longer than"):
            replaced("a" * 1_000_000, {"a": "b" * 1_000_000})

    @pytest.mark.parametrize("values", [{}, {"": "x"}])
    def test_says_which_words(self, values: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            Replace(text="a", values=values)


class TestParse:
    @pytest.mark.parametrize(
        ("text", "format", "found"),
        [
            ('{"a": [1, 2.5, null]}', "json", {"a": [1, 2.5, None]}),
            (' \ufeff[1, 2]'.strip(), "json", [1, 2]),
            ('```json\n{"a": 1}\n```', "json", {"a": 1}),
            ('Sure! Here you are', "lines", ["Sure! Here you are"]),
            ('{"a": 1}\n{"a": "\u2028"}\n', "json_lines", [{"a": 1}, {"a": "\u2028"}]),
            ("a,b\n1,2\n", "csv", [{"a": "1", "b": "2"}]),
            ("a;b\r\n1,5;2\r\n\r\n", "csv", [{"a": "1,5", "b": "2"}]),
            ("a\tb\n1\t\n", "csv", [{"a": "1", "b": ""}]),
            ('a,b\n"x, ""y""\nz",2', "csv", [{"a": 'x, "y"\nz', "b": "2"}]),
            ("one\n\ntwo, and three\n", "lines", ["one", "two, and three"]),
            ("", "lines", []),
        ],
    )  # fmt: skip
    def test_finds_the_format_by_itself(self, text: str, format: str, found: Any) -> None:
        parsed = parse(text)

        assert (parsed.format, parsed.data) == (format, found)

    def test_says_how_many_there_are_and_the_columns(self) -> None:
        parsed = parse("name,city\nAda,London\nBob,Paris")

        assert (parsed.count, parsed.columns) == (2, ["name", "city"])
        assert parse("[1,2,3]").count == 3
        assert parse("{}").count == 1

    def test_keeps_numbers_of_a_csv_as_they_are_written(self) -> None:
        assert parse("zip,n\n01067,1e5").data == [{"zip": "01067", "n": "1e5"}]

    def test_gives_every_column_a_name_of_its_own(self) -> None:
        assert parse("a,,a,a_2\n1,2,3,4").columns == ["a", "column_2", "a_2", "a_2_2"]
        assert parse("1,2\n3,4", format="csv", header=False).data == [
            {"column_1": "1", "column_2": "2"},
            {"column_1": "3", "column_2": "4"},
        ]

    def test_adds_the_empty_fields_that_programs_leave_out(self) -> None:
        assert parse("a,b,c\n1,2", format="csv").data == [{"a": "1", "b": "2", "c": ""}]

    @pytest.mark.parametrize(
        ("text", "given", "said"),
        [
            ('{"a": 1,}', {}, "not valid JSON: .*line 1, column"),
            ("[1,\n2", {}, "not valid JSON: .*line 2"),
            ('{"a": NaN}', {}, "not valid JSON"),
            ("[" * 5000, {}, "not valid JSON"),
            ('{"a": 1}\nhello', {"format": "json_lines"}, "line 2, column 1"),
            ("a,b\n1,2,3", {"format": "csv"}, "Line 2 has 3 fields, and there are 2 columns"),
            ('a,b\n"1,2', {"format": "csv"}, "cannot be read, line 2"),
            ("," * 2000, {"format": "csv"}, "more than 1,000 columns"),
            ("a\n" * (MAX_ITEMS + 1), {}, "more than 100,000 items"),
            ("a\n" * (MAX_ITEMS + 2), {"format": "csv"}, "more than 100,000 rows"),
        ],
    )
    def test_says_what_is_wrong_and_where(self, text: str, given: dict[str, Any], said: str) -> None:
        with pytest.raises(ServiceError, match=said) as error:
            parse(text, **given)
        assert error.value.remedy

    def test_refuses_a_text_that_is_too_long(self) -> None:
        with pytest.raises(ValidationError, match="10000000 characters"):
            Parse(text="a" * (MAX_TEXT + 1))

    @pytest.mark.parametrize("text", ["```\n" + " " * 2_000_000, "{" * 2_000_000, '"' * 2_000_000, ",\n" * 60_000])
    def test_is_quick_with_hostile_text(self, text: str) -> None:
        began = time.thread_time()

        with suppress(ServiceError):
            parse(text)
        assert time.thread_time() - began < 5

    @given(st.text())
    def test_gives_a_result_or_a_clear_error_for_any_text(self, text: str) -> None:
        with suppress(ServiceError):
            json.dumps(parse(text).model_dump())

    json_data = st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )  # fmt: skip

    @given(st.lists(json_data) | st.dictionaries(st.text(), json_data))
    def test_reads_all_json(self, known: Any) -> None:
        assert parse(json.dumps(known)).data == known


class TestFilter:
    people = (
        {"name": "Ada", "age": 36, "home": {"city": "London"}, "tags": ["a", "b"]},
        {"name": "bob", "age": "9", "home": {"city": "Paris"}, "tags": []},
        {"name": "Cem", "age": "", "home": {}, "tags": ["b"]},
    )

    @pytest.mark.parametrize(
        ("by", "operator", "value", "names"),
        [
            ("name", "equals", "Ada", ["Ada"]),
            ("name", "not_equals", "Ada", ["bob", "Cem"]),
            ("age", "equals", 9, ["bob"]),
            ("age", "more_than", "10", ["Ada"]),
            ("age", "at_least", 9, ["Ada", "bob"]),
            ("age", "less_than", 36, ["bob"]),
            ("age", "at_most", 36, ["Ada", "bob"]),
            ("age", "empty", None, ["Cem"]),
            ("age", "not_empty", None, ["Ada", "bob"]),
            ("home.city", "equals", "Paris", ["bob"]),
            ("home.city", "empty", None, ["Cem"]),
            ("home.city", "contains", "on", ["Ada"]),
            ("home.city", "not_contains", "on", ["bob", "Cem"]),
            ("home.city", "starts_with", "P", ["bob"]),
            ("home.city", "ends_with", "s", ["bob"]),
            ("tags", "contains", "b", ["Ada", "Cem"]),
            ("tags.0", "equals", "a", ["Ada"]),
            ("name", "one_of", ["Ada", "Cem"], ["Ada", "Cem"]),
            ("name", "less_than", "b", ["Ada"]),
        ],
    )
    def test_keeps_what_is_as_wanted(self, by: str, operator: Any, value: Any, names: list[str]) -> None:
        assert [one["name"] for one in kept(list(self.people), by=by, operator=operator, value=value)] == names

    def test_can_look_past_capitals(self) -> None:
        assert kept(["Ada", "BOB"], value="bob") == []
        assert kept(["Ada", "BOB"], value="bob", ignore_case=True) == ["BOB"]

    def test_names_the_fields_that_there_are(self) -> None:
        with pytest.raises(ServiceError, match=r"No item has a field 'nmae'\. The fields are: name, age, home, tags"):
            kept(list(self.people), by="nmae", value="Ada")

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"by": "name", "operator": "more_than", "value": 5}, "'Ada' is no number"),
            ({"by": "name", "operator": "contains"}, "needs a value"),
            ({"by": "name", "operator": "one_of", "value": "Ada"}, "needs a list"),
            ({"by": "home", "operator": "more_than", "value": "x"}, "neither more nor less"),
        ],
    )
    def test_says_what_cannot_be_compared(self, given: dict[str, Any], said: str) -> None:
        with pytest.raises(ServiceError, match=said):
            kept(list(self.people), **given)

    @pytest.mark.parametrize("operator", ["empty", "equals", "contains", "starts_with"])
    @given(items=st.lists(st.none() | st.booleans() | st.integers() | st.text()), value=st.text(min_size=1))
    def test_gives_items_in_their_order(self, operator: Any, items: list[Any], value: str) -> None:
        value = value.strip() or "x"
        found = iter(items)
        assert all(any(one is other for other in found) for one in kept(items, operator=operator, value=value))


class TestSort:
    def test_knows_numbers_from_text(self) -> None:
        assert ordered(["10", "9", 8.5]) == [8.5, "9", "10"]
        assert ordered(["b", "10", "A", "9"]) == ["10", "9", "A", "b"]

    def test_puts_what_has_no_value_last_both_ways(self) -> None:
        rows = [{"n": None}, {"n": 2}, {}, {"n": 3}]

        assert ordered(rows, by="n") == [{"n": 2}, {"n": 3}, {"n": None}, {}]
        assert ordered(rows, by="n", descending=True) == [{"n": 3}, {"n": 2}, {"n": None}, {}]

    def test_refuses_what_has_no_order(self) -> None:
        with pytest.raises(ServiceError, match="neither more nor less"):
            ordered([{"a": 1}, {"a": 2}])

    @given(st.lists(st.integers() | st.floats(allow_nan=False, allow_infinity=False)))
    def test_sorts_numbers(self, items: list[Any]) -> None:
        assert ordered(items) == sorted(items)

    @given(st.lists(st.tuples(st.integers(0, 2), st.integers())), st.booleans())
    def test_leaves_equal_ones_in_their_order(self, pairs: list[tuple[int, int]], descending: bool) -> None:
        rows = [{"n": n, "at": at} for at, (n, _) in enumerate(pairs)]

        found = ordered(rows, by="n", descending=descending) if rows else []
        assert found == sorted(rows, key=lambda row: -row["n"] if descending else row["n"])


class TestJoin:
    orders = ({"id": 1, "who": "7", "note": "tea"}, {"id": 2, "who": 8, "note": ""}, {"id": 3, "who": None, "note": ""})
    people = ({"who": 7, "name": "Ada", "note": "kind"}, {"who": "9", "name": "Bob", "note": "tall"})

    def test_puts_matching_rows_together(self) -> None:
        assert joined(list(self.orders), list(self.people), left_field="who") == [
            {"id": 1, "who": "7", "note": "tea", "name": "Ada", "right_note": "kind"}
        ]

    def test_can_keep_all_of_the_first_table(self) -> None:
        rows = joined(list(self.orders), list(self.people), left_field="who", keep="all_of_first")

        assert [(row["id"], row["name"]) for row in rows] == [(1, "Ada"), (2, None), (3, None)]

    def test_joins_by_fields_of_other_names(self) -> None:
        rows = joined([{"person": 7}], list(self.people), left_field="person", right_field="who")

        assert rows == [{"person": 7, "who": 7, "name": "Ada", "note": "kind"}]

    def test_what_has_no_value_matches_nothing(self) -> None:
        assert joined([{"a": None}, {"a": ""}], [{"a": None}, {"a": ""}], left_field="a") == []

    def test_is_bounded(self) -> None:
        many = [{"a": 1}] * 1000

        with pytest.raises(ServiceError, match="more than 100,000 rows"):
            joined(many, many, left_field="a")

    @given(
        st.lists(st.fixed_dictionaries({"k": st.integers(0, 5), "l": st.integers()}), max_size=20),
        st.lists(st.fixed_dictionaries({"k": st.integers(0, 5), "r": st.integers()}), max_size=20),
    )
    def test_is_what_two_loops_give(self, left: list[Any], right: list[Any]) -> None:
        wanted = [{**a, "r": b["r"]} for a in left for b in right if a["k"] == b["k"]]

        assert joined(left, right, left_field="k") == wanted


class TestGroup:
    def test_counts_and_sums(self) -> None:
        rows = [{"c": "a", "n": "1.5"}, {"c": "b", "n": 2}, {"c": "a", "n": 1}, {"c": None, "n": ""}]

        groups = do("group", GroupBy(items=rows, by="c", total_of="n")).groups

        assert [(one.key, one.count, one.total) for one in groups] == [("a", 2, 2.5), ("b", 1, 2), (None, 1, 0)]
        assert groups[0].items == [rows[0], rows[2]]

    def test_says_which_item_cannot_be_summed(self) -> None:
        with pytest.raises(ServiceError, match="'n' of item 2 is no number: many"):
            do("group", GroupBy(items=[{"n": 1}, {"n": "many"}], total_of="n"))

    @given(st.lists(st.integers(0, 3) | st.text(max_size=1) | st.none()))
    def test_loses_nothing(self, items: list[Any]) -> None:
        groups = do("group", GroupBy(items=items)).groups

        assert sorted(map(repr, items)) == sorted(repr(one) for found in groups for one in found.items)


class TestDeduplicate:
    def test_by_all_or_by_some_fields(self) -> None:
        rows = [{"a": 1, "b": 1}, {"b": 1, "a": 1}, {"a": "1", "b": 2}]

        assert unique(rows) == [rows[0], rows[2]]
        assert unique(rows, fields=["a"]) == [rows[0]]
        assert unique(rows, fields=["a"], keep="last") == [rows[2]]

    def test_tells_text_from_numbers_that_look_alike(self) -> None:
        assert unique(["01", "1", 1, 1.0, True, None, ""]) == ["01", "1", True, None, ""]

    @given(st.lists(st.text(alphabet="xyz", max_size=2)))
    def test_keeps_one_of_each_in_order(self, items: list[str]) -> None:
        assert unique(items) == list(dict.fromkeys(items))


class TestSplit:
    def test_at_every_separator(self) -> None:
        assert pieces("a\n\nb\n\n \n\nc") == ["a", "b", "c"]
        assert pieces("a\nb", separator="\\n") == ["a", "b"]

    def test_into_pieces_as_long_as_possible(self) -> None:
        assert pieces("aa\n\nbb\n\ncc dd", size=9) == ["aa\n\nbb\n\n", "cc dd"]
        assert pieces("one two three", size=8) == ["one two ", "three"]
        assert pieces("abcdefgh", size=3) == ["abc", "def", "gh"]

    def test_can_say_the_end_of_the_piece_before_again(self) -> None:
        assert pieces("abcdefgh", size=4, overlap=1) == ["abcd", "defg", "gh"]

    def test_the_overlap_leaves_room(self) -> None:
        with pytest.raises(ValidationError, match="half of the size"):
            Split(text="a", size=10, overlap=6)

    @given(st.text(alphabet="ab \n", max_size=200), st.integers(1, 30), st.sampled_from(["\n\n", " ", "ab"]))
    def test_loses_nothing(self, text: str, size: int, separator: str) -> None:
        found = pieces(text, size=size, separator=separator)

        assert "".join(found) == text
        assert all(0 < len(piece) <= size for piece in found)

    @given(st.text(alphabet="ab \n", max_size=200), st.integers(2, 30), st.data())
    def test_an_overlap_is_the_end_of_what_was_before(self, text: str, size: int, draw: st.DataObject) -> None:
        overlap = draw.draw(st.integers(0, size // 2))
        whole = ""
        for piece in pieces(text, size=size, overlap=overlap):
            back = min(overlap, len(whole))
            assert whole.endswith(piece[:back])
            assert len(piece) <= size
            whole += piece[back:]
        assert whole == text


class TestToCsv:
    def test_writes_all_columns_or_some(self) -> None:
        rows = [{"a": 1, "b": "x, y"}, {"a": None, "c": {"d": [1]}}]

        assert csv_of(rows) == 'a,b,c\r\n1,"x, y",\r\n,,"{""d"":[1]}"\r\n'
        assert csv_of(rows, columns=["c.d", "a"], delimiter=";") == "c.d;a\r\n;1\r\n[1];\r\n"

    def test_makes_no_formulas(self) -> None:
        rows = [{"a": "=cmd|' /C calc'!A0"}, {"a": "-5"}, {"a": "-5+1"}, {"a": -5}]

        assert csv_of(rows) == "a\r\n'=cmd|' /C calc'!A0\r\n-5\r\n'-5+1\r\n-5\r\n"
        assert csv_of(rows[2:3], safe=False) == "a\r\n-5+1\r\n"

    def test_refuses_what_is_no_row(self) -> None:
        with pytest.raises(ServiceError, match="Item 2 is no row"):
            csv_of([{"a": 1}, "b"])

    def test_refuses_a_column_that_no_row_has(self) -> None:
        with pytest.raises(ServiceError, match="No item has a field 'b'"):
            csv_of([{"a": 1}], columns=["b"])

    names = st.text(alphabet="abc", min_size=1, max_size=3)
    cells = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"))

    @settings(max_examples=200)
    @given(st.lists(names, unique=True, min_size=1, max_size=4), st.data(), st.sampled_from([",", ";", "\t", "|"]))
    def test_is_read_again_as_it_was(self, names: list[str], draw: st.DataObject, delimiter: Any) -> None:
        row = st.fixed_dictionaries(dict.fromkeys(names, self.cells))
        rows = draw.draw(st.lists(row, min_size=1))

        text = csv_of(rows, delimiter=delimiter, safe=False)
        assert parse(text, format="csv", delimiter=delimiter).data == rows
