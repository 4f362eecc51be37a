"""Messages between processes (msgspec MessagePack), versioned, with golden bytes in the tests."""
