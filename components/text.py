"""Texts of the page: `t("Add margin")` is a label that follows the language without a reload."""

import json

import reflex as rx
from reflex.vars import VarData
from reflex_base.vars.base import LiteralVar

from components.local import PATHS

_HOOK = VarData(imports={PATHS["text.js"]: "useText"}, hooks={"const say = useText()": None})


def t(message: str, **params: object) -> rx.Var[str]:
    """`message`, an English sentence of the catalogue, in the language of the page.

    Args:
        message: the msgid; parameters are `{named}`.
        params: texts or Vars for the parameters.
    """
    call = f"say({json.dumps(message, ensure_ascii=False)}"
    if not params:
        return rx.Var(_js_expr=f"{call})", _var_type=str, _var_data=_HOOK)
    values = LiteralVar.create(params)
    return rx.Var(
        _js_expr=f"{call}, {values})",
        _var_type=str,
        _var_data=VarData.merge(_HOOK, values._get_all_var_data()),
    )
