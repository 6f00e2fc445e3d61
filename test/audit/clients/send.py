# SPDX-License-Identifier: MIT
"""smtplib: python3 send.py FORM HOW HOST PORT NAME FROM TO[,TO] MESSAGE USER PASSWORD

FORM is `default-context` or `no-context`, which is what a call without `context` is."""

import smtplib
import ssl
import sys

form, how, host, port, name, sender, to, message, user, password = sys.argv[1:]
context = ssl.create_default_context() if form == "default-context" else None
if how == "implicit":
    session = smtplib.SMTP_SSL(host, int(port), local_hostname=name, context=context)
else:
    session = smtplib.SMTP(host, int(port), local_hostname=name)
with session:
    if how == "starttls":
        session.starttls(context=context)
    session.login(user, password)
    with open(message, "rb") as file:
        refused = session.sendmail(sender, to.split(","), file.read())
if refused:
    sys.exit(f"refused: {refused}")
