"""Amazon SageMaker AI: endpoints that host inference components.

SageMaker binds no copy to a machine or an accelerator, and reports no such binding. What it takes and tells are counts:
machines of a variant by type, copies of a component by type. So an import *reconstructs* which machine each copy is on,
and an export gives counts, pools and policies with a proof that the platform's own packing fits them.

Reading: `answers.py` (what the API answered, live or saved), `endpoints.py` and `inference_components.py` (what it
means), `problem.py` and `reconstruction.py` (as a problem).

Formats and rules are those of botocore 1.44.8 (API of 2017-07-24).
"""
