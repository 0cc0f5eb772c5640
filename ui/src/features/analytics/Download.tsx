import { Download as Icon } from "lucide-react";

import { countOf } from "@/lib/format";
import { announce } from "@/ui/announcer";
import { Button } from "@/ui/Button";

import type { Case } from "./cases";
import { toCsv } from "./csv";

/** The incidents that the figures are of, as a file. */
export function Download({ cases }: { readonly cases: readonly Case[] }) {
  const save = (): void => {
    // With a mark of its encoding, without which spreadsheets take it for another one.
    const url = URL.createObjectURL(new Blob(["\ufeff", toCsv(cases)], { type: "text/csv;charset=utf-8" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `incidents-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
    announce(`${countOf(cases.length, "incident")} saved as ${link.download}`);
  };
  return (
    <Button size="sm" icon={<Icon size={14} aria-hidden="true" />} disabled={cases.length === 0} onClick={save}>
      Download CSV
    </Button>
  );
}
