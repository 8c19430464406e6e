/** Calls of APIs that are described by configuration, with the JSON of Identity Web's DownstreamApi. */
export { createDownstreamApi } from './downstream-api.js';
export type { CreateDownstreamApiOptions } from './downstream-api.js';
export type { DownstreamApi, DownstreamApiConfiguration, DownstreamApiOptions } from './types.js';
