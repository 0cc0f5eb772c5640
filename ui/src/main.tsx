import "./styles.css";

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { Tooltip } from "radix-ui";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { onSignedOut } from "@/api/client";
import { Problem } from "@/api/problem";
import { App } from "@/app/App";
import { store } from "@/live/store";
import { mountAnnouncer } from "@/ui/announcer";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
mountAnnouncer();

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Only what may pass by itself is asked for again.
      retry: (count, error) => count < 2 && [0, 502, 503, 504].includes(Problem.of(error).status),
      refetchOnWindowFocus: false,
    },
  },
});

// Before the first sign-in nobody was signed out: the sign-in page says that by itself.
onSignedOut(() => {
  if (store.get().isSynced) store.dispatch({ type: "connection", phase: "signed-out" });
});

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <Tooltip.Provider delayDuration={250}>
        <App />
      </Tooltip.Provider>
    </QueryClientProvider>
  </StrictMode>,
);
