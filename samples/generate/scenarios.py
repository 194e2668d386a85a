"""The samples, by the name of their folder."""

import acme
import broken
import clean

SCENARIOS = {"acme": acme, "clean": clean, "broken": broken}
