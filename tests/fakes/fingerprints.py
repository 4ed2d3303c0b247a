"""Fingerprints that anybody can read, and credentials that a test has accepted."""

from standby.core.request import NOBODY, Account


class PlainFingerprints:
    def __init__(self, *accepted):
        self.known = {Account(name) for name in accepted}

    def account(self, kind, credential):
        return Account(f"{kind}:{credential.reveal()}") if credential else NOBODY

    def remembered(self, account):
        return account in self.known

    def accepted(self, account):
        self.known.add(account)

    def rejected(self, account):
        self.known.discard(account)
