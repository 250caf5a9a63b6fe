import type { Problem } from './types';

/** Codes the app itself gives to failures that never reached Lectern. */
export const NETWORK = 'network';
export const ABORTED = 'aborted';

/**
 * A refusal, as one thing to catch. `code` is stable (docs/api.md), `message` is the server's sentence for a person,
 * `problem` holds the members that belong to the code, such as `videoId` of chapter_has_video.
 */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly problem: Problem;
  readonly retryAfter: number | null;

  constructor(status: number, problem: Problem, retryAfter: number | null = null) {
    super(problem.detail ?? problem.title ?? problem.code ?? `HTTP ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.code = problem.code ?? fallbackCode(status);
    this.problem = problem;
    this.retryAfter = retryAfter;
  }

  /** Worth trying again unchanged: the network, an overloaded or restarting server. */
  get isTransient(): boolean {
    return this.code === NETWORK || this.status === 429 || this.status >= 500;
  }
}

function fallbackCode(status: number): string {
  if (status === 0) return NETWORK;
  return `http_${status}`;
}

export function networkError(cause?: unknown): ApiError {
  const error = new ApiError(0, { code: NETWORK, detail: 'The server could not be reached.' });
  error.cause = cause;
  return error;
}

/** Reads a problem document from text; a proxy's HTML page becomes an empty one instead of a second failure. */
export function parseProblem(text: string): Problem {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Problem) : {};
  } catch {
    return {};
  }
}

export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : networkError(error);
}

export async function toError(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get('Retry-After'));
  const problem = parseProblem(await response.text().catch(() => ''));
  return new ApiError(response.status, problem, Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null);
}
