"""Certificates of a run: issued, or read from files."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from chaosmesh.documents.scenario import load_scenario
from chaosmesh.envoy.secrets import Secret, SecretNeed
from chaosmesh.errors import DocumentError
from chaosmesh.runtime.authority import Authority

SHOWN = SecretNeed("identity/file/own.pem", "identity", "file", ("own.pem", "own.key"), "b", ("b.local", "b"))
OTHER = SecretNeed("identity/sds/x", "identity", "sds", ("spiffe://m/x",), "x", ("x",), ("spiffe://m/x",))
TRUST = SecretNeed("trust/file/ca.pem", "trust", "file", ("ca.pem",), "a")


def authority(folder: Path, certificates: str = "") -> Authority:
    file = folder / "chaosmesh.yaml"
    file.write_text(f"certificates:\n{certificates}" if certificates else "seed: 1\n")
    return Authority(load_scenario(file))


def read(text: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(text.encode())


def names(secret: Secret, kind: type = x509.DNSName) -> list[str]:
    found = read(secret.chain).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return found.value.get_values_for_type(kind)


def save(folder: Path, secret: Secret) -> None:
    (folder / "mine.pem").write_text(secret.chain)
    (folder / "mine.key").write_text(secret.key)


def test_what_is_not_declared_is_issued_by_the_authority_that_is_believed(tmp_path: Path) -> None:
    run = authority(tmp_path)
    shown, trust = run.issue(SHOWN), run.issue(TRUST)
    read(shown.chain).verify_directly_issued_by(read(trust.trusted))
    key = serialization.load_pem_private_key(shown.key.encode(), None)
    assert key.public_key() == read(shown.chain).public_key()
    assert names(shown) == ["b.local", "b"]
    assert names(run.issue(OTHER), x509.UniformResourceIdentifier) == ["spiffe://m/x"]
    assert run.invented([SHOWN, OTHER, TRUST]) == ("own.pem", "spiffe://m/x", "ca.pem")
    assert run.believers(SHOWN) == trust.trusted
    assert (shown.trusted, trust.key) == ("", "")


def test_the_same_need_gets_the_same_secret_and_every_run_others(tmp_path: Path) -> None:
    run = authority(tmp_path)
    assert run.issue(SHOWN) is run.issue(SHOWN)
    assert authority(tmp_path).issue(TRUST) != run.issue(TRUST)


def test_validity_is_from_a_minute_ago_to_a_day_ahead_and_expired_means_over(tmp_path: Path) -> None:
    now = datetime.datetime.now(datetime.UTC)
    good = read(authority(tmp_path).issue(SHOWN).chain)
    assert good.not_valid_before_utc < now < good.not_valid_after_utc
    assert good.not_valid_after_utc - good.not_valid_before_utc == datetime.timedelta(hours=24, minutes=1)
    old = read(authority(tmp_path, "  own.pem: {expired: true}\n").issue(SHOWN).chain)
    assert old.not_valid_after_utc < now


def test_other_names_and_other_authorities(tmp_path: Path) -> None:
    text = "  own.pem: {authority: other, names: [wrong.local, 'spiffe://m/y', 127.0.0.1]}\n"
    run = authority(tmp_path, text + "  ca.pem: {authority: [chaosmesh, other]}\n")
    shown = run.issue(SHOWN)
    assert names(shown) == ["wrong.local"]
    assert names(shown, x509.UniformResourceIdentifier) == ["spiffe://m/y"]
    assert [str(one) for one in names(shown, x509.IPAddress)] == ["127.0.0.1"]
    first, second = x509.load_pem_x509_certificates(run.issue(TRUST).trusted.encode())
    read(shown.chain).verify_directly_issued_by(second)
    read(run.issue(OTHER).chain).verify_directly_issued_by(first)
    assert run.invented([SHOWN, TRUST]) == ()


def test_files_are_taken_as_they_are_relative_to_the_scenario(tmp_path: Path) -> None:
    save(tmp_path, authority(tmp_path).issue(SHOWN))
    run = authority(tmp_path, "  own.pem: {file: mine.pem, key: mine.key}\n  ca.pem: {file: mine.pem}\n")
    assert run.issue(SHOWN).chain == (tmp_path / "mine.pem").read_text()
    assert run.issue(TRUST).trusted == (tmp_path / "mine.pem").read_text()
    assert run.believers(SHOWN) == (tmp_path / "mine.pem").read_text()


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ("{file: none.pem, key: mine.key}", r"none.pem: there is no such file"),
        ("{file: mine.pem}", "has no key"),
        ("{file: mine.key, key: mine.key}", "mine.key holds no certificate in PEM"),
        ("{file: mine.pem, key: mine.pem}", "mine.pem holds no private key in PEM"),
        ("{file: mine.pem, key: theirs.key}", "is not that of the first certificate"),
        ("{file: binary.der, key: mine.key}", "binary.der is not PEM"),
    ],
)
def test_files_that_can_not_be_used_are_named_with_their_place(
    tmp_path: Path, declared: str, message: str
) -> None:
    save(tmp_path, authority(tmp_path).issue(SHOWN))
    (tmp_path / "theirs.key").write_text(authority(tmp_path).issue(OTHER).key)
    (tmp_path / "binary.der").write_bytes(b"\x30\x82\xff\xfe")
    run = authority(tmp_path, f"  own.pem: {declared}\n")
    with pytest.raises(DocumentError, match=message) as caught:
        run.supply([SHOWN, TRUST, SHOWN])
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].where.line == 2
    assert caught.value.problems[0].hint


@pytest.mark.parametrize("flaw", ["expired", "wrong_name", "wrong_authority"])
def test_a_flawed_identity_is_wrong_in_one_way_only(flaw: str) -> None:
    authority = Authority(load_scenario(None))
    need = SecretNeed("n", "identity", "file", ("/a.pem",), "a", dns=("a.local",))
    right, wrong = (
        x509.load_pem_x509_certificate(one.chain.encode())
        for one in (authority.issue(need), authority.flawed(need, flaw))
    )
    names = wrong.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    now = datetime.datetime.now(datetime.UTC)
    assert (wrong.not_valid_after_utc < now) == (flaw == "expired")
    assert (names.get_values_for_type(x509.DNSName) != ["a.local"]) == (flaw == "wrong_name")
    assert (wrong.issuer != right.issuer) == (flaw == "wrong_authority")
    assert authority.flawed(need, flaw) is authority.flawed(need, flaw)
