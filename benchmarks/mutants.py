"""One-line mistakes, for `benchmarks.mutations`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """`old`, which occurs once in the file, becomes `new`; `tests`: files or folders of tests, without tests/.

    long: those of `make long` too.
    """

    file: str
    old: str
    new: str
    tests: str
    long: bool = False


MUTATIONS = [
    Mutation("deq/data/puzzles.py", "(exits < 2)", "(exits < 1)", "data/test_puzzles.py"),
    Mutation(
        "deq/data/puzzles.py", "*there.T, (door + 2) % 4", "*there.T, (door + 1) % 4", "data/test_puzzles.py"
    ),
    Mutation("deq/data/puzzles.py", "right, (door + 2) % 4", "right, door", "data/test_puzzles.py"),
    Mutation("deq/jobs/turns.py", "if not has_one:", "if True:", "jobs/test_turns.py"),
    Mutation("deq/data/edits.py", "x[row + down, column + across, back] ^= 1", "pass", "data/test_edits.py"),
    Mutation("deq/training/wander.py", "jnp.where(here, drawn, start)", "start", "training/test_wander.py"),
    Mutation("deq/analysis/thinking.py", "answers[:, -1] = last", "pass", "analysis/test_thinking.py"),
    Mutation(
        "deq/models/inference.py",
        "Implicit() if gradient.seeks_equilibrium else gradient",
        "gradient",
        "training/test_wander.py",
    ),
    Mutation(
        "deq/training/step.py",
        "length=size)\n    health =",
        "length=size)\n    state = replace(state, average=state.parameters)\n    health =",
        "training/test_training.py",
    ),
    Mutation(
        "deq/cells/bounds.py",
        "(w + w.T) / 2",
        "(w + w.T)",
        "cells/test_bounds.py",
    ),
    Mutation(
        "deq/cells/bounds.py",
        "logits = _norm(apart[0], -1) + _norm(apart[1], 0) * norm / 2",
        "logits = _norm(apart[0], -1)",
        "cells/test_bounds.py",
    ),
    Mutation(
        "deq/analysis/certificates.py",
        "- apart * missed[:, None]",
        "+ apart * missed[:, None]",
        "analysis/test_certificates.py",
    ),
    Mutation(
        "deq/models/weights.py",
        "model.cell.m = _m_of(data)",
        "_m_of(data)",
        "analysis/test_certificates.py",
    ),
    Mutation(
        "deq/models/model_file.py",
        "hashlib.sha256(code).hexdigest()",
        "hashlib.sha256(text.encode()).hexdigest()",
        "cli/test_own_model.py",
    ),
    Mutation(
        "deq/solvers/picard.py",
        "self.damping * (f_z - z)",
        "self.damping * (z - f_z)",
        "solvers/test_solvers.py",
    ),
    Mutation(
        "deq/solvers/loop.py",
        "<= self.solver.max_nfe",
        "<= self.solver.max_nfe + 1",
        "solvers/test_solvers.py",
    ),
    Mutation(
        "deq/solvers/loop.py",
        "kept = met | (c.active & better)",
        "kept = c.active",
        "solvers/test_failures.py",
    ),
    Mutation(
        "deq/solvers/anderson.py",
        "memory: int = static(5)",
        "memory: int = static(1)",
        "solvers/test_solvers.py",
    ),
    Mutation(
        "deq/solvers/broyden.py", "return factor * (g + ", "return factor * (g - ", "solvers/test_solvers.py"
    ),
    Mutation(
        "deq/solvers/newton.py",
        "calls=1 + products + trials",
        "calls=products + trials",
        "solvers/test_solvers.py",
    ),
    Mutation(
        "deq/gradients/implicit.py",
        "lambda _, right: backward(right).z",
        "lambda _, right: forward(right).z",
        "gradients/test_gradients.py",
    ),
    Mutation(
        "deq/gradients/implicit.py",
        "lambda v: v - push(v), b",
        "lambda v: v + push(v), b",
        "gradients/test_orders.py",
    ),
    Mutation(
        "deq/gradients/implicit.py",
        "(g, g), length=self.terms)",
        "(g, g), length=self.terms + 1)",
        "gradients/test_gradients.py",
    ),
    Mutation("deq/cells/monotone.py", "- a.T @ a + b - b.T", "- a @ a + b - b.T", "cells/test_cells.py"),
    Mutation(
        "deq/cells/monotone.py",
        "kernel[::-1, ::-1].swapaxes(2, 3)",
        "kernel[::-1, ::-1]",
        "cells/test_cells.py",
    ),
    Mutation(
        "deq/cells/conv.py",
        "zip(corner, lengths, strict=True)",
        "zip(corner[::-1], lengths, strict=True)",
        "cells/test_conv.py",
    ),
    Mutation(
        "deq/images/ink.py",
        "np.clip(strength - level, 0, 1)",
        "strength - level",
        "images/test_images.py images/test_reading.py",
    ),
    Mutation(
        "deq/images/ink.py",
        "if drawn > grey.mean()",
        "if drawn < grey.mean()",
        "images/test_images.py images/test_reading.py",
    ),
    Mutation(
        "deq/images/digits.py",
        "-extent(boxes[i])",
        "extent(boxes[i])",
        "images/test_images.py images/test_reading.py",
    ),
    Mutation(
        "deq/maps/scalar.py",
        "1 - self.damping + self.damping * slope",
        "self.damping * slope",
        "maps",
    ),
    Mutation("deq/maps/verdicts.py", "if period == 1 or", "if period == 2 or", "maps"),
    Mutation("deq/maps/scalar.py", "return np.abs(self.slope) < 1", "return self.slope < 1", "maps"),
    Mutation(
        "deq/plots/residuals.py",
        "known = ~(np.isnan(counts) | np",
        "known = ~(np.isnan(counts) & np",
        "plots",
    ),
    Mutation("deq/plots/cobweb.py", "[twice[:-1], np.", "[twice[1:], np.", "plots"),
    Mutation(
        "deq/training/comparison.py",
        "other_high < low or high < other_low",
        "other_high < high or low < other_low",
        "training/test_comparison.py",
    ),
    Mutation(
        "deq/jobs/comparison.py",
        "or self._halted or self._current is not None",
        "or self._current is not None",
        "jobs/test_comparison.py",
    ),
    Mutation("deq/jobs/record.py", "self._stride *= 2", "self._stride += 2", "jobs"),
    Mutation("deq/jobs/record.py", "(Status.QUEUED, Status.RUNNING)", "(Status.RUNNING,)", "jobs"),
    Mutation(
        "pages/ui/train/run.py", "(Status.FAILED, Status.LOST)", "(Status.LOST,)", "pages/test_train.py"
    ),
    Mutation(
        "pages/ui/fixed_points/words.py",
        '"0" if abs(x) < 1e-7',
        '"0" if x < 1e-7',
        "pages/test_fixed_points.py",
    ),
    Mutation("pages/ui/train/settings.py", '"fit_patience": 200', '"fit_patience": 100', "net/test_links.py"),
    Mutation("deq/cli/predict.py", "raise typer.Exit(1)", "raise typer.Exit(2)", "cli/test_cli.py"),
    Mutation(
        "deq/cli/request.py",
        '"--json", "--resume", "--quiet"',
        '"--resume", "--quiet"',
        "cli/test_cli.py",
    ),
    Mutation(
        "deq/data/tasks.py",
        "min(5_000, n // 10)",
        "min(5_000, n // 5)",
        "data/test_tasks.py data/test_data.py",
    ),
    Mutation(
        "deq/data/tasks.py",
        "return Examples(column, 2 * column)",
        "return Examples(column, column)",
        "data/test_tasks.py data/test_data.py",
    ),
    Mutation(
        "deq/models/calibration.py",
        "logits / np.exp(log_temperature)",
        "logits * np.exp(log_temperature)",
        "models/test_calibration.py",
    ),
    Mutation("deq/models/calibration.py", "np.abs(gaps).sum()", "gaps.sum()", "models/test_calibration.py"),
    Mutation(
        "deq/models/inference.py",
        "return self.probabilities.argmax(axis=1)",
        "return self.probabilities.argmax(axis=0)",
        "models/test_inference.py",
    ),
    Mutation("deq/training/step.py", "1.0 - sound)", "sound)", "training/test_training.py"),
    Mutation("deq/training/step.py", "jnp.where(sound, new, old)", "new", "training/test_training.py"),
    Mutation(
        "deq/training/early_stopping.py",
        "self._unsound < self._patience",
        "self._unsound <= self._patience + 9",
        "training/test_early_stopping.py",
    ),
    Mutation(
        "deq/analysis/gradient_error.py",
        "np.linalg.norm(a - b) / sizes[1]",
        "np.linalg.norm(a - b) ** 2 / sizes[1]",
        "analysis/test_comparison_gradients.py",
    ),
    Mutation(
        "deq/analysis/comparison/spectrum.py",
        "np.abs(1 - damping + damping",
        "np.abs(damping + damping",
        "analysis/test_comparison.py",
    ),
    Mutation(
        "deq/analysis/explanation/occlusion.py",
        "patch // 2  # (places",
        "patch  # (places",
        "analysis/test_explanation.py",
    ),
    Mutation("deq/devices.py", "max(1, quota // period)", "quota // period", "test_parts.py"),
    Mutation(
        "deq/devices.py", "return jax.process_index() == 0", "return True", "test_devices.py", long=True
    ),
    Mutation(
        "deq/solvers/precision.py",
        'jax.default_matmul_precision("highest")',
        'jax.default_matmul_precision("high")',
        "gradients/test_precision.py",
    ),
    Mutation(
        "deq/solvers/precision.py",
        "found.converged & reached",
        "found.converged",
        "gradients/test_precision.py",
    ),
    Mutation("deq/solvers/rounding.py", "mantissa_bits=10", "mantissa_bits=11", "solvers/test_rounding.py"),
    Mutation(
        "deq/solvers/anderson.py",
        '"right": memory.right[..., places]',
        '"right": memory.right[..., : len(places)]',
        "solvers/test_slowest.py",
    ),
    Mutation(
        "deq/models/weights.py",
        "model.temperature = _number_of(data, TEMPERATURE, 0.01, 100)",
        "_number_of(data, TEMPERATURE, 0.01, 100)",
        "models/test_calibration.py",
    ),
    Mutation("deq/devices.py", "total / mesh.size", "total", "test_parts.py", long=True),
    Mutation(
        "deq/gradients/backprop.py",
        'constant_once_in(inputs, found.z, ONCE.format("Phantom"))',
        "found.z",
        "gradients/test_orders.py",
    ),
    Mutation(
        "deq/jobs/contenders.py", "ELASTIC if augmentation", "0.0 if augmentation", "pages/test_compare.py"
    ),
]
