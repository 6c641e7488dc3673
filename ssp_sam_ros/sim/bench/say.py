"""From a logical form to words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..wording import Uniform, pick
from . import phrases as p
from .forms import (
    All,
    Closest,
    Compared,
    Condition,
    Described,
    Extreme,
    Form,
    Head,
    Holding,
    Not,
    Only,
    Ordinal,
    Place,
    Related,
    Together,
)  # fmt: skip

_BARE = 0.42  # share of sentences that are a description and nothing else
BARE = "{core}"  # the template of adjectives and noun alone
_SINGULAR = ("every", "each ")  # "where is every mug"
_OPENINGS = ("the ", "all ", "every ", "each ", "both ", "everything ")


class Speaker:
    """Puts a form into words with random synonyms and word order.

    Args:
        uniform: source of random numbers in [0, 1).
        unseen: use the templates kept out of training wherever there is one.
    """

    def __init__(self, uniform: Uniform, unseen: bool = False) -> None:
        """Remember both."""
        self._uniform, self._unseen = uniform, unseen
        self.templates: list[str] = []
        self._left_out = 0

    def say(self, form: Form, count: int, left_out: int = 0) -> str:
        """The words; `templates` then lists the templates used.

        count: the number of targets. left_out: of how many things "except" speaks.
        """
        self.templates, self._left_out = [], left_out
        style = self._uniform()
        the = "the " if style < 0.88 else ""
        text = self.phrase(form, the, count)
        if self._uniform() < _BARE:
            return text
        chance = self._uniform()
        if self._unseen and not text.startswith(
            _OPENINGS
        ):  # "of the mugs the one ...": a command cannot go before
            return pick(p.FRAMES_LOOSE, self._uniform).format(np=text)
        frame = pick(p.FRAMES, self._uniform)
        if chance < 0.08:
            many = isinstance(form, All | Together) and not text.startswith(_SINGULAR)
            frame = pick(p.FRAMES_MANY if many else p.FRAMES_ONE, self._uniform)
        if frame.startswith("no ") and not text.startswith("the "):
            frame = "{np}"  # "no red mug" says that there is none
        if not frame.endswith(("{np}", "{np} please")) and len(text.split()) > 5:
            frame = "{np}"  # nobody waits so long for the end of the sentence
        return frame.format(np=text)

    def used_unseen(self) -> bool:
        """Whether the last sentence used a template kept out of training."""
        return any(template in UNSEEN_TEMPLATES for template in self.templates)

    def phrase(self, form: Form, the: str, count: int = 1) -> str:
        """A noun phrase for the form."""
        if isinstance(form, Only):
            return self._described(form.what, the)
        if isinstance(form, All):
            return self._all(form, count)
        if isinstance(form, Together):
            parts = [self._other(part).removeprefix("the " if not the else "") for part in form.forms]
            template = self._pick(p.TOGETHER, p.TOGETHER_UNSEEN, str(len(parts)))
            return template.format(**dict(zip("abc", parts, strict=False)))
        core, cores, are = self._core(form.what)
        words = {"the": the, "core": core, "cores": cores, "is": "are" if are else "is"}
        if isinstance(form, Extreme):
            return self._pick(p.EXTREME, p.EXTREME_UNSEEN, form.which).format(**words)
        if isinstance(form, Ordinal):
            words["nth"] = p.ORDINALS[form.number - 1]
            return self._pick(p.ORDINAL, p.ORDINAL_UNSEEN, form.which).format(**words)
        if isinstance(form, Compared):
            table = p.LARGER if self._uniform() < 0.5 else p.LARGEST
            words["more"] = pick(table[form.size], self._uniform)
            return self._pick(p.COMPARED, p.COMPARED_UNSEEN, "").format(**words)
        if isinstance(form, Closest):
            words["anchor"] = self._other(form.anchor)
            return self._pick(p.CLOSEST, p.CLOSEST_UNSEEN, "").format(**words)
        words["anchor"], words["second"] = self._other(form.first), self._other(form.second)
        return self._pick(p.BETWEEN, p.BETWEEN_UNSEEN, "").format(**words)

    def _other(self, form: Form) -> str:
        """A noun phrase within another one; it has no template that is kept out of training."""
        unseen, self._unseen = self._unseen, False
        text = self.phrase(form, "the ")
        self._unseen = unseen
        return text

    def _pick(self, seen: p.Table, unseen: p.Table, key: str) -> str:
        template = pick((unseen if self._unseen and key in unseen else seen)[key], self._uniform)
        self.templates.append(template)
        return template

    def _described(self, what: Described, the: str) -> str:
        """[article] [adjectives] noun [conditions]"""
        head, conditions = what.head, what.conditions
        if not conditions:
            return the + self._attributes(head)
        first = conditions[0]
        core, cores, are = self._core(Described(head))
        is_ = "are" if are else "is"
        if len(conditions) == 1 and isinstance(first, Related) and self._unseen:
            return self._inverted(first, core, cores)
        if len(conditions) == 1 and isinstance(first, Place) and not self._unseen:
            before = p.PLACED_BEFORE.get(first.where)
            if before and head.noun is not None and self._uniform() < 0.3:
                return the + pick(before, self._uniform).format(core=core)
        posts = [self._condition(condition, is_, head) for condition in conditions]
        text = the + core + " " + posts[0]
        for post in posts[1:]:
            text += p.AND + post.removeprefix(f"that {is_} ").removeprefix(f"which {is_} ")
        return text

    def _inverted(self, relation: Related, core: str, cores: str) -> str:
        template = self._pick(p.RELATED, p.RELATED_UNSEEN, "")
        where = pick(p.RELATED[relation.relation], self._uniform)
        anchor = self._other(relation.anchor)
        where_it = where.format(anchor="it")
        return template.format(
            core=core, cores=cores, where=where.format(anchor=anchor), where_it=where_it, anchor=anchor
        )

    def _condition(self, condition: Condition, is_: str, head: Head) -> str:
        if isinstance(condition, Place):
            return self._link(is_) + self._pick(p.PLACED, p.PLACED_UNSEEN, condition.where)
        if isinstance(condition, Related):
            return self._link(is_) + self._related(condition)
        if isinstance(condition, Holding):
            template = self._pick(p.HOLDING, p.HOLDING_UNSEEN, condition.relation)
            return template.format(anchor=self._other(condition.held))
        what, key = self._negated(condition.what)
        table = p.NOT_UNSEEN if self._unseen and key in p.NOT_UNSEEN else p.NOT
        template = pick(table[key if key in table else ""], self._uniform)
        self.templates.append(template)
        return template.format(**{"is": is_, "isnt": "aren't" if is_ == "are" else "isn't", "what": what})

    def _negated(self, what: Head | Place | Related) -> tuple[str, str]:
        if isinstance(what, Place):
            return pick(p.PLACED[what.where], self._uniform), ""
        if isinstance(what, Related):
            return self._related(what), ""
        if what.noun is not None:
            noun = pick(p.SINGULAR[what.noun], self._uniform)
            article = "" if noun in p.ARE else "an " if noun[0] in "aeiou" else "a "
            return article + noun, ""
        if what.material is not None:
            return pick(p.MATERIAL[what.material], self._uniform), "colour"
        return str(what.colour), "colour"

    def _related(self, relation: Related) -> str:
        return pick(p.RELATED[relation.relation], self._uniform).format(anchor=self._other(relation.anchor))

    def _link(self, is_: str) -> str:
        return pick(p.LINK, self._uniform).format(**{"is": is_})

    def _all(self, form: All, count: int) -> str:
        head, conditions = form.what.head, form.what.conditions
        nots = [c.what for c in conditions if isinstance(c, Not) and isinstance(c.what, Head)]
        if len(conditions) == 1 and nots:
            return self._all_but(head, nots[0])
        if head == Head() and not conditions:
            return self._pick(p.ALL, p.ALL_UNSEEN, "everything")
        key = ""
        if form.count is not None or (count == 2 and self._uniform() < 0.4):
            key = "both" if count == 2 else "counted" if count in p.NUMBERS else ""
        template = self._pick(p.ALL, p.ALL_UNSEEN, key)
        core, cores, _ = self._core(Described(head))
        text = template.format(core=core, cores=cores, number=p.NUMBERS.get(count, ""))
        is_ = "is" if "{core}" in template else "are"
        for condition in conditions:
            text += " " + self._condition(condition, is_, head)
        return text

    def _all_but(self, head: Head, without: Head) -> str:
        """ "all the mugs except the red one"."""
        many = self._left_out > 1
        if head == Head() and without.noun is not None:
            anchor = "the " + self._noun(without, many)
            return self._pick(p.ALL, p.ALL_UNSEEN, "everything but").format(anchor=anchor)
        one = "ones" if many else "one"
        anchor = (
            "the " + self._adjectives(without) + (one if without.noun is None else self._noun(without, many))
        )
        cores = self._core(Described(head))[1]
        return self._pick(p.ALL, p.ALL_UNSEEN, "but").format(anchor=anchor, cores=cores)

    def _attributes(self, head: Head) -> str:
        """Adjectives and noun, or "mug that is red"."""
        core, _, are = self._core(Described(head))
        named = head.noun is not None
        if self._unseen and named and head.colour and not head.size and not head.material:
            return self._pick(p.CORE, p.CORE_UNSEEN, "that").format(
                noun=self._noun(head, False), colour=head.colour
            )
        # without a colour, "mug that is small" is what training says too
        if self._unseen and named and head.size and head.colour:
            noun = self._adjectives(replace(head, size=None)) + self._noun(head, False)
            size = pick(p.SIZE[head.size], self._uniform)
            is_ = "are" if noun.endswith(tuple(p.ARE)) else "is"
            return self._pick(p.CORE, p.CORE_UNSEEN, "size").format(**{"noun": noun, "is": is_, "size": size})
        predicates = [pick(p.SIZE[head.size], self._uniform)] if head.size else []
        predicates += [head.colour] if head.colour else []
        if not predicates or self._unseen or self._uniform() > 0.08:
            self.templates.append(BARE)
            return core
        noun = self._adjectives(Head(material=head.material)) + self._noun(head, False)
        words = {"noun": noun, "pred": " and ".join(predicates), "is": "are" if noun in p.ARE else "is"}
        del are
        return self._pick(p.CORE, {}, "that").format(**words)

    def _core(self, what: Described) -> tuple[str, str, bool]:
        """Adjectives and noun, singular and plural, and whether the singular takes "are"; with conditions."""
        head = what.head
        adjectives, noun = self._adjectives(head), self._noun(head, False)
        many = self._noun(head, True)
        tail = "".join(" " + self._condition(c, "is", head) for c in what.conditions)
        return adjectives + noun + tail, adjectives + many + tail, noun in p.ARE

    def _noun(self, head: Head, plural: bool) -> str:
        if head.noun is not None:
            return pick((p.PLURAL if plural else p.SINGULAR)[head.noun], self._uniform)
        return pick(p.ANY_PLURAL if plural else p.ANY, self._uniform)

    def _adjectives(self, head: Head) -> str:
        words: Sequence[str | None] = (
            pick(p.SIZE[head.size], self._uniform) if head.size else None,
            head.colour,
            pick(p.MATERIAL[head.material], self._uniform) if head.material else None,
        )
        return "".join(f"{word} " for word in words if word)


UNSEEN_TEMPLATES = frozenset(
    template
    for name, table in vars(p).items()
    if name.endswith("_UNSEEN")
    for templates in table.values()
    for template in templates
)
