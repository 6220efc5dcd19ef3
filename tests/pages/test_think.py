"""The page Think longer: it opens, a link restores a changed puzzle, a click is answered, failure is reported."""

import base64
import json
import time
import zlib
from dataclasses import replace

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from deq.data import Examples, Task, cross_entropy
from deq.data.edits import along_the_way, is_walled_in
from deq.data.puzzles import bits
from pages.ui.readers.model import shipped
from pages.ui.server.runs import registry
from pages.ui.think.answers import cold, solved
from pages.ui.think.controls import FIRST
from pages.ui.think.live import KEY, _edited, message
from pages.ui.think.puzzle import KINDS, MOST, Kind, Puzzle, read, written
from pages.ui.think.study import BASELINES, calls_of, compared_starts, measured_reach, sizes_of
from pages.ui.think.teach import JOB, NETWORK, PLAN, SHIPPED
from pages.ui.think.words import sentence, verdict
from tests.pages.conftest import OpenPage, labels, metrics, press, words


def sent(app: AppTest) -> dict:
    """What the live picture was sent."""
    return json.loads(app.get("bidi_component")[0].proto.json)


def report(app: AppTest, monkeypatch: pytest.MonkeyPatch, edited: object) -> None:
    """As the picture's callback does, before the script runs."""
    with monkeypatch.context() as patch:
        patch.setattr(st, "session_state", app.session_state)
        patch.setattr(st, "query_params", app.query_params)
        patch.setitem(app.session_state, KEY, {"edited": edited})
        _edited()
    app.run()
    assert not app.exception


@pytest.mark.parametrize("kind", KINDS)
def test_the_default_of_each_kind(open_page: OpenPage, kind: str) -> None:
    app = open_page("think", kind=kind)
    data = sent(app)
    assert data["size"] == KINDS[kind].trained
    assert metrics(app)["Evaluations"] == str(data["calls"][-1])
    assert len(data["wrong"]) == len(data["calls"])
    assert (data["wrong"][-1], data["scratch"]) == (0, None)
    assert not app.error


def test_all_answers_come_in_one_small_message() -> None:
    puzzle = Puzzle("Bits", 256, 0)
    answer = cold(puzzle, "Picard")
    data = message(puzzle, answer)
    assert len(json.dumps(data)) < 20_000
    differences = np.frombuffer(zlib.decompress(base64.b64decode(data["frames"])), np.uint8)
    frames = np.bitwise_xor.accumulate(differences.reshape(len(answer.calls), -1))
    assert np.array_equal(frames, answer.frames)


def test_a_link_with_changes_is_answered_from_the_puzzle_as_drawn(open_page: OpenPage) -> None:
    app = open_page("think", kind="Bits", think_seed="3", changes="0.31")
    assert sent(app)["changes"] == [0, 31]
    assert "from scratch" in words(app)
    assert "Start again" in labels(app)
    press(app, "Start again")
    assert sent(app)["changes"] == []
    assert "changes" not in app.query_params
    assert "from scratch" not in words(app)


def test_a_flip_changes_the_answer(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page("think", kind="Bits", think_seed="3")
    before = sent(app)
    report(app, monkeypatch, {"puzzle": before["puzzle"], "changes": [0], "serial": 1})
    after = sent(app)
    assert after["changes"] == [0]
    assert after["frames"] != before["frames"]
    assert after["truth"] != before["truth"]
    assert app.query_params["changes"] == "0"
    app.number_input(key="think_seed").set_value(4).run()
    assert sent(app)["changes"] == []


def test_a_change_undone_by_hand_is_a_warm_start_and_a_new_visit_is_not(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("think", kind="Bits", think_seed="3", changes="0")
    report(app, monkeypatch, {"puzzle": sent(app)["puzzle"], "changes": [], "serial": 1})
    assert "from scratch:" in words(app)
    report(app, monkeypatch, {"puzzle": sent(app)["puzzle"], "changes": [0], "serial": 2})
    del app.query_params["changes"]
    app.run()
    assert sent(app)["changes"] == []
    assert "from scratch:" not in words(app)


@pytest.mark.parametrize(
    "edited",
    [
        {"puzzle": "Bits-32-9", "changes": [0]},
        {"puzzle": "Bits-32-3", "changes": [32]},
        {"puzzle": "Bits-32-3", "changes": [True, "1", None]},
        {"puzzle": "Bits-32-3", "changes": [1, 1]},
        {"puzzle": "Bits-32-3", "changes": {"0": 1}, "serial": "x"},
        "alert(1)",
        None,
    ],
)
def test_what_a_browser_reports_is_checked(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, edited: object
) -> None:
    app = open_page("think", kind="Bits", think_seed="3")
    report(app, monkeypatch, edited)
    assert sent(app)["changes"] == []


def test_a_large_puzzle_is_solved_from_scratch_on_demand(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.ui.think.answers.LARGE", 10)
    app = open_page("think", kind="Bits", changes="0")
    assert "from scratch:" not in words(app)
    assert sent(app)["scratch"] is None
    press(app, "Compare with a solve from scratch")
    assert "from scratch:" in words(app)
    data = sent(app)
    scratch = data["scratch"]
    assert (data["wrong"][0], len(scratch["wrong"])) == (32, len(scratch["calls"]))  # every parity flips
    assert (scratch["wrong"][-1], data["wrong"][-1]) == (0, 0)


def test_presets_and_a_new_puzzle(open_page: OpenPage) -> None:
    app = open_page("think")
    press(app, "Open a second path")
    assert "The maze now has a loop" in words(app)
    press(app, "Block the path")
    assert "No path leads from the start to the goal" in words(app)
    assert metrics(app)["Verdict at the end"] == "right in all 81 places"
    press(app, "New maze")
    assert app.number_input(key="think_seed").value == FIRST + 1
    assert sent(app)["changes"] == []


def test_failure_is_said() -> None:
    puzzle = Puzzle("Bits", 32, 0)
    answer = cold(puzzle, "Picard")
    places = puzzle.truth.size
    wrong = answer.wrong.copy()
    wrong[-1] = 5
    lost = {**vars(answer), "wrong": wrong}
    assert verdict(puzzle, type(answer)(**lost)) == f"5 of {places} places wrong"
    assert "settled on a wrong answer" in sentence(puzzle, type(answer)(**lost))
    lost |= {"converged": False}
    assert verdict(puzzle, type(answer)(**lost)) == "not converged"
    assert "did not reach the tolerance of 0.001 within 200" in sentence(puzzle, type(answer)(**lost))


def test_a_walled_in_end_is_wrong_and_the_page_says_why() -> None:
    puzzle = Puzzle("Maze", 9, 2)
    ways = (puzzle.changed([door]) for door in along_the_way(puzzle.drawn, True))
    closed = next(changed for changed in ways if is_walled_in(changed.x))
    answer = cold(closed, "Picard")
    assert answer.wrong[-1] == 1
    assert "settled on a wrong answer. The start or the goal has no door left" in sentence(closed, answer)


def test_changes_in_a_link() -> None:
    assert read(written((12, 0, 103))) == [12, 0, 103]
    assert read("") == read("1.") == read("01") == read("-1") == read("٣") == read("9" * 400) == []
    puzzle = Puzzle("Maze", 9, 0)
    assert puzzle.changed([0, 1]).changes == (0, 1)
    assert puzzle.changed([0, 10**9]) == puzzle
    assert puzzle.changed(range(MOST + 1)) == puzzle


def test_a_start_that_is_no_number_is_not_used() -> None:
    puzzle = Puzzle("Bits", 32, 0)
    first = cold(puzzle, "Picard")
    assert solved(puzzle, "Picard", np.full_like(first.state, np.nan)).nfe == first.nfe


def test_the_study_is_computed_when_asked_for(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.ui.think.study.sizes_of", lambda kind: list(kind.sizes[:1]))
    app = open_page("think", kind="Bits")
    press(app, "Measure the reach")
    assert len(app.get("plotly_chart")) == 2
    assert any("trained to answer after 5 evaluations" in caption.value for caption in app.caption)
    press(app, "Compare two starts")
    assert 0 <= float(metrics(app)["Asymptotic alignment score"]) <= 1


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_is_recorded_of_the_baseline_is_what_the_page_measures_of_its_network(kind: Kind) -> None:
    known = json.loads(BASELINES.read_text())[kind.name]
    assert (known["sizes"], known["calls"]) == (sizes_of(kind), calls_of(kind))
    right = np.array(known["right"])
    assert right.shape == (len(known["sizes"]), len(known["calls"]))
    assert (
        right[0, calls_of(kind).index(known["steps"])] <= shipped(kind.model).card.baselines["unrolled"] + 0.1
    )
    assert right[-1].max() < 0.1  # at the largest size no number of evaluations helps


def test_the_code_runs(open_page: OpenPage) -> None:
    app = open_page("think", kind="Bits", changes="5")
    namespace: dict[str, object] = {}
    exec(next(code.value for code in app.code if "think(" in code.value), namespace)
    assert namespace["figure"].data


@pytest.mark.long
def test_a_network_trained_here_answers_until_it_is_gone(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [Examples(*bits(count, 32, seed)) for seed, count in enumerate((256, 20, 20))]
    monkeypatch.setattr("deq.jobs.plan.puzzle", lambda name: Task(name, *few, cross_entropy))
    monkeypatch.setattr(
        "pages.ui.think.teach.PLAN", replace(PLAN, recipe=replace(PLAN.recipe, epochs=1, batch_size=128))
    )
    app = open_page("think", kind="Bits")
    shipped = sent(app)["frames"]
    press(app, "Train")
    job = registry().get(app.session_state[JOB])
    deadline = time.monotonic() + 120
    while job.status.is_live:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    app.run()
    assert "Trained on 32 bits" in words(app)
    assert sent(app)["frames"] != shipped  # it has seen next to nothing
    assert compared_starts("Bits", job.id, 32, "Picard") != compared_starts("Bits", "", 32, "Picard")
    reached = [measured_reach(KINDS["Bits"], network, 32, [50])[0] for network in (job.id, "")]
    assert reached == [0, 1]
    assert any('load_checkpoint("run")' in code.value for code in app.code)
    app.segmented_control(key=NETWORK).set_value(SHIPPED).run()
    assert sent(app)["frames"] == shipped
    app.session_state[JOB] = "gone"
    app.run()
    assert "no longer on this server" in " ".join(info.value for info in app.info)
    assert sent(app)["frames"] == shipped
