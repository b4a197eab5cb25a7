"""Components and their registries: how a name in a YAML file becomes a class.

A component is a dataclass. Its fields are its YAML options. A family (layers, losses, ...) is a package:
`base.py` holds the base class and the registry, and each component has a file of its own.
"""

import dataclasses
import importlib
import inspect
import itertools
import pkgutil
import sys
import threading
from collections.abc import Callable, Iterator
from enum import Enum
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar

from nnfs_cli.core.errors import NnfsError, did_you_mean
from nnfs_cli.core.options import Options

if TYPE_CHECKING:
    from nnfs_cli.core.formula import Formula


class Component(Options):
    """A layer, a loss, an optimizer, ...: what a config can name. Its dataclass fields are its options.

    formulas: its equations in the order in which they are computed, `y = x @ W + b` and then the gradients,
        `dW = x.T @ dy`. Options appear by their names; ` if bias` behind a line states it for these options
        alone. See `core/formula.py` for the notation.
    """

    type_name: ClassVar[str]
    registry: ClassVar["Registry[Any]"]
    formulas: ClassVar[tuple[str, ...]] = ()

    def equations(self) -> "tuple[Formula, ...]":
        """The formulas that hold for these options. NnfsError if one of them cannot be read."""
        from nnfs_cli.core.formula import stated  # which needs NumPy, as a list of components does not

        if isinstance(self.formulas, str):
            refuse(self, f"formulas must be a tuple of lines, found {self.formulas!r:.60}")
        try:
            return stated(self.formulas, self.options())
        except NnfsError as error:
            refuse(self, str(error))


C = TypeVar("C", bound=Component)

_IMPORT_LOCK = threading.RLock()
"""Held while a family's modules are imported. One lock for all families cannot deadlock."""


class Registry(Generic[C]):
    """The classes of one family by name. The first look-up imports the modules of the family's package."""

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self._package = package
        self._classes: dict[str, type[C]] = {}
        self._discovered = self._discovering = False

    def register(self, name: str) -> Callable[[type[C]], type[C]]:
        """Class decorator: register the class as `name`."""
        if not isinstance(name, str):  # perhaps the class itself, from a decorator without a name
            self._refuse(name)

        def add(cls: type[C]) -> type[C]:
            is_component = isinstance(cls, type) and issubclass(cls, Component)
            if not is_component or getattr(cls, "registry", self) is not self:
                self._refuse(cls)
            if is_plugin(cls):
                self._discover()  # a plugin must not take the name of a member that comes later
            known = self._classes.get(name)
            if known is not None and known.__module__ in sys.modules:  # else its module failed to import
                mine, others = _origin(cls), _origin(known)
                if (mine, cls.__qualname__) != (others, known.__qualname__):  # else it is written anew
                    raise NnfsError(f"{self.kind} {name!r} is registered twice: by {others} and by {mine}")
            cls.type_name = name
            self._classes[name] = cls
            return cls

        return add

    def _refuse(self, found: object) -> NoReturn:
        registry = f"{self.kind}{'es' if self.kind.endswith('s') else 's'}".upper()
        raise NnfsError(
            f'a {self.kind} is registered by @{registry}.register("name") above a class '
            f"{getattr(found, '__name__', 'Name')}({self.kind.capitalize()})"
        )

    def known(self) -> dict[str, type[C]]:
        """The classes that are registered so far, by name."""
        return dict(self._classes)

    def remove(self, name: str, cls: type[C]) -> None:
        """Take back a registration, unless the name has another class by now."""
        if self._classes.get(name) is cls:
            del self._classes[name]

    def __getitem__(self, name: str) -> type[C]:
        """The class registered as `name`; NnfsError with the nearest name if there is none, or if it is not
        complete.
        """
        self._discover()
        if name not in self._classes:
            raise NnfsError(f"no {self.kind} {name!r}{did_you_mean(name, self._classes)}")
        cls = self._classes[name]
        lacking = _lacking(cls)
        if lacking:
            raise NnfsError(f"{_place(cls)}{self.kind} {name!r}: {lacking}")
        return cls

    def __iter__(self) -> Iterator[str]:
        self._discover()
        return iter(sorted(self._classes))

    def _discover(self) -> None:
        """Import all modules of the family. Meanwhile, other threads that look up a name wait."""
        if self._discovered:
            return
        with _IMPORT_LOCK:
            # Another thread may have finished; or a module that is being imported looks up a name.
            if self._discovered or self._discovering:
                return
            self._discovering = True
            try:
                package = importlib.import_module(self._package)
                for module in pkgutil.iter_modules(package.__path__):
                    importlib.import_module(f"{self._package}.{module.name}")
                self._discovered = True
            finally:
                self._discovering = False


def _lacking(cls: type[Component]) -> str:
    """What a class must have before it can be used; an empty text if it has everything."""
    options = {field.name for field in dataclasses.fields(cls)} if dataclasses.is_dataclass(cls) else set()
    own = {name for name, kind in inspect.get_annotations(cls).items() if "ClassVar" not in str(kind)}
    if not dataclasses.is_dataclass(cls) or own - options:
        return f"put @dataclass right above the class {cls.__name__}"
    lacking = [*_unset(cls), *sorted(getattr(cls, "__abstractmethods__", ()))]
    if lacking:
        return f"the class {cls.__name__} lacks {' and '.join(lacking)}"
    return next(itertools.chain(_odd_defaults(cls), _unlike_the_base(cls)), "")


def _odd_defaults(cls: type[Component]) -> Iterator[str]:
    """What is wrong with defaults that a run's config could not hold."""
    for field in dataclasses.fields(cls):
        if field.default is not dataclasses.MISSING and not _is_plain(field.default):
            yield f"the default of `{field.name}` must be a plain value of YAML, found {field.default!r:.60}"


def _is_plain(value: object) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    return isinstance(value, str | Real | Options | None) and not isinstance(value, Enum)


def _unset(cls: type[Component]) -> list[str]:
    """The class attributes that a family declares without a value, and that a class does not set."""
    declared = [
        name
        for base in cls.__mro__
        if base is not Component and base.__module__.startswith("nnfs_cli.")
        for name, kind in inspect.get_annotations(base).items()
        if "ClassVar" in str(kind)
    ]
    return [f"`{name} = ...`" for name in declared if not hasattr(cls, name)]


def _unlike_the_base(cls: type[Component]) -> Iterator[str]:
    """What is wrong with methods that cannot be called as those of the family's base class can."""
    family = next((base for base in cls.__mro__ if "registry" in vars(base)), cls)
    for name, method in vars(family).items():
        own = getattr(cls, name, None)
        if own is method or not inspect.isfunction(method) or not inspect.isfunction(own):
            continue
        wanted = inspect.signature(method)
        places = [each for each in wanted.parameters.values() if each.kind is not each.KEYWORD_ONLY]
        named = {each.name: None for each in wanted.parameters.values() if each not in places}
        try:
            inspect.signature(own).bind(*places, **named)
        except TypeError:
            taken = f"({', '.join(wanted.parameters)})"
            yield f"{name} must take {taken}, found ({', '.join(inspect.signature(own).parameters)})"


def _origin(cls: type[Any]) -> str:
    """The file, or else the module, that a class is from."""
    module = sys.modules.get(cls.__module__)
    return getattr(module, "__file__", None) or cls.__module__


def refuse_result(component: Component, method: str, wanted: str, found: object) -> NoReturn:
    """Raise NnfsError for a component, of a plugin, whose method gave something else than it must give."""
    refuse(component, f"{method} must give {wanted}, found {found!r:.60}")


def refuse(component: Component, why: str) -> NoReturn:
    """Raise NnfsError for a component, of a plugin, that is not as it must be."""
    cls = type(component)
    raise NnfsError(f"{_place(cls)}{cls.registry.kind} {component.type_name!r}: {why}") from None


def number_from(component: Component, method: str, found: float) -> float:
    """What a component's method gave; NnfsError if it is no number."""
    if not isinstance(found, (float, Real)):  # a float first: that is fast
        refuse_result(component, method, "a number", found)
    return found


def is_plugin(cls: type[Any]) -> bool:
    """Whether a class is not one of nnfs."""
    return not cls.__module__.startswith("nnfs_cli.")


def _place(cls: type[Any]) -> str:
    """`my.py, line 12: `, where a class is; an empty text if its source is not there."""
    try:
        return f"{inspect.getsourcefile(cls)}, line {inspect.getsourcelines(cls)[1]}: "
    except (OSError, TypeError):
        return ""
