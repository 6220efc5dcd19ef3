"""Data sets as arrays: MNIST and its kin from their original files, scikit-learn's digits from its package."""

from deq.data.download import DatasetError, StalledDownload
from deq.data.sets import NAMES, Dataset, at_hand, load_dataset

__all__ = ["NAMES", "Dataset", "DatasetError", "StalledDownload", "at_hand", "load_dataset"]
