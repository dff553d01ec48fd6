"""What the templates say, in one language."""

from collector.checks.findings import Finding
from collector.checks.rollouts import Told
from collector.orders.rules import RENEWAL, RULES
from collector.words.languages import has, text
from collector.words.of_findings import finding_text

_RULES = {rule.name: rule for rule in (*RULES.values(), RENEWAL)}


class Wording:
    def __init__(self, language: str) -> None:
        self._language = language

    def word(self, name: str, **values: object) -> str:
        return text(self._language, name, values)

    def term(self, family: str, value: str) -> str:
        """One that is not ours, of another program's version or a person's, is shown as it is."""
        name = f"{family}-{value.replace(' ', '_')}"
        return self.word(name) if has(self._language, name) else value

    def said(self, finding: Finding) -> str:
        return finding_text(self._language, finding)

    def rule(self, kept: str) -> str:
        """What an order rests on: one of our rules, or what the person said."""
        rule = _RULES.get(kept)
        if rule is None:
            return kept
        return f"{rule.reason}/{rule.version}: {self.word(f'order_rule-{rule.reason}')}"

    def release(self, told: Told) -> str:
        """What a gateway told of one; why it failed is in the gateway's own words."""
        step = self.word(f"release-{told.step.name.lower()}")
        why = "" if told.why is None else f": {told.why}"
        return f"{self.word('board-release', number=str(told.number))} {step}{why}"

    def span(self, duration_ms: int) -> str:
        """A length of time, to the second, in at most two units."""
        seconds = max(duration_ms, 0) // 1000
        if seconds < 60:
            return self.word("time-s", seconds=str(seconds))
        minutes, seconds = divmod(seconds, 60)
        if minutes < 60:
            return self.word("time-min", minutes=str(minutes), seconds=f"{seconds:02d}")
        hours, minutes = divmod(minutes, 60)
        if hours < 24:
            return self.word("time-h", hours=str(hours), minutes=f"{minutes:02d}")
        days, hours = divmod(hours, 24)
        return self.word("time-d", days=str(days), hours=f"{hours:02d}")

    def ago(self, duration_ms: int) -> str:
        return self.word("time-ago", span=self.span(duration_ms))
