"""Pictures of a result in words and tables; `rich` is loaded only by the modules that draw."""
