"""What is sealed opens with its key, in its place, and nowhere else."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from driftd.adapters.vault import Kek, Keyring, opened, read_text, rewrapped, seal
from driftd.core.sealed import LONGEST, Place, bound, pack, parse
from driftd.core.secret import Secret
from driftd.errors import SealError

PLACE = Place("5f" * 16, "aldgate", "client_secret")
FIRST, SECOND, THIRD = (Kek(bytes([each]) * 32) for each in range(3))
PLANTED = Secret("planted-secret-äß")
KEPT = bytes.fromhex(
    "647266560168273a36ea5a8741965756790154f88bd0d7abde04f1b3fb0000000140b841c3258fb629686c9578344c0c6b69"
    "36d0dfbda3fe2199dd783f8bb67ed2a054f5139edcb7bdc218aa7af4b593aacacb98f1267f8ab52bc7b2d94bc4e2fc718006"
    "e7542b6cc481b1d61eb92963bfc92d14abc03fe4ba48d5abd5cd8d22d1cb8e9218ae40175610801e"
)
"""`PLANTED` as layout 1 sealed it at `PLACE` under `FIRST`."""
SECRETS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200).map(Secret)
NAMES = st.text(st.characters(categories=["L", "N"], include_characters="._-"), min_size=1, max_size=20)
PLACES = st.builds(Place, store=NAMES, connection=NAMES, field=NAMES)


@given(SECRETS, PLACES, st.integers(1, 2**32 - 1))
def test_what_is_sealed_opens(secret: Secret, place: Place, number: int) -> None:
    """Whatever the secret and its place, and with other keys beside its own."""
    blob = seal(secret, place, number, FIRST)
    assert opened(blob, place, Keyring([SECOND, FIRST])) == secret
    assert pack(parse(blob)) == blob
    assert parse(blob).number == number


def test_what_was_sealed_once_opens_for_ever() -> None:
    """The layout and what a secret is bound to are those of every database there is."""
    assert opened(KEPT, PLACE, Keyring([FIRST])) == PLANTED


@given(st.data())
def test_a_bit_that_flips_is_refused(data: st.DataObject) -> None:
    """Wherever in the blob it is; and so is one that lacks its end, or has more."""
    blob = seal(PLANTED, PLACE, 1, FIRST)
    at = data.draw(st.integers(0, 8 * len(blob) - 1))
    flipped = (int.from_bytes(blob, "big") ^ (1 << at)).to_bytes(len(blob), "big")
    for wrong in (flipped, blob[: at // 8], blob + bytes([at % 256])):
        with pytest.raises(SealError) as refused:
            opened(wrong, PLACE, Keyring([FIRST]))
        assert PLANTED.reveal() not in str(refused.value)
        with pytest.raises(SealError):
            rewrapped(wrong, PLACE, Keyring([SECOND, FIRST]))


@given(PLACES, PLACES)
def test_it_opens_in_its_own_place_alone(here: Place, there: Place) -> None:
    """A row that is moved to another database, connection or field is refused; so is one with another number."""
    blob = seal(PLANTED, here, 1, FIRST)
    others = [replace(here, **{name: getattr(there, name)}) for name in Place.__struct_fields__]
    for place in (each for each in (there, *others) if each != here):
        with pytest.raises(SealError, match="belongs to another"):
            opened(blob, place, Keyring([FIRST]))
    with pytest.raises(SealError, match="damaged"):
        opened(pack(replace(parse(blob), number=2)), here, Keyring([FIRST]))


@given(SECRETS)
def test_another_key_leaves_the_ciphertext_alone(secret: Secret) -> None:
    """Rewrapped, only the wrapping differs; the new key opens it and the old one does not; again, nothing changes."""
    old = seal(secret, PLACE, 1, FIRST)
    new = rewrapped(old, PLACE, Keyring([SECOND, FIRST]))
    before, after = parse(old), parse(new)
    assert (before.kek, after.kek) == (FIRST.id, SECOND.id)
    assert replace(after, kek=before.kek, wrap_nonce=before.wrap_nonce, wrapped=before.wrapped) == before
    assert bound(PLACE, after) == bound(PLACE, before)
    assert opened(new, PLACE, Keyring([SECOND])) == secret
    with pytest.raises(SealError, match=SECOND.id.hex()):
        opened(new, PLACE, Keyring([FIRST]))
    assert rewrapped(new, PLACE, Keyring([SECOND])) == new


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    """Of a ring of three; a missing one is named by its id, and no key at all by what to run."""
    ring = Keyring([THIRD, FIRST, SECOND])
    assert parse(seal(PLANTED, PLACE, 1, ring.first)).kek == THIRD.id
    for each in ring:
        assert opened(seal(PLANTED, PLACE, 1, each), PLACE, ring) == PLANTED
    with pytest.raises(SealError, match=f'the key "{THIRD.id.hex()}" is missing'):
        opened(seal(PLANTED, PLACE, 1, THIRD), PLACE, Keyring([FIRST]))
    with pytest.raises(SealError, match="driftd keys generate"):
        Keyring().first  # noqa: B018 - it raises


def test_nothing_is_drawn_twice() -> None:
    """Neither a nonce nor a data key's id, nor a byte of the secret shows: in a thousand seals of one secret."""
    blobs = [seal(PLANTED, PLACE, 1, FIRST) for _ in range(1_000)]
    sealed = [parse(each) for each in blobs]
    drawn = [nonce for each in sealed for nonce in (each.nonce, each.wrap_nonce)]
    assert len(set(drawn)) == len(drawn)
    assert len({each.dek for each in sealed}) == len({each.ciphertext for each in sealed}) == len(sealed)
    assert not any(PLANTED.reveal().encode()[:7] in each or FIRST.reveal() in each for each in blobs)


def test_a_key_does_not_show_itself() -> None:
    """Neither a key nor a ring in any rendering; its id is not part of it, and it is not pickled."""
    key = Kek(bytes(range(32)))
    shown = f"{key} {key!r} {Keyring([key])!r}"
    assert key.id.hex() in shown
    assert not any(key.reveal()[at : at + 4].hex() in shown for at in range(29))
    with pytest.raises(TypeError):
        pickle.dumps(key)


@pytest.mark.parametrize(
    ("secret", "why"), [("", "empty"), ("x" * (LONGEST + 1), "longer"), ("\ud800", "not UTF-8")], ids=lambda it: it[:9]
)
def test_what_cannot_be_kept_is_refused(secret: str, why: str) -> None:
    """An empty secret, one that is too long, and one that no request could carry; the longest is kept."""
    with pytest.raises(SealError, match=why):
        seal(Secret(secret), PLACE, 1, FIRST)
    assert opened(seal(Secret("x" * LONGEST), PLACE, 1, FIRST), PLACE, Keyring([FIRST])) == Secret("x" * LONGEST)


def test_names_that_could_be_read_in_two_ways_are_refused() -> None:
    """What separates the names of a place stands in none of them."""
    with pytest.raises(SealError, match=r"has no \|"):
        seal(PLANTED, Place("a", "b|c", "d"), 1, FIRST)


def test_a_blob_of_a_later_release_says_so() -> None:
    """It is not taken for damage."""
    blob = bytearray(seal(PLANTED, PLACE, 1, FIRST))
    blob[4] = 2
    with pytest.raises(SealError, match="layout 2, ours is 1: upgrade driftd"):
        opened(bytes(blob), PLACE, Keyring([FIRST]))


def test_keys_are_read_from_text() -> None:
    """One a line or between blanks, each once, in their order, beside comments."""
    ring = read_text(f"# new\n{SECOND.reveal().hex()}\n\n # old\n {FIRST.reveal().hex().upper()} {'01' * 32}\r\n")
    assert [each.id for each in ring] == [SECOND.id, FIRST.id]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "holds no key"),
        ("# only this", "holds no key"),
        ("ab" * 31, "no key: 64 hex digits"),
        ("xy" * 32, "no key: 64 hex digits"),
        ("٠" * 64, "no key"),
        ("\n".join(f"{each:064x}" for each in range(33)), "more than 32"),
    ],
)
def test_what_is_no_key_is_refused_and_not_quoted(text: str, why: str) -> None:
    """It may be one with a slip of the hand in it."""
    with pytest.raises(ValueError, match=why) as refused:
        read_text(text)
    assert not any(word in str(refused.value) for word in text.split() if word != "#" and len(word) > 8)
