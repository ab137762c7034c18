"""Certificates: why a bound holds, written down so that `placement.check_certificate` can check it.

`docs/maths/certificates.md` has the format. The reasons are those of the pattern bound (`patterns`): its tree of nodes
becomes the tree of the certificate, the prices of each node its reason, and an engine's word stands only where prices
do not do.
"""

from placement.certificates.build import Certificate, write_certificate

__all__ = ["Certificate", "write_certificate"]
