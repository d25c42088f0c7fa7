"""How good are answers: figures with intervals, trivial answers beside them, and what the paper printed.

This room knows score tables and truth, and no comparator.
"""
