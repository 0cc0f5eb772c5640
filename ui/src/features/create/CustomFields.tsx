import { Plus, X } from "lucide-react";
import { useRef } from "react";

import { Button, IconButton } from "@/ui/Button";
import { TextField } from "@/ui/Field";

import { type CustomField, MOST_FIELDS } from "./draft";
import type { Create } from "./useCreate";

/** Names and values that the form does not know. */
export function CustomFields({ create: { draft, errors, change } }: { readonly create: Create }) {
  const { fields } = draft;
  const error = errors["fields"];
  const adder = useRef<HTMLButtonElement>(null);
  const add = (): void => {
    const key = Math.max(0, ...fields.map((field) => field.key)) + 1;
    change({ fields: [...fields, { key, name: "", value: "" }] });
  };
  const replace = (key: number, changes: Partial<CustomField>): void =>
    change({ fields: fields.map((field) => (field.key === key ? { ...field, ...changes } : field)) });
  const remove = (key: number): void => {
    change({ fields: fields.filter((field) => field.key !== key) });
    adder.current?.focus(); // the button that was pressed is gone
  };
  return (
    <fieldset data-field="fields" className="flex flex-col gap-2">
      <legend className="label mb-1">Custom fields</legend>
      {fields.map((field, index) => (
        <Row
          key={field.key}
          field={field}
          number={index + 1}
          error={errors[`field.${field.key}`]}
          onChange={(changes) => replace(field.key, changes)}
          onRemove={() => remove(field.key)}
        />
      ))}
      {error !== undefined && (
        <p role="alert" className="text-xs font-semibold text-danger">
          {error}
        </p>
      )}
      <Button
        ref={adder}
        size="sm"
        className="self-start"
        icon={<Plus size={14} aria-hidden="true" />}
        disabled={fields.length >= MOST_FIELDS}
        onClick={add}
      >
        {fields.length === 0 ? "Add a field" : "Add another"}
      </Button>
    </fieldset>
  );
}

interface RowProps {
  readonly field: CustomField;
  /** Counted from 1. */
  readonly number: number;
  readonly error: string | undefined;
  readonly onChange: (changes: Partial<CustomField>) => void;
  readonly onRemove: () => void;
}

function Row({ field, number, error, onChange, onRemove }: RowProps) {
  return (
    <div data-field={`field.${field.key}`} className="flex items-start gap-2">
      <TextField
        className="min-w-0 flex-1"
        label={`Name ${number}`}
        maxLength={63}
        autoFocus={field.name === "" && field.value === ""}
        value={field.name}
        error={error}
        onChange={(event) => onChange({ name: event.target.value })}
      />
      <TextField
        className="min-w-0 flex-1"
        label={`Value ${number}`}
        maxLength={1024}
        value={field.value}
        onChange={(event) => onChange({ value: event.target.value })}
      />
      <IconButton label={`Remove row ${number}`} className="mt-5" onClick={onRemove}>
        <X size={16} aria-hidden="true" />
      </IconButton>
    </div>
  );
}
