"""boto3, loaded when it is first needed; and what goes wrong with it, in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from placement.errors import UsageError, printable

EXTRA = "sagemaker"
_MOST_WORDS = 300
_OF_SERVER = 500  # codes from here on are faults of the service, which may have done what it was asked


class UnansweredError(UsageError):
    """A call that was sent and had no answer that says so: whether it was carried out is not known."""


def open_client(service: str, region: str = "", endpoint_url: str = "") -> Any:
    """A client of a service of AWS, with the credentials that boto3 finds by itself: none pass through here.

    Raises UsageError: boto3 is not installed, or no region is set.
    """
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise UsageError(f"SageMaker is reached with boto3: pip install 'gpu-placement[{EXTRA}]'") from None
    try:
        return boto3.client(
            service,
            region_name=region or None,
            endpoint_url=endpoint_url or None,
            config=Config(retries={"max_attempts": 4, "mode": "standard"}, user_agent_extra="placement"),
        )
    except (BotoCoreError, ValueError) as error:
        raise UsageError(f"no client of {service}: {_words(error)}; see --region and --endpoint-url") from None


@contextmanager
def told(call: str) -> Iterator[None]:
    """What a call is refused with, as a `UsageError` that names the call.

    Raises UsageError: the service refused, or could not be reached.
    Raises UnansweredError: the connection broke after the call was sent, the service failed, or what answered was not
    the service.
    """
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        code, message = details.get("Code", "an error"), details.get("Message", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        kind = UnansweredError if status >= _OF_SERVER else UsageError
        raise kind(f"{call}: refused with {_words(code)}: {_words(message)}") from None
    except HTTPClientError as error:
        raise UnansweredError(f"{call}: {_words(error)}") from None
    except BotoCoreError as error:
        raise UsageError(f"{call}: {_words(error)}") from None
    except UsageError:
        raise
    except Exception as error:  # botocore's parsers raise what Python does of an answer that is no JSON object
        raise UnansweredError(f"{call}: the answer is none of the service ({type(error).__name__})") from None


def _words(text: object) -> str:
    return printable(" ".join(str(text).split()))[:_MOST_WORDS]
