"""The Predict page's views: the way there, the reasons, the whole test set; each says what deq says."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from deq.analysis.explanation.occlusion import Occlusion
from deq.data import load_dataset
from deq.images.distortion import Distortion
from deq.models.architectures import Architecture, construct
from deq.models.calibration import calibration_error
from deq.models.checkpoints import PRETRAINED, WEIGHTS, load_pretrained
from deq.models.inference import infer
from deq.models.weights import weights_of
from pages.ui.predict.whole import SHOWN
from pages.ui.predict.why import evidence_sentence
from pages.ui.readers.model import ModelInUse, own_model
from pages.ui.server.kept import kept
from pages.ui.server.owner import ALONE
from tests.pages.conftest import OpenPage, metrics, words

pytestmark = pytest.mark.usefixtures("scikit_learn_only")

HOW, WHY, WHOLE = "How it got there", "Why this answer", "The whole test set"


def charts(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


@pytest.mark.long
def test_solvers_meet_in_the_plane(open_page: OpenPage) -> None:
    app = open_page("predict", model="blog", solver="Broyden")
    assert charts(app) == 2  # plane, residuals
    sentence = next(text.value for text in app.markdown if text.value.startswith("Converged: "))
    assert all(name in sentence for name in ("Broyden after", "Picard after", "ODE flow after"))
    share = load_share()
    assert any(f"{share:.0f} % of their variance" in caption.value for caption in app.caption)


def load_share() -> float:
    """The share of the variance in the plane, computed again."""
    from sklearn.decomposition import PCA

    blog, digits = load_pretrained("blog"), load_dataset("digits")
    found = infer(blog.model, digits.train_images[:500], blog.solver, states=True)
    kept = found.states[found.converged]
    return 100 * PCA(2).fit(kept).explained_variance_ratio_.sum()


def test_reasons_and_distortions(open_page: OpenPage) -> None:
    app = open_page("predict", predict_view=WHY, index="4", model="mlp", predict_turn="45.0")
    assert charts(app) == 4  # two maps, what it sees and says
    assert "The evidence, log(p(" in words(app)
    assert app.slider(key="predict_turn").value == 45
    next(button for button in app.button if button.label == "Upside down").click().run()
    assert not app.exception
    assert app.slider(key="predict_turn").value == 180
    turned = Distortion(turn=180)(load_dataset("digits").test_images[4, ..., 0])
    mlp = load_pretrained("mlp")
    (label,) = infer(mlp.model, turned[None, ..., None], mlp.solver).labels
    assert f"Converged on **{label}**" in app.markdown[-1].value
    rival = next(group for group in app.get("button_group") if group.label == "Compared with")
    rival.set_value(0).run()
    assert not app.exception


def test_blank_patches_that_do_not_converge_are_no_changed_answers() -> None:
    labels, converged = np.array([[3, 5], [5, 8]]), np.array([[True, True], [False, True]])
    sentence = evidence_sentence(2.0, (3, 5), Occlusion(np.zeros((2, 2)), labels, converged))
    assert "Blank patches that change the answer: 2 of 4, " in sentence
    assert "With some patches blank, 1 of 4, the solve does not converge" in sentence
    assert "not converge" not in evidence_sentence(
        2.0, (3, 5), Occlusion(np.zeros((2, 2)), labels, labels > 0)
    )


def test_the_whole_test_set_in_figures(open_page: OpenPage) -> None:
    app = open_page("predict", predict_view=WHOLE, predict_set="Mistakes", model="mlp")
    digits, mlp = load_dataset("digits"), load_pretrained("mlp")
    found = infer(mlp.model, digits.test_images, mlp.solver)
    wrong = np.flatnonzero((found.labels != digits.test_labels) | ~found.converged)
    assert metrics(app)["Mistakes"] == f"{len(wrong)} of 360"
    pairs = app.selectbox(key="predict_confusion")
    assert len(pairs.options) > 1
    pairs.select(pairs.options[1]).run()
    true, read = (int(word) for word in pairs.options[1].split(" read as "))
    shown = [picture.caption for image in app.get("image") for picture in image.proto.imgs]
    count = int(((digits.test_labels == true) & (found.labels == read))[wrong].sum())
    assert len(shown) == min(count, SHOWN)
    assert all(caption.startswith(f"{true} → {read}") for caption in shown)


@pytest.mark.long
def test_confidence_and_strange_inputs(open_page: OpenPage) -> None:
    app = open_page("predict", predict_view=WHOLE, predict_set="Confidence", model="mlp")
    digits, mlp = load_dataset("digits"), load_pretrained("mlp")
    error = calibration_error(
        infer(mlp.model, digits.test_images, mlp.solver).probabilities, digits.test_labels
    )
    assert f"**{100 * error:.2f} %**" in words(app)
    view = next(group for group in app.get("button_group") if group.label == "Look at")
    view.set_value("Strange inputs").run()
    assert not app.exception
    assert charts(app) == 3
    assert "noise by" in words(app)


@pytest.mark.long
def test_weights_of_the_command_line_can_be_uploaded(open_page: OpenPage) -> None:
    app = open_page("predict", model="blog")
    for name, said in (("toy", "does not read pictures"), ("blog", None)):
        data = (PRETRAINED / name / WEIGHTS).read_bytes()
        app.file_uploader(key="predict_weights").upload(f"{name}.safetensors", data).run()
        assert not app.exception
        assert [said in error.value for error in app.error] == ([True] if said else [])
    assert app.selectbox(key="model").value == "blog (uploaded)"
    assert metrics(app)["Prediction"] == metrics(app)["True label"]
    assert any('restore_weights("blog"' in code.value for code in app.code)


@pytest.mark.long
@pytest.mark.parametrize(
    ("view", "look", "said"),
    [
        (HOW, "This picture", (":red[Anderson did not converge.]", "three equilibria; found: 0")),
        (HOW, "Sixteen starts", ("three equilibria; found: 0",)),
        (WHY, "This picture", ("There is no equilibrium here",)),
    ],
)
def test_where_nothing_converges_nothing_is_claimed(
    open_page: OpenPage, view: str, look: str, said: tuple[str, ...]
) -> None:
    app = open_page("predict", predict_view=view, predict_how=look)
    app.session_state[ALONE] = b"a browser"
    kept().keep_model(b"a browser", lost_model())
    app.run()
    app.selectbox(key="model").select("lost").run()
    assert not app.exception
    assert metrics(app)["Prediction"] == "not converged"
    texts = [text.value for text in [*app.markdown, *app.warning]]
    assert all(any(part in text for text in texts) for part in said)
    assert "The evidence, log(p(" not in words(app)


def lost_model() -> ModelInUse:
    """A model of this session whose solves do not converge: linear, with eigenvalues all over a disc of radius 16."""
    architecture = Architecture(784, 10, width=64, activation="linear")
    model = construct(architecture)
    model.cell.state.kernel[...] = np.random.default_rng(0).normal(0, 2, (64, 64)).astype(np.float32)
    return own_model("lost", weights_of(model, architecture))


def test_sixteen_starts_end_at_one_equilibrium(open_page: OpenPage) -> None:
    app = open_page("predict", model="monotone", predict_how="Sixteen starts", predict_way="Test digit")
    assert not app.exception
    assert "Of 16 random starts **16** converged, **16** to the same answer" in words(app)


@pytest.mark.long
def test_many_digits_part_with_depth(open_page: OpenPage) -> None:
    app = open_page("predict", model="monotone", predict_how="Many digits", predict_way="Test digit")
    assert "at the equilibrium, after at most" in words(app)
    app.segmented_control(key="predict_depth").set_value("ODE flow").run()
    assert not app.exception
    assert "at the equilibrium, after at most" in words(app)
