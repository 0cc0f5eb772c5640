/** What the server said against a request, as a problem document says it (RFC 9457). */

type Loose = Partial<Record<"detail" | "title" | "code" | "reason" | "current" | "errors", unknown>>;

/** One field that is not as it has to be: where it stands in the request, such as `body.message`. */
interface FieldError {
  readonly where: string;
  readonly message: string;
}

interface More {
  readonly reason?: string;
  readonly current?: unknown;
  readonly errors?: readonly FieldError[];
}

export class Problem extends Error {
  /** For programs: the server's code, or `unreachable`, or `http`. */
  readonly code: string;
  readonly title: string;
  /** 0 where there was no answer. */
  readonly status: number;
  /** The operator's own reason where it refused a request, such as `ReasonNeeded`; else empty. */
  readonly reason: string;
  /** The object as it is now, where the server told it with a conflict; whoever reads it looks at what it is. */
  readonly current: unknown;
  /** Every field that is wrong, where the server names them. */
  readonly errors: readonly FieldError[];

  constructor(code: string, title: string, detail: string, status: number, more: More = {}) {
    super(detail);
    this.name = "Problem";
    this.code = code;
    this.title = title;
    this.status = status;
    this.reason = more.reason ?? "";
    this.current = more.current ?? null;
    this.errors = more.errors ?? [];
  }

  /** Nobody knows whether what was asked for was done: the answer was lost, or did not come in time. */
  get isUnknown(): boolean {
    return [0, 502, 503, 504].includes(this.status);
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
    const detail = text(said.detail) || `The answer was ${response.status} ${response.statusText}`.trim();
    const title = text(said.title) || "The request failed";
    const errors = Array.isArray(said.errors) ? said.errors.filter(isFieldError) : [];
    const more = { reason: text(said.reason), current: said.current, errors };
    return new Problem(text(said.code) || "http", title, detail, response.status, more);
  }

  /** Whatever was thrown, as a Problem. */
  static of(error: unknown): Problem {
    if (error instanceof Problem) return error;
    return new Problem(
      "internal",
      "Something went wrong on the board",
      error instanceof Error ? error.message : String(error),
      0,
    );
  }
}

function isFieldError(value: unknown): value is FieldError {
  return (
    typeof value === "object" &&
    value !== null &&
    "where" in value &&
    typeof value.where === "string" &&
    "message" in value &&
    typeof value.message === "string"
  );
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** "Title: detail" as one sentence for people. */
export function explain(problem: Problem): string {
  return problem.message === "" ? problem.title : problem.message;
}
