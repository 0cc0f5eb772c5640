import { useQueryClient } from "@tanstack/react-query";
import { Activity } from "lucide-react";
import { type SyntheticEvent, useState } from "react";

import { api, unwrap } from "@/api/client";
import { Problem } from "@/api/problem";
import { sessionQuery } from "@/api/queries";
import { store } from "@/live/store";
import { Button } from "@/ui/Button";
import { TextField } from "@/ui/Field";
import { useBusy } from "@/ui/useBusy";

/** The way in where no link was opened: a Kubernetes token, which the API keeps in a sealed cookie. */
export function SignIn({ why }: { readonly why: string | null }) {
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col justify-center gap-6 p-6">
      <div>
        <Activity size={32} aria-hidden="true" className="text-accent" />
        <h1 className="mt-3 text-xl font-semibold">Incident simulator</h1>
        <p className="mt-1 text-muted">
          {why ?? "Sign in to see the board. The cluster decides what you may see and do."}
        </p>
      </div>
      <TokenForm />
      <p className="text-sm text-muted">
        On a laptop, <code>incident-simulator link</code> prints a link that signs you in. In a cluster, ask whoever
        runs it for a token, or for the address of the single sign-on.
      </p>
    </main>
  );
}

function TokenForm() {
  const queries = useQueryClient();
  const [token, setToken] = useState("");
  const [error, setError] = useState<string | undefined>();
  const [isBusy, busy] = useBusy();

  const signIn = async (): Promise<void> => {
    try {
      const session = await unwrap(api.POST("/api/v1/session", { body: { token } }));
      queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] });
      store.dispatch({ type: "forget" });
      queries.setQueryData(sessionQuery.queryKey, session);
    } catch (failure) {
      setError(Problem.of(failure).message);
    }
  };
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    void busy(signIn);
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <TextField
        label="Kubernetes token"
        type="password"
        autoComplete="off"
        required
        value={token}
        error={error}
        onChange={(event) => {
          setToken(event.target.value);
          setError(undefined);
        }}
        hint="It is kept in a sealed cookie for twelve hours, and nowhere else."
      />
      <Button type="submit" variant="primary" isBusy={isBusy} disabled={token.trim() === ""}>
        Sign in
      </Button>
    </form>
  );
}
