"""
What an attacker's CA of `certs` may vouch for, asked of the programs that verify.

Each is given the root to trust, and chains through the intermediate whose key is on disk: for its own host, and with
one thing more. Whatever is outside is refused for any purpose; inside, no purpose but a server's is granted.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from vouching import INSIDE, SUBJECTS, WANTED, attackers_ca, vouched

from lab.built.programs.every import PROGRAMS
from lab.built.programs.program import ProgramCall
from lab.pki.authority import key_pem
from lab.pki.export import pem
from lab.wire.service import Service

Granted = dict[str, bool]


@dataclass(frozen=True)
class Chains:
    """The chains on disk, by what they want: NAME/leaf.pem, between.pem, chain.pem, key.pem; and root.pem."""

    folder: Path

    def of(self, wanted: str) -> Path:
        return self.folder / wanted.replace(" ", "-")


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Chains:
    made, ca = Chains(tmp_path_factory.mktemp("chains")), attackers_ca()
    (made.folder / "root.pem").write_bytes(pem([ca.root.certificate], named=False))
    for wanted in WANTED:
        credential, folder = vouched(ca, wanted), made.of(wanted)
        folder.mkdir()
        (folder / "leaf.pem").write_bytes(pem([credential.leaf], named=False))
        (folder / "between.pem").write_bytes(pem([ca.certificate], named=False))
        (folder / "chain.pem").write_bytes(pem(credential.chain, named=False))
        (folder / "key.pem").write_bytes(key_pem(credential.key))
    return made


def ends(*words: str | Path, cwd: Path) -> tuple[int, str]:
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )
    return done.returncode, done.stdout + done.stderr


def openssl(chains: Chains, wanted: str) -> Granted:
    """`openssl verify`, by purpose."""
    purposes = {
        "any": "any",
        "server": "sslserver",
        "client": "sslclient",
        "mail": "smimesign",
        "time": "timestampsign",
    }
    asked = ("-CAfile", chains.folder / "root.pem", "-untrusted", "between.pem", "leaf.pem")
    return {
        purpose: ends("openssl", "verify", "-purpose", name, *asked, cwd=chains.of(wanted))[0] == 0
        for purpose, name in purposes.items()
    }


def gnutls(chains: Chains, wanted: str) -> Granted:
    """`certtool --verify`, by extended key usage."""
    purposes = {"server": 1, "client": 2, "code": 3, "mail": 4}
    asked = ("--verify", "--load-ca-certificate", chains.folder / "root.pem", "--infile", "chain.pem")
    return {
        purpose: ends("certtool", *asked, "--verify-purpose", f"1.3.6.1.5.5.7.3.{last}", cwd=chains.of(wanted))[0] == 0
        for purpose, last in purposes.items()
    }


def nss(chains: Chains, wanted: str) -> Granted:
    """`certutil -V`, by usage, in a database of its own that trusts the root for all of them."""
    folder = chains.of(wanted)
    (folder / "nss").mkdir(exist_ok=True)
    run = ("certutil", "-d", "sql:nss")
    assert ends(*run, "-N", "--empty-password", cwd=folder)[0] == 0
    for name, trust, file in (
        ("root", "CT,C,C", chains.folder / "root.pem"),
        ("between", ",,", "between.pem"),
        ("leaf", ",,", "leaf.pem"),
    ):
        assert ends(*run, "-A", "-n", name, "-t", trust, "-i", file, cwd=folder)[0] == 0
    purposes = {"server": "V", "client": "C", "code": "J", "mail": "S"}
    return {
        purpose: "certificate is valid" in ends(*run, "-V", "-e", "-n", "leaf", "-u", usage, cwd=folder)[1]
        for purpose, usage in purposes.items()
    }


JAVA = """
import java.io.*; import java.nio.file.*; import java.security.*; import java.security.cert.*; import javax.net.ssl.*;
public class Limits {
    public static void main(String[] given) throws Exception {
        CertificateFactory made = CertificateFactory.getInstance("X.509");
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream in = Files.newInputStream(Path.of(given[0]))) {
            store.setCertificateEntry("root", made.generateCertificate(in));
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        X509TrustManager trusts = (X509TrustManager) factory.getTrustManagers()[0];
        try (InputStream in = Files.newInputStream(Path.of(given[1]))) {
            X509Certificate[] chain = made.generateCertificates(in).toArray(new X509Certificate[0]);
            try { trusts.checkServerTrusted(chain, "ECDHE_ECDSA"); System.out.println("server"); }
            catch (CertificateException refused) { }
            try { trusts.checkClientTrusted(chain, "EC"); System.out.println("client"); }
            catch (CertificateException refused) { }
        }
    }
}
"""


def java(chains: Chains, wanted: str) -> Granted:
    """Java's default trust manager, which holds no trust anchor to its name constraints."""
    source = chains.folder / "Limits.java"
    source.write_text(JAVA)
    code, said = ends("java", source, chains.folder / "root.pem", "chain.pem", cwd=chains.of(wanted))
    assert code == 0, said
    return {purpose: purpose in said.split() for purpose in ("server", "client")}


NODE = """
const tls = require('tls'), fs = require('fs'), [root] = process.argv.slice(1), read = (n) => fs.readFileSync(n);
const pair = { cert: read('chain.pem'), key: read('key.pem') }, ca = read(root);
const server = tls.createServer({ ...pair, ca, requestCert: true, rejectUnauthorized: false }, (line) => {
    console.log('client', line.authorized); line.end(); });
server.on('tlsClientError', () => {});
server.listen(0, '127.0.0.1', () => {
    const to = { ...pair, port: server.address().port, host: '127.0.0.1', ca, servername: 'localhost' };
    const line = tls.connect({ ...to, rejectUnauthorized: false, checkServerIdentity: () => undefined }, () =>
        console.log('server', line.authorized));
    line.on('close', () => server.close()); line.resume(); });
"""


def node(chains: Chains, wanted: str) -> Granted:
    """Node's TLS, as a client of this server and as a server of this client."""
    said = ends("node", "-e", NODE, chains.folder / "root.pem", cwd=chains.of(wanted))[1]
    return {purpose: f"{purpose} true" in said for purpose in ("server", "client") if f"{purpose} " in said}


PASSES = {"GnuTLS": {"a web address", "a workload", "a directory name", *SUBJECTS}}
"""Kinds of names that a program holds to no limit, for a server's purpose; none of them names a server to it."""
LAX = {"NSS": {"client"}, "Java": {"client"}}
"""Purposes for which a program asks the leaf alone, and not its CA; the names are inside all the same."""

VERIFIERS: dict[str, tuple[str, str, Callable[[Chains, str], Granted]]] = {
    "OpenSSL": ("openssl", "apt-get install openssl", openssl),
    "GnuTLS": ("certtool", "apt-get install gnutls-bin", gnutls),
    "NSS": ("certutil", "apt-get install libnss3-tools", nss),
    "Java": ("java", "apt-get install default-jdk-headless", java),
    "Node": ("node", "apt-get install nodejs", node),
}


@pytest.fixture(params=VERIFIERS)
def verifier(request: pytest.FixtureRequest) -> str:
    program, install, _ = VERIFIERS[request.param]
    if not shutil.which(program):
        pytest.skip(f"install it with: {install}")
    return str(request.param)


@pytest.mark.parametrize("wanted", WANTED)
def test_a_program_holds_the_intermediate_to_its_limits(verifier: str, wanted: str, chains: Chains) -> None:
    """What is inside is granted for a server, and for nothing else where a purpose is named; what is outside never."""
    granted = VERIFIERS[verifier][2](chains, wanted)
    passes, lax = wanted in PASSES.get(verifier, ()), LAX.get(verifier, set())
    expected = {"server", *lax} if wanted in INSIDE else {"server"} if passes else set()
    assert {purpose for purpose, yes in granted.items() if yes} - {"any"} == expected
    assert granted.get("any", bool(expected)) is bool(expected)
    assert "server" in granted


@pytest.mark.skipif(not shutil.which("chromium"), reason="install it with: apt-get install chromium")
@pytest.mark.skipif(not shutil.which("certutil"), reason="install it with: apt-get install libnss3-tools")
def test_a_browser_holds_the_intermediate_to_its_limits(tmp_path: Path) -> None:
    """Chromium with the root in its store sends its request where everything is inside, and nowhere else."""
    ca, program = attackers_ca(), PROGRAMS["chromium"]
    (store := tmp_path / "root.pem").write_bytes(pem([ca.root.certificate]))
    (home := tmp_path / "home").mkdir()
    with ExitStack() as stack:
        services = {one: stack.enter_context(Service(vouched(ca, one))) for one in WANTED}
        calls = [
            ProgramCall(service.port, store, {}, f"secret-{number}", home, first=True)
            for number, service in enumerate(services.values())
        ]
        program.ways["unpinned"](calls)
        read = {
            one for (one, service), call in zip(services.items(), calls, strict=True) if service.log.holds(call.secret)
        }
    assert read == set(INSIDE)
