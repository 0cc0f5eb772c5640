/** What the server said against a request, as a problem document says it (RFC 9457). */
import type { ProblemDocument } from "./types";

interface Loose extends Partial<ProblemDocument> {
  readonly reason?: unknown;
}

export class Problem extends Error {
  /** For programs: the server's code, or `unreachable`, or `http`. */
  readonly code: string;
  readonly title: string;
  /** 0 where there was no answer. */
  readonly status: number;
  /** The operator's own reason where it refused a request, such as `ReasonNeeded`; else empty. */
  readonly reason: string;

  constructor(code: string, title: string, detail: string, status: number, reason = "") {
    super(detail);
    this.name = "Problem";
    this.code = code;
    this.title = title;
    this.status = status;
    this.reason = reason;
  }

  /** No answer came at all. */
  static ofFailure(error: unknown): Problem {
    if (error instanceof Problem) return error;
    const detail = "No answer came. Nothing is known to have changed; check the connection and try again.";
    return new Problem("unreachable", "The server cannot be reached", detail, 0);
  }

  /** An answer that is no success. A proxy may answer with something that is no problem document. */
  static ofAnswer(body: unknown, response: Response): Problem {
    const said: Loose = typeof body === "object" && body !== null ? body : {};
    const detail = said.detail ?? `The answer was ${response.status} ${response.statusText}`.trim();
    const reason = typeof said.reason === "string" ? said.reason : "";
    return new Problem(said.code ?? "http", said.title ?? "It did not work", detail, response.status, reason);
  }

  /** Whatever was thrown, as a Problem. */
  static of(error: unknown): Problem {
    if (error instanceof Problem) return error;
    return new Problem("internal", "The board made a mistake", error instanceof Error ? error.message : String(error), 0);
  }
}

/** "Title: detail" as one sentence for people. */
export function explain(problem: Problem): string {
  return problem.message === "" ? problem.title : problem.message;
}
