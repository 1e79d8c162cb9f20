"""Tells Forestall how a play went: one JSON object a line, in the file that FORESTALL_ANSIBLE_EVENTS names."""

from __future__ import annotations

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: forestall
    type: notification
    short_description: tells Forestall how a play went
    description:
      - Writes tasks, failures, unreachable hosts and the statistics of a play as lines of JSON.
      - Without the variable FORESTALL_ANSIBLE_EVENTS in the environment it does nothing.
    requirements:
      - enabled by ANSIBLE_CALLBACKS_ENABLED
"""

MOST_CHARACTERS = 2000
MOST_EVENTS = 5000


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "forestall"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._path = os.environ.get("FORESTALL_ANSIBLE_EVENTS")
        self._written = 0
        self._items = {}

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._write({"event": "task", "task": task.get_name()})

    def v2_playbook_on_handler_task_start(self, task):
        self.v2_playbook_on_task_start(task, False)

    def v2_runner_item_on_failed(self, result):
        self._items.setdefault(self._key(result), self._message(result))

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if ignore_errors:
            return
        message = self._items.get(self._key(result)) or self._message(result)
        self._write({"event": "failed", **self._where(result), "message": message})

    def v2_runner_on_unreachable(self, result):
        self._write({"event": "unreachable", **self._where(result), "message": self._message(result)})

    def v2_runner_on_skipped(self, result):
        # A condition that does not hold has a reason; what cannot be told in check mode has none.
        if result._task.check_mode and "skip_reason" not in result._result and "results" not in result._result:
            self._write({"event": "unchecked", **self._where(result)})

    def v2_playbook_on_stats(self, stats):
        hosts = {host: stats.summarize(host) for host in sorted(stats.processed)}
        custom = {host: values.get("forestall") for host, values in stats.custom.items() if "forestall" in values}
        self._written = 0
        self._write({"event": "stats", "hosts": hosts, "custom": custom})

    def _where(self, result):
        return {"host": result._host.get_name(), "task": result._task.get_name()}

    def _key(self, result):
        return (result._host.get_name(), result._task._uuid)

    def _message(self, result):
        told = result._result
        message = str(told.get("msg") or told.get("censored") or told.get("reason") or "it does not say why").strip()
        last = str(told.get("module_stderr") or told.get("stderr") or "").strip().splitlines()[-3:]
        return ": ".join(part[:MOST_CHARACTERS] for part in [message, "; ".join(last)] if part)

    def _write(self, event):
        if not self._path or self._written >= MOST_EVENTS:
            return
        self._written += 1
        with open(self._path, "a", encoding="utf-8") as events:
            events.write(json.dumps(event, default=str) + "\n")

