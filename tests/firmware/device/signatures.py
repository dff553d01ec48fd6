from serve import serve  # isort: skip

import asyncio

from gateway import cose, p256


def public(secret):
    return p256.public(int(secret, 16)).hex()


def sign(secret, digest):
    return asyncio.run(p256.sign(int(secret, 16), bytes.fromhex(digest))).hex()


def verify(public_key, digest, signature):
    arguments = [bytes.fromhex(text) for text in (public_key, digest, signature)]
    return asyncio.run(p256.verify(*arguments))


def turns_of_others(secret):
    """How often another task had its turn while a signature was made and verified."""
    return asyncio.run(_turns_of_others(int(secret, 16)))


async def _turns_of_others(secret):
    turns = []

    async def other():
        while True:
            turns.append(None)
            await asyncio.sleep_ms(0)

    task = asyncio.create_task(other())
    public_key = p256.public(secret)
    signature = await p256.sign(secret, bytes(32))
    signing = len(turns)
    await p256.verify(public_key, bytes(32), signature)
    task.cancel()
    return signing, len(turns) - signing


def judge(message, content_type, public_key):
    """`ok` or the reason why this key did not sign the message."""
    try:
        parsed = cose.parse(bytes.fromhex(message), content_type, cose.MAX_MESSAGE)
        asyncio.run(cose.verify(parsed, bytes.fromhex(public_key)))
    except cose.WireError as error:
        return error.reason
    return "ok"


serve(
    public=public,
    sign=sign,
    verify=verify,
    turns_of_others=turns_of_others,
    judge=judge,
)
