"""Lesson: every question opens the picture on which its answer rests."""

import pytest

from pages.ui.lesson.questions import BREAKS, QUESTIONS, Question
from pages.ui.train.settings import BASIC, PRESETS
from pages.ui.widgets.text import unbroken
from tests.pages.conftest import open_by_link, opened_by_links
from tests.pages.links import bound
from tests.support.cases import long


@pytest.mark.parametrize(
    "question",
    [long(q) if q.page in ("solvers", "predict", "think") else q for q in QUESTIONS],
    ids=lambda question: question.page,
)
def test_the_picture_of_a_question_says_what_its_answer_does(question: Question) -> None:
    app = open_by_link(question.page, **question.query)
    assert set(question.query) <= set(bound(app)), "the page does not take all settings of the link"
    said = [text.value for text in app.markdown] + [metric.value for metric in app.metric]
    assert any(question.says in text for text in said), said


def test_each_question_links_to_its_picture() -> None:
    assert opened_by_links(open_by_link("lesson")) == [
        (question.page, question.query) for question in QUESTIONS
    ]


def test_the_run_that_breaks_is_the_preset_of_the_page() -> None:
    preset, _ = PRESETS["Watch it break"]
    assert {name: str(value) for name, value in preset.items() if value != BASIC[name]} == BREAKS


def test_answers_are_hidden_until_they_are_asked_for() -> None:
    app = open_by_link("lesson")
    assert [box.proto.expanded for box in app.expander] == [False] * len(QUESTIONS)
    app.toggle(key="answers").set_value(True).run()
    assert all(box.proto.expanded for box in app.expander)
    assert all(unbroken(question.answer) in [text.value for text in app.markdown] for question in QUESTIONS)


def test_one_question_at_a_time() -> None:
    app = open_by_link("lesson", question="9")
    assert app.title[0].value.startswith("9. ")
    app.button[1].click().run()
    assert app.title[0].value.startswith("10. ")
    assert app.button[1].disabled
