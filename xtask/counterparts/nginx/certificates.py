"""Certificate authorities, and what they sign, made by openssl."""

import subprocess

SERVER = ("basicConstraints = CA:FALSE\n"
          "keyUsage = digitalSignature, keyAgreement\n"
          "extendedKeyUsage = serverAuth\n"
          # 0.0.0.0 is this machine too, though it does not look it: what is on loopback is never reached by a proxy.
          "subjectAltName = DNS:localhost,IP:127.0.0.1,IP:0.0.0.0\n")
CLIENT = ("basicConstraints = CA:FALSE\n"
          "keyUsage = digitalSignature\n"
          "extendedKeyUsage = clientAuth\n")

NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class Authority:
    """One authority: its certificate is in `file`."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.file = folder / f"{name}.pem"
        openssl(folder, "req", "-x509", *NEW_KEY, "-keyout", f"{name}.key", "-out", self.file.name, "-days", "30",
                "-subj", f"/O=session-test/CN=nginx {name}",
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def sign(self, name, common_name, extensions):
        """Leaves a certificate in `name.pem`, its key in `name.key`, and both in `name.both.pem`, whose path it returns."""
        openssl(self.folder, "req", "-new", *NEW_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", f"/O=session-test/CN={common_name}")
        (self.folder / f"{name}.ext").write_text(extensions)
        openssl(self.folder, "x509", "-req", "-in", f"{name}.csr", "-CA", self.file.name, "-CAkey", f"{self.name}.key",
                "-CAcreateserial", "-out", f"{name}.pem", "-days", "30", "-extfile", f"{name}.ext")
        both = self.folder / f"{name}.both.pem"
        both.write_text((self.folder / f"{name}.pem").read_text() + (self.folder / f"{name}.key").read_text())
        return both


def openssl(folder, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")
