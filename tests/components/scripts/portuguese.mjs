export default { Close: "Fechar", "Close {label}": "Fechar {label}" };
