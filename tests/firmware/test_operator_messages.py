"""The gateway does with commands and receipts what tests/vectors say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
import pytest

Ask = Callable[..., Any]
Vector = dict[str, Any]

VECTORS = Path(__file__).parents[1] / "vectors"
HEAP = "72wk"  # most of the application is here, as source

BILLING, TELEMETRY = 0, 1
OPEN, RELEASE, READ, LIMIT = 1, 2, 3, 4
RECEIVED, APPLIED, REFUSED, FAILED = 1, 2, 3, 4
JUDGED_BY_THE_LAST_COUNTER_OR_LATER = ("replayed", "expired", "unknown_stage", "clock_unknown")


def vectors(kind: str) -> list[Vector]:
    """Each with the whole of its context."""
    content = json.loads((VECTORS / f"{kind}s.json").read_text())
    return [
        vector | {"context": content["context"] | vector.get("context", {})}
        for vector in content["vectors"]
    ]


def each(kind: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", vectors(kind), ids=lambda v: v["name"])


@pytest.fixture(scope="module")
def ask(start_device: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Makes a request of the device, which finds the message it may be about in a file."""
    directory = tmp_path_factory.mktemp("operator_messages")
    flash, message = directory / "flash", directory / "message"
    device = start_device("operator_messages", str(flash), str(message), heap=HEAP)

    def asking(request: str, *arguments: Any, about: Vector | None = None) -> Any:
        if about:
            message.write_bytes(bytes.fromhex(about["message"]))
        return device.ask(request, *arguments)

    return asking


def trust_in_root(ask: Ask, context: dict[str, Any]) -> None:
    ask("trust_in", context["root_x"] + context["root_y"])


def payload(vector: Vector) -> dict[int, Any]:
    body: dict[int, Any] = cbor2.loads(cbor2.loads(bytes.fromhex(vector["message"])).value[2])
    return body


def obeyed(body: dict[int, Any], context: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """The events of a command that is obeyed, and what is done."""
    stages = sorted(set(body.get(7, context["stages"])))
    event = {"0": body[5].hex(), "1": body[2], "2": RECEIVED, "4": stages}
    if body[6] == OPEN:
        return [event], [["open", stages, body.get(8), body.get(9)]]
    if body[6] == RELEASE:
        return [event, event | {"2": APPLIED}], [["release", stages, body.get(9)]]
    del event["4"]
    if body[6] == LIMIT:
        named = {"4": body[7]} if 7 in body else {}
        limit = ["limit", body[12], body[8], body.get(7)]
        return [event | named, event | named | {"2": APPLIED}], [limit]
    return [event], [["read"]]


def judge(ask: Ask, vector: Vector) -> None:
    context = vector["context"]
    counter = context["last_counter"]
    ask("begin", context)
    for expect in (vector["expect"], vector.get("again", vector["expect"])):
        events, told, last_counter = ask("command", about=vector)
        if expect == "ok":
            body = payload(vector)
            counter = body[2]
            assert (events, told) == obeyed(body, context)
        elif expect == "ignored":
            assert (events, told) == ([], [])
        else:
            assert [(event["2"], event["3"]) for event in events] == [(REFUSED, expect)]
            assert told == []
            if expect in JUDGED_BY_THE_LAST_COUNTER_OR_LATER:
                body = payload(vector)
                assert (events[0]["0"], events[0]["1"]) == (body[5].hex(), body[2])
                assert events[0]["5"] == counter
            else:
                assert "5" not in events[0]
        assert last_counter == counter


@each("command")
def test_commands(ask: Ask, vector: Vector) -> None:
    trust_in_root(ask, vector["context"])
    judge(ask, vector)


def test_a_command_is_judged_by_itself_whatever_came_before(ask: Ask) -> None:
    every = vectors("command")
    trust_in_root(ask, every[0]["context"])
    for vector in every:
        judge(ask, vector)


def accepted(*names: str) -> pytest.MarkDecorator:
    chosen = [vector for vector in vectors("command") if vector["name"] in names]
    return pytest.mark.parametrize("vector", chosen, ids=lambda v: v["name"])


@accepted("open", "open_zone", "release", "read", "limit")
def test_what_the_broker_kept_is_no_order_of_now(ask: Ask, vector: Vector) -> None:
    trust_in_root(ask, vector["context"])
    ask("begin", vector["context"])
    events, told, counter = ask("command", True, about=vector)
    assert [(event["2"], event["3"]) for event in events] == [(REFUSED, "retained")]
    assert told == []
    assert counter == vector["context"]["last_counter"]


@accepted("open")
def test_what_was_obeyed_and_then_kept_is_ignored(ask: Ask, vector: Vector) -> None:
    trust_in_root(ask, vector["context"])
    ask("begin", vector["context"])
    ask("command", about=vector)
    assert ask("command", True, about=vector)[:2] == [[], []]


@accepted("open", "open_zone", "release")
def test_a_command_whose_obeying_was_cut_is_obeyed_when_it_comes_again(
    ask: Ask, vector: Vector
) -> None:
    trust_in_root(ask, vector["context"])
    ask("begin", vector["context"])
    ask("lose_power")
    _, told, cut = ask("command", about=vector)
    assert told == []
    ask("restart")
    events, told, counter = ask("command", about=vector)
    assert (events, told) == obeyed(payload(vector), vector["context"])
    assert counter == cut
    for _ in range(2):
        assert ask("command", about=vector) == [[], [], counter]
        ask("restart")


@accepted("read")
@pytest.mark.parametrize(
    ("answered", "result"), [(True, {"2": APPLIED}), (False, {"2": FAILED, "3": "no_answer"})]
)
def test_readings_that_were_cut_are_made_when_the_command_comes_again(
    ask: Ask, vector: Vector, answered: bool, result: dict[str, Any]
) -> None:
    trust_in_root(ask, vector["context"])
    ask("begin", vector["context"])
    for _ in range(2):
        ask("restart")
        assert ask("command", about=vector)[1] == [["read"]]
        assert ask("command", about=vector)[1] == []
    order = {"0": payload(vector)[5].hex(), "1": payload(vector)[2]}
    assert ask("finish_reading", answered) == [order | result]
    for _ in range(2):
        assert ask("command", about=vector)[:2] == [[], []]
        ask("restart")


def test_an_unfinished_command_that_expired_meanwhile_is_refused(ask: Ask) -> None:
    (vector,) = (vector for vector in vectors("command") if vector["name"] == "open")
    trust_in_root(ask, vector["context"])
    ask("begin", vector["context"])
    ask("lose_power")
    ask("command", about=vector)
    ask("restart")
    ask("set_clock", payload(vector)[4])
    events, told, _ = ask("command", about=vector)
    assert [event["3"] for event in events] == ["expired"]
    assert told == []


def covered(stream: list[Any]) -> set[int]:
    _, upto, held, _, _ = stream
    return set(range(1, upto + 1)).union(*(range(first, last + 1) for first, last, _ in held))


@each("receipt")
def test_receipts(ask: Ask, vector: Vector) -> None:
    context = vector["context"]
    trust_in_root(ask, context)
    ask("begin", context)
    if vector["expect"] != "ok":
        ask("fill", TELEMETRY, 1, 3)
        for _ in range(2):
            assert ask("receipt", about=vector) == [vector["expect"], [], [[], [1, 2, 3]]]
        return
    body = payload(vector)
    left, due = [], []
    for number, stream in enumerate(body[4]):
        epoch, *_, asked_for, _ = stream
        newest = max(covered(stream), default=0)
        ask("fill", number, epoch, newest)
        left.append(sorted(set(range(1, newest + 1)) - covered(stream)))
        wanted = {seq for first, last in asked_for for seq in range(first, last + 1)}
        due += [[number, epoch, seq] for seq in wanted.union(left[-1])]
    assert ask("receipt", about=vector) == ["ok", [["hear", body[3], None]], left]
    offered: list[Any] = []
    while some := ask("offered", 8):
        offered += some
    assert sorted(offered) == sorted(due)
    assert ask("receipt", about=vector) == [vector["again"], [], left]
