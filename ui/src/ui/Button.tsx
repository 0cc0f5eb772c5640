import { clsx } from "clsx";
import type { ComponentProps, ReactNode } from "react";

type Variant = "primary" | "secondary" | "ghost" | "danger";

const LOOK: Record<Variant, string> = {
  primary: "bg-accent text-on-accent border-transparent hover:bg-accent-hover",
  secondary: "bg-raised text-ink border-line hover:bg-hover hover:border-edge",
  ghost: "bg-transparent text-muted border-transparent hover:bg-hover hover:text-ink",
  danger: "bg-danger text-on-danger border-transparent hover:opacity-90",
};

interface ButtonProps extends ComponentProps<"button"> {
  readonly variant?: Variant;
  readonly size?: "sm" | "md";
  readonly icon?: ReactNode;
  /** Shows that it works, and takes no second click. */
  readonly isBusy?: boolean;
  /** As wide as it is high. */
  readonly isSquare?: boolean;
}

export function Button({
  variant = "secondary",
  size = "md",
  icon,
  isBusy = false,
  isSquare = false,
  ...rest
}: ButtonProps) {
  const { className, children, onClick, ...props } = rest;
  return (
    <button
      type="button"
      // Not `disabled`, which takes away the focus of whoever pressed it.
      aria-disabled={isBusy || undefined}
      aria-busy={isBusy || undefined}
      onClick={(event) => {
        if (isBusy) event.preventDefault();
        else onClick?.(event);
      }}
      className={clsx(
        "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md border font-semibold whitespace-nowrap",
        "transition-colors disabled:opacity-55 aria-disabled:cursor-not-allowed aria-disabled:opacity-55",
        size === "sm" ? "min-h-7 text-xs" : "min-h-9 text-sm",
        isSquare ? (size === "sm" ? "w-7" : "w-9") : size === "sm" ? "px-2" : "px-3",
        LOOK[variant],
        className,
      )}
      {...props}
    >
      {icon}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ButtonProps, "children" | "icon" | "isSquare"> {
  /** What it does: read aloud, and shown as a tooltip. */
  readonly label: string;
  readonly children: ReactNode;
}

/** A button that shows only an icon. */
export function IconButton({ label, size = "md", variant = "ghost", children, ...props }: IconButtonProps) {
  return (
    <Button variant={variant} size={size} aria-label={label} title={label} isSquare {...props}>
      {children}
    </Button>
  );
}
