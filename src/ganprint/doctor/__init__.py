"""Looks at the machine and the environment, and says what is missing and what to do; changes nothing."""
