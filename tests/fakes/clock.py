"""A clock that a test sets, and dice that always fall the same way."""


class SetClock:
    def __init__(self, now: float = 1_795_000_000.0) -> None:
        self.wall = now
        self.steady = 1000.0

    def now(self) -> float:
        return self.wall

    def ticks(self) -> float:
        return self.steady

    def midnight(self, at: float) -> float:
        return at // 86_400 * 86_400

    def told(self, at: float) -> str:
        return f"{at:.0f}"

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


class LoadedDice:
    def __init__(self, fraction: float = 0.0) -> None:
        self._fraction = fraction
        self._minted = 0

    def mint(self, prefix: str, length: int) -> str:
        self._minted += 1
        return f"{prefix}{self._minted:0{length}d}"

    def fraction(self) -> float:
        return self._fraction
