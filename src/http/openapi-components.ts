import { z } from 'zod';
import { accuracyAnswer, calibrationBin } from './schemas/accuracy.ts';
import { decision, decisionList, gate, predictionsAnswer, webhookAnswer } from './schemas/decisions.ts';
import { checkResult, execution, executionList, phaseOutcome, playbookResult } from './schemas/executions.ts';
import { alert, notification } from './schemas/notification.ts';
import {
  openapiAnswer,
  pause,
  pausedAnswer,
  readyAnswer,
  reloadAnswer,
  resumedAnswer,
  sourceHealth,
  statusAnswer,
} from './schemas/operations.ts';
import { pauseBody, resumeBody } from './schemas/pauses.ts';
import {
  cacheEntry,
  givenPrediction,
  homelabCache,
  predictionDocument,
  predictionsBody,
  timeLeft,
} from './schemas/prediction-documents.ts';
import { currentPrediction, currentPredictions, prediction, target } from './schemas/predictions.ts';
import { conflictAnswer, problemAnswer } from './schemas/problem.ts';

/** What requests hold, by its name in the document. */
export const REQUESTS = {
  Notification: notification,
  Alert: alert,
  Predictions: predictionsBody,
  PredictionDocument: predictionDocument,
  HomelabCache: homelabCache,
  CacheEntry: cacheEntry,
  GivenPrediction: givenPrediction,
  TimeLeft: timeLeft,
  PauseRequest: pauseBody,
  ResumeRequest: resumeBody,
} as const satisfies Record<string, z.ZodType>;

/** What answers hold, by its name in the document. They are strict: another key is an error. */
export const ANSWERS = {
  Problem: problemAnswer,
  Conflict: conflictAnswer,
  Target: target,
  Prediction: prediction,
  CurrentPrediction: currentPrediction,
  CurrentPredictionList: currentPredictions,
  Gate: gate,
  Decision: decision,
  DecisionList: decisionList,
  WebhookAnswer: webhookAnswer,
  PredictionsAnswer: predictionsAnswer,
  CheckResult: checkResult,
  PlaybookResult: playbookResult,
  PhaseOutcome: phaseOutcome,
  Execution: execution,
  ExecutionList: executionList,
  Pause: pause,
  PausedAnswer: pausedAnswer,
  ResumedAnswer: resumedAnswer,
  SourceHealth: sourceHealth,
  Status: statusAnswer,
  ReadyAnswer: readyAnswer,
  ReloadAnswer: reloadAnswer,
  CalibrationBin: calibrationBin,
  Accuracy: accuracyAnswer,
  OpenapiDocument: openapiAnswer,
} as const satisfies Record<string, z.ZodType>;

export type RequestName = keyof typeof REQUESTS;
export type AnswerName = keyof typeof ANSWERS;

export function refTo(name: RequestName | AnswerName): { readonly $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

/** All of them as JSON Schema, each referring to the others by name. */
export function componentSchemas(): Record<string, object> {
  return { ...jsonSchemas(REQUESTS, 'input'), ...jsonSchemas(ANSWERS, 'output') };
}

function jsonSchemas(schemas: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output'): Record<string, object> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const { schemas: found } = z.toJSONSchema(registry, { io, uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(found).map(([id, { $schema: _dialect, $id: _id, ...schema }]) => [id, schema]),
  );
}
