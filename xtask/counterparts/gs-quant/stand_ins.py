"""In place of the package gs_quant_auth, which is not public: as much as session.py of gs_quant needs of it to define its classes."""

import sys
import types


class KerberosSessionMixin:
    @classmethod
    def domain_and_verify(cls, environment_or_domain):
        return environment_or_domain, False


class MQLoginMixin:
    pass


def put():
    for name in ("gs_quant_auth", "gs_quant_auth.kerberos", "gs_quant_auth.kerberos.session_kerberos"):
        module = types.ModuleType(name)
        module.__path__ = []
        sys.modules[name] = module
    module.KerberosSessionMixin = KerberosSessionMixin
    module.MQLoginMixin = MQLoginMixin
