"""The story of the front page, really solved. Apart from the page, which draws it from the disk without JAX."""

import dataclasses

import jax
import numpy as np

from deq import story
from deq.data import load_dataset
from deq.models.checkpoints import load_pretrained
from deq.training.toy import study_toy
from pages.ui.readers.reader import answers
from pages.ui.server.disk import Arrays

RING = 12  # starts of the flow
DIGIT = 47  # of the test set that ships: a 9 about which the network changes its mind


def solve_story(starts: np.ndarray) -> Arrays:
    """Every picture's arrays, by step and name; starts: of cos again and again."""
    cosine, layer, flow = jax.device_get(
        (
            story.settle_cosine(jax.device_put(starts)),
            story.settle_layer(*jax.device_put(story.random_layer(seed=1))),
            story.settle_flow(jax.device_put(story.ring(RING))),
        )
    )
    toy = study_toy(load_pretrained("toy").model)
    shipped = load_pretrained("mlp")
    image = load_dataset("digits").test_images[DIGIT, ..., 0]
    answer = answers(image[None], shipped, shipped.solver)[0]
    return (
        {"cosine.orbit": cosine.trace.z[..., 0], "cosine.z": cosine.z[:, 0], "cosine.nfe": cosine.nfe}
        | {"layer.states": layer.trace.z[0], "layer.nfe": layer.nfe[0]}
        | {"flow.paths": flow.trace.z, "flow.steady": flow.z.mean(axis=0), "flow.converged": flow.converged}
        | {f"toy.{name}": getattr(toy, name) for name in ("x", "prediction", "converged")}
        | {f"digit.{name}": np.asarray(value) for name, value in dataclasses.asdict(answer).items()}
        | {"digit.accuracy": np.asarray(shipped.card.accuracy)}
    )
