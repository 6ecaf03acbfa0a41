"""Who wrote this (design.md's table; threats T01 to T12)."""

from __future__ import annotations

import pytest

from processor.deciding.authenticity import judge
from processor.message import Address, AuthenticationResults, Defect
from tests.deciding.made_cases import KARI, OURS, PROVEN, message, results

FROM = {"header.from": "fjordbygg-demo.no"}


def judged(*headers: AuthenticationResults, sender: Address | None = KARI) -> str:
    return judge(message(sender, authentication=headers), (OURS,)).result


def test_a_dmarc_pass_proves_the_sender() -> None:
    assert judged(results(("dmarc", "pass", FROM))) == "proven"


def test_an_aligned_signature_proves_the_sender_without_dmarc() -> None:
    assert judged(results(("dkim", "pass", {"header.d": "mail.fjordbygg-demo.no"}))) == "proven"


def test_a_signature_named_only_by_its_identity_counts() -> None:
    assert judged(results(("dkim", "pass", {"header.i": "@fjordbygg-demo.no"}))) == "proven"


def test_T01_dmarc_failing_is_forged() -> None:
    assert judged(results(("dmarc", "fail", FROM))) == "forged"


@pytest.mark.parametrize("name", ["policy.dmarc", "header.policy", "p", "action", "comment.p"])
def test_T01_dmarc_failing_under_a_policy_of_none_is_unproven(name: str) -> None:
    assert judged(results(("dmarc", "fail", FROM | {name: "none"}))) == "unproven"


def test_T01_below_the_organisational_domain_the_policy_for_subdomains_counts() -> None:
    below = Address("kari", "post.fjordbygg-demo.no")
    said = {"header.from": "post.fjordbygg-demo.no", "comment.p": "none", "comment.sp": "quarantine"}
    assert judged(results(("dmarc", "fail", said)), sender=below) == "forged"
    assert judged(results(("dmarc", "fail", FROM | {"comment.p": "none", "comment.sp": "reject"}))) == "unproven"


def test_T02_only_the_topmost_trusted_header_counts() -> None:
    assert judged(results(("dmarc", "fail", FROM)), PROVEN) == "forged"


def test_T02_a_header_too_far_down_came_with_the_mail() -> None:
    assert judged(results(("dmarc", "pass", FROM), above=2)) == "unproven"


def test_T03_another_servers_header_is_no_header() -> None:
    assert judged(results(("dmarc", "pass", FROM), server="mx.kundesenter.example.evil.example")) == "unproven"
    assert judged(results(("dmarc", "pass", FROM), server="MX.Kundesenter.Example")) == "proven"


def test_T03_an_unreadable_topmost_header_proves_nothing() -> None:
    defect = Defect("authentication_results_unclear", "header 1: no method")
    assert judge(message(defects=(defect,)), (OURS,)).result == "unproven"


def test_T03_contradicting_results_prove_nothing() -> None:
    assert judged(results(("dmarc", "fail", FROM), ("dmarc", "pass", FROM))) == "unproven"


def test_T04_spf_alone_proves_nothing() -> None:
    assert judged(results(("spf", "pass", {"smtp.mailfrom": "fjordbygg-demo.no"}))) == "unproven"


@pytest.mark.parametrize(
    "domain", ["evil.example", "no", "co.uk", "bygg-demo.no", "fjordbygg-demo.no.evil.example", ""]
)
def test_T05_somebody_elses_signature_proves_nothing(domain: str) -> None:
    assert judged(results(("dkim", "pass", {"header.d": domain}))) == "unproven"


@pytest.mark.parametrize("result", ["temperror", "permerror", "neutral", "none", "policy"])
def test_T06_whatever_is_not_pass_proves_nothing(result: str) -> None:
    found = results(("dkim", result, {"header.d": "fjordbygg-demo.no"}), ("dmarc", result, FROM))
    assert judged(found) == "unproven"


def test_T07_without_one_author_nothing_is_proven() -> None:
    assert judged(PROVEN, sender=None) == "unproven"


def test_a_dmarc_pass_of_another_domain_is_not_ours() -> None:
    assert judged(results(("dmarc", "pass", {"header.from": "evil.example"}))) == "unproven"


def test_without_any_trusted_server_every_sender_is_unproven() -> None:
    assert judge(message(), ()).result == "unproven"


@pytest.mark.parametrize("domain", ["visma.no", "mail.visma.no"])
def test_T12_our_own_domain_without_our_signature_is_forged(domain: str) -> None:
    ourselves = message(Address("oppsigelse", domain), authentication=())
    assert judge(ourselves, (OURS,), ("oppsigelse@visma.no",)).result == "forged"
    assert judge(ourselves, (), ("oppsigelse@visma.no",)).result == "forged"


def test_T12_our_own_domain_with_our_signature_is_proven() -> None:
    signed = results(("dkim", "pass", {"header.d": "visma.no"}))
    ourselves = message(Address("kari", "visma.no"), authentication=(signed,))
    assert judge(ourselves, (OURS,), ("oppsigelse@visma.no",)).result == "proven"


def test_the_reason_names_the_domain_that_lacks() -> None:
    found = judge(message(authentication=(results(("dkim", "pass", {"header.d": "evil.example"})),)), (OURS,))
    assert "evil.example" in found.why
    assert "fjordbygg-demo.no" in found.why
