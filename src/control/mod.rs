//! Tables to results: the catalogue of tests, the portable SQL they are written in, and the frameworks they map to.
