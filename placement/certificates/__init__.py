"""Certificates: why a bound holds, written down so that `placement.check_certificate` can check it.

*Formulation.* A tree whose leaves together allow every plan. Each leaf has a reason: prices, as whole numbers, at which
whatever it allows costs at least the bound (LP duality), that nothing fits, or an engine's word on a program that is
written down. `docs/maths/certificates.md` has the format.

*Method and source.* The reasons are those of the pattern bound (`patterns`): its tree of nodes becomes the tree of the
certificate, the prices of each node its reason, and an engine's word stands only where prices do not do. Safe dual
bounds of branch and price from rounded prices: Held, Cook and Sewell 2012, Math. Prog. Comput. 4,
https://doi.org/10.1007/s12532-012-0042-3.

*Modules.* `search` tries the arguments, `reasons` says what prices prove of a node, `covering` what several
inequalities do, `cliques` and `rules` those of components that never share a machine and of groups of pools. `nodes`
writes the tree, `names` calls things as the document does, `build` puts the certificate together.

*Inputs.* A finished `Solve`, and seconds for arguments that the solve itself did not need.
*Returns.* A `Certificate`; it may claim less than the solve does.
*Errors.* `SolverBugError` where its prices prove more than a plan at hand costs.
*Complexity.* O(nodes x (modes + items)) to write; a bound made anew costs what `patterns` does.
"""

from placement.certificates.build import Certificate, write_certificate

__all__ = ["Certificate", "write_certificate"]
