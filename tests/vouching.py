"""What an attacker's CA might be made to vouch for: certificates for servers of its own, each with one thing more."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from lab.pki.authority import Authority, Credential, begun, new_key, signed
from lab.pki.export import attackers_cas, limited_world

HOST = "shop.example"
OWN = (x509.DNSName(HOST), x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
CN, COMPANY = NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME

INSIDE: dict[str, tuple[x509.GeneralName, ...]] = {
    "nothing more": (),
    "mail there": (x509.RFC822Name(f"you@{HOST}"),),
}
OUTSIDE: dict[str, tuple[x509.GeneralName, ...]] = {
    "another host": (x509.DNSName("bank.test"),),
    "a host below": (x509.DNSName("shop.example.test"),),
    "a host above": (x509.DNSName("example"),),
    "any host": (x509.DNSName("*.test"),),
    "another address": (x509.IPAddress(ipaddress.ip_address("192.0.2.1")),),
    "another address, IPv6": (x509.IPAddress(ipaddress.ip_address("2001:db8::1")),),
    "mail elsewhere": (x509.RFC822Name("you@bank.test"),),
    "a web address": (x509.UniformResourceIdentifier("https://bank.test/"),),
    "a workload": (x509.UniformResourceIdentifier("spiffe://bank.test/ns/default"),),
    "a directory name": (x509.DirectoryName(x509.Name([x509.NameAttribute(COMPANY, "Some Company")])),),
}
SUBJECTS = {
    "a company's subject": x509.Name(
        [x509.NameAttribute(COMPANY, "Some Company"), x509.NameAttribute(CN, "Its Program")]
    ),
    "another host's subject": x509.Name([x509.NameAttribute(CN, "bank.test")]),
}
WANTED = (*INSIDE, *OUTSIDE, *SUBJECTS)
"""All of them, by name."""


def certificates_in(path: Path) -> list[x509.Certificate]:
    """The certificates of a PEM file."""
    return x509.load_pem_x509_certificates(path.read_bytes())


def attackers_ca(host: str = HOST) -> Authority:
    """An attacker's CA as `certs` writes it; what a client has to trust is the root above it."""
    return attackers_cas(limited_world(host))["rogue-issuing-ca"]


def vouched(ca: Authority, wanted: str) -> Credential:
    """A certificate of that CA for its own host and this; it limits itself to no purpose."""
    more = INSIDE.get(wanted) or OUTSIDE.get(wanted) or ()
    subject = SUBJECTS.get(wanted) or x509.Name([x509.NameAttribute(CN, HOST)])
    key, end = new_key(), ca.certificate.not_valid_after_utc
    builder = begun(subject, key, ca, end - timedelta(days=8), end)
    builder = builder.add_extension(x509.SubjectAlternativeName([*OWN, *more]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    return Credential(key, (signed(builder, ca.key), ca.certificate), ca)
