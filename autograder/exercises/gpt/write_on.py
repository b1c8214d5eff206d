"""`gpt.write_on`: its probes, and what people get wrong about it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import count, islice
from typing import Any

import torch
from torch import Generator, Tensor

from autograder.exercise import Switches, whole
from autograder.exercises.gpt import LAB
from llmlab import model

exercise = LAB.exercise(
    "write_on",
    reference=model.write_on,
    hints=(
        "Say aloud what one round does. What has the model to read, and which of its rows counts?",
        "Keep a list of your own that begins as a copy of the prompt. Each round reads the whole list, "
        "chooses from the row of the last token, and looks whether to stop before it gives anything.",
        "For each of the rounds: run the model on a tensor of one row; choose from the last row of its "
        "logits; return if the token is a stop token; otherwise yield it, and append it to your list.",
    ),
    matters="Every chat window that shows words as they are found runs this loop, one call of the model a token "
    "(vLLM does it for hundreds of texts at once; Kwon et al., 2023). Read llmlab/model/writing.py.",
)

# An answer without an end is cut off here; nothing asks for so many tokens.
_MOST = 40


class Chain:
    """Stands for a model in the probes: its logits depend on all tokens so far, and on their order."""

    vocabulary = 7

    def __init__(self, generator: Generator) -> None:
        self.table = torch.randn(self.vocabulary, self.vocabulary, generator=generator)
        self.table -= 4 * torch.eye(self.vocabulary)
        self.read: list[int] = []

    def __repr__(self) -> str:
        return f"a model of {self.vocabulary} tokens"

    def __call__(self, ids: Tensor) -> Tensor:
        if ids.dim() != 2:
            raise ValueError(
                f"the model reads a batch of ids, (1, length), and was given {tuple(ids.shape)}"
            )
        self.read.append(ids.shape[1])
        weights = torch.arange(1, ids.shape[1] + 1)[:, None]
        return (weights * self.table[ids]).cumsum(dim=1)


def likeliest(logits: Tensor) -> int:
    """Choose the token with the largest logit."""
    return int(logits.argmax())


def taken(tokens: Iterable[Any]) -> list[Any]:
    """Take all tokens that are given, but not without an end."""
    return list(islice(tokens, _MOST))


def drawn(implementation: Any, chain: Any, prompt: list[int], draws: list[int], stop: Any) -> Any:
    """Write with a chooser that has its tokens ready, and say how often it was asked."""
    left = [*draws, *[0] * _MOST]

    def choose(logits: Tensor) -> int:
        return left.pop(0)

    tokens = taken(implementation(chain, prompt, len(draws), choose, stop))
    return {"tokens": tokens, "questions to `choose`": len(draws) + _MOST - len(left)}


def shown(implementation: Any, chain: Any, prompt: list[int]) -> Any:
    """Write two tokens, the unlikeliest each time, and keep what the chooser was shown."""
    seen: list[Tensor] = []

    def unlikeliest(logits: Tensor) -> int:
        seen.append(logits.clone())
        return int(logits.argmin())

    tokens = taken(implementation(chain, prompt, 2, unlikeliest))
    return {"logits shown to `choose`": seen, "tokens": tokens}


def alternating(implementation: Any, chain: Any, prompt: list[int]) -> Any:
    """Let two texts with one beginning be written in turns."""
    one, other = (iter(implementation(chain, prompt, 3, likeliest)) for _ in range(2))
    return [next(text) for _ in range(3) for text in (one, other)]


@exercise.probe
def four_tokens(implementation: Any, generator: Generator) -> Any:
    """Four tokens after a prompt of three, the likeliest each time; and the prompt afterwards."""
    prompt = [whole(generator, 0, 6) for _ in range(3)]
    tokens = taken(implementation(Chain(generator), prompt, 4, likeliest))
    return {"tokens": tokens, "prompt": prompt}


@exercise.probe
def what_choose_is_shown(implementation: Any, generator: Generator) -> Any:
    """Two tokens after a prompt of two, the unlikeliest each time; and the logits that `choose` is shown."""
    return shown(implementation, Chain(generator), [5, whole(generator, 0, 4)])


@exercise.probe
def a_ready_chooser(implementation: Any, generator: Generator) -> Any:
    """A chooser that has the tokens 4, 2, 2, 6, 1 ready, first without stop tokens and then with stop={6, 3}."""
    results = []
    for stop in (set[int](), {6, 3}):
        results.append(drawn(implementation, Chain(generator), [1, 0], [4, 2, 2, 6, 1], stop))
    return results


@exercise.probe
def stop_tokens(implementation: Any, generator: Generator) -> Any:
    """Stop tokens that are chosen at once or later, and some that stand in the prompt."""
    chain = Chain(generator)
    first = whole(generator, 0, 4)
    some = {first, first + 1, first + 2}
    return {
        "likeliest until a stop": taken(implementation(chain, [2, 0], 9, likeliest, some)),
        "stop at once": drawn(implementation, chain, [0, 1], [5, 2, 3], [5]),
        "stop inside the prompt": drawn(implementation, chain, [5, 1], [2, 3, 5, 4], [5, 6]),
        "stop at the end of the prompt": drawn(implementation, chain, [1, 5], [2, 3, 5], (5,)),
    }


@exercise.probe
def numbers_of_tokens(implementation: Any, generator: Generator) -> Any:
    """No new token at all, one, and three after a prompt of five."""
    chain, asked = Chain(generator), ((0, [3]), (1, [3]), (3, [3, 1, 4, 1, 5]))
    return [taken(implementation(chain, prompt, most, likeliest)) for most, prompt in asked]


@exercise.probe
def as_soon_as_chosen(implementation: Any, generator: Generator) -> Any:
    """The first two of twenty tokens, and how many ids the model has read in each call until then."""
    chain = Chain(generator)
    tokens = list(islice(iter(implementation(chain, [4, 3], 20, likeliest)), 2))
    return {"tokens": tokens, "ids read in each call": list(chain.read)}


@exercise.probe
def two_texts_in_turns(implementation: Any, generator: Generator) -> Any:
    """Two texts from one prompt, written in turns, three tokens each."""
    return alternating(implementation, Chain(generator), [2, whole(generator, 0, 6)])


_ROUND = "Reread 'One token after the other'."
_STOP = "Reread 'When to stop'."
_GIVE = "Reread 'Giving tokens as they come'."
_ALL_ROWS = (
    "You show `choose` the rows of all tokens. Only the row of the last token is a guess at what comes next. "
    + _ROUND
)
_NEVER_STOPPED = (
    "Nothing stops the writing before its last round: when the model says that it has finished, your "
    f"code goes on. {_STOP}"
)
_EXTENDED = (
    "Your code appends to the list that it was given: whoever called it finds the prompt changed, "
    f"and the next answer begins where this one ended. {_ROUND}"
)
_WAITS = (
    "Your code writes the whole text before it gives its first token, and a reader would wait for all of "
    f"it. {_GIVE}"
)
_READS_AGAIN = (
    "What was written is never read: each round sees the prompt alone, as it was. " + _ROUND
)


@exercise.faults(
    first_row="You choose from the first row of the logits, which guesses the second token of the prompt. The row "
    f"of the last token is the one that guesses what comes next. {_ROUND}",
    row_before_last="You choose from the row before the last. It guesses the token that you have already. "
    + _ROUND,
    mean_row="You choose from the mean of all rows. Each row guesses another place; only the last one's is new. "
    + _ROUND,
    all_rows=_ALL_ROWS,
    all_rows_in_batch=_ALL_ROWS,
    batch_kept="You show `choose` a batch of one row, (1, vocabulary). It takes the logits of one place, "
    "(vocabulary,). " + _ROUND,
    probabilities_shown="You show `choose` probabilities. It takes logits, from which temperature and filters "
    "begin. " + _ROUND,
    log_probabilities_shown="You show `choose` logarithms of probabilities. It takes the logits as the model "
    "gives them. " + _ROUND,
    list_shown="You show `choose` a list of numbers. It takes a tensor. " + _ROUND,
    token_shown="You show `choose` the likeliest token. It takes the logits, and finds the token by itself. "
    + _ROUND,
    never_appended=_READS_AGAIN,
    read_once="Your model reads the prompt once, and every token is chosen from the same logits. Each round needs "
    f"a guess of its own. {_ROUND}",
    last_token_alone="The model reads the last token alone, and has forgotten all that came before. It has no "
    f"memory: each round has to show it the whole text. {_ROUND}",
    new_tokens_alone="After the first round the model reads new tokens alone, without the prompt. It has no "
    f"memory: each round has to show it the whole text. {_ROUND}",
    one_new_token="After the first round the model reads the newest token alone. It has no memory: each round has "
    f"to show it the whole text. {_ROUND}",
    prompt_and_newest="The model reads the prompt and the newest token, and nothing between. Each round has to "
    f"show it the whole text. {_ROUND}",
    without_the_newest="The model does not read the newest token: its text is one token short. "
    + _ROUND,
    put_in_front="New tokens are put in front of the text. They belong at its end. " + _ROUND,
    appended_twice="Each new token is put at the end of the text twice. " + _ROUND,
    reads_backwards="Your model reads the text backwards. " + _ROUND,
    flat_ids="The model gets ids without a batch. It reads a batch of one text, (1, length). "
    + _ROUND,
    list_of_ids="The model gets a list. It reads a tensor of ids, (1, length). " + _ROUND,
    column_of_ids="The model gets a column, (length, 1): that is many texts of one token each. One text of many "
    f"tokens has the shape (1, length). {_ROUND}",
    real_ids="The model gets real numbers for ids. Ids are whole numbers. " + _ROUND,
    own_choice="Your code takes the likeliest token by itself. The choice belongs to `choose`, which may draw. "
    + _ROUND,
    asked_twice="You ask `choose` twice in a round, and the two answers can differ: what you look at is not what "
    "you give. " + _ROUND,
    asked_again="At a stop token you ask `choose` again, until another token comes. A stop token ends the text. "
    + _STOP,
    stop_given="The stop token is given too. It is a sign to whoever writes, and no part of the text. "
    + _STOP,
    text_looked_at="You look for a stop token at the end of the text before each round. So the prompt's last "
    f"token can end it, and a stop token that was chosen is given. {_STOP}",
    whole_text_looked_at="You look for stop tokens in the whole text, the prompt too. Only a token that was "
    "chosen ends it. " + _STOP,
    prompt_looked_at="You look whether the prompt holds a stop token, and then write nothing. Only a token that "
    f"was chosen ends the text. {_STOP}",
    never_stopped=_NEVER_STOPPED,
    compared_with_all=_NEVER_STOPPED,
    stop_left_out="At a stop token you give nothing and go on writing. It ends the text. " + _STOP,
    stop_left_out_and_read="At a stop token you give nothing, put it into the text, and go on writing. It ends "
    "the text. " + _STOP,
    stop_raised="You raise StopIteration to end. Inside a generator Python takes that for a mistake; a `return` "
    "ends it. " + _GIVE,
    one_fewer="Your code gives one token fewer than it may. " + _STOP,
    one_more="Your code gives one token more than it may. " + _STOP,
    one_at_least="Your code gives one token where none was asked for. " + _STOP,
    prompt_counted="You count the prompt's tokens among the new ones, so a long prompt leaves no room for an answer. "
    f"{_STOP}",
    endless="Your code does not count its tokens, and writes on until a stop token comes. There can be none. "
    + _STOP,
    prompt_given_too="Your code gives the prompt's tokens too. Whoever called it has them; it gives the new ones "
    "alone. " + _ROUND,
    text_given="Your code gives the whole text, prompt included, in each round. It gives the new token alone. "
    + _GIVE,
    new_text_given="Your code gives all new tokens so far in each round. It gives the newest alone. "
    + _GIVE,
    given_in_a_list="Each token comes in a list of its own. It should come as a number. " + _GIVE,
    given_as_a_tensor="Each token comes as a tensor. It should come as a number. " + _GIVE,
    given_twice="Each token is given twice. " + _GIVE,
    one_behind="Your code gives the text's last token before it chooses the next: the prompt's last token comes "
    f"first, and the last one that was chosen is missing. {_GIVE}",
    last_given="Your code gives the last token alone. Each round gives its own. " + _GIVE,
    first_returned="Your code returns one token and is over. `return` ends a function; `yield` gives something "
    "and goes on. " + _GIVE,
    nothing_given="Your code writes, and gives nothing to who called it. " + _GIVE,
    whole_text_returned="Your code returns the whole text at its end, prompt included. It gives the new tokens "
    f"alone, each as soon as it is chosen. {_GIVE}",
    waits=_WAITS,
    waits_and_yields=_WAITS,
    prompt_extended=_EXTENDED,
    prompt_extended_early=_EXTENDED,
)
def faulty(on: Switches) -> Any:
    def write_on(
        model: Any, prompt: list[int], max_new_tokens: int, choose: Any, stop: Collection[int] = ()
    ) -> Any:
        extended = on("prompt_extended") or on("prompt_extended_early")
        ids = prompt if extended else list(prompt)
        model = _reading_once(model) if on("read_once") else model
        rounds = _rounds(max_new_tokens, len(prompt), on)
        tokens = _tokens(model, ids, rounds, choose, stop, on)
        if on("whole_text_returned"):
            return [*prompt, *tokens]
        if on("waits"):
            return list(tokens)
        if on("first_returned"):
            return next(tokens, None)
        if on("nothing_given"):
            taken(tokens)
            return None
        return _given(tokens, prompt, on)

    return write_on


def _reading_once(model: Any) -> Callable[[Any], Any]:
    kept: list[Any] = []

    def read(ids: Any) -> Any:
        if not kept:
            kept.append(model(ids))
        return kept[0]

    return read


def _rounds(most: int, before: int, on: Switches) -> Iterable[int]:
    if on("endless"):
        return count()
    if on("one_at_least"):
        return range(max(1, most))
    if on("prompt_counted"):
        return range(before, most)
    return range(most - on("one_fewer") + on("one_more"))


def _given(tokens: Iterator[Any], prompt: list[int], on: Switches) -> Iterator[Any]:
    """Give what was written, or something else in its place."""
    if on("waits_and_yields"):
        yield from list(tokens)
        return
    if on("prompt_given_too"):
        yield from list(prompt)
    so_far: list[Any] = list(prompt) if on("text_given") else []
    for token in tokens:
        so_far.append(token)
        if on("text_given") or on("new_text_given"):
            yield list(so_far)
        elif not on("last_given"):
            yield [token] if on("given_in_a_list") else token
            if on("given_twice"):
                yield token
    if on("last_given") and so_far:
        yield so_far[-1]


def _tokens(
    model: Any, ids: list[int], rounds: Iterable[int], choose: Any, stop: Any, on: Switches
) -> Iterator[Any]:
    prompt = list(ids)
    if on("prompt_looked_at") and any(token in stop for token in prompt):
        return
    for _ in rounds:
        if on("text_looked_at") and ids[-1] in stop:
            return
        if on("whole_text_looked_at") and any(token in stop for token in ids):
            return
        if on("one_behind"):
            yield ids[-1]
        token = _choice(model, ids, prompt, choose, on)
        while on("asked_again") and token in stop:
            token = _choice(model, ids, prompt, choose, on)
        if _ends(token, stop, on):
            if on("stop_raised"):
                raise StopIteration
            if not (on("stop_left_out") or on("stop_left_out_and_read")):
                return
            if on("stop_left_out_and_read"):
                ids.append(token)
            continue
        if on("asked_twice"):
            token = _choice(model, ids, prompt, choose, on)
        if on("prompt_extended_early"):
            ids.append(token)
        if not on("one_behind"):
            yield torch.tensor(token) if on("given_as_a_tensor") else token
        if on("stop_given") and token in stop:
            return
        if on("prompt_extended_early"):
            continue
        if on("put_in_front"):
            ids.insert(0, token)
        else:
            ids.extend([token] * (1 + on("appended_twice")))


def _ends(token: Any, stop: Any, on: Switches) -> bool:
    if on("compared_with_all"):
        return bool(token == stop)
    later = on("stop_given") or on("text_looked_at") or on("whole_text_looked_at")
    return not (later or on("never_stopped")) and token in stop


def _choice(
    model: Any, ids: list[int], prompt: list[int], choose: Callable[[Any], Any], on: Switches
) -> Any:
    logits = model(_batch(_seen(ids, prompt, on), on))
    if on("own_choice"):
        return int(logits[0, -1].argmax())
    if on("all_rows"):
        return choose(logits[0])
    if on("all_rows_in_batch"):
        return choose(logits)
    if on("batch_kept"):
        return choose(logits[:, -1])
    if on("mean_row"):
        return choose(logits[0].mean(dim=0))
    row = logits[0, 0 if on("first_row") else -2 if on("row_before_last") else -1]
    if on("probabilities_shown"):
        return choose(row.softmax(dim=-1))
    if on("log_probabilities_shown"):
        return choose(row.log_softmax(dim=-1))
    if on("list_shown"):
        return choose(row.tolist())
    return choose(row.argmax() if on("token_shown") else row)


def _seen(ids: list[int], prompt: list[int], on: Switches) -> list[int]:
    """Say what the model reads of the text."""
    new = ids[len(prompt) :]
    if on("never_appended") or on("read_once"):
        return prompt
    if on("last_token_alone"):
        return ids[-1:]
    if on("new_tokens_alone"):
        return new or prompt
    if on("one_new_token"):
        return new[-1:] or prompt
    if on("prompt_and_newest"):
        return prompt + new[-1:]
    if on("without_the_newest"):
        return ids[:-1]
    return ids[::-1] if on("reads_backwards") else ids


def _batch(ids: list[int], on: Switches) -> Any:
    if on("flat_ids"):
        return torch.tensor(ids)
    if on("list_of_ids"):
        return [ids]
    if on("column_of_ids"):
        return torch.tensor(ids)[:, None]
    return torch.tensor([ids], dtype=torch.float) if on("real_ids") else torch.tensor([ids])
