import { clsx } from "clsx";
import { Check } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { ReactElement, ReactNode } from "react";

interface MenuProps {
  /** One button that opens the menu. */
  readonly trigger: ReactElement;
  readonly children: ReactNode;
  readonly align?: "start" | "end";
  readonly isOpen?: boolean;
  readonly onOpenChange?: (open: boolean) => void;
}

/** A menu of actions, by mouse and by arrow keys. */
export function Menu({ trigger, children, align = "end", isOpen, onOpenChange }: MenuProps) {
  return (
    <DropdownMenu.Root
      modal={false}
      {...(isOpen === undefined ? {} : { open: isOpen })}
      {...(onOpenChange === undefined ? {} : { onOpenChange })}
    >
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          className="arriving z-50 max-h-[var(--radix-dropdown-menu-content-available-height)] min-w-44 max-w-80 overflow-y-auto rounded-md border border-line bg-raised p-1 text-sm text-ink shadow-float"
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

interface MenuItemProps {
  readonly onSelect: () => void;
  readonly children: ReactNode;
  /** A line below that says what it does, or why it cannot be done now. */
  readonly hint?: ReactNode;
  readonly icon?: ReactNode;
  readonly disabled?: boolean;
  readonly isDanger?: boolean;
}

/** One that cannot be done now can still be reached by the arrow keys: its hint says why. */
export function MenuItem({ onSelect, children, hint, icon, disabled = false, isDanger = false }: MenuItemProps) {
  return (
    <DropdownMenu.Item
      {...(disabled ? { "aria-disabled": true, "data-disabled": "" } : {})}
      onSelect={(event) => {
        if (disabled) event.preventDefault();
        else onSelect();
      }}
      className={clsx(
        "flex cursor-pointer items-start gap-2 rounded-sm px-2 py-1.5 outline-none select-none",
        "data-[highlighted]:bg-accent-soft data-[disabled]:cursor-not-allowed data-[disabled]:text-faint",
        isDanger && "text-danger",
      )}
    >
      {icon !== undefined && <span className="mt-0.5 shrink-0">{icon}</span>}
      <span className="min-w-0">
        <span className="block font-semibold">{children}</span>
        {hint !== undefined && <span className="block text-xs text-muted">{hint}</span>}
      </span>
    </DropdownMenu.Item>
  );
}

interface MenuChoiceProps {
  readonly isChecked: boolean;
  readonly onToggle: (checked: boolean) => void;
  readonly children: ReactNode;
}

/** An entry that can be ticked; the menu stays open. */
export function MenuChoice({ isChecked, onToggle, children }: MenuChoiceProps) {
  return (
    <DropdownMenu.CheckboxItem
      checked={isChecked}
      onCheckedChange={onToggle}
      onSelect={(event) => event.preventDefault()}
      className="flex cursor-pointer items-center gap-2 rounded-sm py-1.5 pr-3 pl-7 outline-none select-none data-[highlighted]:bg-accent-soft"
    >
      <DropdownMenu.ItemIndicator className="-ml-5">
        <Check size={14} aria-hidden="true" />
      </DropdownMenu.ItemIndicator>
      {children}
    </DropdownMenu.CheckboxItem>
  );
}

export function MenuLabel({ children }: { readonly children: ReactNode }) {
  return <DropdownMenu.Label className="label px-2 py-1">{children}</DropdownMenu.Label>;
}

export function MenuSeparator() {
  return <DropdownMenu.Separator className="my-1 h-px bg-line" />;
}
