"""
What must come out, written by hand: one letter for each client in each scene.

    S  served        the client talked to the genuine server
    B  outage        the client refused the genuine server
    o  stopped       the client refused an attacker
    X  intercepted   the attacker has the client's secret

A few clients are columns, cell by cell; where what was said before counts, a
cell has a letter for each meeting, and the worst is the outcome. Every other one, a real implementation
too, is *like* another, except in the scenes that it names. Nobody generates
either. Where they disagree with the sockets, somebody has to find out which of
the two is wrong. `python tests/expectations.py` prints all of it as one grid,
for the eye.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from lab.observation import Outcome
from lab.policy.check import Basis, Learnt
from lab.policy.clients import Client
from lab.scenes.catalogue import CASES, twin_of

LEGEND = {"S": Outcome.SERVED, "B": Outcome.OUTAGE, "o": Outcome.STOPPED, "X": Outcome.INTERCEPTED}

# ---- cell by cell ---------------------------------------------------------------------------------

# The columns, in the groups that the spaces below make.
BASE = (
    # ask nobody, ask the CAs
    "trust-everything", "unpinned",
    # one pin: root, intermediate, leaf key, leaf certificate
    "root-pinned", "intermediate-pinned", "leaf-pinned", "certificate-pinned",
    # is robbed before it objects, so what becomes of it is not what it decides
    "checks-too-late",
)  # fmt: skip

ROTATIONS = {
    "ordinary_day":                   "SS SSSS S",
    "same_key":                       "SS SSSB S",
    "new_key":                        "SS SSBB B",
    "backup_key":                     "SS SSBB B",
    "new_intermediate":               "SS SBBB B",
    "other_intermediate_same_key":    "SS SBSB S",
    "new_ca":                         "SS BBBB B",
    "other_ca_same_key":              "SS BBSB S",
    # only who pinned the backup
    "backup_key_other_ca":            "SS BBBB B",
    "old_chain_left_behind":          "SS BBBB B",
    # a cross-sign of the new root has the new root's key, so even what was sent holds no pinned key but one: none here
    "cross_sign_sent_along":          "SS BBBB B",
    # the site's old key is in it, and was sent; on the path it is not
    "makeshift_link":                 "SS BBBB B",
    "move_to_cdn":                    "SS BBBB B",
    # the same bytes on the wire; the store decides where the path ends
    "new_root_cross_signed":          "SS SBBB B",
    "new_root_in_store":              "SS BBBB B",
    # only the root has gone from the path
    "chain_shortened":                "SS BSSS S",
    "rsa_to_ecdsa":                   "SS SBBB B",
    "ecdsa_to_ml_dsa":                "SS BBBB B",
    # server B is the renewal with a new key; server A changes nothing in that
    "two_servers":                    "SS SSBB B",
    "company_proxy":                  "SS BBBB B",
    # built-in pins refuse the first visit, first-use clients the second
    "first_visit_before_a_move":      "SS BBBB B",
    "moved_after_expiry":             "SS BBBB B",
    "session_from_another_component": "SS BBBB B",
    # the lab's own clients go on to the root
    "intermediate_beside_root":       "SS SSSS S",
    # every client here looks for its pins under the host's one canonical name
    "new_ca_trailing_dot":            "SS BBBB B",
    # nobody here asks for a staple, so all these are an ordinary day
    "revoked_in_use":                 "SS SSSS S",
    "responder_down":                 "SS SSSS S",
    "staple_from_the_cache":          "SS SSSS S",
    "staple_stuck":                   "SS SSSS S",
    "responder_mixes_up_issuers":     "SS SSSS S",
    # nor for what logs have signed: a new CA, the same key, and three times a new one
    "ca_forgot_to_log":               "SS BBBB B",
    "another_departments_order":      "SS SSBB B",
    "scts_of_the_last_one":           "SS SSSB S",
    "logs_late":                      "SS SSBB B",
    "logs_fell_apart":                "SS SSBB B",
    # nor DNS, so these are a renewal with a new key
    "key_published_in_time":          "SS SSBB B",
    "resolver_without_dnssec":        "SS SSBB B",
    "records_changed_with_the_key":   "SS SSBB B",
    # nor does anybody here fetch anything
    "ca_unreachable":                 "SS SSSS S",
    "broken_files":                   "SS SSSS S",
    "words_from_the_cache":           "SS SSSS S",
    "list_late":                      "SS SSSS S",
    "revoked_before_the_update":      "SS SSSS S",
    "wrong_part_served":              "SS SSSS S",
    "short_life":                     "SS SSSS S",
    "clock_behind":                   "SS SSSS S",
    # and this is a renewal with a new key
    "intermediate_closed_down":       "SS SSBB B",
    "responder_down_must_staple":     "SS SSSS S",
}  # fmt: skip

ATTACKS = {
    # nothing but ordinary validation is needed, and who has seen the real key needs not even that
    "self_signed_certificate":        "Xo oooo o",
    "untrusted_rogue_ca":             "Xo oooo o",
    "look_alike_root":                "Xo oooo o",
    # ordinary validation is content from here on; a late check is robbed before it objects
    "other_trusted_ca":               "XX oooo X",
    "installed_ca":                   "XX oooo X",
    "sibling_intermediate":           "XX Xooo X",
    "same_intermediate":              "XX XXoo X",
    "stolen_backup_key":              "XX XXoo X",
    "stolen_key_new_certificate":     "XX XXXo X",
    "stolen_key_and_certificate":     "XX XXXX X",
    # the one attack that stops whoever trusts everything: the handshake itself asks for the key
    "certificate_without_its_key":    "oo oooo o",
    "chain_stuffing":                 "XX oooo X",
    # the forged certificate holds the pinned public key, and was sent
    "forged_link":                    "XX oooo X",
    # here the first link of the chain fails already, so nobody gets as far as his pins
    "stuffed_rogue_chain":            "Xo oooo o",
    # each of the next two robs the one client that does not look there
    "other_hosts_certificate":        "Xo oooo o",
    "leaf_as_ca":                     "Xo oooo o",
    "expired_with_stolen_key":        "Xo oooo o",
    "first_contact":                  "XX oooo X",
    # who asks the CAs learns nothing from it
    "untrusted_first_contact":        "Xo oooo o",
    # no client of this table lets go of what it remembers when a certificate expires
    "waited_for_expiry":              "XX oooo X",
    "session_resumed":                "XX oooo X",
    # and the mirrors: each as its rotation, with X for S and o for B
    "stolen_key_other_ca":            "XX ooXo X",
    "stolen_key_other_intermediate":  "XX XoXo X",
    "stolen_backup_other_ca":         "XX oooo X",
    "cross_sign_misused":             "XX oooo X",
    "certificate_from_the_cdn":       "XX oooo X",
    "new_root_misissues":             "XX Xooo X",
    "new_root_in_store_misissues":    "XX oooo X",
    # the very certificate, and only the root is missing
    "shortened_with_stolen_key":      "XX oXXX X",
    "ecdsa_intermediate_misissues":   "XX Xooo X",
    "ml_dsa_ca_misissues":            "XX oooo X",
    "attacker_among_servers":         "XX XXoo X",
    "stolen_key_beside_root":         "XX XXXX X",
    "other_trusted_ca_trailing_dot":  "XX oooo X",
    # and these the stolen key with its certificate
    "revoked_key_stapled":            "XX XXXX X",
    "staple_withheld":                "XX XXXX X",
    "staple_replayed":                "XX XXXX X",
    "staple_replayed_past_its_end":   "XX XXXX X",
    "another_issuers_staple":         "XX XXXX X",
    # another trusted CA, a stolen key, and three times the site's own CA
    "unlogged":                       "XX oooo X",
    "logged_in_public":               "XX XXoo X",
    "scts_copied":                    "XX XXXo X",
    "used_before_it_is_public":       "XX XXoo X",
    "entry_hidden":                   "XX XXoo X",
    # and these the same intermediate
    "zone_taken_over":                "XX XXoo X",
    "records_forged":                 "XX XXoo X",
    "records_do_not_name_it":         "XX XXoo X",
    "every_word_cut":                 "XX XXXX X",
    "forged_words":                   "XX XXXX X",
    "words_replayed":                 "XX XXXX X",
    "words_replayed_past_their_end":  "XX XXXX X",
    "thief_before_the_update":        "XX XXXX X",
    "part_withheld":                  "XX XXXX X",
    "short_key_stolen":               "XX XXXX X",
    "clock_set_back":                 "XX XXXX X",
    # no other CA is needed
    "issuing_ca_stolen":              "XX XXoo X",
    # as when a long one is over
    "short_key_stolen_past_its_end":  "Xo oooo o",
    "staple_withheld_must_staple":    "XX XXXX X",
}  # fmt: skip

# Who is served although the service erred: whoever asks no CA at all.
SLIPS = {
    "forgot_to_renew":                "SB BBBB B",
    "name_left_out":                  "SB BBBB B",
    "reached_by_another_name":        "SB BBBB B",
    "root_distrusted":                "SB BBBB B",
    # the lab's own clients want a self-signed anchor, and try no other path
    "intermediate_instead_of_root":   "SB BBBB B",
    "useless_cross_sign_first":       "SB BBBB B",
    "short_renewal_broken":           "SB BBBB B",
}  # fmt: skip

# Meeting by meeting: a site announces its next key, in a header and as a successor, and somebody comes with it or with
# another. None of these columns listens, so what each does is what its pins do on that day. Twins stand together.
ANNOUNCED = {
    "announced_key":            "SSS SSS    SSS SSS SSB SSB          SSB",
    "unannounced_key":          "SSX SSX    SSX SSX SSo SSo          SSX",
    "lost_keys":                "SSSS SSSS  SSSS SSSS SSBB SSBB      SSBB",
    "attacked_until_the_pins_end": "SSXX SSXX  SSXX SSXX SSoo SSoo   SSXX",
    "moved_without_a_word":     "SSS SSS    SBB SBB SBB SBB          SBB",
    "attacked_after_the_cap":   "SXX SXX    Soo Soo Soo Soo          SXX",
    "back_from_another_ca":     "SSSS SSSS  SBSS SBSS SBSS SBSS      SBSS",
    "hostile_pins":             "SXSS SXSS  SoSS SoSS SoSS SoSS      SXSS",
    "first_visit_announces":    "SSS SSS    BSS BSS BSS BSS          BSS",
    "first_contact_announces":  "XXS XXS    ooS ooS ooS ooS          XXS",
    # validation refuses both attackers; in between comes a key that no pin names
    "relayed_announcement":     "XXSX ooSo  ooSo ooSo ooBo ooBo      ooBo",
    "rolled_back":              "SSSS SSSS  SSSS SSSS SSBS SSBB      SSBS",
    "old_key_stolen":           "SSSX SSSX  SSSX SSSX SSBX SSBo      SSBX",
    "announcement_replaced":    "SSSSS SSSSS  SSSSS SSSSS SSSBB SSBBB  SSSBB",
    "thief_announces":          "SSXSX SSXSX  SSXSX SSXSX SSXBo SSoBo  SSXBX",
}  # fmt: skip

SCENES = ROTATIONS | ATTACKS | ANNOUNCED | SLIPS
ATTACKED = {*ATTACKS, *(scene for scene, row in ANNOUNCED.items() if "X" in row)}
ROTATED = {*ROTATIONS, *ANNOUNCED} - ATTACKED

# ---- like another, except -------------------------------------------------------------------------

Like = tuple[str, dict[str, str]]


def like(name: str, /, **but: str) -> Like:
    """The column of the client `name`, with other letters in the scenes that are named."""
    return name, but


# What a program's way of building paths gives it, where its pins hold too.
ANY_ANCHOR = {"intermediate_instead_of_root": "S"}
OTHER_PATHS = {"useless_cross_sign_first": "S"}
# Whom a client met first it remembers: the attacker who was there first robs it, and whoever comes next is another.
MET_FIRST = {
    "first_contact": "X",
    "first_visit_announces": "SBB",
    "first_contact_announces": "XoB",
    "relayed_announcement": "XXBo",
}
# And who asks no CA, anybody at all.
MET_ANYBODY_FIRST = MET_FIRST | {"untrusted_first_contact": "X"}
READS_NO_DATE = {"expired_with_stolen_key": "X", "short_key_stolen_past_its_end": "X"}
# Who knew the key before the first contact is no better off later, and safe then.
KNEW_BEFORE = {
    "first_contact": "o",
    "untrusted_first_contact": "o",
    "first_visit_announces": "BSS",
    "first_contact_announces": "ooS",
    "relayed_announcement": "ooBo",
}
# Who heeds what a site says moves with it, and forgets the key that it left. And believes the thief who has the key,
# until the thief is gone and after.
FOLLOWS = {
    "rolled_back": "SSSB",
    "old_key_stolen": "SSSo",
    "announcement_replaced": "SSSBS",
    "thief_announces": "SSXBX",
}

NEVER_SERVED = "a client that pins where it never looks"
"""Like it is who has an outage in every scene, the ordinary day included."""

DERIVED = {
    "leaf-or-backup": like(
        "leaf-pinned", backup_key="S", backup_key_other_ca="S", stolen_backup_key="X", stolen_backup_other_ca="X"
    ),
    # any pin will do, so whatever has one of the three keys passes
    "any-of-chain": like(
        "root-pinned", other_ca_same_key="S", chain_shortened="S",
        stolen_key_other_ca="X", shortened_with_stolen_key="X",
    ),
    "leaf-and-ca": like("leaf-pinned", other_ca_same_key="B", stolen_key_other_ca="o"),
    # asks no CA: reads no date and no name, and trusts whoever is there first
    "first-use-key": like(
        "leaf-pinned", **READS_NO_DATE, **MET_ANYBODY_FIRST, **dict.fromkeys(SLIPS, "S")
    ),
    # the same; only the certificate's memory notices a new one for the same key
    "first-use-certificate": like(
        "certificate-pinned", **READS_NO_DATE, **MET_ANYBODY_FIRST,
        **dict.fromkeys((one for one in SLIPS if one != "name_left_out"), "S"),
    ),
    "first-use-with-ca": like("leaf-pinned", **MET_FIRST | {"relayed_announcement": "ooSo"}),
    # finds the old leaf wherever it was sent
    "pins-presented-chain": like(
        "leaf-pinned", old_chain_left_behind="S", makeshift_link="S", chain_stuffing="X", forged_link="X"
    ),
    # reads no name
    "no-host-name-check": like(
        "intermediate-pinned", other_hosts_certificate="X", name_left_out="S", reached_by_another_name="S"
    ),
    "ignores-ca-flag": like("intermediate-pinned", leaf_as_ca="X"),
    # who skips the check on a resumed session is served, by luck, and robbed
    "skips-when-resumed": like("leaf-pinned", session_from_another_component="S", session_resumed="X"),
    "switched-off": like("trust-everything"),
}  # fmt: skip

# Clients that learn, which are columns only where they are asked for.
LEARNING = {
    # what the site says by header is all that they have; in the scenes above where nobody says anything it is nothing.
    # They are browsers: they try other paths
    "hpkp-no-cap": like(
        "unpinned", **ANY_ANCHOR, **OTHER_PATHS, **FOLLOWS, unannounced_key="SSo", lost_keys="SSBS",
        attacked_until_the_pins_end="SSoX", moved_without_a_word="SBB", attacked_after_the_cap="Soo",
        back_from_another_ca="SSBB", hostile_pins="SXBB",
    ),
    # sixty days after the header it is a browser without pins: for the site, and for whoever waits
    "hpkp-capped": like(
        "hpkp-no-cap", moved_without_a_word="SBS", attacked_after_the_cap="SoX", back_from_another_ca="SSBS",
        hostile_pins="SXBS",
    ),
    # what it noted last counts, and when that is over what it came with; an installed CA overrides both
    "hpkp-preloaded": like(
        "leaf-or-backup", **ANY_ANCHOR, **OTHER_PATHS, **FOLLOWS, announced_key="SSS", installed_ca="X",
        company_proxy="S",
    ),
    "strict-known-only": like("first-use-key", **KNEW_BEFORE),
    # a user who always says yes is no check, and one who never does is none that could be told from a refusal
    "ask-always": like("trust-everything"),
    "ask-never": like("first-use-key"),
    "successor": like("first-use-key", **FOLLOWS, announced_key="SSS"),
    # takes the relayed announcement for the attacker's own, and does not notice that he has gone
    "successor-without-proof": like("successor", relayed_announcement="XXSo"),
    "successor-at-first-use": like("successor", first_visit_announces="SSS", first_contact_announces="XXB"),
}  # fmt: skip

# Who asks for a staple does what he did, but where the staple says something, or is none.
REVOKED = {"revoked_in_use": "B", "revoked_key_stapled": "o"}
# Who requires one refuses whatever is no word, the honest one too.
NO_WORD = {
    "responder_down": "B", "staple_withheld": "o",
    "staple_stuck": "B", "staple_replayed_past_its_end": "o",
    "responder_mixes_up_issuers": "B", "another_issuers_staple": "o",
    "ca_unreachable": "B", "every_word_cut": "o", "broken_files": "B", "forged_words": "o",
    "list_late": "B", "words_replayed_past_their_end": "o", "wrong_part_served": "B", "part_withheld": "o",
    # whoever has set a clock back has a word of that day at hand as well
    "clock_behind": "B",
    "responder_down_must_staple": "B", "staple_withheld_must_staple": "o",
}  # fmt: skip
# Who reads a promise in the certificate refuses where it is not kept.
PROMISED = {"responder_down_must_staple": "B", "staple_withheld_must_staple": "o"}

# Who reads no date of an answer or a list.
ANY_AGE = {"list_late": "S", "words_replayed_past_their_end": "X", "clock_behind": "S"}

STAPLES = {
    "heeds-staple": like("unpinned", **REVOKED),
    "heeds-staple-pinned": like("leaf-pinned", **REVOKED),
    "honours-must-staple": like("unpinned", **REVOKED, **PROMISED),
    # a CA that somebody installed signs certificates and no responses
    "requires-staple": like("unpinned", **REVOKED, **NO_WORD, company_proxy="B", installed_ca="o"),
    "requires-staple-pinned": like("leaf-pinned", **REVOKED, **NO_WORD),
    "staple-of-any-issuer": like("requires-staple", responder_mixes_up_issuers="S", another_issuers_staple="X"),
    "staple-of-any-age": like("requires-staple", staple_stuck="S", staple_replayed_past_its_end="X", **ANY_AGE),
}

# Who counts what logs have signed does what he did, but where they signed nothing, or signed it for another.
NO_SCTS = {"ca_forgot_to_log": "B", "unlogged": "o"}
ANOTHERS_SCTS = {"scts_of_the_last_one": "B", "scts_copied": "o"}
# Who wants a proof waits for the entry; who wants a witness asks for one tree that all see.
NOT_YET = {"logs_late": "B", "used_before_it_is_public": "o"}
TWO_TREES = {"logs_fell_apart": "B", "entry_hidden": "o"}

NOT_PUBLIC = {*NO_SCTS, *ANOTHERS_SCTS, *NOT_YET, *TWO_TREES, "company_proxy", "installed_ca"}
"""Where what is presented is not in trees that everybody sees."""

IN_PUBLIC = {
    "counts-scts": like("unpinned", **NO_SCTS, **ANOTHERS_SCTS),
    "counts-scts-pinned": like("leaf-pinned", **ANOTHERS_SCTS),
    # a CA that somebody installed hands nothing in, and nobody excuses it
    "counts-scts-of-all": like("counts-scts", company_proxy="B", installed_ca="o"),
    "takes-any-sct": like("unpinned", **NO_SCTS),
    "wants-witness": like("counts-scts", **NOT_YET, **TWO_TREES),
    "takes-any-head": like("counts-scts", **NOT_YET),
}

# Where the key is another and the owner has not published it, who asks DNS refuses: each of these is a theft of
# nothing, and stolen keys are not among them, but one that the site had left.
NOT_NAMED = {
    "company_proxy": "B", "records_changed_with_the_key": "B",
    **dict.fromkeys(
        (
            "other_trusted_ca", "installed_ca", "sibling_intermediate", "same_intermediate", "stolen_backup_key",
            "chain_stuffing", "forged_link", "first_contact", "waited_for_expiry", "session_resumed",
            "stolen_backup_other_ca", "cross_sign_misused", "certificate_from_the_cdn", "new_root_misissues",
            "new_root_in_store_misissues", "ecdsa_intermediate_misissues", "ml_dsa_ca_misissues",
            "attacker_among_servers", "other_trusted_ca_trailing_dot", "records_do_not_name_it",
            "unlogged", "logged_in_public", "used_before_it_is_public", "entry_hidden", "issuing_ca_stolen",
        ),
        "o",
    ),
    "unannounced_key": "SSo", "attacked_until_the_pins_end": "SSoo", "attacked_after_the_cap": "Soo",
    "hostile_pins": "SoSS", "first_contact_announces": "ooS", "old_key_stolen": "SSSo", "thief_announces": "SSXSo",
}  # fmt: skip

DANE = {
    "dane-soft": like("unpinned", **NOT_NAMED),
    # and where the signatures are gone
    "dane-hard": like("dane-soft", resolver_without_dnssec="B", records_forged="o"),
}

# Who asks the issuer hears what it says, whatever is stapled.
ASKED = REVOKED | {
    "staple_withheld": "o", "staple_withheld_must_staple": "o", "staple_replayed": "o",
    "staple_replayed_past_its_end": "o", "revoked_before_the_update": "B", "thief_before_the_update": "o",
}  # fmt: skip
LISTED = ASKED | {"another_issuers_staple": "o"}
# And who asks about every certificate hears of those above the leaf.
ABOVE = {"intermediate_closed_down": "B", "issuing_ca_stolen": "o"}
NOTHING_FETCHED = {
    "ca_unreachable": "B", "every_word_cut": "o", "broken_files": "B", "forged_words": "o",
    "list_late": "B", "words_replayed_past_their_end": "o", "wrong_part_served": "B", "part_withheld": "o",
    "clock_behind": "B",
}  # fmt: skip
# What came with an update before the thief did he cannot cut; half a day is its lag.
PUSHED = {
    **REVOKED,
    "staple_withheld_must_staple": "o", "staple_withheld": "o", "staple_replayed": "o",
    "staple_replayed_past_its_end": "o", "another_issuers_staple": "o", "every_word_cut": "o", "forged_words": "o",
    "words_replayed": "o", "words_replayed_past_their_end": "o", "part_withheld": "o",
}  # fmt: skip

FETCHED = {
    "answer-soft": like("unpinned", **ASKED, **ABOVE),
    "answer-hard": like(
        "answer-soft", **NOTHING_FETCHED, company_proxy="B", installed_ca="o", responder_down="B",
        responder_mixes_up_issuers="B", another_issuers_staple="o",
    ),
    "list-soft": like("unpinned", **LISTED, **ABOVE),
    "list-hard": like("list-soft", **NOTHING_FETCHED, company_proxy="B", installed_ca="o"),
    "list-hard-pinned": like("leaf-pinned", **LISTED, **NOTHING_FETCHED),
    "pushed-list": like("unpinned", **PUSHED),
    "pushed-list-pinned": like("leaf-pinned", **PUSHED),
    # no other site of the catalogue has short ones
    "trusts-short-certificates": like(
        NEVER_SERVED, short_life="S", short_key_stolen="X", short_key_stolen_past_its_end="o"
    ),
    "list-of-the-leaf-only": like("list-hard", intermediate_closed_down="S", issuing_ca_stolen="X"),
    "crl-check-all-alone": like("unpinned"),
    "list-of-any-age": like("list-hard", **ANY_AGE),
    "answer-of-any-issuer": like("answer-hard", responder_mixes_up_issuers="S", another_issuers_staple="X"),
}  # fmt: skip

NOT_GOOD = {*NO_WORD, *LISTED, *ABOVE, *NOTHING_FETCHED, *PUSHED, "company_proxy", "installed_ca"}
"""Where what is stapled, fetched or pushed is not a fresh word that all is well."""
SHORT = {"short_life", "short_key_stolen", "short_key_stolen_past_its_end"}
"""Where the site has a short certificate."""

NO_RECORD = {*NOT_NAMED, "resolver_without_dnssec", "records_forged"}
SAID_BESIDE = {
    **dict.fromkeys([*STAPLES, *FETCHED], NOT_GOOD),
    **dict.fromkeys(IN_PUBLIC, NOT_PUBLIC),
    **dict.fromkeys(DANE, NO_RECORD),
}
"""For clients that hear more than the path says: the scenes where that may decide."""
# GnuTLS goes on without a staple that nobody promised; with one it goes on where that is good, whichever CA of the
# issuer's name it is about.
BAD_STAPLE = {**REVOKED, **PROMISED, "staple_stuck": "B", "staple_replayed_past_its_end": "o"}

# Who shows the server something asks no more than who does not, nor does who goes to https at once: what that is good
# for stands in test_bound.py and test_plain.py.
SERVED_BY = dict.fromkeys(("client-certificate", "bound-token", "hsts", "hsts-preloaded"), like("unpinned"))

# Profiles whose program is run.
RUN = {
    # takes any anchor, and tries no other path
    "curl": like("leaf-pinned", **ANY_ANCHOR),
    # keeps the key of the genuine server without any CA, but knew it before the first contact
    "curl-insecure": like("first-use-key", **KNEW_BEFORE),
    "curl-ca-pin": like(NEVER_SERVED),
    "wget": like("leaf-pinned", **ANY_ANCHOR, **BAD_STAPLE),
    "wget-insecure": like("first-use-key", **KNEW_BEFORE),
    "urllib3": like("certificate-pinned", reached_by_another_name="S"),
    "aiohttp": like("first-use-certificate", **KNEW_BEFORE),
    "ssl-hook": like("leaf-pinned"),
    "httpx-response": like("checks-too-late"),
    # Java would try the other path, but the pins are held against one that OkHttp builds, and that one does not
    "okhttp-leaf": like("leaf-pinned", **ANY_ANCHOR),
    "okhttp-intermediate": like("intermediate-pinned", **ANY_ANCHOR),
    # where the path cannot go on to the root, there is no root on it
    "okhttp-root": like("root-pinned"),
    "node": like("leaf-pinned"),
    # along the issuers there is every key that an attacker cares to write into a certificate
    "node-walk": like("leaf-pinned", makeshift_link="S", forged_link="X"),
    # and every root that the store still has, and that a certificate names
    "node-walk-root": like(
        "root-pinned", makeshift_link="S", cross_sign_sent_along="S", new_root_in_store="S", chain_shortened="S",
        forged_link="X", cross_sign_misused="X", new_root_in_store_misissues="X", shortened_with_stolen_key="X",
    ),
    "node-forgetful": like("leaf-pinned", name_left_out="S", reached_by_another_name="S"),
    "dane-0": like("root-pinned"),
    "dane-1": like("leaf-pinned"),
    # brings its own anchor: the store may lose the root
    "dane-2": like("intermediate-pinned", root_distrusted="S", **ANY_ANCHOR, **OTHER_PATHS),
    "dane-2-root": like(NEVER_SERVED),
    # a name that is wrong is refused, in spite of RFC 7671
    "dane-3": like("first-use-key", **KNEW_BEFORE, name_left_out="B", reached_by_another_name="B"),
    "dane-3-no-name": like("first-use-key", **KNEW_BEFORE),
    "gnutls-tofu": like("first-use-key"),
    "curl-status": like("requires-staple", **ANY_ANCHOR),
    "gnutls": like("unpinned", **ANY_ANCHOR, **BAD_STAPLE),
    "openssl-status": like("unpinned"),
    "openssl-crl": like("list-of-the-leaf-only"),
    "openssl-crl-all": like("list-hard"),
    # judges SCTs, says so, and goes on
    "openssl-ct": like("unpinned"),
    # forgives every error once the genuine certificate was sent, and pins nothing
    "chromium-list": like(
        "unpinned", stuffed_rogue_chain="X", **READS_NO_DATE, **dict.fromkeys(SLIPS, "S")
    ),
}  # fmt: skip

# Profiles that are modelled from what was read, and not run.
MODELLED = {
    # the path ends at the intermediate, and no root is on it
    "ssl-default-root": like("root-pinned", intermediate_beside_root="B", stolen_key_beside_root="o"),
    "android": like("leaf-pinned", **ANY_ANCHOR, **OTHER_PATHS),
    # an expired pin set is none, but a user's CA is still not trusted
    "android-expired": like("unpinned", installed_ca="o", company_proxy="B", **ANY_ANCHOR, **OTHER_PATHS),
    "android-override": like("leaf-pinned", installed_ca="X", company_proxy="S", **ANY_ANCHOR, **OTHER_PATHS),
    "ios-leaf": like("leaf-pinned", **OTHER_PATHS),
    "ios-both": like("leaf-and-ca", **OTHER_PATHS),
    # the CA list has the intermediate, which stays when the root goes
    "ios-ca": like("root-pinned", chain_shortened="S", shortened_with_stolen_key="X", **OTHER_PATHS),
    "chromium-static": like("leaf-pinned", installed_ca="X", company_proxy="S", **ANY_ANCHOR, **OTHER_PATHS),
    "firefox-0": like("unpinned", **ANY_ANCHOR, **OTHER_PATHS),
    "firefox-1": like("leaf-pinned", installed_ca="X", company_proxy="S", **ANY_ANCHOR, **OTHER_PATHS),
    "firefox-2": like("leaf-pinned", **ANY_ANCHOR, **OTHER_PATHS),
    # reads dates and names, asks no CA, and forgets when the certificate expires
    "gemini": like(
        "first-use-certificate", waited_for_expiry="X", moved_after_expiry="S", expired_with_stolen_key="o",
        short_key_stolen_past_its_end="o", short_renewal_broken="B", forgot_to_renew="B", reached_by_another_name="B",
    ),
}  # fmt: skip

# ---- read -----------------------------------------------------------------------------------------

CLIENTS = (*BASE, *DERIVED)
FURTHER = (*LEARNING, *STAPLES, *FETCHED, *IN_PUBLIC, *DANE, *SERVED_BY)
PROFILES = (*RUN, *MODELLED)
LIKE = DERIVED | LEARNING | STAPLES | FETCHED | IN_PUBLIC | DANE | SERVED_BY | RUN | MODELLED


def sees_only_the_path(client: Client) -> bool:
    """
    Whether the path, the host name and memory are all that can move this client.

    For such a client an attack and its twin are one and the same.
    """
    told = {Learnt.HEADER, Learnt.ANNOUNCED} & {*client.learnt}
    beside = told or any(check.needs or check.basis is Basis.PRESENTED for check in client.policy)
    return not client.resumes and not beside


def relayed_letters(met: Iterable[tuple[Outcome, bool]]) -> str:
    """Outcomes as letters; R where the client was robbed and its request was relayed as well."""
    return "".join("R" if relayed else next(one for one in LEGEND if LEGEND[one] is came) for came, relayed in met)


def letters(name: str) -> dict[str, str]:
    """The column of a client or profile, by scene: a letter, or one for each meeting."""
    if name == NEVER_SERVED:
        refused = {scene: row.split()[0].translate(str.maketrans("SX", "Bo")) for scene, row in ANNOUNCED.items()}
        return dict.fromkeys(SCENES, "B") | refused
    if name in BASE:
        rows = {scene: row.split() if scene in ANNOUNCED else row.replace(" ", "") for scene, row in SCENES.items()}
        assert {len(row) for row in rows.values()} == {len(BASE)}
        return {scene: row[BASE.index(name)] for scene, row in rows.items()}
    other, but = LIKE[name]
    return letters(other) | but


COLUMNS = {name: letters(name) for name in (*CLIENTS, *FURTHER, *PROFILES)}

SEVERITY = "SoBX"
"""A cell shows the worst of its meetings: the letters, from the mildest outcome to the worst."""
WORST = {name: {scene: max(met, key=SEVERITY.index) for scene, met in of.items()} for name, of in COLUMNS.items()}
EXPECTED = {scene: {name: LEGEND[of[scene]] for name, of in WORST.items()} for scene in SCENES}

# ---- what is run each time ------------------------------------------------------------------------

KINDS = (LEARNING, STAPLES, FETCHED, IN_PUBLIC, DANE, SERVED_BY, {**RUN, **MODELLED})
"""Those who differ from the usual columns in one way, each with the others."""
ALWAYS = {
    *("ordinary_day", "certificate_without_its_key", "session_resumed", "staple_from_the_cache"),
    *("new_ca", "new_intermediate", "new_key", "same_key"),
}
ONE_IN = 20
"""Of the scenes that are not about its kind, a client beyond the usual ones goes through so many each time."""


def concerning(name: str) -> set[str]:
    """
    The scenes that a client goes through whenever the tests are run; with --every it goes through all.

    Of the usual ones: all but most of those that repeat another to whoever sees only the path. Of the others: the
    staircase, the scenes in which somebody of its kind has another letter than the client that it is like, and a
    sample of the rest, the same for the whole kind; each with its twin.
    """
    if name in CLIENTS:
        once = {scene for scene in SCENES if scene in ANNOUNCED or scene not in CASES or not CASES[scene].repeats}
        return {*SCENES} if name in ("unpinned", "leaf-pinned") else with_twins(once | _drawn(name, 5))
    kind, named = next((number, one) for number, one in enumerate(KINDS) if name in one)
    return with_twins(ALWAYS | {scene for _, but in named.values() for scene in but} | _drawn(kind, ONE_IN))


def _drawn(what: object, one_in: int) -> set[str]:
    return {scene for scene in SCENES if not zlib.crc32(f"{what} {scene}".encode()) % one_in}


def with_twins(names: set[str]) -> set[str]:
    """These scenes and the other halves of their pairs."""
    here = names & {*SCENES}
    return here | {twin.name for name in here & {*CASES} if (twin := twin_of(CASES[name]))}


# Why a column is there: the scenes in which, together, it differs from every other. One scene is the best of reasons;
# most are told from different neighbours by different scenes, which is no fault of theirs.
EARNS = {
    "trust-everything": ("self_signed_certificate",),
    "unpinned": (
        *("self_signed_certificate", "moved_without_a_word", "revoked_in_use", "ca_forgot_to_log"),
        "other_trusted_ca",
    ),
    "root-pinned": ("chain_shortened", "ordinary_day"),
    "intermediate-pinned": ("new_intermediate", "new_key", "other_hosts_certificate", "leaf_as_ca"),
    "leaf-pinned": (
        *("backup_key", "session_from_another_component", "other_trusted_ca"),
        *("first_visit_announces", "old_chain_left_behind", "other_ca_same_key", "expired_with_stolen_key"),
        *("revoked_in_use", "scts_of_the_last_one"),
    ),
    "certificate-pinned": ("same_key", "expired_with_stolen_key"),
    "leaf-or-backup": ("backup_key", "announced_key"),
    "any-of-chain": ("new_key", "new_ca", "other_ca_same_key"),
    "leaf-and-ca": ("other_ca_same_key", "rolled_back"),
    "first-use-key": ("relayed_announcement", "rolled_back"),
    "first-use-certificate": ("same_key", "expired_with_stolen_key"),
    "first-use-with-ca": ("new_key", "relayed_announcement"),
    "pins-presented-chain": ("new_key", "old_chain_left_behind"),
    "no-host-name-check": ("new_intermediate", "other_hosts_certificate"),
    "ignores-ca-flag": ("new_intermediate", "leaf_as_ca"),
    "checks-too-late": ("new_key", "other_trusted_ca"),
    "skips-when-resumed": ("new_key", "session_from_another_component"),
    "switched-off": ("self_signed_certificate",),
    "hpkp-no-cap": ("hostile_pins",),
    "hpkp-capped": ("hostile_pins",),
    "hpkp-preloaded": ("new_key", "company_proxy"),
    "strict-known-only": ("expired_with_stolen_key", "first_contact"),
    "ask-always": ("self_signed_certificate",),
    "ask-never": ("relayed_announcement", "rolled_back"),
    "successor": ("announced_key", "first_visit_announces", "relayed_announcement"),
    "successor-without-proof": ("relayed_announcement",),
    "successor-at-first-use": ("first_contact_announces",),
    "heeds-staple": ("revoked_in_use", "new_key", "staple_withheld", "responder_down_must_staple"),
    "heeds-staple-pinned": ("revoked_in_use", "new_key", "staple_withheld"),
    "honours-must-staple": ("responder_down", "responder_down_must_staple"),
    "requires-staple": ("staple_stuck", "responder_mixes_up_issuers", "new_key"),
    "requires-staple-pinned": ("responder_down", "new_key", "ordinary_day"),
    "staple-of-any-issuer": ("another_issuers_staple", "staple_stuck"),
    "staple-of-any-age": ("staple_replayed_past_its_end", "responder_down"),
    "counts-scts": ("company_proxy", "scts_of_the_last_one", "logs_late"),
    "counts-scts-pinned": ("same_key", "new_key", "scts_of_the_last_one"),
    "counts-scts-of-all": ("company_proxy", "scts_of_the_last_one", "new_key"),
    "takes-any-sct": ("ca_forgot_to_log", "scts_of_the_last_one", "new_ca"),
    "wants-witness": ("logs_fell_apart", "new_key"),
    "takes-any-head": ("logs_late", "logs_fell_apart"),
    "dane-soft": ("new_ca", "other_trusted_ca", "resolver_without_dnssec"),
    "dane-hard": ("new_ca", "resolver_without_dnssec"),
    "answer-soft": ("thief_before_the_update", "company_proxy", "another_issuers_staple"),
    "answer-hard": ("responder_mixes_up_issuers", "staple_replayed"),
    "list-soft": ("thief_before_the_update", "company_proxy", "another_issuers_staple"),
    "list-hard": ("list_late", "responder_down", "new_key", "intermediate_closed_down"),
    "list-hard-pinned": ("thief_before_the_update", "new_key"),
    "pushed-list": ("words_replayed", "new_key"),
    "pushed-list-pinned": ("words_replayed", "new_key"),
    "trusts-short-certificates": ("ordinary_day",),
    "list-of-the-leaf-only": ("thief_before_the_update", "intermediate_closed_down"),
    "list-of-any-age": ("thief_before_the_update", "list_late", "company_proxy"),
    "answer-of-any-issuer": ("responder_down", "responder_mixes_up_issuers", "staple_stuck"),
}
EARNS |= dict.fromkeys(["crl-check-all-alone", *SERVED_BY], EARNS["unpinned"])
NEVER_APART = {
    frozenset({"unpinned", "crl-check-all-alone", *SERVED_BY}): "a check that looks nothing up is none; and what the "
    "others have more decides in the scenes apart",
    frozenset({"trust-everything", "switched-off", "ask-always"}): "the first asks nothing, the second's answer is "
    "replaced, and the user of the third overrules it: three ways to have no check",
    frozenset({"first-use-key", "ask-never"}): "a warning that nobody ever clicks away is a refusal; what differs is "
    "that somebody was asked",
}


def grid(names: Iterable[str] = CLIENTS) -> str:
    """The columns of these clients side by side, each under its number."""
    names = tuple(names)
    width = max(map(len, SCENES))
    keys = [f"{number:2} {name}" for number, name in enumerate(names, 1)]
    head = " ".join(f"{number:2}" for number in range(1, len(names) + 1))
    lines = [f"{scene:{width}}  {'  '.join(WORST[name][scene] for name in names)}" for scene in SCENES]
    return "\n".join([*keys, "", f"{'':{width}} {head}", *lines])


if __name__ == "__main__":
    print(grid(), "", grid(FURTHER), "", grid(PROFILES), sep="\n")
