from serve import serve  # isort: skip

from gateway import cbor


def encode(literal):
    try:
        return cbor.encode(eval(literal)).hex()
    except ValueError:
        return None


def read(data):
    """What decoding and encoding gives, or the name of the only error that may be."""
    try:
        return cbor.encode(cbor.decode(bytes.fromhex(data))).hex()
    except cbor.NotCanonical:
        return "not canonical"
    except ValueError:
        return "malformed"


def well_formed(data):
    try:
        return cbor.read(bytes.fromhex(data))[1]
    except ValueError:
        return None


def empty_arrays(count):
    return read(cbor.head(4, count).hex() + "80" * count)


serve(encode=encode, read=read, well_formed=well_formed, empty_arrays=empty_arrays)
