"""
What is not out yet, and what it would do to pins: Merkle Tree Certificates, by an Internet-Draft.

    certificates  the CA as a log with cosigners; both forms of a certificate, made and verified
    scene         a path with no chain: what the clients' pins find on it
    command       the verb

Drafts change. What is here is marked with the draft's number and day, and nothing else leans on it.
"""
