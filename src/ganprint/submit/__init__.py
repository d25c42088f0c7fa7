"""Run files: write a submission that the organisers accept, and say what is wrong with one that they would refuse."""
