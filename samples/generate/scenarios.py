"""The samples, by the name of their folder."""

import acme
import broken
import clean
import globex

SCENARIOS = {"acme": acme, "clean": clean, "broken": broken, "globex": globex}
