import type { ReactNode } from "react";

/** What a step says and offers, in small lines. `ACTION` marks what is offered: first where there is little room. */
export const ACTION = "max-lg:order-first";

export function Lines({ children }: { readonly children: ReactNode }) {
  return <div className="mt-1 flex flex-col items-start gap-2 text-sm text-muted">{children}</div>;
}
