"""Recompute the front page's arrays: python -m pages.ui.home.record"""

import numpy as np

from deq.analysis.front_page import front_page
from pages.ui.home.story import FILE

if __name__ == "__main__":
    np.savez_compressed(FILE, **front_page())  # type: ignore[arg-type]
