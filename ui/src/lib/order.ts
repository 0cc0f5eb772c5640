interface Made {
  readonly created_at: string | null;
  readonly name: string;
}

/** By when they were made, the newest first; what was made at once by its name. */
export function newestFirst(a: Made, b: Made): number {
  return compare(b.created_at ?? "", a.created_at ?? "") || compare(b.name, a.name);
}

function compare(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1;
}
