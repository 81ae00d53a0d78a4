"""The cases of websockets."""

import asyncio

from cookies import with_cookies
from gs_quant.session import GsSession, PassThroughSession
from scene import case


async def said(session, path, **named):
    async with session.async_.connect_websocket(path, **named) as websocket:
        await websocket.send("hi")
        return await websocket.recv()


@case("53-ws-oauth2", opened=True)
def _(scene):
    scene.session.domain = "http" + scene.ws[2:]

    async def three():
        return [
            await said(scene.session, "/stream"),
            await said(scene.session, "/stream?x=1", headers={"X-Extra": "1"}, include_version=False),
            await said(scene.session, "/d", domain=scene.ws),
        ]

    return asyncio.run(three())


@case("54-ws-401", opened=True)
def _(scene):
    scene.session.domain = "http" + scene.ws[2:]
    return asyncio.run(said(scene.session, "/stream"))


@case("55-ws-passthrough")
def _(scene):
    session = PassThroughSession(scene.http, token="ext-token")
    session.init()
    session.domain = "http" + scene.ws[2:]
    return asyncio.run(said(session, "/stream"))


@case("56-ws-cookies")
def _(scene):
    named = {"application": "my-app", "application_version": "9"}
    by_login = GsSession.get(scene.http, token="LOGIN", is_marquee_login=True, **named)
    by_login.init()
    results = []
    for session in (with_cookies("SSO-TOKEN", "CSRF", scene), by_login):
        session.domain = "http" + scene.ws[2:]
        results.append(asyncio.run(said(session, "/stream")))
    return results
