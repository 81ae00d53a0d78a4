"""In place of the package gs_quant_auth, which is not public: as much as session.py of gs_quant needs of it to define its classes."""

import sys
import types

import requests.cookies


class KerberosSessionMixin:
    @classmethod
    def domain_and_verify(cls, environment_or_domain):
        return environment_or_domain, False


class MQLoginMixin:
    def __init__(self, mq_login_token, jwt_token):
        self.mq_login_token = mq_login_token

    @classmethod
    def domain_and_verify(cls, environment_or_domain):
        return environment_or_domain, False

    def _authenticate(self):
        cookie = requests.cookies.create_cookie(domain=".gs.com", name="MarqueeLogin", value=self.mq_login_token)
        self._session.cookies.set_cookie(cookie)


def put():
    for name in ("gs_quant_auth", "gs_quant_auth.kerberos", "gs_quant_auth.kerberos.session_kerberos"):
        module = types.ModuleType(name)
        module.__path__ = []
        sys.modules[name] = module
    module.KerberosSessionMixin = KerberosSessionMixin
    module.MQLoginMixin = MQLoginMixin
