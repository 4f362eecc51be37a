"""A double of what brings models to a server and takes them away."""


class Loading:
    """Counts."""

    def __init__(self) -> None:
        self.acts: list[str] = []

    async def load(self) -> None:
        self.acts.append("load")

    async def unload(self) -> None:
        self.acts.append("unload")
