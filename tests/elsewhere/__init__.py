"""What other tools made of our tasks: exports that they wrote themselves, and what made each.

| file | written by |
| --- | --- |
| `label-studio.json` | Label Studio 1.23.2, its JSON export, after `make_label_studio.py` |
| `potato_state.json`, `potato.jsonl` | Potato 2.12.1, the state of an annotator and its `jsonl`, after `make_potato.py` |
| `argilla.json` | Argilla SDK 2.8.0, `Record.to_dict()` without a server, by `make_argilla.py` |

Every text in them is made up.
"""
