"""How much a generator as a whole memorised: set-level measures on arrays, each with an interval."""
