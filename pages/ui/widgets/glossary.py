"""One table of terms: every term of art on a page has its tooltip from here."""

TERMS = {
    "fixed point": "A point that a map leaves where it is: f(z*) = z*.",
    "equilibrium": "The fixed point z* = f(z*, x) that a model's one layer settles on; it is the model's output state.",
    "deep equilibrium model": "A network whose output is the fixed point z* = f(z*, x) of one layer, as if that layer "
    "were applied for ever.",
    "cell": "The one layer f(z, x) that is applied again and again.",
    "injection": "How the input x enters the cell at every evaluation.",
    "residual": "How far z is from being a fixed point: f(z) - z, measured before any damping.",
    "relative residual": "The residual against the size of what the cell returns: ||f(z) - z|| / ||f(z)||.",
    "NFE": "Number of function evaluations: how often f was called. Every call counts.",
    "tolerance": "The relative residual at which a solve counts as converged.",
    "converged": "The relative residual is at most the tolerance. Anything else is no equilibrium.",
    "damping": "The weight on f(z) in z + damping (f(z) - z), between 0 and 1. 1 is plain iteration.",
    "solver": "How the fixed point is looked for. All that converge find the same equilibrium, at different costs.",
    "Picard": "Plain iteration z <- f(z). It settles where every eigenvalue of df/dz lies inside the unit circle.",
    "damped Picard": "Iteration z <- z + damping (f(z) - z): slower, and it settles where plain iteration swings out.",
    "Anderson": "Anderson acceleration: the next iterate mixes the last few so that their residuals cancel.",
    "Broyden": "A quasi-Newton method: it learns the inverse Jacobian from the steps that it takes.",
    "Newton-Krylov": "Newton's method, each linear system solved by Krylov iteration with Jacobian-vector products.",
    "memory": "How many of its last steps Anderson mixes.",
    "rank": "How many updates of the inverse Jacobian Broyden keeps.",
    "Krylov space": "How many Jacobian-vector products Newton-Krylov may spend on each of its linear systems.",
    "ODE flow": "Follow dz/dt = f(z) - z to its steady state. It settles where every eigenvalue of df/dz has a real "
    "part below 1.",
    "steady state": "Where the ODE flow stops moving: dz/dt = 0, so f(z) = z.",
    "implicit": "The exact gradient through the equilibrium by the implicit function theorem: one linear solve, no "
    "memory of the way there.",
    "phantom": "A cheap gradient: a few differentiated steps of the cell at the equilibrium.",
    "unrolled": "Backpropagation through a fixed number of applications of the cell.",
    "eigenvalue": "A number λ with (df/dz) v = λ v: what one application of f makes of a small error in the "
    "direction v.",
    "spectral radius": "The largest absolute value among the eigenvalues of df/dz. Below 1, plain iteration settles.",
    "Jacobian": "The matrix of partial derivatives df/dz at a point.",
    "Jacobian penalty": "Adds the mean square of the entries of df/dz to the loss: keeps the equilibrium easy to find.",
    "Lipschitz constant": "The most that f can stretch a distance. Below 1 the fixed point is unique and iteration "
    "finds it (Banach).",
    "contraction": "A map that brings any two points closer by at least a constant factor below 1.",
    "patience": "How many updates in a row may pass in which most solves find no equilibrium, before the run is ended "
    "with its last sound weights. 0: it goes on to the end.",
    "slope": "The derivative of a scalar map. At a fixed point it is the factor by which a small error grows or "
    "shrinks at each step.",
    "cobweb": "The staircase between the curve y = f(x) and the diagonal y = x that an iteration climbs.",
    "depth": "How often the cell has been applied; a usual network would need that many layers.",
    "loss": "What training makes smaller: for the toy the mean squared error, for digits the cross-entropy.",
    "seed": "The number that fixes every random choice, so that a run can be repeated.",
    "update": "One change of the weights, after looking at all ten training inputs.",
    "extrapolation": "What the model says where it was never trained.",
    "epoch": "One pass over all training images.",
    "basin": "All starts from which an iteration settles on the same fixed point.",
    "verdict": "Where the orbit goes: converges, period N, diverges, chaotic, or undecided.",
    "Lyapunov exponent": "The mean of log |f'| along the orbit: above 0, neighbours part exponentially (chaos).",
    "phase portrait": "Arrows of the flow and the curves where one component stands still, in the plane.",
    "batch": "The samples that are solved together, each as if it were alone. Stiff digits are test digits changed by "
    "at most an eighth of the ink, so that they settle more slowly.",
    "float64": "Double precision, sixteen digits. Without it errors end at about 1e-7, whatever the tolerance.",
    "gradients": "Ways to differentiate z*. Dense, GMRES, BiCGStab, Anderson and Broyden solve the implicit equation; "
    "Neumann, phantom and one-step cut it short; unrolled and through the ODE differentiate the way to z*.",
    "gradient error": "The length of the difference from the exact gradient, over the length of the exact gradient.",
    "path independence": "The equilibrium does not depend on where the solve starts. The mean cosine from another "
    "sample's z* is the asymptotic alignment score of Anil et al. (2022).",
}


def matching(word: str) -> list[str]:
    """Terms with `word` in their name, then those that tell of it, each in alphabetical order."""
    word = word.strip().lower()
    terms = sorted(TERMS, key=str.lower)
    named = [term for term in terms if word in term.lower()]
    return named + [term for term in terms if term not in named and word in TERMS[term].lower()]


def tip(term: str) -> str:
    """The tooltip of a term, for the `help` of a widget or a metric, as Markdown."""
    if term not in TERMS:
        raise ValueError(f"No term {term!r} in the glossary; add it to pages/ui/widgets/glossary.py.")
    return TERMS[term].replace("*", r"\*")  # z* is a name, not emphasis
