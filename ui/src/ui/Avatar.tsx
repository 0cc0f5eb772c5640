import { clsx } from "clsx";

import type { Visitor } from "@/api/types";

/** The colours that the API gives, as grounds for dark letters. */
const GROUND: Record<string, string> = {
  amber: "#f6c453",
  blue: "#8fbdf7",
  cyan: "#74d4e0",
  green: "#86d69a",
  indigo: "#aab4f8",
  lime: "#bfdc6b",
  orange: "#f7ab72",
  pink: "#f4a4c8",
  purple: "#d0a9f5",
  red: "#f59a90",
  teal: "#6fd3bd",
  yellow: "#f0dc63",
};

interface AvatarProps {
  readonly visitor: Visitor;
  readonly isMe?: boolean;
  readonly size?: "sm" | "md";
}

/** A visitor as a disc of its colour with two letters of its animal. */
export function Avatar({ visitor, isMe = false, size = "md" }: AvatarProps) {
  const looking = visitor.viewing === null ? "" : `, looks at ${visitor.viewing.number}`;
  const label = `${visitor.name}${isMe ? " (you)" : ""}${looking}`;
  return (
    <span
      role="img"
      aria-label={label}
      title={label}
      className={clsx(
        "inline-flex items-center justify-center rounded-full font-semibold text-[#191d20]",
        size === "sm" ? "size-5 text-[0.5625rem]" : "size-7 text-[0.6875rem]",
        isMe && "ring-2 ring-accent ring-offset-1 ring-offset-canvas",
      )}
      style={{ backgroundColor: GROUND[visitor.color] ?? "#c9c9c4" }}
    >
      {visitor.animal.slice(0, 2)}
    </span>
  );
}
