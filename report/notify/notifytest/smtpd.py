"""A mail server for tests, of Debian's python3-aiosmtpd.

smtpd.py MODE FOLDER CERTIFICATE KEY USER PASSWORD [METHOD]

MODE is starttls, tls or none. It prints its port, and writes each mail that it takes into FOLDER.
An address that begins with nobody is refused for ever, one that begins with later for now, and one
that begins with once for the first time. With a
USER, a log-on is required; METHOD is the only one that is offered.
"""

import asyncio
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Handler:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.taken = 0
        self.seen = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("later"):
            return "451 4.7.1 come back later"
        if address.startswith("once") and address not in self.seen:
            self.seen.add(address)
            return "450 4.2.0 greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.taken += 1
        head = "sender %s\nrecipients %s\nencrypted %s\nuser %s\n\n" % (
            envelope.mail_from,
            " ".join(envelope.rcpt_tos),
            session.ssl is not None,
            session.auth_data.decode() if session.auth_data else "",
        )
        new = self.folder / ("%d.tmp" % self.taken)
        new.write_bytes(head.encode() + envelope.original_content)
        new.rename(self.folder / ("%d.eml" % self.taken))
        return "250 taken"


async def main():
    mode, folder, certificate, key, user, password = sys.argv[1:7]
    context = None
    if mode != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)

    def authenticate(server, session, envelope, mechanism, data):
        right = isinstance(data, LoginPassword) and data.login == user.encode() and data.password == password.encode()
        return AuthResult(success=right, handled=right, auth_data=data.login if right else None)

    def protocol():
        options = {}
        if user:
            methods = sys.argv[7:]
            options = {
                "authenticator": authenticate,
                "auth_required": True,
                "auth_require_tls": mode == "starttls",
                "auth_exclude_mechanism": [m for m in ("PLAIN", "LOGIN") if methods and m not in methods],
            }
        if mode == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        return SMTP(handler, hostname="mail.test", enable_SMTPUTF8=False, **options)

    handler = Handler(folder)
    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", 0, ssl=context if mode == "tls" else None
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
