"""
What must come out, written by hand: one letter for each client in each scene.

    S  served        the client talked to the genuine server
    B  outage        the client refused the genuine server
    o  stopped       the client refused an attacker
    X  intercepted   the attacker has the client's secret

Nobody generates this table. Where it disagrees with the sockets, somebody has
to find out which of the two is wrong.
"""

from __future__ import annotations

from lab.observation import Outcome

LEGEND = {"S": Outcome.SERVED, "B": Outcome.OUTAGE, "o": Outcome.STOPPED, "X": Outcome.INTERCEPTED}

# The columns, in the groups that the spaces below make.
CLIENTS = (
    # ask nobody, ask the CAs
    "trust-everything", "unpinned",
    # one pin: root, intermediate, leaf key, leaf certificate
    "root-pinned", "intermediate-pinned", "leaf-pinned", "certificate-pinned",
    # several pins
    "leaf-or-backup", "any-of-chain", "leaf-and-ca",
    # what was met first
    "first-use-key", "first-use-certificate", "first-use-with-ca",
    # careless
    "pins-presented-chain", "no-host-name-check", "ignores-ca-flag",
    "checks-too-late", "skips-when-resumed", "switched-off",
)  # fmt: skip

ROTATIONS = {
    "ordinary_day":                   "SS SSSS SSS SSS SSSSSS",
    "same_key":                       "SS SSSB SSS SBS SSSSSS",
    "new_key":                        "SS SSBB BSB BBB BSSBBS",
    "backup_key":                     "SS SSBB SSB BBB BSSBBS",
    "new_intermediate":               "SS SBBB BSB BBB BBBBBS",
    "other_intermediate_same_key":    "SS SBSB SSS SBS SBBSSS",
    "new_ca":                         "SS BBBB BBB BBB BBBBBS",
    "other_ca_same_key":              "SS BBSB SSB SBS SBBSSS",
    # whoever looks at what was sent still finds the old leaf there
    "old_chain_left_behind":          "SS BBBB BBB BBB SBBBBS",
    # a cross-sign of the new root has the new root's key, so even what was sent holds no pinned key but one: none here
    "cross_sign_sent_along":          "SS BBBB BBB BBB BBBBBS",
    "move_to_cdn":                    "SS BBBB BBB BBB BBBBBS",
    # the same bytes on the wire; the store decides where the path ends
    "new_root_cross_signed":          "SS SBBB BSB BBB BBBBBS",
    "new_root_in_store":              "SS BBBB BBB BBB BBBBBS",
    # only the root has gone from the path
    "chain_shortened":                "SS BSSS SSS SSS SSSSSS",
    "rsa_to_ecdsa":                   "SS SBBB BSB BBB BBBBBS",
    "ecdsa_to_ml_dsa":                "SS BBBB BBB BBB BBBBBS",
    # server B is the renewal with a new key; server A changes nothing in that
    "two_servers":                    "SS SSBB BSB BBB BSSBBS",
    "company_proxy":                  "SS BBBB BBB BBB BBBBBS",
    # built-in pins refuse the first visit, first-use clients the second
    "first_visit_before_a_move":      "SS BBBB BBB BBB BBBBBS",
    "moved_after_expiry":             "SS BBBB BBB BBB BBBBBS",
    # who skips the check on a resumed session is served, by luck
    "session_from_another_component": "SS BBBB BBB BBB BBBBSS",
}  # fmt: skip

ATTACKS = {
    # nothing but ordinary validation is needed, and who has seen the real key needs not even that
    "self_signed_certificate":        "Xo oooo ooo ooo oooooX",
    "untrusted_rogue_ca":             "Xo oooo ooo ooo oooooX",
    "look_alike_root":                "Xo oooo ooo ooo oooooX",
    # ordinary validation is content from here on; a late check is robbed before it objects
    "other_trusted_ca":               "XX oooo ooo ooo oooXoX",
    "installed_ca":                   "XX oooo ooo ooo oooXoX",
    "sibling_intermediate":           "XX Xooo oXo ooo oooXoX",
    "same_intermediate":              "XX XXoo oXo ooo oXXXoX",
    "stolen_backup_key":              "XX XXoo XXo ooo oXXXoX",
    "stolen_key_new_certificate":     "XX XXXo XXX XoX XXXXXX",
    "stolen_key_and_certificate":     "XX XXXX XXX XXX XXXXXX",
    "chain_stuffing":                 "XX oooo ooo ooo XooXoX",
    # the forged certificate holds the pinned public key, and was sent
    "forged_link":                    "XX oooo ooo ooo XooXoX",
    # here the first link of the chain fails already, so nobody gets as far as his pins
    "stuffed_rogue_chain":            "Xo oooo ooo ooo oooooX",
    # each of the next two robs the one client that does not look there
    "other_hosts_certificate":        "Xo oooo ooo ooo oXoooX",
    "leaf_as_ca":                     "Xo oooo ooo ooo ooXooX",
    # first-use clients without a CA read no dates
    "expired_with_stolen_key":        "Xo oooo ooo XXo oooooX",
    # first-use clients trust whoever is there first
    "first_contact":                  "XX oooo ooo XXX oooXoX",
    # no client of this table lets go of what it remembers when a certificate expires
    "waited_for_expiry":              "XX oooo ooo ooo oooXoX",
    "session_resumed":                "XX oooo ooo ooo oooXXX",
}  # fmt: skip

EXPECTED = {
    scene: {client: LEGEND[letter] for client, letter in zip(CLIENTS, row.replace(" ", ""), strict=True)}
    for scene, row in (ROTATIONS | ATTACKS).items()
}
