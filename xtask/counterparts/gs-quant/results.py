"""What a caller of gs_quant got, as JSON."""

import base64


def shown(value):
    if isinstance(value, tuple):
        return {"tuple": [shown(part) for part in value]}
    if isinstance(value, bytes):
        return {"bytes_b64": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return [shown(part) for part in value]
    if isinstance(value, dict):
        return {str(name): shown(part) for name, part in value.items()}
    if isinstance(value, BaseException):
        return raised(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return {"object": type(value).__name__}


def raised(error):
    kinds = [kind.__name__ for kind in type(error).__mro__ if kind not in (BaseException, object)]
    result = {"raised": kinds[0], "mro": kinds, "str": str(error)}
    if hasattr(error, "status"):
        result["status"] = error.status
        result["message"] = error.message
    return result


def attempt(call, *arguments, **named):
    """The result of a call, or what it raised."""
    try:
        return shown(call(*arguments, **named))
    except Exception as error:
        return raised(error)
