"""The glossary: the definitions behind the tooltips on every page."""

from pages.ui.widgets.text import unbroken

TERMS = {
    "fixed point": "A point that a map does not change: f(z*) = z*.",
    "equilibrium": "The fixed point z* = f(z*, x) of a model's cell for the input x; the answer is read from it.",
    "deep equilibrium model": "DEQ: a network whose output is the fixed point z* = f(z*, x) of one layer, like a "
    "network that repeats this layer infinitely often.",
    "cell": "The layer f(z, x) that is applied repeatedly.",
    "injection": "How the input x enters the cell, at every evaluation.",
    "residual": "The difference f(z) - z, measured before damping; zero at a fixed point.",
    "relative residual": "The residual relative to the output of the cell: ||f(z) - z|| / ||f(z)||.",
    "estimated error": "The distance ||z - z*|| / ||z|| to the fixed point, estimated from the last step: the residual "
    "divided by 1 minus the factor by which it shrinks per step. Where that factor is near 1, a small residual hides a "
    "large error.",
    "NFE": "Number of function evaluations: how often f was called.",
    "tolerance": "The relative residual at which a solve counts as converged.",
    "converged": "The relative residual is at most the tolerance, and the state has not diverged. "
    "Otherwise the state is not an equilibrium.",
    "damping": "The weight on f(z) in z + damping (f(z) - z), above 0 and at most 1; 1 is plain iteration.",
    "solver": "The method that finds the fixed point. Solvers differ in cost and in when they converge.",
    "Picard": "Plain iteration z <- f(z). From a start near z* it converges if all eigenvalues of df/dz lie inside "
    "the unit circle.",
    "damped Picard": "Iteration z <- z + damping (f(z) - z): slower, but it also converges where plain "
    "iteration oscillates.",
    "Anderson": "Anderson acceleration: the next iterate combines the last few so that their residuals cancel.",
    "Broyden": "A quasi-Newton method that estimates the inverse Jacobian from its steps.",
    "Newton-Krylov": "Newton's method; each linear system is solved by Krylov iteration with Jacobian-vector products.",
    "memory": "How many of the last steps Anderson combines.",
    "rank": "How many updates of the inverse Jacobian Broyden keeps.",
    "Krylov space": "Dimension of the Krylov space in which Newton-Krylov solves each linear system; that takes up to "
    "two Jacobian-vector products more than this.",
    "ODE flow": "Integrate dz/dt = f(z) - z to its steady state. From a start near z* it converges if all eigenvalues "
    "of df/dz have a real part below 1.",
    "steady state": "Where the ODE flow stops moving: dz/dt = 0, so f(z) = z.",
    "implicit": "The exact gradient through the equilibrium by the implicit function theorem: one linear solve, and "
    "no intermediate states are stored.",
    "phantom": "An approximate gradient: backpropagation through a few applications of the cell at z*.",
    "unrolled": "Backpropagation through a fixed number of applications of the cell.",
    "eigenvalue": "A number λ with (df/dz) v = λ v: applying f multiplies a small error in the direction v by λ.",
    "spectral radius": "The largest absolute value of the eigenvalues of df/dz. Below 1, plain iteration "
    "converges from a start near z*.",
    "certificate": "A proof that no change of the input within a given radius can change the answer.",
    "Jacobian": "The matrix of partial derivatives df/dz at a point.",
    "Jacobian penalty": "Weight of the squared Frobenius norm of df/dz, divided by the number of state entries, in "
    "the loss. It keeps the equilibrium stable and fast to find.",
    "Lipschitz constant": "The largest factor by which f stretches a distance. Below 1 the fixed point is unique and "
    "iteration finds it (Banach).",
    "contraction": "A map that shrinks all distances by at least a constant factor: its Lipschitz constant is below 1.",
    "monotone": "A cell relu(W z + x) whose W is computed from the trained parameters so that there is always exactly "
    "one equilibrium.",
    "Peaceman-Rachford": "A splitting method for monotone cells; it converges for any weights and step size.",
    "learned start": "A small network that guesses the equilibrium; the solve starts from the guess.",
    "patience": "Stop a run early, with its last good weights, after this many consecutive updates that fail: most "
    "solves do not converge, or most updates are not finite. 0: never.",
    "slope": "The derivative of a scalar map. At a fixed point it is the factor by which each step multiplies a small "
    "error.",
    "orbit": "The values x, f(x), f(f(x)), … that an iteration visits.",
    "cobweb": "The staircase between the curve y = f(x) and the diagonal y = x that traces an iteration.",
    "depth": "How many times the cell has been applied, like the number of layers of an ordinary network.",
    "evidence": "How strongly the model prefers one class to another: log(p/q), the logarithm of the ratio of their "
    "probabilities.",
    "calibration error": "How far stated probabilities are from the share of answers that are right, on average.",
    "parity": "Whether the number of 1s is odd (1) or even (0).",
    "loss": "What training minimises: mean squared error for curves, cross-entropy for classes.",
    "seed": "Where all random numbers start: the same seed gives the same result.",
    "update": "One training step. For y = 2x, each uses all ten training inputs.",
    "extrapolation": "Prediction outside the training range.",
    "epoch": "One pass over all training data.",
    "basin": "All starts from which an iteration converges to the same fixed point.",
    "verdict": "What the orbit does in the long run: converges, period N, diverges, chaotic, or undecided.",
    "Lyapunov exponent": "The mean of log |f'| along the orbit. Above 0, nearby orbits separate exponentially (chaos).",
    "phase portrait": "The flow in the plane: arrows, and the curves where one component does not change.",
    "batch": "Samples that are solved together, each as if it were alone. Stiff digits are test digits with each pixel "
    "changed by at most an eighth of full ink, so that they converge more slowly.",
    "float64": "Double precision, sixteen digits. In float32, errors cannot fall much below 1e-7.",
    "gradients": "Ways to differentiate z*. Implicit: exact, by one linear system in I - J, J = df/dz. Dense, GMRES, "
    "BiCGStab, Anderson and Broyden solve that system; Neumann, phantom and one-step only approximate its solution; "
    '"unrolled" and "through the ODE" differentiate the steps to z*.',
    "Neumann": "An approximate gradient: the first terms of the series I + J + J² + … for the inverse of I - J, "
    "where J = df/dz.",
    "one-step": "The phantom gradient of a single application of the cell: Jacobian-free backpropagation.",
    "gradient error": "Norm of the difference from the exact gradient, divided by the norm of the exact gradient.",
    "path independence": "The equilibrium does not depend on where the solve starts. Asymptotic alignment score: mean "
    "cosine between z* from the model's own start and from another start (noise, or another sample's z*). Anil et "
    "al. (2022).",
}


def matching(word: str) -> list[str]:
    """Terms with `word` in their name, then those with it in their definition, each in alphabetical order."""
    word = word.strip().lower()
    terms = sorted(TERMS, key=str.lower)
    named = [term for term in terms if word in term.lower()]
    return named + [term for term in terms if term not in named and word in TERMS[term].lower()]


def tip(term: str) -> str:
    """The tooltip of a term, for the `help` of a widget or a metric, as Markdown."""
    if term not in TERMS:
        raise ValueError(f"No term {term!r} in the glossary; add it to pages/ui/widgets/glossary.py.")
    return unbroken(TERMS[term].replace(" - ", " − ")).replace("*", r"\*")  # z* is a name, not emphasis
