"""What a JSON schema cannot say: which requests make no sense though each part of them is well-formed."""

import schemathesis
from schemathesis import GenerationMode

# Of the account that the tests have.
ACCOUNT = "default"


def is_meant_well(case) -> bool:
    """Whether a request is generated to be accepted."""
    return case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE


def wishes(case) -> dict:
    """What a token is asked for with."""
    body = case.body if isinstance(case.body, dict) else {}
    return {name: value for name, value in {**(case.query or {}), **body}.items() if value is not None}


@schemathesis.hook
def filter_case(context, case):
    """A target needs a scope, and there is one, of this Box; a user needs an app that acts for users."""
    wish = wishes(case)
    targets = [name for name in ("resource", "shared_link") if name in wish]
    makes_sense = len(targets) <= ("scope" in wish) and "user" not in wish
    makes_sense = makes_sense and not str(wish.get("resource", "")).startswith("http")
    return makes_sense or not is_meant_well(case)


@schemathesis.hook
def map_case(context, case):
    """Every other name is one that there is, so that the tests get past `unknown_account`."""
    if is_meant_well(case):
        for container, name in ((case.path_parameters, "name"), (case.query, "account")):
            if container and isinstance(container.get(name), str) and ord(container[name][0]) % 2 == 0:
                container[name] = ACCOUNT
    return case
