import { api, unwrap } from "@/api/client";
import { explain, Problem } from "@/api/problem";
import { formatClock } from "@/lib/format";
import { attempt } from "@/live/actions";
import { announce } from "@/ui/announcer";
import { notify } from "@/ui/toasts";

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
