"""The reproducibility bundle: one file with results and how they were made, and its check."""
