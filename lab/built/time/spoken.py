"""
What a server of a file says beside its certificate: pins by header, and the key that comes next.

Scenes and timelines say it with the same keys of `language.Spoken`. It makes no
certificate and opens no connection.
"""

from __future__ import annotations

from lab.built.time.language import Spoken
from lab.observation import Line
from lab.pki.authority import Credential, Key
from lab.pki.pins import pin_of
from lab.pki.says import PKP, Says
from lab.scenes.announced import announced

FAKE_BACKUP = "sha256/" + "A" * 43 + "="
"""32 zero octets: the pin of no key that anybody holds."""


def said(
    words: Spoken, credential: Credential, backup: Key, *, line: Line = Line.GENUINE, subdomains: bool = False
) -> Says | None:
    """
    What goes with this credential, while `backup` is the service's backup key; None where nothing is said.

    An attacker, who does not hold the backup key, can only claim that it comes next.
    """
    if not words.pins and not words.announces:
        return None
    path = [pin_of(one) for one in credential.path]
    keys = {"root": path[-1:], "intermediate": sorted(path[1:-1]), "leaf": path[:1]}
    keys |= {"backup": [pin_of(backup.public_key())], "made-up": [FAKE_BACKUP]}
    pins = [pin for word in words.pins for pin in keys[word]]
    headers = ((PKP, announced(*pins, days=words.max_age_days, subdomains=subdomains)),) if pins else ()
    if not words.announces:
        return Says(headers)
    if line is Line.GENUINE:
        return Says(headers, successors=(backup,))
    return Says(headers, claims=(backup.public_key(),))
