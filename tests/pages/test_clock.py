"""The clock of the Predict page: its message holds the solve that Python made, small and without NaN."""

import base64
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from deq.analysis.answers import answer_digits
from deq.analysis.explanation.units import MOMENTS
from deq.data import load_dataset
from deq.models.architectures import Architecture, construct
from deq.solvers import Anderson, Picard, Solver
from pages.ui.predict.clock import MOST_CLASSES, log_residual, message, table_of, units_of
from pages.ui.predict.results import Case, landmarks_of
from pages.ui.readers.model import ModelInUse, shipped_model
from tests.pages.conftest import OpenPage, metrics
from tests.support.cases import few_of

pytestmark = pytest.mark.usefixtures("scikit_learn_only")

SHIPPED = ("conv", "mlp", "monotone", "blog")


def case_of(chosen: ModelInUse | SimpleNamespace, solver: Solver, name: str = "Anderson") -> Case:
    image = load_dataset("digits").test_images[3, ..., 0]
    answer = answer_digits(chosen.model, image[None], solver)[0]
    return Case(answer, None, chosen, name, solver)


def floats(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


def test_the_page_sends_the_solve_of_its_answer(open_page: OpenPage) -> None:
    app = open_page("predict", model="mlp", index="3")
    sent = next(found for found in app.get("bidi_component") if "nfe" in found.proto.json)
    data = json.loads(sent.proto.json)
    assert str(data["nfe"][-1]) == metrics(app)["Evaluations"]
    assert data["label"] == metrics(app)["Prediction"]
    app.run()
    again = next(found for found in app.get("bidi_component") if "nfe" in found.proto.json)
    assert json.loads(again.proto.json)["name"] == data["name"]  # the same answer is not played again


@pytest.mark.parametrize("name", few_of(SHIPPED, ("conv", "mlp")))
def test_the_message_is_the_solve(name: str) -> None:
    case = case_of(shipped_model(name), Anderson(tol=1e-3))
    plane, answer = landmarks_of(case.chosen).plane, case.answer
    data = message(case, plane)
    assert len(json.dumps(data, allow_nan=False)) < 500_000
    np.testing.assert_array_equal(floats(data["states"]), answer.states.ravel())
    np.testing.assert_allclose(10.0 ** np.array(data["residual"]), answer.residual, rtol=1e-3)
    np.testing.assert_allclose(data["paths"], answer.paths, atol=1e-5)
    np.testing.assert_allclose(data["plane"]["places"], plane.project(answer.states), rtol=1e-3, atol=1e-3)
    assert data["names"][data["answer"]] == data["label"] == str(answer.label)
    assert data["equation"] is not None
    assert len(table_of(case, plane)["component 2"]) == len(answer.nfe)
    assert len(units_of(answer)) == 1 + answer.states[0].size


def test_a_long_solve_that_is_lost_is_thinned_and_has_no_nan() -> None:
    """A linear cell with eigenvalues beyond 1 and many classes: states run away."""
    architecture = Architecture(784, 30, width=16, activation="linear")
    model = construct(architecture)
    model.cell.state.kernel[...] = np.random.default_rng(0).normal(0, 3, (16, 16)).astype(np.float32)
    chosen = SimpleNamespace(model=model, names=tuple(map(str, range(30))), fingerprint="lost")
    case = case_of(chosen, Picard(tol=1e-3), "Picard")
    residual = np.where(np.arange(len(case.answer.nfe)) == 0, np.inf, case.answer.residual)
    case = replace(case, answer=replace(case.answer, residual=residual))
    data = json.loads(json.dumps(message(case, None), allow_nan=False))
    assert data["residual"][0] is None
    assert data["residual"][1] == pytest.approx(np.log10(residual[1]), abs=1e-4)
    assert not data["converged"]
    assert len(data["nfe"]) <= MOMENTS
    assert data["nfe"][-1] == case.answer.nfe[-1]
    assert len(data["names"]) == MOST_CLASSES
    assert data["plane"] is None
    assert data["equation"]["activation"] == "linear"
    assert message(replace(case, solver_name="Anderson"), None)["name"] == data["name"]


def test_a_residual_of_zero_has_a_place_on_the_log_axis() -> None:
    np.testing.assert_allclose(log_residual(np.array([1.0, 1e-3, 0.0])), [0, -3, -17])
