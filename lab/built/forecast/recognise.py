"""
What a file is: which format its pins are in, or the name of what it is instead, with the shortest way on.

Tables, asked from the top. Nothing is read here but the signs by which a kind
of file is known.
"""

from __future__ import annotations

import re

from lab.built.forecast import android, plain
from lab.built.forecast.scope import Format

_PLAIN = "give a list with a pin on each line, as sha256/BASE64, and the host with --host"
_KNOWN = (
    "Android's network security configuration, a property list with NSPinnedDomains or TrustKit's, an HPKP header, "
    "curl's sha256//..., OkHttp's .add(...), pins.json as `lab certs` writes it, or a list with a pin on each line, "
    "as sha256/BASE64"
)
_SIGNED = rb"\x30.{1,5}\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"

INSTEAD = {
    rb"\x03\x00\x08\x00": "Android's compiled XML, as it lies in an APK; `apktool d APP.apk` or "
    "`aapt2 dump xmltree APP.apk --file res/xml/FILE.xml` makes text of it",
    rb"\x02\x00\x0c\x00": "an APK's resources.arsc, which has no pins; `apktool d APP.apk` makes text of res/xml",
    rb"\x1f\x8b": "compressed with gzip; `gunzip FILE.gz` unpacks it",
    rb"\s*\{[^<]*\bNSPinnedDomains\"?\s*=(?!>)": "a property list of the old kind, with = signs; "
    "`plutil -convert xml1 FILE` makes one of it that is read",
    rb"\s*\{[^<]*\bNSPinnedDomains\"?\s*=>": "what `plutil -p` prints; give the property list itself",
    rb"PK\x03\x04": "a zip archive (an APK, AAB, IPA or JAR is one); unpack it and give the file with the pins",
    rb"\xfe\xed\xfe\xed|\xce\xce\xce\xce": "a Java keystore; "
    "`keytool -list -rfc -keystore FILE > chain.pem` makes PEM of its certificates",
    rb"\x30.{1,5}\x02\x01\x03\x30": "PKCS#12, a certificate with its key; "
    "`openssl pkcs12 -in FILE -nokeys -out certificates.pem` gives the certificates, and not the key",
    _SIGNED + b".*<plist": "a provisioning profile, which has no pins; give the app's Info.plist",
    _SIGNED + rb"|\s*-----BEGIN PKCS7-----": "PKCS#7, a bundle of certificates; "
    "`openssl pkcs7 -print_certs -in FILE -out certificates.pem` (with -inform DER where it is binary) makes PEM of it",
    rb"[^\0]\0[^\0]\0|\0[^\0]\0[^\0]": "UTF-16 without its byte order mark; save it as UTF-8",
    rb"dex\n|\xca\xfe\xba\xbe|\x7fELF": "a compiled program; give the source or the configuration",
    rb"\s*-----BEGIN (?:RSA )?PUBLIC KEY-----|\s*-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----": "a key or a request, "
    "and no pin; `python -m lab pin FILE` prints its pin, so give a file with that",
}
"""By the octets at the beginning: what it is, and what to do."""

INSTEAD_OF_TEXT = {
    r"<manifest\b": "an AndroidManifest.xml; the pins stand in the file that its android:networkSecurityConfig names",
    r"\A\s*(?:<!--[^>]*-->\s*)?<(?:pin-set|pin|domain|trust-anchors)\b": "a piece of a network security "
    "configuration; give the whole <domain-config>, with its <domain>",
    r"\bTLSA\s+[0-3]\s+[01]\s+[0-2]\b": "a TLSA record (DANE); give its hexadecimal alone, on a line (x 1 1 is the "
    "hash of a key, x 0 1 of a certificate), and the host with --host",
    r"(?i)\A\s*(?:<!doctype html|<html)": f"a web page; give a file with pins in one of these: {_KNOWN}",
}
"""By what stands in the text."""

INSTEAD_OF_A_LIST = {
    r"NSPinnedDomains|SPKI-SHA256": "code around NSPinnedDomains; give the Info.plist that it makes",
    r"[\"'](?:[0-9A-Fa-f]{2}:){19,31}[0-9A-Fa-f]{2}[\"']": "code with the fingerprint of a certificate in it; give a "
    "list with that fingerprint on a line of its own, and the host with --host",
    r"(?m)^[ \t]*+(?:- )?[\w.-]++:(?=\s)": f"YAML, or something like it; {_PLAIN}",
    r"(?m)^[^\n\"'(,;\t]*+[,;\t][^\n]*sha256/": f"a table (CSV); {_PLAIN}",
    r"": f"a file with pins in a form of its own; {_PLAIN}",
}
"""By what stands in a text that has pins in it."""
PINNED = r"sha(?:256|1)/{1,2}[\w+/-]{43}|(?:[0-9A-Fa-f]{2}[: ]){19}|\bTLSA\b|SPKI-SHA256|NSPinnedDomains"

CURL = r"sha256//[\w+/]{43}="  # with one character less it is no curl's: base 64 may itself begin with a slash
FORMATS = {
    r"Pinned certificates for ": Format.OKHTTP,
    rf"<(?:network-security-config|domain-config)\b|{android.DUMPED}": Format.ANDROID,
    r"[>\"]\s*+NSPinned(?:Domains|LeafIdentities|CAIdentities)": Format.IOS,
    r"[>\"]\s*+TSKP(?:innedDomains|ublicKeyHashes)|kTSKPinnedDomains": Format.TRUSTKIT,
    r"\A\s*+\{": Format.LAB,
    r"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----": Format.CERTIFICATE,
    r"CertificatePinner\s*+[.({]": Format.OKHTTP,
    r"(?i)public-key-pins|pin-sha256\s*+=\s*+\\?\"": Format.HPKP,
    r"\.add\(": Format.OKHTTP,
    rf"(?i)pinnedpub(?:lic)?key|{CURL}": Format.CURL,
}
"""By what stands in the text."""


def _one_set(octets: bytes, text: str | None, file: str) -> None:
    """Raise ValueError where a property list has both formats that there are."""
    signs = [one for one, format in FORMATS.items() if format in (Format.IOS, Format.TRUSTKIT)]
    binary = octets.startswith(b"bplist") and b"NSPinnedDomains" in octets and b"TSKPinnedDomains" in octets
    if binary or all(re.search(one, text or "") for one in signs):
        raise ValueError(
            f"{file} holds two pin sets, NSPinnedDomains and TrustKit's; choose with --format ios or --format trustkit"
        )


def recognised(octets: bytes, text: str | None, file: str) -> Format:
    """Which format these bytes look like; `text` is None for no text. Raises ValueError, naming what they are."""
    _one_set(octets, text, file)
    if octets.startswith(b"bplist"):
        return Format.IOS if b"NSPinned" in octets or b"TSKPinned" not in octets else Format.TRUSTKIT
    for begins, said in INSTEAD.items():
        if re.match(begins, octets, re.DOTALL):
            raise ValueError(f"{file} is {said}")
    if text is None:
        if octets[:1] == b"\x30":
            return Format.CERTIFICATE
        raise ValueError(f"{file} is no text and no property list; give a file with pins in one of these: {_KNOWN}")
    if plain.is_list(text) and not all(re.match(CURL, line) for _, line in plain.lines(text)):
        return Format.LIST
    for holds, format in FORMATS.items():
        if re.search(holds, text):
            return format
    for holds, said in {**INSTEAD_OF_TEXT, **(INSTEAD_OF_A_LIST if re.search(PINNED, text) else {})}.items():
        if re.search(holds, text):
            raise ValueError(f"{file} is {said}")
    if text.lstrip().startswith("<"):
        return Format.IOS if re.search(r"<!DOCTYPE\s+plist|<plist|\A\s*<(?:dict|key)>", text[:2000]) else Format.ANDROID
    raise ValueError(f"{file} holds no pins that this lab knows; give one of these: {_KNOWN}")
