"""The cases of sessions that were given cookies."""

import socket

from gs_quant.session import PassThroughGSSSOSession
from scene import case


@case("57-gssso-csrf")
def _(scene):
    session = with_cookies("SSO-TOKEN", "CSRF", scene)
    for host, path in (("marquee.gs.com", "/users/self"), ("other.gs.com", "/x"), ("notgs.example", "/x")):
        session.sync.get(path, domain=named(host, scene.http))
    return [
        (cookie.name, cookie.domain, cookie.path, "secure" if cookie.secure else "not secure", cookie._rest)
        for cookie in session._session.cookies
    ]


@case("58-gssso-new-cookies")
def _(scene):
    session = with_cookies("SSO-TOKEN", "CSRF", scene)
    there = named("marquee.gs.com", scene.http)
    session.sync.get("/users/self", domain=there)
    session.init(cookies={"MARQUEE-CSRF-TOKEN": "CSRF-2"})
    session.sync.get("/users/self", domain=there)


def named(host, address):
    """The server at this address, by another name."""
    port = address.rsplit(":", 1)[1]
    look_up = socket.getaddrinfo
    if not hasattr(look_up, "stands_in"):
        def stand_in(name, *arguments, **more):
            return look_up("127.0.0.1" if not name[0].isdigit() else name, *arguments, **more)

        stand_in.stands_in = True
        socket.getaddrinfo = stand_in
    return f"http://{host}:{port}"


def with_cookies(token, csrf_token, scene):
    session = PassThroughGSSSOSession(scene.http, token, csrf_token=csrf_token)
    session.init()
    return session
