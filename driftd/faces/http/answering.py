"""What cannot be done, told as a problem: the same for every route."""

from starlette.requests import Request
from starlette.responses import Response

from driftd.errors import ConfigError, DecisionError, FencedError, SealError, SourceError, StoreError
from driftd.faces.http.reply import refused
from driftd.faces.http.way import Answerer


async def answered(answer: Answerer, request: Request) -> Response:
    """Answer, or say what was wrong; raises `FencedError` and bugs."""
    try:
        return await answer(request)
    except DecisionError as error:
        status = 404 if error.unknown else 400 if error.invalid else 409
        return refused(request, status, str(error), error.hint)
    except FencedError:
        raise
    except (ConfigError, SealError) as error:
        return refused(request, 409, str(error), "the daemon reads the keys that its own configuration names")
    except SourceError as error:
        return refused(request, 503, str(error), error.hint)
    except StoreError as error:
        return refused(request, 503, str(error), "see the log of the daemon")
