"""An authority, and the certificate of a server on this machine."""

import subprocess

NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def make(folder):
    """Leaves ca.pem, server.pem and server.key in the folder."""
    openssl(folder, "req", "-x509", *NEW_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30",
            "-subj", "/O=session-test/CN=kerberos test CA",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl(folder, "req", "-new", *NEW_KEY, "-keyout", "server.key", "-out", "server.csr",
            "-subj", "/O=session-test/CN=localhost")
    (folder / "server.ext").write_text(
        "basicConstraints = CA:FALSE\n"
        "keyUsage = digitalSignature, keyAgreement\n"
        "extendedKeyUsage = serverAuth\n"
        "subjectAltName = DNS:localhost,DNS:*.example.test,IP:127.0.0.1,IP:0.0.0.0\n")
    openssl(folder, "x509", "-req", "-sha256", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-out", "server.pem", "-days", "30", "-extfile", "server.ext")


def openssl(folder, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")
