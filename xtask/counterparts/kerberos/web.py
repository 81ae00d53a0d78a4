"""Apache with mod_auth_gssapi."""

import os
import pathlib
import shutil

from kdc import REALM, SERVICE
from servers import HOST

MODULES = pathlib.Path("/usr/lib/apache2/modules")
# Those that Debian builds in are not there as files.
WANTED = ["mpm_event", "authn_core", "authz_core", "authz_user", "alias", "headers", "env", "setenvif", "mime", "include",
          "filter", "dir", "session", "session_cookie", "request", "ssl", "socache_shmcb", "auth_gssapi", "log_config",
          "http2", "proxy", "proxy_connect"]

# Who may use the proxy.
PROXIED = [SERVICE, "alice"]

# Where a Negotiate of any kind opens, and what else holds there.
PLACES = {
    "api": "",
    # Authenticates the connection, once.
    "connection": "GssapiConnectionBound On",
    # Authenticates once, and then by a cookie.
    "cookie": "GssapiUseSessions On\n  Session On\n  SessionCookieName gssapi_session path=/cookie;httponly",
    # Takes tickets for this name alone.
    "named": "GssapiAcceptorName HTTP@api.example.test",
    # Keeps what is delegated.
    "delegated": "GssapiDelegCcacheDir {folder}/delegated",
    "basic": "GssapiBasicAuth On",
}


def apache(folder, realm, http_port, https_port, http2_port, proxy_port):
    """The command that runs it, and its environment."""
    root = folder / "apache"
    (root / "run").mkdir(parents=True)
    delegated = folder / "delegated"
    delegated.mkdir(mode=0o700)
    if os.getuid() == 0:
        shutil.chown(delegated, "nobody", "nogroup")
    for place in [*PLACES, "forbidden", "keyless"]:
        page = root / "pages" / place / "index.shtml"
        page.parent.mkdir(parents=True)
        page.write_text('{"user":"<!--#echo var="REMOTE_USER" -->"}\n')
    (root / "pages" / "open.json").write_text('{"open":true}\n')
    settings = root / "httpd.conf"
    settings.write_text(configuration(folder, realm, http_port, https_port, http2_port, proxy_port))
    return ["apache2", "-f", settings, "-D", "FOREGROUND"], realm.acceptor_environment("apache")


def configuration(folder, realm, http_port, https_port, http2_port, proxy_port):
    root = folder / "apache"
    modules = [f"LoadModule {name}_module {MODULES}/mod_{name}.so"
               for name in WANTED if (MODULES / f"mod_{name}.so").exists()]
    places = [place(folder, realm.keytab("http"), name, more, "valid-user") for name, more in PLACES.items()]
    # Authenticates, but lets nobody in.
    places.append(place(folder, realm.keytab("http"), "forbidden", "", "user nobody@EXAMPLE.TEST"))
    # Has no key at all.
    places.append(place(folder, folder / "none.keytab", "keyless", "", "valid-user"))
    user = "User nobody\nGroup nogroup\n" if os.getuid() == 0 else ""
    lines = "\n".join
    return f"""\
ServerName localhost
ServerRoot {root}
DefaultRuntimeDir {root}/run
PidFile {root}/run/httpd.pid
Mutex file:{root}/run
ErrorLog {folder}/apache.log
LogLevel warn auth_gssapi:info
{lines(modules)}
{user}StartServers 1
ServerLimit 4
ThreadsPerChild 16
MaxRequestWorkers 64
MinSpareThreads 16
MaxSpareThreads 64
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 30
Listen {HOST}:{http_port}
Listen {HOST}:{https_port}
Listen {HOST}:{http2_port}
Listen {HOST}:{proxy_port}
SSLSessionCache none
DocumentRoot {root}/pages
TypesConfig /dev/null
AddType application/json .shtml .json
AddOutputFilter INCLUDES .shtml
DirectoryIndex index.shtml
<Directory {root}/pages>
  Options +Includes
  Require all granted
</Directory>
{lines(places)}
<VirtualHost {HOST}:{https_port}>
  SSLEngine on
  SSLCertificateFile {folder}/server.pem
  SSLCertificateKeyFile {folder}/server.key
</VirtualHost>
<VirtualHost {HOST}:{http2_port}>
  Protocols h2 http/1.1
  SSLEngine on
  SSLCertificateFile {folder}/server.pem
  SSLCertificateKeyFile {folder}/server.key
  # What asks for a certificate later than the connection cannot be had by HTTP/2, and Apache says so.
  <Location /http1>
    SSLVerifyClient optional
  </Location>
</VirtualHost>
<VirtualHost {HOST}:{proxy_port}>
  ProxyRequests On
  AllowCONNECT {https_port}
  CustomLog {folder}/proxy.log "%>s %u %r"
  <Proxy "*">
    AuthType GSSAPI
    AuthName proxy
    GssapiAllowedMech krb5
    GssapiCredStore keytab:{realm.keytab("http")}
    Require user {" ".join(f"{name}@{REALM}" for name in PROXIED)}
  </Proxy>
</VirtualHost>
"""


def place(folder, keytab, name, more, who):
    return f"""\
<Location /{name}>
  AuthType GSSAPI
  AuthName example
  GssapiAllowedMech krb5
  GssapiCredStore keytab:{keytab}
  {more.format(folder=folder)}
  Require {who}
</Location>"""
