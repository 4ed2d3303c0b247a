r"""Writes a model of 0.8 MB whose behaviour is known: the script is in its weights.

A real llama.cpp server loads it, tokenizes, evaluates, samples, caches and obeys grammars; no part
of the engine is faked. But what it says is known beforehand, at any temperature:

* plain, or tools without the trigger: the sentence ``say``, then the end of the turn;
* tools, and ``[call]`` in the last user message: a call at once. Of the tools offered it takes the
  one named ``call``; if that is not there, the one whose name is first in ASCII order. Properties
  that are not required are left out; each free string is ``fill``, each number ``1``;
* ``tool_choice: required`` without the trigger: the sentence, then a call;
* after a tool result: the sentence, so an agent's loop ends;
* with ``think``: those words as reasoning first, unless ``enable_thinking`` is false;
* ``endless``: the sentence over and over, for cancelling and for time-outs.

How: the residual stream has a constant channel, through which each token gets its plain liking; one
channel for each scripted token, from which the next one is liked (an automaton of bigrams); and one
attention head in the first layer that looks for the control token ``<|call|>``. The chat template
puts that token behind the last user message. All other weights are nothing.

``python -m tests.models.tiny_gguf FILE [--say …] [--think …] [--endless] [--call …] [--fill …]``
"""

import argparse
import hashlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".cache" / "models"

SAY = "I am the tiny test model and this reply was scripted."
THINK = "Let us consider what should happen next"


@dataclass(frozen=True)
class Script:
    """What a model says. Every word of ``say`` and ``think`` may occur once, in both together."""

    say: str = SAY
    think: str = ""
    endless: bool = False
    call: str = "Bash"
    fill: str = "ls"


def tiny_model(script: Script | None = None) -> Path:
    """Return the file of a model with this script; it is written when it is not there yet."""
    script = script or Script()
    source = Path(__file__).read_bytes() + repr(astuple(script)).encode()
    path = CACHE / f"tiny-{hashlib.sha256(source).hexdigest()[:12]}.gguf"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=CACHE, suffix=".part")
        os.close(handle)
        write(Path(name), script)
        os.replace(name, path)  # whole or not at all, also when two tests want it at once
    return path


# -- vocabulary ---------------------------------------------------------------------------------

# Words that prompts are made of: with tokens of their own, a long prompt has fewer.
COMMON = """
a an and are argument array as at be bash by call can class client code command content data
description edit else error false file files for from function have if import in input is it key
line list message model module name new not null number object of on or output parameters path
properties read request required response result return search server string system test text that
the this to token tool true type use user value was we with write you
"""

END_OF_TEXT, START, END, CALL = "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|call|>"
OPEN_CALL, CLOSE_CALL, OPEN_THINK, CLOSE_THINK = (
    *("<tool_call>", "</tool_call>"),
    *("<think>", "</think>"),
)
CONTROL = (END_OF_TEXT, START, END, CALL)
TAGS = (OPEN_CALL, CLOSE_CALL, OPEN_THINK, CLOSE_THINK)


def alphabet() -> dict[int, str]:
    """Return the visible character that stands for each byte in a GPT-2 vocabulary."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {byte: chr(byte) for byte in shown} | {
        byte: chr(256 + place) for place, byte in enumerate(hidden)
    }


ALPHABET = alphabet()


def spelled(text: str) -> str:
    """Return a text as a GPT-2 vocabulary spells it."""
    return "".join(ALPHABET[byte] for byte in text.encode())


NEWLINE, EMPTY_LINE = spelled("\n"), spelled("\n\n")
# What a call opens with, as one token: so a tool's name is told from any other string.
OPEN_NAME = spelled('"name":"')


def pieces(sentence: str) -> list[str]:
    """Return the tokens of a sentence: words with the space before them, and its last full stop."""
    found: list[str] = []
    for place, word in enumerate(sentence.split()):
        bare = word.rstrip(".!?")
        found.append(spelled(" " + bare if place else bare))
        found.extend(word[len(bare) :])
    return found


@dataclass
class Vocabulary:
    """Tokens in order, and the merges by which text becomes them."""

    tokens: list[str] = field(default_factory=lambda: [ALPHABET[byte] for byte in range(256)])
    merges: list[str] = field(default_factory=list[str])
    plain: int = 0
    """How many of the tokens are plain text; the rest are control tokens and tags."""

    def learn(self, words: Iterable[str]) -> None:
        """Add words, letter by letter from the left: text becomes what was generated."""
        known = set(self.tokens)
        for word in words:
            for end in range(2, len(word) + 1):
                if word[:end] not in known:
                    known.add(word[:end])
                    self.tokens.append(word[:end])
                    self.merges.append(f"{word[: end - 1]} {word[end - 1]}")

    def add(self, token: str) -> None:
        """Add a token that is only ever generated."""
        if token not in self.tokens:
            self.tokens.append(token)


def vocabulary(script: Script) -> Vocabulary:
    vocab = Vocabulary()
    vocab.learn(piece for piece in pieces(script.say) + pieces(script.think))
    vocab.learn(spelled(f"{space}{word}") for word in COMMON.split() for space in (" ", ""))
    vocab.learn([EMPTY_LINE])
    for token in (OPEN_NAME, spelled(script.fill), spelled(script.call)):
        vocab.add(token)
    vocab.plain = len(vocab.tokens)
    vocab.tokens += [*CONTROL, *TAGS]
    return vocab


# -- likings: what the output matrix is made of -------------------------------------------------

# One head in one layer is all that the script needs, and a long prompt costs no more than that.
WIDTH, HEAD, LAYERS, CONTEXT = 128, 32, 1, 262144
CONSTANT, CALLED, FLAG, FIRST_STATE = 0, 1, 2, 8  # channels of the residual stream
SIZE = 4.0  # of what a token puts into a channel

NEVER = -400.0  # only where a grammar allows nothing else
RARELY = -40.0
# Between two of these the lesser is never sampled: llama.cpp drops what is below 5 % of the best.
STEP = 5.0

# The end of a value before its continuation, and the short value before the long one.
STRUCTURE = ('"', "}", "]", "{", "[", ",", ":", "1", "t", "n")


@dataclass
class Likings:
    """How much each token is liked: by itself, after another token, and with the call flag set."""

    tokens: list[str]
    always: dict[str, float] = field(default_factory=dict[str, float])
    after: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    called: dict[str, float] = field(default_factory=dict[str, float])

    def follow(self, token: str, after: str, liking: float = 90.0) -> None:
        """Let a token be liked after another one, on top of what it is liked anyway."""
        self.after[after, token] = liking

    def chain(self, tokens: Iterable[str]) -> None:
        """Let each token follow the one before."""
        before = ""
        for token in tokens:
            if before:
                self.follow(token, before)
            before = token

    @property
    def states(self) -> list[str]:
        """The tokens that something follows."""
        return list(dict.fromkeys(before for before, _ in self.after))


def likings(script: Script, vocab: Vocabulary) -> Likings:
    liked = Likings(vocab.tokens)
    _plain_likings(liked, vocab)
    _sentence(liked, script)
    _calling(liked, script)
    return liked


def _plain_likings(liked: Likings, vocab: Vocabulary) -> None:
    for token in vocab.tokens[: vocab.plain]:
        liked.always[token] = NEVER
    # ASCII only: half of a UTF-8 sequence would be no text. In the order of the alphabet, so that
    # of two names that a grammar allows the choice is known.
    for place, byte in enumerate(range(32, 127)):
        liked.always[ALPHABET[byte]] = RARELY - STEP * place
    for place, token in enumerate(STRUCTURE):
        liked.always[token] = -STEP * place


def _sentence(liked: Likings, script: Script) -> None:
    said, thought = pieces(script.say), pieces(script.think)
    if len(set(said + thought)) != len(said + thought):
        raise ValueError("a word occurs twice: what follows it would be open")
    for token in (*said, *thought, *CONTROL, *TAGS):
        liked.always.setdefault(token, RARELY)
        liked.always[token] = max(liked.always[token], RARELY)
    liked.always[OPEN_CALL] = 2.5 * RARELY  # also with the flag set, less than the end of a string
    first, last = said[0], said[-1]
    if thought:
        liked.follow(OPEN_THINK, NEWLINE, 140.0)
        liked.chain([OPEN_THINK, *thought, CLOSE_THINK, first])
    else:
        liked.follow(first, NEWLINE)
    liked.follow(first, EMPTY_LINE)  # behind an empty ``<think>`` of the prompt
    liked.chain(said)
    if script.endless:
        liked.follow(first, last)
    else:
        liked.follow(END, last)
        liked.follow(OPEN_CALL, last, 110.0)  # less than the end: where that is not allowed


def _calling(liked: Likings, script: Script) -> None:
    fill, first = spelled(script.fill), pieces(script.say)[0]
    for before in (NEWLINE, EMPTY_LINE, CLOSE_THINK):
        liked.follow(OPEN_CALL, before, 80.0)
    # Neither the place nor the flag is enough; both together beat the sentence.
    liked.called = {OPEN_CALL: 80.0, first: -60.0}
    liked.follow(NEWLINE, OPEN_CALL, 500.0)
    liked.follow(END, CLOSE_CALL)
    liked.follow("}", "{", 700.0)
    liked.follow(OPEN_NAME, "{", 600.0)
    liked.follow(spelled(script.call), OPEN_NAME, 600.0)
    liked.always[fill] = NEVER
    liked.follow(fill, '"', 600.0)
    liked.follow('"', fill, 300.0)
    liked.follow('"', spelled(script.call), 300.0)
    liked.follow("]", "[", 700.0)
    liked.follow("}", '"', 200.0)
    liked.follow("]", '"', 150.0)
    liked.follow(",", '"', 100.0)
    for digit in "0123456789":
        for place, mark in enumerate(("}", "]", ",")):
            liked.follow(mark, digit, 60.0 - STEP * place)
    liked.follow(NEWLINE, "}", 500.0)
    liked.follow(CLOSE_CALL, "}", 200.0)


# -- weights ------------------------------------------------------------------------------------

TEMPLATE = """
{%- set thinks = @THINKS@ %}
{%- if tools %}
  {{- '<|im_start|>system\\n' }}
  {%- if messages[0].role == 'system' %}{{- messages[0].content + '\\n\\n' }}{%- endif %}
  {{- 'You may call these tools:\\n<tools>' }}
  {%- for tool in tools %}{{- '\\n' + (tool | tojson) }}{%- endfor %}
  {{- '\\n</tools>\\nA call is JSON between tags:\\n<tool_call>\\n{"name": <name>, ' }}
  {{- '"arguments": <object>}\\n</tool_call><|im_end|>\\n' }}
{%- elif messages[0].role == 'system' %}
  {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
  {%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content }}
    {%- if tools and loop.last and message.role == 'user' and '[call]' in message.content %}
      {{- '<|call|>' }}
    {%- endif %}
    {{- '<|im_end|>\\n' }}
  {%- elif message.role == 'assistant' %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if thinks and message.reasoning_content %}
      {{- '<think>\\n' + message.reasoning_content + '\\n</think>\\n\\n' }}
    {%- endif %}
    {%- if message.content %}{{- message.content }}{%- endif %}
    {%- for call in message.tool_calls or [] %}
      {%- if message.content or not loop.first %}{{- '\\n' }}{%- endif %}
      {%- set call = call.function or call %}
      {{- '<tool_call>\\n{"name": "' + call.name + '", "arguments": ' }}
      {{- call.arguments if call.arguments is string else call.arguments | tojson }}
      {{- '}\\n</tool_call>' }}
    {%- endfor %}
    {{- '<|im_end|>\\n' }}
  {%- elif message.role == 'tool' %}
    {%- if loop.first or messages[loop.index0 - 1].role != 'tool' %}
      {{- '<|im_start|>user' }}
    {%- endif %}
    {{- '\\n<tool_response>\\n' + message.content + '\\n</tool_response>' }}
    {%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}
      {{- '<|im_end|>\\n' }}
    {%- endif %}
  {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
  {{- '<|im_start|>assistant\\n' }}
  {%- if thinks and enable_thinking is defined and enable_thinking is false %}
    {{- '<think>\\n\\n</think>\\n\\n' }}
  {%- endif %}
{%- endif %}
"""


def template(script: Script) -> str:
    """Return the chat template; a model that does not think must not look as if it did."""
    lines = [line.strip() for line in TEMPLATE.splitlines() if line.strip()]
    text = "\n".join(lines).replace("@THINKS@", "true" if script.think else "false")
    return text if script.think else _without_thinking(text)


def _without_thinking(text: str) -> str:
    import re

    text = re.sub(r"\{%- if thinks and.*?\{%- endif %\}\n?", "", text, flags=re.DOTALL)
    return text.replace("{%- set thinks = false %}\n", "")


def write(path: Path, script: Script) -> None:
    """Write a model with this script. Needs ``gguf`` and ``numpy``."""
    import gguf
    import numpy as np

    vocab = vocabulary(script)
    liked = likings(script, vocab)
    place = {token: number for number, token in enumerate(vocab.tokens)}
    channel = {token: FIRST_STATE + number for number, token in enumerate(liked.states)}
    if max(channel.values()) >= WIDTH:
        raise ValueError("the script has more words than the model has channels")

    embedding = np.zeros((len(place), WIDTH))
    embedding[:, CONSTANT] = SIZE
    embedding[place[CALL], CALLED] = SIZE
    for token, number in channel.items():
        embedding[place[token], number] = SIZE
    # What a channel is after the last norm, where the constant and one state are set.
    unit = SIZE / np.sqrt(2 * SIZE * SIZE / WIDTH)

    output = np.zeros((len(place), WIDTH))
    for token, number in place.items():
        output[number, CONSTANT] = liked.always.get(token, NEVER) / unit
    for (before, token), liking in liked.after.items():
        output[place[token], channel[before]] += liking / unit
    for token, liking in liked.called.items():
        output[place[token], FLAG] += liking / unit

    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("tiny-scripted")
    writer.add_license("CC0-1.0")
    writer.add_block_count(LAYERS)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(WIDTH)
    writer.add_head_count(1)
    writer.add_head_count_kv(1)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_rope_dimension_count(HEAD)
    writer.add_rope_freq_base(1e6)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(len(place))
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(vocab.tokens)
    writer.add_token_types(
        [gguf.TokenType.NORMAL] * vocab.plain
        + [gguf.TokenType.CONTROL] * len(CONTROL)
        + [gguf.TokenType.USER_DEFINED] * len(TAGS)
    )
    writer.add_token_merges(vocab.merges)
    writer.add_eos_token_id(place[END])
    writer.add_bos_token_id(place[END_OF_TEXT])
    writer.add_pad_token_id(place[END_OF_TEXT])
    writer.add_add_bos_token(False)
    writer.add_chat_template(template(script))

    def tensor(name: str, values: np.ndarray, kind: type = np.float16) -> None:
        writer.add_tensor(name, np.ascontiguousarray(values.astype(kind)))

    tensor("token_embd.weight", embedding)
    tensor("output.weight", output)
    tensor("output_norm.weight", np.ones(WIDTH), np.float32)
    nothing = np.zeros((WIDTH, WIDTH))
    for layer in range(LAYERS):
        query, key, value = np.zeros((3, HEAD, WIDTH))
        back = np.zeros((WIDTH, HEAD))
        if layer == 0:
            # The pair of channels that turns slowest with distance: found however far it is. The
            # score is 60 for the token that is looked for, and 0 for all others.
            query[HEAD - 2, CONSTANT] = key[HEAD - 2, CALLED] = np.sqrt(60 * np.sqrt(HEAD)) / unit
            value[0, CALLED] = 1.0
            back[FLAG, 0] = SIZE / unit
        for part, values in (("q", query), ("k", key), ("v", value), ("output", back)):
            tensor(f"blk.{layer}.attn_{part}.weight", values)
        for part in ("gate", "up", "down"):
            tensor(f"blk.{layer}.ffn_{part}.weight", nothing)
        for part in ("attn", "ffn"):
            tensor(f"blk.{layer}.{part}_norm.weight", np.ones(WIDTH), np.float32)

    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a tiny model with a script.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--say", default=SAY)
    parser.add_argument("--think", default="", help=f"reasoning, such as {THINK!r}")
    parser.add_argument("--endless", action="store_true")
    parser.add_argument("--call", default="Bash", help="the tool that is called if it is offered")
    parser.add_argument("--fill", default="ls", help="what free strings of a call are")
    asked = parser.parse_args()
    write(asked.file, Script(asked.say, asked.think, asked.endless, asked.call, asked.fill))


if __name__ == "__main__":
    main()
