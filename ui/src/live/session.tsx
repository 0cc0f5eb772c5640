import { createContext, type ReactNode, use } from "react";

import type { Session } from "@/api/types";

const Context = createContext<Session | null>(null);

export function SessionProvider({ session, children }: { readonly session: Session; readonly children: ReactNode }) {
  return <Context value={session}>{children}</Context>;
}

/** What may be offered; the cluster decides again at each write. */
export type Ability =
  | "read_incidents"
  | "read_experiments"
  | "edit_incidents"
  | "create_incidents"
  | "delete_incidents"
  | "run_experiments"
  | "approve_plans"
  | "run_generator"
  | "halt";

/** Who is signed in. */
export function useSession(): Session {
  const session = use(Context);
  if (session === null) throw new Error("there is no session here");
  return session;
}

/** Whether that may be offered to whoever is signed in. */
export function useMay(ability: Ability): boolean {
  return useSession().may[ability] === true;
}
