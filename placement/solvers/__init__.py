"""The solvers by name, each behind the same signature; `registry` lists them, `portfolio` chooses among them."""
