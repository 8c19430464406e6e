// One call of each client, made with the lines of docs/azure-sdk.md.
import { AI } from './recipes/ai.mjs';
import { DATA } from './recipes/data.mjs';
import { MANAGEMENT } from './recipes/management.mjs';
import { MESSAGES } from './recipes/messages.mjs';

/**
 * `answers` is what the service says.
 *
 * @typedef {{ client: string, audience: string, answers: object[], call: Function, see: Function }} Recipe
 * @type {Recipe[]}
 */
export const RECIPES = [...DATA, ...MESSAGES, ...AI, ...MANAGEMENT];
