// check.ts TIMEOUT RESOURCE CHECK…: asks safety checks in a process of its own and prints the results as JSON.

import { runCommand } from '../../../src/playbook/command.ts';
import { createSafety } from '../../../src/safety/safety.ts';
import { permittingPrediction } from '../../support/decision.ts';

const [timeout, resource = '/', ...checks] = process.argv.slice(2);
const safety = createSafety({
  facts: {},
  runCommand,
  queryScalar: null,
  critical_services: [],
  backup_units: [],
  now: Date.now,
  timeout: Number(timeout),
});
console.log(JSON.stringify(await safety.check(checks, { prediction: permittingPrediction({ resource }) })));
