"""The cases, by the numbers of session-marquee's recorded traces."""

import asyncio
import datetime

import msgpack  # noqa: F401  (imported once, before the fork)
import pandas as pd
import requests
import websockets
from gs_quant.api.gs.users import GsUsersApi
from gs_quant.data import Dataset
from gs_quant.markets.securities import AssetIdentifier, SecurityMaster
from gs_quant.session import (
    Domain,
    Environment,
    GsSession,
    OAuth2Session,
    PassThroughSession,
)
from gs_quant.tracing import Tracer
from handshakes import said
from results import attempt
from scene import case

MSGPACK = {"Content-Type": "application/x-msgpack"}


@case("01-oauth2-init")
def _(scene):
    scene.get().init()
    return "initialised"


@case("02-oauth2-init-scopes")
def _(scene):
    scene.get(scopes=[GsSession.Scopes.RUN_ANALYTICS, "read_content"]).init()


@case("03-oauth2-init-scopes-str")
def _(scene):
    scene.get(scopes="run_analytics execute_trades").init()


@case("04-oauth2-init-direct-no-scopes")
def _(scene):
    OAuth2Session(environment=scene.http, client_id="my-client-id", client_secret="s", scopes=()).init()


@case("05-application")
def _(scene):
    session = scene.get(application="my-app", application_version="9")
    session.init()
    return session.sync.get("/users/self")


@case("06-oauth2-init-mds-web")
def _(scene):
    session = GsSession.get(Environment.PROD, client_id="c", client_secret="s", domain=Domain.MDS_WEB)
    session.init()
    session.sync.get("/ping")
    return {"verify": session.verify, "domain": session.domain}


@case("07-use-prod")
def _(scene):
    GsSession.use(Environment.PROD, client_id="c", client_secret="s")
    current = GsSession.current
    return {"domain": current.domain, "environment": current.environment.name, "verify": current.verify}


@case("08-use-mds")
def _(scene):
    GsSession.use(Environment.PROD, client_id="c", client_secret="s", use_mds=True)
    return GsSession.current.sync.get("/ping")


def passed_through(scene, token):
    session = PassThroughSession(scene.http, token=token)
    session.init()
    return session


@case("09-passthrough")
def _(scene):
    return passed_through(scene, "ext-token").sync.get("/users/self")


@case("10-passthrough-401")
def _(scene):
    return passed_through(scene, "dead").sync.get("/users/self")


@case("11-get-plain", opened=True)
def _(scene):
    return scene.session.sync.get("/users/self")


@case("12-get-params", opened=True)
def _(scene):
    payload = {
        "limit": 10,
        "q": "a b&c=d/é",
        "ids": ["x", "y"],
        "none": None,
        "flag": True,
        "d": datetime.date(2024, 1, 2),
        "f": 1.5,
    }
    return scene.session.sync.get("/data/coverage", payload)


@case("13-get-params-merged", opened=True)
def _(scene):
    return scene.session.sync.get("/data/coverage?a=1", {"b": 2})


@case("14-get-no-version", opened=True)
def _(scene):
    return scene.session.sync.get("/health", include_version=False)


@case("15-request-headers", opened=True)
def _(scene):
    headers = {"x-application": "mine", "Accept": "text/csv", "X-Extra": "1"}
    return scene.session.sync.get("/users/self", request_headers=headers)


@case("16-get-request-id", opened=True)
def _(scene):
    return scene.session.sync.get("/users/self", return_request_id=True)


@case("17-get-other-domain", opened=True)
def _(scene):
    return scene.session.sync.get("/x", domain=scene.other)


@case("18-post-json", opened=True)
def _(scene):
    payload = {
        "a": 1,
        "d": datetime.date(2024, 1, 2),
        "t": datetime.datetime(2024, 1, 2, 3, 4, 5),
        "e": GsSession.Scopes.RUN_ANALYTICS,
        "u": "é",
        "n": None,
    }
    return scene.session.sync.post("/things", payload)


@case("19-post-raw", opened=True)
def _(scene):
    post = scene.session.sync.post
    return [
        post("/raw", '{"as": "it is"}'),
        post("/raw", "a,b", request_headers={"Content-Type": "text/csv"}),
        post("/raw", b"\x00\xff", request_headers={"Content-Type": "application/octet-stream"}),
    ]


@case("20-post-empty", opened=True)
def _(scene):
    return [scene.session.sync.post("/things"), scene.session.sync.put("/things/1", {})]


@case("21-post-msgpack", opened=True)
def _(scene):
    payload = {"a": 1, "d": datetime.date(2024, 1, 2)}
    return scene.session.sync.post("/things", payload, request_headers=MSGPACK)


@case("22-post-dataframe", opened=True)
def _(scene):
    scene.session.sync.post("/df", pd.DataFrame({"a": [1, 2]}))
    scene.session.sync.post("/df0", pd.DataFrame())


@case("23-put-json", opened=True)
def _(scene):
    return scene.session.sync.put("/things/1", {"a": 2})


@case("24-delete-plain", opened=True)
def _(scene):
    return scene.session.sync.delete("/things/1")


@case("25-delete-params", opened=True)
def _(scene):
    return scene.session.sync.delete("/things", {"id": ["a", "b"]})


@case("26-delete-body", opened=True)
def _(scene):
    return scene.session.sync.delete("/things", {"id": ["a", "b"]}, use_body=True)


class T:
    def __init__(self, **named):
        self.named = named


def unpacked(value):
    if isinstance(value, T):
        return f"T({value.named})"
    if isinstance(value, dict):
        return {name: unpacked(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return tuple(unpacked(part) for part in value)
    return value


@case("27-cls-unpack", opened=True)
def _(scene):
    return [unpacked(scene.session.sync.get(path, cls=T)) for path in ("/one", "/many", "/list")]


@case("28-decoding", opened=True)
def _(scene):
    paths = ("/problem", "/text", "/bytes", "/packed", "/msgpack", "/nothing")
    return [scene.session.sync.get(path) for path in paths]


@case("29-error-statuses", opened=True)
def _(scene):
    results = {}
    for status in (400, 403, 404, 409, 422, 429, 500, 501, 502, 503, 504):
        scene.requests()
        results[status] = attempt(scene.session.sync.get, "/err")
        results[status]["requests"] = scene.requests()
    return results


@case("30-error-html", opened=True)
def _(scene):
    return [attempt(scene.session.sync.get, "/err") for _ in range(2)]


@case("31-reauth-401", opened=True)
def _(scene):
    return scene.session.sync.post("/things", {"a": 1})


@case("32-reauth-401-twice", opened=True)
def _(scene):
    return scene.session.sync.get("/things")


@case("33-reauth-refused", opened=True)
def _(scene):
    return scene.session.sync.get("/things")


@case("34-expired-token", opened=True)
def _(scene):
    return scene.session.sync.get("/users/self")


@case("35-init-failures")
def _(scene):
    results = {}
    for name in ("400", "503", "200 html", "200 no token", "302 elsewhere", "307 elsewhere"):
        session = scene.get()
        scene.tokens()
        result = attempt(lambda: session.init() or "initialised")
        results[name] = {
            "result": result,
            "token_requests": scene.tokens(),
            "session_left_set": session._session is not None,
        }
    return results


@case("36-activity-fails")
def _(scene):
    scene.get().init()
    scene.get().init()
    return "no exception"


@case("37-redirects", opened=True)
def _(scene):
    session = scene.session.sync
    return [
        attempt(session.get, "/same"),
        attempt(session.get, "/cross"),
        attempt(session.post, "/moved", {"position": "secret"}),
    ]


@case("38-transport-errors", opened=True)
def _(scene):
    results = {}
    for name in ("hang", "reset", "close without an answer", "truncated"):
        scene.requests()
        try:
            scene.session.sync.get("/bad", timeout=0.3 if name == "hang" else 65)
            results[name] = None
        except Exception as error:
            kind = type(error)
            results[name] = {"raised": f"{kind.__module__}.{kind.__name__}", "requests": scene.requests()}
    return results


@case("39-async-transport-errors", opened=True)
def _(scene):
    async def all_errors():
        results = {}
        for name in ("hang", "reset", "close without an answer", "truncated"):
            scene.requests()
            try:
                await scene.session.async_.get("/bad", timeout=0.3 if name == "hang" else 65)
                results[name] = None
            except Exception as error:
                kind = type(error)
                results[name] = {"raised": f"{kind.__module__}.{kind.__name__}", "requests": scene.requests()}
        return results

    return asyncio.run(all_errors())


@case("40-async-get", opened=True)
def _(scene):
    payload = {"a": [1, 2], "n": None, "t": True}
    return asyncio.run(scene.session.async_.get("/users/self", payload))


@case("41-async-methods", opened=True)
def _(scene):
    async def all_methods():
        session = scene.session.async_
        await session.post("/p", {"a": 1})
        await session.post("/m", {"a": 1}, request_headers=MSGPACK)
        await session.put("/u", {"a": 1})
        await session.delete("/d", {"id": "x"})
        await session.delete("/d", {"id": "x"}, use_body=True)
        await session.post("/empty")

    asyncio.run(all_methods())


@case("42-async-params-replaced", opened=True)
def _(scene):
    async def both():
        session = scene.session.async_
        return [await session.get("/data/coverage?a=1", {"b": 2}), await session.get("/data/coverage?a=1")]

    return asyncio.run(both())


@case("43-async-reauth", opened=True)
def _(scene):
    return asyncio.run(scene.session.async_.get("/things"))


@case("44-async-401-twice", opened=True)
def _(scene):
    return asyncio.run(scene.session.async_.get("/things"))


@case("45-async-with")
def _(scene):
    async def within():
        async with scene.get() as session:
            await session.async_.get("/users/self")
        return session._session is None

    return asyncio.run(within())


@case("46-async-two-loops", opened=True)
def _(scene):
    async def twice():
        session = scene.session.async_
        return [await session.get("/users/self"), await session.get("/users/self")]

    return [asyncio.run(twice()), asyncio.run(twice())]


@case("47-async-redirect", opened=True)
def _(scene):
    return asyncio.run(scene.session.async_.get("/cross"))


@case("48-users-api")
def _(scene):
    with scene.get():
        return [
            GsUsersApi.get_current_user_info(),
            GsUsersApi.get_my_guid(),
            GsUsersApi.get_current_app_managers(),
        ]


@case("49-dataset-get-data", opened=True, current=True)
def _(scene):
    data = Dataset("WEATHER").get_data(
        datetime.date(2016, 1, 15), datetime.date(2016, 1, 16), city=("Boston", "Austin")
    )
    return {name: {str(key): value for key, value in data[name].items()} for name in data.columns}


@case("50-dataset-coverage", opened=True, current=True, defined=True)
def _(scene):
    dataset = Dataset("WEATHER")
    return [
        str(dataset.get_coverage()),
        str(dataset.get_data_last(datetime.datetime(2024, 1, 2), city="Boston")),
    ]


@case("51-security-master", opened=True, current=True)
def _(scene):
    return str(SecurityMaster.get_asset("GS", AssetIdentifier.TICKER))


@case("52-tracing", opened=True)
def _(scene):
    session = scene.session
    with Tracer("work"):
        session.sync.get("/users/self")
        asyncio.run(session.async_.post("/things", {"a": 1}))
        session.domain = "http" + scene.ws[2:]
        return asyncio.run(said(session, "/stream"))


@case("stand-in", recorded=False)
def _(scene):
    """With what stands in for Marquee, which records by itself."""
    with scene.get() as session:
        weather = Dataset("WEATHER")
        data = weather.get_data(datetime.date(2024, 1, 1), datetime.date(2024, 1, 2), city="Boston")
        scene.session = session
        session.domain = scene.http
        return [
            GsUsersApi.get_current_user_info()["name"],
            weather.get_coverage()["city"].tolist(),
            data["v"].tolist(),
            weather.get_data_last(datetime.datetime(2024, 1, 9))["v"].tolist(),
            attempt(session.sync.get, "/status/401")["status"],
            session.sync.post("/echo", {"a": 1}, request_headers=MSGPACK)["body"],
            asyncio.run(said(session, "/stream")),
        ]


@case("libraries", recorded=False)
def _(scene):
    """What gs_quant's HTTP libraries say of themselves, without gs_quant."""

    async def handshake():
        try:
            async with websockets.connect(scene.ws + "/plain"):
                pass
        except websockets.exceptions.WebSocketException:
            pass

    asyncio.run(handshake())
    return dict(requests.utils.default_headers())
