"""Ten questions for a class, each with the page that answers it."""

from dataclasses import dataclass

BREAKS = {  # the settings of "Watch it break" on Train
    "fit_cell": "two layers",
    "fit_width": "100",
    "fit_hidden": "256",
    "fit_injection": "with the state",
    "fit_solver": "Picard",
    "fit_max_nfe": "30",
    "fit_rate": "0.05",
    "fit_patience": "0",
}


@dataclass(frozen=True)
class Question:
    """ask: the question. page, query: the picture that answers it, as a link. look: what to do there.

    says: words on that page, the result that the answer relies on.
    """

    ask: str
    page: str
    query: dict[str, str]
    look: str
    answer: str
    says: str


QUESTIONS = (
    Question(
        "Press cos again and again. Does it matter where you start?",
        "fixed_points",
        {"preset": "cos x"},
        "Drag the start along the axis and watch where the staircase ends.",
        "No. Every start ends at x* = 0.7390851332, the only number with cos x = x. The slope of cos there is "
        "−0.6736, so near x* each press multiplies the distance by about 0.6736 and jumps to the other side: the "
        "staircase is a spiral.",
        "x\\* = 0.7390851332",
    ),
    Question(
        "When does an iteration stop settling?",
        "fixed_points",
        {"preset": "logistic map", "a": "2.8"},
        "Drag a to the right, slowly, in the diagram of x after many steps. At which a does the line split in two?",
        "At a = 3. The fixed point of a x (1 − x) other than 0 is 1 − 1/a, and the slope there is 2 − a. For "
        "a = 2.8 it is −0.8, and every step shrinks the error. Past a = 3 the slope is below −1: a step enlarges a "
        "small error, and the iteration ends up jumping between two numbers.",
        "multiplies the error, with alternating sign, by 0.8000",
    ),
    Question(
        "Can chaos be tamed without touching the map?",
        "fixed_points",
        {"preset": "logistic map", "a": "3.9", "map_damping": "0.5"},
        "Here a = 3.9, and each step goes only halfway. Move the damping up to 1 and back.",
        "Yes: the fixed point was there all along, but the steps ran away from it. With half steps, x is replaced by"
        " x/2 + f(x)/2, whose slope at the fixed point is 1/2 + (2 − 3.9)/2 = −0.45 instead of −1.9. Fixed points "
        "stay where they are; only the path to them changes.",
        "by 0.4500, as the slope there, −0.4500, predicts",
    ),
    Question(
        "What if depth were time?",
        "fixed_points",
        {"explore": "As an ODE", "preset": "logistic map", "a": "3.9"},
        "Compare the smooth curve with the steps. Then make the Euler step smaller.",
        "The steps stay chaotic, but the flow dx/dt = f(x) − x settles at 0.7436. An iteration needs a slope "
        "between −1 and 1; the flow only needs a slope below 1, and here it is −1.9. Euler's method with step 1 is "
        "the plain iteration, and a smaller step is damping: questions 3 and 4 have the same answer.",
        "settles at 0.7436",
    ),
    Question(
        "Why does a network that learns y = 2x end with a slope of 2/3?",
        "toy",
        {"seed": "22", "steps": "10"},
        "This network was stopped after 10 updates, and its slope is too steep. Give it 1,000 updates.",
        "At the equilibrium z = s (z + x), so z = x s/(1 − s). That is 2x only for s = 2/3. The slope also sets the "
        "cost: every application multiplies the error by s, so the solve takes 46 evaluations with s = 0.80 and 27 "
        "with 2/3. So one number, the slope, decides both the answer and what it costs to find it.",
        "the slope is **0.8022**",
    ),
    Question(
        "Is plain iteration ever the wrong tool?",
        "solvers",
        {"race_model": "random cell", "race_radius": "0.99"},
        "This cell shrinks some errors by only 1 % a step. Which solvers get there within 300 evaluations?",
        "Often. After 300 steps, 0.99³⁰⁰ = 5 % of the error is left, so plain iteration does not get there. Half "
        "steps (damped Picard) do, in about 200 evaluations, because the slowest error rotates as it shrinks. "
        "Anderson, which combines its last few steps, needs about 70. Those that converge find the same equilibrium: "
        "a solver changes the path, not the answer.",
        "Fewest evaluations: **Anderson**",
    ),
    Question(
        "How does one differentiate a loop that never ends?",
        "solvers",
        {"race_view": "Gradients", "race_model": "random cell"},
        "Compare the errors of the gradients, and the angle between the one-step gradient and the exact one.",
        "By ignoring the loop. The equilibrium solves z = f(z, x), and the implicit function theorem gives its"
        " derivative from a single linear equation, however z was found. It is exact up to rounding and needs no "
        "memory of the steps. Differentiating only the last step is cheap, but here that gradient points 70° away "
        "from the exact one.",
        "Largest error: **one-step**",
    ),
    Question(
        "Can training destroy the equilibrium?",
        "train",
        BREAKS,
        "Start the training and watch the spectral radius and the evaluations.",
        "Yes. The loss rewards right answers, not convergence. With large updates and nothing to hold it back, the "
        "spectral radius of df/dz grows past 1, plain iteration no longer settles, and the network answers from a "
        "state that is not an equilibrium. Remedies: a Jacobian penalty, a lower learning rate, or bounded "
        "weights, with which the equilibrium cannot be lost.",
        "Before training, the weights are random",
    ),
    Question(
        "Does a trained network forget where it started, as cos does?",
        "predict",
        {"predict_how": "Sixteen starts"},
        "Each line is a solve from random noise. Where do they end? Try another digit.",
        "Yes. All 16 solves end at the same equilibrium, up to the tolerance, and so at the same answer. It is "
        "question 1 with hundreds of numbers in place of one.",
        "Of 16 random starts **16** converged, **16** to the same answer",
    ),
    Question(
        "Can a network think longer about a harder question?",
        "think",
        {"rooms": "25"},
        "It was trained on mazes with 9 rooms along a side. Count the evaluations at 9, 17 and 25 rooms, then block "
        "the path while it thinks.",
        "Yes, if depth is not fixed. The same weights solve a maze with 25 rooms along a side; news of a dead end just "
        "has to travel farther, so the solve takes longer. No layer is added: the same one repeats until nothing "
        "changes.",
        "right in all 625 places",
    ),
)
