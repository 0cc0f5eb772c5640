/** Every request goes through here: typed paths, and every refusal as a Problem. */
import createClient from "openapi-fetch";

import type { paths } from "./schema";
import { Problem } from "./problem";

export const api = createClient<paths>({ baseUrl: location.origin });

/** Calls when a request was refused because nobody is signed in any more. */
export function onSignedOut(handler: () => void): void {
  api.use({
    onResponse: ({ response }) => {
      if (response.status === 401) handler();
    },
  });
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The answer's data. Throws a Problem where the server refused, or could not be reached. */
export async function unwrap<T>(request: Promise<Answer<T>>): Promise<T> {
  return (await unwrapAnswer(request)).data;
}

/** The same with the status: 202 says that the operator's own answer comes later, by the stream. */
export async function unwrapAnswer<T>(request: Promise<Answer<T>>): Promise<{ data: T; status: number }> {
  let answer: Answer<T>;
  try {
    answer = await request;
  } catch (error) {
    throw Problem.ofFailure(error);
  }
  if (!answer.response.ok) throw Problem.ofAnswer(answer.error, answer.response);
  return { data: answer.data as T, status: answer.response.status };
}
