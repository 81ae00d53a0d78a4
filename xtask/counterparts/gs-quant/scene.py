"""What cases run in: servers, and sessions with them."""

import urllib.request

from gs_quant.api.gs.data import GsDataApi
from gs_quant.session import Environment, GsSession
from results import raised, shown

CLIENT = {"client_id": "my-client-id", "client_secret": "my secret/+&="}

CASES = {}


def case(name, **setup):
    def register(function):
        CASES[name] = (function, setup)
        return function

    return register


def run(name, where):
    function, setup = CASES[name]
    scene = Scene(where)
    try:
        if setup.get("opened"):
            scene.session = scene.get()
            scene.session.init()
        if setup.get("current"):
            GsSession.current = scene.session
        if setup.get("defined"):
            # gs_quant keeps the types of a dataset for an hour, and the trace was recorded within it.
            GsDataApi.get_types("WEATHER")
        if setup.get("recorded", True):
            scene.begin()
        return shown(function(scene))
    except Exception as error:
        return raised(error)


class Scene:
    """Where the servers are, and a session with them."""

    def __init__(self, where):
        self.http = where["http"]
        self.other = where["other"]
        self.ws = where["ws"]
        self.client = {**CLIENT, **where.get("client", {})}
        self.session = None
        # gs_quant has the addresses of its environments in a file of its own.
        for environment in Environment:
            config = GsSession._config_for_environment(environment.name)
            config["AuthURL"] = self.http + "/as/token.oauth2"
            config["AppDomain"] = self.http
            config["MdsDomainEast"] = self.other
            config["MdsWebDomain"] = self.other

    def begin(self):
        with urllib.request.urlopen(self.http + "/--begin--") as answer:
            answer.read()

    def get(self, where=None, **named):
        return GsSession.get(where or self.http, **{**self.client, **named})

    def tokens(self):
        """How many token requests the servers have seen since they were asked last."""
        with urllib.request.urlopen(self.http + "/--tokens--") as answer:
            return int(answer.read())

    def requests(self):
        """How many requests of any kind."""
        with urllib.request.urlopen(self.http + "/--requests--") as answer:
            return int(answer.read())
