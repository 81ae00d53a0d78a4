#!/usr/bin/python3
"""Makes a domain, its accounts and their keytabs, by Samba's own modules for Python.

    domain.py SMB_CONF KEYTABS < ACCOUNTS

ACCOUNTS is JSON: of each account its name, password, service principal names, and whether services may act for others by it.
KEYTABS is a folder. samba-tool would do the same, but has root change the owners of files that nobody looks at here.
"""

import json
import logging
import pathlib
import sys

import samba.dckeytab  # noqa: F401, gives `Net` its `export_keytab`
from samba.auth import system_session
from samba.dsdb import DS_DOMAIN_FUNCTION_2008_R2
from samba.net import Net
from samba.param import LoadParm
from samba.provision import provision
from samba.samdb import SamDB

AES_ALONE = 8 | 16  # msDS-SupportedEncryptionTypes: AES128 and AES256, no RC4
TRUSTED_FOR_DELEGATION = 0x80000


def main():
    settings, keytabs = sys.argv[1], pathlib.Path(sys.argv[2])
    accounts = json.load(sys.stdin)
    parameters = LoadParm()
    parameters.load(settings)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    made = provision(
        logging.getLogger(), system_session(), smbconf=settings, realm=parameters.get("realm"),
        domain=parameters.get("workgroup"), hostname="dc", hostip="127.0.0.1",
        serverrole="active directory domain controller", dns_backend="NONE", dom_for_fun_level=DS_DOMAIN_FUNCTION_2008_R2,
        skip_sysvolacl=True)
    samdb = SamDB(url=made.paths.samdb, session_info=system_session(), lp=parameters)
    for account in accounts:
        add(samdb, **account)
    net = Net(None, parameters)
    for account in accounts:
        for principal in [account["name"], *account["services"]]:
            net.export_keytab(keytab=str(keytabs / f"{account['name']}.keytab"), principal=principal)


def add(samdb, name, password, services, delegates):
    samdb.newuser(name, password)
    dn = samdb.search(expression=f"sAMAccountName={name}", attrs=["userAccountControl"])[0]
    control = int(dn["userAccountControl"][0]) | (TRUSTED_FOR_DELEGATION if delegates else 0)
    changes = f"dn: {dn.dn}\nchangetype: modify\n"
    for attribute, values in [("servicePrincipalName", services), ("userAccountControl", [control]),
                              ("msDS-SupportedEncryptionTypes", [AES_ALONE])]:
        if values:
            changes += f"replace: {attribute}\n" + "".join(f"{attribute}: {value}\n" for value in values) + "-\n"
    samdb.modify_ldif(changes)
    # Keys are made of a password when it is set, by what is supported then.
    samdb.setpassword(f"(sAMAccountName={name})", password)


if __name__ == "__main__":
    main()
