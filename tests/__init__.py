"""Tests of `placement`; a package, so that tests share strategies, the brute force and the damages."""
