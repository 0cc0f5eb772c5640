import { Command as Primitive } from "cmdk";
import { Children, type ReactNode } from "react";

/** Results of one kind; without any, nothing. */
export function Group({ heading, children }: { readonly heading: string; readonly children: ReactNode }) {
  if (Children.toArray(children).length === 0) return null;
  return (
    <Primitive.Group
      heading={heading}
      className="mb-1 [&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:font-semibold [&_[cmdk-group-heading]]:text-muted"
    >
      {children}
    </Primitive.Group>
  );
}

interface RowProps {
  readonly id: string;
  readonly title: string;
  readonly hint?: string | undefined;
  readonly lead?: ReactNode;
  readonly tail?: ReactNode;
  readonly onSelect: () => void;
}

export function Row({ id, title, hint, lead, tail, onSelect }: RowProps) {
  return (
    <Primitive.Item
      value={id}
      onSelect={onSelect}
      className="flex min-h-9 cursor-pointer items-center gap-2.5 rounded-sm px-2 py-1 text-sm data-[selected=true]:bg-accent-soft"
    >
      {lead}
      <span className="min-w-0 flex-1 truncate">{title}</span>
      {hint !== undefined && <span className="max-w-[45%] truncate text-xs text-muted">{hint}</span>}
      {tail}
    </Primitive.Item>
  );
}
