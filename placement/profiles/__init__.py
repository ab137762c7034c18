"""How much a copy of a model serves: measurements in `placement-profile/v1`, readers of what benchmarks write, options.

`read_profiles` reads a file of any known tool; `choose` gives the most that each model serves within limits on times.
"""

from placement.profiles.importing import read_profiles
from placement.profiles.options import Choices, Limits, Size, choose
from placement.profiles.profile import Found, Given, Profile, to_csv

__all__ = ["Choices", "Found", "Given", "Limits", "Profile", "Size", "choose", "read_profiles", "to_csv"]
