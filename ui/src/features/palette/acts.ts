/** What the palette does by itself, without a dialog. */
import { api, unwrap } from "@/api/client";
import { explain, Problem } from "@/api/problem";
import type { Scenario } from "@/api/types";
import { formatClock } from "@/lib/format";
import { attempt } from "@/live/actions";
import { announce } from "@/ui/announcer";
import { notify } from "@/ui/toasts";

export async function runDrill(scenario: Scenario): Promise<void> {
  await attempt(`${scenario.title} began on ${scenario.system}`, `${scenario.title} did not begin`, () =>
    unwrap(api.POST("/api/v1/experiments", { body: { scenario: scenario.name } })),
  );
}

export async function practise(): Promise<void> {
  await attempt("A practice incident comes", "No practice incident was made", () =>
    unwrap(api.POST("/api/v1/generate-incident")),
  );
}

export async function startPractice(): Promise<void> {
  await attempt("Practice incidents come from now on", "Practice incidents were not started", () =>
    unwrap(api.POST("/api/v1/generator/start")),
  );
}

export async function stopPractice(): Promise<void> {
  await attempt("No more practice incidents come", "Practice incidents were not stopped", () =>
    unwrap(api.POST("/api/v1/generator/stop")),
  );
}

/** The link is as secret as a token: it goes to the clipboard, and is shown nowhere. */
export async function copySignInLink(): Promise<void> {
  const link = await attempt(null, "No link was made", () => unwrap(api.POST("/api/v1/session/links")));
  if (link === null) return;
  try {
    await navigator.clipboard.writeText(link.url);
    const title = "The sign-in link is copied";
    announce(title);
    notify({ tone: "ok", title, detail: `It signs in as you until ${formatClock(link.expires_at)}: keep it secret.` });
  } catch (error) {
    const title = "The link could not be copied";
    const detail = `${explain(Problem.of(error))} On a laptop, \`incident-simulator link\` prints one.`;
    announce(`${title}: ${detail}`);
    notify({ tone: "danger", title, detail });
  }
}
