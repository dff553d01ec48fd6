"""Whether a finding can be told: its details are those that its words may name, in any language."""

from collector.checks.findings import Finding
from collector.checks.placeholders import DETAILS, EVIDENCE
from collector.words.languages import LANGUAGES
from collector.words.of_findings import action, finding_text, title


def check_words(finding: Finding) -> None:
    assert {*finding.details} - {*EVIDENCE} == {*DETAILS[finding.code]}
    for language in LANGUAGES:
        assert finding_text(language, finding)
        assert title(language, finding.code)
        assert action(language, finding.code)
