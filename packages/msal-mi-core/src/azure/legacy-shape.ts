/**
 * Storage clients hand their requests over in the shape of the SDK's older HTTP library, and expect answers in it: what
 * differs for a transport are the names of the methods on headers, `toJson` being the one that both sides rely on.
 */
import {
  createHttpHeaders,
  createPipelineRequest,
  type HttpHeaders,
  type PipelineRequest,
  type PipelineResponse,
} from '@azure/core-rest-pipeline';

interface LegacyHeaders {
  toJson(options?: { preserveCase?: boolean }): Record<string, string>;
}

function isLegacy(headers: HttpHeaders | LegacyHeaders): headers is LegacyHeaders {
  return !('toJSON' in headers);
}

/** The request itself, or what an older one says. */
export function fromLegacyRequest(request: PipelineRequest): PipelineRequest {
  const headers: HttpHeaders | LegacyHeaders = request.headers;
  if (!isLegacy(headers)) return request;
  const { url, method, body, timeout, abortSignal, streamResponseStatusCodes, onUploadProgress, onDownloadProgress } =
    request;
  return createPipelineRequest({
    url,
    method,
    timeout,
    headers: createHttpHeaders(headers.toJson({ preserveCase: true })),
    ...(body !== undefined && { body }),
    ...(abortSignal !== undefined && { abortSignal }),
    ...(streamResponseStatusCodes !== undefined && { streamResponseStatusCodes }),
    ...(onUploadProgress !== undefined && { onUploadProgress }),
    ...(onDownloadProgress !== undefined && { onDownloadProgress }),
  });
}

/** @param request - As it came: the SDK finds its own request by it. */
export function toLegacyResponse(response: PipelineResponse, request: PipelineRequest): PipelineResponse {
  const { headers } = response;
  const toJson: LegacyHeaders['toJson'] = (options) => headers.toJSON(options);
  return Object.assign(response, { request, headers: Object.assign(headers, { toJson }) });
}
