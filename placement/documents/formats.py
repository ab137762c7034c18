"""The documents of this package by their formats, as a person calls them: for errors about a file of another kind."""

FORMATS = {
    "placement/v1": "a problem",
    "placement-plan/v1": "a plan",
    "placement-scaling/v1": "a scaling policy",
    "placement-scenarios/v1": "scenarios",
    "placement-scenario-plan/v1": "a plan for scenarios",
    "placement-simulation/v1": "a simulation",
    "placement-policy-comparison/v1": "a comparison of policies",
    "placement-hybrid/v1": "an answer of placement hybrid",
    "placement-headroom/v1": "a curve of headroom",
    "placement-frontier/v1": "a frontier",
    "placement-room/v1": "an answer of placement make-room",
    "placement-transition/v1": "a transition",
    "placement-rollout/v1": "a rollout",
    "placement-audit/v1": "an audit",
    "placement-diff/v1": "a diff",
    "placement-certificate/v1": "a certificate",
    "placement-profile/v1": "a table of measurements",
    "placement-sagemaker-steps/v1": "the steps of an export",
}


def mistaken(found: object, wanted: str, called: str = "") -> str | None:
    """The rule that a document of another format of ours breaks; None where it is the one wanted, or is not known.

    `called` are words for what is wanted, where it has no format or others would do as well.

    >>> mistaken("placement-plan/v1", "placement/v1")
    'this is a plan; a problem is wanted'
    """
    if found == wanted or not isinstance(found, str) or found not in FORMATS:
        return None
    name = called or FORMATS[wanted]
    return f"this is {FORMATS[found]}; {name} {'are' if name.endswith('scenarios') else 'is'} wanted"
