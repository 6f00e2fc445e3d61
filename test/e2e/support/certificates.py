# SPDX-License-Identifier: MIT
"""Certificates of any validity and with any extensions, made by `openssl ca`."""

import datetime
import os
import subprocess

CONFIG = """
[ca]
default_ca = any
[any]
new_certs_dir = .
database = index.txt
serial = serial
default_md = sha256
policy = free
unique_subject = no
copy_extensions = none
[free]
commonName = optional
"""
CA = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign",
      "subjectKeyIdentifier=hash")


def _moment(days):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return when.strftime("%Y%m%d%H%M%SZ")


class Issuer:
    """Makes them in `folder`, where the files of earlier ones stand."""

    def __init__(self, folder):
        self.folder = folder
        if not os.path.exists(os.path.join(folder, "ca.cnf")):
            self._write("ca.cnf", CONFIG)
            self._write("index.txt", "")

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def _openssl(self, *words):
        subprocess.run(["openssl", *words], check=True, cwd=self.folder,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def issue(self, name, extensions, issuer=None, subject=None, days=(-1, 30),
              key=("ec", "ec_paramgen_curve:P-256"), digest="sha256"):
        """NAME.pem and NAME.key, signed by ISSUER.key (None: by itself); CN is `subject`, or NAME."""
        self._write(f"{name}.ext", "\n".join(extensions) + "\n")
        self._openssl("req", "-new", "-newkey", key[0], "-pkeyopt", key[1], "-nodes", "-keyout",
                      f"{name}.key", "-subj", f"/CN={subject or name}", "-out", f"{name}.csr")
        sign = ["-selfsign", "-keyfile", f"{name}.key"] if issuer is None else [
            "-cert", f"{issuer}.pem", "-keyfile", f"{issuer}.key"]
        self._openssl("ca", "-batch", "-config", "ca.cnf", "-in", f"{name}.csr", "-out",
                      f"{name}.pem", "-notext", "-startdate", _moment(days[0]), "-enddate",
                      _moment(days[1]), "-md", digest, "-extfile", f"{name}.ext", "-rand_serial",
                      *sign)
